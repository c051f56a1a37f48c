// Jobs while they are worked on: dispatch, cancel, leases, and what the executor asks of the
// broker.
#include <algorithm>

#include "base/planted_bugs.h"
#include "runner_worker/session_core.h"
#include "wire/errors.gen.h"

namespace ghost::runner {
namespace {

constexpr unsigned kLogStallsMax = 8;          // repeats that were answered and changed nothing
constexpr unsigned kArtifactRefusalsMax = 30;  // retries of a chunk that the broker cannot take now

Error stopping_error() {
  return {"stopping", "the job is to stop", ""};
}

}  // namespace

SessionCore::Job* SessionCore::find(const LeaseRef& lease) {
  const auto found = jobs_.find(lease);
  return found == jobs_.end() ? nullptr : &found->second;
}

// -------------------------------------------------------------------------- dispatch and stopping

void SessionCore::take(wire::Dispatch dispatch, Blob request, std::vector<Blob> diffs) {
  const LeaseRef lease = dispatch.lease;
  if (find(lease) != nullptr) return;
  drop_older(lease);
  Job job(dispatch.attempt);
  job.lease = lease;
  job.arrival = ++arrivals_;
  if (now_ >= renewed_ + static_cast<MonoMs>(heartbeat_ms_)) beat_asked_ = true;
  // The broker leased it after the last heartbeat that it answered, so this is never too late.
  const uint64_t lease_ms =
      dispatch.lease_ms > 0 ? std::min(dispatch.lease_ms, lease_ms_) : lease_ms_;
  job.lease_until =
      renewed_ + static_cast<MonoMs>(lease_ms - lease_ms * options_.lease_margin_percent / 100);
  job.input = JobInput{std::move(dispatch), std::move(request), std::move(diffs)};
  const auto at_work = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.phase == Phase::kPending || entry.second.phase == Phase::kRunning;
  });
  Job& kept = jobs_.emplace(lease, std::move(job)).first->second;
  // Jobs may wait here while earlier ones are being stopped, but not without bound.
  const bool full = static_cast<uint64_t>(at_work) >= 2 * std::max<uint64_t>(slots_, 1);
  if (draining_) {
    give_back(kept, wire::ReleaseReason::kDrain);
  } else if (full) {
    give_back(kept, wire::ReleaseReason::kUnsent);
  }
}

// A newer fencing token for a job ends what is still done under an older one. A finished result
// stays: its own answer tells whether it is stale.
void SessionCore::drop_older(const LeaseRef& lease) {
  std::vector<LeaseRef> gone;
  for (auto at = jobs_.lower_bound({lease.job, 0, 0});
       at != jobs_.end() && at->first.job == lease.job; ++at) {
    Job& job = at->second;
    if (job.phase == Phase::kRunning) lose(job);
    const bool unbegun = job.phase == Phase::kPending || job.phase == Phase::kReleasing;
    if (unbegun) gone.push_back(at->first);
  }
  for (const LeaseRef& old : gone) erase(old);
}

void SessionCore::start_pending() {
  size_t free = slots_ - std::min<size_t>(slots_, running());
  while (free > 0) {
    Job* first = nullptr;
    for (auto& [lease, job] : jobs_) {
      // One that came so late that its lease is over is given back with the next tick.
      if (job.phase != Phase::kPending || now_ >= job.lease_until) continue;
      if (first == nullptr || job.arrival < first->arrival) first = &job;
    }
    if (first == nullptr) return;
    first->phase = Phase::kRunning;
    act(StartJob{std::move(first->input), first->lease_until});
    --free;
  }
}

void SessionCore::on_message(wire::RunJobs&) {
}  // told apart with their payloads, in on(FromBroker)

void SessionCore::on_message(wire::Cancel& m) {
  if (state_ != State::kReady) return;
  for (const wire::CancelOrder& order : m.orders) obey(order);
  start_pending();
}

void SessionCore::obey(const wire::CancelOrder& order) {
  Job* job = find(order.lease);
  if (job == nullptr) return;  // the next heartbeat tells what is held
  const bool stale = order.reason == wire::CancelReason::kStale;
  const bool expired = order.reason == wire::CancelReason::kExpired;
  switch (job->phase) {
    case Phase::kPending: {
      if (stale) return erase(order.lease);
      wire::ResultItem item;
      item.lease = order.lease;
      item.outcome = expired ? wire::Outcome::kExpired : wire::Outcome::kCancelled;
      item.reason = expired ? "past its deadline before it was begun" : "cancelled before it began";
      wire::Verdict verdict;
      verdict.outcome = item.outcome;
      verdict.reason = item.reason;
      return finish(*job, std::move(item), make_blob(encode(verdict)), nullptr);
    }
    case Phase::kRunning:
      if (stale) return lose(*job);
      if (planted(Bug::kConfirmTooEarly) && job->stop == StopReason::kNone) {
        stop_job(*job, StopReason::kCancelled);
        wire::ResultItem item;
        item.lease = order.lease;
        item.outcome = wire::Outcome::kCancelled;
        return finish(*job, std::move(item), make_blob("planted"), nullptr);
      }
      if (job->stop != StopReason::kNone) return;
      return stop_job(*job, expired ? StopReason::kExpired : StopReason::kCancelled);
    case Phase::kReleasing:
      if (stale) erase(order.lease);
      return;
    case Phase::kWriting:
    case Phase::kResult:
      return;  // the result is on its way, and its answer tells stale from unknown
  }
}

void SessionCore::stop_job(Job& job, StopReason reason) {
  if (job.stop == reason || job.stop == StopReason::kLeaseLost) return;
  job.stop = reason;
  act(StopJob{job.lease, reason});
  refuse_asks(job, stopping_error());
}

// The lease is another's: what is done for it has no value any more.
void SessionCore::lose(Job& job) {
  job.stale = true;
  close_log(job);
  stop_job(job, StopReason::kLeaseLost);
}

void SessionCore::expire_leases() {
  for (auto& [lease, job] : jobs_) {
    if (now_ < job.lease_until || job.stop == StopReason::kLeaseLost) continue;
    if (job.phase == Phase::kPending) {
      give_back(job, wire::ReleaseReason::kOutage);
    } else if (job.phase == Phase::kRunning) {
      act(Notice{true, "lease lost, stopping the job", std::to_string(lease.job)});
      job.release = wire::ReleaseReason::kOutage;
      stop_job(job, StopReason::kLeaseLost);
    }
  }
}

void SessionCore::drain_jobs() {
  if (!draining_) return;
  for (auto& [lease, job] : jobs_) {
    if (job.phase == Phase::kPending) give_back(job, wire::ReleaseReason::kDrain);
    if (give_back_ && job.phase == Phase::kRunning && job.stop == StopReason::kNone) {
      job.release = wire::ReleaseReason::kDrain;
      stop_job(job, StopReason::kLeaseLost);
    }
  }
}

void SessionCore::on(SlotFinished& event) {
  const LeaseRef lease = event.item.lease;
  Job* job = find(lease);
  if (job == nullptr || job->phase != Phase::kRunning) return;
  refuse_asks(*job, stopping_error());
  // The sandbox's own timer may end the gates a moment before the lease is found to be over here.
  const bool outrun = event.item.outcome == wire::Outcome::kInfraError && now_ >= job->lease_until;
  if (job->stale) {
    erase(lease);
  } else if (job->stop == StopReason::kLeaseLost || outrun) {
    give_back(*job, outrun ? wire::ReleaseReason::kOutage : job->release);
  } else {
    finish(*job, std::move(event.item), std::move(event.verdict), std::move(event.diff));
  }
  start_pending();
}

// ------------------------------------------------------------------------------------------- log

void SessionCore::on(SlotOutput& event) {
  Job* job = find(event.lease);
  const uint64_t cost = event.bytes.empty() ? 0 : event.bytes.size() + kOutputCallCost;
  if (job == nullptr || job->phase != Phase::kRunning || job->log_closed) {
    if (cost > 0) act(OutputKept{event.lease, cost});
    return;
  }
  job->log.output(event);
  logged(*job);
}

void SessionCore::on(SlotProgress& event) {
  Job* job = find(event.lease);
  if (job == nullptr || job->phase != Phase::kRunning || job->log_closed) return;
  job->log.progress(event);
  logged(*job);
}

void SessionCore::logged(Job& job) {
  if (job.log_due == kNever) job.log_due = now_ + static_cast<MonoMs>(options_.batch_ms);
  if (job.log.unsent_bytes() >= options_.batch_bytes) job.log_due = now_;
}

void SessionCore::flush_log(Job& job) {
  if (job.phase == Phase::kPending || job.phase == Phase::kReleasing || job.log_closed) return;
  if (job.log.has_sent() && now_ >= job.log_retry) {
    job.log_stalls = job.log_answered && !job.log_advanced ? job.log_stalls + 1 : 0;
    if (job.log_stalls >= kLogStallsMax) {
      act(Notice{true, "broker takes no more of a job's log", std::to_string(job.lease.job)});
      return close_log(job);
    }
    job.log_answered = job.log_advanced = false;
    job.log.rewind();
    job.log_due = now_;
  }
  const bool due = now_ >= job.log_due || job.phase != Phase::kRunning;
  if (!due || !job.log.has_unsent()) return;
  job.log_due = kNever;
  while (job.log.has_unsent()) {
    send(Kind::kEvents, wire::PutEvents{options_.session, job.lease, job.log.take_batch()},
         {job.lease});
  }
  job.log_retry = now_ + static_cast<MonoMs>(options_.retry_ms);
}

void SessionCore::on_message(wire::EventsKept& m) {
  Job* job = find(m.lease);
  if (job == nullptr) return;
  if (m.stale) {
    // For a finished job the answer to its result tells what to do with it.
    if (job->phase == Phase::kRunning) return lose(*job);
    return close_log(*job);
  }
  const size_t before = job->log.size();
  const uint64_t cost = job->log.ack(m.offsets);
  job->log_answered = true;
  if (job->log.size() < before) {
    job->log_advanced = true;
    job->log_retry = now_ + static_cast<MonoMs>(options_.retry_ms);
  }
  if (cost > 0 && job->phase == Phase::kRunning) act(OutputKept{m.lease, cost});
}

void SessionCore::close_log(Job& job) {
  const uint64_t cost = job.log.clear();
  job.log_closed = true;
  job.log_due = job.log_retry = kNever;
  if (cost > 0 && job.phase == Phase::kRunning) act(OutputKept{job.lease, cost});
}

// --------------------------------------------------------------------- what the executor asks for

void SessionCore::on(SlotBase& event) {
  Job* job = find(event.lease);
  if (job == nullptr || job->phase != Phase::kRunning || job->stop != StopReason::kNone) {
    return act(AnswerBase{event.lease, stopping_error()});
  }
  job->base = Ask{std::move(event.commit), now_};
}

void SessionCore::on(SlotDelivery& event) {
  Job* job = find(event.lease);
  if (job == nullptr || job->phase != Phase::kRunning || job->stop != StopReason::kNone) {
    return act(AnswerDelivery{event.lease, stopping_error()});
  }
  if (planted(Bug::kGrantUnasked))
    return act(AnswerDelivery{event.lease, DeliveryAnswer{true, ""}});
  job->delivery = Ask{std::move(event.commit_oid), now_};
  if (job->log.has_unsent()) job->log_due = now_;
}

void SessionCore::on(SlotArtifact& event) {
  Job* job = find(event.lease);
  if (job == nullptr || job->phase != Phase::kRunning || job->stop != StopReason::kNone) {
    return act(AnswerArtifact{event.lease, stopping_error()});
  }
  job->artifact = ArtifactAsk{std::move(event), now_};
}

void SessionCore::flush_asks(Job& job) {
  const MonoMs again = now_ + static_cast<MonoMs>(options_.retry_ms);
  if (job.base && now_ >= job.base->due) {
    send(Kind::kBase, wire::BaseResolved{options_.session, job.lease, job.base->text}, {job.lease});
    job.base->due = again;
  }
  if (job.delivery && now_ >= job.delivery->due) {
    send(Kind::kDelivery, wire::AskDelivery{options_.session, job.lease, job.delivery->text},
         {job.lease});
    job.delivery->due = again;
  }
  if (job.artifact && now_ >= job.artifact->due) {
    const SlotArtifact& chunk = job.artifact->chunk;
    job.artifact->correlation = send(Kind::kArtifact,
                                     wire::PutArtifact{options_.session, job.lease, chunk.path,
                                                       chunk.offset, chunk.last, chunk.sha256},
                                     {job.lease}, {chunk.bytes});
    job.artifact->due = again;
  }
}

void SessionCore::on_message(wire::BaseKept& m) {
  Job* job = find(m.lease);
  if (job == nullptr || !job->base) return;
  if (m.commit.empty()) return lose(*job);
  job->base.reset();
  act(AnswerBase{m.lease, std::move(m.commit)});
}

void SessionCore::on_message(wire::Delivery& m) {
  Job* job = find(m.lease);
  if (job == nullptr || !job->delivery) return;
  job->delivery.reset();
  const bool stale = !m.granted && m.reason == "stale";
  act(AnswerDelivery{m.lease, DeliveryAnswer{m.granted, std::move(m.reason)}});
  if (stale) lose(*job);
}

void SessionCore::on_message(wire::ArtifactKept& m) {
  Job* job = find(m.lease);
  if (job == nullptr || !job->artifact) return;
  if (m.stale) return lose(*job);
  const ArtifactAsk& ask = *job->artifact;
  // A late answer to the chunk before must not pass for a refusal of this one.
  const bool newest = in_answer_to_ == ask.correlation;
  if (m.path != ask.chunk.path || (!newest && m.next_offset <= ask.chunk.offset)) return;
  job->artifact.reset();
  act(AnswerArtifact{m.lease, m.next_offset});
}

void SessionCore::refuse_asks(Job& job, const Error& error) {
  if (job.base) act(AnswerBase{job.lease, error});
  if (job.delivery) act(AnswerDelivery{job.lease, error});
  if (job.artifact) act(AnswerArtifact{job.lease, error});
  job.base.reset();
  job.delivery.reset();
  job.artifact.reset();
}

void SessionCore::on_job_failure(const Asked& asked, const wire::ErrorBody& body) {
  Job* job = find(asked.leases.front());
  if (job == nullptr) return;
  const bool retry = wire::error_info(body.code).retry;
  const Error error{body.code, body.detail, body.field};
  const MonoMs again = now_ + static_cast<MonoMs>(std::max(options_.retry_ms, body.retry_after_ms));
  if (asked.kind == Kind::kEvents) {
    if (retry) return;  // the repeat that is due anyway
    act(Notice{true, "broker refused a job's log", body.code + ": " + body.detail});
    close_log(*job);
  } else if (asked.kind == Kind::kBase && job->base) {
    job->base->due = again;
    if (retry) return;
    job->base.reset();
    act(AnswerBase{job->lease, error});
  } else if (asked.kind == Kind::kDelivery && job->delivery) {
    job->delivery->due = again;
    if (retry) return;
    job->delivery.reset();
    act(AnswerDelivery{job->lease, error});
  } else if (asked.kind == Kind::kArtifact && job->artifact) {
    job->artifact->due = again;
    if (retry && ++job->artifact->refusals < kArtifactRefusalsMax) return;
    job->artifact.reset();
    act(AnswerArtifact{job->lease, error});
  }
}

}  // namespace ghost::runner
