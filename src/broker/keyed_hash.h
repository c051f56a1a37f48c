// Keyed digests of what clients choose (ids, idempotency keys): nobody without the key can make two
// of them meet. SipHash-2-4 with 128 bits out (Aumasson and Bernstein, 2012). Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace ghost::broker {

struct Hash128 {
  uint64_t lo = 0, hi = 0;
  bool operator==(const Hash128&) const = default;
  explicit operator bool() const { return (lo | hi) != 0; }
};

class KeyedHash {
 public:
  // 16 bytes; what is missing counts as zero, what is over is not used.
  explicit KeyedHash(std::string_view key);

  Hash128 operator()(std::string_view bytes) const;
  // Of two parts, told apart from any other split of the same bytes.
  Hash128 operator()(char domain, std::string_view first, std::string_view second) const;

 private:
  uint64_t k0_ = 0, k1_ = 0;
};

// A well-mixed number of two numbers (splitmix64): the deterministic source of jitter.
uint64_t mix(uint64_t seed, uint64_t value);

}  // namespace ghost::broker
