// Repositories that are open and that nobody uses at the moment: opening one costs more than a job
// reads from it. Each is known by its folder and by that folder's inode, so that one made anew at
// the same place is another. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "runner_worker/git_repo.h"

namespace ghost::runner {

class OpenRepos {
 public:
  static constexpr size_t kOpenMax = 16;  // those used last

  // Error codes of GitRepo::open.
  Result<std::unique_ptr<GitRepo>> take(const std::string& git_dir);
  void give_back(std::unique_ptr<GitRepo> repo);
  // Of those that are open here none is given out any more.
  void forget(const std::string& git_dir);

 private:
  std::mutex mutex_;
  std::deque<std::unique_ptr<GitRepo>> open_;  // guarded by mutex_
};

}  // namespace ghost::runner
