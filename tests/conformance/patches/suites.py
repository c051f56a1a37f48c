"""The cases of git's own apply and mailinfo test scripts and of GNU patch's, from their Debian sources: the scripts run
with the installed programs, every call is written down, and each is put to Ghost's engine."""

import base64
import glob
import json
import os
import shutil
import subprocess
import sys

import debian
import trees
from oracle import GIT_ENV, Engine, git

HERE = os.path.dirname(os.path.abspath(__file__))
# What Ghost has no word for. The call is listed with it.
GIT_OTHER = ("-R", "--reverse", "--reject", "--directory", "--exclude", "--include", "--no-add", "--whitespace=fix",
             "--whitespace=strip", "--unsafe-paths", "--inaccurate-eof", "--allow-overlap", "--build-fake-ancestor",
             "--unidiff-zero", "--3way", "-3", "--ignore-whitespace", "--ignore-space-change", "--allow-empty", "-C",
             "--intent-to-add", "-N", "--whitespace")
GIT_SHOWS = ("--stat", "--numstat", "--summary")
PATCH_OTHER = ("-R", "--reverse", "-o", "--output", "--merge", "-D", "--ifdef", "--dry-run", "-e", "-n", "-c", "-u",
               "-l", "-d", "--set-utc", "-T", "--ed", "--normal", "--follow-symlinks", "-F", "-b", "--backup", "-E", "--posix")


def _bytes(value):
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def _tree(repo, files):
    entries = []
    for name, (mode, data) in files.items():
        data = _bytes(data)
        oid = data if mode == "160000" else git(repo, "hash-object", "-w", "--stdin", "--no-filters", data=data).stdout.strip()
        entries.append((mode.encode(), oid, os.fsencode(name)))
    return trees.from_entries(repo, entries) if entries else git(repo, "mktree", data=b"").stdout.decode().strip()


def _stub_test_tool(path):
    """The two helpers that the apply scripts' library calls."""
    with open(path, "w") as f:
        f.write("#!/bin/sh\ncase $1 in\npath-utils) [ \"$2\" = file-size ] && exec stat -c %s \"$3\" ;;\n"
                "date) exit 0 ;;\ngenrandom) exec head -c \"$3\" /dev/urandom ;;\n"
                "genzeros) exec head -c \"${2:-1100000000}\" /dev/zero ;;\n"
                "env-helper) shift; d=; for a; do case $a in --default=*) d=${a#*=} ;; --type=*|--exit-code) ;; *) v=$a ;; esac; done\n"
                "  eval x=\\${$v:-$d}; case $x in true|1|yes|on) exit 0 ;; *) exit 1 ;; esac ;;\nesac\nexit 1\n")
    os.chmod(path, 0o755)


def _recorder(folder, kind, real, cases):
    os.makedirs(folder, exist_ok=True)
    os.makedirs(cases, exist_ok=True)
    path = os.path.join(folder, kind)
    with open(path, "w") as f:
        if kind == "git":
            f.write(f"#!/bin/sh\ncase $1 in\napply) exec python3 {HERE}/record.py git {real} {cases} \"$@\" ;;\n"
                    f"*) exec {real} \"$@\" ;;\nesac\n")
        else:
            f.write(f"#!/bin/sh\nexec python3 {HERE}/record.py patch {real} {cases} \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def record_git(scratch):
    """Runs t4100 to t4141; gives the folder of cases and the scripts' own results."""
    source = debian.unpack(debian.fetch(scratch, "git"), os.path.join(scratch, "suites", "git"))
    cases = os.path.join(scratch, "suites", "git-cases")
    shutil.rmtree(cases, ignore_errors=True)
    real = shutil.which("git")
    wrapper = _recorder(os.path.join(scratch, "suites", "git-bin"), "git", real, cases)
    with open(os.path.join(source, "GIT-BUILD-OPTIONS"), "w") as f:
        f.write("SHELL_PATH=/bin/sh\nPERL_PATH=/usr/bin/perl\nDIFF=diff\nNO_PERL=1\nNO_PYTHON=1\nNO_GETTEXT=1\n"
                "X=\nNO_CURL=1\nNO_EXPAT=1\nUSE_LIBPCRE2=\nFSMONITOR_DAEMON_BACKEND=\n")
    os.makedirs(os.path.join(source, "t", "helper"), exist_ok=True)
    os.makedirs(os.path.join(source, "templates", "blt", "hooks"), exist_ok=True)
    _stub_test_tool(os.path.join(source, "t", "helper", "test-tool"))
    results = {}
    for script in sorted(glob.glob(os.path.join(source, "t", "t41[0-4][0-9]-*.sh"))):
        name = os.path.basename(script)
        if not "t4100" <= name[:5] <= "t4141":
            continue
        env = {**os.environ, "GIT_TEST_INSTALLED": os.path.dirname(wrapper), "GHOST_SCRIPT": name, "HOME": "/nonexistent",
               "GIT_CONFIG_NOSYSTEM": "1"}
        try:
            done = subprocess.run(["sh", name, "--root=" + os.path.join(scratch, "suites", "trash")], env=env, timeout=300,
                                  cwd=os.path.dirname(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace", stdin=subprocess.DEVNULL)
            lines = done.stdout.splitlines()
            results[name] = (sum(l.startswith("ok ") for l in lines), sum(l.startswith("not ok ") for l in lines))
        except subprocess.TimeoutExpired:
            results[name] = (0, -1)
    return cases, results


def record_patch(scratch):
    source = debian.unpack(debian.fetch(scratch, "patch"), os.path.join(scratch, "suites", "patch"))
    cases = os.path.join(scratch, "suites", "patch-cases")
    shutil.rmtree(cases, ignore_errors=True)
    wrapper = _recorder(os.path.join(scratch, "suites", "patch-bin"), "patch", shutil.which("patch"), cases)
    tests, results = os.path.join(source, "tests"), {}
    build = os.path.join(scratch, "suites", "patch-build")
    os.makedirs(os.path.join(build, "tests"), exist_ok=True)
    for name in sorted(os.listdir(tests)):
        script = os.path.join(tests, name)
        if "." in name or not os.path.isfile(script):
            continue
        env = {**os.environ, "PATCH": wrapper, "srcdir": tests, "abs_top_builddir": build, "GHOST_SCRIPT": name}
        try:
            done = subprocess.run(["bash", script], env=env, cwd=tests, timeout=120, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            results[name] = (int(done.returncode == 0), int(done.returncode not in (0, 77)))
        except subprocess.TimeoutExpired:
            results[name] = (0, -1)
    return cases, results


def _git_case(case):
    """(patch, mode) of a call that Ghost has words for; else a reason why not."""
    mode, files = ["strict"], list(case["patches"].values())
    if case["config"]:
        return None, "configured: " + case["config"].split()[0]
    for a in case["args"][1:]:
        if a in GIT_SHOWS and "--apply" not in case["args"]:
            return None, f"{a} shows only"
        for other in GIT_OTHER:
            if a == other or a.startswith(other + "=") or (other == "-C" and a.startswith("-C")):
                return None, f"option {a}"
        if a.startswith("-p") and a[2:].isdigit():
            mode.append(f"strip={a[2:]}")
        if a == "--recount":
            mode[0] = "recount"
    if case["prefix"] != ".":
        return None, "run in a sub-folder"
    if len(files) > 1:
        return None, "several patch files"
    text = _bytes(files[0]) if files else _bytes(case["stdin"])
    return (None, "no patch") if text is None else ((text, ",".join(mode)), "")


def _patch_case(case):
    mode, text, positional = ["fuzzy"], None, []
    args = case["args"]
    skip = False
    for i, a in enumerate(args):
        if skip:
            skip = False
            continue
        for other in PATCH_OTHER:
            if a == other or a.startswith(other + "=") or (len(other) == 2 and a.startswith(other) and not a.startswith("--")):
                return None, f"option {a}"
        if a in ("-i", "--input"):
            text, skip = case["patches"].get(args[i + 1]), True
        elif a in ("-B", "-z", "-Y", "-V", "-r"):
            skip = True
        elif a.startswith("--input=") or (a.startswith("-i") and len(a) > 2):
            text = case["patches"].get(a)
        elif a.startswith("-p") and a[2:].isdigit():
            mode.append(f"strip={a[2:]}")
        elif a == "-p":
            mode.append(f"strip={args[i + 1]}")
            skip = True
        elif not a.startswith("-"):
            positional.append(a)
    if not any(m.startswith("strip") for m in mode):
        return None, "no -p: the name is guessed"
    if positional:
        return None, "the file is named on the command line"
    text = _bytes(text) if text is not None else _bytes(case["stdin"])
    return (None, "no patch") if not text else ((text, ",".join(mode)), "")


def replay(cases, scratch, replay_program, kind):
    """One row a call: script, arguments, what the program did, what Ghost did, and how the two compare."""
    home, rows = os.path.join(scratch, "suites", kind + "-replay"), []
    for name in sorted(os.listdir(cases)):
        with open(os.path.join(cases, name), errors="surrogateescape") as f:
            case = json.load(f)
        row = {"script": case["script"], "args": " ".join(case["args"]), "expected": "taken" if case["code"] == 0 else "refused",
               "case": name, "code": "", "message": ""}
        rows.append(row)
        asked, why = (_git_case if kind == "git" else _patch_case)(case)
        # A repository for each call: what another one knows must not help.
        shutil.rmtree(home, ignore_errors=True)
        repo = trees.create(home)
        before = _tree(repo, case["before"]) if asked else None
        if asked and before is None:
            asked, why = None, "its files cannot be a tree"
        if not asked:
            row["ghost"], row["verdict"] = "-", "not asked: " + why
            continue
        path = os.path.join(scratch, "suites", "case.patch")
        with open(path, "wb") as f:
            f.write(asked[0])
        checks = kind == "git" and "--check" in case["args"] and "--apply" not in case["args"]
        engine = Engine(replay_program, repo)
        answer = engine.apply(before, path, mode=asked[1], form="unified")
        engine.close()
        # GNU patch leaves backups and rejects beside what it patched.
        after = _tree(repo, case["after"] if kind == "git" else
                      {n: v for n, v in case["after"].items() if n in case["before"] or not n.endswith((".orig", ".rej"))})
        row["ghost"] = "taken" if answer.applied else answer.outcome
        row["code"], row["message"] = answer.code, answer.message
        taken = case["code"] == 0
        if taken and answer.applied:
            row["verdict"] = "same tree" if checks or answer.tree == after else "OTHER TREE"
        elif not taken and not answer.applied:
            row["verdict"] = "both refuse"
        else:
            row["verdict"] = "Ghost refuses: " + answer.code if taken else "Ghost takes it"
    return rows


def replay_mails(scratch, replay_program):
    """t5100's mails through git mailinfo and through Ghost's reader of mails."""
    source = debian.unpack(debian.fetch(scratch, "git"), os.path.join(scratch, "suites", "git"))
    fixtures, work = os.path.join(source, "t", "t5100"), os.path.join(scratch, "suites", "mails")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    engine, rows = Engine(replay_program, trees.create(work)), []
    for box in sorted(n for n in os.listdir(fixtures) if n.endswith(("mbox", ".in")) or n == "nul-plain"):
        path = os.path.join(fixtures, box)
        if not os.path.isfile(path):
            continue
        parts = os.path.join(work, box + ".d")
        os.makedirs(parts)
        if box.endswith("mbox"):
            subprocess.run(["git", "mailsplit", "-o" + parts, path], check=True, stdout=subprocess.DEVNULL)
        else:
            shutil.copyfile(path, os.path.join(parts, "0001"))
        for part in sorted(os.listdir(parts)):
            rows.append(_one_mail(engine, os.path.join(parts, part), box, part))
    engine.close()
    return rows


def _stripped(message):
    """As `git am` commits it."""
    return subprocess.run(["git", "stripspace"], input=message, stdout=subprocess.PIPE, check=True).stdout.strip()


def _can_commit(engine, expected):
    """Whether git makes a commit by that author."""
    env = {**GIT_ENV, "GIT_AUTHOR_NAME": os.fsdecode(expected["author"]), "GIT_AUTHOR_EMAIL": os.fsdecode(expected["email"])}
    done = subprocess.run(["git", "-C", engine.repo, "commit-tree", "-m", "x", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"],
                          env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


NO_DIFF = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"


def _one_mail(engine, path, box, part):
    with open(path, "rb") as f:
        mail = f.read()
    # Ghost reads no mail without a diff; the header's samples get one.
    if b"diff --git" not in mail and b"\n--- " not in mail and b"\n---\n" not in mail and b"encoding: base64" not in mail:
        mail = mail.rstrip(b"\n") + (b"\n\n" if b"\n\n" not in mail.rstrip(b"\n") else b"\n") + NO_DIFF
        with open(path, "wb") as f:
            f.write(mail)
    run = subprocess.run(["git", "mailinfo", "-u", "--scissors", path + ".msg", path + ".patch"], input=mail,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1"})
    info = dict(l.split(b": ", 1) for l in run.stdout.split(b"\n") if b": " in l)

    def text(name):
        with open(path + name, "rb") as f:
            return f.read()
    expected = {"author": info.get(b"Author", b""), "email": info.get(b"Email", b""), "date": info.get(b"Date", b""),
                "message": _stripped(info.get(b"Subject", b"") + b"\n\n" + text(".msg")),
                "diff": text(".patch")} if run.returncode == 0 else None
    said = json.loads(engine._ask("mails " + path))
    row = {"script": "t5100 " + box, "args": part, "case": path, "code": "", "message": "; ".join(said["faults"]),
           "expected": "read" if expected else "refused", "ghost": "read" if said["mails"] else "refused"}
    if not said["mails"]:
        row["verdict"] = ("both refuse" if expected is None else
                          "both refuse: git has no author to commit it with" if not _can_commit(engine, expected) else
                          "Ghost refuses: " + ("no diff" if not expected["diff"].strip() else "bad_mail"))
        return row
    mail = {k: v.encode("latin-1") for k, v in said["mails"][0].items()}
    mail["message"] = mail["message"].strip()
    if expected is None:
        row["verdict"] = "Ghost takes it"
        return row

    other = [k for k in ("author", "email", "date", "diff", "message") if mail[k] != expected[k]]
    row["verdict"] = "same" if not other else "OTHER " + ", ".join(other)
    return row


if __name__ == "__main__":
    scratch, program = sys.argv[1:3]
    for kind, recorded in (("git", record_git(scratch)), ("patch", record_patch(scratch))):
        print(kind, recorded[1])
        tally = {}
        for row in replay(recorded[0], scratch, program, kind):
            tally[row["verdict"]] = tally.get(row["verdict"], 0) + 1
            if row["verdict"] in ("OTHER TREE", "Ghost takes it") or row["verdict"].startswith("Ghost refuses"):
                print(row)
        print(tally)
    rows = replay_mails(scratch, program)
    for row in rows:
        print(row)
