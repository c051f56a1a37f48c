// Backups of a broker that works. The store is copied a slice at a time between turns; then a
// thread of the backup's own reads the copy again, checks and syncs it, so that the loop never
// waits for more than a slice. A backup is a folder: ghost.db, keys/ (both halves: it is as secret
// as the data directory) and SHA256SUMS, which is written last. One owner, the broker's thread.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/store.h"
#include "wire/messages.gen.h"

namespace ghost::broker {

struct BackupOptions {
  std::string folder;  // of all backups; empty: none are made
  std::string keys;    // key folder, copied where there is one
};

class Backups {
 public:
  Backups(BackupOptions options, Store& store) : options_(std::move(options)), store_(store) {}
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  // Joins one that runs. Error codes: conflict (no folder, or a store in memory), storage_full,
  // io_error.
  Status start(WallMs now);
  // One slice, where there is one to do.
  void turn();
  // How long the loop may sleep.
  MonoMs wait_ms() const;
  const wire::Backup& last() const { return last_; }
  void append_metrics(std::vector<wire::Metric>* out) const;

 private:
  struct Finding {
    Error failed;  // code empty: not
    std::string sha256;
    uint64_t bytes = 0;
  };
  static Finding finish(const std::string& partial, const std::string& path,
                        const std::string& keys);
  void fail(const Error& error);
  void done(const Finding& finding);

  const BackupOptions options_;
  Store& store_;
  wire::Backup last_;
  std::string partial_;
  std::unique_ptr<StoreCopy> copy_;
  std::future<Finding> checking_;
  uint64_t made_ = 0, failed_ = 0, done_bytes_ = 0;
  WallMs done_at_ = 0;
};

}  // namespace ghost::broker
