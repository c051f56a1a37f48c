#!/usr/bin/python3
"""Checks that each program that the Makefile has CMake build is one that CMake knows: a measurement is seldom made, and a
name that is wrong is noticed no sooner. targets.py ROOT; --self-test shows that it catches what it is for."""
import pathlib
import re
import sys

WORD = re.compile(r'^[a-z_-]+$')
LOOP = re.compile(r'foreach\((\w+) ([^)]*)\)(.*?)endforeach', re.S)
PROGRAM = re.compile(r'(?:add_executable|ghost_test|add_custom_target)\((\S+?)[\s)]')


def wanted(makefile):
    """The words after --target; what a shell makes of something ends the list."""
    for line in makefile.replace('\\\n', ' ').splitlines():
        _, flag, words = line.partition('--target ')
        for word in words.split() if flag else ():
            if not WORD.match(word):
                break
            yield word


def made(cmake):
    cmake = LOOP.sub(lambda loop: ' '.join(
        loop[3].replace('${%s}' % loop[1], name).replace('${name}', name.replace('_', '-')) for name in loop[2].split()), cmake)
    return set(PROGRAM.findall(cmake))


def missing(makefile, cmake):
    return sorted(set(wanted(makefile)) - made(cmake))


def main():
    if sys.argv[1] == '--self-test':
        cmake = 'add_executable(one one.cc)\nforeach(x two_a three)\n add_executable(bench-${name} ${x}.cc)\nendforeach()\n'
        makefile = '\t@cmake --build b --target one bench-two-a \\\n\t  bench-three other $$(ls)\n'
        assert missing(makefile, cmake) == ['other'], missing(makefile, cmake)
        return
    root = pathlib.Path(sys.argv[1])
    lists = [root / 'CMakeLists.txt', *root.glob('src/**/CMakeLists.txt'), *root.glob('tests/**/CMakeLists.txt'),
             root / 'bench/CMakeLists.txt']
    absent = missing((root / 'Makefile').read_text(), '\n'.join(path.read_text() for path in lists))
    if absent:
        sys.exit(f'the Makefile has built what CMake does not know: {", ".join(absent)}')


if __name__ == '__main__':
    main()
