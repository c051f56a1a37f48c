// The listing index of a store: state, tenant, lane, repository and time of every job that is
// kept, four bytes a job in memory, rebuilt when the store is loaded. Lists walk it from the newest
// job down. Pure; owned by one store.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "broker/store.h"

namespace ghost::broker {

class JobIndex {
 public:
  void add(const JobSpec& spec, wire::JobState state);
  void set_state(JobNo no, wire::JobState state);
  void remove(JobNo no);

  // A filter made ready for many lookups; valid until the index changes.
  struct Query {
    uint8_t states = 0;        // a bit a state
    std::vector<bool> groups;  // by group number
    WallMs since_ms = 0, until_ms = INT64_MAX;
  };
  Query prepare(const JobFilter& filter) const;

  // The newest job below `below` that the query may mean (its time is exact only to the chunk), or
  // 0. Takes one from *budget for every entry looked at and stops with *stopped_at at zero.
  JobNo next(const Query& query, JobNo below, uint64_t* budget, JobNo* stopped_at) const;
  bool matches(const Query& query, JobNo no) const;
  JobNo newest() const;

 private:
  static constexpr size_t kChunk = 1024;
  static constexpr uint32_t kAbsent = UINT32_MAX;
  struct Chunk {
    std::array<uint32_t, kChunk> entries;  // group * 8 + state
    WallMs accepted_min = INT64_MAX, accepted_max = INT64_MIN;
    uint32_t live = 0;
    Chunk() { entries.fill(kAbsent); }
  };
  using GroupKey = std::tuple<std::string, std::string, std::string>;  // tenant, lane, repository
  struct Group {
    const GroupKey* key = nullptr;
    uint64_t jobs = 0;
  };

  uint32_t group_of(const JobSpec& spec);
  Chunk* chunk_at(uint64_t chunk_no) const;
  uint32_t entry(JobNo no) const;
  static bool fits(const Query& query, uint32_t entry) {
    return entry != kAbsent && (query.states >> (entry & 7) & 1) != 0 && query.groups[entry >> 3];
  }
  static bool fits(const Query& query, const Chunk& chunk) {
    return chunk.accepted_max >= query.since_ms && chunk.accepted_min < query.until_ms;
  }

  std::deque<std::unique_ptr<Chunk>> chunks_;
  uint64_t first_chunk_ = 0;
  std::map<GroupKey, uint32_t> group_numbers_;
  std::vector<Group> groups_;
  std::vector<uint32_t> free_groups_;
};

// What a list needs of a store beside the index.
struct ListSource {
  // The newest job below `below` with that label, or 0; jobs without it may be among them.
  std::function<Result<JobNo>(const std::string& key, const std::string& value, JobNo below)>
      label_below;
  std::function<Result<StoredJob>(JobNo no)> job;
};
// The answers of both stores to names that they do not know.
inline Error unknown_blob(const std::string& name) {
  return {"bad_field", "name: expected diff, request or artifact:PATH, got \"" + name + "\"",
          "name"};
}
inline Error unknown_artifact(const std::string& path) {
  return {"not_found", "no artifact " + path, "name"};
}
// One page, by a bounded number of looks at index, labels and rows.
Result<JobPage> list_jobs(const JobIndex& index, const JobFilter& filter, const ListSource& source);

}  // namespace ghost::broker
