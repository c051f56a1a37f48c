"""The relay's HTTP: what must be refused on the wire, and the conventions that clients lean on."""
import json
import re
import shutil
import signal
import socket
import threading
import time

from farm import Calls, FarmTest, job, main, upsert
from process import until

# Body that would be a request of its own for whoever counts otherwise.
SMUGGLED = b'GET /v1/repos HTTP/1.1\r\nHost: x\r\n\r\n'
STATUS = re.compile(rb'HTTP/1\.1 (\d+) ')


class WireTest(FarmTest):
    def refuse(self, data, name, status=(400,)):
        """The relay answers once with a problem and closes; what stands behind is nobody's."""
        answer = self.http.raw(data)
        head, _, body = answer.partition(b'\r\n\r\n')
        self.assertEqual(len(STATUS.findall(answer)), 1, f'{name}: {answer}')
        self.assertIn(int(head.split()[1]), status, f'{name}: {answer}')
        self.assertIn(b'application/problem+json', head, name)
        self.assertIn(b'connection: close', head.lower(), name)
        self.assertIn('code', json.loads(body), name)

    def test_ambiguous_requests_are_refused(self):
        self.start(runners=0)
        post = b'POST /v1/patches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
        size = b'Content-Length: %d\r\n' % len(SMUGGLED)
        chunks = b'0\r\n\r\n' + SMUGGLED
        self.refuse(post + b'Transfer-Encoding: gzip\r\n' + size + b'\r\n' + SMUGGLED, 'gzip before a length')
        self.refuse(post.replace(b'1.1', b'1.0') + b'Transfer-Encoding: chunked\r\n\r\n' + chunks, 'chunked HTTP/1.0')
        self.refuse(post + b'Host: y\r\n' + size + b'\r\n' + SMUGGLED, 'two hosts')
        self.refuse(post + b'X-A: b\r\n folded\r\n' + size + b'\r\n' + SMUGGLED, 'a folded line')
        self.refuse(post + size + size + b'\r\n' + SMUGGLED, 'equal lengths')
        self.refuse(post + size + b'Content-Length: 5\r\n\r\n' + SMUGGLED, 'different lengths')
        self.refuse(post + size + b'Transfer-Encoding: chunked\r\n\r\n' + chunks, 'length and chunks')
        self.refuse(post + b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n' + chunks, 'chunked twice')
        self.refuse(post + b'Transfer-Encoding: xchunked\r\n\r\n' + chunks, 'not quite chunked')
        self.refuse(post + b'Transfer-Encoding : chunked\r\n\r\n' + chunks, 'a blank before the colon')
        self.refuse(post + b'Content-Length: +5\r\n\r\n' + SMUGGLED, 'a length with a sign')
        self.refuse(post + b'Content-Length: 0x5\r\n\r\n' + SMUGGLED, 'a length in hexadecimal')
        self.refuse(post + b'Content-Length: 5, 5\r\n\r\n' + SMUGGLED, 'a list of lengths')
        self.refuse(b'POST /v1/patches HTTP/1.1\nHost: x\nContent-Length: 0\n\n', 'bare line feeds')
        self.refuse(b'GET /v1/repos HTTP/1.1\r\n\r\n', 'no host')
        self.refuse(b'GET http://other/v1/repos HTTP/1.1\r\nHost: x\r\n\r\n', 'another host in the target')
        self.refuse(b'GET /v1/repos HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n', 'a NUL')
        self.refuse(b'GET /v1/repos HTTP/1.1\r\nHost: x\r\nX: ' + b'a' * 40000 + b'\r\n\r\n', 'a long head', (431,))
        self.refuse(b'nonsense\r\n\r\n', 'no request')
        self.refuse(post + b'Transfer-Encoding: chunked\r\n\r\nZZ\r\n', 'a chunk without a size')
        self.refuse(post + b'Content-Length: 99999999999\r\n\r\n', 'a body over the limit', (413,))
        self.assertEqual(self.http.get('/livez').status, 200)

    def test_a_slow_client_holds_nobody_up(self):
        http = self.start(runners=0, relay=('--header-timeout-ms', 300, '--body-timeout-ms', 300,
                                            '--rate-min', 1_000_000))
        streams = []
        for data in (b'GET /livez HT', b'', b'POST /v1/patches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
                     b'Content-Length: 100\r\n\r\n{'):
            stream = socket.create_connection(http.address, timeout=20)
            stream.sendall(data)
            streams.append(stream)
        begin = time.monotonic()
        self.assertEqual(http.get('/livez').status, 200)
        self.assertLess(time.monotonic() - begin, 0.3)
        for stream in (streams[0], streams[2]):
            answer = b''
            while part := stream.recv(65536):
                answer += part
            self.assertIn(b' 408 ', answer.split(b'\r\n')[0])
        for stream in streams:
            stream.close()

    def test_one_connection_serves_many_requests(self):
        self.start(runners=0)
        pipelined = b'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n' * 3 + b'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n' + \
            b'GET /livez HTTP/1.0\r\n\r\n'
        answer = self.http.raw(pipelined)
        self.assertEqual(STATUS.findall(answer), [b'200', b'200', b'200', b'404', b'200'])


class ConventionsTest(FarmTest):
    def test_an_idempotency_key_gives_one_job(self):
        http = self.start(runners=0)
        self.farm.repo()
        request = json.dumps(job(gates=['true'])).encode()
        post = lambda body, key, **headers: http.call('POST', '/v1/patches', body, headers={
            'Content-Type': 'application/json', 'Idempotency-Key': key, **headers})
        # Thirty at once, of which all are the first to come.
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(post(request, 'one'))) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {202})
        self.assertEqual(len({answer.json()['id'] for answer in answers}), 1)
        self.assertEqual(sum(answer.headers.get('Idempotency-Replayed') == 'true' for answer in answers), 29)
        other = post(json.dumps(job(gates=['false'])).encode(), 'one')
        self.assertEqual((other.status, other.json()['code']), (422, 'key_reused'))
        differs = post(json.dumps(job(gates=['true'], idempotencyKey='two')).encode(), 'three')
        self.assertEqual((differs.status, differs.json()['code']), (400, 'key_mismatch'))
        # The same request in other words is another one: bytes are compared, not meanings.
        spaced = post(b' ' + request, 'one')
        self.assertEqual(spaced.json()['code'], 'key_reused')
        self.assertEqual(len(http.get('/v1/patches').json()['items']), 1)
        taken = http.call('POST', '/v1/patches', job(id='mine'))
        self.assertEqual(http.call('POST', '/v1/patches', job(id='mine')).json()['id'], taken.json()['id'])
        clash = http.call('POST', '/v1/patches', job(id='mine', priority=1))
        self.assertEqual((clash.status, clash.json()['code']), (409, 'id_conflict'))
        # The key is remembered over a restart of the broker.
        self.farm.broker.kill()
        self.farm.restart_broker()
        self.assertEqual(post(request, 'one').json()['id'], answers[0].json()['id'])
        self.assertEqual(post(b' ' + request, 'one').status, 422)

    def test_many_at_once_get_each_its_own_answer(self):
        http = self.start(runners=0)
        self.farm.repo()
        answers = {}

        def post(number):
            request = job(id=f'job-{number}') if number % 10 else job(base={'repo': 'nobody'})
            answers[number] = http.call('POST', '/v1/patches', request)

        threads = [threading.Thread(target=post, args=(number,)) for number in range(150)]
        self.farm.broker.signal(signal.SIGSTOP)  # so that they gather in the relay
        for thread in threads:
            thread.start()
        self.farm.broker.signal(signal.SIGCONT)
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 150)
        for number, answer in answers.items():
            if number % 10:
                self.assertEqual((answer.status, answer.json()['id']), (202, f'job-{number}'))
            else:
                self.assertEqual((answer.status, answer.json()['field']), (422, 'base.repo'))
        self.assertEqual(len(http.get('/v1/patches', query={'limit': 200}).json()['items']), 135)

    def test_prefer_wait_answers_with_the_result(self):
        http = self.start()
        self.farm.repo()
        answer = http.call('POST', '/v1/patches', job(upsert('f', 'x'), ['true']), headers={'Prefer': 'wait=30'})
        self.assertEqual((answer.status, answer.json()['state']), (200, 'SUCCEEDED'))
        self.assertEqual(answer.headers['Preference-Applied'], 'wait=30')
        self.assertEqual(answer.headers['Location'], f'/v1/patches/{answer.json()["id"]}')
        self.assertTrue(answer.json()['result']['treeOid'])
        with Calls() as calls:
            answer = http.call('POST', '/v1/patches', job(gates=[calls.gate('a')], network='host'),
                               headers={'Prefer': 'respond-async, wait=1'})
            self.assertEqual((answer.status, answer.json()['state']), (202, 'LEASED'))
            calls.wait()
            calls.go()
            self.assertEqual(http.wait(answer.json()['id'])['state'], 'SUCCEEDED')

    def test_etag_and_long_poll(self):
        http = self.start()
        self.farm.repo()
        with Calls() as calls:
            one = http.submit(job(gates=[calls.gate('a')], network='host'))
            calls.wait()
            first = http.get(f'/v1/patches/{one}')
            etag = first.headers['ETag']
            same = http.get(f'/v1/patches/{one}', headers={'If-None-Match': etag})
            self.assertEqual((same.status, same.body, same.headers['ETag']), (304, b'', etag))
            # With the tag the poll ends at the next change, which is the cancel; without, at the end.
            polls = {}
            def poll(name, **headers):
                polls[name] = http.get(f'/v1/patches/{one}', query={'wait': 30}, headers=headers)
            threads = [threading.Thread(target=poll, args=('change',), kwargs={'If-None-Match': etag}),
                       threading.Thread(target=poll, args=('end',))]
            for thread in threads:
                thread.start()
            until(lambda: 'ghost_broker_waits 2' in http.get('/metrics').body.decode(), 'both wait')
            self.assertEqual(polls, {})
            http.call('DELETE', f'/v1/patches/{one}')
            for thread in threads:
                thread.join()
        self.assertEqual((polls['change'].status, polls['change'].json()['cancelRequested']), (200, True))
        self.assertNotEqual(polls['change'].headers['ETag'], etag)
        self.assertEqual(polls['end'].json()['state'], 'CANCELLED')
        short = http.get(f'/v1/patches/{one}', query={'wait': 30})
        self.assertEqual(short.json()['state'], 'CANCELLED', 'one that has ended is answered at once')

    def test_lists_are_filtered_and_paged(self):
        http = self.start(runners=0)
        self.farm.repo()
        self.farm.know('other', 'https://example.org/x.git')
        batch = [job(id=f'j{n}', labels={'team': 'core' if n % 2 else 'web', 'n': str(n)},
                     base={'repo': 'other' if n % 5 == 0 else 'r'}, lane='slow' if n % 3 == 0 else 'default')
                 for n in range(30)]
        http.call('POST', '/v1/patches:batch', {'items': batch})
        http.call('DELETE', '/v1/patches/j7')
        def ids(**query):
            found = []
            path, more = '/v1/patches', {**query, 'limit': 7}
            while path:
                page = http.get(path, query=more)
                found += [item['id'] for item in page.json()['items']]
                link = page.headers.get('Link')
                self.assertEqual(bool(link), 'nextCursor' in page.json())
                path, more = (link.split('>')[0][1:] if link else None), None
            return found
        everything = [f'j{n}' for n in reversed(range(30))]
        self.assertEqual(ids(), everything)
        self.assertEqual(ids(label='team=core'), [one for one in everything if int(one[1:]) % 2])
        self.assertEqual(ids(label=['team=core', 'n=5']), ['j5'])
        self.assertEqual(ids(repo='other'), [one for one in everything if int(one[1:]) % 5 == 0])
        self.assertEqual(ids(lane='slow', repo='r'), [one for one in everything
                                                       if int(one[1:]) % 3 == 0 and int(one[1:]) % 5])
        self.assertEqual(ids(state='CANCELLED'), ['j7'])
        self.assertEqual(ids(state='CANCELLED,QUEUED'), everything)
        accepted = http.job('j10')['timestamps']['accepted']
        self.assertEqual(ids(since=accepted)[-1] in everything, True)
        self.assertEqual(ids(until='2020-01-01T00:00:00Z'), [])

    def test_without_a_broker_the_relay_says_so(self):
        http = self.start(runners=0, relay=('--broker-silence-ms', 500, '--broker-timeout-ms', 1500))
        self.farm.repo()
        self.farm.broker.kill()
        until(lambda: http.get('/readyz').status == 503, 'not ready')
        self.assertEqual(http.get('/livez').status, 200)
        answer = http.call('POST', '/v1/patches', job())
        self.assertEqual((answer.status, answer.json()['code'], answer.json()['retryable']), (503, 'unavailable', True))
        self.assertGreater(int(answer.headers['Retry-After']), 0)
        self.assertIn('ghost_relay_broker_up 0', http.get('/metrics').body.decode())
        self.farm.restart_broker()
        self.assertEqual(http.call('POST', '/v1/patches', job()).status, 202)

    def test_without_space_nothing_is_taken(self):
        wanted = 1 << 40
        if shutil.disk_usage(self.scratch).free > wanted:
            self.skipTest('the disk has more free space than can be asked for')
        http = self.start(runners=0, broker=('--reserve-bytes', wanted))
        self.farm.repo()
        answer = http.call('POST', '/v1/patches', job())
        self.assertEqual((answer.status, answer.json()['code'], answer.json()['retryable']), (507, 'storage_full', True))
        self.assertEqual(http.get('/v1/patches').json()['items'], [])


if __name__ == '__main__':
    main()
