#include "wire/codec.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"

namespace ghost::wire::codec {
namespace {

constexpr int kDepthMax = 32;

std::string shown(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNil:
      return "null";
    case Value::Kind::kBool:
      return value.boolean ? "true" : "false";
    case Value::Kind::kUnsigned:
      return std::to_string(value.u64);
    case Value::Kind::kNegative:
      return std::to_string(value.i64);
    case Value::Kind::kFloat: {
      std::string text = std::to_string(value.f64);
      text.erase(text.find_last_not_of('0') + 1);
      return text.back() == '.' ? text + "0" : text;
    }
    case Value::Kind::kString: {
      std::string head(value.bytes.substr(0, 60));
      while (!head.empty() && !is_utf8(head) && head.size() + 4 > 60) head.pop_back();
      return "\"" + log::escape_control(head) + (value.bytes.size() > 60 ? "...\"" : "\"");
    }
    case Value::Kind::kBytes:
      return "bytes";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "an object";
    default:
      return "something else";
  }
}

std::string range(Bounds bounds, std::string_view unit) {
  if (bounds.max == kNoBound) return "at least " + std::to_string(bounds.min) + std::string(unit);
  if (bounds.min == 0) return "at most " + std::to_string(bounds.max) + std::string(unit);
  return std::to_string(bounds.min) + " to " + std::to_string(bounds.max) + std::string(unit);
}

Error bad_field(const Path& at, const std::string& message) {
  const std::string path = at.text();
  return {"bad_field", (path.empty() ? "" : path + ": ") + message, path};
}

bool bounded(const Path& at, Reader& in, size_t size, Bounds bounds) {
  if (size >= bounds.min && size <= bounds.max) return true;
  if (bounds.min == 1 && size == 0) return in.fail(bad_field(at, "must not be empty"));
  return in.fail(
      bad_field(at, "expected " + range(bounds, " bytes") + ", got " + std::to_string(size)));
}

}  // namespace

std::string Path::text() const {
  if (up == nullptr) return "";
  std::string out = up->text();
  if (index != SIZE_MAX) return out + "[" + std::to_string(index) + "]";
  // A key is a peer's text: in a message it must not be able to do more than be read.
  const std::string name = log::escape_control(key.substr(0, 100));
  return out.empty() ? name : out + "." + name;
}

Error expected(const Path& at, std::string_view what, const Value& got) {
  return bad_field(at, "expected " + std::string(what) + ", got " + shown(got));
}

Error unknown_field(const Path& at) {
  return {"unknown_field", at.text() + ": unknown field", at.text()};
}

Error missing_field(const Path& at, std::string_view name) {
  const std::string path = Path{&at, name}.text();
  return {"missing_field", path + ": required field is missing", path};
}

Error wrong_count(const Path& at, uint64_t count, Bounds bounds) {
  return bad_field(at, "expected " + range(bounds, " entries") + ", got " + std::to_string(count));
}

FieldWalk::FieldWalk(const Path& at, Reader& in, std::span<const std::string_view> names)
    : path_(at), in_(in), names_(names) {
  const Value map = in.next();
  if (map.kind != Value::Kind::kMap) {
    ok_ = in.fail(expected(at, "an object", map));
  } else {
    left_ = map.count;
  }
}

bool FieldWalk::next() {
  if (left_ == 0) return false;
  --left_;
  if (!in_.next_string(&key_)) {
    in_.skip();
    key_ = {};
    field_ = names_.size();
    return true;
  }
  // Usually they come in the order in which they are declared, with some left out.
  const size_t count = names_.size();
  field_ = count;
  for (size_t i = 0; i < count && field_ == count; ++i) {
    const size_t at = expected_ + i < count ? expected_ + i : expected_ + i - count;
    if (names_[at] == key_) field_ = at;
  }
  if (field_ == count) return true;
  expected_ = field_ + 1 < count ? field_ + 1 : 0;
  const uint64_t bit = uint64_t{1} << field_;
  if ((seen_ & bit) != 0) {
    ok_ = in_.fail(bad_field(Path{&path_, key_}, "stands twice"));
    return false;
  }
  seen_ |= bit;
  return true;
}

bool read_string(const Path& at, Reader& in, std::string* out, Bounds bounds) {
  const Value v = in.next();
  if (v.kind != Value::Kind::kString) return in.fail(expected(at, "a string", v));
  if (!bounded(at, in, v.bytes.size(), bounds)) return false;
  out->assign(v.bytes);
  if (!is_utf8(*out)) return in.fail(bad_field(at, "expected UTF-8 text"));
  return true;
}

bool read_name(const Path& at, Reader& in, std::string* out) {
  const Value v = in.next();
  if (v.kind != Value::Kind::kString) return in.fail(expected(at, "a name", v));
  out->assign(v.bytes);
  if (is_name(*out)) return true;
  return in.fail(expected(at, "a name (1 to 128 letters, digits, '.', '_' or '-')", v));
}

bool read_oid(const Path& at, Reader& in, std::string* out) {
  const Value v = in.next();
  const bool text = v.kind == Value::Kind::kString;
  if (text) out->assign(v.bytes);
  const bool hex = out->find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!text || out->size() != 40 || !hex) {
    return in.fail(expected(at, "an object id (40 lower-case hex digits)", v));
  }
  return true;
}

bool read_bytes(const Path& at, Reader& in, std::string* out, Bounds bounds) {
  const Value v = in.next();
  if (v.kind != Value::Kind::kString && v.kind != Value::Kind::kBytes) {
    return in.fail(expected(at, "a string", v));
  }
  out->assign(v.bytes);
  return bounded(at, in, out->size(), bounds);
}

bool read_raw(const Path& at, Reader& in, std::string* out, Bounds bounds) {
  out->assign(in.skip());
  return bounded(at, in, out->size(), bounds);
}

bool read_u64(const Path& at, Reader& in, uint64_t* out, Bounds bounds) {
  const Value v = in.next();
  if (v.kind != Value::Kind::kUnsigned || (bounds.min == bounds.max && v.u64 != bounds.min)) {
    if (bounds.min == bounds.max) return in.fail(expected(at, std::to_string(bounds.min), v));
    return in.fail(
        expected(at, bounds.min > 0 ? "a positive integer" : "a non-negative integer", v));
  }
  *out = v.u64;
  if (*out < bounds.min || *out > bounds.max) {
    const std::string least = std::to_string(bounds.min);
    return in.fail(expected(at,
                            bounds.max == kNoBound
                                ? "an integer of at least " + least
                                : "an integer from " + least + " to " + std::to_string(bounds.max),
                            v));
  }
  return true;
}

bool read_i64(const Path& at, Reader& in, int64_t* out) {
  const Value v = in.next();
  const bool fits =
      v.kind == Value::Kind::kNegative || (v.kind == Value::Kind::kUnsigned && v.u64 <= INT64_MAX);
  if (!fits) return in.fail(expected(at, "an integer", v));
  *out = v.i64;
  return true;
}

bool read_f64(const Path& at, Reader& in, double* out) {
  const Value v = in.next();
  switch (v.kind) {
    case Value::Kind::kFloat:
      *out = v.f64;
      return true;
    case Value::Kind::kUnsigned:
      *out = static_cast<double>(v.u64);
      return true;
    case Value::Kind::kNegative:
      *out = static_cast<double>(v.i64);
      return true;
    default:
      return in.fail(expected(at, "a number", v));
  }
}

bool read_bool(const Path& at, Reader& in, bool* out) {
  const Value v = in.next();
  if (v.kind != Value::Kind::kBool) return in.fail(expected(at, "true or false", v));
  *out = v.boolean;
  return true;
}

bool read_time(const Path& at, Reader& in, WallMs* out) {
  std::string text;
  if (!read_string(at, in, &text, {0, 64})) return false;
  Result<WallMs> parsed = parse_rfc3339(text);
  if (!parsed) return in.fail(bad_field(at, log::escape_control(parsed.error().message)));
  *out = *parsed;
  return true;
}

Status check(std::string_view bytes) {
  if (is_one_value(bytes, kDepthMax)) return ok_status();
  return Error{"bad_request", "expected one msgpack value", ""};
}

}  // namespace ghost::wire::codec
