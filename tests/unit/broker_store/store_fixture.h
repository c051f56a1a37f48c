// What the tests of the stores share: rows to write and a scratch directory.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "broker/store.h"

namespace ghost::broker {

class ScratchDir {
 public:
  ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "ghost-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline wire::Event make_event(uint64_t seq, wire::Stream stream, uint64_t offset,
                              const std::string& type, const std::string& data = "") {
  wire::Event event;
  event.seq = seq;
  event.attempt = 1;
  event.stream = stream;
  event.offset = offset;
  event.at = 1'700'000'000'000 + static_cast<int64_t>(seq);
  event.type = type;
  if (!data.empty()) event.data = data;
  return event;
}

inline JobSpec make_spec(JobNo no) {
  JobSpec spec;
  spec.no = no;
  spec.submission.id = "job-" + std::to_string(no);
  spec.submission.request_hash = std::string(16, 'h');
  spec.submission.repo = "r";
  spec.accepted_ms = 1'700'000'000'000 + static_cast<int64_t>(no) * 1000;
  return spec;
}

inline persist::InsertJob make_insert(const JobSpec& spec, const std::string& request) {
  persist::InsertJob insert;
  insert.spec = std::make_shared<const JobSpec>(spec);
  insert.status.next_event_seq = 2;
  insert.request = make_blob(request);
  return insert;
}

inline JobStatus make_status(wire::JobState state, uint64_t version) {
  JobStatus status;
  status.state = state;
  status.version = version;
  if (is_terminal(state)) status.outcome = wire::Outcome::kPassed;
  return status;
}

inline void commit_ok(Store& store, std::vector<Persist> changes) {
  const Status s = store.commit(&changes);
  if (!s) std::fprintf(stderr, "commit: %s\n", s.error().message.c_str());
  if (!s) std::abort();
}

// Jobs `from` to `to`, queued, each with a request of its own.
inline void insert_jobs(Store& store, JobNo from, JobNo to) {
  std::vector<Persist> changes;
  for (JobNo no = from; no <= to; ++no) {
    changes.push_back(make_insert(make_spec(no), "request " + std::to_string(no)));
    changes.push_back(
        persist::AppendEvents{no, {make_event(1, wire::Stream::kState, 0, "queued")}});
  }
  commit_ok(store, std::move(changes));
}

// The job's terminal record.
inline std::vector<Persist> finish(JobNo no, const std::string& verdict) {
  JobStatus status = make_status(wire::JobState::kSucceeded, 3);
  status.next_event_seq = 3;
  return {persist::UpdateJob{no, status},
          persist::AppendEvents{no, {make_event(2, wire::Stream::kState, 1, "succeeded")}},
          persist::PutResult{no, make_blob(verdict), nullptr}};
}

}  // namespace ghost::broker
