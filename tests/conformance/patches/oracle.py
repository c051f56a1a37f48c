"""The two sides that the conformance scripts compare: the git program and Ghost's engine."""

import os
import shutil
import subprocess
import tempfile

GIT_ENV = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "c", "GIT_COMMITTER_EMAIL": "c@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000",
}


def git(repo, *args, data=None, index=None, check=True, cwd=None):
    env = dict(GIT_ENV)
    if index:
        env["GIT_INDEX_FILE"] = index
    done = subprocess.run(["git", "--git-dir", os.path.join(repo, ".git"), "-c", "core.hooksPath=/dev/null",
                           "-c", "gc.auto=0", "-c", "core.looseCompression=0", *args],
                          input=data, env=env, cwd=cwd or repo, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if check and done.returncode != 0:
        raise RuntimeError(f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done


class Git:
    """git apply --cached and write-tree, from a tree to a tree."""

    def __init__(self, repo):
        self.repo = repo
        self.scratch = tempfile.mkdtemp(prefix="ghost-index-")
        self.base = None

    def close(self):
        shutil.rmtree(self.scratch)

    def _index_of(self, tree):
        base = os.path.join(self.scratch, "base")
        if self.base != tree:
            if os.path.exists(base):
                os.unlink(base)
            git(self.repo, "read-tree", tree, index=base)
            self.base = tree
        index = os.path.join(self.scratch, "index")
        shutil.copyfile(base, index)
        if os.path.exists(index + ".lock"):  # git died on the patch before
            os.unlink(index + ".lock")
        return index

    def apply(self, tree, patch_file, *options):
        """The new tree's id, or None; and what git said."""
        index = self._index_of(tree)
        done = git(self.repo, "apply", "--cached", *options, patch_file, index=index, check=False)
        said = done.stderr.decode(errors="replace")
        if done.returncode != 0:
            return None, said
        written = git(self.repo, "write-tree", index=index, check=False)
        if written.returncode != 0:
            return None, written.stderr.decode(errors="replace")
        return written.stdout.decode().strip(), said


class Answer:
    def __init__(self, line):
        self.outcome, self.status, self.tree, self.code, self.line, self.message = line.split("\t", 5)

    @property
    def applied(self):
        return self.outcome == "applied"


class Engine:
    """Ghost's engine on trees of a repository."""

    def __init__(self, replay, repo):
        self.repo = repo
        self.process = subprocess.Popen([replay, repo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        errors="replace", env=GIT_ENV)

    def _ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"patch_replay ended on: {line}")
        return answer.rstrip("\n")

    def apply(self, tree, patch_file, mode="strict", form="unified"):
        return Answer(self._ask(f"{mode} {form} {tree} {patch_file}"))

    def reset(self):
        self._ask("reset")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


# What Ghost refuses although git takes it, by fault code.
REFUSALS = {"bad_path", "behind_symlink", "symlink_target", "gitlink", "gitmodules", "bad_mode", "case_collision",
            "context_diff", "ed_diff", "overlapping_hunks", "path_twice", "count_overflow", "corrupt_binary",
            "too_large", "corrupt_patch"}


def compare(git_tree, answer):
    """'same', 'refused', or 'differs'."""
    if git_tree is None:
        return "differs" if answer.applied else "same"
    if answer.applied:
        return "same" if answer.tree == git_tree else "differs"
    return "refused" if answer.outcome == "rejected" and answer.code in REFUSALS else "differs"
