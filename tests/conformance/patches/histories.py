"""Whole histories, commit by commit: git's own diff between parent and child, in several of its forms, through Ghost's
engine; and the series as mails, against git am's trees."""

import os
import random
import shutil

import trees
from oracle import GIT_ENV, Engine, git

FORMS = (["--binary", "--full-index", "-M"], ["--binary", "--full-index", "--no-renames", "-U8"],
         ["--binary", "--full-index", "-M", "-C", "--find-copies-harder", "-U1"], ["--binary", "--full-index", "--no-prefix"])


def clone_of_this(here, scratch):
    """This repository's own history."""
    repo = os.path.join(scratch, "histories", "own", "repo")
    shutil.rmtree(os.path.dirname(repo), ignore_errors=True)
    os.makedirs(os.path.dirname(repo))
    top = git_top(here)
    if top is None:
        return None
    git(os.path.dirname(repo), "clone", "-q", "--no-hardlinks", top, repo, cwd="/")
    return repo


def git_top(here):
    import subprocess
    done = subprocess.run(["git", "-C", here, "rev-parse", "--show-toplevel"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.decode().strip() or None


def from_series(result, scratch):
    """A Debian package's quilt states as commits, upstream's tree first; each with its patch's file name as subject."""
    repo, parent = result["repo"], None
    rows = [r for r in result["rows"] if r["git"]]
    states = [(rows[0]["base"], "upstream " + result["version"])] + [(r["git"], r["patch"]) for r in rows]
    for tree, subject in states:
        args = ["commit-tree", tree, "-m", subject] + (["-p", parent] if parent else [])
        parent = git(repo, *args).stdout.decode().strip()
    git(repo, "update-ref", "refs/heads/quilt", parent)
    return repo, parent


def replay(name, repo, tip, scratch, replay_program):
    """Each commit with one parent, in each form; what differs is listed."""
    engine = Engine(replay_program, repo)
    out = {"history": name, "commits": 0, "diffs": 0, "same": 0, "refused": {}, "bad": []}
    path = os.path.join(scratch, "histories", f"{os.getpid()}.patch")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    said = git(repo, "rev-list", "--reverse", "--topo-order", "--parents", tip).stdout.decode()
    for line in said.splitlines():
        ids = line.split()
        out["commits"] += 1
        if len(ids) > 2:
            continue
        child = git(repo, "rev-parse", ids[0] + "^{tree}").stdout.decode().strip()
        parent = (git(repo, "rev-parse", ids[1] + "^{tree}").stdout.decode().strip() if len(ids) == 2 else
                  git(repo, "mktree", data=b"").stdout.decode().strip())
        if child == parent:
            continue
        for form in FORMS:
            patch = git(repo, "diff-tree", "-p", *form, parent, child).stdout
            if not patch:
                continue
            with open(path, "wb") as f:
                f.write(patch)
            strip = 0 if "--no-prefix" in form else 1
            answer = engine.apply(parent, path, mode=f"strict,strip={strip}", form="-")
            out["diffs"] += 1
            if answer.applied and answer.tree == child:
                out["same"] += 1
            elif answer.outcome == "rejected":
                out["refused"][answer.code] = out["refused"].get(answer.code, 0) + 1
            else:
                out["bad"].append(f"{ids[0]} {' '.join(form)}: {answer.outcome} {answer.code} {answer.message}")
    engine.reset()
    out["mails"] = _as_mails(engine, repo, tip, path)
    engine.close()
    return out


def _as_mails(engine, repo, tip, path):
    """format-patch's mails of the last commits in one mailbox: the tree must be the tip's."""
    count = int(git(repo, "rev-list", "--count", "--no-merges", tip).stdout)
    span = min(count - 1, 60)
    base = git(repo, "rev-list", "--no-merges", "--topo-order", f"--skip={span}", "-1", tip).stdout.decode().strip()
    mails = git(repo, "format-patch", "--stdout", "--binary", "--full-index", f"{base}..{tip}").stdout
    with open(path, "wb") as f:
        f.write(mails)
    start = git(repo, "rev-parse", base + "^{tree}").stdout.decode().strip()
    end = git(repo, "rev-parse", tip + "^{tree}").stdout.decode().strip()
    answer = engine.apply(start, path, form="-")
    if answer.applied and answer.tree == end:
        return f"{span} mails, same tree"
    return f"{span} mails, {answer.outcome} {answer.code} {answer.message}"
