#include "wire/msgpack_reader.h"

#include <array>
#include <bit>
#include <cstring>

namespace ghost::wire {
namespace {

using Kind = MsgpackValue::Kind;

constexpr int kDepthCap = 64;

template <typename T>
T big_endian(const char* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
  if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
  if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
  return v;
}

// How a first byte goes on: so many bytes of a count or a number, and what the count counts.
struct Format {
  enum class Body : uint8_t { kNone, kBytes, kItems, kPairs, kExtension, kInvalid };
  uint8_t head = 0;  // bytes behind the first
  Body body = Body::kNone;
  uint8_t fixed = 0;  // the count itself where `head` is 0
};

constexpr std::array<Format, 256> kFormats = [] {
  using Body = Format::Body;
  std::array<Format, 256> all{};
  for (int b = 0x80; b < 0x90; ++b) all[b] = {0, Body::kPairs, static_cast<uint8_t>(b & 0x0f)};
  for (int b = 0x90; b < 0xa0; ++b) all[b] = {0, Body::kItems, static_cast<uint8_t>(b & 0x0f)};
  for (int b = 0xa0; b < 0xc0; ++b) all[b] = {0, Body::kBytes, static_cast<uint8_t>(b & 0x1f)};
  all[0xc1] = {0, Body::kInvalid, 0};
  for (int i = 0; i < 3; ++i) {  // bin and ext 8, 16, 32
    all[0xc4 + i] = {static_cast<uint8_t>(1 << i), Body::kBytes, 0};
    all[0xc7 + i] = {static_cast<uint8_t>(1 << i), Body::kExtension, 0};
    all[0xd9 + i] = {static_cast<uint8_t>(1 << i), Body::kBytes, 0};
  }
  all[0xca] = {4, Body::kNone, 0};
  all[0xcb] = {8, Body::kNone, 0};
  for (int i = 0; i < 4; ++i) {  // uint and int 8 to 64
    all[0xcc + i] = {static_cast<uint8_t>(1 << i), Body::kNone, 0};
    all[0xd0 + i] = {static_cast<uint8_t>(1 << i), Body::kNone, 0};
  }
  for (int i = 0; i < 5; ++i) {  // fixext 1 to 16
    all[0xd4 + i] = {0, Body::kExtension, static_cast<uint8_t>(1 << i)};
  }
  for (int i = 0; i < 2; ++i) {
    all[0xdc + i] = {static_cast<uint8_t>(2 << i), Body::kItems, 0};
    all[0xde + i] = {static_cast<uint8_t>(2 << i), Body::kPairs, 0};
  }
  return all;
}();

uint64_t number(const char* at, int size) {
  switch (size) {
    case 1:
      return static_cast<uint8_t>(*at);
    case 2:
      return big_endian<uint16_t>(at);
    case 4:
      return big_endian<uint32_t>(at);
    default:
      return big_endian<uint64_t>(at);
  }
}

uint64_t count_of(Format format, const char* head) {
  return format.head == 0 ? format.fixed : number(head, format.head);
}

}  // namespace

bool is_one_value(std::string_view bytes, int depth_max) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  std::array<uint64_t, kDepthCap> left{};  // values still to come, by depth
  int depth = 0;
  left[0] = 1;
  for (;;) {
    if (left[depth] == 0) {
      if (depth == 0) return at == end;
      --depth;
      continue;
    }
    --left[depth];
    if (at == end) return false;
    const auto first = static_cast<uint8_t>(*at);
    if (first < 0x80) {  // a small number
      ++at;
      continue;
    }
    const Format format = kFormats[static_cast<uint8_t>(*at++)];
    if (end - at < format.head) return false;
    const uint64_t count = count_of(format, at);
    at += format.head;
    const auto room = static_cast<uint64_t>(end - at);
    switch (format.body) {
      case Format::Body::kNone:
        break;
      case Format::Body::kBytes:
        if (count > room) return false;
        at += count;
        break;
      case Format::Body::kExtension:
        if (count + 1 > room) return false;
        at += count + 1;
        break;
      case Format::Body::kItems:
      case Format::Body::kPairs:
        if (depth + 1 > depth_max || depth + 1 >= kDepthCap || count > room) return false;
        left[++depth] = format.body == Format::Body::kPairs ? 2 * count : count;
        break;
      case Format::Body::kInvalid:
        return false;
    }
  }
}

bool MsgpackReader::next_long_string(std::string_view* out) {
  const auto first = static_cast<uint8_t>(*at_);
  if (first < 0xd9 || first > 0xdb) return false;
  *out = next_of_any().bytes;
  return true;
}

MsgpackValue MsgpackReader::next_of_any() {
  MsgpackValue v;
  const auto first = static_cast<uint8_t>(*at_++);
  const Format format = kFormats[first];
  const char* const head = at_;
  at_ += format.head;
  switch (format.body) {
    case Format::Body::kBytes: {
      const uint64_t size = count_of(format, head);
      v.kind = first >= 0xc4 && first <= 0xc6 ? Kind::kBytes : Kind::kString;
      v.bytes = {at_, size};
      at_ += size;
      return v;
    }
    case Format::Body::kItems:
    case Format::Body::kPairs:
      v.kind = format.body == Format::Body::kItems ? Kind::kList : Kind::kMap;
      v.count = static_cast<uint32_t>(count_of(format, head));
      return v;
    case Format::Body::kExtension: {
      const uint64_t size = count_of(format, head) + 1;
      v.kind = Kind::kOther;
      v.bytes = {at_, size};
      at_ += size;
      return v;
    }
    case Format::Body::kNone:
    case Format::Body::kInvalid:
      break;
  }
  const auto negative_or = [&v](int64_t n) {
    v.kind = n < 0 ? Kind::kNegative : Kind::kUnsigned;
    v.i64 = n;
  };
  switch (first) {
    case 0xc0:
      break;
    case 0xc2:
    case 0xc3:
      v.kind = Kind::kBool;
      v.boolean = first == 0xc3;
      break;
    case 0xca:
      v.kind = Kind::kFloat;
      v.f64 = static_cast<double>(std::bit_cast<float>(big_endian<uint32_t>(head)));
      break;
    case 0xcb:
      v.kind = Kind::kFloat;
      v.f64 = std::bit_cast<double>(big_endian<uint64_t>(head));
      break;
    case 0xd0:
      negative_or(static_cast<int8_t>(*head));
      break;
    case 0xd1:
      negative_or(static_cast<int16_t>(big_endian<uint16_t>(head)));
      break;
    case 0xd2:
      negative_or(static_cast<int32_t>(big_endian<uint32_t>(head)));
      break;
    case 0xd3:
      negative_or(static_cast<int64_t>(big_endian<uint64_t>(head)));
      break;
    default:
      if (format.head > 0) {
        v.kind = Kind::kUnsigned;
        v.u64 = number(head, format.head);
      } else {
        negative_or(static_cast<int8_t>(first));
      }
  }
  return v;
}

std::string_view MsgpackReader::skip() {
  const char* const begin = at_;
  for (uint64_t left = 1; left > 0; --left) {
    const MsgpackValue v = next();
    if (v.kind == Kind::kList) left += v.count;
    if (v.kind == Kind::kMap) left += uint64_t{2} * v.count;
  }
  return {begin, static_cast<size_t>(at_ - begin)};
}

}  // namespace ghost::wire
