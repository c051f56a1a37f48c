"""Debian source packages through `apt-get source`, with lists of their own: the machine's stay as they are."""

import os
import subprocess


def _apt(scratch, program, *args, cwd=None):
    conf = os.path.join(scratch, "apt")
    options = ["-o", f"Dir::Etc::sourcelist={conf}/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
               "-o", f"Dir::State::Lists={conf}/lists", "-o", f"Dir::Cache={conf}/cache",
               "-o", "APT::Get::List-Cleanup=0", "-o", "Acquire::Languages=none"]
    return subprocess.run([program, *options, *args], cwd=cwd, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace").stdout


def _mirrors():
    """Where the machine's own apt finds Debian's main archive."""
    said = subprocess.run(["apt-get", "indextargets", "--format",
                           "$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)", "Created-By: Packages"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    found = []
    for line in said.splitlines():
        origin, label, uri, release, codename, component = line.split("|")
        if origin == label == "Debian" and release == codename and "-" not in release and component == "main":
            found.append((uri, release))
    return sorted(set(found))


def prepare(scratch):
    conf = os.path.join(scratch, "apt")
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(conf, folder), exist_ok=True)
    mirrors = _mirrors()
    if not mirrors:
        raise RuntimeError("apt knows no mirror of Debian's main archive (apt-get indextargets)")
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    with open(os.path.join(conf, "sources.list"), "w") as f:
        for uri, release in mirrors:
            f.write(f"deb-src [signed-by={keys}] {uri} {release} main\n")
    _apt(scratch, "apt-get", "update")


def fetch(scratch, package):
    """The .dsc of a package, downloaded once."""
    folder = os.path.join(scratch, "sources", package)
    os.makedirs(folder, exist_ok=True)
    done = os.path.join(folder, "done")
    if not os.path.exists(done):
        _apt(scratch, "apt-get", "source", "--download-only", "--only-source", package, cwd=folder)
        open(done, "w").close()
    return next(os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(".dsc"))


def unpack(dsc, folder):
    """Upstream's files and debian/, no patch applied."""
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        subprocess.run(["dpkg-source", "--no-check", "--skip-patches", "-x", dsc, folder], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder


def series(folder):
    """(path, strip) of each patch of the series, in order."""
    patches = os.path.join(folder, "debian", "patches")
    name = next((n for n in ("debian.series", "series") if os.path.exists(os.path.join(patches, n))), None)
    if name is None:
        return []
    found = []
    with open(os.path.join(patches, name), errors="replace") as f:
        for line in f:
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            strip = next((int(w[2:]) for w in words[1:] if w.startswith("-p") and w[2:].isdigit()), 1)
            found.append((os.path.join(patches, words[0]), strip))
    return found
