"""Farms for end-to-end tests: real broker, relay and runners on free loopback ports, real git repositories, and a
client that speaks plain HTTP. usage of each test file: FILE FOLDER_OF_PROGRAMS [Class.test]"""
import http.client
import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

from process import PATIENCE_S, Process, until

TERMINAL = {'SUCCEEDED', 'FAILED', 'CANCELLED', 'EXPIRED', 'DEAD'}
OF_THIS_HOST = ('--allow-private', '127.0.0.0/8')  # GitServer
SKIPPED = 77  # exit code by which CTest knows a skipped test


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def type(self):
        return (self.headers.get('Content-Type') or '').split(';')[0]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'{self.status} {self.type} {self.body[:600]!r}'


class Http:
    """Plain requests to one relay, each on a connection of its own."""

    def __init__(self, url, token=None):
        self.url, self.token = url, token
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port)

    def open(self, method, path, body=None, headers=None, query=None, timeout_s=PATIENCE_S):
        """The response before its body is read, and its connection."""
        if query:
            path += '?' + urllib.parse.urlencode(query, doseq=True)
        headers = dict(headers or {})
        if self.token:
            headers.setdefault('Authorization', f'Bearer {self.token}')
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault('Content-Type', 'application/json')
        connection = http.client.HTTPConnection(*self.address, timeout=timeout_s)
        try:
            connection.request(method, path, body, headers)
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def call(self, method, path, body=None, headers=None, query=None, timeout_s=PATIENCE_S):
        connection, response = self.open(method, path, body, headers, query, timeout_s)
        try:
            return Answer(response, response.read())
        finally:
            response.close()
            connection.close()

    def get(self, path, **more):
        return self.call('GET', path, **more)

    def raw(self, data, timeout_s=10):
        """Sends bytes as they are; what comes back until the relay closes or is silent."""
        with socket.create_connection(self.address, timeout=timeout_s) as stream:
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            out = b''
            while True:
                part = stream.recv(65536)
                if not part:
                    return out
                out += part

    # --- jobs ---

    def submit(self, request, expect=202, **more):
        answer = self.call('POST', '/v1/patches', request, **more)
        if answer.status != expect:
            raise AssertionError(f'submission: {answer}')
        return answer.json()['id']

    def job(self, job_id):
        answer = self.get(f'/v1/patches/{job_id}')
        if answer.status != 200:
            raise AssertionError(f'{job_id}: {answer}')
        return answer.json()

    def wait(self, job_id, timeout_s=PATIENCE_S):
        """The job once it has ended."""
        def ended():
            answer = self.get(f'/v1/patches/{job_id}', query={'wait': 10})
            if answer.status != 200:
                raise AssertionError(f'{job_id}: {answer}')
            return answer.json() if answer.json()['state'] in TERMINAL else None
        return until(ended, lambda: f'{job_id} ends; it is {self.job(job_id)}', timeout_s)

    def run(self, request, **more):
        return self.wait(self.submit(request, **more))

    def events(self, job_id, **query):
        """Every event so far."""
        items, after = [], 0
        while True:
            page = self.get(f'/v1/patches/{job_id}/events', headers={'Accept': 'application/json'},
                            query={'after': after, **query}).json()
            items += page['items']
            if not page['items']:
                return items
            after = page['lastSeq']

    def log(self, job_id, **query):
        return self.get(f'/v1/patches/{job_id}/log', query=query).body


class Repo:
    """A git repository of the test's own, made without a user's settings."""

    def __init__(self, path, bare=False):
        self.path = pathlib.Path(path)
        self.env = {**{n: v for n, v in os.environ.items() if not n.startswith('GIT_')},
                    'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_NOSYSTEM': '1', 'GIT_AUTHOR_NAME': 'An Author',
                    'GIT_AUTHOR_EMAIL': 'author@example.org', 'GIT_COMMITTER_NAME': 'A Committer',
                    'GIT_COMMITTER_EMAIL': 'committer@example.org', 'GIT_AUTHOR_DATE': '1700000000 +0100',
                    'GIT_COMMITTER_DATE': '1700000000 +0100'}
        if not self.path.exists():
            self.path.mkdir(parents=True)
            self.git('init', '-q', '-b', 'main', *(['--bare'] if bare else []))

    def git_bytes(self, *args, data=None):
        done = subprocess.run(['git', '-c', 'safe.directory=*', *args], cwd=self.path, env=self.env, input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise AssertionError(f'git {" ".join(args)}: {done.stderr.decode(errors="replace")}')
        return done.stdout

    def git(self, *args, data=None):
        return self.git_bytes(*args, data=data).decode(errors='replace').strip()

    def write(self, files):
        for name, contents in files.items():
            path = self.path / name
            if contents is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())

    def commit(self, files, message='a change'):
        """Writes the files (None deletes) and commits; the commit's id."""
        self.write(files)
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', message)
        return self.head()

    def head(self, ref='HEAD'):
        return self.git('rev-parse', ref)

    def tree(self, ref='HEAD'):
        return self.git('rev-parse', f'{ref}^{{tree}}')

    def diff(self, base, target='HEAD'):
        return self.git_bytes('diff', '--binary', '--full-index', base, target)


class Calls:
    """A place where gates call in and wait to be let go: `with Calls() as calls`, a gate that runs calls.gate('name')
    over the host's network. Gives tests a hold on what runs, without sleeping."""

    def __enter__(self):
        self.server = socket.create_server(('127.0.0.1', 0), backlog=256)
        self.here, self.changed = {}, threading.Condition()
        self.count = itertools.count()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        with self.changed:
            for stream in self.here.values():
                stream.close()

    def gate(self, name, after='true'):
        port = self.server.getsockname()[1]
        return {'name': 'call', 'argv': ['/bin/bash', '-c', f'exec 3<>/dev/tcp/127.0.0.1/{port} && echo {name} >&3 && '
                                         f'read -r word <&3 && [ "$word" = go ] && {after}']}

    def _serve(self):
        while True:
            try:
                stream, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._greet, args=(stream,), daemon=True).start()

    def _greet(self, stream):
        try:
            name = stream.makefile().readline().strip()
        except OSError:
            return
        with self.changed:
            self.here[(name, next(self.count))] = stream
            self.changed.notify_all()

    def wait(self, count=1, timeout_s=PATIENCE_S):
        """Waits until so many gates stand there; their names in the order of their calls."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.here) >= count, timeout_s):
                raise TimeoutError(f'{len(self.here)} of {count} gates called')
            return [name for name, _ in self.here]

    def go(self, name=None):
        """Lets all gates go on, or those of one name."""
        with self.changed:
            for key in [key for key in self.here if name in (None, key[0])]:
                stream = self.here.pop(key)
                try:
                    stream.sendall(b'go\n')
                except OSError:
                    pass
                stream.close()


class GitServer:
    """Serves the repositories below a folder at git://, with their hooks; pushes are taken."""

    def __init__(self, folder):
        self.folder = folder
        self.server = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.url = f'git://127.0.0.1:{self.server.getsockname()[1]}'
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith('GIT_')}
        while True:
            try:
                stream, _ = self.server.accept()
            except OSError:
                return
            with stream:
                subprocess.Popen(['git', '-c', 'safe.directory=*', 'daemon', '--inetd', '--export-all',
                                  '--enable=receive-pack', f'--base-path={self.folder}'], stdin=stream, stdout=stream,
                                 stderr=subprocess.DEVNULL, env=env, start_new_session=True)

    def close(self):
        # Wakes the thread that accepts, which close() alone would not.
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class Farm:
    """Broker, relay and runners below a scratch folder. What is started is ended by close()."""

    def __init__(self, programs, scratch):
        self.programs, self.scratch = pathlib.Path(programs), pathlib.Path(scratch)
        self.all, self.broker, self.relay, self.runners, self.http = [], None, None, {}, None
        self.git_server = None

    def make(self, name, program, *options, under=()):
        process = Process(name, [*under, self.programs / program, *options], self.scratch)
        self.all.append(process)
        return process

    def start(self, runners=1, slots=1, broker=(), relay=(), runner=()):
        self.start_broker(*broker)
        self.launch_relay(*relay)
        for n in range(1, runners + 1):
            self.launch_runner(f'r{n}', '--slots', slots, *runner)
        self.relay.ready()
        self.http = Http(self.relay.facts['X_GHOST_HTTP'])
        for process in self.runners.values():
            process.ready()
        return self

    def start_broker(self, *options, clients='tcp://127.0.0.1:0', runners='tcp://127.0.0.1:0'):
        self.broker = self.make('broker', 'ghost-broker', '--data', self.scratch / 'broker', '--clients',
                                clients, '--runners', runners, *OF_THIS_HOST, *options).start()
        # Where a restarted one must be found again.
        argv = self.broker.argv
        argv[argv.index('--clients') + 1] = self.broker.facts['X_GHOST_CLIENTS']
        argv[argv.index('--runners') + 1] = self.broker.facts['X_GHOST_RUNNERS']

    def launch_relay(self, *options):
        self.relay = self.make('relay', 'ghost-relay', '--http', '127.0.0.1:0', '--broker',
                               self.broker.facts['X_GHOST_CLIENTS'], *options).launch()

    def launch_runner(self, name, *options, under=()):
        options = list(options)
        if '--slots' not in options:
            options += ['--slots', 1]
        self.runners[name] = self.make(name, 'ghost-runner', '--broker', self.broker.facts['X_GHOST_RUNNERS'], '--data',
                                       self.scratch / name, '--name', name, '--isolation', 'none',
                                       *OF_THIS_HOST, *options, under=under).launch()
        return self.runners[name]

    def restart_broker(self):
        self.broker.start()
        until(lambda: self.http.get('/readyz').status == 200, 'the relay has found the broker again')

    def close(self):
        for process in reversed(self.all):
            process.close()
        if self.git_server:
            self.git_server.close()

    def show_logs(self):
        for process in self.all:
            print(f'--- {process.name}: the end of its log\n{process.log()[-6000:]}', file=sys.stderr)

    # --- repositories ---

    def repo(self, name='r', files=None, served=False):
        """A work tree and its bare twin, which the farm knows by that name; gives (work, bare). Served: the farm
        reaches it over git://, so that its hooks run where it lives."""
        work = Repo(self.scratch / f'{name}.work')
        work.commit(files or {'README': 'one\ntwo\nthree\n'}, 'the beginning')
        bare = Repo(self.scratch / f'{name}.git', bare=True)
        work.git('push', '-q', str(bare.path), 'main')
        if served and not self.git_server:
            self.git_server = GitServer(self.scratch)
        self.know(name, f'{self.git_server.url}/{name}.git' if served else bare.path)
        return work, bare

    def know(self, name, url):
        answer = self.http.call('PUT', f'/v1/repos/{name}', {'url': str(url), 'defaultBranch': 'main'})
        assert answer.status == 200, answer


def job(patch=None, gates=(), **fields):
    """A request on repository r; patch None: gates only. A gate may be given as its text."""
    gates = [{'name': f'g{n}', 'run': gate} if isinstance(gate, str) else gate for n, gate in enumerate(gates)]
    return {'base': {'repo': 'r', 'ref': 'main'}, 'patch': patch or {'format': 'none'}, 'gates': gates, **fields}


def upsert(path, contents):
    return {'format': 'mutations', 'items': [{'op': 'upsert', 'path': path, 'contents': contents}]}


class FarmTest(unittest.TestCase):
    """Each test has a scratch folder and a farm; the logs are shown when it fails."""
    programs = None

    def run(self, result=None):
        problems = lambda: len(result.failures) + len(result.errors)
        before = problems()
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix='ghost-e2e-'))
        self.farm = Farm(self.programs, self.scratch)
        try:
            return super().run(result)
        finally:
            self.farm.close()
            if problems() > before:
                self.farm.show_logs()
            shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, **more):
        self.farm.start(**more)
        self.http = self.farm.http
        return self.http


def main():
    FarmTest.programs = sys.argv.pop(1)
    program = unittest.main(module='__main__', verbosity=1, exit=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun and len(result.skipped) == result.testsRun else 0)
