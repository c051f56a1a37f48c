#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/ids.h"
#include "base/time.h"
#include "broker/event_window.h"
#include "broker/job_index.h"
#include "broker/store.h"

namespace ghost::broker {
namespace {

constexpr size_t kAuditRows = 100'000;

struct File {
  uint64_t attempt = 0;
  std::string bytes, sha256;
};

struct Row {
  std::shared_ptr<const JobSpec> spec;
  JobStatus status;
  Blob request, verdict, diff;
  std::vector<wire::Event> events;
  std::map<std::string, File> files;
};

StoredBlob slice_of(const std::string& bytes, uint64_t offset, size_t bytes_max) {
  StoredBlob blob;
  blob.size = bytes.size();
  if (offset < bytes.size()) blob.bytes = bytes.substr(offset, bytes_max);
  return blob;
}

class MemoryStore : public Store {
 public:
  MemoryStore() : epoch_(static_cast<uint64_t>(wall_now_ms())), hash_key_(random_bytes(16)) {}

  Status commit(std::vector<Persist>* changes) override {
    for (Persist& change : *changes) {
      std::visit([this](auto& c) { apply(c); }, change);
    }
    return ok_status();
  }

  uint64_t epoch() const override { return epoch_; }
  std::string hash_key() const override { return hash_key_; }
  JobNo next_job_no() const override { return 1; }
  Status load(const Recovery&) override { return ok_status(); }

  Result<StoredJob> job(JobNo no) override {
    const Row* row = find(no);
    if (row == nullptr) return no_job(no);
    return StoredJob{*row->spec, row->status};
  }
  Result<DispatchRow> dispatch_row(JobNo no) override {
    const Row* row = find(no);
    if (row == nullptr) return no_job(no);
    return DispatchRow{row->spec, row->request};
  }
  Result<Blob> request(JobNo no) override { return blob_of(no, &Row::request); }
  Result<Blob> verdict(JobNo no) override { return blob_of(no, &Row::verdict); }
  Result<Blob> diff(JobNo no) override { return blob_of(no, &Row::diff); }

  Result<JobPage> list(const JobFilter& filter) override {
    ListSource source;
    source.label_below = [&](const std::string& key, const std::string& value,
                             JobNo below) -> Result<JobNo> {
      const auto jobs = labels_.find({key, value});
      if (jobs == labels_.end()) return JobNo{0};
      const auto at = jobs->second.lower_bound(below);
      return at == jobs->second.begin() ? JobNo{0} : *std::prev(at);
    };
    source.job = [&](JobNo no) { return job(no); };
    return list_jobs(index_, filter, source);
  }

  Result<EventWindow> events(JobNo no, uint64_t after_seq, size_t bytes_max,
                             const std::vector<wire::Stream>& streams) override {
    EventWindowBuilder builder(after_seq, bytes_max, streams);
    if (const Row* row = find(no)) {
      for (const wire::Event& event : row->events) {
        const auto take = builder.judge(event, event.data ? event.data->size() : 0);
        if (take == EventWindowBuilder::Take::kFull) break;
        if (take == EventWindowBuilder::Take::kKeep) builder.keep(event);
      }
    }
    return builder.finish();
  }

  Result<uint64_t> event_seq(JobNo no, const std::string& event_id) override {
    const Result<EventPosition> position = parse_event_id(event_id);
    if (!position) return position.error();
    if (const Row* row = find(no)) {
      for (const wire::Event& event : row->events) {
        if (covers(event, event.data ? event.data->size() : 0, *position)) return event.seq;
      }
    }
    return Error{"not_found", "no event of that id is kept", "afterId"};
  }

  Result<StoredBlob> blob(JobNo no, const std::string& name, uint64_t offset,
                          size_t bytes_max) override {
    const Row* row = find(no);
    const auto whole = [&](const Blob& b) { return slice_of(b ? *b : "", offset, bytes_max); };
    if (name == "diff") return row != nullptr ? whole(row->diff) : StoredBlob{};
    if (name == "request") return row != nullptr ? whole(row->request) : StoredBlob{};
    constexpr std::string_view kPrefix = "artifact:";
    if (name.rfind(kPrefix, 0) != 0) return unknown_blob(name);
    const std::string path = name.substr(kPrefix.size());
    if (row == nullptr || !row->files.contains(path)) return unknown_artifact(path);
    const File& file = row->files.at(path);
    StoredBlob blob = slice_of(file.bytes, offset, bytes_max);
    blob.sha256 = file.sha256;
    return blob;
  }

  Result<std::vector<wire::AuditEntry>> audit(size_t count_max) override {
    const size_t count = std::min(count_max, audit_.size());
    return std::vector<wire::AuditEntry>(audit_.rbegin(),
                                         audit_.rbegin() + static_cast<ptrdiff_t>(count));
  }

  bool has_space(uint64_t) override { return true; }
  Status housekeep(bool) override { return ok_status(); }

 private:
  static Error no_job(JobNo no) { return {"not_found", "no job " + std::to_string(no), ""}; }
  Row* find(JobNo no) {
    const auto at = rows_.find(no);
    return at == rows_.end() ? nullptr : &at->second;
  }
  Result<Blob> blob_of(JobNo no, Blob Row::*member) {
    const Row* row = find(no);
    return row == nullptr || !(row->*member) ? make_blob("") : row->*member;
  }

  void apply(persist::InsertJob& c) {
    const JobNo no = c.spec->no;
    index_.add(*c.spec, c.status.state);
    for (const auto& label : c.spec->submission.labels) labels_[label].insert(no);
    Row row;
    if (!c.request) {
      if (const Row* from = find(c.request_from)) row.request = from->request;
    } else {
      row.request = std::move(c.request);
    }
    row.spec = c.spec;
    row.status = std::move(c.status);
    rows_.insert_or_assign(no, std::move(row));
  }
  void apply(persist::UpdateJob& c) {
    Row* row = find(c.no);
    GHOST_CHECK(row != nullptr);
    GHOST_CHECK(!is_terminal(row->status.state) || row->status.state == c.status.state);
    row->status = std::move(c.status);
    index_.set_state(c.no, row->status.state);
  }
  void apply(persist::AppendEvents& c) {
    Row* row = find(c.no);
    if (row == nullptr) return;
    row->events.insert(row->events.end(), std::make_move_iterator(c.events.begin()),
                       std::make_move_iterator(c.events.end()));
  }
  void apply(persist::PutResult& c) {
    Row* row = find(c.no);
    if (row == nullptr) return;
    row->verdict = std::move(c.verdict);
    row->diff = std::move(c.diff);
  }
  void apply(persist::PutArtifactChunk& c) {
    Row* row = find(c.no);
    if (row == nullptr) return;
    if (c.offset == 0) {
      std::erase_if(row->files, [&](const auto& f) { return f.second.attempt < c.attempt; });
    }
    File& file = row->files[c.path];
    file.attempt = c.attempt;
    file.bytes.resize(std::max<size_t>(file.bytes.size(), c.offset + c.bytes->size()));
    std::copy(c.bytes->begin(), c.bytes->end(),
              file.bytes.begin() + static_cast<ptrdiff_t>(c.offset));
    file.sha256 = c.last ? c.sha256 : "";
  }
  void apply(persist::ForgetJobs& c) {
    for (const JobNo no : c.nos) {
      const Row* row = find(no);
      if (row == nullptr) continue;
      for (const auto& label : row->spec->submission.labels) {
        const auto jobs = labels_.find(label);
        jobs->second.erase(no);
        if (jobs->second.empty()) labels_.erase(jobs);
      }
      index_.remove(no);
      rows_.erase(no);
    }
  }
  void apply(persist::Audit& c) {
    audit_.push_back(std::move(c.entry));
    if (audit_.size() > kAuditRows) audit_.pop_front();
  }
  // The core holds these; nothing is read back.
  void apply(persist::PutRepo&) {}
  void apply(persist::DeleteRepo&) {}
  void apply(persist::PutLane&) {}
  void apply(persist::PutRunner&) {}
  void apply(persist::DeleteRunner&) {}

  uint64_t epoch_;
  std::string hash_key_;
  std::unordered_map<JobNo, Row> rows_;
  std::map<std::pair<std::string, std::string>, std::set<JobNo>> labels_;
  JobIndex index_;
  std::deque<wire::AuditEntry> audit_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace ghost::broker
