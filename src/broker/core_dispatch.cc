// Dispatch: the queue says which job is next among those that a free runner fits, the rotation says
// which runner. The fencing token is written before the job is sent.
#include <algorithm>

#include "broker/core_impl.h"

namespace ghost::broker {

void Core::Impl::dispatch() {
  open_.clear();
  more_to_dispatch = false;
  for (size_t i = 0;; ++i) {
    if (i == kDispatchMax) {
      more_to_dispatch = true;
      return;
    }
    JobRow* const row = lanes.pick();
    if (!row) return;
    lease_to(*row, *runners.next_free(lanes.set_of(*row)));
  }
}

void Core::Impl::lease_to(JobRow& row, Runner& runner) {
  lanes.remove(&row);
  JobStatus& current = status(row);
  current.state = row.state = wire::JobState::kLeased;
  current.token = {options.epoch, next_token++};
  current.runner = runner.instance();
  ++current.attempt;
  ++current.dispatches;
  current.offsets = {};
  current.backoff_until_ms = 0;
  current.leased_ms = now.wall;
  if (current.dispatches == 1) {
    count.wait_seconds.add(static_cast<double>(std::max<int64_t>(0, now.wall - row.at)) / 1000);
  }
  current.started_ms = 0;
  note(row, "leased", "runner", runner.instance());
  if (!planted(Bug::kDispatchNotKept)) keep(row);
  --queued;
  ++leased;
  Lane& lane = lanes.lane_of(row);
  --lane.queued;
  ++lane.leased;
  --runners.set(lanes.set_of(row)).waiting;
  ++count.dispatches;

  // Messages are bounded in frames and, as far as sizes are known, in bytes.
  const size_t frames = 1 + (row.extra->deps.empty() ? 0 : ancestors(row.no));
  const uint64_t bytes = uint64_t{1} << row.size_log2;
  const auto [slot, fresh] = open_.try_emplace(runner.id);
  OpenMessage& open = slot->second;
  const bool full =
      !fresh && (std::get<send::Jobs>(out->send[open.at]).items.size() >= kRunJobsItemsMax ||
                 open.bytes + bytes > kRunJobsBytesMax ||
                 open.frames + frames > kRunJobsItemsMax * (1 + kAncestorsMax) / 2);
  if (fresh || full) {
    open = {out->send.size(), 0, 0};
    send::Jobs message;
    message.peer = {Side::kRunners, runner.route};
    message.seq = ++runner.job_seq;
    message.joined = runner.joined;
    out->send.push_back(std::move(message));
  }
  open.frames += frames;
  open.bytes += bytes;
  std::get<send::Jobs>(out->send[open.at])
      .items.push_back({row.no, current.token, current.dispatches, current.base_commit});

  auto lease = std::make_unique<Lease>();
  lease->runner = runner.id;
  lease->expires = lease->listed_at = lease_now() + options.lease_ms;
  lease->job_seq = runner.job_seq;
  expiries.emplace_hint(expiries.end(), lease->listed_at, row.no);
  row.extra->lease = std::move(lease);
  row.extra->backoff_until = 0;
  if (!planted(Bug::kCreditLeak)) runner.leases.insert(runner.leases.end(), row.no);
  ++runner.dispatched;
  planted(Bug::kRotationStuck) ? runners.update(&runner) : runners.served(&runner);
}

size_t Core::Impl::ancestors(JobNo no) const {
  size_t count_ = 0;
  for (auto below = base_of.find(no); below != base_of.end(); ++count_) {
    below = base_of.find(below->second);
  }
  return count_;
}

}  // namespace ghost::broker
