"""Output of gates: streamed, cut anywhere and resumed without a byte lost or doubled, bounded in the middle."""
import base64
import json
import random
import signal
from http.client import IncompleteRead

from farm import Calls, FarmTest, job, main

# Two streams at once, bytes that are no UTF-8, long lines, and no newline at the end.
NOISY = ("python3 -c \"import sys,random\nr=random.Random(7)\nfor n in range(400):\n"
         " sys.stdout.buffer.write(b'out %d ' % n + r.randbytes(r.randrange(900)) + bytes([10]) * (n % 3)); sys.stdout.flush()\n"
         " sys.stderr.write('err %d caf\\u00e9\\n' % n); sys.stderr.flush()\n\"")


class Stream:
    """Reads server-sent events; as many bytes as it is told, as a connection that breaks would."""

    def __init__(self, http, job_id, last_id=None, query=None):
        headers = {'Accept': 'text/event-stream', **({'Last-Event-ID': last_id} if last_id else {})}
        self.connection, self.response = http.open('GET', f'/v1/patches/{job_id}/events', headers=headers, query=query)
        assert self.response.status == 200, self.response.status
        assert self.response.headers['Content-Type'].startswith('text/event-stream')

    def events(self, bytes_max=None):
        """(id, event, data) of every whole event among the first bytes."""
        seen, buffer = 0, b''
        while bytes_max is None or seen < bytes_max:
            part = self.response.read1(65536 if bytes_max is None else min(65536, bytes_max - seen))
            if not part:
                return
            seen += len(part)
            buffer += part
            while b'\n\n' in buffer:
                block, buffer = buffer.split(b'\n\n', 1)
                fields = [line.split(': ', 1) for line in block.decode().split('\n') if not line.startswith(':')]
                fields = dict(field for field in fields if len(field) == 2)
                if 'event' in fields:
                    yield fields.get('id'), fields['event'], json.loads(fields['data'])

    def close(self):
        self.response.close()
        self.connection.close()


def data_of(event):
    data = event.get('data', '')
    return base64.b64decode(data) if event.get('encoding') == 'base64' else data.encode()


class LogTest(FarmTest):
    def read_with_cuts(self, one, rng, cut_max):
        """The events of a job over connections that break at random places; each event once."""
        seen, last, ended, cuts = [], None, None, 0
        while ended is None:
            stream = Stream(self.http, one, last)
            whole = cuts > 400
            for event_id, kind, data in stream.events(None if whole else rng.randrange(1, cut_max)):
                if kind == 'end':
                    ended = data
                    break
                self.assertIn(kind, {'state', 'progress', 'log', 'cut'}, data)
                seen.append((event_id, kind, data))
                last = event_id
            stream.close()
            cuts += 1
        ids = [event_id for event_id, _, _ in seen]
        self.assertEqual(len(ids), len(set(ids)), 'no event twice')
        return seen, ended, cuts

    def output(self, events, stream, check=True):
        """Bytes of one stream, their offsets without a hole."""
        out, at = b'', 0
        for _, kind, data in events:
            if data['stream'] != stream:
                continue
            self.assertEqual(data['offset'], at, 'no hole and no overlap')
            if kind == 'cut':
                at += data['skipped']
            else:
                out += data_of(data)
                at += len(data_of(data))
        return out

    def test_a_log_resumed_after_cuts_is_byte_identical(self):
        http = self.start()
        self.farm.repo()
        one = http.submit(job(gates=[NOISY]))
        rng = random.Random(11)
        live, ended, _ = self.read_with_cuts(one, rng, 60_000)  # while it runs
        self.assertEqual((ended['state'], ended['outcome']), ('SUCCEEDED', 'passed'))
        later, _, cuts = self.read_with_cuts(one, rng, 40_000)  # and once more when it is over
        self.assertGreater(cuts, 5)
        self.assertEqual([event_id for event_id, _, _ in later], [event_id for event_id, _, _ in live])
        for stream in ('stdout', 'stderr'):
            whole = http.log(one, stream=stream)
            self.assertGreater(len(whole), 5000)
            self.assertEqual(self.output(live, stream), whole)
            self.assertEqual(self.output(later, stream), whole)
            report = http.job(one)['gates'][0][stream]
            self.assertEqual((report['bytes'], report['truncated']), (len(whole), False))
            offset = rng.randrange(len(whole))
            self.assertEqual(http.log(one, stream=stream, offset=offset), whole[offset:])
        merged = http.log(one)
        self.assertEqual(len(merged), len(http.log(one, stream='stdout')) + len(http.log(one, stream='stderr')))

    def test_output_over_the_limit_keeps_head_and_tail(self):
        http = self.start()
        self.farm.repo()
        limit, lines = 65536, 60_000
        done = http.run(job(gates=[f'seq -f "line %08g" {lines}'], limits={'outputBytes': limit}))
        self.assertEqual(done['state'], 'SUCCEEDED')
        report = done['gates'][0]['stdout']
        written = b''.join(b'line %08d\n' % n for n in range(1, lines + 1))
        self.assertEqual((report['bytes'], report['truncated']), (len(written), True))
        events = [(event['id'], event['type'], event) for event in http.events(done['id'], stream='stdout')]
        cuts = [event for _, kind, event in events if kind == 'cut']
        self.assertEqual(len(cuts), 1)
        kept, skipped, at = self.output(events, 'stdout'), cuts[0]['skipped'], cuts[0]['offset']
        self.assertEqual(len(kept) + skipped, len(written))
        self.assertLessEqual(len(kept), limit)
        self.assertGreater(len(kept), limit // 2)
        self.assertEqual(kept, written[:at] + written[at + skipped:], 'the head and the tail, as written')
        self.assertGreater(at, 0)
        self.assertLess(at + skipped, len(written))
        marked = http.log(done['id'])
        self.assertIn(b'[%d bytes left out]' % skipped, marked)
        self.assertTrue(marked.startswith(b'line 00000001\n') and marked.endswith(b'line %08d\n' % lines))
        resumed, _, _ = self.read_with_cuts(done['id'], random.Random(5), 30_000)
        self.assertEqual(self.output(resumed, 'stdout'), kept)

    def test_a_follower_rides_out_a_broker_restart(self):
        http = self.start()
        self.farm.repo()
        with Calls() as calls:
            one = http.submit(job(gates=['echo before', calls.gate('a', 'echo after')], network='host'))
            calls.wait()
            stream = Stream(http, one)
            events = stream.events()
            seen = []
            while not any(kind == 'log' for _, kind, _ in seen):
                seen.append(next(events))
            self.farm.broker.kill()
            self.farm.restart_broker()
            calls.go()
            seen += list(events)
            stream.close()
        self.assertEqual(seen[-1][1], 'end')
        self.assertEqual(self.output(seen[:-1], 'stdout'), b'before\nafter\n')
        self.assertEqual([data['seq'] for _, _, data in seen[:-1]], list(range(1, len(seen))))

    def test_a_log_that_is_not_whole_is_not_taken_for_whole(self):
        http = self.start(relay=('--stop-ms', 500))
        self.farm.repo()
        with Calls() as calls:
            one = http.submit(job(gates=['echo before', calls.gate('a', 'echo after')], network='host'))
            calls.wait()
            connection, response = http.open('GET', f'/v1/patches/{one}/log?follow=true')
            self.assertEqual(response.read1(), b'before\n')
            self.farm.relay.signal(signal.SIGTERM)
            with self.assertRaises(IncompleteRead):
                response.read()
            connection.close()
            self.assertEqual(self.farm.relay.wait(), 0)

    def test_positions_that_make_no_sense_are_refused(self):
        http = self.start(runners=0)
        self.farm.repo()
        one = http.submit(job(gates=['true']))
        for position in ('nonsense', '1.stdout', '1.stdin.0', '-1', '1.stdout.-5', '9' * 30):
            answer = http.get(f'/v1/patches/{one}/events', headers={'Last-Event-ID': position})
            self.assertEqual((answer.status, answer.json().get('field')), (400, 'Last-Event-ID'), position)
        # A position behind the end or of another attempt is no error: there is nothing newer, or all is.
        for position in ('7.stdout.4096', '0.state.99', '1.progress.0'):
            answer = http.get(f'/v1/patches/{one}/events', headers={'Last-Event-ID': position,
                                                                  'Accept': 'application/json'})
            self.assertEqual(answer.status, 200, f'{position}: {answer}')


if __name__ == '__main__':
    main()
