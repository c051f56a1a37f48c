#!/usr/bin/env python3
"""Plays ghost-broker, ghost-relay or ghost-runner (by the name it is called) for the tests of `ghost up`: tells
its readiness as the real programs do, notes its arguments, and behaves as the FAKE_* variables say."""
import os
import signal
import socket
import sys
import time

name = os.path.basename(sys.argv[0])
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
notes = os.environ["FAKE_NOTES"]


def note(what):
    with open(notes, "a") as file:
        file.write(f"{name} {os.getpid()} {what}\n")


def tell(text):
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), "\0" + address[1:] if address[0] == "@" else address)


def real(endpoint):
    """An endpoint with port 0 gets a real port, as a bind would give."""
    host, port = endpoint.rsplit(":", 1)
    return f"{host}:{port if port != '0' else 40000 + os.getpid() % 10000}"


def stop(number, frame):
    note(f"signal {number}")
    if os.environ.get("FAKE_DEAF") != name:
        sys.exit(0)


signal.signal(signal.SIGTERM, stop)
note("argv " + " ".join(sys.argv[1:]))
if os.environ.get("FAKE_FAIL") == name:
    print(f"{name}: data folder is locked by another broker", file=sys.stderr)
    sys.exit(1)
if os.environ.get("FAKE_ORPHAN") == name and os.fork() == 0:
    os.setsid()
    note("orphan")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()
facts = {"ghost-broker": lambda: "X_GHOST_CLIENTS=%s\nX_GHOST_RUNNERS=%s" % (real(args["--clients"]), real(args["--runners"])),
         "ghost-relay": lambda: "X_GHOST_HTTP=http://" + real(args["--http"]),
         "ghost-runner": lambda: "STATUS=registered"}
if os.environ.get("FAKE_MUTE") != name:
    tell("READY=1\n" + facts[name]())
while True:
    signal.pause()
