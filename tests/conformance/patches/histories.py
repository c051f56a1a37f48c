"""Whole histories, commit by commit: git's own diff between parent and child, in several of its forms, through Ghost's
engine; and the series as mails, against git am's trees."""

import os
import shutil
import subprocess

import debian
from oracle import GIT_ENV, Engine, git

FORMS = (["--binary", "--full-index", "-M"], ["--binary", "--full-index", "--no-renames", "-U8"],
         ["--binary", "--full-index", "-M", "-C", "--find-copies-harder", "-U1"], ["--binary", "--full-index", "--no-prefix"])

# Real repositories whose packs a Debian source package holds, for the tests of a git library.
FIXTURES = "golang-github-go-git-go-git-fixtures"
UPSTREAM = {"spinnaker/spinnaker": "f2e0a8889a746f7600e07d2246a2e29a72f696be",
            "rumpkernel/rumprun-xen": "7861f2632868833a35fe5e4ab94f99638ec5129b",
            "src-d/go-git": "3559b3b47e695b33b0913237a4df3357e739831c",
            "jamesob/desk": "4ec6344877f494690fc800aceaf2ca0e86786acb",
            "tyba/storable": "0d3d824fb5c930e7e7e1f0f399f2976847d31fd3"}


def fixtures(scratch):
    return os.path.join(scratch, "unpacked", FIXTURES)


def upstream(scratch, name):
    """The repository with a branch at each commit that no other one has as parent."""
    source = debian.unpack(debian.fetch(scratch, FIXTURES), fixtures(scratch))
    repo, pack = os.path.join(scratch, "histories", name.replace("/", "-"), "repo"), f"pack-{UPSTREAM[name]}.pack"
    shutil.rmtree(repo, ignore_errors=True)
    os.makedirs(repo)
    git(repo, "init", "-q", repo, cwd="/")
    kept = os.path.join(repo, ".git", "objects", "pack", pack)
    shutil.copyfile(os.path.join(source, "data", pack), kept)
    git(repo, "index-pack", kept)
    objects = git(repo, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").stdout.decode().split("\n")
    commits = [line.split()[1] for line in objects if line.startswith("commit ")]
    parents = set()
    for commit in commits:
        parents.update(line.split()[1] for line in git(repo, "cat-file", "commit", commit).stdout.decode(errors="replace").split("\n\n")[0]
                       .split("\n") if line.startswith("parent "))
    for n, tip in enumerate(c for c in commits if c not in parents):
        git(repo, "update-ref", f"refs/heads/tip-{n}", tip)
    return repo


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
    done = subprocess.run(["git", "-C", here, "rev-parse", "--show-toplevel"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.decode().strip() or None


def replay(name, repo, tip, scratch, replay_program):
    """Each commit against its (first) parent, in each form; what differs is listed."""
    engine = Engine(replay_program, repo)
    out = {"history": name, "commits": 0, "merges": 0, "diffs": 0, "same": 0, "refused": {}, "bad": []}
    path = os.path.join(scratch, "histories", f"{os.getpid()}.patch")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    said = git(repo, "rev-list", "--reverse", "--topo-order", "--parents", tip).stdout.decode()
    for line in said.splitlines():
        ids = line.split()
        out["commits"] += 1
        out["merges"] += len(ids) > 2
        child = git(repo, "rev-parse", ids[0] + "^{tree}").stdout.decode().strip()
        parent = (git(repo, "rev-parse", ids[1] + "^{tree}").stdout.decode().strip() if len(ids) >= 2 else
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
            answer = engine.apply(parent, path, mode=f"strict,gitlinks,strip={strip}", form="-")
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


def _line(repo, tip):
    """(base, end) of the longest run of commits without a merge, of 60 at most."""
    said = git(repo, "rev-list", "--first-parent", "--parents", *([tip] if tip != "--all" else ["tip-0"])).stdout.decode()
    best, run = [], []
    for ids in (line.split() for line in said.splitlines()):
        run = run + [ids] if len(ids) == 2 and len(run) < 60 else []
        best = max(best, run, key=len)
    return best[-1][1], best[0][0], len(best)


def _as_mails(engine, repo, tip, path):
    """format-patch's mails of some commits in one mailbox: the tree must be the last one's."""
    base, end, span = _line(repo, tip)
    mails = git(repo, "format-patch", "--stdout", "--binary", "--full-index", f"{base}..{end}").stdout
    with open(path, "wb") as f:
        f.write(mails)
    start = git(repo, "rev-parse", base + "^{tree}").stdout.decode().strip()
    end = git(repo, "rev-parse", end + "^{tree}").stdout.decode().strip()
    answer = engine.apply(start, path, mode="strict,gitlinks", form="-")
    if answer.applied and answer.tree == end:
        return f"{span} mails, same tree"
    return f"{span} mails, {answer.outcome} {answer.code} {answer.message}"
