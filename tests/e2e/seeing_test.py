"""What a farm shows of itself: metrics of broker, relay and runner, logs, traces, `ghost top` and `ghost doctor`."""
import collections
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from farm import Calls, FarmTest, job, main
from process import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'conformance/peers'))
from ghost_peer import Client, Runner  # noqa: E402

SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
# Prometheus' base units; everything else is a plain count or a state.
UNITS = {'ms', 'milliseconds', 'us', 'minutes', 'hours', 'kb', 'kib', 'mib', 'percent', 'celsius'}


class Page:
    """A page of the text format, taken apart: {(name, labels): value}, and types by family."""

    def __init__(self, text):
        self.types, self.helps, self.samples = {}, {}, {}
        for line in text.splitlines():
            if line.startswith('# TYPE '):
                _, _, name, kind = line.split()
                assert name not in self.types, f'{name} twice'
                self.types[name] = kind
            elif line.startswith('# HELP '):
                self.helps[line.split()[2]] = line
            elif line:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                key = (name, tuple(sorted(LABEL.findall(labels or ''))))
                assert key not in self.samples, f'{key} twice'
                self.samples[key] = float(value)

    def get(self, name, **labels):
        return sum(v for (n, l), v in self.samples.items() if n == name and set(labels.items()) <= set(l))

    def family(self, name):
        for suffix in ('_bucket', '_sum', '_count'):
            if name.endswith(suffix) and self.types.get(name[:-len(suffix)]) == 'histogram':
                return name[:-len(suffix)]
        return name


class SeeingTest(FarmTest):
    def page(self):
        return Page(self.http.get('/metrics').body.decode())

    def check_page(self, page):
        for name, _ in page.samples:
            family = page.family(name)
            self.assertIn(family, page.types, name)
            self.assertIn(family, page.helps, name)
            self.assertTrue(family.startswith('ghost_'), name)
            self.assertFalse(set(family.split('_')) & UNITS, f'{family}: not a base unit')
            self.assertEqual(page.types[family] == 'counter', family.endswith('_total'), family)
        for family in (f for f, kind in page.types.items() if kind == 'histogram'):
            groups = collections.defaultdict(list)
            for (name, labels), value in page.samples.items():
                if name == f'{family}_bucket':
                    bound = float(dict(labels)['le'].replace('+Inf', 'inf'))
                    groups[tuple(l for l in labels if l[0] != 'le')].append((bound, value))
            for labels, buckets in groups.items():
                counts = [value for _, value in sorted(buckets)]
                self.assertEqual(counts, sorted(counts), family)
                self.assertEqual(sorted(buckets)[-1][0], float('inf'))
                self.assertEqual(counts[-1], page.samples[(f'{family}_count', labels)], family)

    def test_metrics_count_what_happened(self):
        with socket.create_server(('127.0.0.1', 0)) as probe:
            port = probe.getsockname()[1]
        self.start(runners=1, slots=2, broker=('--lease-ms', 3000), runner=('--metrics', f'127.0.0.1:{port}'))
        self.farm.repo()
        for n in range(5):
            self.assertEqual(self.http.run(job(gates=['sleep 0.2'], id=f'good-{n}'))['outcome'], 'passed')
        self.http.run(job(gates=['false'], id='bad'))
        self.http.run(job(gates=[{'name': 'long', 'run': 'sleep 60', 'timeoutMs': 100}], id='slow'))
        with Calls() as calls:
            self.http.submit(job(gates=[calls.gate('x')], network='host', id='stopped'))
            calls.wait()
            running = self.page()
            self.assertEqual(running.get('ghost_leases'), 1)
            self.assertEqual(running.get('ghost_runner_credits'), 1)
            self.http.call('DELETE', '/v1/patches/stopped')
            self.assertEqual(self.http.wait('stopped')['outcome'], 'cancelled')
        self.http.submit(job(gates=['true'], id='waits', lane='odd', requires={'arch': 'none', 'isolation': 'none'}))
        page = self.page()
        self.check_page(page)
        self.assertEqual(page.get('ghost_jobs_finished_total', outcome='passed'), 5)
        self.assertEqual(page.get('ghost_jobs_finished_total', outcome='cancelled'), 1)
        self.assertEqual(page.get('ghost_jobs_queued', lane='odd'), 1)
        self.assertEqual(page.get('ghost_runners', state='ready'), 1)
        self.assertEqual(page.get('ghost_job_wait_seconds_count'), 8)
        self.assertEqual(page.get('ghost_job_run_seconds_count'), 8)
        self.assertEqual(page.get('ghost_job_overhead_seconds_count'), 8)
        # Five gates of 0.2 s are run time and no overhead.
        self.assertGreater(page.get('ghost_job_run_seconds_sum') - page.get('ghost_job_overhead_seconds_sum'), 1.0)
        self.assertGreater(page.get('ghost_broker_commit_seconds_count'), 8)
        self.assertGreater(page.get('ghost_broker_commit_changes_sum'), 8)
        self.assertEqual(page.get('ghost_relay_broker_up'), 1)
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=20) as answer:
            runner = Page('\n'.join(line for line in answer.read().decode().splitlines() if 'exposer_' not in line))
        self.check_page(runner)
        self.assertEqual(runner.get('ghost_runner_jobs_total', outcome='passed'), 5)
        self.assertEqual(runner.get('ghost_runner_jobs_total'), 8)
        self.assertEqual(runner.get('ghost_runner_kills_total', reason='timeout'), 1)
        self.assertEqual(runner.get('ghost_runner_kills_total', reason='cancelled'), 1)
        self.assertEqual(runner.get('ghost_runner_jobs_running'), 0)
        self.assertGreater(runner.get('ghost_runner_gates_seconds_sum'), 1.0)
        self.assertEqual(runner.get('ghost_runner_overhead_seconds_count'), 8)

    def test_results_that_come_too_late_are_counted(self):
        self.start(runners=0, broker=('--lease-ms', 400, '--heartbeat-ms', 100, '--backoff-ms-min', 1))
        self.farm.repo()
        Client(self.farm.broker.facts['X_GHOST_CLIENTS']).submit('late', {})
        runner = Runner(self.farm.broker.facts['X_GHOST_RUNNERS'], 'r')
        runner.register()
        runner.heartbeat()
        (dispatch, _, _), = runner.take()
        until(lambda: self.page().get('ghost_leases_expired_total') == 1, 'the lease runs out')
        runner.register(held=[])
        self.assertEqual(runner.result(dispatch['lease']), 'stale')
        self.assertEqual(self.page().get('ghost_results_stale_total'), 1)
        self.assertEqual(self.page().get('ghost_job_run_seconds_count'), 0)

    def test_a_log_is_one_line_an_event_and_shows_control_characters(self):
        self.start(runners=1, broker=('--log-format', 'json', '--log-level', 'debug'),
                   relay=('--log-format', 'json', '--log-level', 'debug'), runner=('--log-format', 'json'))
        self.farm.repo()
        self.http.run(job(gates=['true'], id='seen'))
        evil = '/v1/patches/%1b%5b31mred%0a%7b%22level%22%3a%22error%22%7d%c2%9b'
        self.assertIn(self.http.get(evil).status, (400, 404))
        lines = {}
        for process in (self.farm.broker, self.farm.relay, self.farm.runners['r1']):
            text = process.log()
            self.assertFalse(re.search(r'[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]', text), process.name)
            lines[process.name] = [json.loads(line) for line in text.splitlines()]
            for line in lines[process.name]:
                self.assertLessEqual({'time', 'level', 'program', 'event'}, set(line))
        requests = [l for l in lines['relay'] if l['event'] == 'request']
        self.assertEqual(sum(l['method'] == 'POST' for l in requests), 1, 'one event, once')
        self.assertEqual(sum(l['event'] == 'job started' and l['job'] == 'seen' for l in lines['r1']), 1)

    def test_a_trace_goes_on_in_the_gates_environment(self):
        self.start(runners=1)
        self.farm.repo()
        trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
        say = {'name': 'say', 'run': 'printf "[%s]" "$TRACEPARENT"'}
        by_header = self.http.run(job(gates=[say]), headers={'traceparent': trace})
        self.assertEqual(self.http.log(by_header['id']).decode(), f'[{trace}]')
        by_field = self.http.run(job(gates=[say], traceparent=trace), headers={'traceparent': trace.replace('4b', '5c')})
        self.assertEqual(self.http.log(by_field['id']).decode(), f'[{trace}]', 'the body has the last word')
        without = self.http.run(job(gates=[say]), headers={'traceparent': 'ff-nonsense'})
        self.assertEqual(self.http.log(without['id']).decode(), '[]')

    # --- on a terminal of 80 columns ---

    def on_terminal(self, *words, columns=80, rows=24):
        """The program on a terminal of its own; its end and its pid."""
        pid, end = pty.fork()
        if pid == 0:
            env = {'PATH': os.environ['PATH'], 'TERM': 'xterm', 'GHOST_URL': self.http.url, 'COLUMNS': str(columns),
                   'LINES': str(rows)}
            os.execve(pathlib.Path(self.programs) / 'ghost', ['ghost', *words], env)
        import fcntl
        import struct
        import termios
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        return pid, end

    def read_until(self, end, condition, timeout_s=60):
        text, stop = '', time.monotonic() + timeout_s
        while time.monotonic() < stop:
            if select.select([end], [], [], 0.2)[0]:
                try:
                    part = os.read(end, 65536)
                except OSError:
                    return text
                text += part.decode(errors='replace')
            if condition(text):
                return text
        raise TimeoutError(f'never seen: {text[-3000:]!r}')

    def test_top_shows_the_farm_and_leaves_a_clean_terminal(self):
        self.start(runners=2, slots=3)
        self.farm.repo()
        for n in range(4):
            self.http.run(job(gates=['true'], id=f'a-job-with-quite-a-long-name-that-does-not-fit-{n}', description='x' * 200))
        pid, end = self.on_terminal('top', '--interval', '200ms')
        try:
            screens = lambda text: text.split('\x1b[H\x1b[2J')[1:]
            text = self.read_until(end, lambda t: len(screens(t)) > 3 and 'in ' in screens(t)[-2])
            screen = screens(text)[-2].replace('\r', '')
            plain = re.sub(r'\x1b\[[0-9;]*m', '', screen)
            self.assertRegex(plain, r'queued 0  running 0  in [0-9.]+/s  out [0-9.]+/s')
            self.assertIn('r1', plain)
            self.assertIn('r2', plain)
            for line in plain.splitlines():
                self.assertLessEqual(len(line), 80, line)
            self.assertLessEqual(len(plain.splitlines()), 24)
            self.farm.relay.stop()
            self.read_until(end, lambda t: 'cannot reach' in t)
            self.farm.relay.argv[self.farm.relay.argv.index('--http') + 1] = self.http.url.split('//')[1]
            self.farm.relay.start()
            self.read_until(end, lambda t: 'RUNNER' in t)
            os.write(end, b'\x03')
            status = until(lambda: (done := os.waitpid(pid, os.WNOHANG)) != (0, 0) and done, 'Ctrl-C ends it')[1]
            pid = None
            self.assertIn(os.waitstatus_to_exitcode(status), (0, 130))
        finally:
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            os.close(end)

    def doctor(self):
        done = subprocess.run([pathlib.Path(self.programs) / 'ghost', '--url', self.http.url, '--json', 'doctor', '--data',
                               self.scratch], stdout=subprocess.PIPE, check=False)
        found = collections.defaultdict(list)
        for item in json.loads(done.stdout)['items']:
            found[item['what']].append(item)
        return done.returncode, found

    def test_doctor_says_what_is_amiss_and_what_to_do(self):
        self.start(runners=1)
        self.farm.repo()
        code, found = self.doctor()
        for what in ('git', 'kernel', 'isolation', 'clock', 'descriptors', 'disk', 'relay', 'broker', 'versions', 'runners',
                     'catalogue'):
            self.assertIn(what, found)
        self.assertEqual({found[w][0]['level'] for w in ('relay', 'broker', 'versions', 'runners', 'catalogue')}, {'ok'})
        self.assertIn(found['isolation'][0]['level'], ('ok', 'warn', 'bad'))
        self.http.call('PUT', '/v1/registry/ghost-relay/far', {'version': '9.9', 'endpoints': {'http': 'http://127.0.0.1:1'}})
        self.farm.runners['r1'].stop()
        code, found = self.doctor()
        self.assertNotEqual(code, 0)
        self.assertEqual(found['runners'][0]['level'], 'bad')
        self.assertIn('ghost-runner --join', found['runners'][0]['detail'])
        self.assertIn('far 9.9', found['versions'][0]['detail'])
        self.assertIn('far at http://127.0.0.1:1', found['reach'][0]['detail'])
        self.farm.relay.stop()
        code, found = self.doctor()
        self.assertNotEqual(code, 0)
        self.assertEqual(found['relay'][0]['level'], 'bad')


if __name__ == '__main__':
    main()
