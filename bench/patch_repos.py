"""Repositories for `make bench-patch`: file counts, sizes, names and depth like those of real ones, the same for every seed.

make(folder, files) leaves in `folder`: origin.git with the branches main and next (one commit further), and patches/N.diff,
unified diffs that apply to main.
"""
import difflib
import pathlib
import random
import shutil
import subprocess

SIZES = {'s': 150, 'm': 5_000, 'l': 70_000}
PATCHES = 50
WORDS = ('alloc buffer cache check client clock config context count cursor data device digest driver entry error event field file '
         'flags flush frame group handle header index inode input item kernel key label layer length level limit list local lock '
         'map mask match memory message mode module mutex name node number offset option output owner page parent parse path peer '
         'point pool port queue range read ready record region remote report request reset result ring root route sample scan '
         'section segment server session shared signal size slot socket source stack start state status step stream string table '
         'task thread timer token total trace tree type unit update user value vector version watch window word write zone').split()
SUFFIXES = ['.c'] * 40 + ['.h'] * 30 + ['.py'] * 8 + ['.md'] * 5 + ['.txt'] * 6 + ['.json'] * 5 + ['.sh', '.yaml', '.S', '.conf'] + ['']


def folders(rng, files):
    """Folder names: about one for 14 files, most of them three to five deep, some much deeper."""
    found = ['']
    while len(found) < max(8, files // 14):
        # New folders lie rather in new ones than in old: long branches, as real trees have.
        parent = found[int(len(found) * rng.random() ** 0.7)] if rng.random() < 0.93 else ''
        if parent.count('/') > 9:
            continue
        found.append(parent + '_'.join(rng.sample(WORDS, rng.choice((1, 1, 2)))) + '/')
    return list(dict.fromkeys(found))


def lines_pool(rng):
    pool = ['', '', '}', '{', '\treturn 0;', '#include <linux/types.h>', ' * ', '/*', ' */']
    for _ in range(4000):
        words = rng.choices(WORDS, k=rng.randint(2, 9))
        pool.append('\t' * rng.randint(0, 3) + rng.choice((
            '{0} = {1}({2});', 'if ({0} < {1}->{2})', 'static int {0}_{1}(struct {2} *{0})', '/* {0} {1} {2} */', '{0} {1} {2}.'
        )).format(*(words + words)) + ' '.join(words[3:]))
    return pool


def text(rng, pool):
    # Log-normal: half of the files below 4 KiB, a mean of about 10 KiB, a few of hundreds.
    size = min(int(rng.lognormvariate(8.2, 1.35)), 1 << 20)
    return '\n'.join(rng.choices(pool, k=max(3, size // 34))) + '\n'


def changed(rng, old, mark):
    lines = old.splitlines(keepends=True)
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(lines))
        lines[at] = f'\t{mark}_{rng.randrange(10 ** 6)}();\n'
    return ''.join(lines)


def diff(path, old, new):
    body = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f'a/{path}', f'b/{path}')
    return f'diff --git a/{path} b/{path}\n' + ''.join(body)


def make(folder, files, seed=1):
    folder = pathlib.Path(folder)
    if (folder / 'complete').exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / 'patches').mkdir(parents=True)
    origin = folder / 'origin.git'
    subprocess.run(['git', 'init', '-q', '--bare', '-b', 'main', origin], check=True)
    rng = random.Random(seed * 1_000_003 + files)
    places, pool, names = folders(rng, files), lines_pool(rng), set()
    taken = {p.rstrip('/') for p in places}
    while len(names) < files:
        name = rng.choice(places) + '_'.join(rng.sample(WORDS, rng.choice((1, 1, 2)))) + rng.choice(SUFFIXES)
        if name not in taken:
            names.add(name)
    names = sorted(names)
    some = {}  # texts that patches and the next commit change
    picked = set(rng.sample(names, min(len(names) // 2, 3 * PATCHES)))
    load = subprocess.Popen(['git', '-C', origin, '-c', 'core.compression=1', 'fast-import', '--quiet'], stdin=subprocess.PIPE)

    def say(line, data=None):
        load.stdin.write(line.encode() + b'\n')
        if data is not None:
            load.stdin.write(b'data %d\n%s\n' % (len(data), data))

    def commit(branch, number, parent=None):
        say(f'commit refs/heads/{branch}')
        say(f'mark :{number + 1}')
        say(f'committer Bench <bench@example.org> {1_700_000_000 + number * 1000} +0000', None)
        say('data 6\ncommit')
        if parent:
            say(f'from {parent}')

    commit('main', 0)
    for name in names:
        content = text(rng, pool)
        if name in picked:
            some[name] = content
        mode = '100755' if name.endswith('.sh') else '100644'
        say(f'M {mode} inline {name}', content.encode())
    for number in range(1, 6):
        commit('main', number)
        for name in rng.sample(sorted(some), 5):
            some[name] = changed(rng, some[name], 'history')
            say(f'M 100644 inline {name}', some[name].encode())
    commit('next', 6, ':6')
    for name in rng.sample(sorted(some), 3):
        say(f'M 100644 inline {name}', changed(rng, some[name], 'next').encode())
    load.stdin.close()
    if load.wait():
        raise SystemExit('git fast-import failed')
    for number in range(PATCHES):
        parts = [diff(n, some[n], changed(rng, some[n], 'patched')) for n in sorted(rng.sample(sorted(some), rng.randint(1, 3)))]
        (folder / 'patches' / f'{number}.diff').write_text(''.join(parts))
    (folder / 'complete').touch()
    return folder


def take(folder, repo):
    """The same from a repository that is there: its HEAD is `next`, the commit before it main."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / 'patches').mkdir(parents=True)
    origin = folder / 'origin.git'
    subprocess.run(['git', 'clone', '-q', '--bare', '--shared', repo, origin], check=True)

    def git(*args):
        return subprocess.run(['git', '-C', origin, *args], check=True, stdout=subprocess.PIPE).stdout

    git('branch', '-f', 'ghost-next', 'HEAD')
    git('branch', '-f', 'ghost-main', 'HEAD^')
    rng = random.Random(1)
    names = [line.split(b'\t')[1].decode() for line in git('ls-tree', '-r', 'ghost-main').splitlines()
             if line.startswith(b'100') and b'"' not in line]
    texts = {}
    for name in rng.sample(names, min(len(names), 20 * PATCHES)):
        data = git('show', f'ghost-main:{name}')
        if b'\0' not in data and b'\r' not in data and data.endswith(b'\n') and len(data) < 1 << 20:
            try:
                texts[name] = data.decode()
            except UnicodeDecodeError:
                continue
        if len(texts) == 3 * PATCHES:
            break
    for number in range(PATCHES):
        parts = [diff(n, texts[n], changed(rng, texts[n], 'patched')) for n in sorted(rng.sample(sorted(texts), min(2, len(texts))))]
        (folder / 'patches' / f'{number}.diff').write_text(''.join(parts))
    return folder
