// Where the broker's state lives. One owner thread: the broker's loop. Implementations: SQLite
// (durable) and memory (`--store memory`, for caches and measurements: nothing survives).
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/planted_bugs.h"
#include "broker/types.h"

namespace ghost::broker {

// Given by load(); null functions are not called.
struct Recovery {
  std::function<void(wire::Repo)> repo;
  std::function<void(wire::Lane)> lane;
  std::function<void(RunnerSettings)> runner;
  std::function<void(RecoveredJob)> job;  // in order of number; repos and lanes came before
};

struct StoredJob {
  JobSpec spec;
  JobStatus status;
};

struct JobFilter {
  std::string tenant = "default";
  std::vector<wire::JobState> states;
  std::map<std::string, std::string> labels;
  std::string repo, lane;
  WallMs since_ms = 0, until_ms = 0;
  std::string cursor;  // next_cursor of the page before; error code bad_field when it is not one
  uint64_t limit = 50;
};
struct JobPage {
  std::vector<StoredJob> items;  // newest first
  // Empty on the last page. A call looks at a bounded number of rows, so a page may hold fewer
  // than `limit` items and still not be the last.
  std::string next_cursor;
};

struct EventWindow {
  std::vector<wire::Event> items;
  uint64_t last_seq = 0;
  bool more = false;  // the window was full
  bool gap = false;
};

// What a RunJobs message needs of a job.
struct DispatchRow {
  std::shared_ptr<const JobSpec> spec;
  Blob request;
};

struct StoredBlob {
  std::string bytes;  // the slice
  uint64_t size = 0;  // of the whole
  std::string sha256;
};

// A copy of the store into a file while it works. Ended before the store is.
class StoreCopy {
 public:
  virtual ~StoreCopy() = default;
  // Copies some more, for about a millisecond. True: the file holds all that is committed now; it
  // is not synced yet. An Error is the copy's alone.
  virtual Result<bool> step() = 0;
  virtual uint64_t bytes() const = 0;
  virtual uint64_t bytes_copied() const = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Durable when it returns; all or nothing. An Error means that the broker must stop: nothing is
  // ever tried again on a store whose commit failed. May move out of the items (fresh jobs are
  // kept in a cache); which alternative an item holds and its job number stay readable.
  virtual Status commit(std::vector<Persist>* changes) = 0;

  // The epoch of this start, greater than any before; the keyed-hash key of this store (16 bytes);
  // the first unused job number. Known once the store is open.
  virtual uint64_t epoch() const = 0;
  virtual std::string hash_key() const = 0;
  virtual JobNo next_job_no() const = 0;
  virtual Status load(const Recovery& into) = 0;

  // Reads see what is committed. Error code not_found where there is no such job. Numbers come from
  // Core::find_job, which knows the ids.
  virtual Result<StoredJob> job(JobNo no) = 0;
  // For a job that is about to be sent: a fresh one's comes from the cache, once.
  virtual Result<DispatchRow> dispatch_row(JobNo no) = 0;
  virtual Result<Blob> request(JobNo no) = 0;
  virtual Result<Blob> verdict(JobNo no) = 0;  // empty while there is none
  virtual Result<Blob> diff(JobNo no) = 0;     // empty while there is none
  virtual Result<JobPage> list(const JobFilter& filter) = 0;
  virtual Result<EventWindow> events(JobNo no, uint64_t after_seq, size_t bytes_max,
                                     const std::vector<wire::Stream>& streams) = 0;
  // The seq of the event named attempt.stream.offset; for a position inside a chunk, of that chunk.
  virtual Result<uint64_t> event_seq(JobNo no, const std::string& event_id) = 0;
  // name: diff, request, or artifact:PATH
  virtual Result<StoredBlob> blob(JobNo no, const std::string& name, uint64_t offset,
                                  size_t bytes_max) = 0;
  virtual Result<std::vector<wire::AuditEntry>> audit(size_t count_max) = 0;

  // Room for another submission of so many bytes? Keeps a reserve for results of running jobs.
  virtual bool has_space(uint64_t bytes) = 0;
  // Bounded housekeeping (a short checkpoint), after the sends of a turn. `quiet`: nothing waits to
  // be done, so that now is a good time. An Error means the same as commit's.
  virtual Status housekeep(bool quiet) = 0;
  // Error code conflict: nothing of this store outlives the broker.
  virtual Result<std::unique_ptr<StoreCopy>> copy_to(const std::string& path) {
    return Error{"conflict", "this store is in memory alone: there is no copy at " + path, ""};
  }
  virtual uint64_t bytes() { return 0; }  // on disk, about
};

// The epoch of a start, after the one that the store remembers: the clock and what is remembered
// beside the store keep one that was copied back from repeating an epoch of the time in between.
// On another machine whose clock is behind neither helps; there `chance` does.
inline uint64_t next_epoch(uint64_t stored, WallMs now, uint64_t chance) {
  if (planted(Bug::kEpochAgain) && stored != 0) return stored;
  const auto clock = static_cast<uint64_t>(std::max<WallMs>(now, 0));
  constexpr uint64_t kJumpMax = uint64_t{1} << 32;
  return clock > stored ? clock : stored + 1 + chance % kJumpMax;
}

struct SqliteStoreOptions {
  std::string dir;  // made when missing
  uint64_t reserve_bytes = 16 << 20;
};
// Error codes: conflict (another broker has this data directory: names it), bad_config (a newer
// schema), io_error. Migrates older schemas forward.
Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteStoreOptions& options);
std::unique_ptr<Store> make_memory_store();

}  // namespace ghost::broker
