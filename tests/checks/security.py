#!/usr/bin/python3
"""Every row of SECURITY.md's tables of threats names tests, and every test that it names is there. security.py ROOT;
--self-test shows that it catches what it is for."""
import fnmatch
import pathlib
import re
import sys
import tempfile

HEADS = ('Tests', 'Test')  # of the column, the last one, that names them


def known_tests(root):
    """Names as CTest has them: Suite.Name of GoogleTest, room.test_name of Python, and names in CMake."""
    names = set()
    for path in (root / 'tests').rglob('*'):
        if path.suffix == '.cc':
            found = re.findall(r'^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)', path.read_text(), re.M)
            names.update(f'{suite}.{name}' for suite, name in found)
        elif path.name.endswith('_test.py'):
            room = path.name[:-len('_test.py')]
            for name in re.findall(r'^    def (test_\w+)', path.read_text(), re.M):
                names.update((f'{room}.{name}', f'{path.parent.name}.{room}.{name}'))
        elif path.name == 'CMakeLists.txt':
            for name in re.findall(r'add_test\(NAME\s+(\S+)', path.read_text()):
                names.add(re.sub(r'\$\{.*', '*', name))
    return names


def is_known(reference, known):
    """A reference may end in * or in ..., and a name in CMake may hold a variable."""
    pattern = re.sub(r'\.\.\.$', '*', reference)
    return any(fnmatch.fnmatchcase(name, pattern) or ('*' in name and fnmatch.fnmatchcase(pattern, name)) for name in known)


def rows(text):
    """(line number, cells) of each table whose last column is that of tests."""
    head = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith('|'):
            head = None
            continue
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if head is None:
            head = cells
        elif head[-1] in HEADS and not set(line) <= set('|-: '):
            yield number, cells


def references(cell):
    """`Suite.Name`; a bare `.Name` is of the suite before it."""
    suite = ''
    for reference in re.findall(r'`([^`]+)`', cell):
        if reference.startswith('.'):
            reference = suite + reference
        suite = reference.split('.')[0]
        yield reference


def faults(root):
    text = (root / 'SECURITY.md').read_text()
    known = known_tests(root)
    found, count = [], 0
    for number, cells in rows(text):
        count += 1
        named = list(references(cells[-1]))
        if not named:
            found.append(f'SECURITY.md:{number}: no test for: {cells[0]}')
        found += [f'SECURITY.md:{number}: there is no test {name}' for name in named if not is_known(name, known)]
    if not count:
        found.append('SECURITY.md: no table of threats and tests')
    return found


def self_test():
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        (root / 'tests').mkdir()
        (root / 'tests/a.cc').write_text('TEST(Suite, Name) {}\n')
        (root / 'tests/room_test.py').write_text('class X:\n    def test_one(self):\n        pass\n')
        table = '| Who | Tests |\n|---|---|\n'
        for row, good in (('| a | `Suite.Name`, `.Name`, `room.test_*`, `Suite.Na...` |', True), ('| a | none |', False),
                          ('| a | `Suite.Other` |', False), ('| a | `room.test_two` |', False)):
            (root / 'SECURITY.md').write_text(table + row + '\n')
            if (not faults(root)) != good:
                return [f'wrong about: {row}']
        (root / 'SECURITY.md').write_text('no table\n')
        return [] if faults(root) else ['nothing is good']


if __name__ == '__main__':
    problems = self_test() if sys.argv[1] == '--self-test' else faults(pathlib.Path(sys.argv[1]))
    print('\n'.join(problems))
    sys.exit(1 if problems else 0)
