// What the generated codec stands on: reading a msgpack object into checked fields with the path of
// each, and writing. Included by messages.gen.cc alone (and by tools that transcode); owner of
// msgpack-c. Thread-safe; nothing is kept.
#pragma once

#define MSGPACK_NO_BOOST
#define MSGPACK_USE_STD_VARIANT_ADAPTOR
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <msgpack.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/msgpack_reader.h"

namespace ghost::wire::codec {

// Where a packer writes: a string that grows by doubling, so that a field is a few stores.
class Sink {
 public:
  void write(const char* bytes, size_t size) {
    std::memcpy(room(size), bytes, size);
    used_ += size;
  }
  void write_short_string(std::string_view v) {  // of less than 32 bytes
    char* const at = room(1 + v.size());
    *at = static_cast<char>(0xa0 | v.size());
    std::memcpy(at + 1, v.data(), v.size());
    used_ += 1 + v.size();
  }
  std::string take() {
    buffer_.resize(used_);
    return std::move(buffer_);
  }

 private:
  char* room(size_t size) {
    if (size > buffer_.size() - used_) {
      buffer_.resize(std::max<size_t>({64, 2 * buffer_.size(), used_ + size}));
    }
    return buffer_.data() + used_;
  }
  std::string buffer_;
  size_t used_ = 0;
};
class Packer : public msgpack::packer<Sink> {
 public:
  explicit Packer(Sink& sink) : packer(sink), sink_(sink) {}
  Sink& sink() { return sink_; }

 private:
  Sink& sink_;
};
using Value = MsgpackValue;

// What the readers below read from. The first that finds something wrong says it here and gives
// false, and so does whoever called it: an error costs nothing where there is none.
class Reader : public MsgpackReader {
 public:
  using MsgpackReader::MsgpackReader;
  bool fail(Error error) {
    error_ = std::move(error);
    return false;
  }
  const Error& error() const { return error_; }

 private:
  Error error_;
};

inline constexpr uint64_t kNoBound = UINT64_MAX;
struct Bounds {
  uint64_t min, max;
};

// Where a value stands; a chain on the stack, written out only for an error.
struct Path {
  const Path* up = nullptr;
  std::string_view key;
  size_t index = SIZE_MAX;
  std::string text() const;
};

Error expected(const Path& at, std::string_view what, const Value& got);
Error unknown_field(const Path& at);
Error missing_field(const Path& at, std::string_view name);
Error wrong_count(const Path& at, uint64_t count, Bounds bounds);

// Walks the fields of a map; no field may come twice, and a key that is no string is no field.
class FieldWalk {
 public:
  // `names`: at most 64. Every reader below, this one too, takes the value that comes next.
  FieldWalk(const Path& at, Reader& in, std::span<const std::string_view> names);
  // To the next field, whose value then must be read or skipped; false: the end, or not ok().
  bool next();
  bool ok() const { return ok_; }
  std::string_view key() const { return key_; }
  size_t field() const { return field_; }  // index in names; names.size(): none of them
  bool seen(size_t field) const { return (seen_ & (uint64_t{1} << field)) != 0; }

 private:
  const Path& path_;
  Reader& in_;
  std::span<const std::string_view> names_;
  bool ok_ = true;
  uint32_t left_ = 0;
  size_t field_ = 0, expected_ = 0;
  uint64_t seen_ = 0;
  std::string_view key_;
};

bool read_string(const Path& at, Reader& in, std::string* out, Bounds bounds = {0, kNoBound});
bool read_name(const Path& at, Reader& in, std::string* out);
bool read_oid(const Path& at, Reader& in, std::string* out);
bool read_bytes(const Path& at, Reader& in, std::string* out, Bounds bounds);
bool read_raw(const Path& at, Reader& in, std::string* out, Bounds bounds);
bool read_u64(const Path& at, Reader& in, uint64_t* out, Bounds bounds);
bool read_i64(const Path& at, Reader& in, int64_t* out);
bool read_f64(const Path& at, Reader& in, double* out);
bool read_bool(const Path& at, Reader& in, bool* out);
bool read_time(const Path& at, Reader& in, WallMs* out);

// nil stands for an absent value.
template <typename T, typename Read>
bool read_optional(const Path& at, Reader& in, std::optional<T>* out, Read read) {
  if (in.at_nil()) {
    in.skip();
    out->reset();
    return true;
  }
  return read(at, in, &out->emplace());
}

template <typename T, typename Read>
bool read_list(const Path& at, Reader& in, std::vector<T>* out, Bounds bounds, Read read) {
  const Value list = in.next();
  if (list.kind != Value::Kind::kList) return in.fail(expected(at, "a list", list));
  if (list.count < bounds.min || list.count > bounds.max) {
    return in.fail(wrong_count(at, list.count, bounds));
  }
  out->clear();
  out->reserve(list.count);
  for (uint32_t i = 0; i < list.count; ++i) {
    const Path p{&at, {}, i};
    if (!read(p, in, &out->emplace_back())) return false;
  }
  return true;
}

template <typename T, typename Read>
bool read_map(const Path& at, Reader& in, std::map<std::string, T>* out, Bounds bounds, Read read) {
  const Value map = in.next();
  if (map.kind != Value::Kind::kMap) return in.fail(expected(at, "an object", map));
  if (map.count < bounds.min || map.count > bounds.max) {
    return in.fail(wrong_count(at, map.count, bounds));
  }
  out->clear();
  for (uint32_t i = 0; i < map.count; ++i) {
    std::string key;
    if (!read_string(at, in, &key)) return false;
    const Path p{&at, key};
    const auto [entry, fresh] = out->try_emplace(key);
    if (!fresh) return in.fail({"bad_field", p.text() + ": stands twice", p.text()});
    if (!read(p, in, &entry->second)) return false;
  }
  return true;
}

inline void write(Packer& out, std::string_view v) {
  if (v.size() < 32) return out.sink().write_short_string(v);
  out.pack_str(static_cast<uint32_t>(v.size()));
  out.pack_str_body(v.data(), static_cast<uint32_t>(v.size()));
}
inline void write(Packer& out, const std::string& v) {
  write(out, std::string_view(v));
}
inline void write(Packer& out, uint64_t v) {
  out.pack_uint64(v);
}
inline void write(Packer& out, int64_t v) {
  out.pack_int64(v);
}
inline void write(Packer& out, double v) {
  out.pack_double(v);
}
inline void write(Packer& out, bool v) {
  v ? out.pack_true() : out.pack_false();
}
inline void write_key(Packer& out, std::string_view key) {
  write(out, key);
}
inline void write_time(Packer& out, WallMs v) {
  write(out, format_rfc3339(v));
}
inline void write_bin(Packer& out, std::string_view v) {
  out.pack_bin(static_cast<uint32_t>(v.size()));
  out.pack_bin_body(v.data(), static_cast<uint32_t>(v.size()));
}
// `v` is msgpack already; empty stands for nil.
inline void write_raw(Packer& out, std::string_view v) {
  if (v.empty()) {
    out.pack_nil();
  } else {
    // pack_str_body only appends bytes.
    out.pack_str_body(v.data(), static_cast<uint32_t>(v.size()));
  }
}
template <typename T, typename Write>
void write_list(Packer& out, const std::vector<T>& v, Write write_one) {
  out.pack_array(static_cast<uint32_t>(v.size()));
  for (const T& item : v) write_one(out, item);
}
template <typename T, typename Write>
void write_map(Packer& out, const std::map<std::string, T>& v, Write write_one) {
  out.pack_map(static_cast<uint32_t>(v.size()));
  for (const auto& [key, value] : v) {
    write_key(out, key);
    write_one(out, value);
  }
}

template <typename Write>
std::string encode_with(Write write_body) {
  Sink sink;
  Packer packer(sink);
  write_body(packer);
  return sink.take();
}

// Refuses, before anything is allocated by a declared count: more than one value, bytes behind it,
// nesting over 32, and counts that the bytes at hand cannot hold.
Status check(std::string_view bytes);

template <typename T, typename Read>
Result<T> decode_with(std::string_view bytes, Read read_top) {
  if (Status s = check(bytes); !s) return s.error();
  Result<T> value{T{}};
  Reader in(bytes);
  const Path top;
  if (!read_top(top, in, &*value)) return in.error();
  return value;
}

}  // namespace ghost::wire::codec
