#!/usr/bin/python3
"""Writes the golden messages of vectors/ (see PROTOCOL.md). Needs msgpack.

What a version once meant it means for ever: a file that FROZEN names is never written again, whatever stands here. A
message or a field that is new gets a list of its own below, a file of its own in vectors/, and, once a release has it,
a line in FROZEN (`make_vectors.py --freeze`). Without arguments: writes the files that are not frozen."""
import base64
import hashlib
import json
import pathlib
import sys

import msgpack

HERE = pathlib.Path(__file__).resolve().parent
OID = '0123456789abcdef0123456789abcdef01234567'
AT = '2026-01-31T09:05:00.123Z'
LEASE = {'job': 7, 'epoch': 3, 'n': 41}
JOB_ID = '01jjz6q0w3v8k2m4n5p6r7s8t9'


def b(data):
    return {'$bin': base64.b64encode(data).decode()}


def plain(value):
    """The JSON form with {"$bin": ...} as the values that msgpack packs."""
    if isinstance(value, dict):
        if set(value) == {'$bin'}:
            return base64.b64decode(value['$bin'])
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


REPO = {'name': 'linux', 'url': 'https://example.org/linux.git', 'defaultBranch': 'main',
        'credential': '', 'allowGitlinks': False,
        'prepare': ['npm ci'], 'prepareFiles': ['package*.json'], 'prepareNetwork': 'host'}
REQUEST = {
    'schemaVersion': 1, 'base': {'repo': 'linux', 'ref': 'main'},
    'patch': {'format': 'unified', 'data': b(b'--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n')},
    'gates': [{'name': 'test', 'phase': 'validate', 'run': 'make test', 'timeoutMs': 60000}],
    'requires': {'arch': 'amd64'}, 'labels': {'team': 'kernel'}}
VERDICT = {
    'outcome': 'passed', 'apply': {'status': 'clean', 'files': [
        {'path': 'f', 'op': 'modify', 'oldOid': OID, 'newOid': OID, 'mode': '100644'}], 'hunks': [
            {'file': 'f', 'index': 1, 'expectedLine': 1, 'matchedLine': 1, 'status': 'clean'}], 'errors': []},
    'gates': [{'name': 'test', 'phase': 'validate', 'status': 'pass', 'exitCode': 0, 'wallMs': 12, 'attempts': 1}],
    'result': {'treeOid': OID, 'commitOid': OID, 'diffBytes': 34}, 'artifacts': [], 'isolation': [],
    'startedAt': AT}
JOB = {'id': JOB_ID, 'tenant': 'default', 'state': 'SUCCEEDED', 'outcome': 'passed', 'lane': 'default',
       'priority': 4, 'repo': 'linux', 'ref': 'main', 'baseCommit': OID, 'labels': {}, 'requires': {},
       'dependsOn': [], 'attempt': 1, 'maxAttempts': 3, 'runner': 'runner-1',
       'timestamps': {'accepted': AT, 'leased': AT, 'started': AT, 'completed': AT}, 'version': 4}
INSTANCE = {'service': 'web', 'instance': 'web-1', 'host': 'h1', 'endpoints': {'http': 'http://10.0.0.5:80'},
            'labels': {'zone': 'a'}, 'capacity': 4, 'version': '1.2', 'state': 'ready', 'ttlMs': 15000}
EVENT = {'attempt': 1, 'stream': 'stdout', 'offset': 0, 'at': AT, 'type': 'log', 'gate': 'test',
         'data': b(b'hello\n')}
PROGRESS = {'attempt': 1, 'stream': 'progress', 'offset': 0, 'at': AT, 'type': 'base',
            'detail': {'commit': OID}}
KEY = {'role': 'runner', 'name': 'host-7', 'publicKey': 'ab' * 32, 'tenant': 'default', 'addedAt': AT}
TOKEN = {'id': '0123456789abcdef', 'name': 'blue-ci', 'tenant': 'blue', 'scopes': ['submit', 'read'],
         'sha256': 'ef' * 32, 'addedAt': AT, 'expiresAt': '2027-01-31T09:05:00.123Z'}
TENANT = {'name': 'blue', 'rate': 600, 'inFlight': 1000, 'payloadBytes': 1048576, 'unfinished': 0}

CLIENT = [
    ('Hello', {'program': 'example 1.0'}, []),
    ('Submit', {'items': [{'id': JOB_ID, 'tenant': 'default', 'idempotencyKey': 'k-1', 'requestHash': b(bytes(range(32))),
                           'lane': 'default', 'priority': 4, 'repo': 'linux', 'ref': 'main',
                           'requires': {'arch': 'amd64'}, 'labels': {'team': 'kernel'}, 'dependsOn': [],
                           'maxAttempts': 3, 'notBeforeMs': 0, 'deadlineMs': 0, 'description': ''}]},
     [msgpack.packb(plain(REQUEST))]),
    ('GetJob', {'tenant': 'default', 'id': JOB_ID, 'waitMs': 30000, 'afterVersion': 0}, []),
    ('ListJobs', {'tenant': 'default', 'states': ['QUEUED', 'LEASED'], 'labels': {'team': 'kernel'}, 'limit': 50}, []),
    ('CancelJob', {'tenant': 'default', 'id': JOB_ID, 'actor': 'someone'}, []),
    ('RetryJob', {'tenant': 'default', 'id': JOB_ID, 'newId': JOB_ID[:-1] + 'a', 'actor': ''}, []),
    ('GetEvents', {'tenant': 'default', 'id': JOB_ID, 'afterId': '1.stdout.0', 'waitMs': 1000, 'bytesMax': 65536}, []),
    ('GetBlob', {'tenant': 'default', 'id': JOB_ID, 'name': 'diff', 'offset': 0, 'bytesMax': 1048576}, []),
    ('PutInstance', {'instance': INSTANCE}, []),
    ('DeleteInstance', {'service': 'web', 'instance': 'web-1'}, []),
    ('ListInstances', {'service': 'web*', 'readyOnly': True, 'afterRevision': 5, 'waitMs': 1000}, []),
    ('NextInstance', {'service': 'web'}, []),
    ('ListRunners', {}, []),
    ('DrainRunner', {'id': 'runner-1', 'drain': True, 'actor': ''}, []),
    ('SetSlots', {'id': 'runner-1', 'slots': 4, 'actor': ''}, []),
    ('ListRepos', {}, []),
    ('PutRepo', {'repo': REPO, 'actor': ''}, []),
    ('DeleteRepo', {'name': 'linux', 'actor': ''}, []),
    ('ListLanes', {}, []),
    ('PatchLane', {'name': 'nightly', 'weight': 2, 'limit': 8, 'paused': False, 'actor': ''}, []),
    ('GetStats', {}, []),
    ('ListAudit', {'limit': 10}, []),
    ('ListKeys', {}, []),
    ('PutKey', {'key': KEY, 'actor': 'alice'}, []),
    ('RevokeKey', {'name': 'host-7', 'actor': 'alice'}, []),
]
RUNNER = [
    ('Register', {'instance': 'runner-1', 'secret': b(bytes(range(16))), 'session': 1769850300123, 'host': 'h1',
                  'version': '0.1.0', 'slots': 2, 'labels': {'arch': 'amd64'}, 'held': [LEASE], 'lastJobSeq': 5,
                  'draining': False}, []),
    ('Heartbeat', {'session': 1769850300123, 'sentMs': 123456, 'slots': 2, 'held': [LEASE], 'lastJobSeq': 5,
                   'draining': False}, []),
    ('BaseResolved', {'session': 1, 'lease': LEASE, 'commit': OID}, []),
    ('PutEvents', {'session': 1, 'lease': LEASE, 'items': [PROGRESS, EVENT]}, []),
    ('PutArtifact', {'session': 1, 'lease': LEASE, 'path': 'out/report.txt', 'offset': 0, 'last': True,
                     'sha256': '98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4'}, [b'hi\n']),
    ('AskDelivery', {'session': 1, 'lease': LEASE, 'commitOid': OID}, []),
    ('PutResults', {'session': 1, 'items': [{'lease': LEASE, 'outcome': 'passed', 'treeOid': OID, 'commitOid': OID,
                                            'startedMs': 1769850300123}]},
     [msgpack.packb(VERDICT), b'diff --git a/f b/f\n']),
    ('Release', {'session': 1, 'leases': [LEASE], 'reason': 'drain'}, []),
    ('Goodbye', {'session': 1}, []),
]
BROKER = [
    ('Welcome', {'epoch': 3, 'version': '0.1.0', 'limits': {'payload-bytes-max': 33554432}}, []),
    ('Failure', {'error': {'code': 'unknown_repo', 'detail': 'no repository named "linus" in the catalogue',
                           'field': 'items[0].repo', 'retryAfterMs': 0}}, []),
    ('Done', {}, []),
    ('Submitted', {'items': [{'status': 'accepted', 'id': JOB_ID, 'state': 'QUEUED'}]}, []),
    ('Finished', {'items': [{'id': JOB_ID, 'state': 'SUCCEEDED', 'outcome': 'passed'}]}, []),
    ('Job', {'job': JOB}, [msgpack.packb(VERDICT)]),
    ('Jobs', {'items': [JOB], 'nextCursor': '41'}, []),
    ('Events', {'items': [dict(PROGRESS, seq=3), dict(EVENT, seq=4)], 'lastSeq': 4, 'done': False, 'gap': False}, []),
    ('BlobSlice', {'size': 3, 'sha256': ''}, [b'abc']),
    ('InstancePut', {'instance': dict(INSTANCE, registeredAt=AT, lastSeenAt=AT), 'created': True, 'epoch': 3}, []),
    ('Instances', {'items': [INSTANCE], 'revision': 6}, []),
    ('Runners', {'items': [{'id': 'runner-1', 'host': 'h1', 'version': '0.1.0', 'labels': {'arch': 'amd64'}, 'slots': 2,
                            'busy': 1, 'state': 'ready', 'jobs': [JOB_ID], 'dispatched': 9, 'lastSeenAt': AT}]}, []),
    ('Repos', {'items': [REPO]}, []),
    ('Lanes', {'items': [{'name': 'default', 'weight': 1, 'limit': 0, 'paused': False, 'queued': 3, 'leased': 1}]}, []),
    ('Stats', {'metrics': [{'name': 'ghost_jobs_queued', 'help': 'Waiting jobs.', 'type': 'gauge',
                            'labels': {'lane': 'default'}, 'value': 3.5}],
               'limits': {'queued-jobs-max': 1000}, 'epoch': 3}, []),
    ('Keys', {'items': [KEY], 'runners': {'endpoint': 'tcp://broker.example.org:5052', 'brokerKey': 'cd' * 32}}, []),
    ('Audit', {'items': [{'at': AT, 'actor': 'someone', 'action': 'cancel', 'subject': JOB_ID, 'detail': ''}]}, []),
    ('Registered', {'epoch': 3, 'session': 1769850300123, 'heartbeatMs': 5000, 'leaseMs': 15000, 'cancels': [],
                    'slots': 2, 'drain': False}, []),
    ('HeartbeatAck', {'epoch': 3, 'sentMs': 123456, 'cancels': [{'lease': LEASE, 'reason': 'cancelled'}], 'slots': 2,
                      'drain': False}, []),
    ('RunJobs', {'seq': 6, 'epoch': 3, 'items': [{
        'lease': LEASE, 'id': JOB_ID, 'tenant': 'default', 'attempt': 1, 'repo': REPO, 'ref': 'main',
        'ancestors': [{'id': JOB_ID[:-1] + 'b', 'treeOid': OID}], 'acceptedMs': 1769850300123, 'leaseMs': 15000}]},
     [msgpack.packb(plain(REQUEST)), b'diff --git a/g b/g\n']),
    ('Cancel', {'orders': [{'lease': LEASE, 'reason': 'expired'}]}, []),
    ('BaseKept', {'lease': LEASE, 'commit': OID}, []),
    ('EventsKept', {'lease': LEASE, 'stale': False, 'offsets': {'stdout': 6, 'progress': 1}}, []),
    ('ArtifactKept', {'lease': LEASE, 'path': 'out/report.txt', 'nextOffset': 3, 'stale': False}, []),
    ('Delivery', {'lease': LEASE, 'granted': True, 'reason': ''}, []),
    ('ResultsKept', {'items': [{'lease': LEASE, 'status': 'committed'}]}, []),
]


TOKENS = [
    ('CheckTokens', {'ids': ['0123456789abcdef']}, []),
    ('ListTokens', {}, []),
    ('PutToken', {'token': TOKEN, 'actor': 'alice'}, []),
    ('RevokeToken', {'name': 'blue-ci', 'actor': 'alice'}, []),
    ('ListTenants', {}, []),
    ('PatchTenant', {'name': 'blue', 'rate': 600, 'inFlight': 1000, 'actor': 'alice'}, []),
    ('TokensChecked', {'asked': True, 'items': [TOKEN], 'tenants': [TENANT]}, []),
    ('Tokens', {'items': [dict(TOKEN, sha256='')]}, []),
    ('Tenants', {'items': [dict(TENANT, unfinished=3)]}, []),
]
OPERATION = [
    ('Hello', {'program': 'example 2.0', 'protocols': [1, 2]}, []),
    ('GetDemand', {}, []),
    ('MakeBackup', {'actor': 'alice'}, []),
    ('GetBackup', {}, []),
    ('Register', {'instance': 'runner-1', 'secret': b(bytes(range(16))), 'session': 1769850300123, 'slots': 2,
                  'protocols': [1, 2]}, []),
    ('PutResults', {'session': 1, 'items': [{'lease': LEASE, 'outcome': 'passed', 'gatesMs': 1200}]},
     [msgpack.packb(VERDICT), b'']),
    ('Welcome', {'epoch': 3, 'version': '0.1.0', 'protocol': 1}, []),
    ('Failure', {'error': {'code': 'unknown_version', 'detail': 'none is spoken here', 'field': 'protocols',
                           'retryAfterMs': 0, 'versions': [1]}}, []),
    ('Registered', {'epoch': 3, 'session': 1, 'heartbeatMs': 5000, 'leaseMs': 15000, 'slots': 2, 'protocol': 1}, []),
    ('Demand', {'items': [{'requires': {'arch': 'arm64'}, 'waiting': 3, 'oldestWaitMs': 9000, 'runners': 1, 'slots': 4,
                           'freeSlots': 0}], 'waiting': 3, 'oldestWaitMs': 9000, 'leased': 4, 'slots': 4,
                'freeSlots': 0}, []),
    ('Backup', {'state': 'done', 'path': '/var/lib/ghost/backups/b', 'bytes': 81920, 'copiedBytes': 81920,
                'sha256': 'ab' * 32, 'startedAt': AT, 'finishedAt': AT, 'error': ''}, []),
]
# Peers that take joined payloads, and messages that have them.
JOINED = [
    ('Register', {'instance': 'runner-1', 'secret': b(bytes(range(16))), 'session': 1769850300123, 'slots': 2,
                  'joined': True}, []),
    ('Registered', {'epoch': 3, 'session': 1, 'heartbeatMs': 5000, 'leaseMs': 15000, 'slots': 2, 'joined': True}, []),
    ('Welcome', {'epoch': 3, 'version': '0.1.0', 'joined': True}, []),
    ('PutResults', {'session': 1, 'items': [{'lease': LEASE, 'outcome': 'passed'}]}, [msgpack.packb(VERDICT), b'']),
]


def frames_of(kind, body, payloads, joined):
    header = {'v': 1, 'k': kind, 'c': 1}
    if joined and len(payloads) > 1:
        header['j'] = True
        payloads = [msgpack.packb(payloads)]
    return header, [msgpack.packb(header), msgpack.packb(plain(body)), *payloads]


def vectors(messages, joined=False):
    out = []
    for kind, body, payloads in messages:
        header, frames = frames_of(kind, body, payloads, joined)
        out.append({'name': kind, 'header': header, 'body': body, 'frames': [f.hex() for f in frames]})
    return out


def invalid():
    hello = {'program': 'x'}
    get = {'id': JOB_ID}
    head = msgpack.packb({'v': 1, 'k': 'GetJob', 'c': 9})
    cases = [
        ('one frame only', [head], 'bad_request'),
        ('header is no map', [msgpack.packb('GetJob'), msgpack.packb(get)], 'bad_request'),
        ('header without kind', [msgpack.packb({'v': 1}), msgpack.packb(get)], 'bad_request'),
        ('header over 1024 bytes', [msgpack.packb({'v': 1, 'k': 'GetJob', 'x': 'x' * 2000}), msgpack.packb(get)], 'bad_request'),
        ('empty header', [b'', msgpack.packb(get)], 'bad_request'),
        ('unknown version', [msgpack.packb({'v': 2, 'k': 'Hello', 'c': 1}), msgpack.packb(hello)], 'unknown_version'),
        ('unknown kind', [msgpack.packb({'v': 1, 'k': 'Hallo', 'c': 1}), msgpack.packb(hello)], 'unknown_kind'),
        ('body is no map', [head, msgpack.packb([1])], 'bad_field'),
        ('field missing', [head, msgpack.packb({})], 'missing_field'),
        ('field of wrong type', [head, msgpack.packb({'id': 5})], 'bad_field'),
        ('no name', [head, msgpack.packb({'id': '../x'})], 'bad_field'),
        ('number out of bounds', [head, msgpack.packb({'id': 'x', 'waitMs': 10**9})], 'bad_field'),
        ('negative number', [head, msgpack.packb({'id': 'x', 'waitMs': -1})], 'bad_field'),
        ('field twice', [head, b'\x82' + msgpack.packb('id') + msgpack.packb('x') + msgpack.packb('id') + msgpack.packb('y')], 'bad_field'),
        ('bytes behind the body', [head, msgpack.packb(get) + b'\x00'], 'bad_request'),
        ('body cut short', [head, msgpack.packb(get)[:-1]], 'bad_request'),
        ('five bytes that declare four thousand million items', [head, b'\xdd\xff\xff\xff\xff'], 'bad_request'),
        ('nesting of 40', [head, b'\x91' * 40 + b'\xc0'], 'bad_request'),
        ('unknown enum value', [msgpack.packb({'v': 1, 'k': 'ListJobs', 'c': 1}), msgpack.packb({'states': ['RUNNING']})], 'bad_field'),
        ('unknown field where they are refused', [msgpack.packb({'v': 1, 'k': 'PutRepo', 'c': 1}),
                                                  msgpack.packb({'repo': dict(REPO, colour='red')})], 'unknown_field'),
    ]
    return [{'name': name, 'frames': [f.hex() for f in frames], 'code': code} for name, frames, code in cases]


def frozen(folder):
    """Digest by file name."""
    path = folder / 'FROZEN'
    lines = path.read_text().splitlines() if path.exists() else []
    return {name: digest for digest, name in (line.split() for line in lines if not line.startswith('#'))}


def main():
    folder = HERE / 'vectors'
    folder.mkdir(exist_ok=True)
    kept = frozen(folder)
    made = {'client.json': vectors(CLIENT), 'runner.json': vectors(RUNNER), 'broker.json': vectors(BROKER),
            'invalid.json': invalid(), 'operation.json': vectors(OPERATION),
            'tokens.json': vectors(TOKENS), 'joined.json': vectors(JOINED, joined=True)}
    for name, content in made.items():
        if name not in kept:
            (folder / name).write_text(json.dumps(content, indent=1, sort_keys=True) + '\n')
    if '--freeze' in sys.argv:
        for path in sorted(folder.glob('*.json')):
            kept.setdefault(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
        text = ''.join(f'{digest}  {name}\n' for name, digest in sorted(kept.items()))
        (folder / 'FROZEN').write_text('# What these files say is never changed: see make_vectors.py.\n' + text)


if __name__ == '__main__':
    main()
