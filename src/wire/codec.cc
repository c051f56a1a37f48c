#include "wire/codec.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"

namespace ghost::wire::codec {
namespace {

constexpr uint32_t kDepthMax = 32;

// Only counts: what a container declares must fit in the bytes that are there.
class PreScan : public msgpack::null_visitor {
 public:
  explicit PreScan(size_t bytes) : left_(bytes) {}
  bool start_array(uint32_t count) { return enter(count); }
  bool start_map(uint32_t count) { return enter(uint64_t{count} * 2); }
  bool end_array() { return leave(); }
  bool end_map() { return leave(); }
  void parse_error(size_t, size_t) { failed = true; }
  void insufficient_bytes(size_t, size_t) { failed = true; }
  bool referenced() const { return false; }
  void set_referenced(bool) {}
  bool failed = false;

 private:
  bool enter(uint64_t count) {
    if (++depth_ > kDepthMax || count > left_) return false;
    left_ -= count;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }
  uint64_t left_;
  uint32_t depth_ = 0;
};

std::string shown(const object& value) {
  switch (value.type) {
    case msgpack::type::NIL:
      return "null";
    case msgpack::type::BOOLEAN:
      return value.via.boolean ? "true" : "false";
    case msgpack::type::POSITIVE_INTEGER:
      return std::to_string(value.via.u64);
    case msgpack::type::NEGATIVE_INTEGER:
      return std::to_string(value.via.i64);
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64: {
      std::string text = std::to_string(value.via.f64);
      text.erase(text.find_last_not_of('0') + 1);
      return text.back() == '.' ? text + "0" : text;
    }
    case msgpack::type::STR: {
      const std::string_view text(value.via.str.ptr, value.via.str.size);
      std::string head(text.substr(0, 60));
      while (!head.empty() && !is_utf8(head) && head.size() + 4 > 60) head.pop_back();
      return "\"" + log::escape_control(head) + (text.size() > 60 ? "...\"" : "\"");
    }
    case msgpack::type::BIN:
      return "bytes";
    case msgpack::type::ARRAY:
      return "a list";
    case msgpack::type::MAP:
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

Status bounded(const Path& at, size_t size, Bounds bounds) {
  if (size >= bounds.min && size <= bounds.max) return ok_status();
  if (bounds.min == 1 && size == 0) return bad_field(at, "must not be empty");
  return bad_field(at, "expected " + range(bounds, " bytes") + ", got " + std::to_string(size));
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

Error expected(const Path& at, std::string_view what, const object& got) {
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

FieldWalk::FieldWalk(const Path& at, const object& from) : path_(at) {
  if (from.type != msgpack::type::MAP) {
    status_ = expected(at, "an object", from);
  } else {
    map_ = &from.via.map;
  }
}

bool FieldWalk::next() {
  if (at_ >= map_->size) return false;
  const object& key = map_->ptr[at_++].key;
  // A key that is no string matches no field, and so is unknown or ignored.
  key_ = key.type == msgpack::type::STR ? std::string_view(key.via.str.ptr, key.via.str.size)
                                        : std::string_view();
  return true;
}

Status FieldWalk::first_time(unsigned field) {
  const uint64_t bit = uint64_t{1} << field;
  if ((seen_ & bit) != 0) return bad_field(Path{&path_, key_}, "stands twice");
  seen_ |= bit;
  return ok_status();
}

Status read_string(const Path& at, const object& from, std::string* out, Bounds bounds) {
  if (from.type != msgpack::type::STR) return expected(at, "a string", from);
  if (Status s = bounded(at, from.via.str.size, bounds); !s) return s;
  out->assign(from.via.str.ptr, from.via.str.size);
  if (!is_utf8(*out)) return bad_field(at, "expected UTF-8 text");
  return ok_status();
}

Status read_name(const Path& at, const object& from, std::string* out) {
  if (from.type != msgpack::type::STR) return expected(at, "a name", from);
  out->assign(from.via.str.ptr, from.via.str.size);
  if (is_name(*out)) return ok_status();
  return expected(at, "a name (1 to 128 letters, digits, '.', '_' or '-')", from);
}

Status read_oid(const Path& at, const object& from, std::string* out) {
  if (from.type == msgpack::type::STR) out->assign(from.via.str.ptr, from.via.str.size);
  const bool hex = out->find_first_not_of("0123456789abcdef") == std::string::npos;
  if (from.type != msgpack::type::STR || out->size() != 40 || !hex) {
    return expected(at, "an object id (40 lower-case hex digits)", from);
  }
  return ok_status();
}

Status read_bytes(const Path& at, const object& from, std::string* out, Bounds bounds) {
  if (from.type == msgpack::type::STR) {
    out->assign(from.via.str.ptr, from.via.str.size);
  } else if (from.type == msgpack::type::BIN) {
    out->assign(from.via.bin.ptr, from.via.bin.size);
  } else {
    return expected(at, "a string", from);
  }
  return bounded(at, out->size(), bounds);
}

Status read_raw(const Path& at, const object& from, std::string* out, Bounds bounds) {
  StringSink sink;
  Packer packer(sink);
  packer.pack(from);
  *out = std::move(sink.out);
  return bounded(at, out->size(), bounds);
}

Status read_u64(const Path& at, const object& from, uint64_t* out, Bounds bounds) {
  if (from.type != msgpack::type::POSITIVE_INTEGER ||
      (bounds.min == bounds.max && from.via.u64 != bounds.min)) {
    if (bounds.min == bounds.max) return expected(at, std::to_string(bounds.min), from);
    return expected(at, bounds.min > 0 ? "a positive integer" : "a non-negative integer", from);
  }
  *out = from.via.u64;
  if (*out < bounds.min || *out > bounds.max) {
    return expected(at,
                    bounds.max == kNoBound ? "an integer of at least " + std::to_string(bounds.min)
                                           : "an integer from " + std::to_string(bounds.min) +
                                                 " to " + std::to_string(bounds.max),
                    from);
  }
  return ok_status();
}

Status read_i64(const Path& at, const object& from, int64_t* out) {
  const bool fits = from.type == msgpack::type::NEGATIVE_INTEGER ||
                    (from.type == msgpack::type::POSITIVE_INTEGER && from.via.u64 <= INT64_MAX);
  if (!fits) return expected(at, "an integer", from);
  *out = from.via.i64;
  return ok_status();
}

Status read_f64(const Path& at, const object& from, double* out) {
  switch (from.type) {
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      *out = from.via.f64;
      return ok_status();
    case msgpack::type::POSITIVE_INTEGER:
      *out = static_cast<double>(from.via.u64);
      return ok_status();
    case msgpack::type::NEGATIVE_INTEGER:
      *out = static_cast<double>(from.via.i64);
      return ok_status();
    default:
      return expected(at, "a number", from);
  }
}

Status read_bool(const Path& at, const object& from, bool* out) {
  if (from.type != msgpack::type::BOOLEAN) return expected(at, "true or false", from);
  *out = from.via.boolean;
  return ok_status();
}

Status read_time(const Path& at, const object& from, WallMs* out) {
  std::string text;
  if (Status s = read_string(at, from, &text, {0, 64}); !s) return s;
  Result<WallMs> parsed = parse_rfc3339(text);
  if (!parsed) return bad_field(at, log::escape_control(parsed.error().message));
  *out = *parsed;
  return ok_status();
}

Status unpack(std::string_view bytes, msgpack::object_handle* out) {
  const Error bad{"bad_request", "expected one msgpack value", ""};
  PreScan scan(bytes.size());
  size_t offset = 0;
  try {
    const bool whole = msgpack::parse(bytes.data(), bytes.size(), offset, scan);
    if (!whole || scan.failed || offset != bytes.size()) return bad;
    bool referenced = false;
    // Strings and byte strings point into `bytes`, which outlives the handle in every caller.
    const auto refer = [](msgpack::type::object_type, size_t, void*) { return true; };
    offset = 0;
    msgpack::unpack(*out, bytes.data(), bytes.size(), offset, referenced, refer);
  } catch (const std::exception&) {
    return bad;
  }
  return ok_status();
}

}  // namespace ghost::wire::codec
