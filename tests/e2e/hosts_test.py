"""Three hosts as network namespaces: the broker's, one for a relay and its client, one for runners. Jobs flow between
members; who is none is refused, counted, and disturbs nobody."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import farm
from farm import FarmTest
from process import Process, until

BROKER = '10.99.0.1'


def allowed():
    if os.geteuid() != 0 or not shutil.which('ip'):
        return False
    probe = f'ghp{os.getpid()}'
    if subprocess.run(['ip', 'netns', 'add', probe], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return False
    return subprocess.run(['ip', 'netns', 'del', probe], check=False).returncode == 0


class Hosts:
    """Namespaces joined by a bridge in the first one; their addresses exist nowhere else."""

    def __init__(self, count):
        self.names = [f'gh{os.getpid()}-{n}' for n in range(1, count + 1)]
        for name in self.names:
            self.ip('netns', 'add', name)
            self.inside(name, 'link', 'set', 'lo', 'up')
        first = self.names[0]
        self.inside(first, 'link', 'add', 'farm', 'type', 'bridge')
        self.inside(first, 'addr', 'add', f'{BROKER}/24', 'dev', 'farm')
        self.inside(first, 'link', 'set', 'farm', 'up')
        for n, name in enumerate(self.names[1:], 2):
            self.inside(first, 'link', 'add', f'v{n}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
            self.inside(first, 'link', 'set', f'v{n}', 'master', 'farm', 'up')
            self.inside(name, 'addr', 'add', f'10.99.0.{n}/24', 'dev', 'eth0')
            self.inside(name, 'link', 'set', 'eth0', 'up')

    @staticmethod
    def ip(*args):
        subprocess.run(['ip', *args], check=True)

    def inside(self, name, *args):
        self.ip('-n', name, *args)

    def cut(self, n, off=True):
        self.inside(self.names[0], 'link', 'set', f'v{n}', 'down' if off else 'up')

    def close(self):
        for name in self.names:
            subprocess.run(['ip', 'netns', 'del', name], check=False)


@unittest.skipUnless(allowed(), 'network namespaces are not allowed here')
class HostsFarmTest(FarmTest):
    count, relays = 3, (2,)

    def setUp(self):
        self.hosts = Hosts(self.count)
        self.addCleanup(self.hosts.close)
        self.keys = self.scratch / 'broker' / 'keys'
        self.ghost(1, 'keys', 'init', '--keys', self.keys)
        self.broker = self.make(1, 'broker', 'ghost-broker', '--data', self.scratch / 'broker', '--lease-ms', 3000,
                                '--clients', f'tcp://127.0.0.1:0,tcp://{BROKER}:5051', '--runners',
                                f'tcp://{BROKER}:5052').start()
        for host in self.relays:
            relay = self.add('relay', f'relay-{host}', '--keys', self.keys, '--endpoint', f'tcp://{BROKER}:5051')
            kept = 'relay.kept' if host == 2 else f'relay-{host}.kept'
            self.make(host, f'relay-{host}', 'ghost-relay', '--http', '127.0.0.1:5050', '--join', f'@{relay}',
                      '--join-file', self.scratch / kept).start()
        work = farm.Repo(self.scratch / 'r')
        work.commit({'README': 'one\n'})
        self.ghost(2, 'repo', 'add', 'r', work.path)

    def make(self, host, name, program, *options):
        process = Process(name, ['ip', 'netns', 'exec', self.hosts.names[host - 1], pathlib.Path(self.programs) / program,
                                 *options], self.scratch)
        self.farm.all.append(process)
        return process

    def ghost(self, host, *args, expect=0):
        done = subprocess.run(['ip', 'netns', 'exec', self.hosts.names[host - 1], pathlib.Path(self.programs) / 'ghost',
                               *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env={**os.environ, 'GHOST_URL': 'http://127.0.0.1:5050'})
        self.assertEqual(done.returncode, expect, (args, done.stdout, done.stderr))
        return done.stdout.decode()

    def add(self, role, name, *options):
        """A new member's join string, in a file."""
        path = self.scratch / f'{name}.join'
        path.touch(mode=0o600)
        path.write_text(self.ghost(1 if role == 'relay' else 2, 'keys', 'add', role, name, *options))
        return path

    def runner(self, name, host=3):
        return self.make(host, name, 'ghost-runner', '--data', self.scratch / name, '--slots', 1, '--isolation', 'none',
                         '--join', f'@{self.add("runner", name)}')

    def submit(self, gate, *options, expect=0):
        return self.ghost(2, 'submit', '--no-patch', '--repo', 'r', '--base', 'main', '--gate', gate, *options, expect=expect)

    def runners(self):
        return {r['id']: r for r in json.loads(self.ghost(2, 'runners', '--json'))['items']}

    def refused(self):
        script = 'import sys,urllib.request as u; sys.stdout.write(u.urlopen("http://127.0.0.1:5050/metrics").read().decode())'
        text = subprocess.run(['ip', 'netns', 'exec', self.hosts.names[1], 'python3', '-c', script], check=True,
                              stdout=subprocess.PIPE).stdout.decode()
        return {line.split('reason="')[1].split('"')[0]: float(line.rsplit(' ', 1)[1])
                for line in text.splitlines() if line.startswith('ghost_broker_peers_refused_total')}

    def test_a_revoked_runners_job_goes_to_the_other(self):
        one = self.runner('one').start()
        self.submit('sleep 60', '--label', 'n=1')
        until(lambda: self.runners()['one']['busy'] == 1, 'the job runs on one')
        self.runner('two').start()
        self.ghost(2, 'keys', 'revoke', 'one')
        until(lambda: self.runners()['two']['busy'] == 1, 'the job runs on two')
        until(lambda: self.refused().get('message_of_revoked_key', 0) > 0, 'the open connection is not heard')
        one.kill()
        again = self.make(3, 'again', 'ghost-runner', '--data', self.scratch / 'one', '--isolation', 'none').launch()
        until(lambda: self.refused().get('revoked_key', 0) > 0, 'a new connection of the key is refused')
        again.kill()
        self.assertEqual(self.runners()['two']['busy'], 1)

    def test_who_is_no_member_is_refused_and_disturbs_nobody(self):
        self.runner('one').start()
        stolen = (self.scratch / 'one.join').read_text()
        # A key that nobody added; a client's on the runners' address; plain text.
        unknown = stolen.replace(stolen.split('/')[3], '7' * 64)
        client = self.add('client', 'agent').read_text()
        client = stolen.replace(stolen.split('/')[3], client.split('/')[3])
        for name, text in (('unknown', unknown), ('client', client)):
            path = self.scratch / f'{name}.join'
            path.touch(mode=0o600)
            path.write_text(text)
            self.make(3, name, 'ghost-runner', '--data', self.scratch / name, '--isolation', 'none', '--join',
                      f'@{path}').launch()
        script = ('import zmq,sys; s=zmq.Context().socket(zmq.DEALER); s.linger=0; '
                  f's.connect("tcp://{BROKER}:5052"); s.send(b"hello"); print(s.poll(3000))')
        plain = subprocess.run(['ip', 'netns', 'exec', self.hosts.names[2], '/usr/bin/python3', '-c', script], check=True,
                               stdout=subprocess.PIPE)
        self.assertEqual(plain.stdout.strip(), b'0')
        until(lambda: all(self.refused().get(reason, 0) > 0 for reason in ('unknown_key', 'wrong_role', 'handshake')),
              lambda: f'all are counted: {self.refused()}')
        self.submit('true', '--wait')
        self.assertEqual(set(self.runners()), {'one'})

    def as_member(self, name, action):
        """Runs lines of Python on the runners' host, with s a DEALER that holds the key of that member."""
        role, _, secret, broker, endpoint = (self.scratch / f'{name}.join').read_text().strip()[7:].split('/', 4)
        script = ('import zmq, msgpack, sys\nfrom zmq.utils import z85\n'
                  's = zmq.Context().socket(zmq.DEALER)\ns.linger = 0\n'
                  f'secret = z85.encode(bytes.fromhex("{secret}"))\n'
                  's.curve_secretkey, s.curve_publickey = secret, zmq.curve_public(secret)\n'
                  f's.curve_serverkey = z85.encode(bytes.fromhex("{broker}"))\n'
                  'def ask(kind, body, wait_ms):\n'
                  '    s.send_multipart([msgpack.packb({"v": 1, "k": kind, "c": 1}), msgpack.packb(body)])\n'
                  '    return msgpack.unpackb(s.recv_multipart()[1]) if s.poll(wait_ms) else None\n'
                  f'def connect(): s.connect("{endpoint}")\n' + action)
        done = subprocess.run(['ip', 'netns', 'exec', self.hosts.names[2], '/usr/bin/python3', '-'], check=False,
                              input=script.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.decode().strip()

    def test_a_routing_id_and_an_instance_of_another_cannot_be_stolen(self):
        self.runner('one').start()
        job = self.submit('sleep 4').strip()
        until(lambda: self.runners()['one']['busy'] == 1, 'the job runs')
        self.add('runner', 'thief')
        register = ('{"instance": "%s", "secret": b"0" * 16, "session": 9999999999999, "slots": 4, "labels": {}, '
                    '"held": [], "lastJobSeq": 0}')
        # It holds a key of its own, and sets a routing id: of five bytes like those that libzmq gives.
        said = self.as_member('thief', 's.routing_id = b"\\x01abcd"\nconnect()\n'
                              f'print(ask("Register", {register % "thief"}, 3000))')
        self.assertEqual(said, 'None')
        until(lambda: self.refused().get('chosen_routing_id', 0) > 0, 'it is counted')
        said = self.as_member('thief', f'connect()\nprint(ask("Register", {register % "one"}, 10000)["error"]["code"])')
        self.assertEqual(said, 'forbidden')
        said = self.as_member('thief', f'connect()\nprint("epoch" in ask("Register", {register % "thief"}, 10000))')
        self.assertEqual(said, 'True')
        self.ghost(2, 'wait', job, '--quiet')
        self.assertEqual(json.loads(self.ghost(2, 'get', job, '--json'))['attempt'], 1)
        self.assertEqual(self.runners()['one']['state'], 'ready')

    def test_a_host_that_is_cut_off_loses_its_job_and_comes_back(self):
        self.runner('one').start()
        job = self.submit('sleep 4').strip()
        until(lambda: self.runners()['one']['busy'] == 1, 'the job runs')
        self.hosts.cut(3)
        until(lambda: self.runners()['one']['state'] == 'lost', 'the silence is noticed')
        self.hosts.cut(3, off=False)
        self.ghost(2, 'wait', job, '--quiet')
        self.assertEqual(self.runners()['one']['state'], 'ready')

    def test_the_brokers_key_changes_while_the_farm_works(self):
        self.runner('one').start()
        job = self.submit('sleep 5').strip()
        until(lambda: self.runners()['one']['busy'] == 1, 'the job runs')
        self.rotate()
        self.finish()
        self.all_at(5051, 5052)
        until(lambda: self.broker.log().count('key has changed') == 1, 'the broker says so')
        self.ghost(2, 'wait', job, '--quiet')
        self.assertEqual(json.loads(self.ghost(2, 'get', job, '--json'))['attempt'], 1)
        self.submit('true', '--wait')

    def test_a_broker_started_anew_while_its_key_changes_is_found_and_the_key_changes_again(self):
        self.runner('one').start()
        self.rotate()
        self.broker.kill()
        self.finish()
        self.broker.start()
        self.all_at(5051, 5052)
        self.submit('true', '--wait')
        self.rotate()
        self.finish()
        self.all_at(5051, 5052)
        self.submit('true', '--wait')

    def rotate(self):
        self.ghost(1, 'keys', 'rotate', '--keys', self.keys, '--clients', f'tcp://{BROKER}:5061', '--runners',
                   f'tcp://{BROKER}:5062')
        # At once, when nobody can have moved, it is refused.
        self.ghost(1, 'keys', 'rotate', '--keys', self.keys, '--finish', expect=1)
        self.all_at(5061, 5062)

    def finish(self):
        self.ghost(1, 'keys', 'rotate', '--keys', self.keys, '--finish', '--force')

    def all_at(self, clients, runners):
        kept = lambda path: (self.scratch / path).read_text().strip()
        until(lambda: kept('relay.kept').endswith(f':{clients}') and kept('one/join').endswith(f':{runners}'),
              f'both are at {clients} and {runners}')


if __name__ == '__main__':
    farm.main()
