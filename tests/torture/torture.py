#!/usr/bin/python3
"""A farm of real processes under random kill -9, SIGSTOP and restarts, while clients submit, read and cancel. What they
saw is judged by ghost-history-check; beside it: a terminal record never changes, a passed job's log is whole, a tag is
there if and only if its job says so, no runner holds more than its slots, and nothing is left running.

torture.py PROGRAMS [--broker PROGRAM] [--kills N] [--hits N] [--seconds N] [--seed N] [--keep] [--planted BUG]
With a broker that has crash points compiled in (GHOST_CRASH_POINTS) it dies at each of them, --hits times at least. Such
a broker also has the bugs of src/base/planted_bugs.h: with one of them --planted succeeds only if it is caught.
"""
import argparse
import collections
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from farm import Farm, make_repository, until
from history import OUTAGE, ClientOf, History

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEASE_MS = 1500
SLOTS = 2
ENDED = ('SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED', 'DEAD')


def crash_points():
    """Every point that the broker's sources name."""
    text = ''.join(p.read_text() for p in sorted((ROOT / 'src/broker').glob('*.cc')))
    return sorted(set(re.findall(r'GHOST_CRASH_POINT\("([a-z.]+)"\)', text)))


class Torture:
    def __init__(self, args, scratch):
        self.args, self.random = args, random.Random(args.seed)
        self.scratch = pathlib.Path(scratch)
        self.repository = make_repository(scratch)
        self.history = History(self.scratch / 'history.jsonl')
        self.farm = Farm(
            scratch, args.programs, args.broker, slots=SLOTS,
            broker_options=['--lease-ms', str(LEASE_MS), '--heartbeat-ms', '300', '--backoff-ms-min', '20',
                            '--backoff-ms-max', '200', '--reserve-bytes', str(1 << 20), '--log-level', 'warn',
                            *args.broker_option],
            runner_options=['--log-level', 'warn', '--isolation', 'none'],
            relay_options=['--broker-silence-ms', '1000', '--broker-timeout-ms', '4000', '--log-level', 'warn'])
        if args.planted:
            self.farm.environment['GHOST_PLANTED_BUG'] = args.planted
        self.kills, self.hits, self.stops = collections.Counter(), collections.Counter(), 0
        self.points = crash_points() if args.broker else []
        self.faults = []
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.jobs, self.requests, self.acked, self.endings = [], {}, set(), {}
        self.made = 0

    def complain(self, text):
        with self.lock:
            self.faults.append(text)

    # --- clients ---

    def new_request(self, rnd):
        with self.lock:
            self.made += 1
            number = self.made
            needs = [rnd.choice(self.jobs)] if self.jobs and rnd.random() < 0.1 else []
        req = f'req-{self.args.seed}-{number}'
        run = f'echo begin {req}'
        kind = rnd.random()
        if kind < 0.25:
            run += f'; sleep {rnd.uniform(0.1, 2.5):.2f}'
        run += f'; echo end {req}'
        if 0.25 < kind < 0.3:
            run += '; exit 1'
        request = {'base': {'repo': 'r'}, 'labels': {'req': req}, 'maxAttempts': 100,
                   'patch': {'format': 'mutations', 'items': [
                       {'op': 'create', 'path': f'new/{req}', 'contents': req + '\n' * rnd.choice([1, 1, 3000])}]},
                   'gates': [{'name': 'g', 'run': run}]}
        if 0.3 < kind < 0.45:
            request['onSuccess'] = {'commit': {'message': req}, 'tag': f't-{req}', 'push': True}
        if 0.45 < kind < 0.5:
            request['deadline'] = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + rnd.uniform(2, 6)))
        if needs:
            request['dependsOn'] = needs
        key = f'k-{req}' if rnd.random() < 0.7 else ''
        if not key and rnd.random() < 0.5:
            request['id'] = f'id-{req}'
        with self.lock:
            self.requests[req] = (request, key)
        return request, req, key

    def note(self, job):
        """What is shown once ended is shown for ever."""
        if job is None or job['state'] not in ENDED:
            return
        told = {k: job.get(k) for k in ('state', 'outcome', 'attempt', 'completedAt', 'result')}
        with self.lock:
            first = self.endings.setdefault(job['id'], told)
        if first != told:
            self.complain(f'job {job["id"]} ended as {first} and then as {told}')

    def client(self, number):
        rnd = random.Random(self.args.seed * 1000 + number)
        client = ClientOf(self.farm, self.history, number % 2)
        while not self.ending.is_set():
            with self.lock:
                known = rnd.choice(self.jobs) if self.jobs else None
                old = rnd.choice(list(self.requests)) if self.requests and rnd.random() < 0.15 else None
                behind = len(self.acked) - len(self.endings)
            what = rnd.random()
            if old is not None and self.requests[old][1]:
                got = client.submit(self.requests[old][0], old, self.requests[old][1])
            elif what < 0.5 and behind < 60:
                got = client.submit(*self.new_request(rnd))
            elif what < 0.95 or known is None:
                # The oldest that has not ended, else any: so that many ends are seen.
                with self.lock:
                    open_jobs = [j for j in self.jobs[-200:] if j not in self.endings]
                known = rnd.choice(open_jobs) if open_jobs and rnd.random() < 0.8 else known
                self.note(client.read(known, wait_s=rnd.choice([0, 0, 1])) if known else None)
                got = None
            else:
                client.cancel(known)
                got = None
            if isinstance(got, str):
                with self.lock:
                    if got not in self.acked:
                        self.acked.add(got)
                        self.jobs.append(got)
            if got is not None and not isinstance(got, str):
                self.ending.wait(0.05)

    def watch_slots(self):
        while not self.ending.wait(0.3):
            try:
                status, found, _ = self.farm.call('GET', '/v1/runners', timeout_s=5)
            except OUTAGE:
                continue
            for runner in found.get('items', []) if status == 200 else []:
                if len(runner.get('jobs', [])) > SLOTS:
                    self.complain(f'runner {runner.get("id")} holds {runner["jobs"]}')

    # --- what is done to the farm ---

    def enough(self):
        hit = all(self.hits[p] >= self.args.hits for p in self.points)
        return (sum(self.kills.values()) >= self.args.kills and hit) or time.monotonic() > self.until

    def keep_broker(self):
        """The broker dies at one crash point after the other, or by kill -9, and is started again at once."""
        broker, rnd = self.farm.broker, random.Random(self.args.seed * 7)
        while not self.ending.is_set():
            point = min(self.points, key=lambda p: (self.hits[p], rnd.random())) if self.points else None
            breathe = rnd.random() < 0.1
            environment = {}
            if point and not breathe:
                often = 1 if point.split('.')[0] in ('epoch', 'registry', 'reserve', 'checkpoint') else rnd.randint(1, 12)
                environment['GHOST_CRASH_AT'] = f'{point}:{often}'
            took = broker.start(environment)
            if took is not None:
                self.history.write('broker', what='start')
                if took > 5:
                    self.complain(f'the broker took {took:.1f} s to start')
            end = time.monotonic() + (rnd.uniform(1.5, 3) if breathe else 2 if point else rnd.uniform(0.1, 1.5))
            while broker.alive() and time.monotonic() < end and not self.ending.is_set():
                time.sleep(0.005)
            by_itself = not broker.alive()
            code = broker.kill()
            self.history.write('broker', what='kill')
            if by_itself and code != -signal.SIGKILL:
                self.complain(f'the broker ended by itself with {code}: {broker.log.read_text()[-500:]}')
            self.kills['broker'] += 1
            if by_itself and environment:
                self.hits[point] += 1
        broker.start()
        self.history.write('broker', what='start')

    def harass(self, services, seed):
        """kill -9 and a new start, or a stop that may be longer than a lease."""
        rnd = random.Random(seed)
        while not self.ending.wait(rnd.uniform(0.02, 0.35)):
            service = rnd.choice(services)
            if rnd.random() < 0.2:
                service.signal(signal.SIGSTOP)
                self.stops += 1
                self.ending.wait(rnd.choice([0.05, 0.3, 1, LEASE_MS / 1000 * 1.5]))
                service.signal(signal.SIGCONT)
                continue
            if service is self.farm.broker:
                continue  # its keeper kills it
            service.kill()
            self.kills[service.name] += 1
            service.start()

    def run(self):
        self.history.write('config', lease_ms=LEASE_MS, heartbeat_ms=300, backoff_ms=200)
        self.farm.start()
        self.history.write('broker', what='start')
        status, said, _ = self.farm.call('PUT', '/v1/repos/r', {'url': f'file://{self.repository}'})
        assert status in (200, 201, 204), (status, said)
        self.history.write('fault', what='kills')
        self.until = time.monotonic() + self.args.seconds
        self.farm.broker.kill()
        self.kills['broker'] += 1
        self.history.write('broker', what='kill')
        relays, runners = self.farm.relays, self.farm.runners
        work = [(self.keep_broker,), (self.watch_slots,), *((self.client, n) for n in range(4)),
                (self.harass, [relays[0], relays[1]], self.args.seed * 11), (self.harass, runners[:2], self.args.seed * 13),
                (self.harass, runners[2:], self.args.seed * 17), (self.harass, [self.farm.broker], self.args.seed * 19)]
        threads = [threading.Thread(target=self.guarded, args=w) for w in work]
        for thread in threads:
            thread.start()
        told = time.monotonic()
        while not self.enough() and not self.faults:
            time.sleep(0.1)
            if time.monotonic() > told + 30:
                told = time.monotonic()
                self.tell()
        self.ending.set()
        for thread in threads:
            thread.join()
        self.history.write('calm')
        self.wait_for_the_end()
        self.finals()
        self.look_for_leftovers()
        self.farm.stop()
        self.history.close()

    def guarded(self, work, *args):
        try:
            work(*args)
        except Exception as error:  # a thread that dies silently would be a test that cannot fail
            self.complain(f'{work.__name__}: {error!r}')
            raise

    # --- what is left at the end ---

    def wait_for_the_end(self):
        client = ClientOf(self.farm, self.history)
        end = time.monotonic() + 90
        for job_id in list(self.jobs):
            while time.monotonic() < end:
                job = client.read(job_id, wait_s=2)
                self.note(job)
                if job and job['state'] in ENDED:
                    break
            else:
                self.complain(f'job {job_id} has not ended 90 s after all was calm: {job}')
                return

    def ask(self, path):
        def answer():
            try:
                status, document, _ = self.farm.call('GET', path)
            except OUTAGE:
                return None
            return [document] if status == 200 else None
        return until(answer, path)[0]

    def everything(self):
        path = '/v1/patches?limit=200'
        while path:
            page = self.ask(path)
            yield from page['items']
            path = f'/v1/patches?limit=200&cursor={page["nextCursor"]}' if page.get('nextCursor') else None

    def finals(self):
        self.history.write('done', all=True)
        tags = subprocess.run(['git', '-C', str(self.repository), 'for-each-ref', '--format=%(refname:short) %(objectname) '
                               '%(*objectname)', 'refs/tags'], check=True, capture_output=True, text=True).stdout
        tags = {line.split()[0]: line.split()[1:] for line in tags.splitlines()}
        self.outcomes = collections.Counter()
        for summary in self.everything():
            job = self.ask(f'/v1/patches/{summary["id"]}')
            self.note(job)
            self.outcomes[job['state']] += 1
            req = job['labels']['req']
            self.history.write('final', job=job['id'], tenant='default', req=req, state=job['state'],
                               version=job['version'], outcome=job.get('outcome', ''))
            request = self.requests[req][0]
            if job['state'] == 'SUCCEEDED':
                log = self.ask(f'/v1/patches/{job["id"]}/log')
                log = log.decode() if isinstance(log, bytes) else str(log)
                if not log.endswith(f'begin {req}\nend {req}\n'):
                    self.complain(f'job {job["id"]} passed and its log is {log!r}')
            tag = tags.get(f't-{req}')
            if 'onSuccess' not in request:
                continue
            commit = (job.get('result') or {}).get('commitOid')
            if job['state'] == 'SUCCEEDED' and (tag is None or commit not in tag):
                self.complain(f'job {job["id"]} passed with commit {commit}, its tag is {tag}')
            if job['state'] in ('CANCELLED', 'EXPIRED') and tag is not None:
                self.complain(f'job {job["id"]} is {job["state"]}, and its tag is there')

    def look_for_leftovers(self):
        """No gate of ours may run once every job has ended."""
        mark = f'req-{self.args.seed}-'.encode()

        def running():
            found = []
            for entry in pathlib.Path('/proc').iterdir():
                if entry.name.isdigit():
                    try:
                        line = (entry / 'cmdline').read_bytes()
                    except OSError:
                        continue
                    if mark in line and str(self.scratch).encode() not in line:
                        found.append(line)
            return found
        try:
            until(lambda: not running(), 'gates end', 10)
        except TimeoutError:
            self.complain(f'still running: {running()[:3]}')

    def tell(self):
        low = sorted(self.hits[p] for p in self.points)[:1]
        print(f'{sum(self.kills.values())} kills, {self.stops} stops, {len(self.acked)} jobs acknowledged, '
              f'{len(self.endings)} seen to end' + (f', least hits of a crash point {low[0]}' if low else ''), flush=True)

    def report(self):
        self.tell()
        print('kills:', ', '.join(f'{n} {c}' for n, c in sorted(self.kills.items())))
        if self.points:
            print('crash points:', ', '.join(f'{p} {self.hits[p]}' for p in self.points))
        print('ends:', dict(getattr(self, 'outcomes', {})))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('programs')
    parser.add_argument('--checker', required=True)
    parser.add_argument('--broker')
    parser.add_argument('--kills', type=int, default=30)
    parser.add_argument('--hits', type=int, default=0)
    parser.add_argument('--seconds', type=float, default=10)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('--planted')
    parser.add_argument('--broker-option', action='append', default=[], help='another of ghost-broker, as in --broker-option=--log-level=info')
    args = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix='ghost-torture-')
    torture = Torture(args, scratch)
    began = time.monotonic()
    try:
        torture.run()
    except (TimeoutError, AssertionError) as error:
        if not args.planted:
            raise
        torture.complain(repr(error))  # the farm is too broken to be looked at
        torture.history.close()
    finally:
        torture.farm.kill_all()
    torture.report()
    short = [p for p in torture.points if torture.hits[p] < args.hits]
    if short:
        torture.complain(f'hit less than {args.hits} times in {args.seconds:.0f} s: {short}')
    judged = subprocess.run([args.checker, str(torture.scratch / 'history.jsonl')], text=True, capture_output=True)
    print(judged.stdout.strip(), judged.stderr.strip())
    for fault in torture.faults[:20]:
        print('VIOLATION', fault)
    bad = bool(torture.faults) or judged.returncode != 0
    wanted = judged.returncode != 2 and bad == bool(args.planted)
    what = f'planted {args.planted}' if args.planted else f'seed {args.seed}'
    said = ('caught' if bad else 'NOT CAUGHT') if args.planted else ('FAILED' if bad else 'clean')
    print(f'{time.monotonic() - began:.0f} s, {what}: {said}' + ('' if wanted else ', see ' + scratch))
    if wanted and not args.keep:
        shutil.rmtree(scratch)
    return 0 if wanted else 1


sys.exit(main())
