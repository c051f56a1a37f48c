// Folders on disk that are made once, used by many jobs (of several runner processes, if they share
// the folder) and removed least recently used first when a disk budget is exceeded. Knows nothing
// of git.
//
// An entry is a folder "<area>/<name>" that holds `use.lock` and whatever its maker put beside it.
// It appears by rename, so it is whole or not there; it is used under a shared flock of its
// `use.lock`; it leaves by rename into the trash, where it is deleted once nobody uses it. Locks
// are the kernel's, so a killed process leaves none behind. Any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "runner_worker/cutoff.h"
#include "runner_worker/owned_fd.h"

namespace ghost::runner {

// An flock held through one descriptor; excludes threads as well as processes.
using FileLock = OwnedFd;

class CacheStore {
 public:
  // The right to use an entry; while it lives the entry is not deleted.
  struct Use {
    std::string dir;
    FileLock lock;
  };

  // Makes the folders and sweeps what a killed process left. `areas` are made below `dir`.
  static Result<std::unique_ptr<CacheStore>> open(const std::string& dir, uint64_t bytes_max,
                                                  const std::vector<std::string>& areas);
  ~CacheStore();
  CacheStore(const CacheStore&) = delete;
  CacheStore& operator=(const CacheStore&) = delete;

  const std::string& dir() const { return dir_; }

  // The entry if it is there; counts as its latest use. `name` is "<area>/<name>".
  std::optional<Use> find(const std::string& name);

  // The entry, made by `make(folder)` where there is none. Only one maker at a time; others wait
  // for it within the cutoff. Error codes: those of `make`, timeout, stopping, io_error.
  Result<Use> find_or_make(const std::string& name, const Cutoff& cutoff,
                           const std::function<Status(const std::string& folder)>& make);

  // Excludes all others that change the entry `name` (fetch into it, make it).
  Result<FileLock> lock_changes(const std::string& name, const Cutoff& cutoff);

  // Takes a broken entry out of the way; those who use it keep it until they are done.
  void discard(const std::string& name);
  // The same, if it is still the one that `use` holds.
  void discard(const std::string& name, const Use& use);

  // Says what an entry takes on disk (measured when 0) and has the janitor look at the budget.
  void set_size(const std::string& name, uint64_t bytes);
  // Brings the cache below its budget now; gives the bytes that remain. For tests and doctors: the
  // janitor does it by itself.
  uint64_t enforce_budget();

  // A scratch folder, removed (by the janitor) with the returned use.
  Result<Use> scratch(const std::string& purpose);
  void remove(Use scratch);

 private:
  CacheStore(std::string dir, uint64_t bytes_max, std::vector<std::string> areas);
  std::optional<FileLock> lock_use(const std::string& folder, int operation) const;
  bool to_trash(const std::string& folder);
  void empty_trash();
  void janitor();
  void wake();

  const std::string dir_;
  const uint64_t bytes_max_;
  const std::vector<std::string> areas_;
  std::mutex sweep_;  // one sweep at a time
  std::mutex mutex_;  // guards the two below
  bool stopping_ = false, work_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

// Bytes that a folder takes on disk (st_blocks), links not followed.
uint64_t disk_usage(const std::string& folder);
// Removes a folder of Ghost's own with all below it, links not followed.
void remove_tree(const std::string& folder);

}  // namespace ghost::runner
