"""A broker that is killed with SIGKILL at any moment: what was acknowledged is there and ends once, branches are
delivered once, and what runs goes on."""
import os
import re
import subprocess
import threading

from farm import TERMINAL, Calls, FarmTest, job, main, upsert
from process import processes_with, until

JOBS = 100
# What stands before a program's name, so that it and its children can make none.
WITHOUT_NAMESPACES = ('unshare', '--user', '--map-root-user', 'sh', '-c',
                      'for kind in user mnt pid; do echo 0 >/proc/sys/user/max_${kind}_namespaces || exit 1; done; exec "$@"', '-')


class CrashTest(FarmTest):
    def start_farm(self):
        """Two runners of two slots, and a target whose hook writes down every update that arrives."""
        self.start(runners=2, slots=2, broker=('--lease-ms', 6000, '--backoff-ms-min', 50))
        work, self.bare = self.farm.repo(served=True)
        self.base = work.head()
        self.pushes = self.scratch / 'pushes'
        hook = self.bare.path / 'hooks' / 'post-receive'
        hook.write_text(f'#!/bin/sh\ncat >>{self.pushes}\n')
        hook.chmod(0o755)

    def request(self, n, gates=()):
        return job(upsert(f'file-{n}', f'{n}\n'), gates, id=f'job-{n}', idempotencyKey=f'key-{n}', lane='hundred',
                   onSuccess={'commit': {'message': f'job {n}'}, 'branch': f'out/{n}', 'push': True,
                              'onBaseMoved': 'fail'})

    def kill(self):
        self.farm.broker.kill()

    def submit_all(self, count=JOBS, from_=0):
        """Sends each until it is acknowledged, as PROTOCOL says; gives how often each was sent."""
        sent = {}
        for n in range(from_, count):
            def try_once():
                sent[n] = sent.get(n, 0) + 1
                try:
                    answer = self.http.call('POST', '/v1/patches', self.request(n))
                except OSError:
                    return None
                if answer.status in (503, 504):
                    return None
                self.assertEqual(answer.status, 202, answer)
                self.assertEqual(answer.json()['id'], f'job-{n}')
                self.acknowledged.append(n)
                return True
            until(try_once, f'job {n} is acknowledged')
        return sent

    def check_all(self):
        """Each of the hundred ended in exactly one result and stands in the target exactly once."""
        for n in range(JOBS):
            done = self.http.wait(f'job-{n}', timeout_s=120)
            self.assertEqual((done['state'], done['outcome']), ('SUCCEEDED', 'passed'), done)
            head = self.bare.head(f'refs/heads/out/{n}')
            self.assertEqual(head, done['result']['commitOid'])
            self.assertEqual(self.bare.head(f'{head}^'), self.base)
            self.assertEqual(self.bare.git('show', f'{head}:file-{n}'), f'{n}')
            ends = [event for event in self.http.events(f'job-{n}', stream='state')
                    if event['type'].upper() in TERMINAL]
            self.assertEqual(len(ends), 1, f'job {n} ended once')
        listed, cursor = [], None
        while True:
            page = self.http.get('/v1/patches', query={'limit': 37, **({'cursor': cursor} if cursor else {})}).json()
            listed += [item['id'] for item in page['items']]
            cursor = page.get('nextCursor')
            if not cursor:
                break
        self.assertEqual(sorted(listed), sorted(f'job-{n}' for n in range(JOBS)), 'nothing else, nothing twice')
        pushed = [line.split()[2] for line in self.pushes.read_text().splitlines()]
        self.assertEqual(sorted(pushed), sorted(f'refs/heads/out/{n}' for n in range(JOBS)), 'each pushed once')

    def test_killed_during_submission(self):
        self.start_farm()
        self.acknowledged, self.sent = [], {}
        sender = threading.Thread(target=lambda: self.sent.update(self.submit_all()))
        sender.start()
        for limit in (20, 50, 80):
            until(lambda: len(self.acknowledged) >= limit or not sender.is_alive(), f'{limit} are acknowledged')
            self.kill()
            self.farm.broker.start()
            for n in list(self.acknowledged):
                until(lambda: self.http.get('/readyz').status == 200, 'ready')
                self.assertEqual(self.http.get(f'/v1/patches/job-{n}').status, 200, f'job {n} was acknowledged')
        sender.join()
        self.assertEqual(len(self.acknowledged), JOBS)
        self.check_all()

    def test_killed_while_jobs_run(self):
        self.start_farm()
        self.acknowledged = []
        with Calls() as calls:
            for n in range(4):
                self.http.submit({**self.request(n, [calls.gate(f'{n}')]), 'network': 'host'})
            self.submit_all(from_=4)
            calls.wait(4)
            self.kill()
            self.farm.restart_broker()
            calls.go()
            for n in range(4):
                # The broker was back within the lease: the attempt that ran is the one that counts.
                done = self.http.wait(f'job-{n}')
                self.assertEqual((done['state'], done['attempt']), ('SUCCEEDED', 1))
        for share in (0.3, 0.6):
            until(lambda: self.finished() >= share * JOBS, f'{share} of the jobs have ended')
            self.kill()
            self.farm.restart_broker()
        self.check_all()

    def finished(self):
        return len(self.pushes.read_text().splitlines()) if self.pushes.exists() else 0

    def test_killed_while_branches_are_delivered(self):
        self.start_farm()
        self.acknowledged = []
        # The target holds every push until it is told: so the broker dies with grants out.
        fifo = self.scratch / 'hold'
        hook = self.bare.path / 'hooks' / 'pre-receive'
        hook.write_text(f'#!/bin/sh\nuntil [ -e {fifo} ]; do sleep 0.02; done\n')
        hook.chmod(0o755)
        self.submit_all()
        until(lambda: self.delivering() == 4, 'four deliveries are under way')
        self.kill()
        self.farm.broker.start()
        until(lambda: self.http.get('/readyz').status == 200, 'ready')
        self.assertEqual(self.delivering(), 4, 'the grants are still known')
        self.kill()
        fifo.touch()  # the pushes end while no broker is there
        until(lambda: len(self.pushes.read_text().splitlines()) >= 4 if self.pushes.exists() else False, 'four arrived')
        self.farm.restart_broker()
        self.check_all()

    def delivering(self):
        page = self.http.get('/v1/patches', query={'state': 'LEASED', 'limit': 500}).json()
        return sum(1 for item in page['items'] if item.get('delivering'))

    def test_a_runner_that_dies_while_it_delivers_delivers_once(self):
        self.start(runners=0, broker=('--lease-ms', 1500, '--backoff-ms-min', 50))
        work, bare = self.farm.repo(served=True)
        entered, go = self.scratch / 'entered', self.scratch / 'go'
        # Standing for a push that arrived though its runner never heard of it.
        hook = bare.path / 'hooks' / 'post-receive'
        hook.write_text(f'#!/bin/sh\ncat >>{entered}\nuntil [ -e {go} ]; do sleep 0.02; done\n')
        hook.chmod(0o755)
        doomed = self.farm.launch_runner('doomed').ready()
        one = self.http.submit(job(upsert('f', 'x\n'), id='one', onSuccess={
            'commit': {'message': 'one'}, 'branch': 'main', 'push': True}))
        until(entered.exists, 'the push has arrived')
        refused = self.http.call('DELETE', f'/v1/patches/{one}')
        self.assertEqual((refused.status, refused.json()['code']), (409, 'conflict'), 'granted: cancel is refused')
        doomed.kill()
        go.touch()
        self.farm.launch_runner('heir').ready()
        done = self.http.wait(one)
        self.assertEqual((done['state'], done['runner'], done['attempt']), ('SUCCEEDED', 'heir', 2))
        self.assertEqual(done['result']['commitOid'], bare.head('main'))
        self.assertEqual(bare.git('rev-list', '--count', 'main'), '2')
        self.assertEqual(bare.head('main^'), work.head())
        self.assertEqual(len(entered.read_text().splitlines()), 1, 'found as delivered, not pushed again')

    def killed_while_its_gate_runs(self, level, *under):
        self.start(runners=0, broker=('--lease-ms', 1500, '--backoff-ms-min', 50))
        self.farm.repo()
        doomed = self.farm.launch_runner('doomed', under=under).ready()
        self.assertIn(f'level={level}', doomed.log())
        mark = f'300.{os.getpid()}{len(level)}'
        sleep = f'sleep {mark}'
        stays = f'(setsid {sleep} &) && echo attempt $GHOST_ATTEMPT && [ $GHOST_ATTEMPT = 2 ] || exec {sleep}'
        one = self.http.submit(job(upsert('f', 'x\n'), gates=[stays], id='one', requires={'isolation': level}))
        until(lambda: self.http.log(one) == b'attempt 1\n', 'the gate runs')
        until(lambda: len(processes_with(mark)) == 2, 'both of its processes run')
        doomed.kill()
        until(lambda: not processes_with(mark), 'nothing of the dead runner is left')
        self.farm.launch_runner('heir', under=under).ready()
        done = self.http.wait(one)
        self.assertEqual((done['state'], done['runner'], done['attempt']), ('SUCCEEDED', 'heir', 2))
        ends = [event for event in self.http.events(one, stream='state') if event['type'].upper() in TERMINAL]
        self.assertEqual(len(ends), 1)
        until(lambda: not processes_with(mark), 'nothing of the passed gate is left')

    def test_a_runner_killed_while_its_gate_runs_leaves_nothing_behind(self):
        self.killed_while_its_gate_runs('full')

    def test_so_does_one_that_may_make_no_namespaces(self):
        self.killed_while_its_gate_runs('plain', *WITHOUT_NAMESPACES)

    def test_a_second_broker_on_the_same_data_fails_at_once(self):
        self.start(runners=0)
        argv = [str(part) for part in self.farm.broker.argv]
        for option in ('--clients', '--runners'):
            argv[argv.index(option) + 1] = 'tcp://127.0.0.1:0'
        second = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(second.returncode, 1)
        said = second.stderr.strip().splitlines()
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], re.escape(str(self.scratch / 'broker')) + '.*(in use|another|already|lock)')
        self.assertEqual(self.http.get('/v1/repos').status, 200)

    def test_each_program_ends_cleanly_when_told(self):
        self.start(runners=1)
        self.farm.repo()
        self.http.run(job(gates=['true']))
        for process in (self.farm.runners['r1'], self.farm.relay, self.farm.broker):
            self.assertEqual(process.stop(), 0, process.name)
            self.assertNotRegex(process.log(), r'\b(error|fatal|terminate|Assertion)\b')

    def test_a_job_outlives_a_broker_that_stays_away_longer_than_its_lease(self):
        self.start(runners=1, broker=('--lease-ms', 1000, '--backoff-ms-min', 50))
        self.farm.repo()
        with Calls() as calls:
            one = self.http.submit(job(gates=[calls.gate('a')], network='host'))
            calls.wait()
            self.kill()
            until(lambda: 'outcome=infra_error' in self.farm.runners['r1'].log(), 'the runner has given up')
            calls.go()
            self.farm.restart_broker()
            calls.wait()
            calls.go()
            done = self.http.wait(one)
            self.assertEqual((done['state'], done['attempt']), ('SUCCEEDED', 1), 'the outage is not counted')

    def test_a_result_made_while_the_broker_is_away_waits_in_the_outbox(self):
        self.start(runners=1)
        self.farm.repo()
        with Calls() as calls:
            one = self.http.submit(job(upsert('f', 'x\n'), gates=[calls.gate('a', 'echo said so')], network='host'))
            calls.wait()
            self.kill()
            calls.go()
            outbox = self.scratch / 'r1' / 'outbox'
            until(lambda: any('.tmp.' not in path.name for path in outbox.iterdir()), 'the result is on disk')
            # Even the runner may die: the outbox is read again.
            self.farm.runners['r1'].kill()
            self.farm.broker.start()
            self.farm.runners['r1'].start()
            done = self.http.wait(one)
            self.assertEqual((done['state'], done['attempt']), ('SUCCEEDED', 1))
            self.assertEqual(self.http.log(one), b'said so\n')
            until(lambda: not any(outbox.iterdir()), 'the outbox is empty')


if __name__ == '__main__':
    main()
