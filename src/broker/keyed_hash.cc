#include "broker/keyed_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

namespace ghost::broker {
namespace {

uint64_t read_word(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

uint64_t read_u64(const char* from, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value |= uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  return value;
}

struct Sip {
  uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  uint64_t finish() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

KeyedHash::KeyedHash(std::string_view key) {
  k0_ = read_u64(key.data(), std::min<size_t>(key.size(), 8));
  if (key.size() > 8) k1_ = read_u64(key.data() + 8, std::min<size_t>(key.size() - 8, 8));
}

Hash128 KeyedHash::operator()(std::string_view bytes) const {
  Sip sip{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d ^ 0xee, k0_ ^ 0x6c7967656e657261,
          k1_ ^ 0x7465646279746573};
  const size_t whole = bytes.size() / 8 * 8;
  for (size_t i = 0; i < whole; i += 8) sip.take(read_word(bytes.data() + i));
  sip.take(read_u64(bytes.data() + whole, bytes.size() - whole) | uint64_t{bytes.size()} << 56);
  Hash128 out;
  sip.v2 ^= 0xee;
  out.lo = sip.finish();
  sip.v1 ^= 0xdd;
  out.hi = sip.finish();
  return out;
}

Hash128 KeyedHash::operator()(char domain, std::string_view first, std::string_view second) const {
  const uint64_t size = first.size();
  const size_t all = 1 + sizeof size + first.size() + second.size();
  std::array<char, 512> small;  // for nearly all of them
  std::string large;
  if (all > small.size()) large.resize(all);
  char* const joined = all > small.size() ? large.data() : small.data();
  char* at = joined;
  *at++ = domain;
  at = std::copy_n(reinterpret_cast<const char*>(&size), sizeof size, at);
  at = std::copy(first.begin(), first.end(), at);
  std::copy(second.begin(), second.end(), at);
  return (*this)(std::string_view(joined, all));
}

uint64_t mix(uint64_t seed, uint64_t value) {
  uint64_t z = seed + value * 0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace ghost::broker
