// The broker's disk and the store on it. A transaction is written as a whole behind what is there
// and counts once it is complete; a crash may leave it out, half-written or complete. Opening the
// disk completes or discards what a crash left, as a write-ahead log does.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/store.h"
#include "sim/crash.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/recorder.h"

namespace ghost::sim {

struct DiskRow {
  std::shared_ptr<const broker::JobSpec> spec;  // null: changes of a job that was never made
  broker::JobStatus status;
  Blob request, verdict, diff;
  std::vector<wire::Event> events;
  std::map<uint64_t, int64_t> log_bytes;  // by dispatch
};

// What is durable. Copied for a backup.
struct Disk {
  std::map<broker::JobNo, DiskRow> rows;
  std::map<std::string, wire::Repo> repos;
  std::map<std::string, wire::Lane> lanes;
  std::map<std::string, broker::RunnerSettings> runners;
  uint64_t epoch = 0;
  broker::JobNo next_no = 1;
  // A transaction that a crash cut short.
  std::vector<broker::Persist> tail;
  bool tail_complete = false;
};

// Faults of the disk, and what it costs.
struct DiskState {
  bool full = false;
  bool fails = false;  // the next commit
  Us slow = 0;         // so long takes the next commit
  uint64_t epoch = 0;  // remembered beside the store: no backup takes it back
  Us last_commit = 0;  // so long took the last
};

class SimStore : public broker::Store {
 public:
  // Opens the disk: recovery, and a new epoch.
  SimStore(Disk& disk, DiskState& state, CrashFuse& fuse, Recorder& recorder, Random& random,
           std::function<WallMs()> wall);

  Status commit(std::vector<broker::Persist>* changes) override;
  uint64_t epoch() const override { return disk_.epoch; }
  std::string hash_key() const override { return "0123456789abcdef"; }
  broker::JobNo next_job_no() const override { return disk_.next_no; }
  Status load(const broker::Recovery& into) override;
  Result<broker::StoredJob> job(broker::JobNo no) override;
  Result<broker::DispatchRow> dispatch_row(broker::JobNo no) override;
  Result<Blob> request(broker::JobNo no) override;
  Result<Blob> verdict(broker::JobNo no) override;
  Result<Blob> diff(broker::JobNo no) override;
  Result<broker::JobPage> list(const broker::JobFilter& filter) override;
  Result<broker::EventWindow> events(broker::JobNo no, uint64_t after_seq, size_t bytes_max,
                                     const std::vector<wire::Stream>& streams) override;
  Result<uint64_t> event_seq(broker::JobNo no, const std::string& event_id) override;
  Result<broker::StoredBlob> blob(broker::JobNo no, const std::string& name, uint64_t offset,
                                  size_t bytes_max) override;
  Result<std::vector<wire::AuditEntry>> audit(size_t count_max) override;
  bool has_space(uint64_t) override { return !state_.full; }
  Status housekeep(bool) override { return ok_status(); }

 private:
  void apply(std::vector<broker::Persist> changes);
  void apply(const broker::persist::InsertJob& c);
  void apply(const broker::persist::UpdateJob& c);
  void apply(const broker::persist::AppendEvents& c);
  void apply(const broker::persist::PutResult& c);
  void apply(const broker::persist::PutArtifactChunk&) {}
  void apply(const broker::persist::ForgetJobs& c);
  void apply(const broker::persist::PutRepo& c) { disk_.repos[c.repo.name] = c.repo; }
  void apply(const broker::persist::DeleteRepo& c) { disk_.repos.erase(c.name); }
  void apply(const broker::persist::PutLane& c);
  void apply(const broker::persist::PutRunner& c);
  void apply(const broker::persist::DeleteRunner& c) { disk_.runners.erase(c.instance); }
  void apply(const broker::persist::Audit&) {}
  void record(const std::string& job, const broker::JobStatus& status, Event event);
  DiskRow* find(broker::JobNo no);

  Disk& disk_;
  DiskState& state_;
  CrashFuse& fuse_;
  Recorder& recorder_;
  Random& random_;
  std::function<WallMs()> wall_;
};

// The name of a job in a history; of one that was never made, its number.
std::string name_of(const DiskRow& row, broker::JobNo no);
void record_finals(const Disk& disk, Recorder* recorder);

}  // namespace ghost::sim
