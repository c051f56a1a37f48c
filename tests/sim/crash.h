// A process that dies in the middle of something: thrown through the code under test by what it
// calls, and caught by the node, which throws the process away.
#pragma once

#include <cstdint>

namespace ghost::sim {

struct Crash {};

// Counts a process's actions down to the one at which it dies.
class CrashFuse {
 public:
  void arm(int64_t actions) { left_ = actions; }
  void disarm() { left_ = 0; }
  // True: this is the one.
  bool burns() { return left_ > 0 && --left_ == 0; }

 private:
  int64_t left_ = 0;
};

}  // namespace ghost::sim
