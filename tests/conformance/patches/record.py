"""Stands in for `git apply` or `patch` inside somebody else's test script: does the real thing and writes down what was
there before, what was asked, and what came of it.  usage: record.py git|patch REAL-PROGRAM FOLDER ARGS..."""

import base64
import json
import os
import stat
import subprocess
import sys
import tempfile


def folder_files(top):
    files = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [f for f in folders if f != ".git"]
        links = [f for f in folders if os.path.islink(os.path.join(folder, f))]
        folders[:] = [f for f in folders if f not in links]
        for name in names + links:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            try:
                if stat.S_ISLNK(mode):
                    files[os.path.relpath(path, top)] = ("120000", os.fsencode(os.readlink(path)))
                elif stat.S_ISREG(mode):
                    with open(path, "rb") as f:
                        files[os.path.relpath(path, top)] = ("100755" if mode & 0o100 else "100644", f.read())
            except OSError:
                pass
    return files


def index_files(real, top):
    files = {}
    said = subprocess.run([real, "-C", top, "ls-files", "-s", "-z"], stdout=subprocess.PIPE).stdout
    for line in said.split(b"\0"):
        if not line:
            continue
        head, name = line.split(b"\t", 1)
        mode, oid, stage = head.decode().split()
        if stage != "0":
            continue
        blob = subprocess.run([real, "-C", top, "cat-file", "blob", oid], stdout=subprocess.PIPE).stdout
        files[os.fsdecode(name)] = (mode, blob if mode != "160000" else oid.encode())
    return files


def configured(real, top):
    """Settings and attributes that change what `git apply` does."""
    said = subprocess.run([real, "-C", top, "config", "--get-regexp", "^(apply\\.|core\\.(whitespace|autocrlf))"],
                          stdout=subprocess.PIPE).stdout.decode(errors="replace")
    if os.path.exists(os.path.join(top, ".gitattributes")):
        said += " .gitattributes"
    return said.strip()


def main():
    kind, real, folder, args = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    data = None
    # A script may read its patch from standard input; what is read is handed on.
    if kind == "patch" or not any(os.path.isfile(a) for a in args):
        data = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    top, cached = os.getcwd(), False
    if kind == "git":
        found = subprocess.run([real, "rev-parse", "--show-toplevel"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL).stdout.decode().rstrip("\n")
        top, cached = found or top, "--index" in args or "--cached" in args
    if top == "/":  # a whole machine is no case
        sys.exit(subprocess.run([real, *args], input=data).returncode)
    snapshot = (lambda: index_files(real, top)) if cached else (lambda: folder_files(top))
    case = {"args": args, "prefix": os.path.relpath(os.getcwd(), top), "script": os.environ.get("GHOST_SCRIPT", ""),
            "config": configured(real, top) if kind == "git" else "", "before": snapshot(), "patches": {}, "stdin": data}
    for a in args:
        if os.path.isfile(a):
            with open(a, "rb") as f:
                case["patches"][a] = f.read()
        elif a.startswith(("-i", "--input=")) and os.path.isfile(a.split("=")[-1].removeprefix("-i")):
            with open(a.split("=")[-1].removeprefix("-i"), "rb") as f:
                case["patches"][a] = f.read()
    done = subprocess.run([real, *args], input=data)
    case["code"] = done.returncode
    case["after"] = snapshot()

    def plain(value):
        return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else str(value)
    fd, path = tempfile.mkstemp(dir=folder, prefix=f"{len(os.listdir(folder)):05d}-", suffix=".json")
    with os.fdopen(fd, "w", errors="surrogateescape") as f:
        json.dump(case, f, default=plain)
    sys.exit(done.returncode)


main()
