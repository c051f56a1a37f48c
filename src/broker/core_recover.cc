// After a start: the tables from what the store kept. Every lease gets one full TTL.
#include <algorithm>

#include "base/check.h"
#include "broker/core_impl.h"

namespace ghost::broker {

void Core::recover(const wire::Repo& repo) {
  impl_->repos[impl_->repo_id(repo.name)].repo = repo;
}

void Core::recover(const wire::Lane& lane) {
  if (Lane* known = impl_->lanes.make(lane.name)) {
    known->as_set = lane;
    impl_->lanes.configure(known);
  }
}

void Core::recover(const RunnerSettings& settings) {
  if (Runner* runner = impl_->runners.make(settings.instance)) runner->settings = settings;
}

void Core::recover(const RecoveredJob& job, Now now) {
  impl_->recover(job, now);
}

void Core::recover(const wire::Instance& instance, Now now) {
  impl_->registry.recover(instance, now.mono);
}

// Runners are given time to come back, and jobs that finished are forgotten oldest first.
void Core::Impl::first_step() {
  started = true;
  for (const auto& [name, id] : runners.by_instance()) {
    Runner& runner = runners.at(id);
    runner.last_seen = lease_now();
    runner.listed_at = runner.last_seen + options.lease_ms;
    silences.emplace(runner.listed_at, id);
  }
  if (options.restored) give_back_leases();
  std::stable_sort(finished.begin(), finished.end(),
                   [&](JobNo a, JobNo b) { return jobs.find(a)->at < jobs.find(b)->at; });
}

// After a restore no lease of the backup's time stands: what comes under its fencing token is
// stale. One that is flagged waits for its end, when nothing of it can run any more.
void Core::Impl::give_back_leases() {
  std::vector<JobNo> held;
  for (const auto& [at, no] : expiries) held.push_back(no);
  for (const JobNo no : held) {
    JobRow& row = *jobs.find(no);
    if (!row.lease()) continue;
    row.lease()->left_behind = status(row).flag.has_value();
    if (row.lease()->left_behind) continue;
    attempt_ended(row, Attempt::kGivenBack, "the broker was restored from a backup");
  }
}

void Core::Impl::recover(const RecoveredJob& job, Now at) {
  GHOST_CHECK(!started);
  now = at;
  const wire::Submission& s = job.spec.submission;
  next_no = std::max(next_no, job.spec.no + 1);
  Foundation on{job.spec.depends_on_nos, job.spec.base_job_no, kNone, ""};
  if (s.repo) {
    on.repo = repo_id(*s.repo);
  } else if (const JobRow* base = jobs.find(on.base)) {
    on.repo = base->repo;
  } else {
    on.repo = repo_id("");  // the base is gone, and with it the repository's name
  }
  const Hash128 key = s.idempotency_key ? hash('k', s.tenant, *s.idempotency_key) : Hash128{};
  JobRow& row = *jobs.insert(job.spec.no, hash('i', s.tenant, s.id), key);
  row.request = hash(s.request_hash).lo;
  if (is_terminal(job.status.state)) {
    row.repo = on.repo;
    row.state = job.status.state;
    row.set_won(job.status.token);
    row.at = job.status.completed_ms;
    if (on.base != 0) base_of[row.no] = on.base;
    finished.push_back(row.no);
    ++retained;
    return;
  }
  const auto queue = acquire_queue(s);
  GHOST_CHECK(queue);
  fill_row(row, s, on, *queue);
  row.at = job.spec.accepted_ms;
  recover_unfinished(row, job);
  const bool whole =
      chain_is_kept(on.base) &&
      std::all_of(on.deps.begin(), on.deps.end(), [&](JobNo dep) { return jobs.find(dep); });
  if (!whole) doomed.emplace_back(row.no, "a job that it depends on is no longer kept");
}

void Core::Impl::recover_unfinished(JobRow& row, const RecoveredJob& job) {
  const JobStatus& kept = job.status;
  const bool fresh = kept.dispatches == 0 && kept.version == 1;
  if (!fresh) row.more().status = std::make_unique<JobStatus>(kept);
  row.state = kept.state;
  Lane& lane = lanes.lane_of(row);
  if (kept.state == wire::JobState::kQueued) {
    if (kept.backoff_until_ms > now.wall) {
      const int64_t wait = std::min(kept.backoff_until_ms - now.wall, options.backoff_ms_max);
      row.extra->backoff_until = now.mono + wait;
    }
    ++queued;
    ++lane.queued;
    ++runners.set(lanes.set_of(row)).waiting;
    enqueue(row);
    return;
  }
  auto lease = std::make_unique<Lease>();
  lease->from_earlier_epoch = true;
  lease->expires = lease->listed_at = lease_now() + options.lease_ms;
  expiries.emplace(lease->listed_at, row.no);
  if (Runner* runner = runners.make(kept.runner)) {
    lease->runner = runner->id;
    runner->leases.insert(row.no);
  }
  row.extra->lease = std::move(lease);
  ++leased;
  ++lane.leased;
}

}  // namespace ghost::broker
