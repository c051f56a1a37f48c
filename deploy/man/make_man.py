#!/usr/bin/env python3
"""Writes a man page from a program's own --help, so that the page cannot lag behind.

usage: make_man.py PROGRAM INTRODUCTION OUTPUT
PROGRAM is run with --help and, for each subcommand that it lists, with that and --help. INTRODUCTION
is a file in roff that stands behind the name: what the program is for, exit codes, files.
"""
import re
import subprocess
import sys
from pathlib import Path


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], check=True, capture_output=True,
                          text=True).stdout


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def sections(text):
    """Splits a help text into (title, lines): "" is what stands before the first title."""
    title, lines, out = "", [], []
    for line in text.splitlines():
        if line and not line[0].isspace() and line.endswith(":"):
            out.append((title, lines))
            title, lines = line[:-1], []
        else:
            lines.append(line)
    out.append((title, lines))
    return out


def entries(lines):
    """The (name, text) pairs of a section; a text may begin on the line below its name."""
    out = []
    for line in lines:
        if re.match(r"  \S", line):
            name, _, about = line.strip().partition("  ")
            out.append([name, about.strip()])
        elif line.startswith("    ") and out:
            out[-1][1] = (out[-1][1] + " " + line.strip()).strip()
    return out


def rest(lines):
    """What is no entry: the closing words of a help text."""
    return [line for line in lines if line and not line[0].isspace()]


def subcommands(text):
    for title, lines in sections(text):
        if title == "Subcommands":
            return [name for name, _ in entries(lines)]
    return []


def page_of(text, skip):
    out = []
    for title, lines in sections(text):
        if title and title not in skip:
            for name, about in entries(lines):
                out += [".TP", "\\fB" + escaped(name) + "\\fR", escaped(about or " ")]
        if title:
            closing = rest(lines)
            if closing:
                out += [".PP", ".nf", *map(escaped, closing), ".fi"]
    return out


def commands(program, path, every):
    out = []
    for name in subcommands(help_of(program, *path)):
        text = help_of(program, *path, name)
        inner = [*path, name]
        if not subcommands(text):
            usage = next(l for l in text.splitlines() if l.startswith("Usage: "))
            out += [f".SS \"{escaped(usage[7:])}\"", escaped(text.splitlines()[0])]
            out += page_of(text, {*every, "Subcommands"})
        out += commands(program, inner, every)
    return out


def main():
    program, introduction, output = sys.argv[1:]
    name = Path(program).name
    version = subprocess.run([program, "--version"], check=True, capture_output=True,
                             text=True).stdout.split()[-1]
    text = help_of(program)
    about = text.splitlines()[0]
    section = "1" if name == "ghost" else "8"
    page = [f'.TH {name.upper()} {section} "" "ghost {version}" "Ghost"', ".SH NAME",
            f"{escaped(name)} \\- {escaped(about)}"]
    page += Path(introduction).read_text(encoding="utf-8").splitlines()
    page += [".SH OPTIONS", *page_of(text, {"Subcommands"})]
    if subcommands(text):
        page += [".SH COMMANDS", *commands(program, [], {"Every command"})]
    Path(output).write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
