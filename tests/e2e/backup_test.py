"""Backups of a broker that works, and what a restore of one keeps: every job acknowledged before it, ids that stay
unique, fencing tokens of before that are refused."""
import hashlib
import pathlib
import re
import sqlite3
import subprocess
import threading
import time

import farm
from farm import FarmTest, job, main
from process import until

import sys
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'conformance/peers'))
from ghost_peer import Client, Runner  # noqa: E402


class BackupTest(FarmTest):
    def start_farm(self, **more):
        self.start(broker=('--lease-ms', 4000, '--backoff-ms-min', 50), **more)
        self.farm.repo()
        self.data = self.scratch / 'broker'

    def backup(self):
        """Its folder, when it is done."""
        begun = self.http.call('POST', '/v1/backup')
        self.assertEqual((begun.status, begun.headers['Location']), (202, '/v1/backup'), begun)
        done = until(lambda: (b := self.http.get('/v1/backup').json())['state'] in ('done', 'failed') and b,
                     'the backup ends')
        self.assertEqual(done['state'], 'done', done)
        return pathlib.Path(done['path']), done

    def restore(self, backup, data=None, expect=0):
        done = subprocess.run([pathlib.Path(self.programs) / 'ghost', 'restore', backup, '--data', data or self.data],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, expect, done.stdout)
        return done.stdout.decode()

    def load(self, acknowledged, stop):
        """Submits without end; each acknowledged id with the time before which it was."""
        n = 0
        while not stop.is_set():
            n += 1
            try:
                answer = self.http.call('POST', '/v1/patches', job(gates=['true'], id=f'load-{n}-{id(stop)}'))
            except OSError:
                continue
            if answer.status == 202:
                acknowledged.append((time.monotonic(), answer.json()['id']))

    def test_a_restore_under_load_keeps_what_was_acknowledged_before_the_backup(self):
        self.start_farm(runners=2, slots=2)
        acknowledged, stop = [], threading.Event()
        threads = [threading.Thread(target=self.load, args=(acknowledged, stop)) for _ in range(2)]
        try:
            for thread in threads:
                thread.start()
            until(lambda: len(acknowledged) > 50, 'jobs come in')
            asked = time.monotonic()
            folder, facts = self.backup()
            after = len(acknowledged) + 30
            until(lambda: len(acknowledged) > after, 'jobs come in after it')
            self.farm.broker.kill()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        before = [name for at, name in acknowledged if at < asked]
        self.assertGreater(len(before), 50)
        for line in (folder / 'SHA256SUMS').read_text().splitlines():
            digest, name = line.split('  ')
            self.assertEqual(hashlib.sha256((folder / name).read_bytes()).hexdigest(), digest)
            self.assertEqual((folder / name).stat().st_mode & 0o077, 0, name)
        self.assertEqual(facts['sha256'], hashlib.sha256((folder / 'ghost.db').read_bytes()).hexdigest())
        self.restore(folder)
        self.farm.restart_broker()
        for name in before:
            done = self.http.wait(name)
            self.assertEqual((done['state'], done['attempt']), ('SUCCEEDED', 1), done)
        seen, query = [], {'limit': 500}
        while True:
            page = self.http.get('/v1/patches', query=query).json()
            seen += [item['id'] for item in page['items']]
            if not page.get('nextCursor'):
                break
            query['cursor'] = page['nextCursor']
        self.assertEqual(len(seen), len(set(seen)), 'ids are unique')
        self.assertLessEqual(set(before), set(seen))
        # The same submissions again: known ones are known, lost ones are new, nothing is doubled.
        for _, name in acknowledged[-40:]:
            self.assertEqual(self.http.run(job(gates=['true'], id=name))['state'], 'SUCCEEDED')

    def test_fencing_tokens_of_before_a_restore_are_refused(self):
        self.start_farm(runners=0)
        client = Client(self.farm.broker.facts['X_GHOST_CLIENTS'])
        runner = Runner(self.farm.broker.facts['X_GHOST_RUNNERS'], 'old', slots=2)
        epoch = runner.register()['epoch']
        runner.heartbeat()
        client.submit('one', {})
        (first, _, _), = runner.take()
        folder, _ = self.backup()
        client.submit('two', {})
        (second, _, _), = runner.take()
        self.farm.broker.kill()
        # The clock alone would do here; without it the file beside the store does.
        self.restore(folder)
        self.farm.restart_broker()
        again = runner.register(draining=True)
        self.assertGreater(again['epoch'], epoch)
        self.assertIn(first['lease'], [order['lease'] for order in again['cancels'] if order['reason'] == 'stale'])
        self.assertEqual(runner.result(first['lease']), 'stale')
        self.assertEqual(runner.result(second['lease']), 'unknown')
        self.assertEqual(self.http.get('/v1/patches/two').status, 404)
        waiting = self.http.job('one')
        self.assertEqual((waiting['state'], waiting['attempt']), ('QUEUED', 0), waiting)
        runner.held = []
        runner.heartbeat()
        (once_more, _, _), = runner.take()
        self.assertEqual(once_more['id'], 'one')
        self.assertGreater((once_more['lease']['epoch'], once_more['lease']['n']), (epoch, first['lease']['n']))
        self.assertEqual(runner.result(once_more['lease']), 'committed')
        reasons = [e.get('detail', {}).get('reason') for e in self.http.events('one') if e['type'] == 'requeued']
        self.assertEqual(reasons, ['the broker was restored from a backup'])
        # Only the restore gives leases back, not every start after it.
        client.submit('three', {})
        runner.take()
        self.farm.broker.kill()
        self.farm.restart_broker()
        self.assertEqual(self.http.job('three')['state'], 'LEASED')

    def test_an_epoch_is_never_used_again_though_the_clock_is_behind(self):
        self.start_farm(runners=0)
        folder, _ = self.backup()
        self.farm.broker.kill()
        ahead = int(time.time() * 1000) + 10**9
        (self.data / 'epoch').write_text(f'{ahead}\n')
        self.restore(folder)
        self.farm.restart_broker()
        runner = Runner(self.farm.broker.facts['X_GHOST_RUNNERS'], 'r')
        self.assertGreater(runner.register()['epoch'], ahead)

    def test_what_is_no_whole_backup_is_refused_and_changes_nothing(self):
        self.start_farm(runners=0)
        folder, _ = self.backup()
        self.assertIn('in use by another broker', self.restore(folder, expect=1))
        self.farm.broker.kill()
        before = {p.name: p.read_bytes() for p in self.data.iterdir() if p.is_file()}
        self.assertIn('no whole backup', self.restore(self.scratch, expect=1))
        whole = (folder / 'ghost.db').read_bytes()
        (folder / 'ghost.db').write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.assertIn('ghost.db is not what it was', self.restore(folder, expect=1))
        # Damaged, with a sum that fits.
        (folder / 'ghost.db').write_bytes(whole[:20000] + b'\0' * 8192 + whole[28192:])
        (folder / 'SHA256SUMS').write_text(hashlib.sha256((folder / 'ghost.db').read_bytes()).hexdigest() + '  ghost.db\n')
        self.assertRegex(self.restore(folder, expect=1), 'damaged|malformed|not a database')
        # A newer program's.
        (folder / 'ghost.db').write_bytes(whole)
        with sqlite3.connect(folder / 'ghost.db') as db:
            db.execute('PRAGMA user_version = 99')
        (folder / 'SHA256SUMS').write_text(hashlib.sha256((folder / 'ghost.db').read_bytes()).hexdigest() + '  ghost.db\n')
        self.assertIn('schema version 99', self.restore(folder, expect=1))
        self.assertEqual({p.name: p.read_bytes() for p in self.data.iterdir() if p.is_file()
                          and p.name != 'broker.lock'}, {n: b for n, b in before.items() if n != 'broker.lock'})
        (self.data / 'restore-unfinished').write_text('x\n')
        refused = self.farm.broker.launch()
        self.assertEqual(refused.wait(), 1)
        self.assertIn('was not finished', refused.log())

    def test_a_new_host_takes_keys_and_store_of_the_backup(self):
        keys = self.scratch / 'broker' / 'keys'
        subprocess.run([pathlib.Path(self.programs) / 'ghost', 'keys', 'init', '--keys', keys], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start_farm(runners=1)
        self.assertEqual(self.http.run(job(gates=['true'], id='kept'))['state'], 'SUCCEEDED')
        done = subprocess.run([pathlib.Path(self.programs) / 'ghost', 'backup', '--url', self.http.url], check=True,
                              stdout=subprocess.PIPE)
        folder = pathlib.Path(done.stdout.decode().strip())
        self.farm.broker.kill()
        told = self.restore(folder, self.scratch / 'elsewhere')
        self.assertIn('keys are the backup\'s', told)
        self.assertEqual((self.scratch / 'elsewhere/keys/broker.key').read_bytes(), (keys / 'broker.key').read_bytes())
        argv = self.farm.broker.argv
        argv[argv.index('--data') + 1] = str(self.scratch / 'elsewhere')
        self.farm.restart_broker()
        self.assertEqual(self.http.job('kept')['state'], 'SUCCEEDED')
        self.assertEqual(self.http.run(job(gates=['true']))['state'], 'SUCCEEDED')

    def test_what_is_under_way_goes_on_and_is_counted(self):
        """Many megabytes, so that the copy takes many turns; commits between them are in it."""
        self.start_farm(runners=0)
        for n in range(60):
            self.http.submit(job(gates=['true'], id=f'big-{n}', description='x', patch={
                'format': 'mutations', 'items': [{'op': 'create', 'path': 'f', 'contents': f'{n}' * 400_000}]}))
        self.http.call('POST', '/v1/backup')
        during = 0
        while self.http.get('/v1/backup').json()['state'] == 'running':
            self.http.submit(job(gates=['true'], id=f'during-{during}'))
            during += 1
        folder, _ = self.backup() if during == 0 else (pathlib.Path(until(
            lambda: (b := self.http.get('/v1/backup').json())['state'] == 'done' and b, 'it is done')['path']), 0)
        with sqlite3.connect(f'file:{folder}/ghost.db?immutable=1', uri=True) as db:
            self.assertEqual(db.execute('PRAGMA integrity_check').fetchone()[0], 'ok')
            self.assertGreaterEqual(db.execute('SELECT count(*) FROM jobs').fetchone()[0], 60)
        metrics = self.http.get('/metrics').body.decode()
        self.assertRegex(metrics, r'ghost_broker_backups_total\{status="done"\} [12]')
        self.assertRegex(metrics, r'ghost_broker_backup_last_success_timestamp_seconds 1\.?[0-9]')
        audit = [e for e in self.http.get('/v1/audit').json()['items'] if e['action'] == 'backup']
        self.assertGreaterEqual(len(audit), 1)


if __name__ == '__main__':
    main()
