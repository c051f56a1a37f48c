// Finished jobs until the broker has them, and jobs that are given back.
#include <algorithm>

#include "runner_worker/session_core.h"
#include "wire/errors.gen.h"

namespace ghost::runner {
namespace {

constexpr size_t kResultsMessageMax = 64;
constexpr uint64_t kResultsMessageBytesMax = 4 << 20;  // or one result
constexpr uint64_t kResultsFlightBytesMax = 32 << 20;  // unacked at a time, or one result
constexpr uint64_t kResultRetryMsMax = 30'000;
constexpr size_t kReasonBytesMax = 4096;
constexpr size_t kReleaseMax = 1024;

size_t size_of(const Blob& blob) {
  return blob == nullptr ? 0 : blob->size();
}

// Cut where a UTF-8 character begins.
void shorten(std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

}  // namespace

// The broker, whose word alone counts, need not wait for this host's disk: the outbox is for a
// result that is not acked yet when the runner ends.
void SessionCore::finish(Job& job, wire::ResultItem item, Blob verdict, Blob diff) {
  job.phase = Phase::kWriting;
  job.item = std::move(item);
  shorten(job.item.reason, kReasonBytesMax);
  job.input = {};
  job.due = now_;
  job.wait_ms = options_.retry_ms;
  // Window and waiting are over: what is left of the log is in the outbox too.
  job.bytes = size_of(verdict) + size_of(diff);
  ++outbox_items_;
  outbox_bytes_ += job.bytes;
  if (outbox_items_ == options_.outbox_items_max) {
    act(Notice{true, "outbox is full, taking no jobs", std::to_string(outbox_items_)});
  }
  if (!draining_ && !takes_jobs()) beat_asked_ = true;
  act(WriteOutbox{job.item, std::move(verdict), std::move(diff), job.log.all()});
}

void SessionCore::on(OutboxWritten& event) {
  Job* job = find(event.lease);
  if (job == nullptr || job->phase != Phase::kWriting) return;
  job->phase = Phase::kResult;
  if (job->acked) {
    act(RemoveOutbox{event.lease});
    erase(event.lease);
  }
  if (event.durable) return;
  act(Notice{true, "outbox cannot be written, taking no jobs for a while", ""});
  outbox_sick_until_ = now_ + static_cast<MonoMs>(options_.outbox_cooldown_ms);
  beat_asked_ = true;
}

void SessionCore::on(OutboxLoaded& event) {
  const LeaseRef lease = event.item.lease;
  if (find(lease) != nullptr) return;
  Job job(std::move(event.events));
  job.lease = lease;
  job.phase = Phase::kResult;
  job.item = std::move(event.item);
  job.bytes = event.bytes;
  job.due = now_;
  job.wait_ms = options_.retry_ms;
  jobs_.emplace(lease, std::move(job));
  ++outbox_items_;
  outbox_bytes_ += event.bytes;
}

void SessionCore::flush_results() {
  uint64_t flight_bytes = 0;
  std::vector<Job*> ready;
  for (auto& [lease, job] : jobs_) {
    if (!job.has_result() || job.acked) continue;
    if (job.in_flight && now_ >= job.due) job.in_flight = false;
    if (job.in_flight) flight_bytes += job.bytes + 1;
    // The log is complete before the result is sent.
    const bool log_done = job.log_closed || job.log.empty();
    job.held_up = false;
    if (!job.in_flight && log_done && now_ >= job.due) ready.push_back(&job);
  }
  for (size_t at = 0; at < ready.size();) {
    wire::PutResults m;
    m.session = options_.session;
    std::vector<LeaseRef> leases;
    uint64_t bytes = 0;
    while (at < ready.size() && leases.size() < kResultsMessageMax) {
      Job& job = *ready[at];
      if (flight_bytes > 0 && flight_bytes + job.bytes > kResultsFlightBytesMax) break;
      if (!leases.empty() && (job.alone || bytes + job.bytes > kResultsMessageBytesMax)) break;
      bytes += job.bytes;
      flight_bytes += job.bytes + 1;
      m.items.push_back(job.item);
      leases.push_back(job.lease);
      job.in_flight = true;
      job.due = now_ + static_cast<MonoMs>(job.refused ? options_.retry_ms : job.wait_ms);
      if (!job.refused) job.wait_ms = std::min(job.wait_ms * 2, kResultRetryMsMax);
      ++at;
      if (job.alone) break;
    }
    if (leases.empty()) {
      for (; at < ready.size(); ++at) ready[at]->held_up = true;
      return;
    }
    send(Kind::kResults, std::move(m), std::move(leases));
  }
}

void SessionCore::on_message(wire::ResultsKept& m) {
  for (const wire::ResultAckItem& ack : m.items) {
    Job* job = find(ack.lease);
    if (job == nullptr) continue;
    if (job->phase == Phase::kReleasing) {
      erase(ack.lease);
    } else if (job->has_result() && !job->acked) {
      if (ack.status == wire::ResultStatus::kUnknown) {
        refuse_result(*job);
        continue;
      }
      if (ack.status == wire::ResultStatus::kStale) {
        act(Notice{true, "result is stale, dropped", std::to_string(ack.lease.job)});
      }
      if (job->phase == Phase::kWriting) {
        job->acked = true;
        continue;
      }
      act(RemoveOutbox{ack.lease});
      erase(ack.lease);
    }
  }
}

// The broker does not know the job, or cannot read its result: kept for the operator, and tried
// again ever more rarely.
void SessionCore::refuse_result(Job& job) {
  job.in_flight = false;
  if (!job.refused) {
    act(Notice{true, "broker does not take a result, keeping it", std::to_string(job.lease.job)});
    job.wait_ms = options_.refused_retry_ms_min;
  } else {
    job.wait_ms = std::min(job.wait_ms * 2, options_.refused_retry_ms_max);
  }
  job.refused = true;
  job.due = now_ + static_cast<MonoMs>(jitter(job.wait_ms));
}

void SessionCore::give_back(Job& job, wire::ReleaseReason reason) {
  job.phase = Phase::kReleasing;
  job.release = reason;
  job.due = now_;
  job.input = {};
  job.log.clear();
}

void SessionCore::flush_releases() {
  for (const auto reason :
       {wire::ReleaseReason::kDrain, wire::ReleaseReason::kUnsent, wire::ReleaseReason::kOutage}) {
    std::vector<LeaseRef> leases;
    for (auto& [lease, job] : jobs_) {
      if (job.phase != Phase::kReleasing || job.release != reason || now_ < job.due) continue;
      if (leases.size() == kReleaseMax) break;
      leases.push_back(lease);
      job.due = now_ + static_cast<MonoMs>(options_.retry_ms);
    }
    if (leases.empty()) continue;
    wire::Release m{options_.session, leases, reason};
    send(Kind::kRelease, std::move(m), std::move(leases));
  }
}

void SessionCore::on_result_failure(const Asked& asked, const wire::ErrorBody& error) {
  const bool retry = wire::error_info(error.code).retry;
  const MonoMs again =
      now_ + static_cast<MonoMs>(std::max(options_.retry_ms, error.retry_after_ms));
  for (const LeaseRef& lease : asked.leases) {
    Job* job = find(lease);
    if (job == nullptr) continue;
    if (job->phase == Phase::kReleasing) {
      // Heartbeats that do not name it say the same.
      if (!retry) erase(lease);
    } else if (job->has_result() && job->in_flight) {
      job->in_flight = false;
      job->due = retry ? again : now_;
      if (retry) continue;
      // One item that cannot be read must not hold up the others.
      if (asked.leases.size() > 1) {
        job->alone = true;
      } else {
        act(Notice{true, "broker refused a result", error.code + ": " + error.detail});
        refuse_result(*job);
      }
    }
  }
}

// After a registration everything unanswered is said again: what was sent before may be lost.
void SessionCore::resume_sending() {
  for (auto& [lease, job] : jobs_) {
    job.log.rewind();
    if (!job.log.empty()) job.log_due = now_;
    job.log_stalls = 0;
    job.log_answered = job.log_advanced = false;
    if (job.base) job.base->due = now_;
    if (job.delivery) job.delivery->due = now_;
    if (job.artifact) job.artifact->due = now_;
    if (job.phase == Phase::kReleasing) job.due = now_;
    if (job.has_result()) {
      job.in_flight = false;
      job.due = now_;
      if (!job.refused) job.wait_ms = options_.retry_ms;
    }
  }
}

void SessionCore::erase(const LeaseRef& lease) {
  const auto found = jobs_.find(lease);
  if (found == jobs_.end()) return;
  const Job& job = found->second;
  if (job.has_result()) {
    --outbox_items_;
    outbox_bytes_ -= job.bytes;
  }
  jobs_.erase(found);
}

MonoMs SessionCore::job_deadline(const Job& job) const {
  MonoMs due = kNever;
  const bool at_work = job.phase == Phase::kPending || job.phase == Phase::kRunning;
  if (at_work && job.stop != StopReason::kLeaseLost) due = job.lease_until;
  if (state_ != State::kReady) return due;
  if (job.base) due = std::min(due, job.base->due);
  if (job.delivery) due = std::min(due, job.delivery->due);
  if (job.artifact) due = std::min(due, job.artifact->due);
  if (!job.log_closed && !job.log.empty()) {
    if (job.log.has_unsent()) due = std::min(due, job.log_due);
    if (job.log.has_sent()) due = std::min(due, job.log_retry);
  }
  const bool log_done = job.log_closed || job.log.empty();
  const bool to_send = job.has_result() && !job.acked && log_done && !job.held_up;
  if (job.phase == Phase::kReleasing || to_send) {
    due = std::min(due, job.due);
  }
  return due;
}

}  // namespace ghost::runner
