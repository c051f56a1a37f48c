#include "http/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "wire/codec.h"
#include "wire/msgpack_reader.h"

namespace ghost::http {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// Builds the value and keeps what Boost's own parser does not: the count of values, and the keys
// of every open object.
class Builder {
 public:
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  explicit Builder(const JsonLimits& limits) : values_left_(limits.values_max) { stack_.reset(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return open(ec, false); }
  bool on_object_end(size_t n, error_code&) {
    stack_.push_object(n);
    levels_.pop_back();
    return true;
  }
  bool on_array_begin(error_code& ec) { return open(ec, true); }
  bool on_array_end(size_t n, error_code&) {
    stack_.push_array(n);
    levels_.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, size_t, error_code&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, size_t, error_code& ec) {
    key_.append(part.data(), part.size());
    stack_.push_key(part);
    const bool fresh = levels_.back().add(std::exchange(key_, {}));
    if (fresh) return true;
    const std::string path = path_text();
    return stop(ec, {"bad_field", path + ": stands twice", path});
  }
  bool on_string_part(json::string_view part, size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, size_t, error_code& ec) {
    stack_.push_string(part);
    return count(ec);
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(int64_t value, json::string_view, error_code& ec) {
    stack_.push_int64(value);
    return count(ec);
  }
  bool on_uint64(uint64_t value, json::string_view, error_code& ec) {
    stack_.push_uint64(value);
    return count(ec);
  }
  bool on_double(double value, json::string_view, error_code& ec) {
    // JSON has no infinity: what would be one could not be printed again.
    if (!std::isfinite(value)) return stop(ec, {"bad_json", "a number is too large", ""});
    stack_.push_double(value);
    return count(ec);
  }
  bool on_bool(bool value, error_code& ec) {
    stack_.push_bool(value);
    return count(ec);
  }
  bool on_null(error_code& ec) {
    stack_.push_null();
    return count(ec);
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  const Error& error() const { return error_; }
  Json release() { return stack_.release(); }

 private:
  static constexpr size_t kFewKeys = 16;
  struct Level {
    bool array;
    size_t index = 0;
    std::vector<std::string> keys;  // of an object with few
    std::set<std::string> many;     // else; then `keys` has the last alone

    bool add(std::string key) {
      bool fresh = true;
      if (many.empty() && keys.size() < kFewKeys) {
        fresh = std::find(keys.begin(), keys.end(), key) == keys.end();
      } else {
        if (many.empty()) many.insert(keys.begin(), keys.end());
        keys.clear();
        fresh = many.insert(key).second;
      }
      keys.push_back(std::move(key));
      return fresh;
    }
  };

  bool open(error_code& ec, bool array) {
    if (!count(ec)) return false;
    levels_.push_back({array, 0, {}, {}});
    levels_.back().keys.reserve(array ? 0 : kFewKeys / 2);
    return true;
  }
  bool count(error_code& ec) {
    if (values_left_ == 0)
      return stop(ec, {"too_large", "the JSON text holds too many values", ""});
    --values_left_;
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
    return true;
  }
  bool stop(error_code& ec, Error error) {
    error_ = std::move(error);
    ec = json::make_error_code(json::error::extra_data);
    return false;
  }
  std::string path_text() const {
    std::string out;
    for (const Level& level : levels_) {
      if (level.array) {
        out += "[" + std::to_string(level.index - 1) + "]";
      } else {
        out += (out.empty() ? "" : ".") + log::escape_control(level.keys.back().substr(0, 100));
      }
    }
    return out;
  }

  json::value_stack stack_;
  size_t values_left_;
  std::vector<Level> levels_;
  std::string key_;
  Error error_;
};

Error bad_json(std::string_view text, size_t offset, const std::string& what) {
  size_t line = 1, column = 1;
  for (const char c : text.substr(0, offset)) {
    ++column;
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
  return {"bad_json",
          "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what, ""};
}

using wire::codec::Packer;

void pack(Packer& out, const Json& value) {
  switch (value.kind()) {
    case json::kind::null:
      out.pack_nil();
      return;
    case json::kind::bool_:
      wire::codec::write(out, value.get_bool());
      return;
    case json::kind::int64:
      out.pack_int64(value.get_int64());
      return;
    case json::kind::uint64:
      out.pack_uint64(value.get_uint64());
      return;
    case json::kind::double_:
      out.pack_double(value.get_double());
      return;
    case json::kind::string: {
      const json::string& text = value.get_string();
      wire::codec::write(out, std::string_view(text.data(), text.size()));
      return;
    }
    case json::kind::array:
      out.pack_array(static_cast<uint32_t>(value.get_array().size()));
      for (const Json& item : value.get_array()) pack(out, item);
      return;
    case json::kind::object:
      out.pack_map(static_cast<uint32_t>(value.get_object().size()));
      for (const auto& [key, member] : value.get_object()) {
        wire::codec::write(out, std::string_view(key.data(), key.size()));
        pack(out, member);
      }
      return;
  }
}

Json text_value(std::string_view bytes) {
  if (is_utf8(bytes)) return json::string(bytes);
  return json::string(to_utf8_lossy(bytes));
}

using wire::MsgpackReader;
using wire::MsgpackValue;

std::string key_text(const MsgpackValue& key) {
  switch (key.kind) {
    case MsgpackValue::Kind::kString:
      return to_utf8_lossy(key.bytes);
    case MsgpackValue::Kind::kUnsigned:
      return std::to_string(key.u64);
    case MsgpackValue::Kind::kNegative:
      return std::to_string(key.i64);
    default:
      return "";
  }
}

// Passes one value.
Json unpacked(MsgpackReader& in) {
  constexpr size_t kReserveMax = 64;  // what a count may ask for before its items are there
  const MsgpackValue value = in.next();
  switch (value.kind) {
    case MsgpackValue::Kind::kBool:
      return value.boolean;
    case MsgpackValue::Kind::kUnsigned:
      // int64 where it fits: Boost.JSON compares and converts those without surprises.
      if (value.u64 <= INT64_MAX) return static_cast<int64_t>(value.u64);
      return value.u64;
    case MsgpackValue::Kind::kNegative:
      return value.i64;
    case MsgpackValue::Kind::kFloat:
      return value.f64;
    case MsgpackValue::Kind::kString:
    case MsgpackValue::Kind::kBytes:
      return text_value(value.bytes);
    case MsgpackValue::Kind::kList: {
      JsonArray out;
      out.reserve(std::min<size_t>(value.count, kReserveMax));
      for (uint32_t i = 0; i < value.count; ++i) out.push_back(unpacked(in));
      return out;
    }
    case MsgpackValue::Kind::kMap: {
      JsonObject out;
      out.reserve(std::min<size_t>(value.count, kReserveMax));
      for (uint32_t i = 0; i < value.count; ++i) {
        const std::string key = key_text(MsgpackReader(in).next());
        in.skip();
        out.emplace(key, unpacked(in));
      }
      return out;
    }
    default:
      return nullptr;
  }
}

// Whether text stands in JSON as it is: ASCII without controls, quotes and backslashes. Eight bytes
// at a time: where one is below `n` and has no high bit, (x - n) & ~x has its high bit.
bool is_plain(std::string_view bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x80 * kOnes;
  const auto odd = [](uint64_t x) {
    const uint64_t quote = x ^ kOnes * '"', backslash = x ^ kOnes * '\\', del = x ^ kOnes * 0x7f;
    const uint64_t low = ((x - kOnes * 0x20) & ~x) | ((quote - kOnes) & ~quote) |
                         ((backslash - kOnes) & ~backslash) | ((del - kOnes) & ~del);
    return ((low | x) & kHighs) != 0;
  };
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t x;
    std::memcpy(&x, bytes.data() + at, 8);
    if (odd(x)) return false;
  }
  uint64_t rest = kOnes * ' ';
  std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  return !odd(rest);
}

void print_text(std::string_view bytes, std::string* out) {
  if (!is_plain(bytes)) {
    *out += json::serialize(text_value(bytes));
    return;
  }
  *out += '"';
  *out += bytes;
  *out += '"';
}

void print_key(MsgpackReader& in, std::string* out) {
  const MsgpackValue key = MsgpackReader(in).next();
  in.skip();
  if (key.kind == MsgpackValue::Kind::kString) return print_text(key.bytes, out);
  print_text(key_text(key), out);
}

// Passes one value.
void print_next(MsgpackReader& in, std::string* out) {
  const MsgpackValue value = in.next();
  switch (value.kind) {
    case MsgpackValue::Kind::kBool:
      *out += value.boolean ? "true" : "false";
      return;
    case MsgpackValue::Kind::kUnsigned:
      *out += std::to_string(value.u64);
      return;
    case MsgpackValue::Kind::kNegative:
      *out += std::to_string(value.i64);
      return;
    case MsgpackValue::Kind::kFloat:
      *out += json::serialize(Json(value.f64));
      return;
    case MsgpackValue::Kind::kString:
    case MsgpackValue::Kind::kBytes:
      return print_text(value.bytes, out);
    case MsgpackValue::Kind::kList:
      *out += '[';
      for (uint32_t i = 0; i < value.count; ++i) {
        if (i > 0) *out += ',';
        print_next(in, out);
      }
      *out += ']';
      return;
    case MsgpackValue::Kind::kMap:
      *out += '{';
      for (uint32_t i = 0; i < value.count; ++i) {
        if (i > 0) *out += ',';
        print_key(in, out);
        *out += ':';
        print_next(in, out);
      }
      *out += '}';
      return;
    default:
      *out += "null";
  }
}

void print_pretty(const Json& value, const std::string& indent, std::string* out) {
  const std::string deeper = indent + "  ";
  const char* separator = "\n";
  if (const JsonObject* object = value.if_object(); object != nullptr && !object->empty()) {
    *out += '{';
    for (const auto& [key, member] : *object) {
      *out += separator + deeper + json::serialize(json::string_view(key)) + ": ";
      print_pretty(member, deeper, out);
      separator = ",\n";
    }
    *out += "\n" + indent + "}";
  } else if (const JsonArray* array = value.if_array(); array != nullptr && !array->empty()) {
    *out += '[';
    for (const Json& item : *array) {
      *out += separator + deeper;
      print_pretty(item, deeper, out);
      separator = ",\n";
    }
    *out += "\n" + indent + "]";
  } else {
    *out += print_json(value);
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Error{"too_large",
                 "a JSON text of " + std::to_string(text.size()) + " bytes, at most " +
                     std::to_string(limits.bytes_max) + " are taken",
                 ""};
  }
  json::parse_options options;
  options.max_depth = limits.depth_max;
  try {
    json::basic_parser<Builder> parser(options, limits);
    error_code ec;
    const size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!parser.handler().error().code.empty()) return parser.handler().error();
    if (ec) return bad_json(text, used, ec.message());
    if (used < text.size()) return bad_json(text, used, "something stands behind the value");
    return parser.handler().release();
  } catch (const std::exception& e) {
    return Error{"bad_json", e.what(), ""};
  }
}

std::string print_json(const Json& value) {
  return json::serialize(value);
}

std::string print_json_pretty(const Json& value) {
  std::string out;
  print_pretty(value, "", &out);
  out += '\n';
  return out;
}

std::string to_msgpack(const Json& value) {
  return wire::codec::encode_with([&](Packer& out) { pack(out, value); });
}

Result<Json> from_msgpack(std::string_view bytes) {
  if (Status s = wire::codec::check(bytes); !s) return s.error();
  MsgpackReader in(bytes);
  return unpacked(in);
}

std::string print_msgpack(std::string_view one_value) {
  std::string out;
  out.reserve(2 * one_value.size());
  MsgpackReader in(one_value);
  print_next(in, &out);
  return out;
}

const Json* find_member(const Json& object, std::string_view key) {
  return object.is_object() ? object.get_object().if_contains(key) : nullptr;
}

std::string get_string(const Json& object, std::string_view key, std::string_view fallback) {
  const Json* member = find_member(object, key);
  if (member == nullptr || !member->is_string()) return std::string(fallback);
  return {member->get_string().data(), member->get_string().size()};
}

int64_t get_int(const Json& object, std::string_view key, int64_t fallback) {
  const Json* member = find_member(object, key);
  return member != nullptr && member->is_int64() ? member->get_int64() : fallback;
}

bool get_bool(const Json& object, std::string_view key, bool fallback) {
  const Json* member = find_member(object, key);
  return member != nullptr && member->is_bool() ? member->get_bool() : fallback;
}

std::string to_utf8_lossy(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() + 16);
  for (size_t at = 0; at < bytes.size();) {
    size_t size = 1;
    const auto lead = static_cast<unsigned char>(bytes[at]);
    if (lead >= 0xf0) {
      size = 4;
    } else if (lead >= 0xe0) {
      size = 3;
    } else if (lead >= 0xc0) {
      size = 2;
    }
    const std::string_view point = bytes.substr(at, size);
    if (point.size() == size && is_utf8(point)) {
      out += point;
      at += size;
    } else {
      out += "\xef\xbf\xbd";
      ++at;
    }
  }
  return out;
}

}  // namespace ghost::http
