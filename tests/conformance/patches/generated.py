#!/usr/bin/env python3
"""Ghost's engine against git on generated repositories, diffs and damaged diffs.

Each round makes a tree, changes it, lets git write the diff in one of several ways, and applies it, whole and damaged,
with both. Every tree id must agree. The seed is printed; the same seed repeats the run.
"""

import argparse
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from corrupt import CLASSES  # noqa: E402
from oracle import Engine, Git, compare, git  # noqa: E402

WORDS = ["if (x) {", "}", "", "return 0;", "\tint i = 0;", "    call(a, b);", "# comment", "else", "  - item", "end",
         "caf\u00e9", "a\tb", "trailing  ", "/* note */", "break;"]


def make_text(rng, size=None):
    n = rng.choice([0, 1, 2, 5, 20, 60, 200]) if size is None else size
    lines = [rng.choice(WORDS) + (f" {rng.randrange(30)}" if rng.random() < 0.6 else "") for _ in range(n)]
    text = "".join(line + ("\r\n" if False else "\n") for line in lines).encode()
    if text and rng.random() < 0.15:
        text = text[:-1]
    if rng.random() < 0.05:
        text = text.replace(b"\n", b"\r\n")
    return text


def make_files(rng):
    files = {}
    names = ["a.c", "b.txt", "dir/c.h", "dir/sub/d.py", "with space.txt", "caf\u00e9.txt", "quo\"te", "e",
             "dir/empty", "long/path/to/some/file.cfg"]
    for name in rng.sample(names, rng.randint(2, len(names))):
        binary = rng.random() < 0.1
        text = rng.randbytes(rng.choice([3, 100, 3000])) + b"\0" if binary else make_text(rng)
        files[name] = (text, rng.choice(["100644", "100644", "100644", "100755"]))
    if rng.random() < 0.3:
        files["link"] = (rng.choice([b"a.c", b"dir/c.h", b"nowhere"]), "120000")
    return files


def edit_text(rng, text):
    if not text or b"\0" in text:
        return text + rng.randbytes(rng.randint(1, 40))
    lines = text.splitlines(keepends=True)
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        at = rng.randrange(len(lines) + 1)
        how = rng.randrange(3)
        if how == 0:
            lines[at:at] = make_text(rng, rng.randint(1, 3)).splitlines(keepends=True)
        elif how == 1:
            del lines[at:at + rng.randint(1, 4)]
        elif lines:
            lines[min(at, len(lines) - 1)] = b"changed %d\n" % rng.randrange(1000)
    if rng.random() < 0.1 and lines:
        lines[-1] = lines[-1].rstrip(b"\n")
    return b"".join(lines)


def edit_files(rng, files):
    after = dict(files)
    for name in rng.sample(sorted(files), min(len(files), rng.randint(1, 4))):
        text, mode = files[name]
        how = rng.randrange(12)
        if how == 0:
            del after[name]
        elif how == 1:
            del after[name]
            after["moved/" + name] = (text if rng.random() < 0.5 else edit_text(rng, text), mode)
        elif how == 2 and mode != "120000":
            after[name] = (text, "100755" if mode == "100644" else "100644")
        elif how == 3:
            after["copy of " + name] = (edit_text(rng, text) if mode != "120000" else text, mode)
            if mode != "120000":
                after[name] = (edit_text(rng, text), mode)
        elif how == 4:
            after[name] = (b"e", "120000") if mode != "120000" else (make_text(rng), "100644")
        elif mode == "120000":
            after[name] = (rng.choice([b"e", b"dir/sub/d.py"]), mode)
        else:
            after[name] = (edit_text(rng, text), mode)
    if rng.random() < 0.4:
        after[f"new/{rng.randrange(5)}.txt"] = (make_text(rng), "100644")
    return after


def write_tree(repo, files, index):
    if os.path.exists(index):
        os.unlink(index)
    names = sorted(files)
    hashed = {}
    stream = b""
    for i, name in enumerate(names):
        stream += b"blob\nmark :%d\ndata %d\n%s\n" % (i + 1, len(files[name][0]), files[name][0])
    stream += b"commit refs/heads/x\ncommitter c <c@example.org> 1700000000 +0000\ndata 0\ndeleteall\n"
    for i, name in enumerate(names):
        quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        stream += f'M {files[name][1]} :{i + 1} "{quoted}"\n'.encode()
    git(repo, "fast-import", "--quiet", "--force", data=stream)
    return git(repo, "rev-parse", "refs/heads/x^{tree}").stdout.decode().strip()


def make_diff(rng, repo, old, new):
    options = ["--binary", "--full-index"] if rng.random() < 0.8 else []
    options += rng.choice([[], ["-M"], ["-M", "-C", "--find-copies-harder"], ["--no-renames"]])
    options += rng.choice([[], [], [], ["-U0"], ["-U1"], ["-U8"], ["--no-prefix"], ["--patience"], ["-W"]])
    patch = git(repo, "diff", *options, old, new).stdout
    if rng.random() < 0.15:  # as GNU diff writes it
        keep = [l for l in patch.splitlines(keepends=True)
                if not l.startswith((b"diff --git", b"index ", b"new file", b"deleted file"))]
        patch = b"".join(keep)
    return patch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--replay", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--corruptions", type=int, default=6)
    args = parser.parse_args()
    shutil.rmtree(args.scratch, ignore_errors=True)
    os.makedirs(args.scratch)
    repo = os.path.join(args.scratch, "repo")
    os.makedirs(repo)
    git(repo, "init", "-q", "-b", "x", repo)
    oracle, engine = Git(repo), Engine(args.replay, repo)
    tally, bad = {}, 0
    print(f"seed {args.seed}, {args.rounds} rounds")
    for number in range(args.rounds):
        rng = random.Random(f"{args.seed}/{number}")
        files = make_files(rng)
        index = os.path.join(args.scratch, "index")
        old = write_tree(repo, files, index)
        new = write_tree(repo, edit_files(rng, files), index)
        patch = make_diff(rng, repo, old, new)
        if not patch:
            continue
        intact = None
        variants = [("whole", patch)]
        for _ in range(args.corruptions):
            kind = rng.choice(sorted(CLASSES))
            variants.append((kind, CLASSES[kind](rng, patch)))
        for i, (kind, text) in enumerate(variants):
            path = os.path.join(args.scratch, "patch")
            with open(path, "wb") as f:
                f.write(text)
            expected, said = oracle.apply(old, path)
            answer = engine.apply(old, path)
            verdict = compare(expected, answer)
            tally[verdict] = tally.get(verdict, 0) + 1
            if verdict == "refused":
                tally[answer.code] = tally.get(answer.code, 0) + 1
            if i == 0:
                intact = expected if answer.applied else None
            # What the tolerant modes make of damage must be the undamaged patch's tree, or nothing.
            if intact and kind in ("whole", "drift", "whitespace", "counts"):
                mended = engine.apply(old, path, mode="recount" if kind in ("whole", "counts") else "fuzzy")
                what = "mended" if mended.applied and mended.tree in (intact, new) else "WRONG" if mended.applied else "left"
                tally[f"{kind} {what}"] = tally.get(f"{kind} {what}", 0) + 1
                if os.environ.get("SHOW") and what == "left":
                    print("LEFT", kind, number, i, mended.status, mended.code, mended.message)
                if what == "WRONG":
                    bad += 1
                    kept = os.path.join(args.scratch, f"wrong-{number}-{i}.patch")
                    shutil.copyfile(path, kept)
                    print(f"WRONG round {number} {kind} {kept} base {old}: {mended.tree}, not {intact}")
            if verdict == "differs":
                bad += 1
                kept = os.path.join(args.scratch, f"differs-{number}-{i}.patch")
                shutil.copyfile(path, kept)
                print(f"DIFFERS round {number} {kind} {kept} base {old}: git {expected} {said.strip()[:200]!r}, "
                      f"ghost {answer.outcome} {answer.tree} {answer.code} {answer.message}")
        engine.reset()
    engine.close()
    oracle.close()
    print(", ".join(f"{k} {v}" for k, v in sorted(tally.items())))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
