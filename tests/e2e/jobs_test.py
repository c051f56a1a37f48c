"""Rules of a job's life, through HTTP: jobs on jobs, delivery onto a moved branch, retries, deadlines, retention."""
import datetime

from farm import Calls, FarmTest, job, main, upsert
from process import until


def deliver(contents, branch='main', **fields):
    return {'patch': upsert('mine', contents), 'onSuccess': {
        'commit': {'message': 'mine', 'author': {'name': 'N', 'email': 'n@example.org'}}, 'branch': branch, 'push': True,
        **fields}}


def time_from_now(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime('%Y-%m-%dT%H:%M:%S.') + f'{at.microsecond // 1000:03d}Z'


class JobsTest(FarmTest):
    def test_jobs_on_jobs(self):
        http = self.start(runners=2)
        work, _ = self.farm.repo(files={'README': 'one\ntwo\nthree\n', 'bin': bytes(range(256))})
        with Calls() as calls:
            first = http.submit({**job(upsert('a', 'A\n'), [calls.gate('a')]), 'network': 'host'})
            second = http.submit(job(upsert('b', 'B\n'), ['test "$(cat a b)" = "A\nB"'], base={'job': first}))
            third = http.submit(job(upsert('README', 'c\n'), ['test -f a && test -f b'], base={'job': second}))
            beside = http.submit(job(gates=['test ! -e a'], dependsOn=[first]))
            calls.wait()
            waiting = http.job(second)['waiting']
            self.assertEqual((waiting['reason'], waiting['job']), ('dependency', first))
            calls.go()
            for one in (first, second, third, beside):
                self.assertEqual(http.wait(one)['outcome'], 'passed', http.job(one))
        work.commit({'a': 'A\n', 'b': 'B\n', 'README': 'c\n'})
        self.assertEqual(http.job(third)['result']['treeOid'], work.tree())
        self.assertEqual(http.job(first)['baseCommit'], work.head('HEAD^'))
        fails = http.submit(job(gates=['false'], base={'job': first}))
        on_it = http.submit(job(gates=['true'], base={'job': fails}))
        on_that = http.submit(job(gates=['true'], dependsOn=[on_it]))
        for one, on in ((on_it, fails), (on_that, on_it)):
            done = http.wait(one)
            self.assertEqual((done['state'], done['outcome']), ('FAILED', 'dependency_failed'))
            self.assertIn(on, done['reason'])
        late = http.wait(http.submit(job(gates=['true'], base={'job': fails})))
        self.assertEqual(late['outcome'], 'dependency_failed')
        circle = http.call('POST', '/v1/patches:batch', [job(id='x', dependsOn=['y']), job(id='y', dependsOn=['x'])])
        self.assertEqual({item['status'] for item in circle.json()['items']}, {'refused'}, circle)

    def test_a_cancelled_dependency_fails_what_waits_for_it(self):
        http = self.start(runners=0)
        self.farm.repo()
        first = http.submit(job())
        on_it = http.submit(job(dependsOn=[first]))
        http.call('DELETE', f'/v1/patches/{first}')
        self.assertEqual(http.wait(on_it)['outcome'], 'dependency_failed')

    def push_while_gated(self, request, calls):
        """Submits, and moves main under it while its gate runs."""
        one = self.http.submit({**request, 'gates': [calls.gate('g')], 'network': 'host'})
        calls.wait()
        self.work.commit({'theirs': f'{self.work.head()}\n'})
        self.work.git('push', '-q', str(self.bare.path), 'HEAD:main')
        calls.go()
        return one

    def test_a_branch_that_moved(self):
        http = self.start(runners=1)
        self.work, self.bare = self.farm.repo()
        with Calls() as calls:
            one = self.push_while_gated({**job(), **deliver('first\n', onBaseMoved='fail')}, calls)
            done = http.wait(one)
            self.assertEqual((done['state'], done['outcome']), ('FAILED', 'base_moved'), done)
            self.assertEqual(self.bare.head('main'), self.work.head(), 'nothing was pushed')
            self.assertTrue(done['rollback']['verified'])
            two = self.push_while_gated({**job(), **deliver('second\n', onBaseMoved='reapply')}, calls)
            calls.wait()  # its gates run anew, on the new base
            calls.go()
            done = http.wait(two)
            self.assertEqual((done['state'], done['outcome']), ('SUCCEEDED', 'passed'), done)
        self.assertEqual(self.bare.head('main'), done['result']['commitOid'])
        self.assertEqual(self.bare.head('main^'), self.work.head(), 'on top of what moved it')
        self.assertEqual(self.bare.git('show', 'main:mine'), 'second')
        self.assertEqual(self.bare.git('log', '-1', '--format=%an <%ae> %s', 'main'), 'N <n@example.org> mine')

    def test_a_reapplied_patch_must_still_apply(self):
        http = self.start(runners=1)
        self.work, self.bare = self.farm.repo()
        self.work.commit({'README': 'one\nTWO\nthree\n'})
        diff = self.work.diff('HEAD^').decode()
        self.work.git('reset', '-q', '--hard', 'HEAD^')
        with Calls() as calls:
            one = http.submit({**job({'format': 'unified', 'data': diff}, [calls.gate('g')], network='host'),
                               'onSuccess': deliver('', onBaseMoved='reapply')['onSuccess']})
            calls.wait()
            self.work.commit({'README': 'other\n'})
            self.work.git('push', '-q', str(self.bare.path), 'HEAD:main')
            calls.go()
            done = http.wait(one)
        self.assertEqual(done['state'], 'FAILED', done)
        self.assertIn(done['outcome'], ('apply_failed', 'base_moved'))
        self.assertEqual(self.bare.head('main'), self.work.head())

    def test_branches_and_tags_are_made_once(self):
        http = self.start(runners=1)
        work, bare = self.farm.repo()
        done = http.run({**job(), **deliver('x\n', branch='topic/new', tag='v1')})
        self.assertEqual((done['outcome'], done['result']['pushed']), ('passed', True), done)
        self.assertEqual(bare.head('topic/new'), done['result']['commitOid'])
        self.assertEqual(bare.head('v1^{commit}'), done['result']['commitOid'])
        again = http.run({**job(), **deliver('y\n', branch='topic/other', tag='v1')})
        self.assertEqual(again['state'], 'FAILED', 'a tag is not moved')
        self.assertEqual(bare.head('v1^{commit}'), done['result']['commitOid'])
        self.assertEqual(bare.git('for-each-ref', '--format=%(refname)', 'refs/heads/topic/other'), '', 'all or nothing')
        # The same patch at the same accepted time would be the same commit; at another time it is another.
        self.assertEqual(bare.head('topic/new^'), work.head())

    def test_failures_of_the_farm_are_retried_until_dead(self):
        http = self.start(runners=1, broker=('--backoff-ms-min', 20, '--backoff-ms-max', 40))
        work, bare = self.farm.repo()
        bare.path.rename(bare.path.with_suffix('.away'))
        done = http.run(job(gates=['true'], maxAttempts=2))
        self.assertEqual((done['state'], done['outcome'], done['attempt']), ('DEAD', 'infra_error', 2), done)
        self.assertTrue(done['reason'])
        types = [event['type'] for event in http.events(done['id'], stream='state')]
        self.assertEqual(types, ['queued', 'leased', 'requeued', 'leased', 'dead'])
        bare.path.with_suffix('.away').rename(bare.path)
        answer = http.call('POST', f'/v1/patches/{done["id"]}/retry', headers={'Prefer': 'wait=30'})
        self.assertEqual((answer.status, answer.json()['state']), (200, 'SUCCEEDED'), answer)
        self.assertEqual(answer.json()['retryOf'], done['id'])
        self.assertEqual(http.job(done['id'])['state'], 'DEAD', 'an end is final')
        # A retry is as idempotent as a submission.
        keyed = [http.call('POST', f'/v1/patches/{done["id"]}/retry', headers={'Idempotency-Key': 'again'}) for _ in '12']
        self.assertEqual(len({answer.json()['id'] for answer in keyed}), 1)
        self.assertIn(('retry', done['id']), [(e['action'], e['subject']) for e in http.get('/v1/audit').json()['items']])
        failed = http.run(job(gates=['false']))
        self.assertEqual((failed['outcome'], failed['attempt']), ('gate_failed', 1), 'a patch\'s failure is not retried')

    def test_deadline_and_not_before(self):
        http = self.start(runners=1)
        self.farm.repo()
        with Calls() as calls:
            runs = http.submit(job(gates=[calls.gate('g')], network='host', deadline=time_from_now(1.5)))
            calls.wait()
            waits = http.submit(job(gates=['true'], deadline=time_from_now(0.4)))
            for one in (waits, runs):
                done = http.wait(one)
                self.assertEqual((done['state'], done['outcome']), ('EXPIRED', 'expired'), done)
        later = time_from_now(0.7)
        one = http.submit(job(gates=['true'], notBefore=later))
        waiting = http.job(one)['waiting']
        self.assertEqual((waiting['reason'], waiting['until']), ('not_before', later))
        done = http.wait(one)
        self.assertEqual(done['state'], 'SUCCEEDED')
        self.assertGreaterEqual(done['timestamps']['leased'], later)

    def test_lanes_limit_and_weigh(self):
        http = self.start(runners=1, slots=4)
        self.farm.repo()
        http.call('PATCH', '/v1/lanes/narrow', {'limit': 1})
        with Calls() as calls:
            ids = [http.submit(job(gates=[calls.gate(f'{n}')], network='host', lane='narrow')) for n in range(3)]
            self.assertEqual(calls.wait(1), ['0'])
            self.assertEqual(http.job(ids[1])['waiting']['reason'], 'lane_full')
            free = http.run(job(gates=['true']))
            self.assertEqual(free['state'], 'SUCCEEDED', 'other lanes go on')
            for n in range(3):
                self.assertEqual(calls.wait(1), [f'{n}'], 'one at a time, in order')
                calls.go()
            for one in ids:
                self.assertEqual(http.wait(one)['state'], 'SUCCEEDED')

    def test_priority_before_age(self):
        http = self.start(runners=1)
        self.farm.repo()
        http.call('PATCH', '/v1/lanes/default', {'paused': True})
        order = [(3, 'c'), (9, 'a'), (5, 'b'), (3, 'd'), (0, 'e')]
        with Calls() as calls:
            for priority, name in order:
                http.submit(job(id=name, gates=[calls.gate(name)], network='host', priority=priority))
            http.call('PATCH', '/v1/lanes/default', {'paused': False})
            came = []
            for _ in order:
                came += calls.wait(1)
                calls.go()
        self.assertEqual(came, list('abcde'))

    def test_finished_jobs_are_forgotten(self):
        http = self.start(runners=1, broker=('--retained-jobs-max', 3))
        self.farm.repo()
        ids = [http.run(job(gates=['true'], idempotencyKey=f'k{n}'))['id'] for n in range(6)]
        until(lambda: len(http.get('/v1/patches').json()['items']) == 3, 'three are left')
        self.assertEqual([item['id'] for item in http.get('/v1/patches').json()['items']], list(reversed(ids[3:])))
        self.assertEqual(http.get(f'/v1/patches/{ids[0]}').status, 404)
        self.assertEqual(http.get(f'/v1/patches/{ids[0]}/log').status, 404)
        # The key goes with the job: the same request is a new one.
        again = http.call('POST', '/v1/patches', job(gates=['true'], idempotencyKey='k0'))
        self.assertNotEqual(again.json()['id'], ids[0])
        kept = http.call('POST', '/v1/patches', job(gates=['true'], idempotencyKey='k5'))
        self.assertEqual(kept.json()['id'], ids[5])

    def test_artifacts_and_a_whole_verdict(self):
        http = self.start(runners=1)
        self.farm.repo(files={'run.sh': '#!/bin/sh\nexit 3\n'})
        done = http.run(job(upsert('f', 'x\n'), [
            {'name': 'make', 'phase': 'build', 'run': 'mkdir -p out; head -c 300000 /dev/zero > out/zeros; echo é > "out/a b"'},
            {'name': 'may fail', 'run': 'sh run.sh', 'allowFailure': True},
            {'name': 'flaky', 'run': 'test -e /tmp/once || { touch /tmp/once; exit 1; }', 'retries': 2},
            {'name': 'fails', 'argv': ['/bin/sh', '-c', 'echo said; echo cried >&2; exit 7']},
            {'name': 'never', 'run': 'true'}], artifacts=['out/**']))
        self.assertEqual((done['state'], done['outcome']), ('FAILED', 'gate_failed'), done)
        gates = {gate['name']: gate for gate in done['gates']}
        self.assertEqual([(g['status'], g.get('exitCode')) for g in done['gates']],
                         [('pass', 0), ('fail', 3), ('pass', 0), ('fail', 7), ('skipped', None)])
        self.assertTrue(gates['may fail']['allowedFailure'])
        self.assertEqual((gates['flaky']['flaky'], gates['flaky']['attempts']), (True, 2))
        self.assertEqual((gates['fails']['stdout']['bytes'], gates['fails']['stderr']['bytes']), (5, 6))
        self.assertTrue(done['rollback']['performed'] and done['rollback']['verified'])
        names = {a['path']: a['sizeBytes'] for a in http.get(f'/v1/patches/{done["id"]}/artifacts').json()['items']}
        self.assertEqual(names, {'out/zeros': 300000, 'out/a b': 3})
        answer = http.get(f'/v1/patches/{done["id"]}/artifacts/out/zeros', headers={'Range': 'bytes=299990-'})
        self.assertEqual((answer.status, answer.body), (206, bytes(10)))
        self.assertEqual(http.get(f'/v1/patches/{done["id"]}/artifacts/out/a%20b').body, 'é\n'.encode())

    def test_repositories_in_use_stay(self):
        http = self.start(runners=0)
        self.farm.repo()
        one = http.submit(job())
        answer = http.call('DELETE', '/v1/repos/r')
        self.assertEqual((answer.status, answer.json()['code']), (409, 'conflict'))
        http.call('DELETE', f'/v1/patches/{one}')
        self.assertEqual(http.call('DELETE', '/v1/repos/r').status, 204)
        self.assertEqual(http.call('POST', '/v1/patches', job()).json()['code'], 'unknown_repo')
        actions = [(entry['action'], entry['subject']) for entry in http.get('/v1/audit').json()['items']]
        self.assertEqual(actions[:3], [('repo_delete', 'r'), ('cancel', one), ('repo_put', 'r')])


if __name__ == '__main__':
    main()
