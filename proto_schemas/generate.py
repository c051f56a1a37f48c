#!/usr/bin/python3
"""Makes what follows from messages.json and errors.json:

  src/wire/messages.gen.h, .cc   structs and their msgpack codec
  src/wire/errors.gen.h          the table of error codes
  proto_schemas/*.schema.json    JSON Schemas of a request and of a verdict
  proto_schemas/PROTOCOL.md      the tables between its "generated" marks

generate.py writes them; generate.py --check only tells which are out of date (exit 1).
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCALARS = {
    'string': 'std::string', 'name': 'std::string', 'oid': 'std::string', 'bytes': 'std::string',
    'raw': 'std::string', 'u64': 'uint64_t', 'i64': 'int64_t', 'f64': 'double', 'bool': 'bool',
    'time': 'WallMs',
}
KEYWORDS = {'requires'}
ZERO = {'uint64_t': ' = 0', 'int64_t': ' = 0', 'double': ' = 0', 'bool': ' = false', 'WallMs': ' = 0'}


def snake(name):
    return re.sub(r'(?<=[a-z0-9])([A-Z])', r'_\1', name).lower()


def constant(value):
    words = re.split(r'[-_]', value)
    return 'k' + ''.join(w[:1].upper() + w[1:].lower() for w in words)


class Field:
    def __init__(self, spec, enums):
        self.spec = spec
        self.name = spec['name']
        self.member = snake(self.name) + ('_' if self.name in KEYWORDS else '')
        text = spec['type']
        self.optional = text.endswith('?')
        self.inner = text.rstrip('?')
        self.shape = {'[': 'list', '{': 'map'}.get(self.inner[0], 'one')
        self.item = self.inner.strip('[]{}')
        self.is_enum = self.item in enums
        self.required = not self.optional and 'default' not in spec and (
            self.shape == 'one' or (self.shape == 'list' and spec.get('min', 0) > 0))

    def item_cpp(self):
        return SCALARS.get(self.item, self.item)

    def cpp(self):
        item = self.item_cpp()
        out = {'one': item, 'list': f'std::vector<{item}>', 'map': f'std::map<std::string, {item}>'}[self.shape]
        return f'std::optional<{out}>' if self.optional else out

    def initial(self):
        if self.optional or self.shape != 'one':
            return '{}'
        default = self.spec.get('default')
        if self.is_enum:
            return f' = {self.item}::{constant(default)}' if default is not None else '{}'
        if isinstance(default, bool):
            return f' = {str(default).lower()}'
        if isinstance(default, int):
            return f' = {default}'
        if isinstance(default, str):
            return f' = "{default}"' if default else ''
        return ZERO.get(self.item_cpp(), '')

    def guard(self, sparse):
        """When the field is written; None: always. A sparse struct leaves out what is at its default."""
        member = f'in.{self.member}'
        if self.optional:
            return member
        if not sparse or self.required:
            return None
        default = self.spec.get('default')
        if self.shape != 'one' or default == '':
            return f'!{member}.empty()'
        if self.is_enum:
            return f'{member} != {self.item}::{constant(default)}'
        return f'{member} != {json.dumps(default)}'

    def bounds(self):
        return f'{{{self.spec.get("min", 0)}u, {self.spec.get("max", "kNoBound")}}}' \
            if isinstance(self.spec.get('max', 'kNoBound'), str) \
            else f'{{{self.spec.get("min", 0)}u, {self.spec["max"]}u}}'


def cpp_struct(name, spec, fields, kind):
    lines = [f'// {line}' for line in wrap(spec['doc'], 96)]
    lines.append(f'struct {name} {{')
    if kind:
        lines.append(f'  static constexpr std::string_view kKind = "{kind}";')
    for f in fields:
        lines.append(f'  {f.cpp()} {f.member}{f.initial()};  // {f.spec["doc"]}')
    lines.append(f'  bool operator==(const {name}&) const = default;' if not kind else '')
    lines.append('};')
    return [l for l in lines if l != '']


def wrap(text, width):
    out, line = [], ''
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            out.append(line)
            line = word
        else:
            line = f'{line} {word}' if line else word
    return out + [line]


def reader_call(f, structs):
    base = {'string': 'read_string', 'name': 'read_name', 'oid': 'read_oid', 'bytes': 'read_bytes', 'raw': 'read_raw',
            'u64': 'read_u64', 'i64': 'read_i64', 'f64': 'read_f64', 'bool': 'read_bool', 'time': 'read_time'}
    target = f'&out->{f.member}'
    bounded = f.item in ('string', 'bytes', 'u64', 'raw')
    item = base.get(f.item, 'read')
    one_bounds = f', {f.bounds()}' if bounded else ''
    if f.shape == 'one':
        if f.optional:
            return f'read_optional(p, in, {target}, [](const Path& q, Reader& v, auto* o) {{ return {item}(q, v, o{one_bounds}); }})'
        return f'{item}(p, in, {target}{one_bounds})'
    item_bounds = ', {0u, kNoBound}' if bounded else ''
    return (f'read_{f.shape}(p, in, {target}, {f.bounds()}, '
            f'[](const Path& q, Reader& v, auto* o) {{ return {item}(q, v, o{item_bounds}); }})')


def writer_call(f):
    special = {'bytes': 'write_bin', 'raw': 'write_raw', 'time': 'write_time'}
    item = special.get(f.item, 'write')
    value = f'in.{f.member}'
    if f.optional:
        return f'{item}(out, *{value})'
    if f.shape == 'list':
        return f'write_list(out, {value}, [](Packer& o, const auto& v) {{ {item}(o, v); }})'
    if f.shape == 'map':
        return f'write_map(out, {value}, [](Packer& o, const auto& v) {{ {item}(o, v); }})'
    return f'{item}(out, {value})'


def cpp_codec(name, spec, fields, structs):
    out = []
    out.append(f'bool read(const Path& at, Reader& in, [[maybe_unused]] {name}* out) {{')
    if fields:
        names = ', '.join(f'"{f.name}"' for f in fields)
        out.append(f'  static constexpr std::string_view kNames[] = {{{names}}};')
    out.append(f'  FieldWalk walk(at, in, {"kNames" if fields else "{}"});')
    out.append('  while (walk.next()) {')
    out.append('    [[maybe_unused]] const Path p{&at, walk.key()};')
    unknown = 'return in.fail(unknown_field(p));' if spec.get('strict') else 'in.skip();'
    if fields:
        out.append('    bool good = true;')
        out.append('    switch (walk.field()) {')
        for i, f in enumerate(fields):
            out.append(f'      case {i}: good = {reader_call(f, structs)}; break;')
        out.append(f'      default: {unknown}')
        out.append('    }')
        out.append('    if (!good) return false;')
    else:
        out.append(f'    {unknown}')
    out.append('  }')
    out.append('  if (!walk.ok()) return false;')
    for i, f in enumerate(fields):
        if f.required:
            out.append(f'  if (!walk.seen({i})) return in.fail(missing_field(at, "{f.name}"));')
    out.append('  return true;')
    out.append('}')
    out.append('')
    guards = [f.guard(spec.get('sparse', False)) for f in fields]
    out.append(f'void write(Packer& out, const {name}& in) {{')
    out.append('  (void)in;')
    count = str(guards.count(None))
    for guard in guards:
        count += f' + ({guard} ? 1 : 0)' if guard else ''
    out.append(f'  out.pack_map(static_cast<uint32_t>({count}));')
    for f, guard in zip(fields, guards):
        body = f'{{ write_key(out, "{f.name}"); {writer_call(f)}; }}'
        out.append(f'  if ({guard}) {body}' if guard else f'  write_key(out, "{f.name}");\n  {writer_call(f)};')
    out.append('}')
    out.append('')
    return out


def load():
    spec = json.loads((ROOT / 'proto_schemas/messages.json').read_text())
    enums = spec['enums']
    types = {}
    for group, is_message in (('structs', False), ('messages', True)):
        for name, s in spec[group].items():
            types[name] = (s, [Field(f, enums) for f in s['fields']], is_message)
    # Struct types in the order in which they need each other.
    order, state = [], {}

    def visit(name):
        if state.get(name):
            return
        state[name] = True
        for f in types[name][1]:
            if f.item in types:
                visit(f.item)
        order.append(name)
    for name in types:
        visit(name)
    return spec, enums, types, order


def make_header(spec, enums, types, order):
    out = ['// Made by proto_schemas/generate.py from messages.json; do not edit.',
           '// Structs of the wire protocol. Plain values, owned by whoever holds them; any thread.',
           '#pragma once', '', '#include <cstdint>', '#include <map>', '#include <optional>', '#include <string>',
           '#include <string_view>', '#include <vector>', '', '#include "base/result.h"', '#include "base/time.h"', '',
           'namespace ghost::wire {', '', f'inline constexpr uint64_t kProtocolVersion = {spec["version"]};', '']
    for name, values in enums.items():
        out.append(f'enum class {name} {{ {", ".join(constant(v) for v in values)} }};')
        out.append(f'std::string_view to_string({name} value);')
        out.append(f'std::optional<{name}> parse_{snake(name)}(std::string_view text);')
        out.append('')
    for name in order:
        s, fields, is_message = types[name]
        out += cpp_struct(name, s, fields, name if is_message else None)
        out.append('')
    out.append('// encode() gives one msgpack map; decode<T>() reads exactly one, with nothing behind it. Error codes:')
    out.append('// bad_field, unknown_field, missing_field, bad_request; Error::field is the path of the field.')
    out.append('template <typename T>')
    out.append('Result<T> decode(std::string_view bytes);')
    for name in order:
        out.append(f'std::string encode(const {name}& value);')
        out.append(f'template <>')
        out.append(f'Result<{name}> decode<{name}>(std::string_view bytes);')
    out += ['', '// Every message by who sends it, to fold over.', 'template <typename... T>', 'struct Kinds {};']
    for sender in ('client', 'runner', 'broker'):
        names = [n for n in order if types[n][2] and types[n][0]['from'] == sender]
        out.append(f'using {sender.title()}Kinds = Kinds<{", ".join(names)}>;')
    out += ['', '}  // namespace ghost::wire', '']
    return '\n'.join(out)


def make_source(enums, types, order):
    out = ['// Made by proto_schemas/generate.py from messages.json; do not edit.', '#include "wire/messages.gen.h"', '',
           '#include "wire/codec.h"', '', 'namespace ghost::wire {', '']
    for name, values in enums.items():
        out.append(f'std::string_view to_string({name} value) {{')
        out.append('  switch (value) {')
        for v in values:
            out.append(f'    case {name}::{constant(v)}: return "{v}";')
        out.append('  }')
        out.append('  return "";')
        out.append('}')
        out.append(f'std::optional<{name}> parse_{snake(name)}(std::string_view text) {{')
        for v in values:
            out.append(f'  if (text == "{v}") return {name}::{constant(v)};')
        out.append('  return std::nullopt;')
        out.append('}')
        out.append('')
    out += ['namespace {', '', 'using namespace codec;', '']
    for name, values in enums.items():
        out.append(f'bool read(const Path& at, Reader& in, {name}* out) {{')
        out.append('  const Value v = in.next();')
        out.append('  if (v.kind == Value::Kind::kString) {')
        out.append(f'    if (const auto known = parse_{snake(name)}(v.bytes)) {{ *out = *known; return true; }}')
        out.append('  }')
        choices = ', '.join(values[:-1]) + ' or ' + values[-1]
        out.append(f'  return in.fail(expected(at, "one of {choices}", v));')
        out.append('}')
        out.append(f'[[maybe_unused]] void write(Packer& out, {name} in) {{ write(out, to_string(in)); }}')
        out.append('')
    for name in order:
        out += cpp_codec(name, types[name][0], types[name][1], types)
    out += ['}  // namespace', '']
    for name in order:
        out.append(f'std::string encode(const {name}& value) {{ return encode_with([&](Packer& out) {{ write(out, value); }}); }}')
        out.append(f'template <>')
        out.append(f'Result<{name}> decode<{name}>(std::string_view bytes) {{')
        out.append(f'  return decode_with<{name}>(bytes, [](const Path& at, Reader& in, {name}* out) {{ return read(at, in, out); }});')
        out.append('}')
    out += ['', '}  // namespace ghost::wire', '']
    return '\n'.join(out)


def make_errors():
    errors = json.loads((ROOT / 'proto_schemas/errors.json').read_text())['errors']
    out = ['// Made by proto_schemas/generate.py from errors.json; do not edit.', '#pragma once', '',
           '#include <string_view>', '', 'namespace ghost::wire {', '',
           '// What a code means on HTTP, whether a repeat may succeed, and its title for people.', 'struct ErrorInfo {',
           '  std::string_view code;', '  int status;', '  bool retry;', '  std::string_view title;', '};', '',
           'inline constexpr ErrorInfo kErrors[] = {']
    for e in errors:
        out.append(f'    {{"{e["code"]}", {e["status"]}, {str(e["retry"]).lower()}, "{e["title"]}"}},')
    out += ['};', '', '// An unknown code is answered with the entry of "internal".',
            'constexpr const ErrorInfo& error_info(std::string_view code) {', '  const ErrorInfo* internal = nullptr;',
            '  for (const ErrorInfo& e : kErrors) {', '    if (e.code == code) return e;',
            '    if (e.code == "internal") internal = &e;', '  }', '  return *internal;', '}', '',
            '}  // namespace ghost::wire', '']
    return '\n'.join(out)


def schema_of(name, types, enums, defs):
    if name in defs:
        return
    spec, fields, _ = types[name]
    defs[name] = {}
    props, required = {}, []
    for f in fields:
        base = {'string': {'type': 'string'}, 'bytes': {'type': 'string'}, 'bool': {'type': 'boolean'},
                'name': {'type': 'string', 'pattern': '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$'},
                'oid': {'type': 'string', 'pattern': '^[0-9a-f]{40}$'}, 'time': {'type': 'string', 'format': 'date-time'},
                'u64': {'type': 'integer', 'minimum': 0}, 'i64': {'type': 'integer'}, 'f64': {'type': 'number'}, 'raw': {}}
        if f.item in enums:
            item = {'enum': enums[f.item]}
        elif f.item in types:
            schema_of(f.item, types, enums, defs)
            item = {'$ref': f'#/$defs/{f.item}'}
        else:
            item = dict(base[f.item])
        low, high = f.spec.get('min'), f.spec.get('max')
        if f.shape == 'list':
            one = {'type': 'array', 'items': item}
            keys = ('minItems', 'maxItems')
        elif f.shape == 'map':
            one = {'type': 'object', 'additionalProperties': item}
            keys = ('minProperties', 'maxProperties')
        else:
            one = item
            keys = ('minimum', 'maximum') if item.get('type') == 'integer' else ('minLength', 'maxLength')
        if low is not None:
            one[keys[0]] = low
        if high is not None:
            one[keys[1]] = high
        if 'default' in f.spec and '$ref' not in one:
            one['default'] = f.spec['default']
        one['description'] = f.spec['doc']
        props[f.name] = one
        if f.required:
            required.append(f.name)
    out = {'type': 'object', 'description': spec['doc'], 'properties': props}
    if required:
        out['required'] = required
    if spec.get('strict'):
        out['additionalProperties'] = False
    defs[name] = out


def make_schema(name, title, types, enums):
    defs = {}
    schema_of(name, types, enums, defs)
    top = {'$schema': 'https://json-schema.org/draft/2020-12/schema', 'title': title, **defs.pop(name), '$defs': defs}
    return json.dumps(top, indent=2) + '\n'


def make_tables(spec, enums, types):
    errors = json.loads((ROOT / 'proto_schemas/errors.json').read_text())['errors']
    out = ['### Enums', '']
    for name, values in enums.items():
        out.append(f'- **{name}**: ' + ', '.join(f'`{v}`' for v in values))

    def table(name):
        s, fields, is_message = types[name]
        rows = ['', f'#### {name}' + (f' (from {s["from"]})' if is_message else ''), '', s['doc']]
        if s.get('strict'):
            rows[-1] += ' Unknown fields are refused.'
        if fields:
            rows += ['', '| Field | Type | Required, default | Bounds | What |', '|---|---|---|---|---|']
        for f in fields:
            need = 'required' if f.required else (f'`{json.dumps(f.spec["default"])}`' if 'default' in f.spec else '')
            low, high = f.spec.get('min'), f.spec.get('max')
            bounds = '' if low is None and high is None else f'{low if low is not None else 0} to {high if high is not None else "any"}'
            rows.append(f'| `{f.name}` | {f.spec["type"]} | {need} | {bounds} | {f.spec["doc"]} |')
        return rows
    out += ['', '### Messages']
    for name in spec['messages']:
        out += table(name)
    out += ['', '### Structs']
    for name in spec['structs']:
        out += table(name)
    out += ['', '### Error codes', '', '| Code | HTTP | Retry | Title |', '|---|---|---|---|']
    for e in errors:
        out.append(f'| `{e["code"]}` | {e["status"]} | {"yes" if e["retry"] else "no"} | {e["title"]} |')
    return '\n'.join(out) + '\n'


def with_tables(text, tables):
    begin, end = '<!-- generated: tables -->\n', '<!-- end of generated tables -->'
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return head + begin + '\n' + tables + '\n' + end + tail


def formatted(path, text):
    if path.suffix not in ('.h', '.cc'):
        return text
    done = subprocess.run(['clang-format', f'--assume-filename={path}'], input=text, capture_output=True, text=True,
                          cwd=ROOT, check=True)
    return done.stdout


def main():
    spec, enums, types, order = load()
    protocol = ROOT / 'proto_schemas/PROTOCOL.md'
    files = {
        ROOT / 'src/wire/messages.gen.h': make_header(spec, enums, types, order),
        ROOT / 'src/wire/messages.gen.cc': make_source(enums, types, order),
        ROOT / 'src/wire/errors.gen.h': make_errors(),
        ROOT / 'proto_schemas/patch.schema.json': make_schema('PatchRequest', 'A patch for Ghost', types, enums),
        ROOT / 'proto_schemas/verdict.schema.json': make_schema('Verdict', 'What Ghost found', types, enums),
    }
    if protocol.exists():
        files[protocol] = with_tables(protocol.read_text(), make_tables(spec, enums, types))
    stale = []
    for path, text in files.items():
        text = formatted(path, text)
        if path.exists() and path.read_text() == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if '--check' not in sys.argv:
            path.write_text(text)
    if stale:
        print(('out of date: ' if '--check' in sys.argv else 'wrote ') + ', '.join(stale))
    sys.exit(1 if stale and '--check' in sys.argv else 0)


if __name__ == '__main__':
    main()
