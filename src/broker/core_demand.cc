// What whoever starts and stops runners wants to know: how much waits for which labels, and how
// long. Costs the queues, of which there is one a lane, tenant and label set, never their depth.
#include <algorithm>

#include "broker/core_impl.h"

namespace ghost::broker {
namespace {

// When the oldest job of the queue was accepted. Only heads are looked at: a queue is by age.
WallMs oldest_in(const TenantQueue& queue) {
  const JobRow* oldest = nullptr;
  for (const TenantQueue::Fifo& fifo : queue.fifos) {
    if (fifo.empty()) continue;
    const JobRow* const front = fifo.front();
    if (!oldest || front->no < oldest->no) oldest = front;
  }
  return oldest->at;
}

}  // namespace

wire::Demand Core::demand(Now now) const {
  return impl_->demand(now);
}

wire::Demand Core::Impl::demand(Now at) const {
  std::map<SetId, wire::DemandItem> by_set;
  std::map<const Lane*, uint64_t> room;  // under the lane's limit
  for (const TenantQueue* queue : lanes.queues()) {
    if (!queue || queue->count == 0) continue;
    const Lane& lane = *queue->set->lane;
    if (lane.as_set.paused || lane.full()) continue;
    const uint64_t limit = lane.as_set.limit;
    uint64_t& left =
        room.try_emplace(&lane, limit == 0 ? UINT64_MAX : limit - lane.leased).first->second;
    const uint64_t waiting = std::min(queue->count, left);
    left -= waiting;
    if (waiting == 0) continue;
    wire::DemandItem& item = by_set[queue->set->set];
    item.waiting += waiting;
    const int64_t age = std::max<int64_t>(0, at.wall - oldest_in(*queue));
    item.oldest_wait_ms = std::max(item.oldest_wait_ms, static_cast<uint64_t>(age));
  }
  wire::Demand out_;
  out_.leased = leased;
  for (auto& [id, item] : by_set) {
    item.requires_ = runners.set(id).labels;
    out_.waiting += item.waiting;
    out_.oldest_wait_ms = std::max(out_.oldest_wait_ms, item.oldest_wait_ms);
  }
  for (const auto& [name, runner_id] : runners.by_instance()) {
    const Runner& runner = runners.at(runner_id);
    if (!runner.alive()) continue;
    const uint64_t slots = runner.leaving() ? 0 : runner.slots();
    const uint64_t free = slots - std::min(slots, runner.busy());
    out_.slots += slots;
    out_.free_slots += free;
    for (const SetId set : runner.sets) {
      const auto wanted = by_set.find(set);
      if (wanted == by_set.end()) continue;
      ++wanted->second.runners;
      wanted->second.slots += slots;
      wanted->second.free_slots += free;
    }
  }
  for (auto& [id, item] : by_set) out_.items.push_back(std::move(item));
  std::stable_sort(out_.items.begin(), out_.items.end(), [](const auto& a, const auto& b) {
    return a.oldest_wait_ms > b.oldest_wait_ms;
  });
  return out_;
}

}  // namespace ghost::broker
