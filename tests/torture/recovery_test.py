#!/usr/bin/python3
"""How long a broker that was killed with many jobs queued takes until it serves again, and that it then knows each.
recovery_test.py BROKER_PROGRAM [--jobs N] [--seconds BOUND] [--times N]

Measured from the start of the process: to its word that it is ready, and to the first answers of both ports: the count
of queued jobs, and a job in the hands of a runner."""
import argparse
import pathlib
import shutil
import sys
import tempfile
import time

import msgpack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'conformance/peers'))
from broker_process import Broker  # noqa: E402
from ghost_peer import Client, Runner  # noqa: E402

BATCH = 500
REQUEST = msgpack.packb({'base': {'repo': 'r'}, 'patch': {'format': 'none'}, 'gates': [{'name': 't', 'run': 'true'}],
                         'description': 'x' * 900})


def fill(client, jobs):
    for begin in range(0, jobs, BATCH):
        items = [{'id': f'queued-{n}', 'requestHash': b'h' * 32, 'repo': 'r', 'idempotencyKey': f'key-{n}',
                  'lane': f'lane-{n % 3}', 'requires': {'is': f'kind-{n % 5}'}}
                 for n in range(begin, min(begin + BATCH, jobs))]
        _, body, _ = client.ask('Submit', {'items': items}, [REQUEST] * len(items), timeout_s=60)
        if any(item['status'] != 'accepted' for item in body['items']):
            raise AssertionError(f'not accepted: {body["items"]}')


def unfinished(client):
    _, body, _ = client.ask('GetStats', {}, timeout_s=60)
    return sum(m['value'] for m in body['metrics'] if m['name'] in ('ghost_jobs_queued', 'ghost_jobs_leased'))


def recover(broker, jobs, number):
    """Seconds to ready, and to a job in a runner's hands."""
    broker.kill()
    began = time.monotonic()
    broker.start()
    ready = time.monotonic() - began
    client = Client(broker.clients)
    count = unfinished(client)
    if count != jobs:
        raise AssertionError(f'{count:.0f} jobs are to be done, {jobs} were acknowledged and have not ended')
    runner = Runner(broker.runners, f'r{number}', labels={'is': f'kind-{number % 5}'})
    runner.register()
    [(job, _, _)] = runner.take()
    served = time.monotonic() - began
    # What was said before the kill still counts: its key gives the same job.
    n = int(job['id'].removeprefix('queued-'))
    _, body, _ = client.ask('Submit', {'items': [{'id': 'other', 'requestHash': b'h' * 32, 'repo': 'r', 'idempotencyKey': f'key-{n}'}]},
                            [REQUEST])
    if body['items'][0]['id'] != job['id'] or body['items'][0]['status'] != 'existing':
        raise AssertionError(f'{job["id"]} is not found by its key: {body}')
    if runner.result(job['lease']) != 'committed':
        raise AssertionError(f'the result of {job["id"]} is not taken')
    runner.close()
    client.close()
    return ready, served


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('broker')
    parser.add_argument('--jobs', type=int, default=100_000)
    parser.add_argument('--seconds', type=float, default=5)
    parser.add_argument('--times', type=int, default=3)
    args = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix='ghost-recovery-')
    broker = Broker(args.broker, scratch, ['--log-level', 'error']).start()
    slow = False
    try:
        client = Client(broker.clients)
        client.ask('PutRepo', {'repo': {'name': 'r', 'url': 'file:///nowhere'}})
        began = time.monotonic()
        fill(client, args.jobs)
        print(f'{args.jobs} jobs queued in {time.monotonic() - began:.1f} s')
        client.close()
        for number in range(args.times):
            ready, served = recover(broker, args.jobs - number, number)
            print(f'killed and started: ready after {ready:.2f} s, a job handed out after {served:.2f} s', flush=True)
            slow = slow or served > args.seconds
    finally:
        code = broker.stop()
    shutil.rmtree(scratch)
    if slow:
        print(f'more than {args.seconds:.1f} s')
    return 1 if slow or code != 0 else 0


if __name__ == '__main__':
    sys.exit(main())
