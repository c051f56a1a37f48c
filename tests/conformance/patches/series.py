"""Whole quilt series of Debian source packages, patch by patch through Ghost's engine and through git."""

import os
import shutil
import sys

import debian
import trees
from oracle import Engine, Git, compare


def replay(package, dsc, scratch, replay_program):
    """A dict of what happened; each patch has a row."""
    source = debian.unpack(dsc, os.path.join(scratch, "unpacked", package))
    out = {"package": package, "version": os.path.basename(dsc)[:-4].split("_", 1)[1], "rows": []}
    listed = debian.series(source)
    if listed:
        repo = trees.create(os.path.join(scratch, "repos", package))
        tree = trees.from_folder(repo, source, skip=("debian",))
        oracle, engine = Git(repo), Engine(replay_program, repo)
        for path, strip in listed:
            tree = _one(oracle, engine, tree, path, strip, out["rows"])
        oracle.close()
        engine.close()
        out["repo"] = repo
    shutil.rmtree(source, ignore_errors=True)
    return out


def _one(oracle, engine, tree, path, strip, rows):
    kept = os.path.join(oracle.repo, "patches", f"{len(rows):04d}")
    os.makedirs(os.path.dirname(kept), exist_ok=True)
    if not os.path.exists(path):
        return tree
    shutil.copyfile(path, kept)
    expected, said = oracle.apply(tree, kept, f"-p{strip}")
    row = {"patch": os.path.basename(path), "file": kept, "strip": strip, "base": tree, "git": expected}
    answer = engine.apply(tree, kept, mode=f"strict,strip={strip}")
    row["strict"] = compare(expected, answer)
    row["code"], row["message"] = answer.code, answer.message
    for name, mode, form in (("unnamed", "strict", "-"), ("recount", "recount", "unified"),
                             ("fuzzy", "fuzzy", "unified"), ("threeway", "threeway", "unified")):
        other = engine.apply(tree, kept, mode=f"{mode},strip={strip}", form=form)
        row[name] = ("same" if other.applied and other.tree == expected else
                     "WRONG" if other.applied and expected else
                     "more" if other.applied else "refused")
        if row[name] in ("WRONG", "more") or (row[name] == "refused" and expected and row["strict"] == "same"):
            row[name + "_said"] = f"{other.status} {other.code} {other.message}"
    rows.append(row)
    if row["strict"] == "differs":
        print(f"DIFFERS {kept} base {tree}: git {expected} {said.strip()[:200]!r}, ghost {answer.outcome} "
              f"{answer.tree} {answer.code} {answer.message}", file=sys.stderr)
    return expected or tree
