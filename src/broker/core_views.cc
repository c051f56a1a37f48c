// What reads see.
#include "broker/core_impl.h"
#include "wire/isolation.h"

namespace ghost::broker {
namespace {

using wire::MetricType;

wire::Metric metric(std::string name, std::string help, MetricType type, double value,
                    std::map<std::string, std::string> labels = {}) {
  return {std::move(name), std::move(help), type, std::move(labels), value};
}

wire::InstanceState state_of(const Runner& runner) {
  if (!runner.alive()) return wire::InstanceState::kLost;
  return runner.leaving() ? wire::InstanceState::kDraining : wire::InstanceState::kReady;
}

std::string text_of(const Labels& labels) {
  std::string out;
  for (const auto& [label, value] : labels) {
    if (!out.empty()) out += ",";
    out += label + "=" + value;
  }
  return out;
}

}  // namespace

bool Core::is_idle() const {
  return impl_->queued + impl_->leased == 0;
}

std::optional<wire::Waiting> Core::waiting(JobNo no, Now now) const {
  return impl_->waiting(no, now);
}

const wire::Repo* Core::repo(const std::string& name) const {
  const auto known = impl_->repo_ids.find(name);
  if (known == impl_->repo_ids.end()) return nullptr;
  const RepoEntry& entry = impl_->repos[known->second];
  return entry.repo ? &*entry.repo : nullptr;
}

std::vector<wire::Repo> Core::repos() const {
  std::vector<wire::Repo> out;
  for (const auto& [name, id] : impl_->repo_ids) {
    if (impl_->repos[id].repo) out.push_back(*impl_->repos[id].repo);
  }
  return out;
}

std::vector<wire::Lane> Core::lanes() const {
  std::vector<wire::Lane> out;
  for (const auto& [name, lane] : impl_->lanes.lanes()) out.push_back(impl_->view(*lane));
  return out;
}

std::vector<wire::RunnerView> Core::runners(Now) const {
  return impl_->runner_views();
}

std::vector<JobNo> Core::jobs_of(const std::string& instance) const {
  const Runner* runner = impl_->runners.find(instance);
  if (!runner) return {};
  return {runner->leases.begin(), runner->leases.end()};
}

wire::Instances Core::instances(const wire::ListInstances& request, Now) const {
  return {impl_->registry.list(request.service, request.ready_only), impl_->registry.revision()};
}

uint64_t Core::registry_revision() const {
  return impl_->registry.revision();
}

std::vector<wire::Metric> Core::metrics(Now now) const {
  return impl_->metrics(now);
}

std::vector<wire::RunnerView> Core::Impl::runner_views() const {
  std::vector<wire::RunnerView> views;
  for (const auto& [name, id] : runners.by_instance()) {
    const Runner& runner = runners.at(id);
    views.push_back({name,
                     runner.host,
                     runner.version,
                     runner.labels,
                     runner.slots(),
                     runner.leases.size(),
                     state_of(runner),
                     {},
                     runner.dispatched,
                     runner.last_seen_at,
                     runner.limits});
  }
  return views;
}

std::optional<wire::Waiting> Core::Impl::waiting(JobNo no, Now at) const {
  const JobRow* const row = jobs.find(no);
  if (!row || row->state != wire::JobState::kQueued) return std::nullopt;
  if (const JobExtra* extra = row->extra.get()) {
    for (const JobNo dep : extra->waits > 0 ? extra->deps : std::vector<JobNo>{}) {
      const JobRow* const on = jobs.find(dep);
      if (!on || on->state == wire::JobState::kSucceeded) continue;
      const std::string& id = standing.at(dep).id;
      return wire::Waiting{"dependency", "waits for job " + id, {}, id};
    }
    if (extra->not_before > at.wall) {
      return wire::Waiting{
          "not_before", "not before " + format_rfc3339(extra->not_before), extra->not_before, {}};
    }
    if (extra->backoff_until > at.mono) {
      const WallMs until = at.wall + (extra->backoff_until - at.mono);
      return wire::Waiting{"backoff", "tried again at " + format_rfc3339(until), until, {}};
    }
  }
  return waiting_for_runner(*row);
}

wire::Waiting Core::Impl::waiting_for_runner(const JobRow& row) const {
  const TenantQueue& queue = lanes.queue(row.queue);
  const Lane& lane = *queue.set->lane;
  const std::string& name = lane.as_set.name;
  if (lane.as_set.paused) return {"lane_paused", "lane " + name + " is paused", {}, {}};
  if (lane.full()) {
    return {"lane_full",
            "lane " + name + " runs " + std::to_string(lane.leased) + " jobs, its limit is " +
                std::to_string(lane.as_set.limit),
            {},
            {}};
  }
  if (runners.alive() == 0) return {"no_runner", "no runner is registered", {}, {}};
  const LabelSet& set = runners.set(queue.set->set);
  if (set.runners == 0) {
    const auto* missing = runners.missing_label(queue.set->set);
    if (!missing) {
      Labels wanted = set.labels;
      if (runners.lacks_isolation_only(queue.set->set)) {
        wanted.emplace(wire::kIsolationLabel, "full");  // what it did not ask less of
      }
      return {"no_matching_runner", "no runner has all of " + text_of(wanted), {}, {}};
    }
    return {"no_matching_runner",
            "no runner has label " + missing->first + "=" + missing->second,
            {},
            {}};
  }
  if (set.free.empty()) {
    return {"no_free_slot",
            std::to_string(set.runners) + " runners fit, none has a free slot and takes jobs",
            {},
            {}};
  }
  return {"next", "is given out in its turn", {}, {}};
}

std::vector<wire::Metric> Core::Impl::metrics(Now at) const {
  std::vector<wire::Metric> all;
  const auto gauge = [&](const char* name, const char* help, uint64_t value,
                         std::map<std::string, std::string> labels = {}) {
    all.push_back(
        metric(name, help, MetricType::kGauge, static_cast<double>(value), std::move(labels)));
  };
  const auto counter = [&](const char* name, const char* help, uint64_t value,
                           std::map<std::string, std::string> labels = {}) {
    all.push_back(
        metric(name, help, MetricType::kCounter, static_cast<double>(value), std::move(labels)));
  };
  for (const auto& [name, lane] : lanes.lanes()) {
    gauge("ghost_jobs_queued", "Jobs that wait, by lane.", lane->queued, {{"lane", name}});
  }
  for (const auto& [name, lane] : lanes.lanes()) {
    gauge("ghost_jobs_leased", "Jobs that a runner holds, by lane.", lane->leased,
          {{"lane", name}});
  }
  for (const auto& [key, id] : runners.sets()) {
    const LabelSet& set = runners.set(id);
    if (set.waiting == 0 && !set.labels.empty()) continue;
    gauge("ghost_jobs_waiting", "Jobs that wait, by the labels that they require of a runner.",
          set.waiting, {{"requires", text_of(set.labels)}});
  }
  const wire::Demand wanted = demand(at);
  for (const wire::DemandItem& item : wanted.items) {
    all.push_back(metric("ghost_job_oldest_wait_seconds",
                         "Age of the oldest job that a free slot could take, by labels required.",
                         MetricType::kGauge, static_cast<double>(item.oldest_wait_ms) / 1000,
                         {{"requires", text_of(item.requires_)}}));
  }
  gauge("ghost_jobs_retained", "Finished jobs that are still known.", retained);
  std::map<wire::InstanceState, uint64_t> by_state;
  uint64_t slots = 0;
  for (const auto& [name, id] : runners.by_instance()) {
    const Runner& runner = runners.at(id);
    ++by_state[state_of(runner)];
    if (runner.alive()) slots += runner.slots();
  }
  for (const auto state :
       {wire::InstanceState::kReady, wire::InstanceState::kDraining, wire::InstanceState::kLost}) {
    gauge("ghost_runners", "Runners by state.", by_state[state],
          {{"state", std::string(to_string(state))}});
  }
  gauge("ghost_runner_slots", "Slots of the runners that are there.", slots);
  gauge("ghost_runner_credits", "Free slots of the runners that take jobs.", wanted.free_slots);
  gauge("ghost_leases", "Leases that are out.", leased);
  for (const auto& [state, instances] : registry.count_by_state()) {
    gauge("ghost_registry_instances", "Instances in the registry by state.", instances,
          {{"state", std::string(to_string(state))}});
  }
  const char* submitted = "Submissions by what became of them.";
  counter("ghost_submissions_total", submitted, count.accepted, {{"status", "accepted"}});
  counter("ghost_submissions_total", submitted, count.existing, {{"status", "existing"}});
  counter("ghost_submissions_total", submitted, count.refused, {{"status", "refused"}});
  for (const auto& [outcome, jobs_] : count.finished) {
    counter("ghost_jobs_finished_total", "Jobs that reached their end, by outcome.", jobs_,
            {{"outcome", std::string(to_string(outcome))}});
  }
  counter("ghost_dispatches_total", "Jobs given to runners.", count.dispatches);
  counter("ghost_retries_total", "Jobs queued again after a counted attempt.", count.retries);
  counter("ghost_attempts_returned_total", "Attempts given back uncounted.",
          count.attempts_returned);
  counter("ghost_leases_expired_total", "Leases that ran out.", count.leases_expired);
  counter("ghost_jobs_unsent_total", "Jobs whose runner could not be reached.", count.unsent);
  counter("ghost_results_stale_total", "Results refused for their old fencing token.",
          count.results_stale);
  counter("ghost_results_unknown_total", "Results of jobs that are not known.",
          count.results_unknown);
  counter("ghost_delivery_grants_total", "Delivery grants given.", count.grants);
  counter("ghost_cancels_total", "Cancels that were taken.", count.cancels);
  counter("ghost_registrations_total", "Registrations of runners.", count.registrations);
  counter("ghost_heartbeats_total", "Heartbeats of runners.", count.heartbeats);
  counter("ghost_runners_lost_total", "Runners that fell silent.", count.runners_lost);
  counter("ghost_output_bytes_total", "Output of gates that was kept.", count.event_bytes);
  counter("ghost_jobs_forgotten_total", "Finished jobs removed by retention.", count.forgotten);
  count.wait_seconds.append_to(&all);
  count.run_seconds.append_to(&all);
  count.overhead_seconds.append_to(&all);
  return all;
}

}  // namespace ghost::broker
