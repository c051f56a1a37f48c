"""One process of a farm: started with a notify socket and waited for until it says that it is ready, stopped by its
pid, its log kept. It dies with the test that started it."""
import ctypes
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

PATIENCE_S = 60  # for what takes a moment here and longer under a sanitizer on a busy machine
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def until(condition, what, timeout_s=PATIENCE_S):
    """The first true value of condition()."""
    end = time.monotonic() + timeout_s
    pause_s = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f'not in {timeout_s} s: {what() if callable(what) else what}')
        time.sleep(pause_s)
        pause_s = min(0.05, pause_s * 1.5)


class Process:
    def __init__(self, name, argv, scratch):
        self.name, self.argv, self.scratch = name, [str(part) for part in argv], pathlib.Path(scratch)
        self.log_path = self.scratch / f'{name}.log'
        self.facts, self.process, self.notify = {}, None, None

    def launch(self):
        """Starts it and does not wait; from the main thread, with whose end it would die."""
        path = self.scratch / f'{self.name}.notify'
        path.unlink(missing_ok=True)
        if self.notify:
            self.notify.close()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        env = {name: value for name, value in os.environ.items() if not name.startswith(('GHOST_', 'GIT_'))}

        def before():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                self.argv, env={**env, 'NOTIFY_SOCKET': str(path)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=before)
        return self

    def ready(self, timeout_s=PATIENCE_S):
        """Waits for the word that it serves; keeps the facts that came with it."""
        self.notify.settimeout(0.2)
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                said = dict(line.split('=', 1) for line in self.notify.recv(4096).decode().splitlines() if '=' in line)
            except TimeoutError:
                if self.process.poll() is not None:
                    raise RuntimeError(f'{self.name} ended with {self.process.returncode}: {self.log()[-2000:]}') from None
                continue
            if said.get('READY') == '1':
                self.facts = said
                return self
        raise TimeoutError(f'{self.name} does not become ready')

    def start(self):
        return self.launch().ready()

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout_s=PATIENCE_S):
        return self.process.wait(timeout_s)

    def kill(self):
        if self.running():
            self.process.kill()
            self.process.wait()

    def stop(self, timeout_s=PATIENCE_S):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def close(self):
        self.kill()
        if self.notify:
            self.notify.close()
            self.notify = None

    def log(self):
        return self.log_path.read_text(errors='replace') if self.log_path.exists() else ''


def processes_with(marker):
    """Pids whose command line or environment holds the marker."""
    found, wanted = [], marker.encode()
    for folder in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            text = (folder / 'cmdline').read_bytes() + (folder / 'environ').read_bytes()
        except OSError:
            continue
        if wanted in text and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
