#include "broker/job_table.h"

#include "base/check.h"

namespace ghost::broker {
namespace {

constexpr int kNoBits = 40;  // of a job number in a slot
constexpr uint64_t kNoMask = (uint64_t{1} << kNoBits) - 1;
constexpr size_t kShardSlotsMin = 8;

uint64_t tag_of(Hash128 hash) {
  return (hash.lo >> 8) & 0xffffff;
}
size_t shard_of(Hash128 hash) {
  return hash.lo & 0xff;
}
uint64_t slot_of(Hash128 hash, JobNo no) {
  return tag_of(hash) << kNoBits | no;
}
size_t home_of(uint64_t slot, size_t mask) {
  return (slot >> kNoBits) & mask;
}

}  // namespace

JobTable::JobTable() : by_id_(this, &JobTable::id_of), by_key_(this, &JobTable::key_of) {}
JobTable::~JobTable() = default;

JobRow* JobTable::insert(JobNo no, Hash128 id, Hash128 key) {
  GHOST_CHECK(no != 0 && no <= kNoMask);
  auto& page = pages_[no / kPageRows];
  if (!page) page = std::make_unique<Page>();
  JobRow& row = page->rows[no % kPageRows];
  GHOST_CHECK(row.no == 0);
  row.no = no;
  row.id = id;
  ++page->used;
  ++size_;
  by_id_.insert(row);
  if (key) {
    if (!page->keys) page->keys = std::make_unique<std::array<Hash128, kPageRows>>();
    (*page->keys)[no % kPageRows] = key;
    by_key_.insert(row);
  }
  return &row;
}

void JobTable::erase(JobRow* row) {
  by_id_.erase(*row);
  const auto page = pages_.find(row->no / kPageRows);
  if (key_of(*row)) {
    by_key_.erase(*row);
    (*page->second->keys)[row->no % kPageRows] = {};
  }
  *row = JobRow{};
  --size_;
  if (--page->second->used == 0) pages_.erase(page);
}

JobRow* JobTable::find(JobNo no) const {
  const auto page = pages_.find(no / kPageRows);
  if (page == pages_.end()) return nullptr;
  JobRow& row = page->second->rows[no % kPageRows];
  return row.no == no && no != 0 ? &row : nullptr;
}

JobRow* JobTable::find_id(Hash128 id) const {
  return by_id_.find(id);
}

JobRow* JobTable::find_key(Hash128 key) const {
  return by_key_.find(key);
}

Hash128 JobTable::key_of(const JobRow& row) const {
  const Page& page = *pages_.at(row.no / kPageRows);
  return page.keys ? (*page.keys)[row.no % kPageRows] : Hash128{};
}

size_t JobTable::memory_bytes() const {
  size_t bytes = pages_.size() * sizeof(Page) + by_id_.memory_bytes() + by_key_.memory_bytes();
  for (const auto& [no, page] : pages_) bytes += page->keys ? sizeof *page->keys : 0;
  return bytes;
}

void JobTable::Index::put(Shard* shard, uint64_t slot) {
  const size_t mask = shard->slots.size() - 1;
  size_t at = home_of(slot, mask);
  while (shard->slots[at] != 0) at = (at + 1) & mask;
  shard->slots[at] = slot;
}

void JobTable::Index::grow(Shard* shard) {
  const std::vector<uint64_t> old = std::move(shard->slots);
  shard->slots.assign(std::max(kShardSlotsMin, old.size() * 2), 0);
  for (const uint64_t slot : old) {
    if (slot != 0) put(shard, slot);
  }
}

void JobTable::Index::insert(const JobRow& row) {
  const Hash128 hash = (table_->*hash_)(row);
  Shard& shard = shards_[shard_of(hash)];
  if (shard.used * 6 >= shard.slots.size() * 5) grow(&shard);
  put(&shard, slot_of(hash, row.no));
  ++shard.used;
}

void JobTable::Index::erase(const JobRow& row) {
  const Hash128 hash = (table_->*hash_)(row);
  Shard& shard = shards_[shard_of(hash)];
  const size_t mask = shard.slots.size() - 1;
  const uint64_t slot = slot_of(hash, row.no);
  size_t hole = home_of(slot, mask);
  while (shard.slots[hole] != slot) {
    GHOST_CHECK(shard.slots[hole] != 0);
    hole = (hole + 1) & mask;
  }
  // Closes the hole: whoever could have stood in it moves up.
  for (size_t at = (hole + 1) & mask; shard.slots[at] != 0; at = (at + 1) & mask) {
    const size_t home = home_of(shard.slots[at], mask);
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      shard.slots[hole] = shard.slots[at];
      hole = at;
    }
  }
  shard.slots[hole] = 0;
  --shard.used;
}

JobRow* JobTable::Index::find(Hash128 hash) const {
  const Shard& shard = shards_[shard_of(hash)];
  if (shard.used == 0) return nullptr;
  const size_t mask = shard.slots.size() - 1;
  const uint64_t tag = tag_of(hash);
  for (size_t at = tag & mask; shard.slots[at] != 0; at = (at + 1) & mask) {
    if (shard.slots[at] >> kNoBits != tag) continue;
    JobRow* row = table_->find(shard.slots[at] & kNoMask);
    if (row && (table_->*hash_)(*row) == hash) return row;
  }
  return nullptr;
}

size_t JobTable::Index::memory_bytes() const {
  size_t bytes = sizeof shards_;
  for (const Shard& shard : shards_) bytes += shard.slots.capacity() * sizeof(uint64_t);
  return bytes;
}

}  // namespace ghost::broker
