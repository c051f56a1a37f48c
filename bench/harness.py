"""What the bench scripts share: processes of one measurement, their memory and CPU, and the lines of figures."""
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request

IN_FLIGHT, WORKERS, SLOTS = 1000, 2, 500


class Running:
    """Processes of one measurement and their scratch folder; ended by their pid."""

    def __init__(self, bin_):
        self.bin, self.processes = pathlib.Path(bin_), []
        self.scratch = tempfile.mkdtemp(prefix='ghost-bench-', dir=os.environ.get('GHOST_BENCH_DIR'))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def start(self, program, *args, **more):
        process = subprocess.Popen([self.bin / program, *map(str, args)], **more)
        self.processes.append(process)
        return process

    def load(self, program, *args, timeout=600):
        out = subprocess.run([self.bin / program, *map(str, args)], stdout=subprocess.PIPE, timeout=timeout, check=True)
        return json.loads(out.stdout)

    def floor(self, durable):
        log = [self.path('log')] if durable else []
        router = self.start('ghost-bench-floor', 'router', 'tcp://127.0.0.1:0', 'tcp://127.0.0.1:0', *log,
                            stdout=subprocess.PIPE, text=True)
        clients, runners = router.stdout.readline().split()
        for _ in range(WORKERS):
            self.start('ghost-bench-floor', 'work', runners, SLOTS)
        return clients

    def notified(self, program, *args):
        """Starts a program of Ghost's; gives it and what it says of itself once it serves."""
        path = self.path('notify')
        if os.path.exists(path):
            os.unlink(path)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.settimeout(120)
        process = self.start(program, *args, '--log-level', 'warn', env={**os.environ, 'NOTIFY_SOCKET': path})
        while True:
            text = notify.recv(4096).decode()
            if 'READY=1' in text:
                return process, dict(line.split('=', 1) for line in text.splitlines() if '=' in line)

    def broker(self, *options, data='data'):
        self.began = time.monotonic()
        process, said = self.notified('ghost-broker', '--data', self.path(data), '--clients', 'tcp://127.0.0.1:0',
                                      '--runners', 'tcp://127.0.0.1:0', *options)
        return process, said['X_GHOST_CLIENTS'], said['X_GHOST_RUNNERS']

    def relay(self, clients, *options):
        process, said = self.notified('ghost-relay', '--http', '127.0.0.1:0', '--broker', clients, *options)
        return process, int(said['X_GHOST_HTTP'].rsplit(':', 1)[1])

    def workers(self, runners, count=WORKERS, slots=SLOTS, jobs=()):
        return [self.start('ghost-bench-load', 'work', runners, slots, f'bench-{i}', *jobs, stdout=subprocess.PIPE)
                for i in range(count)]

    def submit_by_http(self, port, count):
        """Jobs that any runner may take; gives their ids."""
        ids = []
        for _ in range(count):
            body = json.dumps({'base': {'repo': 'bench'}, 'patch': {'format': 'unified', 'data': 'x' * 900}}).encode()
            request = urllib.request.Request(f'http://127.0.0.1:{port}/v1/patches', body,
                                             {'Content-Type': 'application/json'})
            with urllib.request.urlopen(request, timeout=60) as answer:
                ids.append(json.load(answer)['id'])
        return ids

    def read_json(self, process, timeout=60):
        return json.loads(process.communicate(timeout=timeout)[0])

    def stop(self, process):
        process.terminate()
        if process.wait() != 0:
            raise SystemExit(f'a program ended with {process.returncode}')

    def check_results(self, jobs, data='data'):
        """From the store itself, once the broker has stopped: every job there has exactly one result."""
        store = sqlite3.connect(os.path.join(self.path(data), 'ghost.db'))
        rows, results, both = (store.execute(sql).fetchone()[0] for sql in (
            'SELECT count(*) FROM jobs', 'SELECT count(*) FROM results',
            'SELECT count(*) FROM jobs JOIN results USING (no)'))
        store.close()
        if not rows == results == both == jobs:
            raise SystemExit(f'{jobs} jobs were acknowledged: the store has {rows} jobs, {results} results, {both} of both')


def cpu_us(process):
    fields = pathlib.Path(f'/proc/{process.pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 // os.sysconf('SC_CLK_TCK')


def memory_bytes(process, field='RssAnon'):
    for line in pathlib.Path(f'/proc/{process.pid}/status').read_text().splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1]) * 1024
    raise SystemExit(f'no {field} of {process.pid}')


def get(port, path):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=60) as answer:
        return answer.read().decode()


def metric(port, name):
    for line in get(port, '/metrics').splitlines():
        if line.startswith(name + ' '):
            return float(line.split()[1])
    return 0.0


class Figures:
    """One line of JSON a figure. The value is the median; min and max tell the spread."""

    def __init__(self, path):
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        self.path, self.lines = path, []
        if os.path.exists(path):
            self.lines = [json.loads(line) for line in open(path)]

    def add(self, name, unit, values, baseline=None, baseline_values=(), **more):
        value = statistics.median(values)
        base = statistics.median(baseline_values) if baseline_values else None
        line = {'bench': name, 'value': round(value, 3), 'unit': unit, 'baseline': baseline,
                'baseline_value': round(base, 3) if base is not None else None,
                'ratio': round(value / base, 4) if base else None, 'runs': len(values),
                'min': round(min(values), 3), 'max': round(max(values), 3), **more}
        print(json.dumps(line), flush=True)
        # A part that is measured again takes the place of its old line.
        self.lines = [old for old in self.lines if old['bench'] != name] + [line]
        with open(self.path, 'w') as out:
            out.writelines(json.dumps(each) + '\n' for each in self.lines)
