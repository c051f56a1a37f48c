"""Every form of a patch, not named, through `ghost submit FILE`: those that fit give git's tree, those that do not a
verdict that says where and why."""
import json
import os
import subprocess
import textwrap

from farm import FarmTest, Repo, main

LINES = ''.join(f'line {n}\n' for n in range(1, 41))
BASE = {'src/a.txt': LINES, 'b.txt': 'one\ntwo\nthree\n', 'bin': bytes(range(200)), 'run.sh': '#!/bin/sh\n'}
AFTER = {'src/a.txt': LINES.replace('line 20\n', 'LINE 20\nmore\n'), 'b.txt': 'one\nTWO\nthree\n'}

BODY_A = '@@ -17,7 +17,8 @@ line 16\n line 17\n line 18\n line 19\n-line 20\n+LINE 20\n+more\n line 21\n line 22\n line 23\n'
BODY_B = '@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n'


def plain(old, new, between=''):
    """A diff of both files whose headers are made from templates of the name."""
    return ''.join(between.format(n) + f'--- {old.format(n)}\n+++ {new.format(n)}\n' + body
                   for n, body in (('b.txt', BODY_B), ('src/a.txt', BODY_A)))


BLOCK = textwrap.dedent('''\
    b.txt
    <<<<<<< SEARCH
    one
    two
    =======
    one
    TWO
    >>>>>>> REPLACE

    src/a.txt
    <<<<<<< SEARCH
    line 20
    =======
    LINE 20
    more
    >>>>>>> REPLACE
    ''')
ENVELOPE = textwrap.dedent('''\
    *** Begin Patch
    *** Update File: b.txt
    @@
     one
    -two
    +TWO
     three
    *** Update File: src/a.txt
    @@ line 18
     line 19
    -line 20
    +LINE 20
    +more
     line 21
    *** End Patch
    ''')
ITEMS = [{'op': 'replace', 'path': 'b.txt', 'regex': 'two', 'replacement': 'TWO'},
         {'op': 'replace', 'path': 'src/a.txt', 'regex': '^line 20$', 'replacement': 'LINE 20\nmore'}]
OLD_BLOCK = {'blockId': 'block-1', 'target': 'prod', 'version': '7', 'preMutationValidation': {'shell': ['test -f b.txt']},
             'mutations': [{'path': '/srv/app/b.txt', 'contents': AFTER['b.txt']},
                           {'path': '/srv/app/src/a.txt', 'contents': AFTER['src/a.txt']}], 'root': '/srv/app',
             'postMutationBuild': {'shell': ['grep -q TWO b.txt']}, 'validate': {'shell': ['grep -q more src/a.txt']}}

# Written by the tools themselves, but for their names: git, GNU diff -u, hg diff, hg diff --git, svn diff, no prefix.
FORMS = {
    'gnu.diff': plain('old/{}\t2024-03-01 10:00:00.000000000 +0100', 'new/{}\t2024-03-02 10:00:00.000000000 +0100',
                      'diff -ru old/{0} new/{0}\n'),
    'hg.diff': plain('a/{}\tThu Jan 01 00:00:00 1970 +0000', 'b/{}\tFri Mar 01 10:00:00 2024 +0100',
                     'diff -r 1a2b3c4d5e6f -r 6f5e4d3c2b1a {0}\n'),
    'hg-git.diff': '# HG changeset patch\n# User A <a@example.org>\n# Date 0 0\nshout\n\n' +
                   plain('a/{}', 'b/{}', 'diff --git a/{0} b/{0}\n'),
    'svn.diff': plain('{}\t(revision 7)', '{}\t(working copy)', 'Index: {0}\n' + '=' * 67 + '\n'),
    'bare.diff': plain('{}', '{}'),
    'blocks.txt': BLOCK,
    'envelope.txt': ENVELOPE,
    'items.json': json.dumps(ITEMS),
    'body.json': json.dumps({'format': 'mutations', 'items': ITEMS}),
    'request.json': json.dumps({'schemaVersion': 1, 'base': {'repo': 'r'}, 'patch': {'format': 'mutations', 'items': ITEMS},
                                'apply': {'mode': 'fuzzy'}}),
    'old-block.json': json.dumps(OLD_BLOCK),
    'old-file.json': json.dumps({'target_file': 'b.txt', 'patch': {'pattern': 'two', 'replacement': 'TWO'}}),
}
ONLY_B = {'old-file.json'}

MODES = ('strict', 'recount', 'fuzzy', 'threeway')
MISFITS = {  # what is no part of the base, form by form; the file and the line (or
            # one for each end of the damage) of the text that the verdict must name
    'git.diff': ('diff --git a/b.txt b/b.txt\n--- a/b.txt\n+++ b/b.txt\n@@ -1,3 +1,3 @@\n one\n-zwei\n+TWO\n three\n', 'b.txt', 4),
    'gnu.diff': ('--- b.txt\t2024-03-01\n+++ b.txt\t2024-03-02\n@@ -1,3 +1,3 @@\n eins\n-zwei\n+TWO\n drei\n', 'b.txt', 3),
    'svn.diff': ('Index: b.txt\n' + '=' * 67 + '\n--- b.txt\t(revision 1)\n+++ b.txt\t(working copy)\n'
                 '@@ -1,3 +1,3 @@\n eins\n-zwei\n+TWO\n drei\n', 'b.txt', 5),
    'hg.diff': ('diff -r 1a2b3c4d5e6f gone.txt\n--- a/gone.txt\tThu Jan 01 00:00:00 1970 +0000\n'
                '+++ b/gone.txt\tThu Jan 01 00:00:00 1970 +0000\n@@ -1,1 +1,1 @@\n-a\n+b\n', 'gone.txt', 2),
    'mail.mbox': ('From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\n'
                  'Date: Tue, 3 Jun 2008 10:20:30 +0200\nSubject: [PATCH] x\n\n---\n b.txt | 2 +-\n\n'
                  'diff --git a/b.txt b/b.txt\n--- a/b.txt\n+++ b/b.txt\n@@ -1,3 +1,3 @@\n eins\n-zwei\n+TWO\n drei\n-- \n2.39\n', 'b.txt', 12),
    'no-author.mbox': ('From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\n'
                       'just talk\n', '', 4),
    'blocks.txt': ('b.txt\n<<<<<<< SEARCH\nzwei\n=======\nTWO\n>>>>>>> REPLACE\n', 'b.txt', 2),
    'open-block.txt': ('b.txt\n<<<<<<< SEARCH\ntwo\n=======\nTWO\n', 'b.txt', 2),
    'envelope.txt': ('*** Begin Patch\n*** Update File: b.txt\n@@\n-zwei\n+TWO\n*** End Patch\n', 'b.txt', 3),
    'open-envelope.txt': ('*** Begin Patch\n*** Update File: b.txt\n@@\n-two\n+TWO\n', 'b.txt', 5),
    'items.json': (json.dumps([{'op': 'upsert', 'path': 'x', 'contents': 'x'}, {'op': 'delete', 'path': 'gone.txt'}]), 'gone.txt', 2),
    'regex.json': (json.dumps([{'op': 'replace', 'path': 'b.txt', 'regex': '(', 'replacement': ''}]), 'b.txt', 1),
    'old-block.json': (json.dumps({'target': 't', 'mutations': [{'path': 'b.txt', 'op': 'create', 'contents': 'x'}]}), 'b.txt', 1),
    'outside.json': (json.dumps([{'op': 'create', 'path': '../x', 'contents': 'x'}]), '../x', 1),
    'hostile.diff': ('--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+evil\n', '.git/hooks/post-checkout', 1),
    'cut.diff': ('--- a/b.txt\n+++ b/b.txt\n@@ -1,3 +1,3 @@\n one\n-two\n', 'b.txt', (3, 6)),
    'binary.diff': ('diff --git a/new b/new\nnew file mode 100644\nindex ' + '0' * 40 + '..' + '1' * 40 +
                    '\nGIT binary patch\nliteral 4\nKcmZQzU|?q&00031\n\n', 'new', 5),
    'talk.txt': ('Please change two to TWO in b.txt.\n', '', 0),
}


class FormatsTest(FarmTest):
    def submit(self, name, text, *options, repo=True):
        path = self.scratch / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        program = [str(self.farm.programs / 'ghost'), '--url', self.http.url, '--json', 'submit', str(path), '--wait',
                   *(['--repo', 'r'] if repo else []), *options]
        done = subprocess.run(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180, check=False,
                              env={'PATH': os.environ['PATH'], 'HOME': str(self.scratch)})
        self.assertTrue(done.stdout, done)
        return done.returncode, json.loads(done.stdout)

    def test_every_form_is_known_and_fits(self):
        self.start(runners=2)
        work, bare = self.farm.repo(files=BASE)
        base = work.head()
        b_only = work.commit({'b.txt': AFTER['b.txt']}, 'first\n\nwhy it is so')
        b_tree = work.tree()
        work.commit(AFTER, 'second: Grüße')
        tree = work.tree()
        forms = {**FORMS, 'git.diff': work.diff(base), 'git-no-prefix.diff': work.git_bytes('diff', '--no-prefix', base)}
        options = {'git-no-prefix.diff': ('--strip', '0')}
        mail = work.git_bytes('format-patch', '--stdout', '--no-stat', '--full-index', f'{base}..{b_only}')
        series = work.git_bytes('format-patch', '--stdout', f'{base}..main')
        forms['one.eml'], forms['series.mbox'] = mail, series
        forms['one-without-from-line.eml'] = mail.split(b'\n', 1)[1]
        for name, text in forms.items():
            with self.subTest(form=name):
                code, done = self.submit(name, text, *options.get(name, ()))
                self.assertEqual((code, done['state'], done['outcome']), (0, 'SUCCEEDED', 'passed'), done)
                self.assertEqual(done['result']['treeOid'], b_tree if name in ONLY_B or name.startswith('one') else tree)
        # Author, date and message of each mail are those of the commits.
        code, done = self.submit('pushed.mbox', series, '--branch', 'topic', '--push')
        self.assertEqual((code, done['outcome']), (0, 'passed'), done)
        form = '--format=%an <%ae> %ad %B'
        self.assertEqual(bare.git('log', '-2', form, 'topic'), work.git('log', '-2', form))
        self.assertEqual(bare.tree('topic'), tree)

    def test_binary_renames_and_modes(self):
        self.start(runners=1)
        work, _ = self.farm.repo(files=BASE)
        base = work.head()
        (work.path / 'run.sh').chmod(0o755)
        work.git('mv', 'src/a.txt', 'src/moved.txt')
        work.commit({'bin': bytes(reversed(range(200))), 'new file': 'x', 'src/moved.txt': AFTER['src/a.txt'], 'b.txt': None})
        for option in ('--full-index', '--no-renames'):
            text = work.git_bytes('diff', '--binary', option, '-M', base)
            code, done = self.submit('d.diff', text)
            self.assertEqual((code, done['outcome'], done['result']['treeOid']), (0, 'passed', work.tree()), done)

    def test_what_does_not_fit_says_where_and_why(self):
        self.start(runners=2)
        work, _ = self.farm.repo(files=BASE)
        for name, (text, path, line) in MISFITS.items():
            for mode in MODES:
                with self.subTest(form=name, mode=mode):
                    code, done = self.submit(name, text, '--mode', mode)
                    self.assertEqual((code, done['state']), (1, 'FAILED'), done)
                    self.assertIn(done['outcome'], ('apply_failed', 'rejected'), done)
                    self.assertEqual(done['attempt'], 1, 'a failure of the patch is not retried')
                    error = done['apply']['errors'][0]
                    self.assertEqual(error.get('path', ''), path, done['apply'])
                    self.assertIn(error.get('line', 0), line if isinstance(line, tuple) else (line,), done['apply'])
                    self.assertTrue(error['code'] and len(error['message']) > 10, error)
                    self.assertFalse((done.get('result') or {}).get('treeOid'), done)
        self.assertEqual(work.tree('HEAD'), Repo(self.scratch / 'r.git').tree('main'))

    def test_tolerant_modes_say_what_they_mended(self):
        self.start(runners=1)
        work, _ = self.farm.repo(files=BASE)
        work.commit(AFTER)
        moved = plain('a/{}', 'b/{}').replace('-17,7 +17,8', '-12,7 +12,8')
        counted = moved.replace('-12,7 +12,8', '-17,9 +17,12')
        blanks = plain('a/{}', 'b/{}').replace(' line 18\n', '  line  18 \n')
        wrong = plain('a/{}', 'b/{}').replace(' line 17\n', ' another line\n')
        for text, modes, status, strategy in ((moved, MODES, 'offset', 'exact'), (counted, ('recount',), 'clean', 'exact'),
                                              (blanks, ('fuzzy',), 'fuzz', 'whitespace'), (wrong, ('fuzzy',), 'fuzz', 'context')):
            for mode in MODES:
                with self.subTest(status=status, strategy=strategy, mode=mode):
                    _, done = self.submit('d.diff', text, '--mode', mode)
                    if mode in modes:
                        self.assertEqual((done['outcome'], done['result']['treeOid']), ('passed', work.tree()), done)
                        hunk = next(h for h in done['apply']['hunks'] if h['file'] == 'src/a.txt')
                        self.assertEqual((hunk['status'], hunk['strategy']), (status, strategy), hunk)
                    elif done['outcome'] == 'passed':
                        self.assertEqual(done['result']['treeOid'], work.tree())
                    else:
                        self.assertIn(done['outcome'], ('apply_failed', 'rejected'), done)


if __name__ == '__main__':
    main()
