#!/usr/bin/python3
"""The broker's data on a filesystem of 64 MiB that fills up: submissions get 507 and say why, running jobs end and their
results and logs are kept from the reserve, and once there is room again all goes on by itself.
disk_full_test.py PROGRAMS; needs a mount namespace (exit 77 where there is none)."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from farm import Farm, make_repository, until

LOG_BYTES = 400_000
BLOCK = b'x' * (1 << 16)


def fill(path, bytes_max):
    """Writes until there is no room or it is enough."""
    with open(path, 'ab', buffering=0) as ballast:
        try:
            for _ in range(bytes_max // len(BLOCK)):
                ballast.write(BLOCK)
        except OSError:
            return


def request(number, size, **more):
    return {'base': {'repo': 'r'}, 'patch': {'format': 'mutations', 'items': [
        {'op': 'create', 'path': f'f{number}', 'contents': 'x' * size}]}, **more}


def check(condition, *what):
    if not condition:
        raise AssertionError(' '.join(str(w) for w in what))


def run(farm, disk):
    check(farm.call('PUT', '/v1/repos/r', {'url': f'file://{farm.repository}'})[0] in (200, 201, 204))
    gate = {'name': 'g', 'run': f'sleep 1; head -c {LOG_BYTES} /dev/zero | tr "\\0" x'}
    running = []
    for i in range(3):
        status, job, _ = farm.call('POST', '/v1/patches', request(i, 10, gates=[gate]))
        check(status == 202, status, job)
        running.append(job['id'])
    state = lambda job_id: farm.call('GET', f'/v1/patches/{job_id}')[1]['state']
    until(lambda: all(state(j) == 'LEASED' for j in running), 'jobs are leased')
    farm.runners[0].signal(signal.SIGSTOP)  # what they wrote waits in the runner until the disk is full

    fill(disk / 'ballast', 16 << 20)
    taken = 0
    while True:
        status, said, headers = farm.call('POST', '/v1/patches', request(taken, 500_000, requires={'nobody': 'has'}))
        if status != 202:
            break
        taken += 1
        check(taken < 1000, 'the disk is never full')
    check(status == 507 and said['code'] == 'storage_full', status, said)
    check(said['status'] == 507 and said['title'] and 'free space' in said['detail'], said)
    check(headers['Content-Type'].startswith('application/problem+json'), headers)
    check(int(headers['Retry-After']) >= 1, headers)
    check(taken > 5, taken)
    fill(disk / 'ballast', 1 << 30)  # somebody else takes the last block
    free = os.statvfs(disk)
    check(free.f_bavail * free.f_frsize < 1 << 16, 'still free', free)

    check(all(state(j) == 'LEASED' for j in running), 'they ended before the disk was full')
    farm.runners[0].signal(signal.SIGCONT)
    until(lambda: all(state(j) == 'SUCCEEDED' for j in running), 'running jobs end', 60)
    for job_id in running:
        log = farm.call('GET', f'/v1/patches/{job_id}/log')[1]
        check(len(log) == LOG_BYTES, job_id, len(log))
    check(farm.call('POST', '/v1/patches', request(0, 10))[0] == 507)
    check(farm.broker.alive(), 'the broker has ended')

    (disk / 'ballast').unlink()
    submit = lambda: farm.call('POST', '/v1/patches', request(0, 10))
    _, job, _ = until(lambda: next((a for a in [submit()] if a[0] == 202), None), 'submissions are taken again', 15)
    until(lambda: state(job['id']) == 'SUCCEEDED', 'all goes on')
    print(f'{taken} submissions until the disk was full; 3 results with {3 * LOG_BYTES} bytes of log taken then')


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) < 3:
        again = ['unshare', '--mount', '--propagation', 'private', sys.executable, __file__, str(programs), 'inside']
        if subprocess.run(['unshare', '--mount', 'true'], capture_output=True).returncode != 0:
            print('no mount namespaces here')
            return 77
        return subprocess.run(again).returncode
    scratch = pathlib.Path(tempfile.mkdtemp(prefix='ghost-full-'))
    disk = scratch / 'disk'
    disk.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', str(disk)]).returncode != 0:
        return 77
    farm = Farm(scratch, programs, relays=1, runners=1, slots=3, broker_data=disk / 'broker',
                broker_options=['--lease-ms', '30000'], runner_options=['--isolation', 'none'])
    farm.repository = make_repository(scratch)
    try:
        run(farm.start(), disk)
        codes = farm.stop()
        check(not any(codes.values()), codes)
    except BaseException:
        farm.print_logs()
        raise
    finally:
        farm.kill_all()
    subprocess.run(['umount', str(disk)])
    shutil.rmtree(scratch)
    return 0


sys.exit(main())
