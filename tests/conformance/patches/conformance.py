#!/usr/bin/env python3
"""Ghost's patch engine against git and GNU patch on real patches; writes the summary table.  See --help."""

import argparse
import collections
import datetime
import json
import multiprocessing
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import corruptions  # noqa: E402
import debian  # noqa: E402
import histories  # noqa: E402
import series  # noqa: E402
import suites  # noqa: E402
from corrupt import CLASSES  # noqa: E402

OWN = "this repository's own"
PATCH_BYTES_MAX = 200_000  # of a patch to corrupt: larger ones only cost time


def _packages():
    with open(os.path.join(HERE, "packages.txt")) as f:
        return [line.strip() for line in f if line.strip() and not line.startswith("#")]


def _series(job):
    package, args = job
    try:
        return series.replay(package, debian.fetch(args.scratch, package), args.scratch, args.replay)
    except Exception as problem:  # a package that the mirror has not is told in the table
        return {"package": package, "version": "", "rows": [], "problem": str(problem)[:200]}


def _corrupted(job):
    repo, work, args = job
    return corruptions.run(repo, work, args.seed, args.replay, os.path.join(args.scratch, "corruptions"))


def _history(job):
    name, args = job
    repo = histories.clone_of_this(HERE, args.scratch) if name == OWN else histories.upstream(args.scratch, name)
    return histories.replay(name, repo, "HEAD" if name == OWN else "--all", args.scratch, args.replay)


def _count(rows, key):
    return collections.Counter(row[key] for row in rows)


class Summary:
    def __init__(self):
        self.lines, self.bad = [], []

    def add(self, text=""):
        self.lines.append(text)

    def table(self, head, rows):
        self.add("| " + " | ".join(head) + " |")
        self.add("|" + "---|" * len(head))
        for row in rows:
            self.add("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |")
        self.add()

    def head(self, args, took):
        def first(*command):
            return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]
        top = histories.git_top(HERE)
        commit = first("git", "-C", top, "rev-parse", "--short=12", "HEAD") if top else "unknown"
        self.lines[:0] = [
            "# Conformance of the patch engine", "",
            "Written by `make conformance`; not edited by hand. The programs: tests/conformance/patches.", "",
            f"{datetime.date.today()}, engine at {commit}, {first('git', '--version')}, {first('patch', '--version')}, "
            f"seed {args.seed}, {took:.0f} s.", ""]

    def debian(self, results):
        used = [r for r in results if r["rows"]]
        rows = [row for r in used for row in r["rows"]]
        self.add("## Debian's quilt series, patch by patch")
        self.add()
        self.add(f"{len(used)} source packages with a series, {len(rows)} patches; each applied to the tree that git made of "
                 "the ones before it. \"same\": the tree id of `git apply --cached` and `git write-tree`, or refused by both.")
        self.add()
        names = {"strict": "strict", "unnamed": "strict, format not named", "recount": "recount", "fuzzy": "fuzzy",
                 "threeway": "threeway"}
        outcomes = ("same", "refused", "more", "WRONG", "differs")
        table = []
        for key, name in names.items():
            count = _count(rows, key)
            table.append([name] + [count[o] for o in outcomes])
        self.table(["mode", "same tree", "refused", "taken where git refuses", "other tree", "differs"], table)
        missing = [r["package"] for r in results if r.get("problem")]
        if missing:
            self.add("Not to be had from the mirror: " + ", ".join(missing) + ".")
            self.add()
        self.add("Packages: " + ", ".join(f"{r['package']} {r['version']} ({len(r['rows'])})" for r in used) + ".")
        self.add()
        for r in used:
            for row in r["rows"]:
                wrong = [k for k in names if row[k] in ("WRONG", "differs")]
                if wrong:
                    self.bad.append(f"{r['package']} {row['patch']}: {', '.join(wrong)} {row.get(wrong[0] + '_said', '')}")
        if len(used) < 60:
            self.bad.append(f"only {len(used)} packages with a series")

    def corruptions(self, rows):
        self.add("## Seeded corruptions")
        self.add()
        self.add(f"{len(rows)} damaged patches. strict: as git, or refused by a rule of Ghost's (wrong counts, overlapping hunks). The tolerant modes: "
                 "\"mended\" is the undamaged patch's very tree; \"as git\" is another patch, which git takes as it stands "
                 "(for recount: with counts made from its lines); \"other tree\" is a bug.")
        self.add()
        table = []
        for kind in CLASSES:
            mine = [r for r in rows if r["kind"] == kind]
            strict = _count(mine, "strict")
            line = [kind, len(mine), f"{strict['same']} + {strict['refused']} refused", strict["differs"]]
            for mode in corruptions.MODES:
                count = collections.Counter(r[mode] for r in mine if mode in r)
                line.append(f"{count['mended']} / {count['another']} / {count['refused']} / {count['WRONG']}")
            changed = [r for r in mine if r["changed"] and "fuzzy" in r]
            line.append(f"{100 * sum(r['fuzzy'] == 'mended' for r in changed) / max(1, len(changed)):.1f} %")
            table.append(line)
            if kind in ("drift", "whitespace") and sum(r["fuzzy"] == "mended" for r in changed) < 0.9 * len(changed):
                self.bad.append(f"fuzzy mends less than 90 % of {kind}")
        self.table(["class", "patches", "strict as git", "strict differs"] +
                   [m + ": mended / as git / refused / other tree" for m in corruptions.MODES] + ["fuzzy mends"], table)
        subs = sorted({r["sub"] for r in rows if "sub" in r})
        self.table(["white space", "patches", "fuzzy mends", "other tree"],
                   [[s, len(m), f"{100 * sum(r['fuzzy'] == 'mended' for r in m) / max(1, len(m)):.1f} %",
                     sum(r["fuzzy"] == "WRONG" for r in m)]
                    for s in subs for m in [[r for r in rows if r.get("sub") == s and "fuzzy" in r]]])
        codes = collections.Counter(r["code"] for r in rows if r["strict"] == "refused")
        self.add("Refused by strict where git takes it: " + (", ".join(f"{c} {n}" for c, n in sorted(codes.items())) or "none") + ".")
        self.add()
        self.bad += [f"corruption {r['number']} ({r['kind']}): {', '.join(r['bad'])}" for r in rows if r["bad"]]

    def suite(self, title, rows, explained):
        self.add("## " + title)
        self.add()
        count = _count(rows, "verdict")
        self.table(["outcome", "calls"], sorted(count.items(), key=lambda kv: -kv[1]))
        shown = [r for r in rows if r["verdict"].startswith(("Ghost", "OTHER"))]
        self.add("Every call that did not come out alike:")
        self.add()
        self.table(["script", "call", "expected", "Ghost", "why"],
                   [[r["script"], "`" + re.sub(r"/\S*/", "", r["args"])[-60:] + "`", r["expected"], r["verdict"],
                     explained.get((r["script"].split(".")[0], r["verdict"]), r["message"])[:160]] for r in shown])

    def histories(self, results):
        self.add("## Histories, commit by commit")
        self.add()
        self.add("Every commit against its parent, a merge against its first: git's diff in four forms, format not named. "
                 f"The upstream histories are those of Debian's source package {histories.FIXTURES}.")
        self.add()
        self.table(["history", "commits", "of these merges", "diffs", "same tree", "refused", "wrong", "as a mailbox"],
                   [[r["history"], r["commits"], r["merges"], r["diffs"], r["same"],
                     ", ".join(f"{c} {n}" for c, n in sorted(r["refused"].items())) or 0, len(r["bad"]), r["mails"]]
                    for r in results])
        for r in results:
            self.bad += [f"{r['history']} {b}" for b in r["bad"]]
            if not r["mails"].endswith("same tree"):
                self.bad.append(f"{r['history']} as a mailbox: {r['mails']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replay", required=True, help="the program patch_replay")
    parser.add_argument("--scratch", required=True, help="a folder for downloads and repositories; kept")
    parser.add_argument("--summary", required=True, help="the file to write")
    parser.add_argument("--corruptions", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    args.scratch = os.path.abspath(args.scratch)
    started = time.time()
    os.makedirs(args.scratch, exist_ok=True)
    debian.prepare(args.scratch)
    out = Summary()
    with multiprocessing.Pool(args.jobs) as pool:
        def say(what):
            print(f"{time.time() - started:6.0f} s  {what}", flush=True)
        say("Debian's series")
        results = pool.map(_series, [(p, args) for p in _packages()], chunksize=1)
        out.debian(results)
        say("histories")
        debian.unpack(debian.fetch(args.scratch, histories.FIXTURES), histories.fixtures(args.scratch))  # once, not a worker
        lines = pool.map(_history, [(name, args) for name in [OWN, *histories.UPSTREAM]], chunksize=1)
        say("git's and GNU patch's own scripts")
        cases, ran = suites.record_git(args.scratch)
        git_rows = suites.replay(cases, args.scratch, args.replay, "git")
        cases, patch_ran = suites.record_patch(args.scratch)
        patch_rows = suites.replay(cases, args.scratch, args.replay, "patch")
        mail_rows = suites.replay_mails(args.scratch, args.replay)
        say(f"{args.corruptions} corruptions")
        patches = [dict(row, repo=r["repo"]) for r in results for row in r["rows"]
                   if row["git"] and os.path.getsize(row["file"]) <= PATCH_BYTES_MAX]
        work = corruptions.plan(patches, args.corruptions, args.seed)
        jobs = sorted(((repo, mine, args) for repo, mine in work.items()), key=lambda j: -len(j[1]))
        damaged = [row for rows in pool.imap_unordered(_corrupted, jobs) for row in rows]
        out.corruptions(sorted(damaged, key=lambda r: r["number"]))
    out.suite(f"git's own scripts t4100 to t4141 ({sum(v[0] for v in ran.values())} of their tests pass, "
              f"{sum(v[1] for v in ran.values())} fail, in {len(ran)} scripts)", git_rows, {})
    out.suite("git's mailinfo samples (t5100)", mail_rows, {})
    out.suite(f"GNU patch's own scripts ({sum(v[0] for v in patch_ran.values())} of {len(patch_ran)} pass), Ghost in mode fuzzy",
              patch_rows, {})
    out.histories(lines)
    out.head(args, time.time() - started)
    os.makedirs(os.path.dirname(os.path.abspath(args.summary)), exist_ok=True)
    out.add(f"**{len(out.bad)} faults.**" if out.bad else "**No fault.**")
    for line in out.bad[:200]:
        out.add("- " + line)
    with open(args.summary, "w") as f:
        f.write("\n".join(out.lines) + "\n")
    with open(os.path.join(args.scratch, "rows.json"), "w") as f:
        json.dump({"series": results, "corruptions": damaged, "git": git_rows, "patch": patch_rows, "mails": mail_rows}, f)
    say(f"{len(out.bad)} faults; {args.summary}")
    sys.exit(1 if out.bad else 0)


if __name__ == "__main__":
    main()
