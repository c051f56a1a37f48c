#include "runner_worker/cutoff.h"

#include <poll.h>

#include <algorithm>

namespace ghost::runner {

Cutoff Cutoff::within(uint64_t ms) const {
  const MonoMs end = mono_now_ms() + static_cast<MonoMs>(std::min<uint64_t>(ms, 1ull << 40));
  return {stop_fd, deadline_ms < 0 ? end : std::min(deadline_ms, end)};
}

uint64_t Cutoff::left_ms(uint64_t ms_max) const {
  if (deadline_ms < 0) return ms_max;
  const MonoMs left = std::max<MonoMs>(deadline_ms - mono_now_ms(), 0);
  return std::min<uint64_t>(static_cast<uint64_t>(left), ms_max);
}

Status Cutoff::check() const {
  return wait(0);
}

Status Cutoff::wait(uint64_t ms) const {
  pollfd p{stop_fd, POLLIN, 0};
  if (::poll(&p, 1, static_cast<int>(left_ms(std::min<uint64_t>(ms, 60'000)))) > 0) {
    return Error{"stopping", "the job is to stop", {}};
  }
  if (deadline_ms >= 0 && mono_now_ms() >= deadline_ms) {
    return Error{"timeout", "the time is up", {}};
  }
  return ok_status();
}

}  // namespace ghost::runner
