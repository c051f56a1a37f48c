// Finished results on disk until the broker has them: one file a result, with what of its log was
// not yet acked. Written atomically and fsynced; a file that cannot be read is set aside under
// another name, for the operator. Thread-safe: written by one thread, read and removed by another.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runner_worker/session_types.h"

namespace ghost::runner {

struct OutboxItem {
  wire::ResultItem item;
  Blob verdict;                     // msgpack of wire::Verdict
  Blob diff;                        // null or empty: none
  std::vector<wire::Event> events;  // unacked
};

struct OutboxPayloads {
  Blob verdict, diff;  // never null
};

// Pure: an item as the bytes of its file, and back. Error code bad_field.
std::string encode_outbox_item(const OutboxItem& item);
Result<OutboxItem> decode_outbox_item(std::string_view bytes);

class Outbox {
 public:
  static constexpr uint64_t kCacheBytesMax = 16 << 20;  // of payloads kept in memory as well

  // Makes the folder (0700) where it is missing.
  static Result<std::unique_ptr<Outbox>> open(const std::string& dir);

  // What is there at start. Unreadable files are renamed to *.bad; their names go to `bad`.
  std::vector<OutboxLoaded> load(std::vector<std::string>* bad);
  // On an error (disk full) the payloads are still held in memory.
  Status put(const OutboxItem& item);
  Result<OutboxPayloads> payloads(const LeaseRef& lease);
  void remove(const LeaseRef& lease);

 private:
  explicit Outbox(std::string dir) : dir_(std::move(dir)) {}
  std::string path_of(const LeaseRef& lease) const;
  void trim_cache();

  struct Cached {
    OutboxPayloads payloads;
    bool only_here = false;  // the disk refused it
    uint64_t bytes() const { return payloads.verdict->size() + payloads.diff->size(); }
  };

  const std::string dir_;
  std::mutex mutex_;
  std::map<LeaseRef, Cached, LeaseOrder> cache_;  // guarded by mutex_
  uint64_t cached_bytes_ = 0;                     // guarded by mutex_
};

}  // namespace ghost::runner
