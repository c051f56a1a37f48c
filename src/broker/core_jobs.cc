// A job's transitions. Each is written down before anyone hears of it: the status, an event, and
// once terminal the result.
#include <algorithm>

#include "broker/core_impl.h"

namespace ghost::broker {
namespace {

constexpr auto kState = static_cast<size_t>(wire::Stream::kState);

void pack_str(const std::string& text, std::string* out) {
  const size_t size = std::min<size_t>(text.size(), UINT16_MAX);
  if (size < 32) {
    out->push_back(static_cast<char>(0xa0 | size));
  } else {
    out->push_back(static_cast<char>(0xda));
    out->push_back(static_cast<char>(size >> 8));
    out->push_back(static_cast<char>(size & 0xff));
  }
  out->append(text, 0, size);
}

// A msgpack map of one entry (msgpack specification: fixmap, fixstr, str 16).
std::string detail_of(const std::string& key, const std::string& value) {
  std::string out(1, static_cast<char>(0x81));
  pack_str(key, &out);
  pack_str(value, &out);
  return out;
}

wire::Outcome outcome_of(wire::CancelReason reason) {
  return reason == wire::CancelReason::kExpired ? wire::Outcome::kExpired
                                                : wire::Outcome::kCancelled;
}

std::string event_of(wire::JobState state) {
  std::string name(to_string(state));
  for (char& c : name) c = static_cast<char>(c | 0x20);
  return name;
}

}  // namespace

// With its first event written.
JobStatus fresh_status() {
  JobStatus status;
  status.next_event_seq = 2;
  status.offsets[kState] = 1;
  return status;
}

// The status of a job that had none of its own is what submit() wrote.
JobStatus& Core::Impl::status(JobRow& row) {
  JobExtra& extra = row.more();
  if (!extra.status) extra.status = std::make_unique<JobStatus>(fresh_status());
  return *extra.status;
}

void Core::Impl::keep(JobRow& row, bool visible) {
  JobStatus& current = status(row);
  if (visible) ++current.version;
  Marks& mark = marks[row.no];
  if (mark.status < out->persist.size()) {
    Persist& earlier = out->persist[mark.status];
    if (auto* insert = std::get_if<persist::InsertJob>(&earlier);
        insert && insert->spec->no == row.no) {
      insert->status = current;
      return;
    }
    if (auto* update = std::get_if<persist::UpdateJob>(&earlier); update && update->no == row.no) {
      update->status = current;
      return;
    }
  }
  mark.status = out->persist.size();
  out->persist.push_back(persist::UpdateJob{row.no, current});
}

// Gives the event its place in the job; `keep` must follow.
void Core::Impl::append(JobRow& row, wire::Event event) {
  event.seq = status(row).next_event_seq++;
  Marks& mark = marks[row.no];
  if (mark.events < out->persist.size()) {
    auto* earlier = std::get_if<persist::AppendEvents>(&out->persist[mark.events]);
    if (earlier && earlier->no == row.no) {
      earlier->events.push_back(std::move(event));
      return;
    }
  }
  mark.events = out->persist.size();
  out->persist.push_back(persist::AppendEvents{row.no, {}});
  std::get<persist::AppendEvents>(out->persist.back()).events.push_back(std::move(event));
}

void Core::Impl::note(JobRow& row, const std::string& type, const std::string& key,
                      const std::string& value) {
  JobStatus& current = status(row);
  wire::Event event;
  event.attempt = current.dispatches;
  event.stream = wire::Stream::kState;
  event.offset = current.offsets[kState]++;
  event.at = now.wall;
  event.type = type;
  if (!key.empty()) event.detail = detail_of(key, value);
  append(row, std::move(event));
}

// To where a queued job waits: for others, for its time, or for its turn.
void Core::Impl::enqueue(JobRow& row) {
  if (const JobExtra* extra = row.extra.get()) {
    if (extra->waits > 0) return;
    if (extra->not_before > now.wall) {
      not_befores.emplace(extra->not_before, row.no);
      return;
    }
    if (extra->backoff_until > now.mono) {
      backoffs.emplace(extra->backoff_until, row.no);
      return;
    }
  }
  lanes.push(&row);
}

void Core::Impl::unqueue(JobRow& row) {
  lanes.remove(&row);
  if (!row.extra) return;
  not_befores.erase({row.extra->not_before, row.no});
  backoffs.erase({row.extra->backoff_until, row.no});
}

void Core::Impl::extend(JobRow& row) {
  row.lease()->expires = lease_now() + options.lease_ms;
}

void Core::Impl::end_lease(JobRow& row) {
  Lease& lease = *row.lease();
  if (lease.listed_at != 0) expiries.erase({lease.listed_at, row.no});
  if (lease.runner != kNone) {
    Runner& runner = runners.at(lease.runner);
    runner.leases.erase(row.no);
    runners.update(&runner);
  }
  row.extra->lease.reset();
  --lanes.lane_of(row).leased;
  --leased;
}

int64_t Core::Impl::backoff_ms(const JobRow& row, uint64_t attempt) const {
  int64_t wait = options.backoff_ms_min;
  for (uint64_t i = 1; i < attempt && wait < options.backoff_ms_max; ++i) wait *= 2;
  wait = std::min(wait, options.backoff_ms_max);
  const uint64_t random = mix(options.seed, row.no * 1000 + attempt);
  return wait / 2 + static_cast<int64_t>(random % static_cast<uint64_t>(wait / 2 + 1));
}

// The one place that decides what follows an attempt that gave no result of the patch.
void Core::Impl::attempt_ended(JobRow& row, Attempt attempt, const std::string& why,
                               const Verdict& result) {
  JobStatus& current = status(row);
  if (current.flag) return finish_flagged(row, result);
  if (attempt == Attempt::kGivenBack) {
    ++count.attempts_returned;
    --current.attempt;
    return requeue(row, false, why);
  }
  if (current.attempt >= row.attempts_max) {
    return finish(row, wire::Outcome::kInfraError, why, result);
  }
  ++count.retries;
  requeue(row, true, why);
}

void Core::Impl::requeue(JobRow& row, bool backoff, const std::string& why) {
  end_lease(row);
  JobStatus& current = status(row);
  current.state = row.state = wire::JobState::kQueued;
  current.backoff_until_ms = 0;
  row.extra->backoff_until = 0;
  if (backoff) {
    const int64_t wait = backoff_ms(row, current.attempt);
    current.backoff_until_ms = now.wall + wait;
    row.extra->backoff_until = now.mono + wait;
  }
  note(row, "requeued", "reason", why);
  keep(row);
  ++queued;
  ++lanes.lane_of(row).queued;
  ++runners.set(lanes.set_of(row)).waiting;
  enqueue(row);
}

void Core::Impl::finish_flagged(JobRow& row, const Verdict& result) {
  const wire::CancelReason reason = *status(row).flag;
  finish(row, outcome_of(reason),
         reason == wire::CancelReason::kExpired ? "past its deadline" : "cancelled", result);
}

void Core::Impl::finish(JobRow& row, wire::Outcome outcome, const std::string& reason,
                        const Verdict& result) {
  if (row.state == wire::JobState::kLeased) {
    end_lease(row);
  } else {
    unqueue(row);
    --queued;
    --lanes.lane_of(row).queued;
    --runners.set(lanes.set_of(row)).waiting;
  }
  JobStatus& current = status(row);
  current.state = row.state = state_of(outcome);
  current.outcome = outcome;
  current.reason = reason;
  current.completed_ms = now.wall;
  current.backoff_until_ms = 0;
  if (result.item) {
    current.tree_oid = result.item->tree_oid;
    current.commit_oid = result.item->commit_oid;
    current.started_ms = result.item->started_ms;
    if (!planted(Bug::kResultNotKept)) {
      out->persist.push_back(persist::PutResult{row.no, result.verdict, result.diff});
    }
  } else {
    current.token = {};  // nobody's result: whatever still comes is stale
  }
  note(row, event_of(row.state), reason.empty() ? "" : "reason", reason);
  if (!planted(Bug::kResultNotKept)) keep(row);
  ++count.finished[outcome];

  JobExtra& extra = *row.extra;
  if (extra.deadline != 0) deadlines.erase({extra.deadline, row.no});
  if (const auto above = standing.find(row.no);
      above != standing.end() && !planted(Bug::kDependentsForgotten)) {
    const std::string& id = above->second.id;
    settling.push_back(
        {std::move(above->second.dependents), 0, row.state == wire::JobState::kSucceeded,
         "job " + id + ", which it depends on, is " + std::string(to_string(row.state))});
    above->second.dependents.clear();
  }
  for (const JobNo below : extra.pinned) unpin(below);
  --repos[row.repo].unfinished;
  release_queue(row);
  row.set_won(current.token);
  row.at = now.wall;
  row.extra.reset();
  finished.push_back(row.no);
  ++retained;
}

// Asks the holder to stop; the job ends when it confirms or when its lease does.
void Core::Impl::flag(JobRow& row, wire::CancelReason reason) {
  JobStatus& current = status(row);
  current.flag = reason;
  note(row, "cancel_requested", "reason", std::string(to_string(reason)));
  keep(row);
  const RunnerId holder = row.lease()->runner;
  if (holder == kNone || runners.at(holder).route.empty()) return;
  reply({Side::kRunners, runners.at(holder).route}, 0,
        wire::Cancel{{{ref_of(row.no, current.token), reason}}});
}

void Core::Impl::on_message(const event::FromClient& e, const wire::CancelJob& m) {
  JobRow* const row = jobs.find_id(hash('i', m.tenant, m.id));
  if (!row) return refuse(e.peer, e.correlation, "not_found", "no job " + m.id, "id");
  const auto answer = [&] { out->send.push_back(send::JobView{e.peer, e.correlation, row->no}); };
  if (row->state == wire::JobState::kCancelled) return answer();
  if (is_terminal(row->state)) {
    return refuse(e.peer, e.correlation, "conflict",
                  "the job is already " + std::string(to_string(row->state)));
  }
  const JobStatus* const known = row->extra ? row->extra->status.get() : nullptr;
  if (known && known->delivering) {
    return refuse(e.peer, e.correlation, "conflict", "the job's result is being delivered");
  }
  if (known && known->flag) return answer();
  ++count.cancels;
  audit(m.actor, "cancel", m.id, std::string(to_string(row->state)));
  if (row->state == wire::JobState::kQueued || planted(Bug::kCancelTooEarly)) {
    finish(*row, wire::Outcome::kCancelled, "cancelled");
  } else {
    flag(*row, wire::CancelReason::kCancelled);
  }
  answer();
}

// Tells dependents what became of the job that they waited for.
void Core::Impl::settle() {
  size_t budget = kDueMax;
  for (; budget > 0 && !doomed.empty(); --budget) {
    const auto [no, why] = std::move(doomed.front());
    doomed.pop_front();
    JobRow* const row = jobs.find(no);
    if (row && row->state == wire::JobState::kQueued) {
      finish(*row, wire::Outcome::kDependencyFailed, why);
    }
  }
  for (; budget > 0 && !settling.empty(); --budget) {
    Settling& of = settling.front();
    if (of.at == of.dependents.size()) {
      settling.pop_front();
      continue;
    }
    JobRow* const row = jobs.find(of.dependents[of.at++]);
    if (!row || row->state != wire::JobState::kQueued || row->extra->waits == 0) continue;
    if (!of.succeeded) {
      finish(*row, wire::Outcome::kDependencyFailed, std::string(of.reason));
    } else if (--row->extra->waits == 0) {
      enqueue(*row);
    }
  }
}

void Core::Impl::pin(JobNo no) {
  ++standing[no].pins;
}

void Core::Impl::unpin(JobNo no) {
  const auto at = standing.find(no);
  if (--at->second.pins > 0) return;
  standing.erase(at);
  if (held_back.erase(no) > 0) due_to_forget.push_back(no);
}

}  // namespace ghost::broker
