"""Seeded damage to patches, by class."""

import re

HEADER = re.compile(rb"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@(.*)$", re.S)


def lines_of(patch):
    return patch.splitlines(keepends=True)


def body_lines(lines, kinds=b" -+"):
    """Indexes of hunk lines of the kinds."""
    found, inside, old, new = [], False, 0, 0
    for i, line in enumerate(lines):
        m = HEADER.match(line)
        if m:
            old = int(m.group(2)[1:]) if m.group(2) else 1
            new = int(m.group(4)[1:]) if m.group(4) else 1
            inside = True
            continue
        if not inside or not (old or new):
            inside = False
            continue
        c = line[:1]
        if c in b" \n" or c == b"":
            old, new = old - 1, new - 1
        elif c == b"-":
            old -= 1
        elif c == b"+":
            new -= 1
        if c and c in kinds:
            found.append(i)
    return found


def headers(lines):
    return [i for i, line in enumerate(lines) if HEADER.match(line)]


def drift(rng, patch):
    """Every hunk's line numbers are off by the same few lines."""
    lines, by = lines_of(patch), rng.choice([-40, -7, -3, -1, 1, 2, 5, 17, 60])
    for i in headers(lines):
        m = HEADER.match(lines[i])
        old, new = int(m.group(1)), int(m.group(3))
        if min(old, new) <= 1:
            continue
        lines[i] = b"@@ -%d%s +%d%s @@%s" % (max(2, old + by), m.group(2) or b"", max(2, new + by), m.group(4) or b"",
                                             m.group(5))
    return b"".join(lines)


def counts(rng, patch):
    """One hunk's counts are wrong."""
    lines = lines_of(patch)
    where = headers(lines)
    if not where:
        return patch
    i = rng.choice(where)
    m = HEADER.match(lines[i])
    old = int(m.group(2)[1:]) if m.group(2) else 1
    new = int(m.group(4)[1:]) if m.group(4) else 1
    if rng.random() < 0.5:
        old = max(0, old + rng.choice([-2, -1, 1, 2, 9]))
    else:
        new = max(0, new + rng.choice([-2, -1, 1, 2, 9]))
    lines[i] = b"@@ -%s,%d +%s,%d @@%s" % (m.group(1), old, m.group(3), new, m.group(5))
    return b"".join(lines)


def whitespace(rng, patch):
    """White space of some context or removed lines drifts: trailing blanks, tabs, inner runs."""
    lines = lines_of(patch)
    where = body_lines(lines, b" -")
    for i in rng.sample(where, min(len(where), rng.randint(1, 3))):
        body = lines[i][1:].rstrip(b"\n")
        how = rng.randrange(3)
        if how == 0:
            body = body + rng.choice([b" ", b"  ", b"\t"])
        elif how == 1:
            body = body.replace(b"\t", b"    ", 1) if b"\t" in body else body.replace(b"    ", b"\t", 1)
        else:
            body = body.replace(b" ", b"  ", 1)
        lines[i] = lines[i][:1] + body + b"\n"
    return b"".join(lines)


def truncate(rng, patch):
    return patch[:rng.randrange(1, max(2, len(patch)))]


def reorder(rng, patch):
    """Two neighbouring lines change places."""
    lines = lines_of(patch)
    if len(lines) > 1:
        i = rng.randrange(len(lines) - 1)
        lines[i], lines[i + 1] = lines[i + 1], lines[i]
    return b"".join(lines)


def duplicate(rng, patch):
    lines = lines_of(patch)
    i = rng.randrange(len(lines))
    n = rng.choice([1, 1, 1, 3, 8])
    return b"".join(lines[:i + n] + lines[i:])


def delete(rng, patch):
    lines = lines_of(patch)
    i = rng.randrange(len(lines))
    return b"".join(lines[:i] + lines[i + rng.choice([1, 1, 2]):])


def flip(rng, patch):
    """One byte changes."""
    at = rng.randrange(len(patch))
    return patch[:at] + bytes([rng.choice(b" -+@\\\n\r\tax0/")]) + patch[at + 1:]


CLASSES = {f.__name__: f for f in (drift, counts, whitespace, truncate, reorder, duplicate, delete, flip)}
