"""A client and a runner of Ghost in Python, written from proto_schemas/PROTOCOL.md alone: pyzmq and msgpack,
nothing of Ghost's own code."""
import hashlib
import itertools
import os
import time

import msgpack
import zmq


class Failure(Exception):
    def __init__(self, error):
        super().__init__(f'{error["code"]}: {error.get("detail", "")}')
        self.code = error['code']
        self.error = error


class Peer:
    """One DEALER: sends messages, waits for the answer with the same correlation; others are kept aside."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(endpoint)
        self.numbers = itertools.count(1)
        self.answers = {}
        self.orders = []
        self.joins = False  # sends its payloads in one frame
        self.joined = 0     # messages that came so

    def close(self):
        self.socket.close()

    def send(self, kind, body, payloads=(), correlation=0, version=1):
        header = {'v': version, 'k': kind, 'c': correlation}
        if self.joins:
            header, payloads = {**header, 'j': True}, [msgpack.packb(list(payloads))]
        self.socket.send_multipart([msgpack.packb(header), msgpack.packb(body), *payloads])

    def receive(self, timeout_s):
        """Reads one message into answers or orders; False when none came in time."""
        if not self.socket.poll(max(0, int(timeout_s * 1000))):
            return False
        header, body, *payloads = self.socket.recv_multipart()
        header = msgpack.unpackb(header)
        if header.get('j'):
            [payloads] = payloads
            payloads = msgpack.unpackb(payloads)
            self.joined += 1
        message = (header['k'], msgpack.unpackb(body), payloads)
        if header.get('c', 0):
            self.answers[header['c']] = message
        else:
            self.orders.append(message)
        return True

    def ask(self, kind, body, payloads=(), timeout_s=20, version=1):
        number = next(self.numbers)
        self.send(kind, body, payloads, number, version)
        end = time.monotonic() + timeout_s
        while number not in self.answers:
            if not self.receive(end - time.monotonic()) and time.monotonic() >= end:
                raise TimeoutError(f'no answer to {kind}')
        kind, body, payloads = self.answers.pop(number)
        if kind == 'Failure':
            raise Failure(body['error'])
        return kind, body, payloads

    def order(self, kind, timeout_s=20):
        """The next message of that kind that is no answer."""
        end = time.monotonic() + timeout_s
        while True:
            for i, message in enumerate(self.orders):
                if message[0] == kind:
                    return self.orders.pop(i)
            if not self.receive(end - time.monotonic()) and time.monotonic() >= end:
                raise TimeoutError(f'no {kind}')


class Client(Peer):
    def submit(self, job_id, request, **fields):
        payload = msgpack.packb(request)
        item = {'id': job_id, 'requestHash': hashlib.sha256(payload).digest(), 'repo': 'r', **fields}
        _, body, _ = self.ask('Submit', {'items': [item]}, [payload])
        return body['items'][0]

    def job(self, job_id, wait_ms=0, after_version=0):
        _, body, payloads = self.ask('GetJob', {'id': job_id, 'waitMs': wait_ms, 'afterVersion': after_version})
        return body['job'], msgpack.unpackb(payloads[0]) if payloads and payloads[0] else None

    def wait(self, job_id, timeout_s=30):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            job, verdict = self.job(job_id, wait_ms=2000)
            if job['state'] not in ('QUEUED', 'LEASED'):
                return job, verdict
        raise TimeoutError(f'{job_id} is {job["state"]}')

    def events(self, job_id, after_seq=0, **fields):
        _, body, _ = self.ask('GetEvents', {'id': job_id, 'afterSeq': after_seq, **fields})
        return body


class Runner(Peer):
    """Drives the protocol by hand, one step a call, so that tests can do each step wrong."""

    def __init__(self, endpoint, instance, slots=1, labels=None, secret=None, session=None):
        super().__init__(endpoint)
        self.instance, self.slots, self.labels = instance, slots, labels or {}
        self.secret = secret or os.urandom(16)
        self.session = session or int(time.time() * 1000)
        self.held, self.last_seq, self.epoch = [], 0, None

    def register(self, **fields):
        _, body, _ = self.ask('Register', {
            'instance': self.instance, 'secret': self.secret, 'session': self.session, 'slots': self.slots,
            'labels': self.labels, 'held': self.held, 'lastJobSeq': self.last_seq, **fields})
        if body['epoch'] != self.epoch:
            self.epoch, self.last_seq = body['epoch'], 0
        return body

    def heartbeat(self, **fields):
        _, body, _ = self.ask('Heartbeat', {
            'session': self.session, 'sentMs': int(time.monotonic() * 1000), 'slots': self.slots,
            'held': self.held, 'lastJobSeq': self.last_seq, **fields})
        return body

    def take(self, timeout_s=20):
        """Waits for RunJobs; gives [(dispatch, request, ancestor diffs)]."""
        _, body, payloads = self.order('RunJobs', timeout_s)
        self.last_seq = body['seq']
        jobs = []
        for item in body['items']:
            count = len(item['ancestors'])
            jobs.append((item, msgpack.unpackb(payloads[0]), payloads[1:1 + count]))
            payloads = payloads[1 + count:]
            self.held.append(item['lease'])
        return jobs

    def put_events(self, lease, items):
        return self.ask('PutEvents', {'session': self.session, 'lease': lease, 'items': items})[1]

    def result(self, lease, outcome='passed', diff=b'', verdict=None, **fields):
        verdict = verdict or {'outcome': outcome, 'gates': [], 'artifacts': [], 'isolation': []}
        _, body, _ = self.ask('PutResults', {'session': self.session, 'items': [
            {'lease': lease, 'outcome': outcome, **fields}]}, [msgpack.packb(verdict), diff])
        status = body['items'][0]['status']
        if status != 'unknown' and lease in self.held:
            self.held.remove(lease)
        return status


def now():
    t = time.time()
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(t)) + f'.{int(t * 1000) % 1000:03d}Z'
