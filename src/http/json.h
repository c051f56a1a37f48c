// JSON text, JSON values and msgpack, into each other. Sole owner of Boost.JSON: others use the
// names below and the methods of Json's object and array. Thread-safe; nothing is kept.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/messages.gen.h"

namespace ghost::http {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// What a text may hold. Depth and values bound the memory that a small text can ask for.
struct JsonLimits {
  size_t bytes_max = size_t{64} << 20;
  size_t depth_max = 28;  // the wire's decoder takes 32
  size_t values_max = 1'000'000;
};

// RFC 8259, strictly: UTF-8, nothing behind the value, no key twice in one object. Integers that
// fit 64 bits stay integers. Error codes: bad_json (with line and column), bad_field (a key that
// stands twice, with its path), too_large.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

std::string print_json(const Json& value);         // compact, one line
std::string print_json_pretty(const Json& value);  // two blanks a level, ends in a newline

// A value as msgpack, field by field under the same names; strings become msgpack str, which the
// codec also takes for its 'bytes' fields.
std::string to_msgpack(const Json& value);
// msgpack as a value. str and bin become strings; bytes that are not UTF-8 become U+FFFD each, so
// whoever must keep them encodes them before. Error code bad_request.
Result<Json> from_msgpack(std::string_view bytes);

// A wire struct read from a JSON value: errors as wire::decode gives them, with the field's path.
template <typename T>
Result<T> from_json(const Json& value) {
  return wire::decode<T>(to_msgpack(value));
}
// A wire struct as a JSON value, absent optionals left out.
template <typename T>
Json to_json(const T& value) {
  return from_msgpack(wire::encode(value)).value();
}

// What print_json(to_json(value)) gives, without the tree of values between.
std::string print_msgpack(std::string_view one_value);
template <typename T>
std::string print_struct(const T& value) {
  return print_msgpack(wire::encode(value));
}

// Looks a member up and reads it, with a default for an absent member or one of another type.
// For answers that a program reads, where an older or newer peer may leave fields out.
const Json* find_member(const Json& object, std::string_view key);  // null when absent
std::string get_string(const Json& object, std::string_view key, std::string_view fallback = "");
int64_t get_int(const Json& object, std::string_view key, int64_t fallback = 0);
bool get_bool(const Json& object, std::string_view key, bool fallback = false);

// `bytes` with everything that is not UTF-8 replaced by U+FFFD.
std::string to_utf8_lossy(std::string_view bytes);

}  // namespace ghost::http
