"""Seeded corruptions of real patches: strict must agree with git on each, and no tolerant mode may report success with
another tree than the undamaged patch's."""

import os
import random
import shutil
import sys

import trees
from corrupt import CLASSES, HEADER, header, lines_of, whitespace_kind
from oracle import Engine, Git, compare

MODES = ("recount", "fuzzy", "threeway")


def plan(patches, count, seed):
    """(number, row, class) of each corruption, grouped by the row's repository. Classes take turns."""
    rng, names = random.Random(f"{seed}/plan"), sorted(CLASSES)
    chosen = {}
    for number in range(count):
        row = rng.choice(patches)
        chosen.setdefault(row["repo"], []).append((number, row, names[number % len(names)]))
    return chosen


def _small_base(repo, row, known):
    """A tree with only the files that the patch touches or might collide with, and what the patch makes of it."""
    if row["file"] not in known:
        paths = set(trees.changed_paths(repo, row["base"], row["git"]))
        entries = [e for e in trees.entries_of(repo, row["base"]) if e[2] in paths]
        extra = [e for e in trees.entries_of(repo, row["base"])[:3] if e[2] not in paths]
        known[row["file"]] = trees.from_entries(repo, entries + extra)
    return known[row["file"]]


def closed(text):
    return text if text.endswith(b"\n") else text + b"\n"


def believed(text):
    """The patch with each hunk's counts made from its lines."""
    lines = lines_of(closed(text))
    for i, line in enumerate(lines):
        m = HEADER.match(line)
        if not m:
            continue
        old = new = blank = 0
        for j in range(i + 1, len(lines)):
            c = lines[j][:1]
            if (c not in b" -+\\\n" or lines[j] == b"-- \n" or
                    (lines[j].startswith(b"--- ") and j + 1 < len(lines) and lines[j + 1].startswith(b"+++ "))):
                break
            if c == b"\n":
                blank += 1
                continue
            old, new, blank = old + blank + (c in b" -"), new + blank + (c in b" +"), 0
        lines[i] = header(m, int(m.group(1)), old, int(m.group(3)), new)
    return b"".join(lines)


def _git_on(oracle, base, text, strip, path):
    with open(path + ".other", "wb") as f:
        f.write(text)
    return oracle.apply(base, path + ".other", *([] if strip == 1 else [f"-p{strip}"]))[0]


def run(repo, work, seed, replay_program, scratch):
    """One dict a corruption."""
    oracle, engine, known, rows = Git(repo), Engine(replay_program, repo), {}, []
    os.makedirs(scratch, exist_ok=True)
    for number, row, kind in work:
        with open(row["file"], "rb") as f:
            whole = f.read()
        # Damage that changes nothing is tried again; a patch that has nothing to damage stays whole.
        for attempt in range(12):
            damage = f"{seed}/{number}/{attempt}"
            damaged = CLASSES[kind](random.Random(damage), whole)
            if damaged != whole:
                break
        base = _small_base(repo, row, known)
        path = os.path.join(scratch, f"{os.getpid()}.patch")
        strip = row["strip"]
        # Without -p git guesses as Ghost does.
        option = [] if strip == 1 else [f"-p{strip}"]
        truth, _ = oracle.apply(base, row["file"], *option)
        with open(path, "wb") as f:
            f.write(damaged)
        expected, said = oracle.apply(base, path, *option)
        answer = engine.apply(base, path, mode=f"strict,strip={strip}")
        result = {"number": number, "kind": kind, "changed": damaged != whole, "strict": compare(expected, answer),
                  "git": expected is not None, "git_true": expected == truth, "code": answer.code, "bad": []}
        if kind == "whitespace":
            result["sub"] = whitespace_kind(random.Random(damage))
        if truth is None:
            result["strict"] = "skipped"
        for mode in MODES if truth else ():
            other = engine.apply(base, path, mode=f"{mode},strip={strip}")
            # A text that git takes is another patch, not a damaged one, unless only places or blanks changed; so is
            # one that only lacks its final newline. "recount" is asked to believe the lines, whatever the counts.
            another = False
            if other.applied and other.tree != truth and kind not in ("drift", "whitespace", "counts"):
                readings = [damaged, closed(damaged)] + ([believed(damaged)] if mode == "recount" else [])
                another = any(other.tree == _git_on(oracle, base, text, strip, path) for text in readings)
            result[mode] = ("mended" if other.applied and other.tree == truth else
                            "another" if another else "WRONG" if other.applied else "refused")
            result[mode + "_said"] = f"{other.status} {other.code} {other.message}"
        if result["strict"] == "differs" or "WRONG" in [result.get(m) for m in MODES]:
            kept = os.path.join(scratch, f"{number}.patch")
            shutil.copyfile(path, kept)
            shutil.copyfile(row["file"], kept + ".whole")
            result["bad"] = [m for m in MODES if result.get(m) == "WRONG"] + (
                ["strict"] if result["strict"] == "differs" else [])
            print(f"BAD {number} {kind} {result['bad']}: {kept} on {base} in {repo}: git {expected} {said.strip()[:120]!r}, "
                  f"ghost {answer.outcome} {answer.code} {answer.message[:120]!r}; whole patch {truth}", file=sys.stderr)
        rows.append(result)
        if number % 50 == 0:
            engine.reset()
    oracle.close()
    engine.close()
    return rows
