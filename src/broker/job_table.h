// Every job that the broker knows, finished ones too, by number, by id and by idempotency key.
// Pure; one owner, the core. Made small: a million queued jobs are usual, so a row holds no string,
// and what only few jobs have hangs off it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/keyed_hash.h"
#include "broker/types.h"

namespace ghost::broker {

using RunnerId = uint32_t;
inline constexpr uint32_t kNone = UINT32_MAX;

// The right of one runner to work on a job, while it has it.
struct Lease {
  RunnerId runner = kNone;
  MonoMs expires = 0;    // lease clock: stands still while the broker does
  MonoMs listed_at = 0;  // its place in the list of expiries, never later than `expires`
  uint64_t job_seq = 0;  // RunJobs message that carried it; 0: of an earlier session or epoch
  bool from_earlier_epoch = false;
  bool left_behind = false;  // to be stopped, by a process that is gone: only time tells
  uint64_t event_bytes = 0, artifact_bytes = 0;
  std::map<std::string, uint64_t> artifact_offsets;  // next by path
};

// What a job has that is more than just queued.
struct JobExtra {
  WallMs not_before = 0, deadline = 0;
  MonoMs backoff_until = 0;           // 0: none
  uint32_t waits = 0;                 // dependencies not finished yet
  std::vector<JobNo> deps;            // base job included
  std::vector<JobNo> pinned;          // jobs that must be kept while this one is unfinished
  std::unique_ptr<JobStatus> status;  // null: as submitted
  std::unique_ptr<Lease> lease;
};

enum class Place : uint8_t { kNowhere, kFifo, kReturned };

struct JobRow {
  JobNo no = 0;  // 0: no job here
  Hash128 id;
  uint64_t request = 0;  // keyed hash of the request's hash
  union {
    struct {
      JobRow *prev, *next;
    } link{nullptr, nullptr};  // in its queue's FIFO
    struct {
      uint64_t epoch, n;
    } won_as;  // once terminal
  };
  WallMs at = 0;  // accepted; completed, once terminal
  std::unique_ptr<JobExtra> extra;
  uint32_t queue = kNone;  // while unfinished
  uint32_t repo = kNone;
  uint8_t priority = 0, attempts_max = 1;
  wire::JobState state = wire::JobState::kQueued;
  Place place = Place::kNowhere;
  uint8_t size_log2 = 0;  // of the payload

  JobExtra& more() {
    if (!extra) extra = std::make_unique<JobExtra>();
    return *extra;
  }
  // Fencing token of the result that was committed; 0 where the end was nobody's result.
  Token won() const { return {won_as.epoch, won_as.n}; }
  void set_won(Token token) { won_as = {token.epoch, token.n}; }
  Lease* lease() const { return extra ? extra->lease.get() : nullptr; }
};

class JobTable {
 public:
  JobTable();
  ~JobTable();

  // The row keeps its address until erase.
  JobRow* insert(JobNo no, Hash128 id, Hash128 key);
  void erase(JobRow* row);

  JobRow* find(JobNo no) const;
  JobRow* find_id(Hash128 id) const;
  JobRow* find_key(Hash128 key) const;
  Hash128 key_of(const JobRow& row) const;  // zero: none
  size_t size() const { return size_; }
  // Of rows and indexes, without what hangs off the rows.
  size_t memory_bytes() const;

 private:
  static constexpr size_t kPageRows = 1000;  // just under an allocator's size class
  struct Page {
    std::array<JobRow, kPageRows> rows;
    std::unique_ptr<std::array<Hash128, kPageRows>> keys;  // once a job of the page has one
    size_t used = 0;
  };

  // Numbers by one of the rows' hashes: open addressing, cut into shards so that growing one of
  // them is a short pause however many jobs there are. A slot holds 24 bits of the hash, so that
  // probing seldom and growing never touches a row.
  class Index {
   public:
    using HashOf = Hash128 (JobTable::*)(const JobRow& row) const;
    Index(const JobTable* table, HashOf hash) : table_(table), hash_(hash) {}
    void insert(const JobRow& row);
    void erase(const JobRow& row);
    JobRow* find(Hash128 hash) const;
    size_t memory_bytes() const;

   private:
    struct Shard {
      std::vector<uint64_t> slots;
      size_t used = 0;
    };
    static void put(Shard* shard, uint64_t slot);
    void grow(Shard* shard);
    const JobTable* table_;
    HashOf hash_;
    std::array<Shard, 256> shards_;
  };

  Hash128 id_of(const JobRow& row) const { return row.id; }

  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages_;
  Index by_id_, by_key_;
  size_t size_ = 0;
};

}  // namespace ghost::broker
