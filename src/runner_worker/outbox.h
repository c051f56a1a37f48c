// Finished results on disk until the broker has them: one file a result, with what of its log was
// not yet acked. Durable once put() has returned; a file that cannot be read is set aside under
// another name, for the operator. Files of results that are gone are kept in a folder beside and
// written over: one sync of data that stand where they stood costs a fifth of those that a new
// file needs. Thread-safe: written by one thread, read and removed by another.
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
  static constexpr size_t kSpareBytes = 64 << 10;       // size of the files that are used again
  static constexpr size_t kSparesMax = 16;

  // Makes the folder (0700), and `dir`.spare, where they are missing.
  static Result<std::unique_ptr<Outbox>> open(const std::string& dir);

  // What is there at start. Unreadable files are renamed to *.bad; their names go to `bad`.
  std::vector<OutboxLoaded> load(std::vector<std::string>* bad);
  // Holds an item's payloads in memory, so that payloads() gives them before put() has ended.
  void hold(const OutboxItem& item);
  // Writes what is held. On an error (disk full) it is still held in memory.
  Status put(const OutboxItem& item);
  Result<OutboxPayloads> payloads(const LeaseRef& lease);
  void remove(const LeaseRef& lease);

 private:
  explicit Outbox(std::string dir) : dir_(std::move(dir)), spare_dir_(dir_ + ".spare") {}
  std::string path_of(const LeaseRef& lease) const;
  void load_file(const std::string& path, std::vector<OutboxLoaded>* found,
                 std::vector<std::string>* bad);
  void load_spares(std::vector<OutboxLoaded>* found);
  Status write(const std::string& path, std::string bytes);
  bool write_over_spare(const std::string& path, std::string_view bytes);
  bool make_spare(const std::string& path);
  void trim_cache();

  struct Cached {
    OutboxPayloads payloads;
    bool only_here = false;  // not written yet, or the disk refused it
    uint64_t bytes() const { return payloads.verdict->size() + payloads.diff->size(); }
  };

  const std::string dir_, spare_dir_;
  std::mutex mutex_;
  std::map<LeaseRef, Cached, LeaseOrder> cache_;  // guarded by mutex_
  uint64_t cached_bytes_ = 0;                     // guarded by mutex_
  std::vector<std::string> spares_;               // paths, guarded by mutex_
  uint64_t spares_made_ = 0;                      // guarded by mutex_
};

}  // namespace ghost::runner
