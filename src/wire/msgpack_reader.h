// Reads msgpack where it stands, one value after the other, without a tree of objects. For bytes
// that is_one_value() has found whole: nothing here looks for their end again. Thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace ghost::wire {

// True: exactly one value, nested at most `depth_max` deep, with nothing behind it. Nothing is
// allocated, however much the bytes declare.
bool is_one_value(std::string_view bytes, int depth_max);

// The head of one value (msgpack specification, "Formats").
struct MsgpackValue {
  enum class Kind : uint8_t {
    kNil,
    kBool,
    kUnsigned,
    kNegative,
    kFloat,
    kString,
    kBytes,
    kList,
    kMap,
    kOther
  };
  Kind kind = Kind::kNil;
  bool boolean = false;
  uint32_t count = 0;  // of a list's items or a map's pairs, which follow
  union {
    uint64_t u64 = 0;  // kUnsigned
    int64_t i64;       // kNegative
    double f64;        // kFloat
  };
  std::string_view bytes;  // of kString, kBytes and kOther
};

class MsgpackReader {
 public:
  explicit MsgpackReader(std::string_view bytes) : at_(bytes.data()) {}

  // Passes a value's head, and all of it unless it is a list or a map: their items come next.
  MsgpackValue next() {
    const auto first = static_cast<uint8_t>(*at_);
    MsgpackValue v;
    if (first < 0x80) {  // a small number
      ++at_;
      v.kind = MsgpackValue::Kind::kUnsigned;
      v.u64 = first;
    } else if ((first & 0xe0) == 0xa0) {  // a short string
      v.kind = MsgpackValue::Kind::kString;
      v.bytes = short_string();
    } else {
      v = next_of_any();
    }
    return v;
  }
  bool at_nil() const { return static_cast<uint8_t>(*at_) == 0xc0; }
  // Passes a string and gives true; leaves anything else where it is.
  bool next_string(std::string_view* out) {
    if ((static_cast<uint8_t>(*at_) & 0xe0) == 0xa0) {
      *out = short_string();
      return true;
    }
    return next_long_string(out);
  }
  // Passes a whole value and gives its bytes.
  std::string_view skip();

 private:
  std::string_view short_string() {
    const size_t size = static_cast<uint8_t>(*at_) & 0x1f;
    const std::string_view bytes(at_ + 1, size);
    at_ += 1 + size;
    return bytes;
  }
  bool next_long_string(std::string_view* out);
  MsgpackValue next_of_any();

  const char* at_;
};

}  // namespace ghost::wire
