#!/usr/bin/python3
"""A farm over four hosts (broker, relay, two runners) whose network is cut, one way and both, loses and delays packets,
and hides that a host has died. After each healing work resumes within two lease times.
network_test.py PROGRAMS [--long]; exit 77 where there are no network namespaces."""
import argparse
import pathlib
import shutil
import sys
import tempfile
import time

from farm import Farm, make_repository, until
from history import OUTAGE
from network import Network, possible

LEASE_MS = 3000
LEASE = LEASE_MS / 1000
HOSTS = {'broker': 'b', 'r0': 'c', 'w0': 'x', 'w1': 'y'}


class FarmOfHosts(Farm):
    def __init__(self, network, scratch, programs):
        super().__init__(scratch, programs, relays=1, runners=2, slots=2,
                         broker_options=['--lease-ms', str(LEASE_MS), '--backoff-ms-min', '50', '--backoff-ms-max', '100'],
                         relay_options=['--broker-silence-ms', '1500', '--broker-timeout-ms', '3000'],
                         runner_options=['--isolation', 'none'])
        self.network = network
        for service in self.services():
            for here, ports in ((self.clients, 5051), (self.runners_at, 5052)):
                service.argv = [f'tcp://{network.address("b")}:{ports}' if a == here else a for a in service.argv]

    def enter(self, name):
        return ['ip', 'netns', 'exec', self.network.space(HOSTS[name])]


class Scenes:
    def __init__(self, farm, network):
        self.farm, self.network, self.made, self.slow = farm, network, 0, []

    def submit(self, run='true', timeout_s=8, **more):
        self.made += 1
        request = {'base': {'repo': 'r'}, 'gates': [{'name': 'g', 'run': run}], 'maxAttempts': 20, 'patch': {
            'format': 'mutations', 'items': [{'op': 'create', 'path': f'f{self.made}', 'contents': 'x\n'}]}, **more}
        try:
            status, job, _ = self.farm.call('POST', '/v1/patches', request, timeout_s=timeout_s,
                                            headers={'Idempotency-Key': f'k{self.made}'})
        except OUTAGE:
            return None
        return job['id'] if status == 202 else None

    def job(self, job_id):
        try:
            status, job, _ = self.farm.call('GET', f'/v1/patches/{job_id}', timeout_s=5)
        except OUTAGE:
            return {}
        return job if status == 200 else {}

    def wait(self, job_id, timeout_s=60):
        until(lambda: self.job(job_id).get('state') == 'SUCCEEDED', f'{job_id}: {self.job(job_id)}', timeout_s)

    def resumes(self, what, runner=None):
        """From now, which is the healing: a fresh job for that runner has passed within two lease times."""
        healed = time.monotonic()
        more = {'requires': {'runner': runner}} if runner else {}
        job_id = until(lambda: self.submit(timeout_s=2, **more), 'a submission is taken', 60)
        self.wait(job_id)
        took = time.monotonic() - healed
        print(f'{what}: work resumed after {took:.2f} s, two lease times are {2 * LEASE:.0f} s', flush=True)
        if took > 2 * LEASE:
            self.slow.append(f'{what}: {took:.1f} s')

    def runner_is_cut_off(self, seconds, ways):
        """A job on the cut-off host is done by the other one; then the host is back."""
        job_id = self.submit('sleep 0.5', requires={'runner': 'w0'})
        self.wait(job_id)
        lost = self.submit(f'sleep {LEASE}')
        until(lambda: self.job(lost).get('runner'), 'it runs')
        host = HOSTS[self.job(lost)['runner']]
        began = time.monotonic()
        if ways == 'both':
            self.network.cut(host, 'b')
        else:
            self.network.cut(*((host, 'b') if ways == 'out' else ('b', host)), both=False)
        self.wait(lost)
        done = self.job(lost)
        if HOSTS[done['runner']] == host:
            raise AssertionError(f'{lost} passed on the host that was cut off: {done}')
        print(f'a host cut off ({ways}): its job passed on the other one after {time.monotonic() - began:.1f} s')
        until(lambda: time.monotonic() > began + seconds, 'the cut lasts', seconds + 10)
        self.network.heal()
        self.resumes(f'{seconds} s cut off ({ways})', 'w0' if host == 'x' else 'w1')

    def relay_is_cut_off(self, seconds):
        self.network.cut('c', 'b')
        began = time.monotonic()
        if self.submit(timeout_s=10) is not None:
            raise AssertionError('a submission was acknowledged over a network that is cut')
        until(lambda: time.monotonic() > began + seconds, 'the cut lasts', seconds + 10)
        self.network.heal()
        self.resumes(f'relay {seconds} s cut off')

    def broker_dies_unseen(self):
        """Runners and relay keep half-open connections to a broker that is not there any more."""
        self.network.cut('b', 'c'), self.network.cut('b', 'x'), self.network.cut('b', 'y')
        self.farm.broker.kill()
        self.farm.broker.start()
        self.network.heal()
        self.resumes('broker started anew behind a cut', 'w0')
        self.resumes('and the other runner', 'w1')

    def runner_dies_unseen(self):
        """The broker keeps a half-open connection to a runner whose host is gone."""
        lost = self.submit(f'sleep {LEASE}')
        until(lambda: self.job(lost).get('runner'), 'it runs')
        name = self.job(lost)['runner']
        service = self.farm.runners[int(name[1:])]
        self.network.cut(HOSTS[name], 'b')
        service.kill()
        began = time.monotonic()
        self.wait(lost)
        print(f'a dead host: its job passed on the other one after {time.monotonic() - began:.1f} s')
        self.network.heal()
        service.start()
        self.resumes('the host is back', name)

    def loss_and_delay(self, loss, delay_s, jobs):
        self.network.loss, self.network.delay_s, self.network.jitter_s = loss, delay_s, delay_s
        before = self.network.dropped
        began = time.monotonic()
        made = [until(lambda: self.submit('echo hello', timeout_s=20), 'submitted', 60) for _ in range(jobs)]
        for job_id in made:
            self.wait(job_id, 120)
            log = until(lambda: self.log(job_id), 'its log', 60)
            if log != b'hello\n':
                raise AssertionError(f'{job_id}: {log}')
        print(f'{jobs} jobs passed in {time.monotonic() - began:.1f} s with {loss * 100:.0f} % loss and {delay_s * 1000:.0f} '
              f'to {delay_s * 2000:.0f} ms delay, {self.network.dropped - before} packets lost')
        self.network.heal()
        self.resumes('a slow and lossy network', 'w0')

    def log(self, job_id):
        try:
            status, text, _ = self.farm.call('GET', f'/v1/patches/{job_id}/log', timeout_s=20)
        except OUTAGE:
            return None
        return text if status == 200 else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('programs')
    parser.add_argument('--long', action='store_true')
    args = parser.parse_args()
    if not possible():
        print('no network namespaces or TUN devices here')
        return 77
    scratch = pathlib.Path(tempfile.mkdtemp(prefix='ghost-network-'))
    network = Network(['b', 'c', 'x', 'y'])
    farm = FarmOfHosts(network, scratch, pathlib.Path(args.programs).resolve())
    scenes = Scenes(farm, network)
    try:
        network.enter('c')  # where the clients are
        farm.start()
        assert farm.call('PUT', '/v1/repos/r', {'url': f'file://{make_repository(scratch)}'})[0] in (200, 201, 204)
        scenes.resumes('at first', 'w0')
        scenes.runner_is_cut_off(6, 'both')
        scenes.relay_is_cut_off(3)
        scenes.broker_dies_unseen()
        if args.long:
            for ways in ('out', 'in'):
                scenes.runner_is_cut_off(8, ways)
            for seconds in (15, 30):
                scenes.runner_is_cut_off(seconds, 'both')
                scenes.relay_is_cut_off(seconds)
            scenes.runner_dies_unseen()
            scenes.loss_and_delay(0.03, 0.03, 20)
            scenes.loss_and_delay(0.1, 0.1, 10)
        else:
            scenes.loss_and_delay(0.03, 0.02, 4)
        codes = farm.stop()
        assert not any(codes.values()), codes
    except BaseException:
        farm.print_logs()
        raise
    finally:
        farm.kill_all()
        network.close()
    shutil.rmtree(scratch)
    print('too slow: ' + '; '.join(scenes.slow) if scenes.slow else 'all resumed in time')
    return 1 if scenes.slow else 0


sys.exit(main())
