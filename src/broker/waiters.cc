#include "broker/waiters.h"

#include <algorithm>

namespace ghost::broker {

bool Waiters::add(Waiter waiter) {
  size_t& of_peer = by_peer_[waiter.peer];
  if (count() >= count_max_ || of_peer >= (count_max_ + 1) / 2) {
    if (of_peer == 0) by_peer_.erase(waiter.peer);
    return false;
  }
  ++of_peer;
  size_t slot = slots_.size();
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  by_job_[waiter.job].push_back(slot);
  by_deadline_.emplace(waiter.deadline, slot);
  slots_[slot] = std::move(waiter);
  return true;
}

std::optional<MonoMs> Waiters::next_deadline() const {
  if (by_deadline_.empty()) return std::nullopt;
  return by_deadline_.begin()->first;
}

void Waiters::remove(size_t slot) {
  const Waiter& waiter = *slots_[slot];
  const auto jobs = by_job_.find(waiter.job);
  std::erase(jobs->second, slot);
  if (jobs->second.empty()) by_job_.erase(jobs);
  by_deadline_.erase({waiter.deadline, slot});
  const auto peer = by_peer_.find(waiter.peer);
  if (--peer->second == 0) by_peer_.erase(peer);
  slots_[slot].reset();
  free_.push_back(slot);
}

void Waiters::wake(JobNo job, const std::function<bool(const Waiter&)>& settle) {
  const auto found = by_job_.find(job);
  if (found == by_job_.end()) return;
  for (const size_t slot : std::vector<size_t>(found->second)) {
    if (settle(*slots_[slot])) remove(slot);
  }
}

std::vector<Waiter> Waiters::expired(MonoMs now) {
  std::vector<Waiter> gone;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
    const size_t slot = by_deadline_.begin()->second;
    gone.push_back(*slots_[slot]);
    remove(slot);
  }
  return gone;
}

}  // namespace ghost::broker
