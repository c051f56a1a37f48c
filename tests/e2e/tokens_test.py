"""Bearer tokens, their scopes and tenants: through real relays, and as `ghost token` makes them on the broker's host."""
import collections
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from farm import FarmTest, Http, job, main
from process import until

# Route by route, what it asks for; read is what is left.
SCOPES = {
    'submit': {('POST', '/v1/patches'), ('POST', '/v1/patches:batch'), ('DELETE', '/v1/patches/x'),
               ('POST', '/v1/patches/x/retry')},
    'operate': {('PUT', '/v1/registry/s/i'), ('DELETE', '/v1/registry/s/i'), ('PATCH', '/v1/runners/x'),
                ('POST', '/v1/runners/x/drain'), ('DELETE', '/v1/runners/x/drain'), ('PUT', '/v1/repos/x'),
                ('DELETE', '/v1/repos/x'), ('PATCH', '/v1/lanes/x'), ('GET', '/v1/audit')},
    'admin': {('GET', '/v1/keys'), ('PUT', '/v1/keys/x'), ('DELETE', '/v1/keys/x'), ('GET', '/v1/tokens'),
              ('POST', '/v1/tokens'), ('DELETE', '/v1/tokens/x'), ('GET', '/v1/tenants'), ('PATCH', '/v1/tenants/x'),
              ('GET', '/v1/backup'), ('POST', '/v1/backup')},
    'read': {('GET', path) for path in (
        '/v1/patches', '/v1/patches/x', '/v1/patches/x/events', '/v1/patches/x/log', '/v1/patches/x/diff',
        '/v1/patches/x/mbox', '/v1/patches/x/artifacts', '/v1/patches/x/artifacts/f', '/v1/registry',
        '/v1/registry/s', '/v1/registry/s/next', '/v1/registry/s/i', '/v1/runners', '/v1/runners/x', '/v1/repos',
        '/v1/repos/x', '/v1/lanes', '/v1/lanes/x', '/v1/demand', '/v1/limits', '/metrics', '/')},
}
OPEN = ('/livez', '/readyz', '/openapi.json')


class TokensTest(FarmTest):
    def begin(self, **more):
        """A farm whose first token was made before it ran."""
        self.keys = self.scratch / 'broker' / 'keys'
        self.admin = self.ghost('token', 'create', 'root', '--scope', 'admin', '--keys', self.keys).strip()
        http = self.start(runners=more.pop('runners', 0), **more)
        http.token = self.admin
        return http

    def ghost(self, *args, code=0):
        done = subprocess.run([self.farm.programs / 'ghost', *map(str, args)], capture_output=True, text=True, check=False,
                              env={'PATH': os.environ['PATH'], 'HOME': str(self.scratch)})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def token(self, name, *scopes, tenant='default', **more):
        answer = self.http.call('POST', '/v1/tokens', {'name': name, 'tenant': tenant, 'scopes': list(scopes), **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()['token']

    def as_(self, token):
        return Http(self.http.url, token)

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.json()['code']), (status, code), answer)
        return answer

    def test_each_call_asks_for_its_scope(self):
        self.begin()
        table = (self.farm.programs / '..' / '..' / '..' / 'src/relay/routes.cc').resolve()
        clients = {scope: self.as_(self.token(scope, scope)) for scope in SCOPES}
        for wanted, calls in SCOPES.items():
            for method, path in sorted(calls):
                for scope, client in clients.items():
                    answer = client.call(method, path)
                    with self.subTest(call=f'{method} {path}', scope=scope):
                        if scope in (wanted, 'admin'):
                            self.assertNotIn(answer.status, (401, 403), answer)
                        else:
                            self.assertEqual(self.refused(answer, 403, 'forbidden').json()['detail'],
                                             'the token does not allow this')
                self.refused(self.as_(None).call(method, path), 401, 'unauthorized')
        for path in OPEN:
            self.assertEqual(self.as_(None).get(path).status, 200)
        if table.exists():  # nothing was forgotten above
            known = {(m, re.sub(r'/(x|s|i|f)(?=/|$)', '/{}', p)) for calls in SCOPES.values() for m, p in calls}
            served = {(m, '/' + p.replace('**', '{}')) for m, p in re.findall(r'\{"([A-Z]+)", "([^"]*)", ', table.read_text())}
            self.assertEqual(served - {('GET', path) for path in OPEN}, known)
        log = self.farm.relay.log()
        self.assertIn('scope operate is not the token', log)

    def test_wrong_tokens_learn_nothing_and_the_log_knows_why(self):
        http = self.begin()
        known = self.token('known', 'read')
        wrong_secret = known[:-1] + ('0' if known[-1] != '0' else '1')
        expired = self.ghost('token', 'create', 'short', '--expires', '1ms', '--keys', self.keys).strip()
        gone = self.token('gone', 'read')
        http.call('DELETE', '/v1/tokens/gone')
        until(lambda: self.as_(gone).get('/v1/repos').status == 401, 'the revoked token is refused')
        bodies = set()
        for authorization in (None, 'Bearer', 'Bearer ', 'Basic ' + known, 'Bearer x', f'Bearer {known} {known}',
                              'Bearer ' + wrong_secret, 'Bearer ' + expired, 'Bearer ' + gone,
                              'Bearer ' + known[:6] + 'f' * 16 + known[22:]):
            answer = self.as_(None).get('/v1/repos', headers={'Authorization': authorization} if authorization else {})
            self.refused(answer, 401, 'unauthorized')
            self.assertTrue(answer.headers['WWW-Authenticate'].startswith('Bearer'))
            bodies.add(answer.body)
        self.assertEqual(len(bodies), 1, 'each wrong token gets the same answer')
        log = self.farm.relay.log()
        for reason in ('no_token', 'no_such_token', 'wrong_secret'):
            self.assertIn(reason, log)
        for token in (known, wrong_secret, expired, gone, self.admin):
            for process in self.farm.all:
                self.assertNotIn(token[-40:], process.log())
        self.assertEqual(self.as_(known).get('/v1/repos').status, 200)
        metrics = http.get('/metrics').body.decode()
        self.assertIn('ghost_relay_calls_refused_total{reason="wrong_secret"}', metrics)

    def test_a_revoked_token_is_refused_by_every_relay_within_a_moment(self):
        http = self.begin()
        second = self.farm.make('relay-2', 'ghost-relay', '--http', '127.0.0.1:0', '--broker',
                                self.farm.broker.facts['X_GHOST_CLIENTS'], '--name', 'relay-2').start()
        for how in ('call', 'file'):
            token = self.token('ci-' + how, 'read')
            relays = [self.as_(token), Http(second.facts['X_GHOST_HTTP'], token)]
            for relay in relays:
                self.assertEqual(relay.get('/v1/repos').status, 200)
            # A stream that goes on is ended too.
            self.farm.know('r', '/nowhere')
            http.call('POST', '/v1/patches', job(id='stream-' + how, requires={'no': 'such'}))
            connection, stream = relays[0].open('GET', f'/v1/patches/stream-{how}/events')
            self.assertEqual(stream.status, 200)
            began = time.monotonic()
            if how == 'call':
                http.call('DELETE', '/v1/tokens/ci-call')
            else:
                self.ghost('token', 'revoke', 'ci-file', '--keys', self.keys)
            for relay in relays:
                until(lambda r=relay: self.is_refused(r), 'the token is refused')
            try:
                while stream.read(4096):
                    pass
            except (OSError, ValueError, Exception):  # cut in the middle, which it may be
                pass
            connection.close()
            self.assertLess(time.monotonic() - began, 10, 'a second is promised; the machine may be busy')

    @staticmethod
    def is_refused(relay):
        try:
            return relay.get('/v1/repos').status == 401
        except http.client.RemoteDisconnected:
            return False  # the end of the token cut this very call

    def test_expiry_ends_a_token_by_itself(self):
        self.begin()
        at = time.time() + 1.5
        token = self.token('short', 'read', expiresAt=time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at)) + f'.{int(at % 1 * 1000):03}Z')
        self.assertEqual(self.as_(token).get('/v1/repos').status, 200)
        until(lambda: self.as_(token).get('/v1/repos').status == 401, 'the token has expired')
        self.assertGreaterEqual(time.time(), at - 0.01)
        self.refused(self.http.call('POST', '/v1/tokens', {'name': 'x', 'scopes': ['read'], 'expiresAt': '2020-01-01T00:00:00Z'}),
                     400, 'bad_field')

    def test_the_first_token_of_a_farm_closes_it(self):
        http = self.start(runners=0)
        self.assertEqual(http.get('/v1/repos').status, 200)
        token = self.token('root', 'admin')
        until(lambda: http.get('/v1/repos').status == 401, 'calls need a token')
        listed = self.as_(token).get('/v1/tokens')
        self.assertEqual([t['name'] for t in listed.json()['items']], ['root'])
        self.assertNotIn(b'sha256', listed.body)
        self.assertEqual(self.as_(token).get('/v1/audit').json()['items'][0]['action'], 'token_put')

    def test_a_relay_opens_beyond_loopback_only_to_a_farm_with_tokens(self):
        self.start(runners=0)
        with socket.create_server(('0.0.0.0', 0)) as probe:
            port = probe.getsockname()[1]
        options = ('--http', f'0.0.0.0:{port}', '--broker', self.farm.broker.facts['X_GHOST_CLIENTS'])
        closed = self.farm.make('closed', 'ghost-relay', *options).launch()
        self.assertEqual(closed.wait(), 1)
        self.assertIn('ghost token create', closed.log())
        with self.assertRaises(OSError):
            socket.create_connection(('127.0.0.1', port), 1)
        token = self.token('root', 'admin')
        opened = self.farm.make('opened', 'ghost-relay', *options).start()
        address = opened.facts['X_GHOST_HTTP'].replace('0.0.0.0', '127.0.0.1')
        self.refused(Http(address).get('/v1/repos'), 401, 'unauthorized')
        self.assertEqual(Http(address, token).get('/v1/repos').status, 200)
        # Even when the book is lost, the relay that others reach stays closed.
        (self.scratch / 'broker' / 'keys' / 'tokens').unlink()
        until(lambda: self.http.get('/v1/repos').status == 200, 'the farm has no tokens')
        self.refused(Http(address).get('/v1/repos'), 401, 'unauthorized')

    def test_what_was_known_holds_while_the_broker_is_away(self):
        http = self.begin()
        self.assertEqual(http.get('/v1/repos').status, 200)
        self.farm.broker.kill()
        until(lambda: self.http.get('/readyz').status == 503, 'the relay misses the broker')
        self.assertIn('ghost_relay_broker_up 0', http.get('/metrics').body.decode())
        self.refused(self.as_(None).get('/metrics'), 401, 'unauthorized')
        self.refused(self.as_(self.admin[:-1] + 'x').get('/metrics'), 401, 'unauthorized')
        self.farm.broker.start()
        until(lambda: http.get('/v1/repos').status == 200, 'the broker is back')

    def test_calls_that_come_all_at_once_wait_for_one_answer(self):
        self.begin()
        fresh = self.farm.make('relay-2', 'ghost-relay', '--http', '127.0.0.1:0', '--broker',
                               self.farm.broker.facts['X_GHOST_CLIENTS'], '--name', 'relay-2').start()
        host, port = fresh.facts['X_GHOST_HTTP'].removeprefix('http://').split(':')
        head = f'GET /v1/repos HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {self.admin}\r\n\r\n'.encode()
        self.farm.broker.signal(signal.SIGSTOP)
        calls = [socket.create_connection((host, int(port)), 30) for _ in range(600)]
        for call in calls:
            call.sendall(head)
        self.farm.broker.signal(signal.SIGCONT)
        answers = collections.Counter()
        for call in calls:
            answers[call.makefile('rb').readline()] += 1
            call.close()
        self.assertEqual(answers, {b'HTTP/1.1 200 OK\r\n': 600})

    def test_another_tenants_job_is_one_that_never_was(self):
        http = self.begin(runners=1)
        self.farm.repo()
        blue = self.as_(self.token('blue', 'submit', 'read', tenant='blue'))
        red = self.as_(self.token('red', 'submit', 'read', tenant='red'))
        body = job({'format': 'mutations', 'items': [{'op': 'create', 'path': 'out.txt', 'contents': 'x\n'}]},
                   ['cat out.txt'], id='the-job', artifacts=['out.txt'])
        self.assertEqual(blue.run(body)['state'], 'SUCCEEDED')
        calls = [('GET', path) for path in ('', '?wait=5', '/events', '/log', '/diff', '/mbox', '/artifacts',
                                            '/artifacts/out.txt')] + [('DELETE', ''), ('POST', '/retry')]
        for method, rest in calls:
            with self.subTest(call=f'{method} {rest}'):
                theirs = red.call(method, '/v1/patches/the-job' + rest)
                nobodys = red.call(method, '/v1/patches/no-such' + rest)
                self.refused(theirs, 404, 'not_found')
                self.assertEqual(theirs.body.replace(b'the-job', b'no-such'), nobodys.body)
                strip = lambda a: sorted((k, v) for k, v in a.headers.items() if k not in ('Date', 'Content-Length'))
                self.assertEqual(strip(theirs), strip(nobodys))
        self.assertEqual(red.get('/v1/patches').json()['items'], [])
        self.assertEqual(http.get('/v1/patches').json()['items'], [], 'an admin is of a tenant too')
        self.assertEqual([j['id'] for j in blue.get('/v1/patches').json()['items']], ['the-job'])
        for field in ({'dependsOn': ['the-job']}, {'base': {'job': 'the-job'}}):
            self.refused(red.call('POST', '/v1/patches', {**job(), **field}), 422, 'unknown_dependency')
        # The same id and the same key are another job's.
        self.assertEqual(red.call('POST', '/v1/patches', body).status, 202)
        key = {'Idempotency-Key': 'k'}
        first = blue.call('POST', '/v1/patches', job(), headers=key).json()['id']
        second = red.call('POST', '/v1/patches', job(priority=5), headers=key)
        self.assertEqual(second.status, 202, second)
        self.assertNotEqual(second.json()['id'], first)
        self.assertEqual(red.job('the-job')['tenant'], 'red')
        self.assertEqual(blue.call('DELETE', '/v1/patches/the-job').status, 409)

    def test_a_tenant_keeps_to_its_limits_and_is_told_of_them(self):
        http = self.begin()
        self.farm.know('r', '/nowhere')
        blue = self.as_(self.token('blue', 'submit', 'read', tenant='blue'))
        red = self.as_(self.token('red', 'submit', 'read', tenant='red'))
        self.ghost('tenant', 'set', 'blue', '--in-flight', 2, '--payload-bytes', 2000, '--rate', 8, '--keys', self.keys)
        told = until(lambda: (a := blue.get('/v1/repos')).headers.get('RateLimit-Limit') and a, 'the limit is known')
        self.assertEqual(told.headers['RateLimit-Limit'], '8')
        left = int(told.headers['RateLimit-Remaining'])
        self.assertLess(left, 8)
        self.assertGreater(int(told.headers['RateLimit-Reset']), 0)
        post = lambda client, **more: client.call('POST', '/v1/patches', job(**more))
        self.assertEqual(post(blue).status, 202)
        self.assertEqual(int(post(blue).headers['RateLimit-Remaining']), left - 2)
        full = self.refused(post(blue), 429, 'quota_exceeded')
        self.assertGreaterEqual(int(full.headers['Retry-After']), 1)
        self.assertTrue(full.json()['retryable'])
        self.refused(post(blue, description='x' * 3000), 413, 'payload_quota')
        slow = until(lambda: (a := blue.get('/v1/repos')).status == 429 and a, 'the rate is used up')
        self.refused(slow, 429, 'rate_limited')
        self.assertEqual(slow.headers['RateLimit-Remaining'], '0')
        self.assertLessEqual(1, int(slow.headers['Retry-After']))
        self.assertLessEqual(int(slow.headers['Retry-After']), 8)
        for _ in range(12):
            self.assertEqual(post(red).status, 202)
        self.assertNotIn('RateLimit-Limit', red.get('/v1/repos').headers)
        tenants = {t['name']: t for t in http.get('/v1/tenants').json()['items']}
        self.assertEqual((tenants['blue']['unfinished'], tenants['red']['unfinished']), (2, 12))
        log = self.farm.relay.log()
        self.assertIn('the tenant has 2 unfinished jobs and may have 2', log)
        self.assertIn('more than 8 calls a minute', log)
        self.assertEqual(http.call('PATCH', '/v1/tenants/blue', {'rate': 0, 'inFlight': 0, 'payloadBytes': 0}).status, 200)
        until(lambda: post(blue, description='x' * 3000).status == 202, 'the limits are gone')

    def test_the_command_line_makes_lists_and_revokes(self):
        http = self.begin()
        here = ('--url', http.url, '--token', '@' + str(self.scratch / 'root'))
        (self.scratch / 'root').write_text(self.admin + '\n')
        made = self.ghost(*here, 'token', 'create', 'ci', '--tenant', 'blue', '--scope', 'submit,read', '--expires', '90d').strip()
        self.assertRegex(made, r'^ghost_[0-9a-f]{16}_[0-9a-f]{48}$')
        self.assertEqual(self.as_(made).get('/v1/repos').status, 200)
        table = self.ghost(*here, 'token', 'list')
        self.assertRegex(table, r'ci +blue +submit,read +good')
        self.assertNotIn(made[-20:], table)
        self.assertIn('revoked', self.ghost(*here, 'token', 'revoke', 'ci'))
        self.assertRegex(self.ghost(*here, 'token', 'list'), r'ci +blue +submit,read +revoked')
        self.ghost(*here, 'tenant', 'set', 'blue', '--in-flight', '5')
        self.assertRegex(self.ghost(*here, 'tenant', 'list'), r'blue +0 +5 +- +-')
        self.ghost(*here, 'token', 'create', 'x', '--scope', 'fly', code=2)
        self.ghost(*here, 'token', 'create', '-x', code=2)
        self.ghost('token', 'create', 'root', '--keys', self.keys, code=1)


if __name__ == '__main__':
    main()
