// Submission: one job for each key and id, checked against what is there, durable before its ack.
#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "broker/core_impl.h"

namespace ghost::broker {

void Core::Impl::on_message(const event::FromClient& e, wire::Submit& m) {
  if (e.payloads.size() != m.items.size()) {
    return refuse(e.peer, e.correlation, "bad_request",
                  "Submit: " + std::to_string(m.items.size()) + " items and " +
                      std::to_string(e.payloads.size()) + " payload frames");
  }
  send::Submitted answer{e.peer, e.correlation, {}, {}, m.view};
  answer.reply.items.reserve(m.items.size());
  out->submitted.clear();
  for (size_t i = 0; i < m.items.size(); ++i) {
    Submitted job;
    answer.reply.items.push_back(submit(m.items[i], e.payloads[i], nullptr, &job));
    const wire::SubmitAck& ack = answer.reply.items.back();
    const bool refused = ack.status == wire::SubmitStatus::kRefused;
    out->submitted.push_back(refused || is_terminal(*ack.state) ? 0 : job.no);
    if (ack.id.empty() || (m.view && !refused)) {
      answer.fills.push_back({i, job.no, std::move(job.spec)});
    }
  }
  if (answer.fills.empty()) return reply(e.peer, e.correlation, std::move(answer.reply));
  out->send.push_back(std::move(answer));
}

// A retry is a submission of its own; what it was is the store's to copy.
void Core::Impl::on(const event::Retry& e) {
  const JobRow* const of = jobs.find(e.of.no);
  if (!of) return refuse(e.peer, e.correlation, "not_found", "there is no such job");
  if (!is_terminal(of->state)) {
    return refuse(e.peer, e.correlation, "conflict", "the job is not finished yet");
  }
  wire::Submission again = e.of.submission;
  again.id = e.request.new_id;
  again.idempotency_key.reset();
  again.request_hash = sha256("retry of " + std::to_string(e.of.no));
  if (again.deadline_ms <= now.wall) again.deadline_ms = 0;
  Origin origin{e.of.no, e.of.submission.id, e.of.depends_on_nos, e.of.base_job_no};
  Submitted job;
  const wire::SubmitAck ack = submit(again, nullptr, &origin, &job);
  if (ack.error) {
    return reply(e.peer, e.correlation, wire::Failure{*ack.error});
  }
  if (ack.status == wire::SubmitStatus::kAccepted) {
    audit(e.request.actor, "retry", e.of.submission.id, "as " + e.request.new_id);
  }
  out->send.push_back(send::JobView{e.peer, e.correlation, job.no});
}

wire::SubmitAck Core::Impl::refused(const wire::Submission& s, std::string code, std::string detail,
                                    std::string field, uint64_t retry_after_ms) {
  ++count.refused;
  wire::SubmitAck ack;
  ack.status = wire::SubmitStatus::kRefused;
  ack.id = s.id;
  ack.error = wire::ErrorBody{std::move(code), std::move(detail), std::move(field), retry_after_ms};
  return ack;
}

// The same request under the same key or id is the same job, whatever has become of it. An empty id
// in the ack is the shell's to fill.
wire::SubmitAck Core::Impl::submit(wire::Submission& s, const Blob& payload, const Origin* retry,
                                   Submitted* job) {
  const Hash128 id = hash('i', s.tenant, s.id);
  const Hash128 key = s.idempotency_key ? hash('k', s.tenant, *s.idempotency_key) : Hash128{};
  const uint64_t request = hash(s.request_hash).lo;
  const auto existing = [&](const JobRow& row) {
    ++count.existing;
    job->no = row.no;
    return wire::SubmitAck{
        wire::SubmitStatus::kExisting, row.id == id ? s.id : "", row.state, {}, {}};
  };
  if (const JobRow* row = key && !planted(Bug::kKeyNotUnique) ? jobs.find_key(key) : nullptr) {
    if (row->request == request) return existing(*row);
    return refused(s, "key_reused", "the idempotency key belongs to another request",
                   "idempotencyKey");
  }
  if (const JobRow* row = jobs.find_id(id)) {
    const bool same_key = !key || jobs.key_of(*row) == key;
    if (row->request == request && same_key) return existing(*row);
    return refused(s, "id_conflict", "job " + s.id + " is another request", "id");
  }
  if (!retry && !payload) return refused(s, "bad_request", "the payload frame is missing");
  const uint64_t size = payload ? payload->size() : 0;
  if (size > options.payload_bytes_max) {
    return refused(s, "too_large",
                   "the request has " + std::to_string(size) + " bytes, at most " +
                       std::to_string(options.payload_bytes_max) + " are taken");
  }
  if (queued >= options.queued_jobs_max) {
    return refused(s, "queue_full", std::to_string(queued) + " jobs wait already", "",
                   kQueueFullRetryMs);
  }
  auto on = foundation(s, retry);
  if (!on) return refused(s, on.error().code, on.error().message, on.error().field);
  if (!quotas.empty()) {
    Quotas::Refusal over = quotas.take(s.tenant, size, lanes.unfinished(s.tenant), now.mono);
    if (!over.code.empty()) return refused(s, over.code, over.detail, "", over.retry_after_ms);
  }
  const auto queue = acquire_queue(s);
  if (!queue) {
    return refused(s, "queue_full", "too many different lanes or sets of required labels", "lane",
                   kQueueFullRetryMs);
  }

  const JobNo no = job->no = next_no++;
  JobRow& row = *jobs.insert(no, id, key);
  row.request = request;
  fill_row(row, s, *on, *queue);
  row.size_log2 = static_cast<uint8_t>(std::bit_width(size));
  ++count.accepted;
  persist::InsertJob insert;
  auto spec = std::make_shared<JobSpec>();
  spec->no = no;
  wire::SubmitAck ack{wire::SubmitStatus::kAccepted, s.id, wire::JobState::kQueued, {}, {}};
  spec->submission = std::move(s);
  spec->accepted_ms = now.wall;
  spec->base_job_no = on->base;
  spec->depends_on_nos = on->deps;
  if (retry) {
    spec->retry_of = retry->retry_of;
    insert.request_from = retry->request_from;
  }
  insert.spec = job->spec = std::move(spec);
  insert.request = payload;
  insert.status = fresh_status();
  Marks& mark = marks[no];
  mark.status = out->persist.size();
  if (!planted(Bug::kJobNotKept)) out->persist.push_back(std::move(insert));
  wire::Event event;
  event.seq = 1;
  event.stream = wire::Stream::kState;
  event.at = now.wall;
  event.type = "queued";
  mark.events = out->persist.size();
  auto& append =
      std::get<persist::AppendEvents>(out->persist.emplace_back(persist::AppendEvents{no, {}}));
  append.events.reserve(2);  // it may be dispatched in the same turn
  append.events.push_back(std::move(event));
  ++queued;
  ++lanes.lane_of(row).queued;
  ++runners.set(lanes.set_of(row)).waiting;
  if (!on->lost.empty()) {
    doomed.emplace_back(no, on->lost);
  } else {
    enqueue(row);
  }
  return ack;
}

Result<Core::Impl::Foundation> Core::Impl::foundation(const wire::Submission& s,
                                                      const Origin* retry) {
  Foundation on;
  if (s.repo.has_value() == s.base_job.has_value()) {
    return Error{"bad_field", "base: expected exactly one of repo and job", "base"};
  }
  if (retry) {
    on.deps = retry->deps;
    on.base = retry->base;
  } else if (Status found = find_dependencies(s, &on); !found) {
    return found.error();
  }
  if (s.base_job) {
    if (Status found = find_base(s, &on); !found) return found.error();
  } else {
    const auto known = repo_ids.find(*s.repo);
    if (known != repo_ids.end()) on.repo = known->second;
  }
  if (on.repo == kNone || !repos[on.repo].repo) {
    const std::string name = s.repo ? *s.repo : on.repo == kNone ? "" : repos[on.repo].name;
    return Error{"unknown_repo", "no repository is named \"" + name + "\" in the catalogue",
                 "base.repo"};
  }
  for (const JobNo dep : on.deps) {
    if (!jobs.find(dep)) on.lost = "a job that it depends on is no longer kept";
  }
  return on;
}

Status Core::Impl::find_dependencies(const wire::Submission& s, Foundation* out_) {
  for (size_t i = 0; i < s.depends_on.size(); ++i) {
    const std::string field = "dependsOn[" + std::to_string(i) + "]";
    if (s.depends_on[i] == s.id) {
      return Error{"dependency_cycle", field + ": the job depends on itself", field};
    }
    const JobRow* dep = jobs.find_id(hash('i', s.tenant, s.depends_on[i]));
    if (!dep) {
      return Error{"unknown_dependency", field + ": no job is named " + s.depends_on[i], field};
    }
    out_->deps.push_back(dep->no);
  }
  return ok_status();
}

Status Core::Impl::find_base(const wire::Submission& s, Foundation* out_) {
  const std::string field = "base.job";
  if (*s.base_job == s.id) {
    return Error{"dependency_cycle", field + ": the job is its own base", field};
  }
  const JobRow* base =
      out_->base != 0 ? jobs.find(out_->base) : jobs.find_id(hash('i', s.tenant, *s.base_job));
  if (!base) {
    return Error{"unknown_dependency", field + ": no job is named " + *s.base_job, field};
  }
  out_->base = base->no;
  out_->repo = base->repo;
  const size_t depth = 1 + ancestors(base->no);
  if (!chain_is_kept(base->no)) out_->lost = "a job below its base is no longer kept";
  if (depth > kAncestorsMax) {
    return Error{"bad_field",
                 field + ": more than " + std::to_string(kAncestorsMax) + " jobs below it", field};
  }
  return ok_status();
}

bool Core::Impl::chain_is_kept(JobNo base) const {
  for (JobNo no = base; no != 0;) {
    if (!jobs.find(no)) return false;
    const auto below = base_of.find(no);
    no = below == base_of.end() ? 0 : below->second;
  }
  return true;
}

std::optional<QueueId> Core::Impl::acquire_queue(const wire::Submission& s) {
  const auto set = runners.acquire_set(s.requires_);
  if (!set) return std::nullopt;
  const auto queue = lanes.acquire(s.lane, s.tenant, *set);
  if (!queue) runners.release_set(*set);
  return queue;
}

void Core::Impl::release_queue(JobRow& row) {
  const SetId set = lanes.set_of(row);
  lanes.release(row.queue);
  runners.release_set(set);
  row.queue = kNone;
}

void Core::Impl::fill_row(JobRow& row, const wire::Submission& s, const Foundation& on,
                          QueueId queue) {
  row.at = now.wall;
  row.repo = on.repo;
  row.queue = queue;
  row.priority = static_cast<uint8_t>(std::min<uint64_t>(s.priority, kPriorities - 1));
  row.attempts_max = static_cast<uint8_t>(std::clamp<uint64_t>(s.max_attempts, 1, 255));
  ++repos[on.repo].unfinished;
  if (s.not_before_ms > 0) row.more().not_before = s.not_before_ms;
  if (s.deadline_ms > 0) {
    row.more().deadline = s.deadline_ms;
    deadlines.emplace(s.deadline_ms, row.no);
  }
  if (on.base != 0) base_of[row.no] = on.base;
  if (!on.deps.empty() || on.base != 0) stand_on(row, s, on);
}

// Waits for what is not finished, and keeps all of it from being forgotten.
void Core::Impl::stand_on(JobRow& row, const wire::Submission& s, const Foundation& on) {
  JobExtra& extra = row.more();
  const auto wait_for = [&](JobNo no, const std::string& id) {
    const JobRow* const dep = jobs.find(no);
    if (!dep) return;
    pin(no);
    extra.pinned.push_back(no);
    extra.deps.push_back(no);
    if (dep->state == wire::JobState::kSucceeded || planted(Bug::kDependencyIgnored)) return;
    if (is_terminal(dep->state)) {
      doomed.emplace_back(
          row.no, "job " + id + ", which it depends on, is " + std::string(to_string(dep->state)));
    }
    Standing& below = standing[no];
    below.id = id;
    below.dependents.push_back(row.no);
    ++extra.waits;
  };
  for (size_t i = 0; i < on.deps.size(); ++i) {
    wait_for(on.deps[i], i < s.depends_on.size() ? s.depends_on[i] : "");
  }
  if (on.base == 0) return;
  wait_for(on.base, s.base_job.value_or(""));
  for (auto below = base_of.find(on.base); below != base_of.end();) {
    if (!jobs.find(below->second)) break;
    pin(below->second);
    extra.pinned.push_back(below->second);
    below = base_of.find(below->second);
  }
}

uint32_t Core::Impl::repo_id(const std::string& name) {
  const auto [known, fresh] = repo_ids.try_emplace(name, static_cast<uint32_t>(repos.size()));
  if (fresh) repos.push_back({name, std::nullopt, 0});
  return known->second;
}

std::optional<JobStatus> Core::unfinished_status(JobNo no) const {
  const JobRow* row = impl_->jobs.find(no);
  if (!row || is_terminal(row->state)) return std::nullopt;
  const JobStatus* own = row->extra ? row->extra->status.get() : nullptr;
  return own ? *own : fresh_status();
}

std::optional<JobNo> Core::find_job(const std::string& tenant, const std::string& id) const {
  const JobRow* row = impl_->jobs.find_id(impl_->hash('i', tenant, id));
  return row ? std::optional<JobNo>(row->no) : std::nullopt;
}

}  // namespace ghost::broker
