#!/usr/bin/python3
"""embed_openapi.py OUT.cc: openapi.yaml as JSON in a C++ source; embed_openapi.py alone prints it.

Schemas that openapi.yaml refers to and does not define itself are taken from messages.json, under the
same name, as generate.py makes them.
"""
import json
import pathlib
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import generate  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent
PREFIX = '#/components/schemas/'


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == '$ref' and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def moved(node):
    """References among generated schemas, from #/$defs/ to components."""
    if isinstance(node, dict):
        return {k: v.replace('#/$defs/', PREFIX) if k == '$ref' else moved(v) for k, v in node.items()}
    if isinstance(node, list):
        return [moved(v) for v in node]
    return node


def document():
    contract = yaml.safe_load((ROOT / 'openapi.yaml').read_text())
    _, enums, types, _ = generate.load()
    errors = json.loads((ROOT / 'errors.json').read_text())['errors']
    schemas = contract['components']['schemas']
    schemas['ErrorCode'] = {'type': 'string', 'enum': [e['code'] for e in errors],
                            'description': 'stable name of an error'}
    for name, values in enums.items():
        schemas.setdefault(name, {'type': 'string', 'enum': values})
    wanted = True
    while wanted:
        names = {r[len(PREFIX):] for r in references(contract) if r.startswith(PREFIX)}
        wanted = names - schemas.keys()
        for name in sorted(wanted):
            if name not in types:
                sys.exit(f'openapi.yaml refers to an unknown schema: {name}')
            defs = {}
            generate.schema_of(name, types, enums, defs)
            for each, schema in defs.items():
                schemas.setdefault(each, moved(schema))
    return contract


def main():
    text = json.dumps(document(), separators=(',', ':'))
    if len(sys.argv) < 2:
        print(text)
        return
    parts = [text[i:i + 8000] for i in range(0, len(text), 8000)]
    lines = ['// Made by proto_schemas/embed_openapi.py; do not edit.', '#include "relay/openapi.h"', '',
             'namespace ghost::relay {', 'namespace {', 'constexpr char kText[] =']
    # A raw string each, since compilers bound the length of one.
    lines += [f'    R"openapi({p})openapi"' for p in parts]
    lines += ['    "\\n";', '}  // namespace', '',
              'std::string_view openapi_json() { return {kText, sizeof kText - 1}; }', '',
              '}  // namespace ghost::relay', '']
    pathlib.Path(sys.argv[1]).write_text('\n'.join(lines))


if __name__ == '__main__':
    main()
