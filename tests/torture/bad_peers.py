#!/usr/bin/python3
"""What one bad peer costs everybody else: an honest client and runner take jobs through a real broker, alone and beside
each kind of bad peer, in turns. bad_peers.py BROKER_PROGRAM [--rounds N] [--jobs N] [--judge]

Always judged: every honest job ends, the broker lives, its memory stays within the bound of the attack. With --judge
also the time: the median over the rounds of p99(beside the bad peer) / p99(alone, the same round) is at most 2.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import resource
import shutil
import socket
import statistics
import sys
import tempfile
import time

import msgpack
import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'conformance/peers'))
from broker_process import Broker  # noqa: E402
from ghost_peer import Client, Failure, Runner  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUEST = {'base': {'repo': 'r'}, 'patch': {'format': 'none'}, 'gates': [{'name': 't', 'run': 'true'}]}
MIB = 1 << 20
BOMBS = [b'\xdd\xff\xff\xff\xff', b'\xdf\xff\xff\xff\xff', b'\xc6\xff\xff\xff\xff', b'\xdb\xff\xff\xff\xff']


def header(kind, correlation=1, version=1):
    return msgpack.packb({'v': version, 'k': kind, 'c': correlation})


def paced(a_second, stop, action):
    """Calls action(n) so often, in bursts of a hundredth of a second."""
    n, began = 0, time.monotonic()
    while not stop.is_set():
        while n < (time.monotonic() - began) * a_second:
            action(n)
            n += 1
        time.sleep(0.01)


class Bad:
    """A kind of bad peer: run() goes on until stop is set. MEMORY: what the broker may grow by beside it."""
    MEMORY = 64 * MIB

    def __init__(self, clients, runners, lease):
        self.clients, self.runners, self.lease = clients, runners, lease

    def dealer(self, endpoint):
        peer = zmq.Context.instance().socket(zmq.DEALER)
        peer.setsockopt(zmq.LINGER, 0)
        peer.connect(endpoint)
        return peer

    def flood(self, stop, endpoint, messages, a_second):
        peer = self.dealer(endpoint)

        def one(n):
            peer.send_multipart(messages[n % len(messages)], zmq.DONTWAIT)
            while peer.poll(0):
                peer.recv_multipart()
        paced(a_second, stop, one)
        peer.close()


class Malformed(Bad):
    def run(self, stop):
        vectors = json.loads((ROOT / 'proto_schemas/vectors/invalid.json').read_text())
        self.flood(stop, self.clients, [[bytes.fromhex(f) for f in v['frames']] for v in vectors], 2000)


class WrongKinds(Bad):
    def run(self, stop):
        kinds = ['Heartbeat', 'Welcome', 'RunJobs', 'Register', 'Goodbye', 'PutResults', 'Nonsense']
        self.flood(stop, self.clients, [[header(k), b'\x80'] for k in kinds], 2000)


class WrongOrder(Bad):
    def run(self, stop):
        bodies = [('Heartbeat', {'session': 7, 'sentMs': 1, 'slots': 1, 'held': [], 'lastJobSeq': 9}),
                  ('PutResults', {'session': 7, 'items': []}), ('Goodbye', {'session': 7}),
                  ('BaseResolved', {'session': 7, 'lease': self.lease, 'commit': 'a' * 40})]
        self.flood(stop, self.runners, [[header(k), msgpack.packb(b)] for k, b in bodies], 2000)


class Replays(Bad):
    def run(self, stop):
        body = {'items': [{'id': 'replayed', 'requestHash': b'h' * 32, 'repo': 'r', 'requires': {'nobody': 'has'}}]}
        self.flood(stop, self.clients, [[header('Submit'), msgpack.packb(body), msgpack.packb(REQUEST)]], 1000)


class StaleTokens(Bad):
    """A registered runner that reports results of old leases and of another runner's job."""

    def run(self, stop):
        runner = Runner(self.runners, f'thief-{os.getpid()}', slots=1)
        runner.register()
        verdict = msgpack.packb({'outcome': 'gate_failed', 'gates': [], 'artifacts': [], 'isolation': []})
        messages = []
        for n in (self.lease['n'], self.lease['n'] + 1):
            body = {'session': runner.session, 'items': [{'lease': {**self.lease, 'n': n}, 'outcome': 'gate_failed'}]}
            messages.append([header('PutResults'), msgpack.packb(body), verdict, b''])

        def one(n):
            runner.socket.send_multipart(messages[n % 2])
            while runner.socket.poll(0):
                runner.socket.recv_multipart()
        paced(1000, stop, one)
        runner.close()


class Bombs(Bad):
    MEMORY = 8 * MIB

    def run(self, stop):
        self.flood(stop, self.clients, [[b, b'\x80'] for b in BOMBS] + [[header('GetJob'), b] for b in BOMBS] +
                   [[header('Submit'), b'\x81\xa5items' + b, b'x'] for b in BOMBS], 1000)


class NeverReads(Bad):
    """Asks for ever and reads nothing."""
    MEMORY = 160 * MIB  # twice what may wait for one peer, and what one turn holds

    def run(self, stop):
        context = zmq.Context()
        peer = context.socket(zmq.DEALER)
        for option, value in ((zmq.LINGER, 0), (zmq.RCVHWM, 1), (zmq.RCVBUF, 4096)):
            peer.setsockopt(option, value)
        peer.connect(self.clients)
        ask = [header('GetBlob'), msgpack.packb({'id': 'big', 'name': 'request', 'offset': 0, 'bytesMax': 250_000})]
        small = [header('GetJob'), msgpack.packb({'id': 'big'})]
        paced(2000, stop, lambda n: peer.send_multipart(ask if n % 4 == 0 else small))
        peer.close()


class Silent(Bad):
    """A thousand connections that never speak, made anew when they are closed."""
    MEMORY = 128 * MIB

    def run(self, stop):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
        host, port = self.clients.removeprefix('tcp://').rsplit(':', 1)
        open_ones = []
        while not stop.is_set():
            while len(open_ones) < 1000 and not stop.is_set():
                s = socket.socket()
                s.settimeout(5)
                s.connect((host, int(port)))
                open_ones.append(s)
                if len(open_ones) % 20 == 0:
                    time.sleep(0.005)
            time.sleep(0.2)
            for s in list(open_ones):
                s.setblocking(False)
                try:
                    while data := s.recv(4096):  # the greeting, then nothing until it is closed
                        del data
                    s.close()
                    open_ones.remove(s)
                except BlockingIOError:
                    pass
                except OSError:
                    open_ones.remove(s)


class RawNoise(Bad):
    """Bytes that are no ZMTP, half a greeting, a frame that claims to be huge."""

    def run(self, stop):
        host, port = self.clients.removeprefix('tcp://').rsplit(':', 1)
        greeting = b'\xff' + b'\0' * 8 + b'\x7f\x03\x00NULL' + b'\0' * 16 + b'\0' * 32
        noise = [os.urandom(200), greeting[:20], greeting + b'\x02' + b'\xff' * 8, b'GET / HTTP/1.1\r\n\r\n',
                 greeting + b'\x04\x19\x05READY\x0bSocket-Type\0\0\0\x06DEALER' + b'\x02\x7f' + b'\xff' * 7]

        def one(n):
            with socket.socket() as s:
                s.settimeout(2)
                try:
                    s.connect((host, int(port)))
                    s.sendall(noise[n % len(noise)])
                except OSError:
                    pass
        paced(100, stop, one)


KINDS = [Malformed, WrongKinds, WrongOrder, Replays, StaleTokens, Bombs, NeverReads, Silent, RawNoise]


def bad_process(kind, args, stop):
    os.nice(10)  # what is measured is the broker, not who gets the processor
    kind(*args).run(stop)


class Honest:
    """One client and one runner: a job from its submission until the client is told that it has ended."""

    def __init__(self, broker):
        self.client, self.runner = Client(broker.clients), Runner(broker.runners, 'honest', slots=1, labels={'is': 'honest'})
        self.client.ask('PutRepo', {'repo': {'name': 'r', 'url': 'file:///nowhere'}})
        self.runner.register()
        self.made, self.beat_at, self.last = 0, 0, None

    def job(self):
        self.made += 1
        began = time.perf_counter()
        payload = msgpack.packb(REQUEST)
        self.client.send('Submit', {'notify': True, 'items': [
            {'id': f'honest-{self.made}', 'requestHash': b'h' * 32, 'repo': 'r', 'requires': {'is': 'honest'}}]}, [payload], 0)
        [(job, _, _)] = self.runner.take()
        self.last = job['lease']
        if self.runner.result(job['lease']) != 'committed':
            raise RuntimeError('an honest result was not taken')
        self.client.order('Finished')
        self.client.orders.clear()
        took = time.perf_counter() - began
        if time.monotonic() > self.beat_at:
            self.beat_at = time.monotonic() + 1
            self.runner.heartbeat()
        return took

    def p99(self, jobs):
        times = sorted(self.job() for _ in range(jobs))
        return times[int(len(times) * 0.99)]


def memory(broker, what):
    for line in pathlib.Path(f'/proc/{broker.process.pid}/status').read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024


def reset_peak(broker):
    pathlib.Path(f'/proc/{broker.process.pid}/clear_refs').write_text('5')


def beside(kind, broker, honest, jobs):
    """p99 beside the bad peer, and by how much the broker's memory grew at most."""
    stop = multiprocessing.Event()
    bad = multiprocessing.Process(target=bad_process, args=(kind, (broker.clients, broker.runners, honest.last), stop))
    reset_peak(broker)
    before = memory(broker, 'VmRSS')
    bad.start()
    time.sleep(0.3)  # it is under way; nothing is waited for that could be seen
    try:
        p99 = honest.p99(jobs)
    finally:
        alive = bad.is_alive()
        stop.set()
        bad.join(10)
        if bad.is_alive():
            bad.kill()
            bad.join()
    if not alive or bad.exitcode not in (0, -9):
        raise RuntimeError(f'{kind.__name__} ended with {bad.exitcode}')
    return p99, memory(broker, 'VmHWM') - before


def one_bomb_costs(broker, client):
    """The most that the broker grows by for one message of five bytes."""
    most = 0
    for bomb in BOMBS:
        for frames in ([bomb, b'\x80'], [header('GetJob'), bomb]):
            client.ask('Hello', {'program': 'settled'})
            reset_peak(broker)
            before = memory(broker, 'VmRSS')
            client.socket.send_multipart(frames)
            client.ask('Hello', {'program': 'after'})
            most = max(most, memory(broker, 'VmHWM') - before)
    return most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('broker')
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--jobs', type=int, default=150)
    parser.add_argument('--judge', action='store_true')
    parser.add_argument('--only')
    args = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix='ghost-bad-peers-')
    broker = Broker(args.broker, scratch, ['--lease-ms', '20000', '--log-level', 'error']).start()
    honest = Honest(broker)
    wrong = []
    try:
        honest.client.submit('big', {**REQUEST, 'description': 'x' * MIB}, requires={'nobody': 'has'})
        honest.p99(args.jobs)
        cost = one_bomb_costs(broker, honest.client)
        print(f'five bytes cost the broker {cost / 1024:.0f} KiB at most')
        if cost > MIB:
            wrong.append('a bomb')
        for kind in KINDS:
            if args.only and kind.__name__ != args.only:
                continue
            ratios, alone, attacked, grown = [], [], [], []
            for _ in range(args.rounds):
                alone.append(honest.p99(args.jobs))
                p99, growth = beside(kind, broker, honest, args.jobs)
                attacked.append(p99)
                grown.append(growth)
                ratios.append(p99 / alone[-1])
            ratio = statistics.median(ratios)
            print(f'{kind.__name__:12} p99 {statistics.median(attacked) * 1000:6.2f} ms, alone '
                  f'{statistics.median(alone) * 1000:6.2f} ms, ratio {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}); '
                  f'memory grew by {max(grown) / MIB:.1f} MiB', flush=True)
            if max(grown) > kind.MEMORY:
                wrong.append(f'{kind.__name__}: {max(grown)} bytes')
            if args.judge and ratio > 2:
                wrong.append(f'{kind.__name__}: {ratio:.2f} times')
        if broker.process.poll() is not None:
            wrong.append('the broker has ended')
    finally:
        if broker.stop() != 0:
            wrong.append('the broker did not stop cleanly')
    shutil.rmtree(scratch)
    print('too much: ' + ', '.join(wrong) if wrong else 'within the bounds')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
