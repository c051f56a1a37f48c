"""A farm that grows, shrinks and is renewed while it works: what an autoscaler is told, slots changed under load,
draining, lanes, and every program replaced with jobs running."""
import pathlib
import shutil
import signal
import sys
import threading

from farm import Calls, FarmTest, Http, job, main
from process import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'conformance/peers'))
from ghost_peer import Client, Failure, Peer, Runner  # noqa: E402


class ElasticTest(FarmTest):
    def demand(self):
        answer = self.http.get('/v1/demand')
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def runner(self, name):
        return self.http.get(f'/v1/runners/{name}').json()

    def test_demand_tells_what_waits_for_which_runners(self):
        self.start(runners=1, runner=('--label', 'arch=amd64'))
        self.farm.repo()
        for n in range(3):
            self.http.submit(job(gates=['true'], id=f'arm-{n}', requires={'arch': 'arm64', 'isolation': 'none'}))
        self.http.submit(job(gates=['true'], id='later', notBefore='2099-01-01T00:00:00Z'))
        self.http.call('PATCH', '/v1/lanes/still', {'paused': True})
        self.http.submit(job(gates=['true'], id='paused', lane='still'))
        self.http.call('PATCH', '/v1/lanes/narrow', {'limit': 1})
        for n in range(2):
            self.http.submit(job(gates=['true'], id=f'narrow-{n}', lane='narrow',
                                 requires={'arch': 'riscv', 'isolation': 'none'}))
        demand = self.demand()
        by_arch = {item['requires'].get('arch'): item for item in demand['items']}
        self.assertEqual(set(by_arch), {'arm64', 'riscv'})
        arm = by_arch['arm64']
        self.assertEqual((arm['waiting'], arm['runners'], arm['freeSlots']), (3, 0, 0))
        self.assertEqual(by_arch['riscv']['waiting'], 1, 'a lane lets but so many through')
        self.assertEqual((demand['waiting'], demand['slots'], demand['freeSlots']), (4, 1, 1))
        first = demand['oldestWaitMs']
        until(lambda: self.demand()['oldestWaitMs'] > first, 'the wait grows')
        metrics = self.http.get('/metrics').body.decode()
        self.assertRegex(metrics, r'ghost_job_oldest_wait_seconds\{requires="arch=arm64[^}]*"\} [0-9]')
        self.assertRegex(metrics, r'ghost_runner_credits 1\b')
        # The runner that it asked for comes, and the demand is gone.
        self.farm.launch_runner('arm', '--label', 'arch=arm64').ready()
        for n in range(3):
            self.assertEqual(self.http.wait(f'arm-{n}')['state'], 'SUCCEEDED')
        self.assertEqual([i['requires']['arch'] for i in self.demand()['items']], ['riscv'])

    def test_slots_change_while_jobs_run(self):
        self.start(runners=1, slots=1)
        self.farm.repo()
        with Calls() as calls:
            for n in range(3):
                self.http.submit(job(gates=[calls.gate(f'{n}')], network='host', id=f'j{n}'))
            calls.wait(1)
            self.assertEqual(self.http.call('PATCH', '/v1/runners/r1', {'slots': 3}).status, 200)
            calls.wait(3)
            self.assertEqual((self.runner('r1')['slots'], self.runner('r1')['busy']), (3, 3))
            self.http.call('PATCH', '/v1/runners/r1', {'slots': 1})
            self.assertEqual(self.runner('r1')['busy'], 3, 'what runs is not stopped')
            self.http.submit(job(gates=[calls.gate('late')], network='host', id='late'))
            calls.go('0')
            self.assertEqual(self.http.wait('j0')['state'], 'SUCCEEDED')
            self.assertEqual(self.http.job('late')['waiting']['reason'], 'no_free_slot')
            calls.go()
            until(lambda: 'late' in calls.wait(1), 'the last one runs')
            calls.go()
            self.assertEqual({self.http.wait(n)['state'] for n in ('j1', 'j2', 'late')}, {'SUCCEEDED'})

    def test_a_drained_runner_finishes_and_one_that_is_told_to_leave_leaves(self):
        self.start(runners=2, slots=1)
        self.farm.repo()
        with Calls() as calls:
            for n in range(2):
                self.http.submit(job(gates=[calls.gate(f'{n}')], network='host', id=f'j{n}'))
            calls.wait(2)
            self.http.call('POST', '/v1/runners/r1/drain', {})
            self.farm.runners['r2'].signal(signal.SIGTERM)
            until(lambda: self.runner('r2')['state'] == 'draining', 'r2 says that it leaves')
            self.http.submit(job(gates=['true'], id='third'))
            self.assertEqual(self.http.job('third')['state'], 'QUEUED')
            calls.go()
            self.assertEqual({self.http.wait(f'j{n}')['attempt'] for n in range(2)}, {1})
            self.assertEqual(self.farm.runners['r2'].wait(), 0)
            self.assertEqual(self.http.job('third')['state'], 'QUEUED')
            self.assertTrue(self.farm.runners['r1'].running())
            self.http.call('DELETE', '/v1/runners/r1/drain')
            self.assertEqual(self.http.wait('third')['state'], 'SUCCEEDED')

    def test_every_program_is_replaced_while_jobs_run(self):
        """The broker, two relays and two runners, one after another, by programs at another place. Clients go on
        against whichever relay answers; what was acknowledged ends once, by a counted first attempt."""
        self.start(runners=2, slots=2, broker=('--lease-ms', 6000), runner=('--drain-timeout-ms', 60000))
        self.farm.repo()
        newer = self.scratch / 'newer'
        newer.mkdir()
        for name in ('ghost-broker', 'ghost-relay', 'ghost-runner'):
            shutil.copy2(pathlib.Path(self.programs) / name, newer / name)
        other = self.farm.make('relay-2', 'ghost-relay', '--http', '127.0.0.1:0', '--broker',
                               self.farm.broker.facts['X_GHOST_CLIENTS']).start()
        relays = [self.http, Http(other.facts['X_GHOST_HTTP'])]
        acknowledged, stop = [], threading.Event()

        def load(worker):
            n = 0
            while not stop.is_set():
                name = f'up-{worker}-{n}'
                for http in relays:
                    try:
                        answer = http.call('POST', '/v1/patches', job(gates=['sleep 0.05'], id=name))
                    except OSError:
                        continue
                    if answer.status == 202:
                        acknowledged.append(name)
                        n += 1
                        break
                stop.wait(0.05)

        def progress(count=20):
            target = len(acknowledged) + count
            until(lambda: len(acknowledged) >= target, 'jobs come in')

        threads = [threading.Thread(target=load, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        try:
            progress()
            for name in ('r1', 'r2'):
                old = self.farm.runners[name]
                old.signal(signal.SIGTERM)
                self.assertEqual(old.wait(), 0)
                old.argv[0] = str(newer / 'ghost-runner')
                old.start()
                progress()
            for at, relay in enumerate((self.farm.relay, other)):
                self.assertEqual(relay.stop(), 0)
                relay.argv[0] = str(newer / 'ghost-relay')
                relay.start()
                relays[at] = Http(relay.facts['X_GHOST_HTTP'])
                progress()
            self.http = self.farm.http = relays[0]
            self.assertEqual(self.farm.broker.stop(), 0)
            self.farm.broker.argv[0] = str(newer / 'ghost-broker')
            self.farm.restart_broker()
            progress()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertGreater(len(acknowledged), 100)
        self.assertEqual(len(acknowledged), len(set(acknowledged)))
        for name in acknowledged:
            done = self.http.wait(name)
            self.assertEqual((done['state'], done['attempt']), ('SUCCEEDED', 1), done)


class VersionTest(FarmTest):
    def test_what_is_spoken_is_agreed_on_at_the_first_message(self):
        self.start(runners=0)
        clients, runners = (self.farm.broker.facts[f'X_GHOST_{side}'] for side in ('CLIENTS', 'RUNNERS'))
        client = Client(clients)
        self.assertEqual(client.ask('Hello', {'program': 'x', 'protocols': [1, 2, 9]})[1]['protocol'], 1)
        self.assertEqual(client.ask('Hello', {'program': 'x'})[1]['protocol'], 1)
        runner = Runner(runners, 'newer')
        self.assertEqual(runner.register(protocols=[1, 2])['protocol'], 1)
        for ask in (lambda: client.ask('Hello', {'program': 'x', 'protocols': [2, 3]}),
                    lambda: client.ask('Hello', {'program': 'x'}, version=7),
                    lambda: Runner(runners, 'too-new').register(protocols=[2]),
                    lambda: Peer(runners).ask('Register', {'anything': True}, version=2)):
            with self.assertRaises(Failure) as raised:
                ask()
            self.assertEqual(raised.exception.code, 'unknown_version')
            self.assertEqual(raised.exception.error['versions'], [1])
        self.assertEqual([r['id'] for r in self.http.get('/v1/runners').json()['items']], ['newer'])


if __name__ == '__main__':
    main()
