"""Folders of files into trees of a git repository, byte by byte: no filter, no attribute, no ignore file."""

import os
import stat

from oracle import git


def create(folder):
    repo = os.path.join(folder, "repo")
    if not os.path.isdir(os.path.join(repo, ".git")):
        os.makedirs(repo, exist_ok=True)
        git(repo, "init", "-q", "-b", "x", repo)
    return repo


def _walk(folder, skip):
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != ".git" and os.path.join(top, f) not in skip)
        links = [f for f in folders if os.path.islink(os.path.join(top, f))]
        folders[:] = [f for f in folders if f not in links]
        for name in sorted(names + links):
            path = os.path.join(top, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode) or stat.S_ISREG(mode):
                yield path, mode


def from_folder(repo, folder, skip=()):
    """The tree of what stands in `folder`; None when a name cannot be in a tree."""
    entries, regular = [], []
    for path, mode in _walk(folder, {os.path.join(folder, s) for s in skip}):
        name = os.path.relpath(path, folder)
        if stat.S_ISLNK(mode):
            oid = git(repo, "hash-object", "-w", "--stdin", data=os.fsencode(os.readlink(path))).stdout.strip()
            entries.append((b"120000", oid, os.fsencode(name)))
        else:
            regular.append((b"100755" if mode & 0o100 else b"100644", os.fsencode(path), os.fsencode(name)))
    plain = [r for r in regular if b"\n" not in r[1]]
    stream = b"".join(path + b"\n" for _, path, _ in plain)
    oids = git(repo, "hash-object", "-w", "--no-filters", "--stdin-paths", data=stream).stdout.split()
    entries += [(mode, oid, name) for (mode, _, name), oid in zip(plain, oids)]
    return from_entries(repo, entries)


def from_entries(repo, entries):
    """The tree of (mode, blob id, path)."""
    index = os.path.join(repo, ".git", f"index-{os.getpid()}")
    if os.path.exists(index):
        os.unlink(index)
    stream = b"".join(mode + b" " + oid + b"\t" + name + b"\0" for mode, oid, name in entries)
    git(repo, "update-index", "-z", "--index-info", data=stream, index=index)
    done = git(repo, "write-tree", index=index, check=False)
    if os.path.exists(index):
        os.unlink(index)
    return done.stdout.decode().strip() if done.returncode == 0 else None


def entries_of(repo, tree, paths=None):
    """(mode, blob id, path) of a tree, or of some of its paths."""
    found = []
    args = ["ls-tree", "-r", "-z", tree] + (["--", *paths] if paths is not None else [])
    for line in git(repo, *args).stdout.split(b"\0"):
        if line:
            head, name = line.split(b"\t", 1)
            mode, _, oid = head.split()
            found.append((mode, oid, name))
    return found


def changed_paths(repo, old, new):
    """Paths that differ between two trees, as bytes."""
    said = git(repo, "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new).stdout
    return [p for p in said.split(b"\0") if p]
