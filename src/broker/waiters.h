// Long polls that have nothing to tell yet: woken by a change of their job or of the registry, and
// by time. Bounded in all and for each peer. Pure; one owner, the broker's thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "broker/inbound.h"

namespace ghost::broker {

struct Waiter {
  Peer peer;
  uint64_t correlation = 0;
  ReadRequest request;
  JobNo job = 0;  // 0: waits for the registry
  MonoMs deadline = 0;
};

class Waiters {
 public:
  explicit Waiters(size_t count_max) : count_max_(count_max) {}

  // False when the table is full, or the peer has half of it: the request must be answered now.
  bool add(Waiter waiter);
  bool empty() const { return slots_.size() == free_.size(); }
  size_t count() const { return slots_.size() - free_.size(); }
  bool any_on(JobNo job) const { return by_job_.contains(job); }
  std::optional<MonoMs> next_deadline() const;

  // Calls settle for each waiter on the job (0: on the registry); those for which it returns true
  // are done and leave.
  void wake(JobNo job, const std::function<bool(const Waiter&)>& settle);
  // Gives and removes those whose time is over.
  std::vector<Waiter> expired(MonoMs now);

 private:
  void remove(size_t slot);
  size_t count_max_;
  std::vector<std::optional<Waiter>> slots_;
  std::vector<size_t> free_;
  std::unordered_map<JobNo, std::vector<size_t>> by_job_;
  std::set<std::pair<MonoMs, size_t>> by_deadline_;
  std::map<Peer, size_t> by_peer_;
};

}  // namespace ghost::broker
