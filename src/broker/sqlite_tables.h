// Two kinds of tables of the SQLite store: blobs in rows of at most 256 KiB, and packed events.
// They belong to the store's thread and live as long as its connection.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/event_window.h"
#include "broker/sqlite_db.h"
#include "broker/store.h"

namespace ghost::broker {

inline constexpr size_t kRowBytes = 256 << 10;

// requests, verdicts or diffs: one blob a job.
class BlobTable {
 public:
  Status prepare(Database& db, const std::string& table);
  Status put(JobNo no, std::string_view bytes);
  Status copy(JobNo from, JobNo to);
  Status erase(JobNo no);
  Result<std::string> get(JobNo no);  // empty where there is none
  Result<StoredBlob> slice(JobNo no, uint64_t offset, size_t bytes_max);

 private:
  Statement insert_, copy_, erase_, rows_, last_;
};

// Events of a job: in its own row the first, in its result's the last, in `events` the others.
class EventTable {
 public:
  Status prepare(Database& db);
  Status put(JobNo no, uint64_t first_seq, std::string_view packed);
  Status erase(JobNo no);
  Result<EventWindow> window(JobNo no, uint64_t after_seq, size_t bytes_max,
                             const std::vector<wire::Stream>& streams);
  Result<uint64_t> find(JobNo no, const EventPosition& position);  // not_found

 private:
  // Calls visit(packed row) for the job's rows in order of seq, beginning with the one that may
  // hold `from_seq`, until it returns false.
  template <typename Visit>
  Status walk(JobNo no, uint64_t from_seq, Visit visit);
  Statement insert_, erase_, first_, rows_, last_;
};

}  // namespace ghost::broker
