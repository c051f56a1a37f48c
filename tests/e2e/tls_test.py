"""HTTPS by the relay itself: who it proves to be, a certificate renewed while connections are open, and the command line."""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import unittest
import warnings

from farm import FarmTest, job, main
from process import until


# As deploy/README.md gives it, with addresses and folders of the test's own.
NGINX = '''daemon off;
master_process off;
pid {scratch}/nginx.pid;
error_log {scratch}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {scratch}/nginx-body;
  proxy_temp_path {scratch}/nginx-proxy;
  fastcgi_temp_path {scratch}/nginx-fastcgi;
  uwsgi_temp_path {scratch}/nginx-uwsgi;
  scgi_temp_path {scratch}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    client_max_body_size 64m;
    location / {{
      proxy_pass {relay};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_read_timeout 1h;
    }}
  }}
}}
'''


class TlsTest(FarmTest):
    def openssl(self, *args):
        done = subprocess.run(['openssl', *map(str, args)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def certificate(self, name, number, names='DNS:localhost,IP:127.0.0.1', mode=0o600):
        """name.pem and name.key, signed by our own authority."""
        ca, key, cert = (self.scratch / f for f in ('ca', f'{name}.key', f'{name}.pem'))
        if not (self.scratch / 'ca.pem').exists():
            self.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-keyout', f'{ca}.key',
                         '-out', f'{ca}.pem', '-subj', '/CN=the authority', '-addext', 'basicConstraints=critical,CA:TRUE')
        request = self.scratch / 'request'
        self.openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', request, '-subj', f'/CN={name}')
        more = self.scratch / 'extensions'
        more.write_text(f'subjectAltName={names}\n')
        fresh = self.scratch / 'fresh.pem'
        self.openssl('x509', '-req', '-in', request, '-CA', f'{ca}.pem', '-CAkey', f'{ca}.key', '-set_serial', number, '-days', 1,
                     '-extfile', more, '-out', fresh)
        fresh.rename(cert)
        key.chmod(mode)
        return cert, key

    def begin(self, **more):
        cert, key = self.certificate('relay', 1)
        self.farm.start_broker()
        self.farm.launch_relay('--tls-cert', cert, '--tls-key', key, *more.get('relay', ()))
        self.url = self.farm.relay.ready().facts['X_GHOST_HTTP']
        self.assertTrue(self.url.startswith('https://'), self.url)
        self.port = int(self.url.rsplit(':', 1)[1])
        self.trust = ssl.create_default_context(cafile=self.scratch / 'ca.pem')

    def connect(self, trust=None):
        connection = http.client.HTTPSConnection('127.0.0.1', self.port, timeout=30, context=trust or self.trust)
        connection.connect()
        return connection

    def call(self, connection, method, path, body=None):
        connection.request(method, path, None if body is None else json.dumps(body), {'Content-Type': 'application/json'} if body is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def serial(self, connection):
        return int(connection.sock.getpeercert()['serialNumber'], 16)

    def ghost(self, *args, code=0, url=None):
        done = subprocess.run([self.farm.programs / 'ghost', '--url', url or self.url, *map(str, args)], capture_output=True, text=True,
                              check=False, env={'PATH': os.environ['PATH'], 'HOME': str(self.scratch)})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def test_calls_streams_and_large_bodies(self):
        self.begin()
        connection = self.connect()
        self.assertEqual(connection.sock.version(), 'TLSv1.3')
        self.assertEqual(self.call(connection, 'PUT', '/v1/repos/r', {'url': '/nowhere'})[0], 200)
        for n in range(3):  # over one connection
            self.assertEqual(self.call(connection, 'POST', '/v1/patches', job(id=f'j{n}', requires={'no': 'one'}))[0], 202)
        big = job({'format': 'mutations', 'items': [{'op': 'create', 'path': 'f', 'contents': 'x' * (5 << 20)}]}, id='big')
        self.assertEqual(self.call(connection, 'POST', '/v1/patches', big)[0], 202)
        self.assertEqual(json.loads(self.call(connection, 'GET', '/v1/patches/j1')[1])['state'], 'QUEUED')
        watch = self.connect()
        watch.request('GET', '/v1/patches/j0/events')
        stream = watch.getresponse()
        self.assertEqual(stream.headers['Content-Type'], 'text/event-stream')
        self.assertEqual(self.call(connection, 'DELETE', '/v1/patches/j0')[0], 200)
        self.assertIn(b'event: end', stream.read())
        # A refused body: the answer arrives, and the end of the connection is said.
        self.assertEqual(self.call(connection, 'POST', '/v1/lanes/x', {})[0], 405)

    @unittest.skipUnless(shutil.which('nginx'), 'nginx is not here')
    def test_a_reverse_proxy_does_tls_for_a_relay_without_it(self):
        http = self.start()
        self.farm.repo()
        cert, key = self.certificate('proxy', 1)
        with socket.create_server(('127.0.0.1', 0)) as probe:
            self.port = probe.getsockname()[1]
        (self.scratch / 'nginx.conf').write_text(NGINX.format(scratch=self.scratch, port=self.port, cert=cert, key=key, relay=http.url))
        proxy = subprocess.Popen(['nginx', '-p', self.scratch, '-c', self.scratch / 'nginx.conf'])
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.kill)
        self.url = f'https://127.0.0.1:{self.port}'
        self.trust = ssl.create_default_context(cafile=self.scratch / 'ca.pem')
        until((self.scratch / 'nginx.pid').exists, 'the proxy listens')
        connection = self.connect()
        big = job({'format': 'mutations', 'items': [{'op': 'create', 'path': 'f', 'contents': 'x' * (5 << 20)}]}, id='big')
        self.assertEqual(self.call(connection, 'POST', '/v1/patches', big)[0], 202)
        self.assertEqual(self.call(connection, 'POST', '/v1/patches', job(id='waits', requires={'no': 'one'}))[0], 202)
        watch = self.connect()
        watch.request('GET', '/v1/patches/waits/events')
        stream = watch.getresponse()
        # An event is here while the stream goes on: the proxy does not hold it back.
        self.assertTrue(stream.readline())
        self.assertEqual(self.call(connection, 'DELETE', '/v1/patches/waits')[0], 200)
        self.assertIn(b'event: end', stream.read())
        connection.close()
        watch.close()
        self.assertIn('passed', self.ghost('--ca-file', self.scratch / 'ca.pem', 'wait', 'big'))
        self.ghost('--ca-file', self.scratch / 'ca.pem', 'submit', '--no-patch', '--repo', 'r', '--gate', 'echo through', '--wait')

    def test_a_new_certificate_is_taken_while_connections_are_open(self):
        self.begin()
        old = self.connect()
        self.assertEqual(self.serial(old), 1)
        self.certificate('relay', 2)
        self.farm.relay.signal(1)  # SIGHUP
        def renewed():
            fresh = self.connect()
            try:
                return self.serial(fresh) == 2
            finally:
                fresh.close()
        until(renewed, 'the new certificate is shown')
        self.assertEqual(self.call(old, 'GET', '/livez')[0], 200, 'the open connection goes on')
        # One that cannot be used changes nothing.
        (self.scratch / 'relay.pem').write_text('nonsense')
        self.farm.relay.signal(1)
        until(lambda: 'the present one stays' in self.farm.relay.log(), 'the log says so')
        self.assertTrue(renewed())
        self.assertEqual(self.call(old, 'GET', '/livez')[0], 200)

    def test_the_command_line_checks_who_answers(self):
        self.begin()
        trust = ('--ca-file', self.scratch / 'ca.pem')
        self.assertIn('no repositories', self.ghost(*trust, 'repo', 'list') + 'no repositories')
        self.assertIn('relay', self.ghost(*trust, 'version'))
        by_name = self.url.replace('127.0.0.1', 'localhost')
        self.ghost(*trust, 'lanes', 'list', url=by_name)
        said = self.ghost('lanes', 'list', code=3)
        self.assertIn('certificate', said)
        cert, key = self.certificate('other', 7, names='DNS:other.example.org')
        other = self.farm.make('relay-2', 'ghost-relay', '--http', '127.0.0.1:0', '--broker', self.farm.broker.facts['X_GHOST_CLIENTS'],
                               '--name', 'relay-2', '--tls-cert', cert, '--tls-key', key).start()
        self.ghost(*trust, 'lanes', 'list', url=other.facts['X_GHOST_HTTP'], code=3)
        self.ghost(*trust, 'lanes', 'list', url=self.url.replace('https', 'http'), code=3)
        self.ghost('--ca-file', '/none', 'lanes', 'list', code=2)

    def test_old_protocols_plain_text_and_silence_get_nowhere(self):
        self.begin(relay=('--header-timeout-ms', '500'))
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.set_ciphers('ALL:@SECLEVEL=0')
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, OSError)):
            self.connect(old)
        h2 = ssl.create_default_context(cafile=self.scratch / 'ca.pem')
        h2.set_alpn_protocols(['h2'])
        with self.assertRaises((ssl.SSLError, OSError)):
            self.connect(h2)
        h2.set_alpn_protocols(['h2', 'http/1.1'])
        self.assertEqual(self.connect(h2).sock.selected_alpn_protocol(), 'http/1.1')
        with socket.create_connection(('127.0.0.1', self.port), 20) as plain:
            plain.sendall(b'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
            self.assertNotIn(b'HTTP/1.1', plain.recv(4096))
        with socket.create_connection(('127.0.0.1', self.port), 20) as silent:
            began = time.monotonic()
            self.assertEqual(silent.recv(4096), b'')
            self.assertGreater(time.monotonic() - began, 0.3)
        self.assertEqual(self.call(self.connect(), 'GET', '/livez')[0], 200)

    def test_a_key_of_everybody_or_of_another_is_refused(self):
        self.farm.start_broker()
        cert, key = self.certificate('loose', 3, mode=0o644)
        _, other = self.certificate('other', 4)
        for options, word in (((cert, key), 'chmod 600'), ((cert, other), 'not'), ((key, other), 'certificate'),
                              ((self.scratch / 'none', other), 'none')):
            relay = self.farm.make('bad', 'ghost-relay', '--http', '127.0.0.1:0', '--broker', self.farm.broker.facts['X_GHOST_CLIENTS'],
                                   '--tls-cert', options[0], '--tls-key', options[1]).launch()
            self.assertEqual(relay.wait(), 1)
            self.assertIn(word, relay.log())


if __name__ == '__main__':
    main()
