"""A farm of real processes that can be killed, stopped and started again, piece by piece. Everything lives in one
scratch folder; broker and runners meet over ipc there, relays listen on free loopback ports."""
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading
import time


class Service:
    """One program: start() returns once it says that it is ready."""

    def __init__(self, farm, name, argv, needs_ready=True):
        self.farm, self.name, self.argv, self.needs_ready = farm, name, argv, needs_ready
        self.process, self.said, self.log = None, {}, farm.scratch / f'{name}.log'
        self.lock = threading.RLock()

    def start(self, environment=None, ready_s=30):
        with self.lock:
            return self._start(environment or {}, ready_s)

    def _start(self, environment, ready_s):
        path = str(self.farm.scratch / f'{self.name}.notify')
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(self.log, 'ab') as log:
            notify.bind(path)
            began = time.monotonic()
            self.process = subprocess.Popen(
                self.farm.enter(self.name) + self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**self.farm.environment, **environment, 'NOTIFY_SOCKET': path})
            while self.needs_ready:
                if select.select([notify], [], [], 0.01)[0]:
                    said = dict(x.split('=', 1) for x in notify.recv(4096).decode().splitlines() if '=' in x)
                    if said.get('READY') == '1':
                        self.said = said
                        break
                if self.process.poll() is not None:
                    return None  # it ended before it was ready
                if time.monotonic() - began > ready_s:
                    raise TimeoutError(f'{self.name} is not ready after {ready_s} s: see {self.log}')
            return time.monotonic() - began

    def signal(self, number):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self):
        with self.lock:
            self.signal(signal.SIGKILL)
            return self.process.wait() if self.process else None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout_s=30):
        with self.lock:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            if self.process:
                try:
                    return self.process.wait(timeout_s)
                except subprocess.TimeoutExpired:
                    self.kill()
                    raise


class Farm:
    """broker, relays r0.., runners w0..; `programs` is the folder of the programs, `broker` another broker program."""

    def __init__(self, scratch, programs, broker=None, relays=2, runners=4, slots=2, broker_options=(),
                 runner_options=(), relay_options=(), broker_data=None):
        self.scratch = pathlib.Path(scratch)
        programs = pathlib.Path(programs)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(('GHOST_', 'GIT_'))}
        self.environment.update(GIT_CONFIG_NOSYSTEM='1', HOME=str(self.scratch))
        self.clients, self.runners_at = f'ipc://{self.scratch}/clients', f'ipc://{self.scratch}/runners'
        self.broker = Service(self, 'broker', [
            str(broker or programs / 'ghost-broker'), '--data', str(broker_data or self.scratch / 'broker'),
            '--clients', self.clients, '--runners', self.runners_at, *broker_options])
        self.relays = [Service(self, f'r{i}', [str(programs / 'ghost-relay'), '--http', '127.0.0.1:0', '--name', f'r{i}',
                                               '--broker', self.clients, *relay_options]) for i in range(relays)]
        self.runners = [Service(self, f'w{i}', [
            str(programs / 'ghost-runner'), '--broker', self.runners_at, '--data', str(self.scratch / f'w{i}'),
            '--name', f'w{i}', '--slots', str(slots), '--label', f'runner=w{i}', *runner_options], needs_ready=False)
            for i in range(runners)]

    def enter(self, _name):
        return []  # a farm of several hosts starts its programs elsewhere

    def services(self):
        return [self.broker, *self.relays, *self.runners]

    def start(self):
        for service in self.services():
            if service.start() is None:
                raise RuntimeError(f'{service.name} ended: ' + service.log.read_text(errors='replace')[-2000:])
        return self

    def stop(self):
        codes = {}
        for service in [*self.runners, *self.relays, self.broker]:
            codes[service.name] = service.stop()
        return codes

    def kill_all(self):
        for service in self.services():
            if service.process:
                service.kill()

    def print_logs(self):
        for service in self.services():
            if service.log.exists():
                print(f'--- {service.name}\n{service.log.read_text(errors="replace")[-1500:]}')

    def address(self, relay=0):
        return self.relays[relay].said['X_GHOST_HTTP'].removeprefix('http://')

    def call(self, method, path, body=None, relay=0, headers=None, timeout_s=30):
        """(status, document, headers); OSError or HTTPException when there is no answer."""
        connection = http.client.HTTPConnection(self.address(relay), timeout=timeout_s)
        try:
            data = None if body is None else json.dumps(body).encode()
            head = {'Content-Type': 'application/json'} if data is not None else {}
            connection.request(method, path, data, {**head, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            is_json = 'json' in (answer.getheader('Content-Type') or '')
            return answer.status, json.loads(text) if is_json and text else text, dict(answer.getheaders())
        finally:
            connection.close()


def make_repository(scratch):
    """A bare repository with one commit; gives its path."""
    path = pathlib.Path(scratch) / 'r.git'
    run = lambda *argv: subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, 'GIT_CONFIG_NOSYSTEM': '1', 'HOME': str(scratch)})
    work = pathlib.Path(scratch) / 'work'
    run('git', 'init', '-q', '-b', 'main', str(work))
    (work / 'README').write_text('a repository\n')
    run('git', '-C', str(work), 'add', '.')
    run('git', '-C', str(work), '-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '-qm', 'first')
    run('git', 'clone', '-q', '--bare', str(work), str(path))
    return path


def until(condition, what, timeout_s=30, every_s=0.02):
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(every_s)
