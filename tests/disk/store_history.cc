#include "store_history.h"

#include "../unit/broker_store/store_fixture.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/ids.h"
#include "broker/row_codec.h"
#include "disk_vfs.h"

namespace ghost::disk {
namespace {

using namespace broker;

std::string no_text(JobNo no) {
  return std::to_string(no);
}

// The bytes themselves would make every snapshot as big as the store.
std::string sum(const std::string& bytes) {
  return std::to_string(bytes.size()) + "/" + sha256(bytes).substr(0, 8);
}

Status read_job(Store& store, JobNo no, Content* into) {
  const std::string name = "job " + no_text(no) + " ";
  for (const auto& [part, blob] :
       {std::pair("request", store.request(no)), std::pair("verdict", store.verdict(no)),
        std::pair("diff", store.diff(no))}) {
    if (!blob) return blob.error();
    (*into)[name + part] = sum(**blob);
  }
  for (uint64_t seq = 0;;) {
    const Result<EventWindow> window = store.events(no, seq, 1 << 20, {});
    if (!window) return window.error();
    for (const wire::Event& event : window->items) {
      (*into)[name + "event " + std::to_string(event.seq)] =
          event.type + sum(event.data.value_or(""));
    }
    if (!window->more) break;
    seq = window->last_seq;
  }
  const Result<StoredBlob> artifact = store.blob(no, "artifact:out", 0, 1 << 20);
  if (artifact) (*into)[name + "artifact"] = sum(artifact->bytes);
  if (!artifact && artifact.error().code != "not_found") return artifact.error();
  return ok_status();
}

}  // namespace

Result<Content> read_content(Store& store) {
  Content content;
  std::vector<JobNo> nos;
  Recovery into;
  into.repo = [&](const wire::Repo& repo) { content["repo " + repo.name] = repo.url; };
  into.lane = [&](const wire::Lane& lane) {
    content["lane " + lane.name] = std::to_string(lane.weight);
  };
  into.runner = [&](const RunnerSettings& runner) {
    content["runner " + runner.instance] = std::to_string(runner.session);
  };
  into.job = [&](const RecoveredJob& job) {
    nos.push_back(job.spec.no);
    std::string spec, status;
    rows::encode(job.spec, &spec);
    rows::encode(job.status, &status);
    content["job " + no_text(job.spec.no)] = sum(spec) + " " + sum(status);
  };
  if (Status s = store.load(into); !s) return s.error();
  for (const JobNo no : nos) {
    if (Status s = read_job(store, no, &content); !s) return s.error();
  }
  const auto audit = store.audit(1000);
  if (!audit) return audit.error();
  for (const wire::AuditEntry& entry : *audit) content["audit " + entry.subject] = entry.action;
  content["hash key"] = sum(store.hash_key());
  return content;
}

History::History(const std::string& work, uint64_t seed, bool sync)
    : work_(work), sync_(sync), random_(seed), disk_(work) {}

void History::run(int turns) {
  start();
  for (int i = 0; i < turns; ++i) {
    if (random_() % 25 == 0) start();
    turn();
    // As the shell does it: mostly only when much is to be moved, sometimes in a quiet moment.
    GHOST_CHECK(store_->housekeep(random_() % 12 == 0).ok());
  }
  store_.reset();
}

void History::start() {
  store_.reset();
  Result<std::unique_ptr<Store>> opened = open_sqlite_store({work_, 0});
  GHOST_CHECK(opened.ok());
  store_ = std::move(*opened);
  disk_.sync_dir();  // the store's own, which does not pass through SQLite
  if (!sync_) sync_nothing_now();
  GHOST_CHECK(store_->next_job_no() >= next_no_);
  next_no_ = store_->next_job_no();
  keep();
}

std::string History::random_text(size_t bytes_max) {
  std::string text(random_() % (bytes_max + 1), 'x');
  for (size_t i = 0; i < text.size(); i += 16) text[i] = static_cast<char>(random_());
  return text;
}

void History::insert(std::vector<Persist>* changes) {
  JobSpec spec = make_spec(next_no_);
  spec.submission.labels["lot"] = std::to_string(random_() % 4);
  JobRecord& job = jobs_[next_no_];
  job.request = random_text(random_() % 10 == 0 ? 300'000 : 3000);
  persist::InsertJob insert = make_insert(spec, job.request);
  insert.status.next_event_seq = 1;
  job.status = insert.status;
  changes->push_back(std::move(insert));
  ++next_no_;
}

void History::append_events(JobNo no, std::vector<Persist>* changes) {
  persist::AppendEvents append{no, {}};
  JobStatus& status = jobs_[no].status;
  for (uint64_t n = random_() % 4 + 1; n > 0; --n) {
    const uint64_t seq = status.next_event_seq++;
    append.events.push_back(
        make_event(seq, wire::Stream::kStdout, seq * 10'000, "log", random_text(2000)));
  }
  changes->push_back(std::move(append));
  changes->push_back(persist::UpdateJob{no, status});
}

void History::finish(JobNo no, std::vector<Persist>* changes) {
  JobRecord& job = jobs_[no];
  job.verdict = "v" + random_text(4000);
  job.status.state = wire::JobState::kSucceeded;
  job.status.outcome = wire::Outcome::kPassed;
  changes->push_back(persist::UpdateJob{no, job.status});
  const Blob diff = random_() % 2 == 0 ? make_blob(random_text(9000)) : nullptr;
  changes->push_back(persist::PutResult{no, make_blob(job.verdict), diff});
}

void History::change(std::vector<Persist>* changes) {
  const JobNo no = random_() % (next_no_ - 1) + 1;
  const auto at = jobs_.find(no);
  if (at == jobs_.end() || is_terminal(at->second.status.state)) return;
  // One turn may say several things of a job; an end is the last.
  for (const Persist& said : *changes) {
    if (const auto* update = std::get_if<persist::UpdateJob>(&said); update && update->no == no) {
      return;
    }
  }
  JobStatus& status = at->second.status;
  ++status.version;
  switch (random_() % 5) {
    case 0:
      return finish(no, changes);
    case 1:
    case 2:
      return append_events(no, changes);
    case 3: {
      persist::PutArtifactChunk chunk;
      chunk.no = no;
      chunk.attempt = status.version;
      chunk.path = "out";
      chunk.bytes = make_blob(random_text(20'000));
      chunk.last = true;
      chunk.sha256 = sha256(*chunk.bytes);
      changes->push_back(std::move(chunk));
      changes->push_back(persist::UpdateJob{no, status});
      return;
    }
    default:
      status.state = wire::JobState::kLeased;
      status.token = {1, status.version};
      changes->push_back(persist::UpdateJob{no, status});
  }
}

void History::forget(std::vector<Persist>* changes) {
  const auto oldest = jobs_.begin();
  if (oldest == jobs_.end() || !is_terminal(oldest->second.status.state)) return;
  for (const Persist& said : *changes) {
    if (const auto* update = std::get_if<persist::UpdateJob>(&said);
        update && update->no == oldest->first) {
      return;
    }
  }
  changes->push_back(persist::ForgetJobs{{oldest->first}});
  jobs_.erase(oldest);
}

void History::turn() {
  std::vector<Persist> changes;
  for (uint64_t n = random_() % 3; n > 0 || next_no_ == 1; n -= n > 0 ? 1 : 0) insert(&changes);
  for (uint64_t n = random_() % 6; n > 0; --n) change(&changes);
  if (random_() % 4 == 0) forget(&changes);
  if (random_() % 8 == 0) {
    wire::Repo repo;
    repo.name = "r" + std::to_string(random_() % 4);
    repo.url = "file:///" + std::to_string(random_());
    changes.push_back(persist::PutRepo{std::move(repo)});
    wire::AuditEntry entry;
    entry.subject = std::to_string(random_());
    entry.action = "repo_put";
    changes.push_back(persist::Audit{std::move(entry)});
  }
  if (changes.empty()) return;
  GHOST_CHECK(store_->commit(&changes).ok());
  keep();
}

void History::keep() {
  Result<Content> content = read_content(*store_);
  GHOST_CHECK(content.ok());
  kept_.push_back({disk_.moment(), store_->epoch(), std::move(*content)});
  check_ledger();
}

void History::check_ledger() const {
  const Content& shown = kept_.back().content;
  for (const auto& [no, job] : jobs_) {
    const std::string name = "job " + no_text(no) + " ";
    GHOST_CHECK(shown.at(name + "request") == sum(job.request));
    GHOST_CHECK(shown.at(name + "verdict") == sum(job.verdict));
  }
}

}  // namespace ghost::disk
