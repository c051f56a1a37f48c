#!/usr/bin/python3
"""Checks who includes whom (the table in ARCHITECTURE.md) and that a foreign library's headers are included by
its owner alone; and for one trap of the compiler. includes.py ROOT; --self-test shows that it catches what it is for."""
import pathlib
import re
import sys
import tempfile

ALLOWED = {
    'base': set(), 'wire': {'base'}, 'registry': {'wire', 'base'}, 'broker': {'registry', 'wire', 'base'},
    'patch': {'wire', 'base'}, 'runner_worker': {'patch', 'wire', 'base'}, 'http': {'wire', 'base'},
    'relay': {'http', 'wire', 'base'}, 'cli': {'http', 'wire', 'base'},
}
# A library's headers, and the files of src/ that may include them (prefixes).
OWNERS = [
    (r'zmq\.h(pp)?$', ['wire/socket', 'wire/keys.cc']),
    (r'msgpack', ['wire/codec', 'wire/messages.gen.cc']),
    (r'spdlog/', ['base/log.cc']),
    (r'CLI/', ['base/options.cc', 'cli/']),
    (r'toml\+\+', ['base/options.cc']),
    (r'sqlite3', ['broker/sqlite_', 'broker/gather_vfs.cc']),
    (r'jemalloc/', ['broker/heap.cc']),
    (r'git2', ['runner_worker/git_repo']),
    (r'prometheus/', ['relay/metrics.cc', 'runner_worker/metered_executor.cc']),
    (r'seccomp', ['runner_worker/seccomp', 'runner_worker/sandbox']),
    (r'boost/json', ['http/json', 'broker/registry_file.cc']),
    (r'boost/(beast|asio)', ['relay/', 'http/client', 'http/beast']),
    (r'boost/url', ['http/url']),
    (r'zlib', ['patch/']),
    (r'openssl/', ['base/', 'relay/http_stream.cc', 'http/client.cc']),
    (r'systemd/', ['base/']),
]
# GCC 12 destroys twice what is made of braces among the arguments of a co_await expression.
AWAITED_BRACES = re.compile(r'co_await[^;{]*[(,]\s*\{')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def faults(root):
    found = []
    src = root / 'src'
    for path in sorted(p for p in src.rglob('*') if p.suffix in ('.h', '.cc')):
        name = path.relative_to(src).as_posix()
        room = name.split('/')[0]
        text = path.read_text()
        if AWAITED_BRACES.search(text):
            found.append(f'{name}: co_await with an argument in braces; give it a name before')
        for bracket, target in INCLUDE.findall(text):
            if bracket == '"':
                other = target.split('/')[0]
                if other not in ALLOWED:
                    found.append(f'{name}: "{target}" is not named from src/')
                elif other != room and other not in ALLOWED.get(room, set()):
                    found.append(f'{name}: {room} may not include {target}')
                continue
            for library, owners in OWNERS:
                if re.match(library, target) and not any(name.startswith(o) for o in owners):
                    found.append(f'{name}: <{target}> belongs to {", ".join(owners)}')
    return found


def self_test():
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for name, text in {'relay/a.cc': '#include "broker/core.h"\n', 'broker/b.cc': '#include <zmq.h>\n',
                           'base/c.h': '#include "wire/socket.h"\n', 'cli/d.cc': '#include "cli/x.h"\n',
                           'relay/e.cc': 'co_return co_await refuse(r,\n {"a", "b"});\n',
                           'relay/f.cc': 'co_return co_await refuse(r, error);\nf({"a"});\n'}.items():
            (root / 'src' / name).parent.mkdir(parents=True, exist_ok=True)
            (root / 'src' / name).write_text(text)
        found = faults(root)
        assert [f.split(':')[0] for f in found] == ['base/c.h', 'broker/b.cc', 'relay/a.cc', 'relay/e.cc'], found


def main():
    if sys.argv[1] == '--self-test':
        self_test()
        return
    found = faults(pathlib.Path(sys.argv[1]))
    print('\n'.join(found) or 'includes are as ARCHITECTURE.md says')
    sys.exit(1 if found else 0)


main()
