#include "broker/core.h"

#include <algorithm>

#include "broker/core_impl.h"
#include "wire/envelope.h"

namespace ghost::broker {

Core::Core(const CoreOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Core::~Core() = default;

void Core::step(Now now, Event&& event, Actions* out) {
  impl_->step(now, std::move(event), out);
}
std::optional<MonoMs> Core::next_deadline(Now now) const {
  return impl_->next_deadline(now);
}

Core::Impl::Impl(const CoreOptions& o)
    : options(o),
      hash(o.hash_key),
      registry({.first_revision = std::max<uint64_t>(o.epoch, 1)}),
      next_no(std::max<JobNo>(o.next_job_no, 1)) {
  runners.acquire_set({});  // what most jobs require, kept for ever
  lanes.make("default");
}

void Core::Impl::step(Now at, Event&& event, Actions* actions) {
  now = at;
  out = actions;
  if (!started) first_step();
  std::visit([this](auto& e) { on(e); }, event);
  out = nullptr;
}

void Core::Impl::on(event::FromClient& e) {
  std::visit([&](auto& m) { on_message(e, m); }, e.request);
}

void Core::Impl::on(const event::FromRunner& e) {
  std::visit([&](const auto& m) { on_message(e, m); }, e.request);
}

void Core::Impl::on(const event::Stalled& e) {
  if (!planted(Bug::kStallNotCounted)) stalled_ms += std::max<int64_t>(e.ms, 0);
}

void Core::Impl::on(const event::Tick& e) {
  if (e.drained || planted(Bug::kEarlyExpiry)) {
    expire_leases();
    expire_runners();
    registry.expire(lease_now(), kDueMax);
  }
  wake_jobs();
  meet_deadlines();
  settle();
  dispatch();
  forget_jobs();
  marks.clear();
}

// When something is due by itself. Wall-clock times are looked at every second at least, since that
// clock may be set.
std::optional<MonoMs> Core::Impl::next_deadline(Now at) const {
  std::optional<MonoMs> next;
  const auto take = [&](MonoMs t) { next = std::min(next.value_or(t), t); };
  const auto take_wall = [&](WallMs t) {
    take(at.mono + std::clamp<int64_t>(t - at.wall, 0, kWallPollMs));
  };
  if (!settling.empty() || !doomed.empty() || !due_to_forget.empty() || more_to_dispatch) {
    take(at.mono);
  }
  if (!expiries.empty()) take(expiries.begin()->first + stalled_ms);
  if (!silences.empty()) take(silences.begin()->first + stalled_ms);
  if (const auto t = registry.next_deadline()) take(*t + stalled_ms);
  if (!backoffs.empty()) take(backoffs.begin()->first);
  if (!not_befores.empty()) take_wall(not_befores.begin()->first);
  if (!deadlines.empty()) take_wall(deadlines.begin()->first);
  if (!finished.empty() && retained - held_back.size() > options.retained_jobs_max) take(at.mono);
  if (options.retention_ms > 0 && !finished.empty()) {
    if (const JobRow* row = jobs.find(finished.front())) take_wall(row->at + options.retention_ms);
  }
  return next;
}

void Core::Impl::expire_leases() {
  const MonoMs limit = lease_now();
  for (size_t i = 0; i < kDueMax && !expiries.empty(); ++i) {
    const auto [listed, no] = *expiries.begin();
    if (listed > limit) return;
    JobRow& row = *jobs.find(no);
    Lease& lease = *row.lease();
    expiries.erase(expiries.begin());
    if (lease.expires > limit) {
      lease.listed_at = lease.expires;
      expiries.emplace(lease.listed_at, no);
      continue;
    }
    lease.listed_at = 0;
    if (planted(Bug::kLostRequeue)) continue;
    ++count.leases_expired;
    Runner* const runner = lease.runner == kNone ? nullptr : &runners.at(lease.runner);
    // Only a runner that was heard of long after the job was sent can be known not to have it: one
    // that fell silent with the job may have fallen because of it.
    const MonoMs heard_by = lease.expires - options.lease_ms + options.heartbeat_ms;
    if (runner && runner->alive() && runner->last_seen >= heard_by &&
        lease.job_seq > runner->last_job_seq) {
      attempt_ended(row, Attempt::kGivenBack, "the job never reached its runner");
    } else {
      attempt_ended(row, Attempt::kCounts, "the lease expired");
    }
  }
}

void Core::Impl::expire_runners() {
  const MonoMs limit = lease_now();
  for (size_t i = 0; i < kDueMax && !silences.empty(); ++i) {
    const auto [listed, id] = *silences.begin();
    if (listed > limit) return;
    silences.erase(silences.begin());
    Runner& runner = runners.at(id);
    runner.listed_at = 0;
    MonoMs due = runner.last_seen + options.lease_ms;
    if (due <= limit && runner.alive()) {
      runner.lost = true;
      ++count.runners_lost;
      runners.update(&runner);
    }
    if (due <= limit) due = runner.last_seen + std::max(kRunnerKeepMs, options.lease_ms);
    const bool kept = runner.settings.drain || runner.settings.slots != 0;
    if (due <= limit && !kept && runner.leases.empty()) {
      out->persist.push_back(persist::DeleteRunner{runner.instance()});
      runners.forget(&runner);
      continue;
    }
    runner.listed_at = due > limit ? due : limit + kRunnerKeepMs;
    silences.emplace(runner.listed_at, id);
  }
}

void Core::Impl::wake_jobs() {
  for (size_t i = 0; i < kDueMax && !backoffs.empty(); ++i) {
    const auto [due, no] = *backoffs.begin();
    if (due > now.mono) break;
    backoffs.erase(backoffs.begin());
    JobRow& row = *jobs.find(no);
    row.extra->backoff_until = 0;
    enqueue(row);
  }
  for (size_t i = 0; i < kDueMax && !not_befores.empty(); ++i) {
    const auto [due, no] = *not_befores.begin();
    if (due > now.wall) break;
    not_befores.erase(not_befores.begin());
    enqueue(*jobs.find(no));
  }
}

void Core::Impl::meet_deadlines() {
  for (size_t i = 0; i < kDueMax && !deadlines.empty(); ++i) {
    const auto [due, no] = *deadlines.begin();
    if (due > now.wall) break;
    deadlines.erase(deadlines.begin());
    JobRow& row = *jobs.find(no);
    const JobStatus* known = row.extra->status.get();
    // A delivery that was granted is not taken back; a cancel that came first is no expiry.
    if (known && (known->delivering || known->flag)) continue;
    if (row.state == wire::JobState::kQueued) {
      finish(row, wire::Outcome::kExpired, "past its deadline");
    } else {
      flag(row, wire::CancelReason::kExpired);
    }
  }
}

void Core::Impl::forget_jobs() {
  persist::ForgetJobs gone;
  const auto take = [&](std::deque<JobNo>* from) {
    const JobNo no = from->front();
    from->pop_front();
    JobRow* const row = jobs.find(no);
    if (!row) return;
    if (standing.contains(no)) {
      held_back.insert(no);
      return;
    }
    gone.nos.push_back(no);
    forget(row);
  };
  while (gone.nos.size() < kForgetMax && !due_to_forget.empty()) take(&due_to_forget);
  for (size_t looked = 0; looked < kDueMax && gone.nos.size() < kForgetMax; ++looked) {
    if (finished.empty()) break;
    const JobRow* row = jobs.find(finished.front());
    const bool old = options.retention_ms > 0 && row && row->at + options.retention_ms <= now.wall;
    // Those held back count as kept, but are not what more room is made of.
    const bool many = retained - held_back.size() > options.retained_jobs_max;
    if (row && !old && !many) break;
    take(&finished);
  }
  if (gone.nos.empty()) return;
  count.forgotten += gone.nos.size();
  out->persist.push_back(std::move(gone));
}

void Core::Impl::forget(JobRow* row) {
  base_of.erase(row->no);
  --retained;
  jobs.erase(row);
}

void Core::Impl::reply(const Peer& to, uint64_t correlation, Reply message) {
  out->send.push_back(send::Message{to, correlation, std::move(message)});
}

void Core::Impl::refuse(const Peer& to, uint64_t correlation, std::string code, std::string detail,
                        std::string field, uint64_t retry_after_ms) {
  const Error error{std::move(code), std::move(detail), std::move(field)};
  reply(to, correlation, wire::Failure{wire::failure_body(error, retry_after_ms)});
}

void Core::Impl::audit(const std::string& actor, const std::string& action,
                       const std::string& subject, const std::string& detail) {
  out->persist.push_back(persist::Audit{{now.wall, actor, action, subject, detail}});
}

}  // namespace ghost::broker
