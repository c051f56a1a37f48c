#!/usr/bin/python3
"""The broker as seen by a client and a runner in another language. peers_test.py BROKER_PROGRAM [unittest arguments]"""
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import msgpack

from broker_process import Broker, until
from ghost_peer import Client, Failure, Peer, Runner, now

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parents[3]
REQUEST = {'base': {'repo': 'r'}, 'patch': {'format': 'none'}, 'gates': [{'name': 't', 'run': 'true'}]}
OID = 'a' * 40
LEASE_MS = 2000


class PeersTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix='ghost-peers-')
        self.broker = Broker(PROGRAM, self.scratch, ['--lease-ms', str(LEASE_MS), '--backoff-ms-min', '50',
                                                     '--backoff-ms-max', '100']).start()
        self.peers = []
        self.client = self.open(Client(self.broker.clients))
        self.client.ask('PutRepo', {'repo': {'name': 'r', 'url': 'file:///nowhere'}})

    def tearDown(self):
        for peer in self.peers:
            peer.close()
        self.assertEqual(self.broker.stop(), 0)
        shutil.rmtree(self.scratch)

    def open(self, peer):
        self.peers.append(peer)
        return peer

    def runner(self, name='p1', **more):
        runner = self.open(Runner(self.broker.runners, name, **more))
        runner.register()
        return runner

    def code(self, call, *args, **more):
        with self.assertRaises(Failure) as caught:
            call(*args, **more)
        return caught.exception.code

    # --- clients ---

    def test_submission_is_idempotent(self):
        self.assertEqual(self.client.submit('a', REQUEST, idempotencyKey='k')['status'], 'accepted')
        self.assertEqual(self.client.submit('a', REQUEST, idempotencyKey='k')['status'], 'existing')
        again = self.client.submit('b', REQUEST, idempotencyKey='k')
        self.assertEqual((again['status'], again['id']), ('existing', 'a'))
        other = self.client.submit('c', {**REQUEST, 'description': 'x'}, idempotencyKey='k')
        self.assertEqual((other['status'], other['error']['code']), ('refused', 'key_reused'))
        clash = self.client.submit('a', {**REQUEST, 'description': 'x'})
        self.assertEqual(clash['error']['code'], 'id_conflict')
        self.assertEqual(self.code(self.client.job, 'c'), 'not_found')

    def test_refusals_name_what_is_wrong(self):
        self.assertEqual(self.client.submit('a', REQUEST, repo='nope')['error']['code'], 'unknown_repo')
        self.assertIn('nope', self.client.submit('a', REQUEST, repo='nope')['error']['detail'])
        self.assertEqual(self.client.submit('a', REQUEST, dependsOn=['zz'])['error']['code'], 'unknown_dependency')
        self.assertEqual(self.code(self.client.job, 'nope'), 'not_found')
        self.assertEqual(self.code(self.client.ask, 'Hallo', {}), 'unknown_kind')
        self.assertEqual(self.code(self.client.ask, 'Hello', {'program': 'x'}, version=2), 'unknown_version')
        self.assertEqual(self.code(self.client.ask, 'Register', {}), 'forbidden')
        self.assertEqual(self.code(self.client.ask, 'GetJob', {'id': '../x'}), 'bad_field')
        submit = {'items': [{'id': 'a', 'requestHash': b'0' * 32, 'repo': 'r'}]}
        self.assertEqual(self.code(self.client.ask, 'Submit', submit, []), 'bad_request')

    def test_invalid_messages_are_answered_and_the_connection_lives(self):
        for vector in json.loads((ROOT / 'proto_schemas/vectors/invalid.json').read_text()):
            self.client.socket.send_multipart([bytes.fromhex(f) for f in vector['frames']])
        self.assertEqual(self.client.ask('Hello', {'program': 'still here'})[0], 'Welcome')

    def test_a_waiting_job_says_why(self):
        self.client.submit('a', REQUEST)
        self.assertEqual(self.client.job('a')[0]['waiting']['reason'], 'no_runner')
        self.runner(labels={'arch': 'arm'}, slots=1)
        self.client.submit('b', REQUEST, requires={'arch': 'amd64'})
        self.assertEqual(self.client.job('b')[0]['waiting']['reason'], 'no_matching_runner')
        self.client.submit('c', REQUEST, dependsOn=['b'])
        self.assertEqual(self.client.job('c')[0]['waiting']['job'], 'b')
        self.client.ask('PatchLane', {'name': 'slow', 'paused': True})
        self.client.submit('d', REQUEST, lane='slow')
        self.assertEqual(self.client.job('d')[0]['waiting']['reason'], 'lane_paused')

    # --- a job's life ---

    def test_a_whole_life(self):
        runner = self.runner()
        self.client.submit('a', REQUEST)
        [(job, request, _)] = runner.take()
        self.assertEqual((job['id'], job['attempt'], request), ('a', 1, REQUEST))
        lease = job['lease']
        kept = runner.ask('BaseResolved', {'session': runner.session, 'lease': lease, 'commit': OID})[1]
        self.assertEqual(kept['commit'], OID)
        other = runner.ask('BaseResolved', {'session': runner.session, 'lease': lease, 'commit': 'b' * 40})[1]
        self.assertEqual(other['commit'], OID)
        chunk = {'attempt': 1, 'stream': 'stdout', 'offset': 0, 'at': now(), 'type': 'log', 'gate': 't', 'data': b'hello '}
        self.assertEqual(runner.put_events(lease, [chunk])['offsets']['stdout'], 6)
        overlap = {**chunk, 'offset': 3, 'data': b'lo world\n'}
        self.assertEqual(runner.put_events(lease, [overlap])['offsets']['stdout'], 12)
        hole = {**chunk, 'offset': 20, 'data': b'x'}
        self.assertEqual(runner.put_events(lease, [hole])['offsets']['stdout'], 12)
        put = runner.ask('PutArtifact', {'session': runner.session, 'lease': lease, 'path': 'out/a', 'offset': 0,
                                         'last': True, 'sha256': ''}, [b'artifact'])[1]
        self.assertEqual(put['nextOffset'], 8)
        self.assertEqual(runner.result(lease, diff=b'the diff', treeOid=OID), 'committed')
        self.assertEqual(runner.result(lease, diff=b'the diff', treeOid=OID), 'committed')
        job, verdict = self.client.wait('a')
        self.assertEqual((job['state'], job['outcome'], verdict['outcome']), ('SUCCEEDED', 'passed', 'passed'))
        self.assertEqual(job['baseCommit'], OID)
        events = self.client.events('a')
        self.assertTrue(events['done'])
        self.assertEqual(b''.join(e['data'] for e in events['items'] if e['stream'] == 'stdout'), b'hello world\n')
        self.assertEqual([e['seq'] for e in events['items']], list(range(1, len(events['items']) + 1)))
        self.assertEqual([e['type'] for e in events['items'] if e['stream'] == 'state'], ['queued', 'leased', 'succeeded'])
        for name, content in {'diff': b'the diff', 'artifact:out/a': b'artifact', 'request': msgpack.packb(REQUEST)}.items():
            _, slice_, payloads = self.client.ask('GetBlob', {'id': 'a', 'name': name})
            self.assertEqual((slice_['size'], payloads[0]), (len(content), content), name)

    def test_payloads_in_one_frame(self):
        """Both ways, to who has said that it takes them, and never to another."""
        self.client.joins = True
        runner = self.open(Runner(self.broker.runners, 'p1', slots=8))
        self.assertTrue(runner.register(joined=True)['joined'])
        self.assertTrue(self.client.ask('Hello', {'program': 'x'})[1]['joined'])
        requests = {f'j{i}': {**REQUEST, 'description': str(i)} for i in range(4)}
        bodies = [msgpack.packb(request) for request in requests.values()]
        items = [{'id': job_id, 'requestHash': hashlib.sha256(body).digest(), 'repo': 'r'}
                 for job_id, body in zip(requests, bodies)]
        acks = self.client.ask('Submit', {'items': items}, bodies)[1]['items']
        self.assertEqual([ack['status'] for ack in acks], ['accepted'] * 4)
        taken = runner.take()
        self.assertEqual({job['id']: request for job, request, _ in taken}, requests)
        self.assertEqual(runner.joined, 1)
        runner.joins = True
        for job, _, _ in taken:
            self.assertEqual(runner.result(job['lease'], diff=job['id'].encode(), treeOid=OID), 'committed')
        for job_id in requests:
            self.assertEqual(self.client.wait(job_id)[0]['state'], 'SUCCEEDED')
            self.assertEqual(self.client.ask('GetBlob', {'id': job_id, 'name': 'diff'})[2], [job_id.encode()])
        self.assertEqual(self.client.joined, 0)
        runner.register(joined=False)
        self.client.ask('Submit', {'items': [{**item, 'id': 'k' + item['id']} for item in items]}, bodies)
        self.assertEqual(len(runner.take()), 4)
        self.assertEqual(runner.joined, 1)

    def test_an_old_fencing_token_writes_nothing(self):
        first, second = self.runner('p1'), None
        self.client.submit('a', REQUEST)
        [(job, _, _)] = first.take()
        first.ask('Goodbye', {'session': first.session})
        second = self.runner('p2')
        [(again, _, _)] = second.take()
        self.assertEqual(again['attempt'], 2)
        first.register()
        self.assertEqual(first.result(job['lease'], 'gate_failed'), 'stale')
        self.assertEqual(second.result(again['lease']), 'committed')
        self.assertEqual(first.result(job['lease'], 'gate_failed'), 'stale')
        self.assertEqual(self.client.wait('a')[0]['outcome'], 'passed')
        self.assertEqual(second.result({'job': 999, 'epoch': 1, 'n': 1}), 'unknown')

    def test_another_runners_job_is_not_mine(self):
        owner, thief = self.runner('p1'), None
        self.client.submit('a', REQUEST)
        [(job, _, _)] = owner.take()
        thief = self.runner('p2')
        self.assertEqual(thief.result(job['lease'], 'gate_failed'), 'stale')
        self.assertEqual(self.client.job('a')[0]['state'], 'LEASED')
        self.assertTrue(thief.put_events(job['lease'], [{'attempt': 1, 'stream': 'stdout', 'offset': 0, 'at': now(),
                                                         'type': 'log', 'data': b'forged'}])['stale'])
        self.assertEqual(owner.result(job['lease']), 'committed')
        self.assertNotIn('stdout', [e['stream'] for e in self.client.events('a')['items']])

    def test_an_instance_belongs_to_who_has_its_secret(self):
        owner = self.runner('p1')
        thief = self.open(Runner(self.broker.runners, 'p1', session=owner.session + 1000))
        self.assertEqual(self.code(thief.register), 'forbidden')
        older = self.open(Runner(self.broker.runners, 'p1', secret=owner.secret, session=owner.session - 1))
        self.assertEqual(self.code(older.register), 'stale_session')
        self.assertEqual(owner.heartbeat()['cancels'], [])
        stranger = self.open(Runner(self.broker.runners, 'p3'))
        self.assertEqual(self.code(stranger.heartbeat), 'register_again')

    def test_slots_are_never_exceeded_and_shared_in_rotation(self):
        runners = [self.runner(f'p{i}', slots=1) for i in range(3)]
        self.client.ask('PatchLane', {'name': 'default', 'paused': True})
        for i in range(9):
            self.client.submit(f'j{i}', REQUEST)
        self.client.ask('PatchLane', {'name': 'default', 'paused': False})
        shares = {r.instance: 0 for r in runners}
        for _ in range(3):
            for runner in runners:
                [(job, _, _)] = runner.take()
                self.assertEqual(len(runner.held), 1)
                shares[runner.instance] += 1
            for runner in runners:
                self.assertEqual(runner.result(runner.held[0]), 'committed')
        self.assertEqual(set(shares.values()), {3})

    def test_priority_then_age(self):
        self.client.submit('old', REQUEST)
        self.client.submit('new', REQUEST)
        self.client.submit('urgent', REQUEST, priority=9)
        runner = self.runner(slots=3)
        order = []
        while len(order) < 3:
            order += [job['id'] for job, _, _ in runner.take()]
        self.assertEqual(order, ['urgent', 'old', 'new'])

    # --- failures ---

    def test_a_silent_runner_loses_its_lease(self):
        silent = self.runner('p1')
        self.client.submit('a', REQUEST)
        [(job, _, _)] = silent.take()
        other = self.runner('p2')
        until(lambda: other.heartbeat() and self.client.job('a')[0]['attempt'] == 2, 'second attempt', 30)
        [(again, _, _)] = other.take()
        self.assertGreater((again['lease']['epoch'], again['lease']['n']), (job['lease']['epoch'], job['lease']['n']))
        self.assertEqual(other.result(again['lease']), 'committed')

    def test_a_job_that_was_never_received_is_requeued_at_once(self):
        runner = self.runner()
        self.client.submit('a', REQUEST)
        runner.take()
        runner.held.clear()
        runner.heartbeat()
        [(again, _, _)] = runner.take(timeout_s=20)
        self.assertEqual(again['id'], 'a')
        self.assertEqual(runner.result(again['lease']), 'committed')

    def test_infrastructure_failures_are_retried_then_dead(self):
        runner = self.runner()
        self.client.submit('a', REQUEST, maxAttempts=2)
        for attempt in (1, 2):
            [(job, _, _)] = runner.take()
            self.assertEqual(job['attempt'], attempt)
            self.assertEqual(runner.result(job['lease'], 'infra_error', reason='disk gone'), 'committed')
        job, _ = self.client.wait('a')
        self.assertEqual((job['state'], job['outcome'], job['reason']), ('DEAD', 'infra_error', 'disk gone'))
        retried = self.client.ask('RetryJob', {'id': 'a', 'newId': 'a2'})[1]['job']
        self.assertEqual((retried['id'], retried['retryOf']), ('a2', 'a'))
        self.assertIn(retried['state'], ('QUEUED', 'LEASED'))
        [(job, request, _)] = runner.take()
        self.assertEqual((job['id'], request), ('a2', REQUEST))
        runner.result(job['lease'])

    def test_released_jobs_do_not_count_the_attempt(self):
        runner = self.runner()
        self.client.submit('a', REQUEST)
        [(job, _, _)] = runner.take()
        runner.ask('Release', {'session': runner.session, 'leases': [job['lease']], 'reason': 'drain'})
        runner.held.clear()
        runner.heartbeat()
        [(job, _, _)] = runner.take()
        self.assertEqual((job['attempt'], self.client.job('a')[0]['attempt']), (2, 1))
        runner.result(job['lease'])

    def test_cancel_is_repeated_until_confirmed(self):
        runner = self.runner()
        self.client.submit('a', REQUEST)
        [(job, _, _)] = runner.take()
        answer = self.client.ask('CancelJob', {'id': 'a', 'actor': 'me'})[1]['job']
        self.assertEqual((answer['state'], answer['cancelRequested']), ('LEASED', True))
        runner.order('Cancel')
        for _ in range(2):
            self.assertEqual(runner.heartbeat()['cancels'], [{'lease': job['lease'], 'reason': 'cancelled'}])
        self.assertEqual(runner.result(job['lease'], 'cancelled'), 'committed')
        self.assertEqual(self.client.wait('a')[0]['state'], 'CANCELLED')
        self.assertEqual(runner.heartbeat()['cancels'], [])
        audit = self.client.ask('ListAudit', {})[1]['items']
        self.assertTrue(any(a['action'] == 'cancel' and a['actor'] == 'me' and a['subject'] == 'a' for a in audit))

    def test_a_granted_delivery_refuses_cancel(self):
        runner = self.runner()
        self.client.submit('a', REQUEST)
        [(job, _, _)] = runner.take()
        ask = {'session': runner.session, 'lease': job['lease'], 'commitOid': OID}
        self.assertTrue(runner.ask('AskDelivery', ask)[1]['granted'])
        self.assertTrue(runner.ask('AskDelivery', ask)[1]['granted'])
        self.assertEqual(self.code(self.client.ask, 'CancelJob', {'id': 'a'}), 'conflict')
        self.assertEqual(runner.result(job['lease'], commitOid=OID), 'committed')

    def test_a_flagged_job_gets_no_grant(self):
        runner = self.runner()
        self.client.submit('a', REQUEST)
        [(job, _, _)] = runner.take()
        self.client.ask('CancelJob', {'id': 'a'})
        ask = {'session': runner.session, 'lease': job['lease'], 'commitOid': OID}
        self.assertEqual(runner.ask('AskDelivery', ask)[1]['granted'], False)
        self.assertEqual(runner.result(job['lease'], 'infra_error'), 'committed')
        self.assertEqual(self.client.wait('a')[0]['state'], 'CANCELLED')

    def test_dependencies(self):
        runner = self.runner(slots=4)
        self.client.submit('a', REQUEST)
        self.client.submit('b', REQUEST, repo=None, baseJob='a')
        self.client.submit('c', REQUEST, dependsOn=['b'])
        [(job, _, _)] = runner.take()
        runner.result(job['lease'], diff=b'diff of a', treeOid='1' * 40)
        [(job, _, diffs)] = runner.take()
        self.assertEqual((job['id'], job['ancestors'], diffs), ('b', [{'id': 'a', 'treeOid': '1' * 40}], [b'diff of a']))
        runner.result(job['lease'], 'gate_failed')
        job, _ = self.client.wait('c')
        self.assertEqual((job['state'], job['outcome']), ('FAILED', 'dependency_failed'))
        self.assertIn('b', job['reason'])

    def test_a_broker_crash_loses_nothing(self):
        runner = self.runner(slots=2)
        self.client.submit('leased', REQUEST)
        [(job, _, _)] = runner.take()
        self.client.ask('PatchLane', {'name': 'default', 'paused': True})
        self.client.submit('queued', REQUEST, idempotencyKey='k')
        self.broker.kill()
        self.broker.start()
        epoch = runner.epoch
        self.assertEqual(self.code(until, lambda: self.heartbeat_after_restart(runner), 'answer'), 'register_again')
        runner.register()
        self.assertGreater(runner.epoch, epoch)
        self.assertEqual(self.client.job('leased')[0]['state'], 'LEASED')
        self.assertEqual(runner.result(job['lease']), 'committed')
        self.assertEqual(self.client.submit('queued', REQUEST, idempotencyKey='k')['status'], 'existing')
        self.client.ask('PatchLane', {'name': 'default', 'paused': False})
        [(job, _, _)] = runner.take()
        self.assertEqual((job['id'], job['attempt'], job['lease']['epoch']), ('queued', 1, runner.epoch))
        runner.result(job['lease'])
        self.assertEqual(self.client.wait('leased')[0]['attempt'], 1)

    def heartbeat_after_restart(self, runner):
        try:
            return runner.ask('Heartbeat', {'session': runner.session, 'sentMs': 1, 'slots': 2, 'held': runner.held,
                                            'lastJobSeq': runner.last_seq}, timeout_s=1)
        except TimeoutError:
            return None

    # --- the registry ---

    def test_registry(self):
        for name in ('w1', 'w2'):
            put = self.client.ask('PutInstance', {'instance': {'service': 'web', 'instance': name, 'ttlMs': 60000}})[1]
            self.assertTrue(put['created'])
        turns = [self.client.ask('NextInstance', {'service': 'web'})[1]['instance']['instance'] for _ in range(4)]
        self.assertEqual(turns[:2], turns[2:])
        self.assertEqual(set(turns), {'w1', 'w2'})
        listed = self.client.ask('ListInstances', {'service': 'we*'})[1]
        self.assertEqual([i['instance'] for i in listed['items']], ['w1', 'w2'])
        self.client.ask('DeleteInstance', {'service': 'web', 'instance': 'w1'})
        watched = self.client.ask('ListInstances', {'service': 'web', 'afterRevision': listed['revision'], 'waitMs': 5000})[1]
        self.assertEqual([i['instance'] for i in watched['items']], ['w2'])
        self.assertEqual(self.code(self.client.ask, 'NextInstance', {'service': 'none'}), 'no_instance')
        self.runner('p1')
        services = {i['service'] for i in self.client.ask('ListInstances', {})[1]['items']}
        self.assertLessEqual({'web', 'ghost-broker', 'ghost-runner'}, services)
        snapshot = pathlib.Path(self.scratch) / 'data/registry.json'
        until(lambda: snapshot.exists() and '"w2"' in snapshot.read_text(), 'registry.json')

    def test_instances_are_lost_after_their_ttl(self):
        self.client.ask('PutInstance', {'instance': {'service': 'web', 'instance': 'w', 'ttlMs': 1000}})
        until(lambda: self.client.ask('ListInstances', {'service': 'web'})[1]['items'][0]['state'] == 'lost', 'lost')
        self.assertEqual(self.code(self.client.ask, 'NextInstance', {'service': 'web'}), 'no_instance')


if __name__ == '__main__':
    unittest.main(verbosity=1)
