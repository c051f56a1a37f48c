// When a step of a job must end: at a time, or as soon as the job is to stop. A small value, passed
// down to everything that waits. Any thread.
#pragma once

#include "base/result.h"
#include "base/time.h"

namespace ghost::runner {

struct Cutoff {
  int stop_fd = -1;         // readable: stop; -1: none
  MonoMs deadline_ms = -1;  // monotonic; -1: none

  // The same, but not later than `ms` from now.
  Cutoff within(uint64_t ms) const;
  // Milliseconds left, at most `ms_max`, never below zero.
  uint64_t left_ms(uint64_t ms_max) const;
  // Error code "stopping" when the job is to stop, "timeout" when the time is up.
  Status check() const;
  // check() after waiting `ms`, or earlier when stopped.
  Status wait(uint64_t ms) const;
};

inline bool is_cutoff(const Error& e) {
  return e.code == "stopping" || e.code == "timeout";
}

}  // namespace ghost::runner
