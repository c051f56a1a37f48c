#include "runner_worker/open_repos.h"

#include <sys/stat.h>

#include <algorithm>

namespace ghost::runner {
namespace {

uint64_t inode_of(const std::string& folder) {
  struct stat st;
  return ::stat(folder.c_str(), &st) == 0 ? st.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<GitRepo>> OpenRepos::take(const std::string& git_dir) {
  const uint64_t inode = inode_of(git_dir);
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(open_.rbegin(), open_.rend(), [&](const auto& repo) {
      return repo->inode() == inode && repo->git_dir() == git_dir;
    });
    if (found != open_.rend()) {
      auto repo = std::move(*found);
      open_.erase(std::next(found).base());
      return repo;
    }
  }
  return GitRepo::open(git_dir);
}

void OpenRepos::give_back(std::unique_ptr<GitRepo> repo) {
  repo->forget_new();
  std::unique_ptr<GitRepo> oldest;  // outlives the lock
  const std::lock_guard lock(mutex_);
  if (open_.size() == kOpenMax) {
    oldest = std::move(open_.front());
    open_.pop_front();
  }
  open_.push_back(std::move(repo));
}

void OpenRepos::forget(const std::string& git_dir) {
  const std::lock_guard lock(mutex_);
  std::erase_if(open_, [&](const auto& repo) { return repo->git_dir() == git_dir; });
}

}  // namespace ghost::runner
