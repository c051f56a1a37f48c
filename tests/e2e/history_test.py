"""Real and generated histories: each commit, posted as a patch on its parent, must come to the commit's own tree."""
import pathlib
import random
import subprocess
import sys

from farm import FarmTest, Repo, main

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/conformance/patches'))
from generated import edit_files, make_files  # noqa: E402

GENERATED = 210  # patches of the generated history: at least 200 in every clone, however shallow
OWN_MAX = 100
SERIES_LENGTH = 4


def quoted(name):
    return '"' + name.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n') + '"'


def generate(repo, count, seed):
    """A history on main: edits, renames, copies, binary files, modes, links, odd names, and a merge now and then."""
    rng = random.Random(seed)
    files, stream, at, main_at, side = make_files(rng), [], 0, 0, None

    def commit(branch, from_, contents, merge=None):
        nonlocal at
        at += 1
        message = f'change {at}: {rng.choice(["mend", "move", "remove"])} things\n\nA body with é, and a line of\n# comment.\n'
        stream.append(f'commit refs/heads/{branch}\nmark :{at}\nauthor Grete Müller <g{at % 7}@example.org> '
                      f'{1600000000 + at * 60} +0200\ncommitter C <c@example.org> {1600000000 + at * 60} +0000\n'
                      f'data {len(message.encode())}\n{message}'.encode())
        if from_:
            stream.append(f'from :{from_}\n'.encode())
        if merge:
            stream.append(f'merge :{merge}\n'.encode())
        stream.append(b'deleteall\n')
        for name, (text, mode) in sorted(contents.items()):
            stream.append(f'M {mode} inline {quoted(name)}\ndata {len(text)}\n'.encode() + text + b'\n')
        return at

    main_at = commit('main', None, files)
    for n in range(count):
        files = edit_files(rng, files)
        # No file system holds a link to nothing, and Ghost refuses it.
        files = {name: (text or b'e', mode) if mode == '120000' else (text, mode) for name, (text, mode) in files.items()}
        if n % 25 == 12:
            side = commit('side', main_at, {**files, f'side-{n}': (b'from the side\n', '100644')})
        merge = side if n % 25 == 20 else None
        if merge:
            files = {**files, f'side-{n - 8}': (b'from the side\n', '100644')}
        main_at = commit('main', main_at, files, merge)
        if len(files) < 4:
            files = {**make_files(rng), **files}
    repo.git_bytes('fast-import', '--quiet', '--force', data=b''.join(stream))


class HistoryTest(FarmTest):
    def start_farm(self):
        self.start(runners=2, slots=2)
        self.bare = Repo(self.scratch / 'history.git', bare=True)
        self.farm.know('h', self.bare.path)

    def commits(self, most):
        """First-parent history, oldest first: (parent, commit) of those that change anything."""
        lines = self.bare.git('log', '--first-parent', '--format=%H %P %T', 'main').splitlines()
        found = []
        for line in lines:
            commit, parent = line.split()[:2]
            tree = line.split()[-1]
            if len(line.split()) > 2 and self.bare.tree(parent) != tree:
                found.append((parent, commit))
        return list(reversed(found[:most]))

    def post(self, content_type, patch, base, **query):
        answer = self.http.call('POST', '/v1/patches', patch, headers={'Content-Type': content_type},
                                query={'repo': 'h', 'base': base, **query})
        self.assertEqual(answer.status, 202, answer)
        return answer.json()['id']

    def check(self, commits):
        """Posts each commit, most as a diff and some as mail, and a series of mails now and then."""
        expected = {}
        linear = [pair for pair in commits if len(self.bare.git('log', '-1', '--format=%P', pair[1]).split()) == 1]
        for n, (parent, commit) in enumerate(commits):
            mails = self.bare.git_bytes('format-patch', '--stdout', '--binary', '--full-index', '-1', commit)
            if n % 6 == 5 and (parent, commit) in linear and self.stands_in_mail(mails):
                expected[self.post('message/rfc822', mails, parent)] = commit
            else:
                expected[self.post('text/x-diff', self.bare.diff(parent, commit), parent)] = commit
        for n in range(SERIES_LENGTH, len(linear), 5 * SERIES_LENGTH):
            chain = linear[n - SERIES_LENGTH:n]
            if all(chain[i][1] == chain[i + 1][0] for i in range(SERIES_LENGTH - 1)):
                series = self.bare.git_bytes('format-patch', '--stdout', '--binary', '--full-index',
                                             f'{chain[0][0]}..{chain[-1][1]}')
                if self.stands_in_mail(series):
                    self.series(series, chain, f'series-{n}')
        wrong = []
        for job_id, commit in expected.items():
            done = self.http.wait(job_id)
            tree = done.get('result', {}).get('treeOid')
            if (done['outcome'], tree) != ('passed', self.bare.tree(commit)):
                wrong.append((commit, done['outcome'], done.get('reason'), done.get('apply', {}).get('errors')))
        self.assertEqual(wrong, [], f'{len(wrong)} of {len(expected)}')
        return expected

    def stands_in_mail(self, mails):
        """From a mail git am takes CRLF for LF, as Ghost does."""
        return b'\r' not in mails

    def series(self, mails, chain, branch):
        done = self.http.wait(self.post('application/mbox', mails, chain[0][0], branch=branch, push='true'))
        self.assertEqual(done['outcome'], 'passed', done)
        self.assertEqual(done['result']['treeOid'], self.bare.tree(chain[-1][1]))
        self.assertEqual(self.bare.head(branch), done['result']['commitOid'])
        self.assertEqual(self.bare.tree(branch), self.bare.tree(chain[-1][1]))

    def test_this_repository(self):
        self.start_farm()
        if subprocess.run(['git', '-c', 'safe.directory=*', '-C', str(ROOT), 'rev-parse', '-q', '--verify', 'HEAD'],
                          capture_output=True, check=False).returncode != 0:
            self.skipTest('the sources are no git clone')
        # Exported and imported: whole, though the clone may be shallow.
        own = Repo(ROOT)
        head = own.git('rev-parse', '--symbolic-full-name', 'HEAD')
        stream = own.git_bytes('fast-export', '--reencode=yes', '--refspec', f'{head}:refs/heads/main', 'HEAD')
        self.bare.git_bytes('fast-import', '--quiet', data=stream)
        commits = self.commits(OWN_MAX)
        if not commits:
            self.skipTest('the clone is too shallow: no commit with a parent')
        done = self.check(commits)
        print(f'{len(done)} commits of this repository')

    def test_a_generated_history(self):
        self.start_farm()
        seed = 20
        generate(self.bare, GENERATED + 20, seed)
        done = self.check(self.commits(GENERATED))
        print(f'{len(done)} commits of the history of seed {seed}')
        self.assertGreaterEqual(len(done), 200)
        self.answers_are_patches_too(list(done.items())[::10])

    def answers_are_patches_too(self, some):
        """What the farm gives back, git takes: the diff by `git apply`, the mail by `git am`."""
        work = Repo(self.scratch / 'again')
        work.git('fetch', '-q', str(self.bare.path), 'main')
        for job_id, commit in some:
            for path, command in (('diff', ['apply', '--index']), ('mbox', ['am', '-q', '--keep-cr'])):
                work.git('checkout', '-q', '-f', f'{commit}^1')
                work.git('clean', '-q', '-fdx')
                answer = self.http.get(f'/v1/patches/{job_id}/{path}')
                self.assertEqual(answer.status, 200, answer)
                work.git_bytes(*command, data=answer.body)
                self.assertEqual(work.git('write-tree'), self.bare.tree(commit), f'{path} of {commit}')


if __name__ == '__main__':
    main()
