"""Follows deploy/README.md word by word: each block that stands under a host's name is typed, by root's shell, on that host.
The hosts are namespaces over this machine's own files: each has a network and a root file system of its own, an overlay in which the
packages are installed and a systemd of its own runs the units (deploy/debian/boot). Only scp is another: it copies from host to
host on this machine. usage: follow.py BUILD [README]"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOSTS = {'broker': '10.98.0.1', 'relay': '10.98.0.2', 'host-7': '10.98.0.7', 'host-8': '10.98.0.8'}
TOOLS = '/usr/local/sbin'


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)


SCP = """#!/bin/sh
# scp FILE HOST:PATH among hosts that are folders below /shared: left there, and taken by the host itself.
set -e
mkdir -p "/shared/${2%%:*}.in"
cp "$1" "/shared/${2%%:*}.in/$(echo "${2#*:}" | tr / +)"
chmod 600 "/shared/${2%%:*}.in/$(echo "${2#*:}" | tr / +)"
"""


class Host:
    def __init__(self, name, address, scratch):
        self.name, self.address, self.net = name, address, f'gf{os.getpid()}-{name}'
        self.top, self.shared, self.init = scratch / name, scratch / 'shared', None
        for part in ('up/etc', 'up/root', f'up{TOOLS}', 'work', 'root'):
            (self.top / part).mkdir(parents=True)
        (self.top / 'up/root').chmod(0o700)
        (self.top / 'up/etc/hosts').write_text('127.0.0.1 localhost\n' + ''.join(f'{a} {n}\n' for n, a in HOSTS.items()))
        scp = self.top / f'up{TOOLS}/scp'
        scp.write_text(SCP)
        scp.chmod(0o755)
        for package in (scratch / 'packages').glob('*.deb'):
            shutil.copy(package, self.top / 'up/root')
        self.ip('netns', 'add', self.net)
        self.log = open(self.top / 'boot.log', 'wb')
        self.holder = subprocess.Popen(
            ['nsenter', f'--net=/run/netns/{self.net}', ROOT / 'deploy/debian/boot', self.top / 'root', name,
             f'lowerdir=/,upperdir={self.top}/up,workdir={self.top}/work', self.shared], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env={**os.environ, 'GHOST_BOOT_NET': 'keep'}, start_new_session=True)

    def booted(self):
        until(lambda: self.holder.poll() is not None or self.find_init(), f'{self.name} boots')
        if self.init is None:
            skip(f'no host can be booted here: {(self.top / "boot.log").read_text()[-500:]}')
        up = lambda: subprocess.run(self.argv('systemctl', 'is-active', '-q', 'basic.target'), check=False,
                                    stderr=subprocess.DEVNULL).returncode == 0
        until(up, f'systemd of {self.name} is up')
        # State lies on a file system of its own, as on any host: this one's root is an overlay, which knows no idmapped mounts.
        state = '/var/lib/ghost-runner'
        subprocess.run(self.argv('sh', '-c', f'mkdir {state} && mount -t tmpfs -o mode=0700 state {state}'), check=True)

    def find_init(self):
        """The systemd below the holder."""
        todo = [self.holder.pid]
        while todo:
            pid = todo.pop()
            try:
                if pathlib.Path(f'/proc/{pid}/comm').read_text() == 'systemd\n':
                    self.init = pid
                    return True
                todo += map(int, pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split())
            except OSError:
                continue
        return False

    @staticmethod
    def ip(*args):
        subprocess.run(['ip', *args], check=True)

    def argv(self, *words):
        return ['nsenter', '--target', str(self.init), '--mount', '--pid', '--net', '--uts', '--ipc', '--root', 'env', '-i', '--chdir=/root',
                'HOME=/root', 'TERM=dumb', 'DEBIAN_FRONTEND=noninteractive',
                'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', *words]

    def type(self, text):
        """Types a block; what it says."""
        for arrived in (self.shared / f'{self.name}.in').glob('*'):
            subprocess.run(self.argv('mv', f'/shared/{self.name}.in/{arrived.name}', arrived.name.replace('+', '/')), check=True)
        done = subprocess.run(self.argv('bash', '-e', '-o', 'pipefail', '-s'), input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, timeout=180)
        said = done.stdout.decode(errors='replace')
        print(f'--- {self.name}\n' + ''.join(f'$ {line}\n' for line in text.splitlines()) + said, flush=True)
        if done.returncode != 0:
            log = subprocess.run(self.argv('journalctl', '-q', '--no-pager', '-n', '60'), check=False, stdout=subprocess.PIPE).stdout
            print(f'--- the journal of {self.name}\n' + log.decode(errors='replace'))
            raise SystemExit(f'{self.name}: a step of the guide ended with {done.returncode}')
        return said

    def close(self):
        if self.holder.poll() is None:
            os.killpg(self.holder.pid, signal.SIGKILL)
        self.holder.wait()
        self.log.close()
        subprocess.run(['ip', 'netns', 'del', self.net], check=False)


def packages(build, folder):
    """As `make deb` makes them, of the programs of this build."""
    done = subprocess.run(['cpack', '-G', 'DEB', '-D', f'CPACK_OUTPUT_FILE_PREFIX={folder}'], cwd=build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        raise SystemExit('cpack: ' + done.stdout.decode(errors='replace')[-4000:])
    found = sorted(pathlib.Path(folder).glob('*.deb'))
    assert len(found) == 4, found
    return found


def blocks(text):
    """(hosts, text) of each block with a host's name."""
    for info, body in re.findall(r'^```sh([^\n]*)\n(.*?)^```$', text, re.M | re.S):
        if info.split():
            yield info.split(), body


def until(condition, what, timeout_s=60):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise SystemExit(f'not in {timeout_s} s: {what}')


def bridge(hosts):
    first = hosts['broker']
    first.ip('-n', first.net, 'link', 'add', 'farm', 'type', 'bridge')
    first.ip('-n', first.net, 'addr', 'add', f'{first.address}/24', 'dev', 'farm')
    first.ip('-n', first.net, 'link', 'set', 'farm', 'up')
    for n, host in enumerate(h for h in hosts.values() if h is not first):
        first.ip('-n', first.net, 'link', 'add', f'v{n}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.net)
        first.ip('-n', first.net, 'link', 'set', f'v{n}', 'master', 'farm', 'up')
        host.ip('-n', host.net, 'addr', 'add', f'{host.address}/24', 'dev', 'eth0')
        host.ip('-n', host.net, 'link', 'set', 'eth0', 'up')


def kept(host, program):
    """The join string that a member keeps; it ends in where the broker is."""
    path = f'/var/lib/ghost-{program}/join'
    return subprocess.run(host.argv('cat', path), check=True, stdout=subprocess.PIPE).stdout.decode().strip()


def follow(hosts, text):
    relay = hosts['relay']
    ghost = 'export GHOST_URL=http://relay:5050 GHOST_TOKEN=@/root/token\nghost '
    asked = lambda words: json.loads(relay.type(ghost + words + ' --json'))
    long = ('long-1', 'long-2')
    for names, body in blocks(text):
        revokes = 'ghost keys revoke host-7' in body
        if revokes:
            # One on each runner; what runs on the host whose key is taken back goes to the other.
            for name in long:
                relay.type(ghost + f'submit --no-patch --repo demo --id {name} --gate "sleep 5"\n')
            until(lambda: {asked(f'get {name}').get('runner') for name in long} == {'host-7', 'host-8'}, 'one on each')
            on = {asked(f'get {name}')['runner']: name for name in long}
        if '--finish' in body:
            until(lambda: kept(hosts['relay'], 'relay').endswith(':5061') and kept(hosts['host-8'], 'runner').endswith(':5062'),
                  'all have moved to the next key')
            key = hosts['broker'].top / 'up/var/lib/ghost-broker/keys/broker-next.key'
            until(lambda: time.time() - key.stat().st_mtime > 15, 'the next key is as old as the guide asks for')
        for name in names:
            hosts[name].type(body)
        if revokes:
            done = until(lambda: (job := asked(f'get {on["host-7"]}'))['state'] == 'SUCCEEDED' and job, 'it ends elsewhere')
            assert done['runner'] == 'host-8', done
            listed = {key['name']: key.get('revokedAt') for key in asked('keys list')['items']}
            assert listed['host-7'] and not listed['host-8'], listed
    judged = [job for job in asked('list')['items'] if job['id'] not in long]
    assert {job['outcome'] for job in judged} == {'passed'}, judged
    assert {job['runner'] for job in judged} == {'host-7', 'host-8'}, judged
    # After the restore the farm goes on: with the runner whose key still is good.
    relay.type(ghost + 'submit --no-patch --repo demo --gate true --wait\n')


def main():
    if os.geteuid() != 0:
        skip('needs root')
    for tool in ('ip', 'nsenter', 'unshare', 'pivot_root', 'dpkg', 'apt-get', 'cpack', 'adduser', 'runuser', 'setpriv', 'systemctl'):
        if not shutil.which(tool):
            skip(f'needs {tool}')
    build = pathlib.Path(sys.argv[1]).resolve()
    text = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / 'deploy/README.md').read_text()
    assert len(list(blocks(text))) > 10
    scratch = pathlib.Path(tempfile.mkdtemp(prefix='ghost-follow-'))
    hosts = {}
    # Of its own, so that no layer of a host's file system lies within another one.
    if subprocess.run(['mount', '-t', 'tmpfs', 'ghost-follow', scratch], check=False).returncode:
        skip('nothing can be mounted here')
    try:
        (scratch / 'shared').mkdir()
        packages(build, scratch / 'packages')
        for name, address in HOSTS.items():
            hosts[name] = Host(name, address, scratch)
        for host in hosts.values():
            host.booted()
        bridge(hosts)
        follow(hosts, text)
        print('followed to its end')
    finally:
        for host in hosts.values():
            host.close()
        subprocess.run(['umount', '--lazy', scratch], check=False)
        scratch.rmdir()


if __name__ == '__main__':
    main()
