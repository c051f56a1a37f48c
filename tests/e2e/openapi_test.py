"""The served OpenAPI document against the relay that serves it: every operation is called rightly and wrongly, every
answer is held against the document, and the document names exactly the routes that there are."""
import json
import pathlib
import re

import jsonschema

from farm import FarmTest, job, main

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ('get', 'put', 'post', 'patch', 'delete')
# Last, since they remove what the others look at.
LAST = ('deleteInstance', 'deleteRepo')


class Document:
    def __init__(self, document):
        self.document = document
        self.resolver = jsonschema.RefResolver('', document)

    def deref(self, node):
        while isinstance(node, dict) and '$ref' in node:
            node = self.resolver.resolve(node['$ref'])[1]
        return node

    def operations(self):
        for path, item in self.document['paths'].items():
            for method in METHODS:
                if method in item:
                    parameters = [self.deref(p) for p in item.get('parameters', []) + item[method].get('parameters', [])]
                    yield path, method, item[method], parameters

    def check(self, value, schema):
        jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(value)

    def undocumented(self, value, schema, where=''):
        """Members of the value that its schema does not name."""
        schema = self.deref(schema)
        if isinstance(value, list):
            for n, item in enumerate(value):
                yield from self.undocumented(item, schema.get('items', {}), f'{where}[{n}]')
        if not isinstance(value, dict):
            return
        named, free = self.members(schema)
        for name, member in value.items():
            if name in named:
                yield from self.undocumented(member, named[name], f'{where}.{name}')
            elif free is None:
                yield f'{where}.{name}'
            else:
                yield from self.undocumented(member, free, f'{where}.{name}')

    def members(self, schema):
        schema = self.deref(schema)
        named, free = dict(schema.get('properties', {})), schema.get('additionalProperties')
        for part in schema.get('allOf', []) + schema.get('anyOf', []):
            more, more_free = self.members(part)
            named.update(more)
            free = free or more_free
        if not named and free is None:
            free = {}  # says nothing of its members
        return named, free if isinstance(free, dict) else None


class OpenApiTest(FarmTest):
    def prepare(self):
        http = self.start(runners=0)
        self.farm.launch_runner('example-runner').ready()
        work, bare = self.farm.repo('example')
        done = http.run(job({'format': 'mutations', 'items': [{'op': 'create', 'path': 'out.txt', 'contents': 'x\n'}]},
                            ['cat out.txt'], id='example-job', base={'repo': 'example'}, artifacts=['out.txt']))
        self.assertEqual(done['state'], 'SUCCEEDED')
        http.call('PUT', '/v1/registry/example/example-1', {'ttlMs': 60000})
        http.call('PATCH', '/v1/lanes/default', {'weight': 1})
        self.bare = bare
        # The first token of a farm; from then on each call needs one.
        http.token = http.call('POST', '/v1/tokens', {'name': 'walker', 'scopes': ['admin']}).json()['token']
        answer = http.get('/openapi.json')
        self.assertEqual((answer.status, answer.type), (200, 'application/json'))
        self.document = Document(answer.json())

    def path_of(self, template, parameters, **replaced):
        path = template
        for parameter in parameters:
            if parameter['in'] == 'path':
                value = replaced.get(parameter['name'], parameter['example'])
                path = path.replace('{' + parameter['name'] + '}', value)
        return '/' if path == '/:' else path

    def call(self, method, path, operation, expect=None, **more):
        """Calls, and holds the answer against the document."""
        answer = self.http.call(method.upper(), path, **more)
        where = f'{method} {path} {more.get("query", "")}: {answer}'
        if expect is not None:
            self.assertIn(answer.status, expect, where)
        self.assertLess(answer.status, 500, where)
        responses = operation['responses']
        documented = responses.get(str(answer.status)) or responses.get('default')
        self.assertIsNotNone(documented, f'status not documented: {where}')
        if str(answer.status) not in responses:
            self.assertGreaterEqual(answer.status, 400, f'a success must be documented by itself: {where}')
        documented = self.document.deref(documented)
        content = documented.get('content', {})
        if not content:
            self.assertEqual(answer.body, b'', where)
            return answer
        self.assertIn(answer.type, content, where)
        if answer.type.endswith('json'):
            schema = content[answer.type]['schema']
            self.document.check(answer.json(), schema)
            self.assertEqual(list(self.document.undocumented(answer.json(), schema)), [], where)
        for name, header in documented.get('headers', {}).items():
            if name in answer.headers and self.document.deref(header)['schema'].get('type') == 'integer':
                int(answer.headers[name])
        return answer

    def good_call(self, path, method, operation, parameters):
        where = self.path_of(path, parameters)
        query = {p['name']: ','.join(p['example']) if p.get('explode') is False else p['example']
                 for p in parameters if p['in'] == 'query' and 'example' in p}
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        content = operation.get('requestBody', {}).get('content', {})
        body = content.get('application/json', {}).get('example')
        if operation['operationId'] == 'putRepo':
            body = {'url': str(self.bare.path)}
        return self.call(method, where, operation, range(200, 300), query=query, body=body)

    def test_every_operation_answers_as_documented(self):
        self.prepare()
        operations = sorted(self.document.operations(), key=lambda o: o[2]['operationId'] in LAST)
        seen = set()
        for path, method, operation, parameters in operations:
            with self.subTest(operation=operation['operationId']):
                if operation['operationId'] == 'deleteRepo':
                    self.http.call('PUT', '/v1/repos/spare', {'url': 'https://example.org/spare.git'})
                    self.call(method, '/v1/repos/spare', operation, [204])
                elif operation['operationId'] == 'cancelPatch':
                    self.http.call('POST', '/v1/patches', job(id='waits', base={'repo': 'example'}, requires={'no': 'one'}))
                    self.call(method, '/v1/patches/waits', operation, [200])
                    self.call(method, self.path_of(path, parameters), operation, [409])  # it has succeeded
                elif operation['operationId'] == 'watchPatch':
                    self.good_call(path, method, operation, parameters)
                    self.assertEqual(self.call(method, self.path_of(path, parameters), operation, [200], headers={
                        'Accept': 'application/json'}).type, 'application/json')
                else:
                    answer = self.good_call(path, method, operation, parameters)
                    if method == 'get' and answer.type != 'text/event-stream':
                        self.heads(self.path_of(path, parameters), operation, answer)
                seen.add(operation['operationId'])
        self.assertGreater(len(seen), 35)

    def heads(self, path, operation, answer):
        head = self.http.call('HEAD', path)
        self.assertEqual((head.status, head.body, head.type), (200, b'', answer.type), path)
        etag = answer.headers.get('ETag')
        if etag and '304' in operation['responses']:
            self.call('get', path, operation, [304], headers={'If-None-Match': etag})
        if '206' in operation['responses']:
            part = self.call('get', path, operation, [206], headers={'Range': 'bytes=0-0'})
            self.assertEqual(part.body, answer.body[:1])
            self.call('get', path, operation, [416], headers={'Range': f'bytes={len(answer.body) + 7}-'})

    def test_other_forms_of_a_submission(self):
        self.prepare()
        operation = self.document.document['paths']['/v1/patches']['post']
        mail = b'From 0 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: s\n\n---\n'
        diff = b'--- a/README\n+++ b/README\n@@ -1 +1 @@\n-one\n+ONE\n two\n'
        for kind in operation['requestBody']['content']:
            if kind == 'application/json':
                continue
            body = (mail if kind in ('message/rfc822', 'application/mbox') else b'') + diff
            self.call('post', '/v1/patches', operation, [202], body=body, headers={'Content-Type': kind},
                      query={'repo': 'example'})
        block = {'blockId': 'b1', 'target': 'x', 'version': 1, 'mutations': [{'path': 'n', 'contents': 'c'}],
                 'validate': {'shell': ['true']}}
        self.call('post', '/v1/patches', operation, [202], body=block, query={'repo': 'example'})
        ended = self.call('post', '/v1/patches', operation, [200], body=job(base={'repo': 'example'}, gates=['true']),
                          headers={'Prefer': 'wait=30'})
        self.assertEqual(ended.json()['outcome'], 'passed')
        # Every parameter of the query is taken by the program too.
        known = {p['name'] for _, m, o, ps in self.document.operations() for p in ps
                 if o['operationId'] == 'submitPatch' and p['in'] == 'query'}
        for name in sorted(known):
            answer = self.http.call('POST', '/v1/patches', diff, headers={'Content-Type': 'text/x-diff'},
                                    query={name: '\x01'})
            self.assertEqual(answer.status, 400)
            self.assertNotEqual(answer.json()['code'], 'unknown_field', answer)

    def test_wrong_parameters_are_refused_by_name(self):
        self.prepare()
        for path, method, operation, parameters in self.document.operations():
            where = self.path_of(path, parameters)
            body = operation.get('requestBody', {}).get('content', {}).get('application/json', {}).get('example')
            with self.subTest(operation=operation['operationId']):
                answer = self.call(method, where, operation, [400], query={'nonsense': '1'}, body=body)
                self.assertEqual((answer.json()['code'], answer.json()['field']), ('unknown_field', 'nonsense'))
            for parameter in parameters:
                if parameter['in'] != 'query' or operation['operationId'] == 'submitPatch':
                    continue
                for value in self.wrong(self.document.deref(parameter['schema'])):
                    with self.subTest(operation=operation['operationId'], parameter=parameter['name'], value=value):
                        answer = self.call(method, where, operation, [400], query={parameter['name']: value})
                        self.assertEqual(answer.json()['field'], parameter['name'])

    def wrong(self, schema):
        if schema.get('type') == 'array':
            schema = self.document.deref(schema['items'])
        if 'enum' in schema:
            return ['nonsense', '']
        if schema.get('type') == 'integer':
            return ['soon', '-1', '1.5', ''] + [str(schema[limit] + add) for limit, add in
                                                 (('minimum', -1), ('maximum', 1)) if limit in schema]
        if schema.get('type') == 'boolean':
            return ['maybe']
        return ['yesterday', ''] if schema.get('format') == 'date-time' else []

    def test_unknown_things_are_not_found(self):
        self.prepare()
        for path, method, operation, parameters in self.document.operations():
            body = operation.get('requestBody', {}).get('content', {}).get('application/json', {}).get('example')
            for parameter in parameters:
                if parameter['in'] != 'path' or operation['operationId'] in ('putInstance', 'putRepo', 'putKey', 'patchLane', 'patchTenant'):
                    continue
                for value in ('nobody', '%20', '-x', 'n' * 129, '%C3%A4', '%00'):
                    where = self.path_of(path, parameters, **{parameter['name']: value})
                    with self.subTest(operation=operation['operationId'], path=where):
                        answer = self.call(method, where, operation, [404, 400], body=body)
                        if value == 'nobody':
                            self.assertIn(answer.json()['code'], ('not_found', 'no_instance'))
                            self.assertIn('nobody', answer.json()['detail'])

    def test_wrong_bodies_are_refused_by_field(self):
        self.prepare()
        for path, method, operation, parameters in self.document.operations():
            content = operation.get('requestBody', {}).get('content', {}).get('application/json')
            if not content or operation['operationId'] in ('submitPatch', 'submitBatch'):
                continue
            where, schema = self.path_of(path, parameters), self.document.deref(content['schema'])
            with self.subTest(operation=operation['operationId']):
                self.call(method, where, operation, [415], body=b'x', headers={'Content-Type': 'text/html'})
                self.call(method, where, operation, [400], body=b'{', headers={'Content-Type': 'application/json'})
                self.call(method, where, operation, [400], body=[])
                self.call(method, where, operation, [413], body=b' ' * (1 << 20), headers={
                    'Content-Type': 'application/json'})
                answer = self.call(method, where, operation, [400], body={**content['example'], 'nonsense': 1})
                self.assertEqual((answer.json()['code'], answer.json()['field']), ('unknown_field', 'nonsense'))
                for name in schema.get('required', []):
                    body = {k: v for k, v in content['example'].items() if k != name}
                    answer = self.call(method, where, operation, [400], body=body)
                    self.assertEqual((answer.json()['code'], answer.json()['field']), ('missing_field', name))
            for name, member in schema['properties'].items():
                if name in ('registeredAt', 'lastSeenAt'):  # the registry's own
                    continue
                member = self.document.deref(member)
                of_type = {'object': {'x': 1}, 'array': []}.get(member.get('type'))
                wrong = [value for value in ([], 1.5, {'x': 1}, 'x') if type(value) is not type(of_type)]
                wrong = wrong[:3] if of_type is None else wrong
                wrong += [member['minimum'] - 1] if 'minimum' in member else []
                wrong += [member['maximum'] + 1] if 'maximum' in member else []
                wrong += ['x' * (member['maxLength'] + 1)] if 'maxLength' in member else []
                for value in wrong:
                    with self.subTest(operation=operation['operationId'], field=name, value=str(value)[:30]):
                        answer = self.call(method, where, operation, [400], body={**content['example'], name: value})
                        self.assertEqual(answer.json()['field'].split('.')[0], name)

    def test_the_document_names_exactly_the_routes(self):
        self.prepare()
        offered = {}
        for path, method, _, parameters in self.document.operations():
            offered.setdefault(path, (set(), self.path_of(path, parameters)))[0].add(method.upper())
        for path, (methods, where) in offered.items():
            if path.endswith('/next'):  # an instance may have that name
                methods = methods | offered['/v1/registry/{service}/{instance}'][0]
            allowed = methods | ({'HEAD'} if 'GET' in methods else set()) | {'OPTIONS'}
            with self.subTest(path=path):
                for method in ('TRACE', 'BREW', *(m.upper() for m in METHODS if m.upper() not in methods)):
                    answer = self.http.call(method, where)
                    self.assertEqual((answer.status, answer.type), (405, 'application/problem+json'), f'{method} {where}')
                    self.assertEqual(set(answer.headers['Allow'].split(', ')), allowed)
                answer = self.http.call('OPTIONS', where)
                self.assertEqual((answer.status, set(answer.headers['Allow'].split(', '))), (204, allowed))
        # And no other: the table in the source, with the names of parameters left out.
        table = re.findall(r'\{"([A-Z]+)", "([^"]*)", ', (ROOT / 'src/relay/routes.cc').read_text())
        self.assertGreater(len(table), 30)
        shape = lambda path: re.sub(r'\{[a-z]+\}', '{}', path.strip('/').replace('artifacts/{path}', 'artifacts/**'))
        documented = {(method.upper(), '' if path == '/:' else shape(path))
                      for path, method, _, _ in self.document.operations()}
        self.assertEqual(documented, set(table))
        for path in ('/v1', '/v1/', '/v2/patches', '/v1/patches/x/y', '/v1/patches/', '/metrics/x', '/%2e%2e/v1/repos',
                     '/v1//patches', '/v1/patches/x/retry/y', '/favicon.ico'):
            answer = self.http.get(path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertEqual(answer.type, 'application/problem+json')

    def test_the_document_is_whole(self):
        self.prepare()
        document = self.document.document
        self.assertTrue(document['openapi'].startswith('3.1'))
        references = re.findall(r'"\$ref": ?"(#[^"]+)"', json.dumps(document))
        self.assertGreater(len(references), 50)
        for reference in references:
            self.document.resolver.resolve(reference)
        for schema in document['components']['schemas'].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        identifiers = [operation['operationId'] for _, _, operation, _ in self.document.operations()]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        codes = {entry['code'] for entry in json.loads((ROOT / 'proto_schemas/errors.json').read_text())['errors']}
        self.assertEqual(set(self.document.deref({'$ref': '#/components/schemas/ErrorCode'})['enum']), codes)


if __name__ == '__main__':
    main()
