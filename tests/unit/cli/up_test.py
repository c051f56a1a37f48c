#!/usr/bin/env python3
"""`ghost up` with fake services beside a copy of the binary: order, ports, readiness, restarts, stop, and the
messages for what goes wrong. Usage: up_test.py PATH-OF-GHOST"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

GHOST = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError("never happened: " + what)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Up(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ghost-up-test-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.bin = self.dir + "/bin"
        os.mkdir(self.bin)
        shutil.copy(GHOST, self.bin + "/ghost")
        for name in ("ghost-broker", "ghost-relay", "ghost-runner"):
            shutil.copy(HERE + "/fake_service.py", f"{self.bin}/{name}")
            os.chmod(f"{self.bin}/{name}", 0o755)
        self.notes_path = self.dir + "/notes"
        open(self.notes_path, "w").close()

    def start(self, *args, **environment):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GHOST_")}
        env |= {"FAKE_NOTES": self.notes_path} | environment
        self.out = open(self.dir + "/out", "w+")
        self.process = subprocess.Popen([self.bin + "/ghost", "up", "--data", self.dir + "/data", *args],
                                        stdout=self.out, stderr=subprocess.STDOUT, env=env)
        self.addCleanup(self.out.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def text(self):
        with open(self.dir + "/out") as file:
            return file.read()

    def notes(self, pattern=""):
        with open(self.notes_path) as file:
            return [line for line in file.read().splitlines() if re.search(pattern, line)]

    def pids(self):
        return [int(line.split()[1]) for line in self.notes(" argv |orphan")]

    def ready(self):
        until(lambda: re.search("^ready ", self.text(), re.M), "ready")

    def finish(self, code, seconds=30):
        self.assertEqual(self.process.wait(seconds), code, self.text())
        for pid in self.pids():
            self.assertFalse(alive(pid), "left behind: %d\n%s" % (pid, "\n".join(self.notes())))

    def test_ports_follow_and_parts_stop_in_order(self):
        port = free_port()
        self.start("--runners", "3", "--http", f"127.0.0.1:{port}", "--label", "os=linux,arch=x86")
        self.ready()
        self.assertIn(f"\nready http://127.0.0.1:{port}\n", self.text())
        self.assertIn(f"curl -s http://127.0.0.1:{port}/v1/", self.text())
        self.assertEqual(len(self.notes("^ghost-runner .*--label arch=x86 --label os=linux")), 3)
        self.process.send_signal(signal.SIGTERM)
        self.finish(0)
        order = [line.split()[0] for line in self.notes("signal 15")]
        self.assertEqual(order, ["ghost-runner"] * 3 + ["ghost-relay", "ghost-broker"])

    def test_port_zero_tells_the_real_address(self):
        self.start("--http", "127.0.0.1:0")
        self.ready()
        url = re.search("^ready (.*)$", self.text(), re.M).group(1)
        self.assertRegex(url, r"^http://127\.0\.0\.1:[1-9]\d+$")
        self.process.send_signal(signal.SIGINT)
        self.finish(0)

    def test_taken_broker_ports_are_gone_around(self):
        with socket.socket() as taken:
            for _ in range(50):
                port = free_port()
                try:
                    taken.bind(("127.0.0.1", port + 1))
                    break
                except OSError:
                    continue
            taken.listen()
            self.start("--http", f"127.0.0.1:{port}")
            self.ready()
            self.assertNotIn(f"--clients tcp://127.0.0.1:{port + 1}", self.notes("^ghost-broker")[0])
            self.process.send_signal(signal.SIGINT)
            self.finish(0)

    def test_taken_http_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.start("--http", "127.0.0.1:%d" % taken.getsockname()[1])
            self.finish(1)
        self.assertRegex(self.text(), r"cannot listen on 127\.0\.0\.1:\d+: the port is in use.*--http")

    def test_missing_program(self):
        os.remove(self.bin + "/ghost-relay")
        self.start("--http", "127.0.0.1:0", PATH="/usr/bin:/bin")
        self.finish(1)
        self.assertIn("ghost-relay is neither in " + self.bin, self.text())

    def test_child_that_cannot_start(self):
        self.start("--http", "127.0.0.1:0", FAKE_FAIL="ghost-broker")
        self.finish(1)
        self.assertIn("broker exited with status 1 before it was ready", self.text())
        self.assertIn("data folder is locked by another broker", self.text())

    def test_second_farm_on_the_same_data(self):
        self.start("--http", "127.0.0.1:0")
        self.ready()
        second = subprocess.run([self.bin + "/ghost", "up", "--data", self.dir + "/data", "--http", "127.0.0.1:0"],
                                capture_output=True, text=True, env=os.environ | {"FAKE_NOTES": self.notes_path})
        self.assertEqual(second.returncode, 1)
        self.assertIn("another `ghost up` runs on", second.stderr)
        self.process.send_signal(signal.SIGINT)
        self.finish(0)

    def test_killed_children_come_back_where_they_were(self):
        self.start("--http", "127.0.0.1:0", "--runners", "1")
        self.ready()
        for name in ("ghost-broker", "ghost-relay", "ghost-runner"):
            first = self.notes(f"^{name} .*argv")[0]
            os.kill(int(first.split()[1]), signal.SIGKILL)
            until(lambda: len(self.notes(f"^{name} .*argv")) == 2, name + " restarted")
            self.assertNotIn(":0 ", self.notes(f"^{name} .*argv")[1] + " ")
        until(lambda: self.text().count("is ready again") == 3, "all ready again")
        self.assertIn("was killed by signal 9 (Killed); restarting it in", self.text())
        self.process.send_signal(signal.SIGTERM)
        self.finish(0)

    def test_deaf_runner_and_its_orphan_are_killed(self):
        self.start("--http", "127.0.0.1:0", "--runners", "1", "--drain-ms", "100", FAKE_DEAF="ghost-runner",
                   FAKE_ORPHAN="ghost-runner")
        self.ready()
        self.process.send_signal(signal.SIGTERM)
        until(lambda: len(self.notes("^ghost-runner .*signal 15")) >= 2, "the second request to stop")
        self.process.send_signal(signal.SIGTERM)
        self.finish(0)
        self.assertIn("runner-1 does not stop; killing it", self.text())

    def test_nothing_is_left_after_its_own_death(self):
        self.start("--http", "127.0.0.1:0")
        self.ready()
        self.process.kill()
        self.process.wait()
        until(lambda: not any(alive(pid) for pid in self.pids()), "all children gone")

    def test_stop_while_starting(self):
        self.start("--http", "127.0.0.1:0", FAKE_MUTE="ghost-relay")
        until(lambda: self.notes("^ghost-relay"), "relay started")
        self.process.send_signal(signal.SIGINT)
        self.finish(0)

    def test_usage(self):
        for args in (["--runners", "0"], ["--runners", "many"], ["--http", "127.0.0.1:http"], ["--nonsense"]):
            self.start(*args)
            self.finish(2)
        self.start("--help")
        self.finish(0)
        for option in ("--data", "--http", "--runners", "--slots", "--lease-ms", "--label", "--store", "--drain-ms"):
            self.assertIn(option, self.text())


if __name__ == "__main__":
    unittest.main()
