#!/usr/bin/python3
"""Requests whose end two readers could see at different places (request smuggling), and other forms that no honest
client sends. Each goes to a real relay with a second request behind it: none may be accepted, and what stands behind must
never be answered. Usage: forged_test.py BROKER RELAY"""
import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import unittest

from http_test import start

BODY = b'{"base":{"repo":"r"},"patch":{"format":"none"}}'
SIZE = str(len(BODY)).encode()
SECOND = b'GET /livez HTTP/1.1\r\nHost: x\r\nX-Second: 1\r\n\r\n'
LINE = b'POST /v1/patches HTTP/1.1\r\n'
HOST = b'Host: x\r\n'
TYPE = b'Content-Type: application/json\r\n'
LENGTH = b'Content-Length: ' + SIZE + b'\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'
IN_CHUNKS = b'%x\r\n' % len(BODY) + BODY + b'\r\n0\r\n\r\n'


def post(headers, body=BODY, line=LINE, host=HOST):
    return line + host + TYPE + headers + b'\r\n' + body


def forged():
    """Name and bytes of each."""
    # Where the body ends: lengths.
    for value in (b'', b' ', b'+' + SIZE, b'-' + SIZE, b'0x2f', SIZE + b'.0', SIZE + b';', SIZE + b' ' + SIZE,
                  SIZE + b',' + SIZE, SIZE + b', ' + SIZE, b',' + SIZE, b'"' + SIZE + b'"', b'4e1', b'9' * 20, b'9' * 400,
                  b'18446744073709551663', SIZE + b'\x0b', b'\x0c' + SIZE, '４７'.encode(), b'\xb2', b'4 7', b'1_0'):
        yield 'length', post(b'Content-Length: ' + value + b'\r\n')
    yield 'length twice', post(LENGTH + LENGTH)
    yield 'two lengths', post(LENGTH + b'Content-Length: 0\r\n')
    yield 'two lengths', post(b'Content-Length: 0\r\n' + LENGTH)
    yield 'length in other letters twice', post(LENGTH + LENGTH.lower())
    yield 'length with a blank before the colon', post(LENGTH.replace(b':', b' :'))
    yield 'length with a tab before the colon', post(LENGTH.replace(b':', b'\t:'))
    yield 'folded length', post(b'Content-Length:\r\n ' + SIZE + b'\r\n')
    yield 'length folded further', post(b'Content-Length: 4\r\n 7\r\n')
    # Where the body ends: encodings.
    for value in (b'gzip', b'deflate', b'identity', b'', b'chunked, gzip', b'gzip, chunked', b'chunked, chunked',
                  b'chunked,', b',chunked', b'xchunked', b'chunkedx', b'"chunked"', b'chunked;q=1', b'chunked\x0b',
                  b'\x0bchunked', b'chunked\x00', b'chun ked', b'chunked identity', b"'chunked'", 'ｃhunked'.encode()):
        yield 'encoding', post(b'Transfer-Encoding: ' + value + b'\r\n', IN_CHUNKS)
        yield 'encoding and length', post(b'Transfer-Encoding: ' + value + b'\r\n' + LENGTH)
    yield 'chunked and length', post(CHUNKED + LENGTH, IN_CHUNKS)
    yield 'length and chunked', post(LENGTH + CHUNKED, IN_CHUNKS)
    yield 'chunked twice', post(CHUNKED + CHUNKED, IN_CHUNKS)
    yield 'chunked and identity', post(CHUNKED + b'Transfer-Encoding: identity\r\n', IN_CHUNKS)
    yield 'chunked, blank before the colon', post(CHUNKED.replace(b':', b' :'), IN_CHUNKS)
    yield 'folded encoding', post(b'Transfer-Encoding:\r\n chunked\r\n', IN_CHUNKS)
    yield 'encoding folded further', post(b'Transfer-Encoding: chunked\r\n , identity\r\n', IN_CHUNKS)
    yield 'chunked in HTTP/1.0', post(CHUNKED, IN_CHUNKS, line=LINE.replace(b'1.1', b'1.0'))
    yield 'gzip and length in HTTP/1.0', post(b'Transfer-Encoding: gzip\r\n' + LENGTH, line=LINE.replace(b'1.1', b'1.0'))
    # Chunks.
    for size in (b'0x2f', b'+2f', b'-2f', b' 2f', b'2f ', b'2g', b'', b'2f\x00', b'2f\n', b'\t2f', b'fffffffffffffffff', b'2f;a\x00'):
        yield 'chunk size', post(CHUNKED, size + b'\r\n' + BODY + b'\r\n0\r\n\r\n')
    yield 'chunk longer than told', post(CHUNKED, b'5\r\n' + BODY + b'\r\n0\r\n\r\n')
    yield 'chunk shorter than told', post(CHUNKED, b'50\r\n' + BODY + b'\r\n0\r\n\r\n')
    yield 'chunk without an end', post(CHUNKED, b'%x\r\n' % len(BODY) + BODY + b'0\r\n\r\n')
    yield 'chunk ended by LF', post(CHUNKED, b'%x\r\n' % len(BODY) + BODY + b'\n0\r\n\r\n')
    yield 'chunk size ended by LF', post(CHUNKED, b'%x\n' % len(BODY) + BODY + b'\r\n0\r\n\r\n')
    # Whose request it is.
    for host in (b'', HOST + HOST, HOST + b'Host: y\r\n', b'Host:\r\n', b'Host: x y\r\n', b'Host: x/y\r\n', b'Host: u@x\r\n',
                 b'Host: x,y\r\n', b'Host: x\r\nhost: x\r\n', b'Host : x\r\n', b' Host: x\r\n', b'Host: x\r\n y\r\n',
                 b'Host: x\x00\r\n', b'Host: x?y\r\n', b'Host: \xff\r\n'):
        yield 'host', post(LENGTH, host=host)
    yield 'target of another host', post(LENGTH, line=b'POST http://y/v1/patches HTTP/1.1\r\n')
    yield 'target of another scheme', post(LENGTH, line=b'POST ftp://x/v1/patches HTTP/1.1\r\n')
    # Lines.
    yield 'lines ended by LF', post(LENGTH).replace(b'\r\n', b'\n')
    yield 'lines ended by CR', post(LENGTH).replace(b'\r\n', b'\r')
    yield 'one line ended by LF', post(LENGTH.replace(b'\r\n', b'\n'))
    yield 'head ended by LF LF', LINE + HOST + TYPE + LENGTH[:-2] + b'\n\n' + BODY
    yield 'bare CR in a value', post(b'X: a\rb\r\n' + LENGTH)
    yield 'bare LF in a value', post(b'X: a\nContent-Length: 0\r\n' + LENGTH)
    yield 'CR before CRLF', post(b'X: a\r\r\n' + LENGTH)
    yield 'NUL in a value', post(b'X: a\x00b\r\n' + LENGTH)
    yield 'DEL in a value', post(b'X: a\x7fb\r\n' + LENGTH)
    yield 'folded by a blank', post(b'X: a\r\n b\r\n' + LENGTH)
    yield 'folded by a tab', post(b'X: a\r\n\tb\r\n' + LENGTH)
    yield 'folded first line', LINE + b' ' + HOST + TYPE + LENGTH + b'\r\n' + BODY
    yield 'no colon', post(b'Content-Length\r\n' + LENGTH)
    yield 'no name', post(b': 5\r\n' + LENGTH)
    for name in (b'X Y', b'X(', b'X\x00', b'X\xe4', b'X"', b'X/', b'X{'):
        yield 'name of a header', post(name + b': 1\r\n' + LENGTH)
    yield 'many headers', post(b'X: 1\r\n' * 200 + LENGTH)
    yield 'long header', post(b'X: ' + b'a' * 40000 + b'\r\n' + LENGTH)
    # The first line.
    for line in (b'POST  /v1/patches HTTP/1.1', b'POST /v1/patches  HTTP/1.1', b'POST\t/v1/patches\tHTTP/1.1', b' POST /v1/patches HTTP/1.1',
                 b'POST /v1/patches', b'POST /v1/patches ', b'POST /v1/patches HTTP/1.1 ', b'POST /v1/patches HTTP/0.9',
                 b'POST /v1/patches HTTP/2.0', b'POST /v1/patches HTTP/1.2x', b'POST /v1/patches HTTP/01.1', b'POST /v1/patches http/1.1',
                 b'POST /v1/patches HTTP/1.1\x00', b'POST /v1/patches HTTP/1,1', b'POST v1/patches HTTP/1.1', b'POST /v1/patches#x HTTP/1.1',
                 b'POST /v1/patches\x00 HTTP/1.1', b'POST /v1/pat ches HTTP/1.1', b'POST /v1/patches%00 HTTP/1.1', b'POST /v1/patches%0d%0a HTTP/1.1',
                 b'POST /v1/patches%zz HTTP/1.1', b'POST /v1/patches% HTTP/1.1', b'POST /v1/\xffpatches HTTP/1.1', b'POST * HTTP/1.1',
                 b'post /v1/patches HTTP/1.1', b'PO:ST /v1/patches HTTP/1.1', b'PO\x00ST /v1/patches HTTP/1.1', b'POST\xa0/v1/patches HTTP/1.1',
                 b'CONNECT x:80 HTTP/1.1', b'POST /v1/patches\\x HTTP/1.1', b'POST //v1/patches HTTP/1.1', b'POST /v1/../v1/patches HTTP/1.1',
                 b'POST /v1/%2e%2e/v1/patches HTTP/1.1', b'POST /v1%2fpatches HTTP/1.1', b'PRI * HTTP/2.0'):
        yield 'first line', post(LENGTH, line=line + b'\r\n')


def statuses_of(answer):
    return [int(status) for status in re.findall(rb'HTTP/1\.1 (\d{3}) [A-Z]', answer)]


class ForgedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix='ghost-forged-test-')
        cls.broker, said = start(BROKER, '--data', cls.dir + '/data', '--clients', 'tcp://127.0.0.1:0', '--runners',
                                 'tcp://127.0.0.1:0')
        cls.relay, told = start(RELAY, '--http', '127.0.0.1:0', '--broker', said['X_GHOST_CLIENTS'],
                                '--header-timeout-ms', '2000', '--body-timeout-ms', '2000')
        host, port = told['X_GHOST_HTTP'].split('//')[1].split(':')
        cls.address = (host, int(port))
        answer = cls.exchange(b'PUT /v1/repos/r HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n'
                              b'Content-Length: 15\r\n\r\n{"url":"/none"}')
        assert answer.startswith(b'HTTP/1.1 200'), answer

    @classmethod
    def tearDownClass(cls):
        for process in (cls.relay, cls.broker):
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        shutil.rmtree(cls.dir)

    @classmethod
    def exchange(cls, data):
        with socket.create_connection(cls.address, timeout=20) as stream:
            out = b''
            try:
                stream.sendall(data)
                stream.shutdown(socket.SHUT_WR)
                while piece := stream.recv(65536):
                    out += piece
            except (ConnectionResetError, BrokenPipeError):
                pass  # refused while we still sent
            return out

    def jobs(self):
        answer = self.exchange(b'GET /v1/patches?limit=500 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        return json.loads(answer.split(b'\r\n\r\n', 1)[1])['items']

    def test_none_is_accepted(self):
        cases = list(forged())
        self.assertGreaterEqual(len({data for _, data in cases}), 100)
        before = len(self.jobs())
        for name, data in cases:
            with self.subTest(name, data=data[:150]):
                answer = self.exchange(data + SECOND)
                statuses = statuses_of(answer)
                self.assertLessEqual(len(statuses), 1, f'what stands behind was answered: {answer[:600]!r}')
                if statuses:
                    self.assertGreaterEqual(statuses[0], 400, answer[:600])
                    self.assertLess(statuses[0], 500, answer[:600])
                    self.assertIn(b'Connection: close', answer)
                self.assertIsNone(self.relay.poll())
        self.assertEqual(len(self.jobs()), before, 'one of them became a job')

    def test_the_honest_form_is(self):
        for data in (post(LENGTH), post(CHUNKED, IN_CHUNKS)):
            answer = self.exchange(data + SECOND)
            statuses = statuses_of(answer)
            self.assertEqual(statuses, [202, 200], answer)


if __name__ == '__main__':
    RELAY, BROKER = os.path.abspath(sys.argv.pop(2)), os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
