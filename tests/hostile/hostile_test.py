#!/usr/bin/python3
"""Hostile jobs, the whole way: client, broker, runner, sandbox, verdict.

hostile_test.py BROKER RUNNER [unittest arguments]

A canary tree beside the runner's data is open to everybody; whatever a job does it stays as it is, and no process of a
job is left two seconds after its result."""
import hashlib
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'conformance' / 'peers'))
from broker_process import Broker, until  # noqa: E402
from ghost_peer import Client  # noqa: E402

BROKER, RUNNER = sys.argv.pop(1), sys.argv.pop(1)
SECRET = 'canary-secret-' + os.urandom(8).hex()
BASE = {'README': 'base\n', 'check.sh': '#!/bin/sh\ntest -f answer && grep -q 42 answer\n', 'src/a.c': 'int a;\n',
        'src/b.c': 'int b;\n', 'tests/t.sh': '#!/bin/sh\nexit 1\n'}
ENV = {**os.environ, 'GIT_CONFIG_GLOBAL': '/dev/null', 'GIT_CONFIG_NOSYSTEM': '1'}


def git(folder, *args):
    return subprocess.run(['git', '-C', str(folder), '-c', 'user.name=n', '-c', 'user.email=e@e', *args], check=True,
                          capture_output=True, text=True, env=ENV).stdout.strip()


def snapshot(folder):
    out = {}
    for root, folders, files in os.walk(folder):
        for name in ['', *files]:
            path = os.path.join(root, name)
            s = os.lstat(path)
            content = pathlib.Path(path).read_bytes() if stat.S_ISREG(s.st_mode) else b''
            out[path] = (s.st_mode, s.st_uid, s.st_gid, s.st_nlink, s.st_size, s.st_ctime_ns, content)
        del folders
    return out


def processes_of(job_id):
    """Processes with the job in their environment: gates get it from the runner, whatever they call themselves."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if f'GHOST_JOB={job_id}'.encode() in pathlib.Path(f'/proc/{pid}/environ').read_bytes().split(b'\0'):
                found.append(pid)
        except OSError:
            pass
    return found


class HostileTest(unittest.TestCase):
    runner = None

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix='ghost-hostile-'))
        self.scratch.chmod(0o711)
        self.canary = self.scratch / 'canary'
        (self.canary / 'deep').mkdir(parents=True)
        for path in ('secret', 'deep/file'):
            (self.canary / path).write_text(SECRET + '\n')
            (self.canary / path).chmod(0o666)
        for path in ('', 'deep'):
            (self.canary / path).chmod(0o777)
        self.before = snapshot(self.canary)
        self.repo = self.scratch / 'repo'
        for path, text in BASE.items():
            (self.repo / path).parent.mkdir(parents=True, exist_ok=True)
            (self.repo / path).write_text(text)
        git(self.repo, 'init', '-q', '-b', 'main')
        git(self.repo, 'config', 'receive.denyCurrentBranch', 'ignore')
        git(self.repo, 'add', '.')
        git(self.repo, 'commit', '-q', '-m', 'base')
        self.repo_before = git(self.repo, 'rev-parse', 'HEAD^{tree}')
        self.broker = Broker(BROKER, self.scratch).start()
        self.client = Client(self.broker.clients)
        self.client.ask('PutRepo', {'repo': {'name': 'r', 'url': f'file://{self.repo}'}})
        self.data = self.scratch / 'runner'
        self.jobs = []
        if 'without_namespaces' not in self.id():
            self.start_runner()

    def start_runner(self, *options, wrap=()):
        (self.scratch / 'secrets').write_text(f'WANTED=shown-value\nOTHER={SECRET}\n')
        (self.scratch / 'secrets').chmod(0o600)
        log = open(self.scratch / 'runner.log', 'ab')
        self.runner = subprocess.Popen(
            [*wrap, RUNNER, '--broker', self.broker.runners, '--data', str(self.data), '--slots', '2', '--secrets',
             str(self.scratch / 'secrets'), *options], env={**ENV, 'RUNNER_PRIVATE': SECRET}, stderr=log)
        log.close()

        def there():
            if self.runner.poll() is not None:
                return True
            return self.client.ask('ListRunners', {})[1]['items']
        until(there, 'the runner')
        if self.runner.poll() is not None:
            self.skipTest('no sandbox here: ' + self.log().decode()[-300:])

    def log(self):
        return (self.scratch / 'runner.log').read_bytes()

    def tearDown(self):
        try:
            if self.runner is not None and self.runner.poll() is None:
                self.runner.send_signal(signal.SIGTERM)
                self.assertEqual(self.runner.wait(30), 0, self.log())
            for job_id in self.jobs:
                until(lambda: not processes_of(job_id), f'processes of {job_id}', 2)
            self.assertEqual(snapshot(self.canary), self.before)
            self.assertEqual(git(self.repo, 'status', '--porcelain'), '')
            self.assertNotIn(SECRET.encode(), self.log())
        finally:
            if self.runner is not None and self.runner.poll() is None:
                self.runner.kill()
                self.runner.wait()
            self.client.close()
            self.broker.stop()
            shutil.rmtree(self.scratch)

    def submit(self, *gates, job_id=None, **more):
        gates = [g if isinstance(g, dict) else {'name': f'g{i}', 'run': g} for i, g in enumerate(gates)]
        job_id = job_id or f'job-{os.getpid()}-{len(self.jobs)}'
        request = {'base': {'repo': 'r'}, 'patch': {'format': 'none'}, 'gates': gates, **more}
        self.assertEqual(self.client.submit(job_id, request, maxAttempts=1, requires=more.get('requires', {}))['status'], 'accepted')
        self.jobs.append(job_id)
        return job_id

    def run_job(self, *gates, **more):
        job_id = self.submit(*gates, **more)
        job, verdict = self.client.wait(job_id, 60)
        until(lambda: not processes_of(job_id), 'processes left', 2)
        return job, verdict

    def output(self, job_id=None):
        """All that the job's gates said, and the verdict's own texts."""
        said, after = '', 0
        while True:
            window = self.client.events(job_id or self.jobs[-1], after, bytesMax=1 << 20)
            if not window['items']:
                return said
            said, after = said + repr(window['items']), window['lastSeq']

    def gate(self, *args, **more):
        _, verdict = self.run_job(*args, **more)
        return verdict['gates'][-1]

    # --- what is left for the runner to read ---

    def test_links_fifos_and_devices_among_the_artifacts(self):
        _, verdict = self.run_job(
            f'mkdir out; cd out; ln -s {self.canary}/secret l; ln -s {self.canary} d; mkfifo fifo; mknod dev c 1 5;'
            f'ln -s /dev/zero zero; ln -s /proc/self/environ env; ln ../README hard; ln {self.canary}/secret stolen;'
            'ln -s ../.git git; echo fine > fine; truncate -s 100 sparse;'
            ': > "$(printf "line\\nfeed\\033[31m")"; mkdir -p a/b; ln -s ../../.. a/b/up; true',
            artifacts=['out/**', '.git/**'])
        self.assertEqual(verdict['outcome'], 'passed', verdict)
        kept = {a['path']: a for a in verdict['artifacts']}
        self.assertEqual(set(kept), {'out/fine', 'out/hard', 'out/sparse', 'out/line\nfeed\033[31m'})
        self.assertEqual(kept['out/fine']['sha256'], hashlib.sha256(b'fine\n').hexdigest())

    def test_a_name_that_is_no_text_fails_the_gates_not_the_farm(self):
        made = ': > "$(printf "bad\\377name")"'
        _, verdict = self.run_job(made, artifacts=['bad*'])
        self.assertEqual((verdict['outcome'], verdict['artifacts']), ('gate_failed', []))
        self.assertIn('UTF-8', verdict['reason'])
        _, verdict = self.run_job(made, onSuccess={'commit': {'message': 'm', 'include': ['bad*']}})
        self.assertEqual(verdict['outcome'], 'passed', verdict)  # git knows bytes
        self.assertIn('bad\\377name', verdict['result']['diff'])

    def test_an_artifact_that_turns_into_a_link_between_gates(self):
        _, verdict = self.run_job('echo 1 > f', f'rm f; ln -s {self.canary}/secret f', f'rm -rf src; ln -s {self.canary}'
                                  ' src', artifacts=['f', 'src/*', 'src/deep/*'])
        self.assertEqual((verdict['outcome'], verdict['artifacts']), ('passed', []))

    def test_links_in_commit_include(self):
        for made, word in ((f'ln -s {self.canary}/secret made', 'made'), ('ln -s ../../outside made', 'made'),
                           ('ln -s .git/config made', 'made'), ('echo x > .gitmodules', '.gitmodules')):
            _, verdict = self.run_job(made, onSuccess={'commit': {'message': 'm', 'include': ['made', '.gitmodules']}})
            self.assertEqual(verdict['outcome'], 'gate_failed', (made, verdict))
            self.assertIn(word, verdict['reason'])
        _, verdict = self.run_job(f'mkdir d; mkfifo d/p; mknod d/c c 1 5; ln -s {self.canary} d2; echo x > .git/evil;'
                                  'echo hidden > d/ok', onSuccess={'commit': {'message': 'm', 'include': ['d/**', '.git/**',
                                                                                                       'd2/**']}})
        self.assertEqual(verdict['outcome'], 'passed', verdict)
        self.assertIn('+hidden', verdict['result']['diff'])
        self.assertNotIn('evil', verdict['result']['diff'])
        self.assertNotIn(SECRET, verdict['result']['diff'])

    def test_links_over_protected_paths(self):
        for spoil in (f'rm -rf tests; ln -s {self.canary} tests', f'rm tests/t.sh; ln -s {self.canary}/secret tests/t.sh',
                      'rm tests/t.sh; mkfifo tests/t.sh', 'rm -rf tests; mkfifo tests', 'rm -rf tests; mknod tests c 1 3',
                      f'ln -f {self.canary}/secret tests/t.sh; ln -f README tests/t.sh',
                      'echo exit 0 > tests/t.sh; chmod 000 tests/t.sh tests', 'echo "exit 0" > tests/t.sh',
                      'mkdir -p t2; mv tests t2/; ln -s t2/tests tests; echo "exit 0" > tests/t.sh'):
            _, verdict = self.run_job({'name': 'spoil', 'phase': 'build', 'run': spoil + '; true'},
                                      {'name': 'test', 'run': 'cat tests/t.sh; ls -la tests; sh tests/t.sh'},
                                      protectedPaths=['tests/**'])
            self.assertEqual(verdict['outcome'], 'gate_failed', (spoil, verdict))
            self.assertEqual(verdict['gates'][-1]['exitCode'], 1, (spoil, self.output()))

    # --- what a gate may want to change ---

    def test_edits_of_git_and_of_the_base_stay_in_the_job(self):
        _, verdict = self.run_job(
            'printf "[core]\\n\\tfsmonitor = touch /tmp/owned\\n\\thooksPath = /workspace/h\\n" >> .git/config;'
            'mkdir -p .git/hooks; printf "#!/bin/sh\\nfalse\\n" > .git/hooks/pre-commit; chmod +x .git/hooks/*;'
            'echo ref: refs/heads/evil > .git/HEAD; rm -rf .git/objects; echo x > .git/index; rm -rf src README',
            onSuccess={'commit': {'message': 'm'}})
        self.assertEqual(verdict['outcome'], 'passed', verdict)
        self.assertEqual(verdict['result']['treeOid'], self.repo_before)
        _, verdict = self.run_job('git status --porcelain; test -z "$(git status --porcelain)"; cat README; git fsck;'
                                  'test ! -e /tmp/owned; test "$(git rev-parse HEAD^{tree})" = ' + self.repo_before)
        self.assertEqual(verdict['outcome'], 'passed', (verdict, self.output()))
        # The mirror's objects are there to read, not to write.
        _, verdict = self.run_job('o=$(cat .git/objects/info/alternates); ls "$o" >/dev/null || exit 9;'
                                  'touch "$o/x" && exit 8; find "$o" -type f -exec sh -c ": > {}" \\; 2>/dev/null;'
                                  'chmod -R 777 "$o" 2>/dev/null; rm -rf "$o"/* 2>/dev/null; exit 0')
        self.assertEqual(verdict['outcome'], 'passed', (verdict, self.output()))
        _, verdict = self.run_job('git fsck --full && cat README')
        self.assertEqual(verdict['outcome'], 'passed', verdict)

    def test_gates_and_verdict_are_out_of_reach(self):
        _, verdict = self.run_job(
            {'name': 'first', 'phase': 'build', 'run': 'printf "#!/bin/sh\\nexit 0\\n" > check.sh; export PATH=/tmp; mkdir -p /tmp/bin;'
             'printf "#!/bin/sh\\nexit 0\\n" > /tmp/bin/false; chmod +x /tmp/bin/false; ln -s /tmp/bin bin;'
             'for fd in 3 4 5 6 7 8 9; do eval "echo passed >&$fd"; done 2>/dev/null; true'},
            {'name': 'second', 'run': 'sh check.sh'}, protectedPaths=['check.sh'])
        self.assertEqual([g['status'] for g in verdict['gates']], ['pass', 'fail'])
        # Words of a gate are no more than words.
        gate = self.gate('printf \'{"outcome":"passed","gates":[]}\\n\\0\\201\\247outcome\\246passed\'; exit 1')
        self.assertEqual((gate['status'], gate['exitCode']), ('fail', 1))

    # --- what a gate may want to see ---

    def test_reads_nothing_of_the_runner(self):
        _, verdict = self.run_job(
            f'ls -R {self.data} {self.canary} {self.scratch}; cat {self.canary}/secret {self.scratch}/secrets'
            f' {self.data}/* {self.data}/outbox/*; cat /proc/*/environ /proc/*/cmdline; env; id; mount; exit 0',
            secretEnv=['WANTED'])
        self.assertEqual(verdict['outcome'], 'passed', verdict)
        said = self.output()
        self.assertIn('GHOST_JOB', said)
        for hidden in (SECRET, 'RUNNER_PRIVATE', 'outbox\\n', 'ghost-runner', 'shown-value'):
            self.assertNotIn(hidden, said)

    def test_two_tenants_side_by_side(self):
        mine = os.urandom(8).hex()
        leave = (f'echo {mine} | tee /tmp/m /dev/shm/m ~/m m; exec 3<>/tmp/m; i=0; while [ $i -lt 200 ]; do sleep 0.05;'
                 f'i=$((i+1)); done; : {mine}')
        one = self.submit(leave, limits={'wallMs': 60000})
        until(lambda: mine in self.output(one), 'the first job to run')
        _, verdict = self.run_job(f'cat /tmp/m /dev/shm/m ~/m m; cat /proc/*/cmdline | tr "\\0" " "; cat /proc/*/fd/3;'
                                  'kill -9 -1; true')
        self.assertEqual(verdict['outcome'], 'passed', verdict)
        self.assertNotIn(mine, self.output())
        self.client.ask('CancelJob', {'id': one})
        self.assertEqual(self.client.wait(one)[0]['state'], 'CANCELLED')

    # --- what a gate may want to use up ---

    def test_limits_are_told_apart(self):
        small = {'memoryBytes': 64 << 20, 'diskBytes': 8 << 20, 'inodes': 500, 'pids': 40, 'outputBytes': 65536}
        hog = "python3 -c \"x=[bytearray(1<<20) for i in range(4096)]\""
        for run, status, word in (
                (hog, 'oom', 'memory'), ('head -c 100000000 /dev/zero > f', 'flood', 'disk limit'),
                ('i=0; while : > f$i; do i=$((i+1)); done; exit 1', 'flood', 'files'),
                ('cat /dev/zero', 'flood', 'output limit'), ('kill -SEGV $$', 'signal', ''), ('exit 3', 'fail', ''),
                ({'name': 't', 'run': 'trap "" TERM INT HUP; while :; do sleep 1; done', 'timeoutMs': 400}, 'timeout',
                 'time limit'),
                ('b() { b | b & }; b; b | b', 'fail', 'process limit')):
            gate = self.gate(run, limits=small)
            if word == 'process limit':  # the shell may end either way
                self.assertIn(gate['status'], ('fail', 'pass'), gate)
                continue
            self.assertEqual(gate['status'], status, (run, gate))
            self.assertIn(word, gate.get('error') or '', run)
        gate = self.gate({'name': 'c', 'run': 'while :; do :; done'}, limits={'cpuMs': 300})
        self.assertEqual((gate['status'], gate['error']), ('timeout', 'CPU time limit'))
        self.assertGreaterEqual(gate['cpuMs'], 250)

    def test_output_keeps_head_and_tail_and_digests_all(self):
        gate = self.gate('echo HEAD; head -c 3000000 /dev/zero; printf "\\033[31m\\0\\377"; echo TAIL; echo err >&2',
                         limits={'outputBytes': 65536})
        whole = b'HEAD\n' + bytes(3000000) + b'\033[31m\0\377TAIL\n'
        self.assertEqual(gate['stdout'], {'bytes': len(whole), 'truncated': True, 'sha256': hashlib.sha256(whole).hexdigest()})
        self.assertEqual(gate['stderr'], {'bytes': 4, 'truncated': False, 'sha256': hashlib.sha256(b'err\n').hexdigest()})
        self.assertGreaterEqual(gate['writtenBytes'], 3000000)
        said = self.output()
        self.assertIn('HEAD', said)
        self.assertIn('TAIL', said)

    def test_attempts_that_disagree_are_flaky(self):
        gate = self.gate({'name': 'f', 'run': 'test -e seen || { : > seen; exit 1; }', 'retries': 2})
        self.assertEqual((gate['status'], gate['attempts'], gate['flaky']), ('pass', 2, True))
        gate = self.gate({'name': 'f', 'run': 'exit 1', 'retries': 2})
        self.assertEqual((gate['status'], gate['attempts'], gate['flaky']), ('fail', 3, False))

    def test_daemons_die_with_their_gate(self):
        mark = os.urandom(8).hex()
        _, verdict = self.run_job(
            f'(setsid sh -c "trap : TERM HUP; sleep 1000; : {mark}" >/dev/null 2>&1 &); env -i setsid sleep 1000 &'
            'exec >&- 2>&-; exit 0', 'set -- /proc/[0-9]*; test $# = 2')
        self.assertEqual(verdict['outcome'], 'passed', verdict)

    def test_a_host_without_namespaces_and_overlays(self):
        # As a plain container: root of a user namespace that may make no further ones and mount nothing.
        wrap = ('unshare', '--user', '--map-root-user', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && '
                'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"', 'sh')
        able = subprocess.run([*wrap, 'unshare', '--user', 'true'], capture_output=True, text=True)
        if 'space' not in able.stderr:
            self.skipTest(f'no such container here: {able.stderr}')
        probe = subprocess.run([*wrap, RUNNER, '--probe', '--data', str(self.data)], capture_output=True, text=True)
        self.assertEqual(probe.returncode, 1, probe)
        if 'isolation plain: yes' not in probe.stdout:
            self.skipTest('no Landlock here')
        self.assertIn('isolation full: no', probe.stdout)
        self.assertIn('would not start here', probe.stdout)
        # By default a runner wants full isolation.
        refused = subprocess.run([*wrap, RUNNER, '--broker', self.broker.runners, '--data', str(self.data)],
                                 capture_output=True, text=True)
        self.assertEqual(refused.returncode, 2)
        self.assertIn('isolation full is not to be had on this host', refused.stderr)
        self.start_runner('--isolation', 'plain', wrap=wrap)
        self.assertIn(b'no namespaces', self.log())
        runner = self.client.ask('ListRunners', {})[1]['items'][0]
        self.assertEqual(runner['labels'], {'isolation': 'plain'})
        # A job that does not ask for less waits, and says for what.
        waits = self.submit('true')
        self.assertIn('isolation=full', repr(self.client.ask('GetJob', {'id': waits})[1]))
        less = {'isolation': 'plain'}
        secret = f'cat {self.canary}/secret {self.scratch}/secrets {self.data}/* /proc/*/environ'
        for n in range(3):  # the workspace is used again
            _, verdict = self.run_job(f'test "$(cat README)" = base && test ! -e made && echo made > made && {secret};'
                                      f'echo x > {self.canary}/deep/file; echo spoilt > README; rm -rf src; ln -s '
                                      f'{self.canary} src; git status --short; (setsid sleep 1000 &); exit 0',
                                      requires=less, artifacts=['made'])
            self.assertEqual(verdict['outcome'], 'passed', (n, verdict, self.output(), self.log()))
            self.assertEqual([a['path'] for a in verdict['artifacts']], ['made'])
            self.assertIn('M README', self.output())
            self.assertNotIn(SECRET, self.output())
            self.assertTrue(any('no namespaces' in gap for gap in verdict['isolation']))
        for run, status in (('cat /dev/zero', 'flood'), ('kill -9 $$', 'signal'), ('sleep 1000', 'timeout')):
            gate = self.gate({'name': 'g', 'run': run, 'timeoutMs': 3000}, requires=less,
                             limits={'outputBytes': 65536})
            self.assertEqual(gate['status'], status, gate)
        self.client.ask('CancelJob', {'id': waits})

    def test_a_killed_runner_leaves_nothing(self):
        job_id = self.submit('setsid sleep 1000 & sleep 1000')
        until(lambda: len(processes_of(job_id)) >= 2, 'the gate')
        self.runner.kill()
        self.runner.wait()
        until(lambda: not processes_of(job_id), 'processes left', 2)


if __name__ == '__main__':
    unittest.main()
