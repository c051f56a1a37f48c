"""Hosts as network namespaces on a wire of our own: each has a TUN device, and a switch in this process carries the IP
packets between them, or drops, delays and cuts. What runs on the hosts speaks real TCP and sees real loss.

The hosts' addresses are 127.10.0.n: inside a namespace they are routed to the wire like any other, and Ghost, which
listens on loopback alone as long as there are no keys, takes them."""
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454ca, 0x0001, 0x1000, 0x40000000


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def possible():
    name = f'ghost-probe-{os.getpid()}'
    try:
        os.close(os.open('/dev/net/tun', os.O_RDWR))
        run('ip', 'netns', 'add', name)
        run('ip', 'netns', 'del', name)
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


class Network:
    def __init__(self, hosts, seed=1):
        self.random = random.Random(seed)
        self.hosts = {name: n + 1 for n, name in enumerate(hosts)}
        self.tun, self.of_fd = {}, {}
        self.cuts, self.loss, self.delay_s, self.jitter_s = set(), 0.0, 0.0, 0.0
        self.carried = self.dropped = 0
        self.waiting, self.order = [], 0
        self.lock, self.stopping = threading.Lock(), False
        for name in hosts:
            self.add(name)
        self.wake = os.pipe()
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def space(self, host):
        return f'ghost-{os.getpid()}-{host}'

    def address(self, host):
        return f'127.10.0.{self.hosts[host]}'

    def add(self, name):
        space, device = self.space(name), f'gt{os.getpid()}x{self.hosts[name]}'
        run('ip', 'netns', 'add', space)
        fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH', device.encode(), IFF_TUN | IFF_NO_PI))
        run('ip', 'link', 'set', device, 'netns', space)
        inside = lambda *argv: run('ip', '-n', space, *argv)
        inside('link', 'set', 'lo', 'up')
        for scope in ('all', device):
            run('ip', 'netns', 'exec', space, 'sysctl', '-qw', f'net.ipv4.conf.{scope}.route_localnet=1')
        inside('addr', 'add', self.address(name) + '/24', 'dev', device)
        inside('link', 'set', device, 'up')
        inside('route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local')
        self.tun[name], self.of_fd[fd] = fd, name

    def enter(self, host):
        """This thread, and what it starts from now on, is on that host."""
        with open(f'/run/netns/{self.space(host)}') as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), 'setns')

    def cut(self, from_host, to_host, both=True):
        with self.lock:
            self.cuts.add((from_host, to_host))
            if both:
                self.cuts.add((to_host, from_host))

    def heal(self):
        with self.lock:
            self.cuts.clear()
            self.loss = self.delay_s = self.jitter_s = 0.0

    def carry(self):
        names = {n: name for name, n in self.hosts.items()}
        while not self.stopping:
            left = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else 1.0
            readable, _, _ = select.select([*self.of_fd, self.wake[0]], [], [], left)
            for fd in readable:
                if fd == self.wake[0]:
                    continue
                packet = os.read(fd, 65536)
                if len(packet) < 20 or packet[0] >> 4 != 4 or packet[16:19] != b'\x7f\x0a\x00':
                    continue
                self.take(packet, self.of_fd[fd], names.get(packet[19]))
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, to, packet = heapq.heappop(self.waiting)
                try:
                    os.write(self.tun[to], packet)
                    self.carried += 1
                except OSError:
                    self.dropped += 1

    def take(self, packet, source, to):
        with self.lock:
            lost = to is None or (source, to) in self.cuts or self.random.random() < self.loss
            due = time.monotonic() + self.delay_s + self.random.random() * self.jitter_s
        if lost:
            self.dropped += 1
            return
        self.order += 1
        heapq.heappush(self.waiting, (due, self.order, to, packet))

    def close(self):
        self.stopping = True
        os.write(self.wake[1], b'x')
        self.thread.join()
        for name, fd in self.tun.items():
            os.close(fd)
            subprocess.run(['ip', 'netns', 'del', self.space(name)], stderr=subprocess.DEVNULL)
