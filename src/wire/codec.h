// What the generated codec stands on: reading a msgpack object into checked fields with the path of
// each, and writing. Included by messages.gen.cc alone (and by tools that transcode); owner of
// msgpack-c. Thread-safe; nothing is kept.
#pragma once

#define MSGPACK_NO_BOOST
#define MSGPACK_USE_STD_VARIANT_ADAPTOR
#include <cstdint>
#include <map>
#include <msgpack.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace ghost::wire::codec {

using object = msgpack::object;

class StringSink {
 public:
  void write(const char* bytes, size_t size) { out.append(bytes, size); }
  std::string out;
};
using Packer = msgpack::packer<StringSink>;

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

Error expected(const Path& at, std::string_view what, const object& got);
Error unknown_field(const Path& at);
Error missing_field(const Path& at, std::string_view name);

// Walks the fields of a map; keys must be strings, and no field may come twice.
class FieldWalk {
 public:
  FieldWalk(const Path& at, const object& from);
  const Status& status() const { return status_; }
  bool next();
  std::string_view key() const { return key_; }
  const object& value() const { return map_->ptr[at_ - 1].val; }
  Status first_time(unsigned field);
  bool seen(unsigned field) const { return (seen_ & (uint64_t{1} << field)) != 0; }

 private:
  const Path& path_;
  const msgpack::object_map* map_ = nullptr;
  Status status_ = ok_status();
  size_t at_ = 0;
  uint64_t seen_ = 0;
  std::string_view key_;
};

Status read_string(const Path& at, const object& from, std::string* out,
                   Bounds bounds = {0, kNoBound});
Status read_name(const Path& at, const object& from, std::string* out);
Status read_oid(const Path& at, const object& from, std::string* out);
Status read_bytes(const Path& at, const object& from, std::string* out, Bounds bounds);
Status read_raw(const Path& at, const object& from, std::string* out, Bounds bounds);
Status read_u64(const Path& at, const object& from, uint64_t* out, Bounds bounds);
Status read_i64(const Path& at, const object& from, int64_t* out);
Status read_f64(const Path& at, const object& from, double* out);
Status read_bool(const Path& at, const object& from, bool* out);
Status read_time(const Path& at, const object& from, WallMs* out);
Error wrong_count(const Path& at, uint64_t count, Bounds bounds);

// nil stands for an absent value.
template <typename T, typename Read>
Status read_optional(const Path& at, const object& from, std::optional<T>* out, Read read) {
  if (from.is_nil()) {
    out->reset();
    return ok_status();
  }
  return read(at, from, &out->emplace());
}

template <typename T, typename Read>
Status read_list(const Path& at, const object& from, std::vector<T>* out, Bounds bounds,
                 Read read) {
  if (from.type != msgpack::type::ARRAY) return expected(at, "a list", from);
  const auto& array = from.via.array;
  if (array.size < bounds.min || array.size > bounds.max)
    return wrong_count(at, array.size, bounds);
  out->clear();
  out->reserve(array.size);
  for (uint32_t i = 0; i < array.size; ++i) {
    const Path p{&at, {}, i};
    if (Status s = read(p, array.ptr[i], &out->emplace_back()); !s) return s;
  }
  return ok_status();
}

template <typename T, typename Read>
Status read_map(const Path& at, const object& from, std::map<std::string, T>* out, Bounds bounds,
                Read read) {
  if (from.type != msgpack::type::MAP) return expected(at, "an object", from);
  const auto& map = from.via.map;
  if (map.size < bounds.min || map.size > bounds.max) return wrong_count(at, map.size, bounds);
  out->clear();
  for (uint32_t i = 0; i < map.size; ++i) {
    std::string key;
    if (Status s = read_string(at, map.ptr[i].key, &key); !s) return s;
    const Path p{&at, key};
    const auto [entry, fresh] = out->try_emplace(key);
    if (!fresh) return Error{"bad_field", p.text() + ": stands twice", p.text()};
    if (Status s = read(p, map.ptr[i].val, &entry->second); !s) return s;
  }
  return ok_status();
}

inline void write(Packer& out, std::string_view v) {
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
  StringSink sink;
  Packer packer(sink);
  write_body(packer);
  return std::move(sink.out);
}

// Refuses, before anything is allocated by a declared count: more than one value, bytes behind it,
// nesting over 32, and counts that the bytes at hand cannot hold.
Status unpack(std::string_view bytes, msgpack::object_handle* out);

template <typename T, typename Read>
Result<T> decode_with(std::string_view bytes, Read read_top) {
  msgpack::object_handle handle;
  if (Status s = unpack(bytes, &handle); !s) return s.error();
  T value;
  const Path top;
  if (Status s = read_top(top, handle.get(), &value); !s) return s.error();
  return value;
}

}  // namespace ghost::wire::codec
