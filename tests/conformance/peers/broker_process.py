"""Starts a real ghost-broker on free ports and says where it is; kills and restarts it."""
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time


class Broker:
    def __init__(self, program, scratch, options=()):
        self.program, self.scratch, self.options = program, pathlib.Path(scratch), list(options)
        self.clients = self.runners = None
        self.process = None

    def start(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(os.path.join(folder, 'notify'))
            notify.settimeout(20)
            self.log = open(self.scratch / 'broker.log', 'ab')
            self.process = subprocess.Popen(
                [self.program, '--data', str(self.scratch / 'data'), '--clients', self.clients or 'tcp://127.0.0.1:0',
                 '--runners', self.runners or 'tcp://127.0.0.1:0', *self.options],
                env={**os.environ, 'NOTIFY_SOCKET': os.path.join(folder, 'notify')}, stderr=self.log)
            while self.process.poll() is None:
                said = dict(line.split('=', 1) for line in notify.recv(4096).decode().splitlines() if '=' in line)
                if said.get('READY') == '1':
                    self.clients, self.runners = said['X_GHOST_CLIENTS'], said['X_GHOST_RUNNERS']
                    return self
        raise RuntimeError('broker ended: ' + (self.scratch / 'broker.log').read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self, timeout_s=20):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self.log.close()
        return self.process.returncode


def until(condition, what, timeout_s=20):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(what)
