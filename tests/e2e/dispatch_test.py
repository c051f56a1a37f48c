"""How jobs reach runners, and what becomes of them when they are cancelled or their runner leaves."""
import pathlib
import re
import signal
import sys
import time
import uuid

from farm import Calls, FarmTest, job, main
from process import processes_with, until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'conformance/peers'))
from ghost_peer import Runner  # noqa: E402


class DispatchTest(FarmTest):
    def test_a_released_lane_is_shared_in_rotation(self):
        http = self.start(runners=3)
        self.farm.repo()
        self.assertEqual(http.call('PATCH', '/v1/lanes/equal', {'paused': True}).status, 200)
        with Calls() as calls:
            batch = [job(gates=[calls.gate(f'{n}')], network='host', lane='equal') for n in range(90)]
            ids = [item['id'] for item in http.call('POST', '/v1/patches:batch', batch).json()['items']]
            self.assertEqual(len(set(ids)), 90)
            waiting = http.job(ids[0])
            self.assertEqual((waiting['state'], waiting['waiting']['reason']), ('QUEUED', 'lane_paused'))
            http.call('PATCH', '/v1/lanes/equal', {'paused': False})
            for _ in range(30):  # one round: each of the three runs one, and ends it when all three do
                calls.wait(3)
                calls.go()
            jobs = [http.wait(one) for one in ids]
        self.assertEqual({(one['state'], one['attempt']) for one in jobs}, {('SUCCEEDED', 1)})
        jobs.sort(key=lambda one: one['timestamps']['accepted'] + f'{ids.index(one["id"]):04}')
        runners = [one['runner'] for one in jobs]
        self.assertEqual({name: runners.count(name) for name in set(runners)}, {'r1': 30, 'r2': 30, 'r3': 30})
        # In rotation: the oldest three go to three runners, the next three too, and so on.
        for at in range(0, 90, 3):
            self.assertEqual(set(runners[at:at + 3]), {'r1', 'r2', 'r3'}, f'jobs {at} to {at + 2}')

    def test_among_free_runners_it_is_each_ones_turn(self):
        http = self.start(runners=3)
        self.farm.repo()
        http.call('PATCH', '/v1/lanes/single', {'limit': 1})  # so that all three stand free at every dispatch
        batch = [job(gates=['true'], lane='single') for _ in range(12)]
        ids = [item['id'] for item in http.call('POST', '/v1/patches:batch', batch).json()['items']]
        runners = [http.wait(one)['runner'] for one in ids]
        self.assertEqual(set(runners[:3]), {'r1', 'r2', 'r3'})
        self.assertEqual(runners, runners[:3] * 4)

    def turns(self):
        [value] = re.findall(r'^ghost_broker_turns_total (\d+)', self.http.get('/metrics').body.decode(), re.M)
        return int(value)

    def test_what_idle_runners_say_is_taken_together(self):
        self.start(runners=0)
        runner = Runner(self.farm.broker.facts['X_GHOST_RUNNERS'], 'idle')
        runner.register()
        before = self.turns()
        for beat in range(1, 301):
            body = {'session': runner.session, 'sentMs': beat, 'slots': 1, 'held': [], 'lastJobSeq': 0}
            runner.send('Heartbeat', body, correlation=1000 + beat)
            time.sleep(0.001)  # the pace of many runners
        while len(runner.answers) < 300:
            self.assertTrue(runner.receive(20), 'each is answered')
        self.assertEqual({kind for kind, *_ in runner.answers.values()}, {'HeartbeatAck'})
        self.assertLess(self.turns() - before, 100)
        runner.close()

    def test_cancelled_means_stopped(self):
        http = self.start()
        self.farm.repo()
        marker = f'ghost-e2e-{uuid.uuid4().hex}'
        gate = {'name': 'escape', 'run': 'setsid -f sleep 999; setsid sleep 998 & sleep 997', 'env': {'MARKER': marker}}
        one = http.submit(job(gates=[gate]))
        until(lambda: len(processes_with(marker)) >= 4, 'the gate and its children run')
        answer = http.call('DELETE', f'/v1/patches/{one}')
        self.assertEqual((answer.status, answer.json()['cancelRequested']), (202, True))
        until(lambda: self.stopped_when_cancelled(one, marker), 'the job is cancelled')
        done = http.job(one)
        self.assertEqual((done['state'], done['outcome'], done['attempt']), ('CANCELLED', 'cancelled', 1))
        self.assertEqual(http.call('DELETE', f'/v1/patches/{one}').status, 200)
        # By the runner's word, long before the lease would have ended.
        types = [event['type'] for event in http.events(one) if event['stream'] == 'state']
        self.assertEqual(types, ['queued', 'leased', 'cancel_requested', 'cancelled'])
        self.assertIn('cancelled', done['reason'])
        audit = http.get('/v1/audit').json()['items']
        self.assertIn(('cancel', one), [(entry['action'], entry['subject']) for entry in audit])

    def stopped_when_cancelled(self, one, marker):
        if self.http.job(one)['state'] != 'CANCELLED':
            return False
        self.assertEqual(processes_with(marker), [])
        return True

    def test_a_cancel_outlives_the_broker(self):
        http = self.start()
        self.farm.repo()
        marker = f'ghost-e2e-{uuid.uuid4().hex}'
        one = http.submit(job(gates=[{'name': 'sleeps', 'run': 'sleep 999', 'env': {'MARKER': marker}}]))
        until(lambda: len(processes_with(marker)) >= 2, 'the gate runs')
        self.farm.runners['r1'].signal(signal.SIGSTOP)  # so that it cannot confirm
        self.assertEqual(http.call('DELETE', f'/v1/patches/{one}').status, 202)
        self.farm.broker.kill()
        self.farm.restart_broker()
        known = http.job(one)
        self.assertEqual((known['state'], known['cancelRequested']), ('LEASED', True))
        self.farm.runners['r1'].signal(signal.SIGCONT)
        until(lambda: self.stopped_when_cancelled(one, marker), 'the job is cancelled')

    def test_a_killed_runners_jobs_finish_elsewhere(self):
        http = self.start(runners=0, broker=('--lease-ms', 1500, '--backoff-ms-min', 50))
        work, bare = self.farm.repo()
        base = work.head()
        marker = f'ghost-e2e-{uuid.uuid4().hex}'
        self.farm.launch_runner('doomed', '--slots', 3).ready()
        with Calls() as calls:
            def request(name):
                gate = calls.gate(name)
                gate['argv'][2] = 'setsid -f sleep 999; ' + gate['argv'][2]
                return job(gates=[{**gate, 'env': {'MARKER': marker}}], network='host')
            ids = [http.submit(request(f'{n}')) for n in range(3)]
            calls.wait(3)
            self.assertEqual({http.job(one)['runner'] for one in ids}, {'doomed'})
            self.farm.runners['doomed'].kill()
            until(lambda: not processes_with(marker), 'no process of its sandboxes is left')
            calls.go()  # hangs up on those that are gone
            work.commit({'later': 'x'})
            work.git('push', '-q', str(bare.path), 'main')
            self.farm.launch_runner('heir', '--slots', 3).ready()
            calls.wait(3)
            calls.go()
            for one in ids:
                done = http.wait(one)
                self.assertEqual((done['state'], done['runner'], done['attempt']), ('SUCCEEDED', 'heir', 2))
                self.assertEqual(done['baseCommit'], base, 'what the first attempt found, though main has moved')
                types = [event['type'] for event in http.events(one) if event['stream'] == 'state']
                self.assertEqual(types, ['queued', 'leased', 'requeued', 'leased', 'succeeded'])
        self.assertEqual(processes_with(marker), [])

    def test_a_stopped_runners_sandbox_dies_before_its_lease_is_given_away(self):
        http = self.start(runners=0, broker=('--lease-ms', 1500, '--backoff-ms-min', 50))
        self.farm.repo()
        marker = f'ghost-e2e-{uuid.uuid4().hex}'
        frozen = self.farm.launch_runner('frozen').ready()
        one = http.submit(job(gates=[{'name': 'sleeps', 'run': 'sleep 999', 'env': {'MARKER': marker}}]))
        until(lambda: len(processes_with(marker)) >= 2, 'the gate runs')
        frozen.signal(signal.SIGSTOP)
        until(lambda: self.given_up_when_requeued(one, marker), 'the lease expires')
        frozen.signal(signal.SIGCONT)
        # Back again it may take the job anew, under a fencing token of its own, as attempt 2.
        until(lambda: http.job(one)['attempt'] == 2, 'attempt 2')
        http.call('DELETE', f'/v1/patches/{one}')
        self.assertEqual(http.wait(one)['state'], 'CANCELLED')
        self.assertEqual(processes_with(marker), [])

    def given_up_when_requeued(self, one, marker):
        if self.http.job(one)['state'] != 'QUEUED':
            return False
        self.assertEqual(processes_with(marker), [])
        return True

    def test_a_drained_runner_finishes_and_takes_nothing_new(self):
        http = self.start(runners=2)
        self.farm.repo()
        with Calls() as calls:
            ids = [http.submit(job(gates=[calls.gate(f'{n}')], network='host')) for n in range(2)]
            calls.wait(2)
            answer = http.call('POST', '/v1/runners/r1/drain')
            self.assertEqual((answer.status, answer.json()['state']), (200, 'draining'))
            audit = http.get('/v1/audit').json()['items'][0]
            self.assertEqual((audit['action'], audit['subject']), ('drain', 'r1'))
            calls.go()
            self.assertEqual([http.wait(one)['state'] for one in ids], ['SUCCEEDED'] * 2)
        later = [http.run(job(gates=['true'])) for _ in range(4)]
        self.assertEqual({one['runner'] for one in later}, {'r2'})
        self.assertEqual(http.call('DELETE', '/v1/runners/r1/drain').json()['state'], 'ready')
        again = [http.run(job(gates=['true'])) for _ in range(4)]
        self.assertEqual({one['runner'] for one in again}, {'r1', 'r2'})

    def test_a_runner_told_to_leave_ends_its_job_first(self):
        http = self.start(runners=2)
        self.farm.repo()
        with Calls() as calls:
            one = http.submit(job(gates=[calls.gate('a')], network='host'))
            calls.wait()
            leaver = self.farm.runners[http.job(one)['runner']]
            leaver.signal(signal.SIGTERM)
            until(lambda: http.get(f'/v1/runners/{leaver.name}').json()['state'] == 'draining', 'it drains')
            others = [http.run(job(gates=['true'])) for _ in range(3)]
            self.assertNotIn(leaver.name, {other['runner'] for other in others})
            calls.go()
            self.assertEqual(leaver.wait(), 0)
        done = http.wait(one)
        self.assertEqual((done['state'], done['runner'], done['attempt']), ('SUCCEEDED', leaver.name, 1))
        self.assertNotIn(leaver.name, [i['instance'] for i in http.get('/v1/registry/ghost-runner').json()['items']])

    def test_a_second_order_to_leave_gives_the_job_back_uncounted(self):
        http = self.start(runners=1)
        self.farm.repo()
        with Calls() as calls:
            one = http.submit(job(gates=[calls.gate('a')], network='host'))
            calls.wait()
            first = self.farm.runners['r1']
            first.signal(signal.SIGTERM)
            until(lambda: http.get('/v1/runners/r1').json()['state'] == 'draining', 'it drains')
            first.signal(signal.SIGTERM)
            self.assertEqual(first.wait(), 0)
            calls.go()
            self.farm.launch_runner('r2').ready()
            calls.wait()
            calls.go()
            done = http.wait(one)
        self.assertEqual((done['state'], done['runner'], done['attempt']), ('SUCCEEDED', 'r2', 1))

    def test_slots_change_while_a_runner_works(self):
        http = self.start(runners=1, broker=('--heartbeat-ms', 300))
        self.farm.repo()
        with Calls() as calls:
            ids = [http.submit(job(gates=[calls.gate(f'{n}')], network='host')) for n in range(3)]
            calls.wait(1)
            until(lambda: http.job(ids[2])['waiting']['reason'] == 'no_free_slot', 'the third says why it waits')
            self.assertEqual(http.call('PATCH', '/v1/runners/r1', {'slots': 3}).json()['slots'], 3)
            calls.wait(3)
            calls.go()
            self.assertEqual([http.wait(one)['state'] for one in ids], ['SUCCEEDED'] * 3)


if __name__ == '__main__':
    main()
