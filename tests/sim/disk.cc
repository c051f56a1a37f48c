#include "sim/disk.h"

#include <algorithm>

#include "broker/event_window.h"

namespace ghost::sim {

using namespace broker;

namespace {

Error no_job(JobNo no) {
  return {"not_found", "no job " + std::to_string(no), ""};
}

void fill_spec(const JobSpec& spec, const Blob& request, Event* event) {
  event->tenant = spec.submission.tenant;
  event->key = spec.submission.idempotency_key.value_or("");
  event->req = request ? *request : "";
}

}  // namespace

std::string name_of(const DiskRow& row, JobNo no) {
  return row.spec ? row.spec->submission.id : "#" + std::to_string(no);
}

SimStore::SimStore(Disk& disk, DiskState& state, CrashFuse& fuse, Recorder& recorder,
                   Random& random, std::function<WallMs()> wall)
    : disk_(disk),
      state_(state),
      fuse_(fuse),
      recorder_(recorder),
      random_(random),
      wall_(std::move(wall)) {
  std::vector<Persist> tail = std::exchange(disk_.tail, {});
  if (std::exchange(disk_.tail_complete, false)) apply(std::move(tail));
  disk_.epoch = state_.epoch =
      next_epoch(std::max(disk_.epoch, state_.epoch), wall_(), random_.next());
  for (const auto& [no, row] : disk_.rows) disk_.next_no = std::max(disk_.next_no, no + 1);
}

Status SimStore::commit(std::vector<Persist>* changes) {
  state_.last_commit = std::exchange(state_.slow, 0);
  if (state_.last_commit == 0) state_.last_commit = random_.between(100, 3000);
  if (fuse_.burns()) throw Crash{};  // before the first byte
  if (std::exchange(state_.fails, false)) {
    // What a failed sync left on the disk is anybody's guess.
    disk_.tail = *changes;
    disk_.tail_complete = random_.chance(50);
    return Error{"io_error", "commit: input/output error", ""};
  }
  if (fuse_.burns()) {
    disk_.tail = *changes;
    disk_.tail_complete = random_.chance(50);
    if (!disk_.tail_complete) {
      disk_.tail.resize(
          static_cast<size_t>(random_.between(0, static_cast<int64_t>(disk_.tail.size()))));
    }
    throw Crash{};
  }
  apply(std::move(*changes));
  changes->clear();
  if (fuse_.burns()) throw Crash{};  // durable, and nobody knows
  return ok_status();
}

void SimStore::apply(std::vector<Persist> changes) {
  for (const Persist& change : changes) {
    std::visit([this](const auto& c) { apply(c); }, change);
  }
}

DiskRow* SimStore::find(JobNo no) {
  const auto at = disk_.rows.find(no);
  return at == disk_.rows.end() || !at->second.spec ? nullptr : &at->second;
}

void SimStore::record(const std::string& job, const JobStatus& s, Event event) {
  event.kind = Kind::kKept;
  event.job = job;
  event.state = std::string(to_string(s.state));
  event.version = s.version;
  event.attempt = s.attempt;
  event.lease = {s.token.epoch, s.token.n};
  event.runner = s.runner;
  event.flag = s.flag.has_value() && !is_terminal(s.state);
  event.delivering = s.delivering;
  event.commit = s.delivery_commit;
  if (s.outcome) event.outcome = std::string(to_string(*s.outcome));
  event.wall = wall_();
  recorder_.add(std::move(event));
}

void SimStore::apply(const persist::InsertJob& c) {
  DiskRow& row = disk_.rows[c.spec->no];
  row.spec = c.spec;
  row.status = c.status;
  row.request = c.request;
  if (!row.request) {
    if (const DiskRow* from = find(c.request_from)) row.request = from->request;
  }
  Event event;
  fill_spec(*row.spec, row.request, &event);
  record(c.spec->submission.id, c.status, std::move(event));
}

void SimStore::apply(const persist::UpdateJob& c) {
  DiskRow& row = disk_.rows[c.no];
  row.status = c.status;
  record(name_of(row, c.no), c.status, {});
}

void SimStore::apply(const persist::AppendEvents& c) {
  DiskRow& row = disk_.rows[c.no];
  for (const wire::Event& event : c.events) {
    row.log_bytes[event.attempt] += event.data ? static_cast<int64_t>(event.data->size()) : 0;
    row.events.push_back(event);
  }
}

void SimStore::apply(const persist::PutResult& c) {
  DiskRow& row = disk_.rows[c.no];
  row.verdict = c.verdict;
  row.diff = c.diff;
  Event event = Recorder::make(Kind::kKeptResult, name_of(row, c.no));
  event.digest = c.verdict ? *c.verdict : "";
  recorder_.add(std::move(event));
}

void SimStore::apply(const persist::ForgetJobs& c) {
  for (const JobNo no : c.nos) {
    const auto at = disk_.rows.find(no);
    if (at == disk_.rows.end()) continue;
    recorder_.add(Recorder::make(Kind::kForgotten, name_of(at->second, no)));
    disk_.rows.erase(at);
  }
}

void SimStore::apply(const persist::PutLane& c) {
  disk_.lanes[c.lane.name] = c.lane;
  Event event = Recorder::make(Kind::kLane);
  event.lane = c.lane.name;
  event.paused = c.lane.paused;
  event.limit = c.lane.limit;
  recorder_.add(std::move(event));
}

void SimStore::apply(const persist::PutRunner& c) {
  disk_.runners[c.settings.instance] = c.settings;
  recorder_.operator_says(c.settings.instance, c.settings.drain, c.settings.slots);
}

Status SimStore::load(const Recovery& into) {
  for (const auto& [name, repo] : disk_.repos) into.repo(repo);
  for (const auto& [name, lane] : disk_.lanes) into.lane(lane);
  for (const auto& [name, settings] : disk_.runners) into.runner(settings);
  for (const auto& [no, row] : disk_.rows) {
    if (row.spec) into.job({*row.spec, row.status});
  }
  return ok_status();
}

Result<StoredJob> SimStore::job(JobNo no) {
  const DiskRow* row = find(no);
  if (row == nullptr) return no_job(no);
  return StoredJob{*row->spec, row->status};
}

Result<DispatchRow> SimStore::dispatch_row(JobNo no) {
  const DiskRow* row = find(no);
  if (row == nullptr) return no_job(no);
  return DispatchRow{row->spec, row->request};
}

Result<Blob> SimStore::request(JobNo no) {
  const DiskRow* row = find(no);
  return row && row->request ? row->request : make_blob("");
}
Result<Blob> SimStore::verdict(JobNo no) {
  const DiskRow* row = find(no);
  return row && row->verdict ? row->verdict : make_blob("");
}
Result<Blob> SimStore::diff(JobNo no) {
  const DiskRow* row = find(no);
  return row && row->diff ? row->diff : make_blob("");
}

// Not asked for in simulations: lists and files are the store's own matter, with tests of its own.
Result<JobPage> SimStore::list(const JobFilter&) {
  return JobPage{};
}
Result<EventWindow> SimStore::events(JobNo no, uint64_t after_seq, size_t bytes_max,
                                     const std::vector<wire::Stream>& streams) {
  EventWindowBuilder builder(after_seq, bytes_max, streams);
  if (const DiskRow* row = find(no)) {
    for (const wire::Event& event : row->events) {
      const auto take = builder.judge(event, event.data ? event.data->size() : 0);
      if (take == EventWindowBuilder::Take::kFull) break;
      if (take == EventWindowBuilder::Take::kKeep) builder.keep(event);
    }
  }
  return builder.finish();
}
Result<uint64_t> SimStore::event_seq(JobNo, const std::string&) {
  return Error{"not_found", "no event of that id is kept", "afterId"};
}
Result<StoredBlob> SimStore::blob(JobNo, const std::string&, uint64_t, size_t) {
  return StoredBlob{};
}
Result<std::vector<wire::AuditEntry>> SimStore::audit(size_t) {
  return std::vector<wire::AuditEntry>{};
}

void record_finals(const Disk& disk, Recorder* recorder) {
  for (const auto& [no, row] : disk.rows) {
    Event event = Recorder::make(Kind::kFinal, name_of(row, no));
    if (row.spec) fill_spec(*row.spec, row.request, &event);
    const JobStatus& s = row.status;
    event.state = std::string(to_string(s.state));
    event.version = s.version;
    event.lease = {s.token.epoch, s.token.n};
    if (s.outcome) event.outcome = std::string(to_string(*s.outcome));
    event.digest = row.verdict ? *row.verdict : "";
    const auto log = row.log_bytes.find(s.dispatches);
    event.log = log == row.log_bytes.end() ? 0 : log->second;
    recorder->add(std::move(event));
  }
}

}  // namespace ghost::sim
