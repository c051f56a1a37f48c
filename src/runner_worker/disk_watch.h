// Whether a gate has used up what it may write: the limits of the store under a workspace. Within
// the box, single-threaded.
#pragma once

#include <cstdint>
#include <string>

#include "runner_worker/workspace.h"

namespace ghost::runner {

class DiskWatch {
 public:
  DiskWatch() = default;
  // `store` stays the caller's and open. `on_disk`: the kernel limits nothing there, so its size is
  // counted, at most once a second, less what lies there now.
  DiskWatch(int store, bool on_disk, uint64_t bytes_max, uint64_t inodes_max);

  // A gate starts: what an earlier one hit is forgotten.
  void begin();
  // Has the running gate hit a limit, as the kernel tells it? Remembered until begin().
  bool is_full();
  // Has it passed one that only this watch sees, so that it must be ended? `now`: count whatever it
  // costs; else only when a count is due.
  bool is_overrun(bool now);
  // Which limit was hit; empty: none.
  const std::string& hit() const { return hit_; }

 private:
  std::string limit(bool entries) const;

  int store_ = -1;
  bool on_disk_ = false;
  uint64_t bytes_max_ = 0, inodes_max_ = 0;
  TreeUsage before_;
  int64_t look_at_ms_ = 0;
  std::string hit_;
};

}  // namespace ghost::runner
