#!/usr/bin/python3
"""What thousands of slow HTTP clients cost a healthy one: it submits and reads jobs through a real relay, alone and beside
SLOW clients that dribble heads and bodies, open event streams and do not read them, ask for answers and do not take them, or
sit idle. slow_clients.py PROGRAMS [--slow N] [--rounds N] [--calls N]
[--in-step] [--judge]

Always judged: every healthy call is answered, the slow ones really are connected, the relay lives and its memory stays in
bounds. With --judge also the time: the median over the rounds of p99(beside them) / p99(alone, the same round) is at most 2.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import resource
import select
import shutil
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from farm import Farm, until  # noqa: E402

JOB = {'base': {'repo': 'r'}, 'patch': {'format': 'none'}, 'requires': {'nobody': 'has'}}
MEMORY_A_CLIENT = 160 << 10  # what the relay may grow by for each

TEXTS = {
    'head': b'GET /v1/patches/slow HTTP/1.1\r\nHost: x\r\nX-Slow: ' + b'a' * 4000,
    'body': b'POST /v1/patches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n' + b' ' * 99999,
    'idle': b'',
    'stream': b'GET /v1/patches/slow/events HTTP/1.1\r\nHost: x\r\n\r\n',
    'answer': b'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n' * 20,
}


class Slow:
    """One slow client's connection; step() is called about every second."""

    def __init__(self, kind, address, loop):
        self.kind, self.loop, self.sent, self.socket = kind, loop, 0, None
        self.address = address
        self.connect()

    def connect(self):
        self.close()
        self.sent = 0
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if self.kind in ('stream', 'answer'):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.socket.connect_ex(self.address)
        self.loop.add(self)

    def close(self):
        if self.socket:
            self.loop.remove(self)
            self.socket.close()
            self.socket = None

    def step(self):
        text = TEXTS[self.kind]
        size = {'head': 40, 'body': 40}.get(self.kind, len(text))
        piece = text[self.sent:self.sent + (size if self.sent else max(size, 150))]
        try:
            self.sent += self.socket.send(piece) if piece else 0
        except BlockingIOError:
            pass
        except OSError:
            self.connect()

    def readable(self):
        """Only who is closed is looked at; who has something to read leaves it there."""
        if self.kind in ('stream', 'answer'):
            return self.loop.ignore(self)  # seen again by step()
        try:
            if not self.socket.recv(4096):
                self.connect()
        except OSError:
            self.connect()


class Loop:
    """Which clients have something to read. Costs nothing for those that do not want to know, so that the processor is
    left to what is measured."""

    def __init__(self):
        self.epoll, self.clients = select.epoll(), {}

    def add(self, client):
        self.clients[client.socket.fileno()] = client
        self.epoll.register(client.socket, select.EPOLLIN)

    def ignore(self, client):
        self.epoll.modify(client.socket, 0)

    def remove(self, client):
        self.epoll.unregister(client.socket)
        del self.clients[client.socket.fileno()]

    def run(self, until_s):
        while (left := until_s - time.monotonic()) > 0:
            for fd, events in self.epoll.poll(left):
                client = self.clients.get(fd)
                if client and events & (select.EPOLLHUP | select.EPOLLERR):
                    client.connect()
                elif client:
                    client.readable()


def slow_process(address, count, in_step, stop, ready):
    os.nice(10)  # what is measured is the relay, not who gets the processor
    loop = Loop()
    kinds = list(TEXTS)
    clients = [Slow(kinds[n % len(kinds)], address, loop) for n in range(count)]
    # Each says something about once a second; in step, a tenth of them, all of one kind, at the same instant.
    turns = 10 if in_step else 101
    at, every = 0, time.monotonic()
    while not stop.is_set():
        for client in clients[at::turns]:
            client.step()
        at += 1
        if at == turns:
            at = 0
            ready.set()
        every = max(every + 1 / turns, time.monotonic() - 0.5)
        loop.run(every)


class Healthy:
    def __init__(self, farm):
        host, port = farm.address().split(':')
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        self.made = 0

    def call(self):
        """Submits a job and reads it; seconds of each."""
        self.made += 1
        times = []
        body = json.dumps({**JOB, 'id': f'healthy-{self.made}'})
        for method, path, data, wanted in (('POST', '/v1/patches', body, 202), ('GET', f'/v1/patches/healthy-{self.made}', None, 200)):
            began = time.perf_counter()
            self.connection.request(method, path, data, {'Content-Type': 'application/json'} if data else {})
            answer = self.connection.getresponse()
            text = answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != wanted:
                raise RuntimeError(f'{method} {path}: {answer.status} {text}')
        return times

    def p99(self, calls):
        times = sorted(t for _ in range(calls // 2) for t in self.call())
        return times[int(len(times) * 0.99)], times[len(times) // 2]


def metric(farm, name):
    text = farm.call('GET', '/metrics')[1].decode()
    return max((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), default=0)


def memory(process):
    for line in pathlib.Path(f'/proc/{process.pid}/status').read_text().splitlines():
        if line.startswith('VmRSS'):
            return int(line.split()[1]) * 1024


def beside(farm, healthy, args):
    stop, ready = multiprocessing.Event(), multiprocessing.Event()
    host, port = farm.address().split(':')
    bad = multiprocessing.Process(target=slow_process, args=((host, int(port)), args.slow, args.in_step, stop, ready))
    bad.start()
    try:
        if not ready.wait(60):
            raise RuntimeError('the slow clients did not begin')
        until(lambda: metric(farm, 'ghost_relay_connections ') >= args.slow * 0.9, 'the slow clients are connected', 60)
        figures = healthy.p99(args.calls)
        there = metric(farm, 'ghost_relay_connections ')
        grown = memory(farm.relays[0].process)
    finally:
        stop.set()
        bad.join(20)
        if bad.is_alive():
            bad.kill()
    until(lambda: metric(farm, 'ghost_relay_connections ') < 50, 'the slow clients are gone', 60)
    return figures, there, grown


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('programs')
    parser.add_argument('--slow', type=int, default=4000)
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--calls', type=int, default=400)
    parser.add_argument('--in-step', action='store_true', help='a tenth of the slow clients speak in the same instant')
    parser.add_argument('--judge', action='store_true')
    args = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if limit < args.slow + 200:
        print(f'skipped: {limit} file descriptors are too few')
        return 77
    scratch = tempfile.mkdtemp(prefix='ghost-slow-clients-')
    farm = Farm(scratch, args.programs, relays=1, runners=0)
    wrong, ratios, middles = [], [], []
    try:
        farm.start()
        farm.call('PUT', '/v1/repos/r', {'url': 'file:///nowhere'})
        farm.call('POST', '/v1/patches', {**JOB, 'id': 'slow'})
        healthy = Healthy(farm)
        healthy.p99(args.calls)
        for _ in range(args.rounds):
            before = memory(farm.relays[0].process)
            alone, alone_p50 = healthy.p99(args.calls)
            (p99, p50), there, after = beside(farm, healthy, args)
            ratios.append(p99 / alone)
            middles.append(p50 / alone_p50)
            grown = (after - before) / max(there, 1)
            print(f'{there:.0f} slow clients: p99 {p99 * 1000:.2f} ms, alone {alone * 1000:.2f} ms, ratio {ratios[-1]:.2f}; p50 '
                  f'{p50 * 1000:.2f} ms, alone {alone_p50 * 1000:.2f} ms; {grown / 1024:.0f} KiB of memory for each', flush=True)
            if there < args.slow * 0.8:
                wrong.append(f'only {there:.0f} slow clients were connected')
            if grown > MEMORY_A_CLIENT:
                wrong.append(f'{grown / 1024:.0f} KiB of memory for each slow client')
        ratio = statistics.median(ratios)
        print(f'median ratio of p99 {ratio:.2f}, of p50 {statistics.median(middles):.2f}')
        if args.judge and ratio > 2:
            wrong.append(f'p99 is {ratio:.2f} times what it is alone')
        codes = farm.stop()
        if any(codes.values()):
            wrong.append(f'exit codes {codes}')
    except BaseException:
        farm.print_logs()
        raise
    finally:
        farm.kill_all()
        shutil.rmtree(scratch, ignore_errors=True)
    print('too much: ' + ', '.join(wrong) if wrong else 'within the bounds')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
