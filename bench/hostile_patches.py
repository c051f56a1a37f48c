"""Patches of up to 32 MiB made to be expensive, and the files that they are for."""

import base64
import random
import zlib

MIB = 1 << 20


def files():
    return [("same", b"a\n" * 1_000_000), ("blank", b"\n" * 1_000_000), ("lines", b"".join(b"line %d\n" % i for i in range(700_000))),
            ("period", b"a\nb\n" * 400_000), ("indent", b"".join(b"x();\n    y%d();\n" % i for i in range(200_000))),
            ("gaps", b"x\n\n" * 400_000), ("wide", (b"w " * (MIB // 2 - 8) + b"\n") * 40),
            ("words", b"a" * 4_000_000 + b"\n" + b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" * 20_000)]


def fill(unit, size_bytes, head=b"", tail=b""):
    return head + unit * ((size_bytes - len(head) - len(tail)) // len(unit)) + tail


def hunks(count, body, old, new, step=10):
    return b"".join(b"@@ -%d,%d +%d,%d @@\n%s" % (10 + i * step, old, 10 + i * step, new, body(i)) for i in range(count))


def base85_row(data):
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    out = chr(ord("A") + len(data) - 1) if len(data) <= 26 else chr(ord("a") + len(data) - 27)
    data = data + b"\0" * (-len(data) % 4)
    for i in range(0, len(data), 4):
        n, word = int.from_bytes(data[i:i + 4], "big"), ""
        for _ in range(5):
            n, r = divmod(n, 85)
            word = letters[r] + word
        out += word
    return out.encode() + b"\n"


def binary(data, declared, kind=b"literal"):
    packed = zlib.compress(data, 9)
    rows = b"".join(base85_row(packed[i:i + 52]) for i in range(0, len(packed), 52))
    return kind + b" %d\n" % declared + rows + b"\n"


def new_binary(name, hunk):
    return (b"diff --git a/%s b/%s\nnew file mode 100644\nindex %s..%s\nGIT binary patch\n" %
            (name, name, b"0" * 40, b"1" * 40)) + hunk


def size_of_delta(n):
    out = b""
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def copy_bomb(source, target):
    """A delta that makes `target` bytes by copying the source's beginning again and again."""
    step = 0xffffff if source > 0xffffff else source
    out, left = size_of_delta(source) + size_of_delta(target), target
    while left > 0:
        n = min(step, left)
        out += bytes([0xf0, n & 255, n >> 8 & 255, n >> 16])
        left -= n
    return out


def inputs(oids):
    """(name, mode, bytes) one by one; oids: the blobs of files()."""
    sizes = {name: len(text) for name, text in files()}
    big, limit = b"--- a/same\n+++ b/same\n", 32 * MIB - 100
    for mode in ("strict", "recount", "fuzzy", "threeway"):
        yield "near miss of one huge hunk", mode, big + fill(b" a\n", limit // 2, b"@@ -900000,%d +900000,%d @@\n" % (
            (limit // 2) // 3 + 1, (limit // 2) // 3), b"-b\n")
        yield "100,000 hunks on repeated lines", mode, big + hunks(100_000, lambda i: b" a\n-a\n+%d\n a\n" % i, 3, 3)
        yield "100,000 hunks that miss", mode, big + hunks(100_000, lambda i: b" a\n-x%d\n+%d\n a\n" % (i, i), 3, 3)
        yield "1,000 long near misses", mode, big + hunks(1000, lambda i: b" a\n" * 5000 + b"-b\n+c\n" + b" a\n" * 5000, 10001, 10001)
        yield "100,000 hunks of one file, backwards", mode, big + b"".join(
            b"@@ -%d,3 +%d,3 @@\n a\n-a\n+c\n a\n" % (i, i) for i in range(900_000, 100_000, -8))
        yield "blank lines", mode, big + fill(b"\n", limit, b"@@ -1,9 +1,9 @@\n-a\n")
        yield "one added run", mode, big + fill(b"+\n", limit, b"@@ -1,1 +1,16000000 @@\n a\n")
        yield "blank hunks against blank file", mode, b"--- a/blank\n+++ b/blank\n" + hunks(
            50_000, lambda i: b" \n \n-\n+x%d\n \n" % i, 4, 4)
        yield "distinct lines, one hunk", mode, b"--- a/lines\n+++ b/lines\n@@ -1,700000 +1,700001 @@\n" + b"".join(
            b" line %d\n" % (i if i != 690_000 else 1) for i in range(700_000)) + b"+x\n"
        yield "periodic lines", mode, b"--- a/period\n+++ b/period\n" + hunks(
            2000, lambda i: (b" a\n b\n" * 1000) + b"-c\n+d\n", 2001, 2001)
        yield "indented otherwise", mode, b"--- a/indent\n+++ b/indent\n" + hunks(
            20_000, lambda i: b" x();\n-\ty%d();\n+\tz();\n x();\n" % i, 3, 3)
        yield "9,999 new files", mode, b"".join(
            b"diff --git a/n/%d b/n/%d\nnew file mode 100644\n--- /dev/null\n+++ b/n/%d\n@@ -0,0 +1 @@\n+%s\n" %
            (i, i, i, b"x" * 3000) for i in range(9_999))
        yield "deep paths", mode, b"".join(
            b"diff --git a/%s b/%s\nnew file mode 100644\n--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+x\n" %
            ((b"%d/" % i + b"d/" * 1000 + b"f",) * 3) for i in range(4_000))
    yield "long lines", "strict", fill(b"+" + b"x" * (MIB - 10) + b"\n", limit, big + b"@@ -1 +1,31 @@\n a\n")
    yield "one line of 32 MiB", "strict", b"x" * limit
    yield "newlines only", "strict", b"\n" * limit
    yield "headers without hunks", "strict", fill(b"--- a/x\n+++ b/x\n", limit)
    yield "diff --git lines", "strict", fill(b"diff --git a/x b/x\n", limit)
    yield "diff --git of blanks", "strict", b"diff --git a/" + b" a/" * (limit // 3) + b"\n"
    yield "a quoted name", "strict", b"diff --git \"a/" + b"\\141" * (limit // 4) + b"\" x\n"
    yield "digits", "strict", big + b"@@ -" + b"9" * limit
    yield "zlib bombs", "strict", b"".join(new_binary(b"z%d" % i, binary(b"\0" * (60 * MIB), 60 * MIB)) for i in range(8))
    yield "one zlib bomb that lies", "strict", new_binary(b"z", binary(b"\0" * (60 * MIB), 10))
    yield "a huge delta", "strict", new_binary(b"z", binary(b"\x90\x01" * MIB, 2 * MIB, b"delta"))
    noise = random.Random(3).randbytes(24 * MIB)
    yield "random binary", "strict", new_binary(b"z", binary(noise, len(noise)))
    yield "random bytes", "strict", noise + noise[:8 * MIB - 100]
    yield "mail of one header", "strict", b"From: a <a@example.org>\nSubject: x\n" + fill(b" folded line\n", limit)
    yield "encoded words", "strict", b"From: a <a@example.org>\nSubject: " + fill(b"=?utf-8?q?a?= ", limit) + b"\n\n"
    yield "deep MIME", "strict", b"From: a <a@example.org>\nSubject: x\nContent-Type: multipart/mixed; boundary=b0\n\n" + b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (i, i + 1) for i in range(300_000))
    yield "many MIME parts", "strict", b"From: a <a@example.org>\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + fill(
        b"--b\nContent-Type: text/plain\n\nx\n", limit)
    yield "base64 mail", "strict", (b"From: a <a@example.org>\nSubject: x\nContent-Transfer-Encoding: base64\n\n" +
                                    base64.encodebytes(fill(b"text line\n", 22 * MIB)))
    yield "quoted mail", "strict", (b"From: a <a@example.org>\nSubject: x\nContent-Transfer-Encoding: quoted-printable\n\n" +
                                    fill(b"=41" * 20 + b"=\n", limit))
    yield "flowed mail", "strict", (b"From: a <a@example.org>\nSubject: x\nContent-Type: text/plain; format=flowed\n\n" +
                                    fill(b"word \n", limit))
    yield "brackets in the subject", "strict", b"From: a <a@example.org>\nSubject: " + b"[" * limit + b"\n\n"
    yield "a mailbox of 400,000 mails", "strict", fill(
        b"From x Mon Sep 17 00:00:00 2001\nFrom: a <a@b.c>\nSubject: x\n\n---\n\n", limit)
    head = b"From: a <a@example.org>\nSubject: x\n"
    yield "mail of 8,000,000 headers", "strict", head + fill(b"X:y\n", limit - 100)
    yield "in-body headers", "strict", head + b"\n" + fill(b"From: a\n b\n", limit - 100)
    for charset in (b"ISO-8859-2", b"UTF-16", b"UTF-7", b"ISO-2022-JP", b"GB18030"):
        yield "short lines in " + charset.decode(), "strict", (
            head + b"Content-Type: text/plain; charset=" + charset + b"\n\n" + fill(b"\xe9\n", limit - 200))
    yield "base64 of short lines", "strict", head + b"Content-Transfer-Encoding: base64\n\n" + fill(b"Cg==\n", limit - 200)
    yield "scissors", "strict", head + b"\n" + fill(b"-- >8 --\n", limit - 100)
    yield "encoded words of a charset", "strict", head + b"Subject: " + fill(b"=?iso-2022-jp?q?a?=\n ", limit - 200) + b"\n\n"
    yield "a series on one file", "strict", b"".join(
        b"From x Mon Sep 17 00:00:00 2001\nFrom: a <a@b.c>\nSubject: x\n\n---\n--- a/lines\n+++ b/lines\n"
        b"@@ -%d,1 +%d,1 @@\n-line %d\n+x\n" % (i, i, i - 1) for i in range(3, 200_000, 2))
    for mode in ("threeway", "fuzzy", "strict"):
        yield "merges of unlike files", mode, b"".join(
            b"diff --git a/%s b/%s\nindex %s..%s 100644\n--- a/%s\n+++ b/%s\n@@ -5,3 +5,3 @@\n a\n-a\n+c\n a\n" %
            (p, p, oids["same"].encode(), b"1" * 40, p, p) for p in (b"blank", b"lines", b"period", b"indent"))
        yield "9,999 copies of a file", mode, b"".join(
            b"diff --git a/same b/c/%d\nsimilarity index 90%%\ncopy from same\ncopy to c/%d\n"
            b"--- a/same\n+++ b/c/%d\n@@ -1,3 +1,3 @@\n a\n-a\n+%d\n a\n" % (i, i, i, i) for i in range(9_999))
        yield "hunks of huge lines", mode, b"--- a/wide\n+++ b/wide\n" + b"".join(
            b"@@ -%d,2 +%d,2 @@\n %s\n-%s\n+x\n" % ((i, i) + (b"w " * (MIB // 2 - 8),) * 2) for i in range(2, 32, 2))
        yield "huge lines that miss at their end", mode, b"--- a/wide\n+++ b/wide\n" + b"".join(
            b"@@ -%d,2 +%d,2 @@\n %s\n-%s\n+x\n" % (i, i, b"w " * (MIB // 2 - 8), b"w " * (MIB // 2 - 9) + b"z") for i in range(2, 32, 2))
        yield "100,000 hunks of lost blanks", mode, b"--- a/gaps\n+++ b/gaps\n" + b"".join(
            b"@@ -%d,6 +%d,6 @@\n x\n-x\n+y\n x\n" % (4 * i + 1, 4 * i + 1) for i in range(100_000))
        yield "added lines in a blank file", mode, b"--- a/blank\n+++ b/blank\n" + hunks(100_000, lambda i: b" \n+%d\n \n" % i, 2, 3)
    for n in ("same", "lines"):
        delta = copy_bomb(sizes[n], 48 * MIB - 100)
        yield "copy bombs on " + n, "strict", b"".join(
            b"diff --git a/%s b/k%d\nsimilarity index 50%%\ncopy from %s\ncopy to k%d\nindex %s..%s 100644\nGIT binary patch\n%s" %
            (n.encode(), i, n.encode(), i, oids[n].encode(), b"1" * 40, binary(delta, len(delta), b"delta")) for i in range(8))
    block = b"same\n<<<<<<< SEARCH\n%s=======\nb\n>>>>>>> REPLACE\n"
    yield "blocks that miss", "strict", fill(block % b"a\nx\n", limit)
    yield "blocks that repeat", "strict", fill(block % b"a\n", limit)
    yield "blocks that nearly fit everywhere", "fuzzy", b"".join(
        b"period\n<<<<<<< SEARCH\n" + b"a\nb\n" * 60 + b"%d\n=======\nb\n>>>>>>> REPLACE\n" % i for i in range(90_000))
    yield "blocks that make files", "strict", b"".join(
        b"m/%d\n<<<<<<< SEARCH\n=======\nb\n>>>>>>> REPLACE\n" % i for i in range(99_999))
    yield "one huge block", "strict", block % (b"a\n" * (15 * MIB))
    chunk = b"@@\n a\n-x\n+y\n"
    yield "envelope of misses", "strict", b"*** Begin Patch\n*** Update File: same\n" + fill(chunk, limit - 100) + b"*** End Patch\n"
    yield "envelope of anchors", "strict", b"*** Begin Patch\n*** Update File: lines\n" + fill(b"@@ line 699999\n@@ nowhere\n", limit - 100) + b" a\n+b\n*** End Patch\n"
    yield "envelope of one chunk", "strict", b"*** Begin Patch\n*** Update File: same\n@@\n" + fill(b" a\n", limit - 100) + b"-x\n*** End Patch\n"
    for pattern in (b"(?:a|b){12}c", b"(?:a|b){100}c", b"(?:a|b){900}c", b"(a+)+$", b"(a|aa)+$", b"(.*)*x", b"(?:a?){60}a{60}", b"^(\\s*\\S+)*\\s*;$", b"(x+x+)+y", b"\\b(\\w+\\s?)+z"):
        yield "regex " + pattern.decode(), "mutations", b"replace\nwords\n" + pattern + b"\nz\n1\n"
    yield "regex, 4,000,000 matches", "mutations", b"replace\nwords\na\n" + b"b" * 8 + b"\n100000000\n"
    yield "regex, growing", "mutations", b"replace\nwords\na\n" + b"b" * 100_000 + b"\n100000000\n"
    yield "9,999 regexes that fit", "mutations", b"replace\nwords\nb?$(?![^b])\nb\n1\n" * 9_999
    yield "9,999 regexes that miss", "mutations", b"replace\nsame\nb\nc\n1\n" * 9_999
    yield "9,999 inserts that nearly fit", "mutations", b"".join(
        b"insert\nwords\n" + b"a" * 3_000 + b"b%d\nx\n1\n" % i for i in range(9_999))
    yield "9,999 inserts in one file", "mutations", b"".join(b"insert\nlines\nline %d\nx\n1\n" % (i + 600_000) for i in range(9_999))
