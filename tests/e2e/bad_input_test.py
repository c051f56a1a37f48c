"""Wrong input, field by field as the schema says it: each is refused with its path, and nothing of it is kept."""
import copy
import json
import pathlib
import sys

from farm import FarmTest, job, main
from process import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/conformance/peers'))
from ghost_peer import Failure, Peer  # noqa: E402

SCHEMA = json.loads((ROOT / 'proto_schemas/patch.schema.json').read_text())

# A request that has every field, so that each can be wrong in turn. Two, since a mutation excludes a text.
WHOLE = {
    'schemaVersion': 1, 'id': 'whole', 'description': 'd', 'labels': {'a': 'b'}, 'lane': 'default', 'priority': 4,
    'idempotencyKey': 'k', 'base': {'repo': 'r', 'ref': 'main'},
    'patch': {'format': 'unified', 'strip': 1, 'data': 'x', 'encoding': 'utf-8'},
    'apply': {'mode': 'fuzzy', 'maxFuzz': 1, 'maxOffset': 1, 'whitespace': 'error', 'eol': 'exact'},
    'gates': [{'name': 'g', 'phase': 'validate', 'run': 'true', 'cwd': '.', 'env': {'A': 'b'}, 'timeoutMs': 1000,
               'retries': 0, 'allowFailure': False}, {'name': 'h', 'argv': ['true', 'x']}],
    'limits': {'wallMs': 1000, 'cpuMs': 1000, 'memoryBytes': 1 << 30, 'pids': 10, 'diskBytes': 1 << 30, 'inodes': 1000,
               'outputBytes': 4096},
    'network': 'none', 'protectedPaths': ['p'], 'artifacts': ['a'],
    'onSuccess': {'commit': {'message': 'm', 'author': {'name': 'n', 'email': 'e'}, 'include': ['i']}, 'branch': 'b',
                  'tag': 't', 'push': True, 'onBaseMoved': 'fail'},
    'requires': {'l': 'v'}, 'dependsOn': [], 'maxAttempts': 3, 'notBefore': '2030-01-01T00:00:00Z',
    'deadline': '2031-01-01T00:00:00Z', 'secretEnv': ['S'], 'traceparent': 't'}
MUTATIONS = {**WHOLE, 'patch': {'format': 'mutations', 'root': '/r', 'items': [
    {'op': 'insert', 'path': 'p', 'contents': 'c', 'encoding': 'utf-8', 'anchor': {'after': 'a'}, 'expectMatches': 1,
     'ifMatch': '0' * 40},
    {'op': 'replace', 'path': 'q', 'regex': 'r', 'replacement': 's'},
    {'op': 'create', 'path': 'n', 'contents': 'c', 'mode': '100644'}]}}
# What no whole request can hold beside the rest; the schema's own names, so that a new field is missed by name.
ELSEWHERE = {'base.job', 'patch.items[0].anchor.before', 'patch.items[0].regex', 'patch.items[0].replacement',
             'patch.items[0].mode', 'gates[0].argv', 'patch.root', 'patch.items', 'gates[1].run', 'patch.data',
             'patch.strip', 'patch.encoding'}


def resolve(schema):
    return SCHEMA['$defs'][schema['$ref'].rsplit('/', 1)[1]] if '$ref' in schema else schema


def wrong_values(schema):
    """(value, code) that the schema forbids in this place."""
    kind = schema.get('type')
    if 'enum' in schema:
        return [('nonsense', 'bad_field'), (7, 'bad_field'), (schema['enum'][0].upper() + 'x', 'bad_field'),
                ([], 'bad_field')]
    if kind == 'integer':
        wrong = ['soon', '7', 1.5, -1, True, [], {}, 2**64]
        wrong += [schema['minimum'] - 1] if 'minimum' in schema else []
        wrong += [schema['maximum'] + 1] if 'maximum' in schema else []
    elif kind == 'boolean':
        wrong = ['yes', 1, 'true', []]
    elif kind == 'array':
        wrong = ['x', 7, {'0': 'x'}]
        if schema.get('maxItems', 1 << 30) <= 1000:
            wrong.append(['x'] * (schema['maxItems'] + 1))
    elif kind == 'object':
        wrong = ['x', 7, []]
        if schema.get('maxProperties', 1 << 30) <= 1000:
            wrong.append({f'n{i}': 'v' for i in range(schema['maxProperties'] + 1)})
    else:
        wrong = [7, False, [], {}]
        if schema.get('maxLength', 1 << 30) <= 1 << 18:
            wrong.append('x' * (schema['maxLength'] + 1))
        if schema.get('minLength'):
            wrong.append('')
        if 'pattern' in schema:
            wrong += ['', '-x', 'with space', 'x' * 129, 'ä']
        if schema.get('format') == 'date-time':
            wrong += ['tomorrow', '2030-13-01T00:00:00Z', '2030-01-01']
    return [(value, 'bad_field') for value in wrong]


def table(schema, whole, path=()):
    """(path, change, code) of everything that can be wrong in a whole request: each member, and unknown and missing ones."""
    schema = resolve(schema)
    if schema.get('type') == 'array':
        for n, item in enumerate(whole):
            yield from table(schema['items'], item, (*path, n))
            for value, code in wrong_values(resolve(schema['items'])):
                yield (*path, n), value, code
        return
    if schema.get('type') != 'object' or 'properties' not in schema:
        if isinstance(schema.get('additionalProperties'), dict):
            for value, code in wrong_values(resolve(schema['additionalProperties'])):
                yield (*path, next(iter(whole))), value, code
        return
    for name, member in schema['properties'].items():
        if name not in whole:
            continue
        for value, code in wrong_values(resolve(member)):
            yield (*path, name), value, code
        yield from table(member, whole[name], (*path, name))
    yield (*path, 'unknown-to-all'), 'x', 'unknown_field'
    for name in schema.get('required', ()):
        yield (*path, name), MISSING, 'missing_field'


MISSING = object()


def dotted(path):
    text = ''
    for part in path:
        text += f'[{part}]' if isinstance(part, int) else ('.' if text else '') + part
    return text


def changed(whole, path, value):
    out = copy.deepcopy(whole)
    at = out
    for part in path[:-1]:
        at = at[part]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return out


class BadInputTest(FarmTest):
    def refused(self, answer, status, code, field=None):
        self.assertEqual((answer.status, answer.type), (status, 'application/problem+json'), answer)
        problem = answer.json()
        self.assertEqual((problem['status'], problem['code'], problem.get('field')), (status, code, field), problem)
        return problem

    def test_every_wrong_field_is_named(self):
        http = self.start(runners=0)
        self.farm.repo()
        rows, seen = 0, set()
        for whole in (WHOLE, MUTATIONS):
            answer = http.call('POST', '/v1/patches', {**whole, 'base': {'repo': 'nobody'}})
            self.assertEqual(answer.json()['code'], 'unknown_repo', 'but for its repository the request is right')
            for path, value, code in table(SCHEMA, whole):
                name = dotted(path)
                answer = http.call('POST', '/v1/patches', changed(whole, path, value))
                with self.subTest(path=name, value=str(value)[:40]):
                    problem = self.refused(answer, 400, code, name)
                    self.assertIn(name, problem['detail'])
                    self.assertRegex(problem['detail'], 'expected|missing|unknown|at most|at least|must', problem)
                rows += 1
                seen.add(name)
        self.assertGreater(rows, 400)
        self.assertEqual(self.never_tried(seen), [])
        self.nothing_was_kept()

    def never_tried(self, seen):
        """Fields of the schema that no row of the table touched."""
        def fields(schema, path):
            schema = resolve(schema)
            if schema.get('type') == 'array':
                yield from fields(schema['items'], f'{path}[0]')
            for name, member in schema.get('properties', {}).items():
                here = f'{path}.{name}' if path else name
                yield here
                yield from fields(member, here)
        wild = {name.replace('[1]', '[0]').replace('[2]', '[0]') for name in seen}
        return sorted(set(fields(SCHEMA, '')) - wild - ELSEWHERE)

    def nothing_was_kept(self):
        self.assertEqual(self.http.get('/v1/patches').json()['items'], [])
        self.assertEqual([lane['queued'] for lane in self.http.get('/v1/lanes').json()['items'] if lane['queued']], [])
        self.assertIn('ghost_submissions_total{status="accepted"} 0', self.http.get('/metrics').body.decode())

    def test_rules_across_fields(self):
        http = self.start(runners=0)
        self.farm.repo()
        mutation = lambda **m: {'patch': {'format': 'mutations', 'items': [{'op': 'create', 'path': 'p', **m}]}}
        rows = [
            ({'base': {}}, 'base'), ({'base': {'repo': 'r', 'job': 'j'}}, 'base'),
            ({'base': {'job': 'j', 'ref': 'main'}}, 'base.ref'), ({'base': {'repo': 'r', 'ref': 'a..b'}}, 'base.ref'),
            ({'base': {'repo': 'r', 'ref': '-x'}}, 'base.ref'), ({'base': {'repo': 'r', 'ref': ''}}, 'base.ref'),
            ({'id': 'j', 'base': {'job': 'j'}}, 'base.job'),
            ({'patch': {'format': 'none', 'data': 'x'}}, 'patch.data'), ({'patch': {}}, 'patch.data'),
            ({'patch': {'format': 'unified'}}, 'patch.data'), ({'patch': {'format': 'mutations'}}, 'patch.items'),
            ({'patch': {'format': 'unified', 'data': '%%', 'encoding': 'base64'}}, 'patch.data'),
            (mutation(), 'patch.items[0].contents'), (mutation(contents='x', mode='100666'), 'patch.items[0].mode'),
            (mutation(op='insert', contents='x'), 'patch.items[0].anchor'),
            (mutation(op='insert', contents='x', anchor={}), 'patch.items[0].anchor'),
            (mutation(op='delete', contents='x'), 'patch.items[0].contents'),
            (mutation(op='replace', regex='x'), 'patch.items[0].replacement'),
            (mutation(op='chmod'), 'patch.items[0].mode'),
            ({'gates': [{'name': 'a'}]}, 'gates[0]'), ({'gates': [{'name': 'a', 'run': 'x', 'argv': ['x']}]}, 'gates[0]'),
            ({'gates': [{'name': 'a', 'run': 'x'}, {'name': 'a', 'run': 'y'}]}, 'gates[1].name'),
            ({'gates': [{'name': 'a', 'run': 'x', 'cwd': '../x'}]}, 'gates[0].cwd'),
            ({'gates': [{'name': 'a', 'run': 'x', 'env': {'1A': 'x'}}]}, 'gates[0].env'),
            ({'artifacts': ['/etc/passwd']}, 'artifacts[0]'), ({'protectedPaths': ['a', '../b']}, 'protectedPaths[1]'),
            ({'onSuccess': {'branch': 'b'}}, 'onSuccess.branch'), ({'onSuccess': {'push': True}}, 'onSuccess.branch'),
            ({'onSuccess': {'push': True, 'branch': 'b'}}, 'onSuccess.commit'),
            ({'onSuccess': {'push': True, 'branch': 'b c', 'commit': {'message': 'm'}}}, 'onSuccess.branch'),
            ({'onSuccess': {'commit': {}}}, 'onSuccess.commit.message'),
            ({'dependsOn': ['a', 'a']}, 'dependsOn[1]'), ({'id': 'j', 'dependsOn': ['j']}, 'dependsOn[0]'),
            ({'notBefore': '2030-01-02T00:00:00Z', 'deadline': '2030-01-01T00:00:00Z'}, 'deadline'),
            ({'secretEnv': ['not a name']}, 'secretEnv[0]'), ({'labels': {'': 'x'}}, 'labels')]
        for fields, path in rows:
            with self.subTest(fields=fields):
                answer = http.call('POST', '/v1/patches', {**job(), **fields})
                problem = answer.json()
                self.assertEqual(answer.status, 400, problem)
                self.assertIn(problem['code'], ('bad_field', 'missing_field'))
                self.assertEqual(problem['field'], path)
        self.nothing_was_kept()

    def test_what_is_unknown_is_named(self):
        http = self.start(runners=1)
        work, _ = self.farm.repo()
        problem = self.refused(http.call('POST', '/v1/patches', job(base={'repo': 'nobody'})), 422, 'unknown_repo',
                               'base.repo')
        self.assertIn('"nobody"', problem['detail'])
        for path in ('', '/log', '/diff', '/mbox', '/artifacts', '/artifacts/x', '/events'):
            problem = self.refused(http.get(f'/v1/patches/no-such{path}'), 404, 'not_found', 'id')
            self.assertIn('no-such', problem['detail'])
        for method, path in (('DELETE', ''), ('POST', '/retry')):
            problem = self.refused(http.call(method, f'/v1/patches/no-such{path}'), 404, 'not_found', 'id')
            self.assertIn('no-such', problem['detail'])
        for field, request in (('dependsOn[0]', job(dependsOn=['no-such'])), ('base.job', job(base={'job': 'no-such'}))):
            self.refused(http.call('POST', '/v1/patches', request), 422, 'unknown_dependency', field)
        for ref in ('no-such-branch', '0' * 40, work.tree()):
            done = http.run(job(gates=['true'], base={'repo': 'r', 'ref': ref}))
            self.assertEqual((done['state'], done['outcome'], done['attempt']), ('FAILED', 'rejected', 1), done)
            self.assertIn(ref, done['reason'])
        one = http.submit(job(gates=['true'], requires={'arch': 'riscv'}))
        until(lambda: http.job(one).get('waiting'), 'a reason')
        waiting = http.job(one)['waiting']
        self.assertEqual(waiting['reason'], 'no_matching_runner')
        self.assertIn('arch=riscv', waiting['detail'])

    def test_bodies_that_cannot_be_read(self):
        http = self.start(runners=0)
        self.farm.repo()
        typed = lambda body, kind: http.call('POST', '/v1/patches', body, headers={'Content-Type': kind})
        for body in (b'', b'{', b'{"base":', b'\xff\xfe', b'{}{}', b'[' * 1000, b'{"a":1e999}', b'null x',
                     b'{"base":{"repo":"r"},"base":{"repo":"r"}}'):
            with self.subTest(body=body[:20]):
                self.assertEqual(typed(body, 'application/json').status, 400)
        for body in (b'null', b'7', b'"x"', b'[]'):
            self.assertEqual(typed(body, 'application/json').json()['code'], 'bad_field', body)
        for kind in ('text/html', 'application/octet-stream', 'multipart/form-data; boundary=x', 'x'):
            self.refused(typed(b'x', kind), 415, 'unsupported_media_type')
        self.refused(http.call('POST', '/v1/patches', b'x', headers={
            'Content-Type': 'application/json', 'Content-Encoding': 'gzip'}), 415, 'unsupported_media_type')
        self.refused(http.call('POST', '/v1/patches', b'x', headers={'Content-Type': 'text/x-diff'},
                               query={'repo': 'r', 'prioritty': '5'}), 400, 'unknown_field', 'prioritty')
        self.refused(http.call('POST', '/v1/patches', b'x', headers={'Content-Type': 'text/x-diff'},
                               query={'repo': 'r', 'priority': 'soon'}), 400, 'bad_field', 'priority')
        self.nothing_was_kept()

    def test_a_batch_refuses_each_on_its_own(self):
        http = self.start(runners=0)
        self.farm.repo()
        items = [job(id='good'), job(priority=99), job(base={'repo': 'nobody'}), 7, job(id='good-too', dependsOn=['good'])]
        answer = http.call('POST', '/v1/patches:batch', items)
        self.assertEqual(answer.status, 200, answer)
        verdicts = answer.json()['items']
        self.assertEqual([item['status'] for item in verdicts], ['accepted', 'refused', 'refused', 'refused', 'accepted'])
        self.assertEqual([item.get('error', {}).get('field') for item in verdicts][1:3], ['priority', 'base.repo'])
        self.assertEqual(sorted(item['id'] for item in http.get('/v1/patches').json()['items']), ['good', 'good-too'])

    def test_messages_of_unknown_kind_or_version_are_answered_and_counted(self):
        http = self.start(runners=0)
        for endpoint, kind in ((self.farm.broker.facts['X_GHOST_CLIENTS'], 'ListRepos'),
                               (self.farm.broker.facts['X_GHOST_RUNNERS'], 'Goodbye')):
            peer = Peer(endpoint)
            for code, ask in (('unknown_kind', lambda: peer.ask('Nonsense', {})),
                              ('unknown_version', lambda: peer.ask(kind, {'session': 1}, version=99)),
                              ('missing_field', lambda: peer.ask('Heartbeat' if kind == 'Goodbye' else 'GetJob', {}))):
                with self.assertRaises(Failure) as raised:
                    ask()
                self.assertEqual(raised.exception.code, code)
            peer.close()
        counted = [line for line in http.get('/metrics').body.decode().splitlines()
                   if line.startswith('ghost_broker_requests_refused_total')]
        self.assertEqual(counted, [f'ghost_broker_requests_refused_total{{code="{code}"}} 2'
                                   for code in ('missing_field', 'unknown_kind', 'unknown_version')])


if __name__ == '__main__':
    main()
