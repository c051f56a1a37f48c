// The durable store: one SQLite database, one connection, one thread, one transaction a turn.
// Use it by open_sqlite_store() of store.h; this header is for its two source files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/data_dir.h"
#include "broker/fresh_jobs.h"
#include "broker/job_index.h"
#include "broker/sqlite_db.h"
#include "broker/sqlite_tables.h"
#include "broker/store.h"

namespace ghost::broker {

class SqliteStore : public Store {
 public:
  explicit SqliteStore(const SqliteStoreOptions& options);
  ~SqliteStore() override;
  Status open();

  Status commit(std::vector<Persist>* changes) override;
  uint64_t epoch() const override { return epoch_; }
  std::string hash_key() const override { return hash_key_; }
  JobNo next_job_no() const override { return next_no_; }
  Status load(const Recovery& into) override;
  Result<StoredJob> job(JobNo no) override;
  Result<DispatchRow> dispatch_row(JobNo no) override;
  Result<Blob> request(JobNo no) override;
  Result<Blob> verdict(JobNo no) override;
  Result<Blob> diff(JobNo no) override;
  Result<JobPage> list(const JobFilter& filter) override;
  Result<EventWindow> events(JobNo no, uint64_t after_seq, size_t bytes_max,
                             const std::vector<wire::Stream>& streams) override;
  Result<uint64_t> event_seq(JobNo no, const std::string& event_id) override;
  Result<StoredBlob> blob(JobNo no, const std::string& name, uint64_t offset,
                          size_t bytes_max) override;
  Result<std::vector<wire::AuditEntry>> audit(size_t count_max) override;
  bool has_space(uint64_t bytes) override;
  Status housekeep(bool quiet) override;
  Result<std::unique_ptr<StoreCopy>> copy_to(const std::string& path) override;
  uint64_t bytes() override;

 private:
  // All that one transaction says of one job, in order.
  struct JobChanges {
    JobNo no = 0;
    persist::InsertJob* insert = nullptr;
    const JobStatus* status = nullptr;  // the last one
    const persist::PutResult* result = nullptr;
    std::string* packed = nullptr;  // events that have no row yet
    uint64_t packed_seq = 0;        // of the first of them
  };

  Error damaged(JobNo no) const;
  Status prepare_statements();
  Status begin_life();  // epoch, hash key, first job number
  Status load_tables(const Recovery& into);
  Status load_jobs(const Recovery& into);

  Status write(std::vector<Persist>* changes);
  Status write_job(std::vector<Persist>* changes, size_t from, size_t to);
  Status take_events(JobChanges* job, const persist::AppendEvents& append);
  Status flush_events(JobChanges* job);
  Status write_insert(const JobChanges& job);
  Status write_result(const JobChanges& job);
  Status write_artifact(const persist::PutArtifactChunk& chunk);
  Status write_other(const Persist& change);
  Status forget(JobNo no);
  Status erase_artifacts(JobNo no, uint64_t below_attempt);
  Result<StoredBlob> artifact(JobNo no, const std::string& path, uint64_t offset, size_t bytes_max);
  uint64_t label_hash(const std::string& key, const std::string& value) const;
  uint64_t spare_bytes();
  uint64_t written_bytes(const std::vector<Persist>& changes) const;

  SqliteStoreOptions options_;
  std::string path_;
  DataLock lock_;
  DiskReserve reserve_;
  Database db_;
  bool broken_ = false;
  uint64_t new_bytes_ = 0;  // about what was committed since the last checkpoint
  uint64_t epoch_ = 0;
  std::string hash_key_;
  JobNo next_no_ = 1;
  JobIndex index_;
  FreshJobs fresh_;

  BlobTable requests_, verdicts_, diffs_;
  EventTable events_;
  Statement begin_, commit_;
  Statement insert_job_, update_status_, insert_result_, select_job_, select_spec_,
      select_result_status_, select_verdict_, delete_job_, delete_result_;
  Statement insert_label_, delete_label_, select_label_;
  Statement select_artifact_, put_artifact_, put_chunk_, list_artifacts_, delete_artifact_,
      delete_chunks_, select_chunks_;
  Statement put_repo_, delete_repo_, put_lane_, put_runner_, delete_runner_, put_audit_,
      trim_audit_, select_audit_, put_meta_;

  // Kept over turns for their memory.
  std::vector<std::pair<JobNo, uint32_t>> order_;
  std::string spec_bytes_, status_bytes_, event_bytes_;
  std::vector<JobNo> forgotten_;
};

}  // namespace ghost::broker
