#!/usr/bin/python3
"""A real relay before a real broker under what careless and hostile clients send: each gets an answer that names
what is wrong, and the relay is the same process afterwards. Usage: http_test.py BROKER RELAY"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

JOB = '{"base":{"repo":"r"},"patch":{"format":"none"}}'
HOST = 'Host: x\r\n'
JSON_TYPE = 'Content-Type: application/json\r\n'


def start(program, *options):
    """The process, and what it tells of itself once it is ready."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(folder + '/notify')
        notify.settimeout(30)
        env = {k: v for k, v in os.environ.items() if not k.startswith('GHOST_')}
        process = subprocess.Popen([program, *options], env=env | {'NOTIFY_SOCKET': folder + '/notify'},
                                   stderr=subprocess.DEVNULL)
        while True:
            said = dict(line.split('=', 1) for line in notify.recv(4096).decode().splitlines() if '=' in line)
            if said.get('READY') == '1':
                return process, said


class RelayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix='ghost-relay-test-')
        cls.broker, said = start(BROKER, '--data', cls.dir + '/data', '--clients', 'tcp://127.0.0.1:0',
                                 '--runners', 'tcp://127.0.0.1:0')
        cls.relay, told = start(RELAY, '--http', '127.0.0.1:0', '--broker', said['X_GHOST_CLIENTS'],
                                '--header-timeout-ms', '300', '--body-timeout-ms', '300')
        host, port = told['X_GHOST_HTTP'].split('//')[1].split(':')
        cls.address = (host, int(port))
        answer = cls.exchange(cls, f'PUT /v1/repos/r HTTP/1.1\r\n{HOST}{JSON_TYPE}Connection: close\r\n'
                              'Content-Length: 15\r\n\r\n{"url":"/none"}')
        assert answer.startswith(b'HTTP/1.1 200') or answer.startswith(b'HTTP/1.1 201'), answer

    @classmethod
    def tearDownClass(cls):
        codes = []
        for process in (cls.relay, cls.broker):
            process.send_signal(signal.SIGTERM)
            codes.append(process.wait(20))
        shutil.rmtree(cls.dir)
        assert codes == [0, 0], codes

    def tearDown(self):
        self.assertIsNone(self.relay.poll(), 'the relay ended')

    def exchange(self, data, end=True):
        """Sends bytes and gives all that comes back until the relay closes, or says nothing for 5 s."""
        with socket.create_connection(self.address) as s:
            s.settimeout(5)
            try:
                s.sendall(data if isinstance(data, bytes) else data.encode())
                if end:
                    s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while we were still sending
            out = b''
            try:
                while piece := s.recv(65536):
                    out += piece
            except ConnectionResetError:
                pass
            return out

    def refused(self, data, status, code, end=True):
        answer = self.exchange(data, end)
        self.assertTrue(answer.startswith(f'HTTP/1.1 {status} '.encode()), answer[:200])
        head, body = answer.split(b'\r\n\r\n', 1)
        self.assertIn(b'Content-Type: application/problem+json', head)
        problem = json.loads(body)
        self.assertEqual((problem['status'], problem['code']), (status, code))
        self.assertTrue(problem['detail'])
        return problem

    def post(self, body, headers=JSON_TYPE, path='/v1/patches'):
        body = body if isinstance(body, bytes) else body.encode()
        return (f'POST {path} HTTP/1.1\r\n{HOST}{headers}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n'
                .encode() + body)

    def test_broken_bodies(self):
        chunked = f'POST /v1/patches HTTP/1.1\r\n{HOST}{JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n'
        for broken in ('zz\r\n', '-1\r\n', '5;x\r\nabc\r\n0\r\n\r\n', 'fffffffffffffffffff\r\n'):
            for _ in range(5):
                self.refused(chunked + broken, 400, 'bad_request', end=False)
        self.refused(chunked + 'fffffffffff\r\n', 413, 'too_large', end=False)
        self.assertEqual(self.exchange(chunked + '5\r\nab'), b'')
        self.refused(f'POST /v1/patches HTTP/1.1\r\n{HOST}{JSON_TYPE}Content-Length: 999999999\r\n\r\n', 413,
                     'too_large', end=False)

    def test_slow_clients(self):
        self.refused('GET /livez HTTP/1.1\r\nHost:', 408, 'request_timeout', end=False)
        self.refused(f'POST /v1/patches HTTP/1.1\r\n{HOST}{JSON_TYPE}Content-Length: 90\r\n\r\n{{', 408,
                     'request_timeout', end=False)

    def test_broken_heads(self):
        for head in ('GET /livez HTTP/1.1\r\n\r\n', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
                     'GET /livez HTTP/1.1\nHost: x\n\n', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n',
                     f'GET /livez HTTP/1.1\r\n{HOST}X : a\r\n\r\n', f'GET /livez HTTP/1.1\r\n{HOST} folded: a\r\n\r\n',
                     f'POST /v1/patches HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
                     f'POST /v1/patches HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx',
                     f'POST /v1/patches HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx'):
            self.refused(head, 400, 'bad_request')
        self.refused(f'GET /{"a" * 40000} HTTP/1.1\r\n{HOST}\r\n', 431, 'header_too_large')
        self.refused(f'POST /v1/patches HTTP/1.1\r\n{HOST}{JSON_TYPE}Expect: magic\r\nContent-Length: 1\r\n\r\n', 417,
                     'expectation_failed')

    def test_http_as_clients_speak_it(self):
        self.assertTrue(self.exchange('GET /livez HTTP/1.0\r\n\r\n').endswith(b'ok\n'))
        self.assertEqual(self.exchange(f'GET /livez HTTP/1.1\r\n{HOST}\r\n' * 3).count(b'HTTP/1.1 200'), 3)
        answer = self.exchange(f'HEAD /v1/patches HTTP/1.1\r\n{HOST}\r\n')
        self.assertTrue(answer.startswith(b'HTTP/1.1 200') and answer.endswith(b'\r\n\r\n'), answer)
        with socket.create_connection(self.address) as s:
            s.settimeout(5)
            s.sendall(f'POST /v1/patches HTTP/1.1\r\n{HOST}{JSON_TYPE}Expect: 100-continue\r\nConnection: close\r\n'
                      f'Content-Length: {len(JOB)}\r\n\r\n'.encode())
            self.assertEqual(s.recv(100), b'HTTP/1.1 100 Continue\r\n\r\n')
            s.sendall(JOB.encode())
            self.assertTrue(s.recv(4096).startswith(b'HTTP/1.1 202 '))

    def test_limits_are_told(self):
        answer = self.exchange(f'GET /v1/limits HTTP/1.1\r\n{HOST}\r\n')
        limits = json.loads(answer.split(b'\r\n\r\n', 1)[1])
        self.assertEqual(set(limits), {'request', 'relay', 'broker', 'runner'})
        self.assertEqual(limits['request'], {'gate-timeout-ms': 600000, 'max-attempts': 3})
        self.assertEqual(limits['relay']['header-timeout-ms'], 300)
        self.assertEqual(limits['broker']['lease-ms'], 15000)
        self.assertEqual(limits['runner'], {}, 'there is none')

    def test_errors_name_the_field(self):
        def job(text):
            return self.post(JOB[:-1] + ',' + text + '}')
        for text, detail in (
                ('"gates":[{"name":"a","run":"x"},{"name":"b","run":"x"},{"name":"c","run":"x","timeoutMs":"soon"}]',
                 'gates[2].timeoutMs: expected a positive integer, got "soon"'),
                ('"gates":[{"name":"a","run":"x","run":"y"}]', 'gates[0].run: stands twice'),
                ('"gates":[{"name":"a","run":"a\\u0000b"}]', 'gates[0].run: must not hold NUL'),
                ('"gates":[{"name":"a","run":"x","timeoutMs":1.5}]',
                 'gates[0].timeoutMs: expected a positive integer, got 1.5'),
                ('"schemaVersion":2', 'schemaVersion: expected 1, got 2'),
                ('"onSuccess":{"branch":"a b","push":true}',
                 'onSuccess.branch: expected the name of a branch, got "a b"'),
                ('"labels":{"a":3}', 'labels.a: expected a string, got 3')):
            self.assertEqual(self.refused(job(text), 400, 'bad_field')['detail'], detail)
        for number in ('1e3', '1000.0', '1000'):
            answer = self.exchange(job(f'"gates":[{{"name":"a","run":"x","timeoutMs":{number}}}]'))
            self.assertTrue(answer.startswith(b'HTTP/1.1 202 '), answer)
        self.refused(self.post('[' * 200000), 400, 'bad_json')
        self.refused(self.post(b'{"base":"\xff"}'), 400, 'bad_json')
        self.refused(self.post('{}', 'Content-Type: text/plain\r\n'), 415, 'unsupported_media_type')
        self.assertEqual(self.refused(self.post(JOB.replace('"r"', '"nope"')), 422, 'unknown_repo')['field'],
                         'base.repo')


if __name__ == '__main__':
    RELAY, BROKER = os.path.abspath(sys.argv.pop(2)), os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
