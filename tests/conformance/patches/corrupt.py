"""Seeded damage to patches, by class. Each class takes (rng, patch) and gives the damaged patch."""

import re

HEADER = re.compile(rb"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@(.*)$", re.S)


def lines_of(patch):
    """Lines as diffs have them: only a line feed ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", patch)


def hunks_of(lines):
    """(first, end) of each hunk, its header included, by its header's counts."""
    found, i = [], 0
    while i < len(lines):
        m = HEADER.match(lines[i])
        if not m:
            i += 1
            continue
        old = int(m.group(2)[1:]) if m.group(2) else 1
        new = int(m.group(4)[1:]) if m.group(4) else 1
        begin, i = i, i + 1
        while i < len(lines) and (old > 0 or new > 0 or lines[i][:1] == b"\\"):
            c = lines[i][:1]
            old -= c in b" -\n"
            new -= c in b" +\n"
            i += 1
        found.append((begin, i))
    return found


def body_lines(lines, kinds=b" -+"):
    """Indexes of hunk lines of the kinds."""
    return [i for begin, end in hunks_of(lines) for i in range(begin + 1, end) if lines[i][:1] in kinds]


def header(m, old_pos, old, new_pos, new):
    return b"@@ -%d%s +%d%s @@%s" % (old_pos, b",%d" % old if isinstance(old, int) else old or b"", new_pos,
                                     b",%d" % new if isinstance(new, int) else new or b"", m.group(5))


def drift(rng, patch):
    """Line numbers are off: all hunks by the same few lines, or each by some of its own."""
    lines, same = lines_of(patch), rng.random() < 0.5
    steps = [-40, -7, -3, -1, 1, 2, 5, 17, 60]
    by = rng.choice(steps)
    for i, _ in hunks_of(lines):
        m = HEADER.match(lines[i])
        old, new = int(m.group(1)), int(m.group(3))
        if min(old, new) <= 1:
            continue
        if not same:
            by = rng.choice(steps)
        lines[i] = header(m, max(2, old + by), m.group(2), max(2, new + by), m.group(4))
    return b"".join(lines)


def counts(rng, patch):
    """One hunk's counts are wrong."""
    lines = lines_of(patch)
    where = hunks_of(lines)
    if not where:
        return patch
    i = rng.choice(where)[0]
    m = HEADER.match(lines[i])
    old = int(m.group(2)[1:]) if m.group(2) else 1
    new = int(m.group(4)[1:]) if m.group(4) else 1
    which = rng.randrange(3)
    if which != 1:
        old = max(0, old + rng.choice([-2, -1, 1, 2, 9]))
    if which != 0:
        new = max(0, new + rng.choice([-2, -1, 1, 2, 9]))
    lines[i] = header(m, int(m.group(1)), old, int(m.group(3)), new)
    return b"".join(lines)


def _some_lines(rng, lines):
    """Trailing blanks, tabs for blanks, doubled blanks in one to three context or removed lines."""
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


def _blank_context(rng, lines):
    """Blank context lines are lost, or lose the blank that begins them."""
    lose = rng.random() < 0.5
    for i in body_lines(lines, b" "):
        if lines[i] == b" \n" and rng.random() < 0.7:
            lines[i] = b"" if lose else b"\n"


def _trailing(rng, lines):
    """An editor that strips trailing white space went over the patch's context and removed lines."""
    for i in body_lines(lines, b" -"):
        lines[i] = lines[i][:1] + lines[i][1:].rstrip() + b"\n"


def _hunks_with(lines, begin):
    """Hunks in which a line that the file has begins so: damage to added lines alone leaves no trace."""
    return [(b, e) for b, e in hunks_of(lines)
            if any(lines[i][:1] in b" -" and lines[i][1:].startswith(begin) and lines[i].strip()
                   for i in range(b + 1, e))]


def _indent(rng, lines):
    """Every line of one hunk is indented less, or deeper, by the same amount."""
    where = _hunks_with(lines, b"")
    if not where:
        return
    begin, end = rng.choice(where)
    body = [i for i in range(begin + 1, end) if lines[i][:1] in b" -+" and lines[i][1:].strip()]
    by = rng.choice([b" ", b"  ", b"    ", b"\t"])
    if all(lines[i][1:].startswith(by) for i in body):
        for i in body:
            lines[i] = lines[i][:1] + lines[i][1 + len(by):]
    else:
        for i in body:
            lines[i] = lines[i][:1] + by + lines[i][1:]


def _retab(rng, lines):
    """Every tab that indents a line of one hunk has become blanks, in added lines too."""
    where = _hunks_with(lines, b"\t")
    if not where:
        return
    begin, end = rng.choice(where)
    width = rng.choice([4, 8])
    for i in range(begin + 1, end):
        if lines[i][:1] in b" -+":
            rest = lines[i][1:]
            tabs = len(rest) - len(rest.lstrip(b"\t"))
            lines[i] = lines[i][:1] + b" " * (width * tabs) + rest[tabs:]


WHITESPACE = {"blanks": _some_lines, "lost blank lines": _blank_context, "trailing": _trailing, "indentation": _indent,
              "tabs to blanks": _retab}


def whitespace(rng, patch):
    """White space drifts, as editors and coding agents make it drift."""
    lines = lines_of(patch)
    WHITESPACE[whitespace_kind(rng)](rng, lines)
    return b"".join(lines)


def whitespace_kind(rng):
    return rng.choice(["blanks", "blanks", "lost blank lines", "trailing", "indentation", "tabs to blanks"])


def truncate(rng, patch):
    """The end is missing, from any byte or from any line on."""
    if rng.random() < 0.5:
        return patch[:rng.randrange(1, max(2, len(patch)))]
    lines = lines_of(patch)
    return b"".join(lines[:rng.randrange(1, max(2, len(lines)))])


def reorder(rng, patch):
    """Two neighbouring lines, or two hunks, change places."""
    lines = lines_of(patch)
    where = hunks_of(lines)
    if len(where) > 1 and rng.random() < 0.5:
        i = rng.randrange(len(where) - 1)
        (a, a_end), (b, b_end) = where[i], where[i + 1]
        lines[a:b_end] = lines[b:b_end] + lines[a_end:b] + lines[a:a_end]
    elif len(lines) > 1:
        i = rng.randrange(len(lines) - 1)
        lines[i], lines[i + 1] = lines[i + 1], lines[i]
    return b"".join(lines)


def duplicate(rng, patch):
    """Some lines, or a hunk, stand twice."""
    lines = lines_of(patch)
    where = hunks_of(lines)
    if where and rng.random() < 0.5:
        begin, end = rng.choice(where)
        return b"".join(lines[:end] + lines[begin:])
    i = rng.randrange(len(lines))
    n = rng.choice([1, 1, 1, 3, 8])
    return b"".join(lines[:i + n] + lines[i:])


def delete(rng, patch):
    """A line or two are missing."""
    lines = lines_of(patch)
    i = rng.randrange(len(lines))
    return b"".join(lines[:i] + lines[i + rng.choice([1, 1, 2]):])


def flip(rng, patch):
    """One byte changes."""
    at = rng.randrange(len(patch))
    return patch[:at] + bytes([rng.choice(b" -+@\\\n\r\tax0/")]) + patch[at + 1:]


CLASSES = {f.__name__: f for f in (drift, whitespace, counts, truncate, reorder, duplicate, delete, flip)}
