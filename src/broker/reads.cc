#include "broker/reads.h"

#include "broker/views.h"

namespace ghost::broker {
namespace {

constexpr size_t kRunnerJobIdsMax = 4096;  // in one answer about runners

}  // namespace

Reads::Reads(const Core& core, Store& store, Facts facts,
             std::function<void(std::vector<wire::Metric>*)> metrics)
    : core_(core), store_(store), facts_(std::move(facts)), metrics_(std::move(metrics)) {}

std::optional<wire::Frames> Reads::answer(uint64_t correlation, const ReadRequest& request, Now now,
                                          bool final) {
  now_ = now;
  final_ = final;
  Answer made = std::visit([&](const auto& m) { return on(correlation, m); }, request);
  if (!made) return wire::pack_failure(correlation, made.error());
  return std::move(*made);
}

wire::Frames Reads::job(uint64_t correlation, JobNo no, Now now) {
  now_ = now;
  Result<StoredJob> stored = store_.job(no);
  if (!stored) return wire::pack_failure(correlation, stored.error());
  Result<wire::Frames> frames = job_message(correlation, *stored);
  return frames ? std::move(*frames) : wire::pack_failure(correlation, frames.error());
}

uint64_t Reads::wait_ms(const ReadRequest& request) {
  if (const auto* m = std::get_if<wire::GetJob>(&request)) return m->wait_ms;
  if (const auto* m = std::get_if<wire::GetEvents>(&request)) return m->wait_ms;
  if (const auto* m = std::get_if<wire::ListInstances>(&request)) return m->wait_ms;
  return 0;
}

JobNo Reads::job_of(const ReadRequest& request) const {
  if (const auto* m = std::get_if<wire::GetJob>(&request)) {
    return core_.find_job(m->tenant, m->id).value_or(0);
  }
  if (const auto* m = std::get_if<wire::GetEvents>(&request)) {
    return core_.find_job(m->tenant, m->id).value_or(0);
  }
  return 0;
}

Result<JobNo> Reads::find(const std::string& tenant, const std::string& id) const {
  if (const std::optional<JobNo> no = core_.find_job(tenant, id)) return *no;
  return Error{"not_found", "no job " + id, "id"};
}

Result<wire::Frames> Reads::job_message(uint64_t c, const StoredJob& job) {
  Blob verdict = make_blob("");
  if (is_terminal(job.status.state)) {
    Result<Blob> stored = store_.verdict(job.spec.no);
    if (!stored) return stored.error();
    verdict = std::move(*stored);
  }
  return wire::pack(c, wire::Job{view_of(job, core_, now_)}, {std::move(verdict)});
}

Reads::Answer Reads::on(uint64_t c, const wire::Hello& m) {
  const std::optional<uint64_t> protocol = wire::choose_protocol(m.protocols);
  if (!protocol) return wire::no_common_protocol(m.protocols);
  wire::Welcome welcome{facts_.epoch, GHOST_VERSION, facts_.limits, {}, *protocol, true};
  if (facts_.move) welcome.move = facts_.move();
  return {wire::pack(c, welcome)};
}

Reads::Answer Reads::on(uint64_t c, const wire::GetJob& m) {
  const Result<JobNo> no = find(m.tenant, m.id);
  if (!no) return no.error();
  Result<StoredJob> job = store_.job(*no);
  if (!job) return job.error();
  const bool newer = m.after_version > 0 && job->status.version > m.after_version;
  if (!final_ && !newer && !is_terminal(job->status.state)) return {std::nullopt};
  Result<wire::Frames> frames = job_message(c, *job);
  if (!frames) return frames.error();
  return {std::move(*frames)};
}

Reads::Answer Reads::on(uint64_t c, const wire::ListJobs& m) {
  JobFilter filter;
  filter.tenant = m.tenant;
  filter.states = m.states;
  filter.labels = m.labels;
  filter.repo = m.repo;
  filter.lane = m.lane;
  filter.since_ms = m.since_ms;
  filter.until_ms = m.until_ms;
  filter.cursor = m.cursor;
  filter.limit = m.limit;
  const Result<JobPage> page = store_.list(filter);
  if (!page) return page.error();
  wire::Jobs jobs;
  jobs.items.reserve(page->items.size());
  for (const StoredJob& job : page->items) jobs.items.push_back(view_of(job, core_, now_));
  jobs.next_cursor = page->next_cursor;
  return {wire::pack(c, jobs)};
}

Reads::Answer Reads::on(uint64_t c, const wire::GetEvents& m) {
  const Result<JobNo> no = find(m.tenant, m.id);
  if (!no) return no.error();
  uint64_t after = m.after_seq;
  bool lost_place = false;
  if (!m.after_id.empty()) {
    const Result<uint64_t> seq = store_.event_seq(*no, m.after_id);
    if (!seq && seq.error().code != "not_found") return seq.error();
    // An event that is not kept: from the beginning, and said so.
    lost_place = !seq.ok();
    after = seq ? *seq : 0;
  }
  Result<EventWindow> window = store_.events(*no, after, m.bytes_max, m.streams);
  if (!window) return window.error();
  const Result<StoredJob> job = store_.job(*no);
  if (!job) return job.error();
  wire::Events events;
  events.items = std::move(window->items);
  events.last_seq = window->last_seq;
  events.done = !window->more && is_terminal(job->status.state);
  events.gap = window->gap || lost_place;
  const bool news = !events.items.empty() || events.done || window->more || events.gap;
  if (!final_ && !news) return {std::nullopt};
  return {wire::pack(c, events)};
}

Reads::Answer Reads::on(uint64_t c, const wire::GetBlob& m) {
  const Result<JobNo> no = find(m.tenant, m.id);
  if (!no) return no.error();
  Result<StoredBlob> blob = store_.blob(*no, m.name, m.offset, m.bytes_max);
  if (!blob) return blob.error();
  return {wire::pack(c, wire::BlobSlice{blob->size, blob->sha256},
                     {make_blob(std::move(blob->bytes))})};
}

Reads::Answer Reads::on(uint64_t c, const wire::ListInstances& m) {
  if (!final_ && core_.registry_revision() <= m.after_revision) return {std::nullopt};
  return {wire::pack(c, core_.instances(m, now_))};
}

Reads::Answer Reads::on(uint64_t c, const wire::ListRunners&) {
  wire::Runners runners{core_.runners(now_)};
  size_t ids = 0;
  for (wire::RunnerView& runner : runners.items) {
    for (const JobNo no : core_.jobs_of(runner.id)) {
      if (++ids > kRunnerJobIdsMax) break;
      const Result<StoredJob> job = store_.job(no);
      if (!job) return job.error();
      runner.jobs.push_back(job->spec.submission.id);
    }
  }
  return {wire::pack(c, runners)};
}

Reads::Answer Reads::on(uint64_t c, const wire::ListRepos&) {
  return {wire::pack(c, wire::Repos{core_.repos()})};
}

Reads::Answer Reads::on(uint64_t c, const wire::ListLanes&) {
  return {wire::pack(c, wire::Lanes{core_.lanes()})};
}

Reads::Answer Reads::on(uint64_t c, const wire::GetStats&) {
  wire::Stats stats{core_.metrics(now_), facts_.limits, facts_.epoch};
  metrics_(&stats.metrics);
  return {wire::pack(c, stats)};
}

Reads::Answer Reads::on(uint64_t c, const wire::GetDemand&) {
  return {wire::pack(c, core_.demand(now_))};
}

Reads::Answer Reads::on(uint64_t c, const wire::ListAudit& m) {
  Result<std::vector<wire::AuditEntry>> entries = store_.audit(m.limit);
  if (!entries) return entries.error();
  return {wire::pack(c, wire::Audit{std::move(*entries)})};
}

}  // namespace ghost::broker
