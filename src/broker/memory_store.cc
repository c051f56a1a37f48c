#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "broker/event_window.h"
#include "broker/job_index.h"
#include "broker/packed_jobs.h"
#include "broker/row_codec.h"
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

// A finished job in one piece: its parts one after the other, each behind its length.
void add_part(std::string_view part, std::string* out) {
  const auto size = static_cast<uint32_t>(part.size());
  out->append(reinterpret_cast<const char*>(&size), sizeof size);
  out->append(part);
}
std::string_view take_part(std::string_view* bytes) {
  uint32_t size = 0;
  std::memcpy(&size, bytes->data(), sizeof size);
  const std::string_view part = bytes->substr(sizeof size, size);
  bytes->remove_prefix(sizeof size + size);
  return part;
}

size_t payload_bytes(const Row& row) {
  size_t bytes = 0;
  for (const Blob* blob : {&row.request, &row.verdict, &row.diff}) {
    bytes += *blob ? (*blob)->size() : 0;
  }
  for (const wire::Event& event : row.events) bytes += event.data ? event.data->size() : 0;
  return bytes;
}

void pack(const Row& row, std::string* out) {
  out->clear();
  std::string part;
  const auto add_row = [&](const auto& what) {
    part.clear();
    rows::encode(what, &part);
    add_part(part, out);
  };
  add_row(*row.spec);
  add_row(row.status);
  for (const Blob* blob : {&row.request, &row.verdict, &row.diff}) {
    add_part(*blob ? std::string_view(**blob) : std::string_view(), out);
  }
  for (const wire::Event& event : row.events) rows::encode(event, out);
}

void unpack(JobNo no, std::string_view bytes, Row* row) {
  auto spec = std::make_shared<JobSpec>();
  GHOST_CHECK(rows::decode(take_part(&bytes), spec.get()));
  GHOST_CHECK(rows::decode(take_part(&bytes), &row->status));
  spec->no = no;
  row->spec = std::move(spec);
  for (Blob* blob : {&row->request, &row->verdict, &row->diff}) {
    *blob = make_blob(std::string(take_part(&bytes)));
  }
  row->events.clear();
  while (!bytes.empty()) {
    uint64_t data_bytes = 0;
    GHOST_CHECK(rows::decode_next(&bytes, &row->events.emplace_back(), true, &data_bytes));
  }
}

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
    for (const JobNo no : finished_) pack_row(no);
    finished_.clear();
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
  // Good until the next call.
  const Row* find(JobNo no) {
    const auto at = rows_.find(no);
    if (at == rows_.end()) return nullptr;
    if (at->second.row) return at->second.row.get();
    unpack(no, packed_.at(at->second.piece), &unpacked_);
    return &unpacked_;
  }
  Row* find_to_change(JobNo no) {
    const auto at = rows_.find(no);
    if (at == rows_.end()) return nullptr;
    Entry& entry = at->second;
    if (!entry.row) {
      entry.row = std::make_unique<Row>();
      unpack(no, packed_.at(entry.piece), entry.row.get());
      packed_.drop(std::exchange(entry.piece, {}));
      finished_.push_back(no);
    }
    return entry.row.get();
  }
  void pack_row(JobNo no) {
    const auto at = rows_.find(no);
    if (at == rows_.end() || !at->second.row || !at->second.row->files.empty()) return;
    Entry& entry = at->second;
    if (payload_bytes(*entry.row) > PackedJobs::kPieceMax) return;
    pack(*entry.row, &piece_);
    if (piece_.size() > PackedJobs::kPieceMax) return;
    entry.piece = packed_.put(piece_);
    entry.row.reset();
  }
  Result<Blob> blob_of(JobNo no, Blob Row::*member) {
    const Row* row = find(no);
    return row == nullptr || !(row->*member) ? make_blob("") : row->*member;
  }

  void apply(persist::InsertJob& c) {
    const JobNo no = c.spec->no;
    index_.add(*c.spec, c.status.state);
    for (const auto& label : c.spec->submission.labels) labels_[label].insert(no);
    auto row = std::make_unique<Row>();
    if (!c.request) {
      if (const Row* from = find(c.request_from)) row->request = from->request;
    } else {
      row->request = std::move(c.request);
    }
    row->spec = c.spec;
    row->status = std::move(c.status);
    rows_.insert_or_assign(no, Entry{std::move(row), {}});
  }
  void apply(persist::UpdateJob& c) {
    Row* row = find_to_change(c.no);
    GHOST_CHECK(row != nullptr);
    GHOST_CHECK(!is_terminal(row->status.state) || row->status.state == c.status.state);
    row->status = std::move(c.status);
    index_.set_state(c.no, row->status.state);
    if (is_terminal(row->status.state)) finished_.push_back(c.no);
  }
  void apply(persist::AppendEvents& c) {
    Row* row = find_to_change(c.no);
    if (row == nullptr) return;
    row->events.insert(row->events.end(), std::make_move_iterator(c.events.begin()),
                       std::make_move_iterator(c.events.end()));
  }
  void apply(persist::PutResult& c) {
    Row* row = find_to_change(c.no);
    if (row == nullptr) return;
    row->verdict = std::move(c.verdict);
    row->diff = std::move(c.diff);
  }
  void apply(persist::PutArtifactChunk& c) {
    Row* row = find_to_change(c.no);
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
      const auto at = rows_.find(no);
      if (at->second.piece.size != 0) packed_.drop(at->second.piece);
      rows_.erase(at);
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
  struct Entry {
    std::unique_ptr<Row> row;  // null: it is packed
    PackedJobs::Piece piece;
  };
  std::unordered_map<JobNo, Entry> rows_;
  PackedJobs packed_;
  std::vector<JobNo> finished_;  // in this commit: to be packed
  Row unpacked_;                 // the last one that was read
  std::string piece_;            // the last one that was packed
  std::map<std::pair<std::string, std::string>, std::set<JobNo>> labels_;
  JobIndex index_;
  std::deque<wire::AuditEntry> audit_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace ghost::broker
