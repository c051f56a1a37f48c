// Seeded randomness, the only source of chance in a simulation: one stream an actor, so that taking
// one fault away does not change what all others do. SplitMix64.
#pragma once

#include <cstdint>
#include <string_view>

namespace ghost::sim {

class Random {
 public:
  Random(uint64_t seed, std::string_view who) : state_(seed * 0x9e3779b97f4a7c15) {
    for (const char c : who) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    next();
  }
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // From `low` up to `high`, both included.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return between(0, 99) < percent; }
  bool one_in(int64_t n) { return between(1, n) == 1; }

 private:
  uint64_t state_;
};

}  // namespace ghost::sim
