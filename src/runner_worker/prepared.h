// Layers of prepared bases: what a repository's `prepare` commands leave beside the files of a
// base, made once for each key and kept in the cache store, under its budget. The key is made of
// the commands and of the files that they are declared to read, so that bases that differ in
// nothing else share a layer. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "base/time.h"
#include "runner_worker/cache_store.h"
#include "runner_worker/git_repo.h"
#include "wire/messages.gen.h"

namespace ghost::runner {

inline constexpr const char* kLayersArea = "layers";
inline constexpr const char* kPrepareFailed = "prepare_failed";  // an Error code of makers

// 40 hex digits. Error codes of GitRepo.
Result<std::string> prepare_key(GitRepo& git, const Oid& tree, const wire::Repo& repo);

// Removes from `folder` all that would stand over a file or folder of `tree`: a layer only adds.
Status drop_tracked(GitRepo& git, const Oid& tree, const std::string& folder);

// Would the layer hide something of `tree` that the tree it was made for did not have?
Result<bool> layer_hides(GitRepo& git, const std::string& layer, const Oid& made_for,
                         const Oid& tree);

// Tells whether a folder with all below it is as it was: names, kinds, modes, sizes, times, links.
// Error code io_error.
Result<std::string> folder_digest(const std::string& folder);

class PreparedLayers {
 public:
  explicit PreparedLayers(CacheStore& store) : store_(store) {}

  // The layer of a key, made by `make(folder)` (which makes the folder) where there is none. A
  // failure with code kPrepareFailed is remembered for a while, so that a base that cannot be
  // prepared costs one try, not one a job. One that is found broken is made anew. Error codes:
  // those of `make` and of CacheStore.
  Result<CacheStore::Use> find_or_make(
      const std::string& repo, const std::string& key, const Cutoff& cutoff, MonoMs now,
      const std::function<Status(const std::string& folder)>& make);
  static std::string dir_of(const CacheStore::Use& use) { return use.dir + "/layer"; }
  // Written by the maker: the id of the tree that the layer was made for.
  static std::string tree_file_of(const CacheStore::Use& use) { return use.dir + "/layer.tree"; }

 private:
  struct Failure {
    Error error;
    MonoMs until = 0;
  };
  static Status look_through(const CacheStore::Use& use);

  CacheStore& store_;
  std::mutex mutex_;  // guards the two below
  std::map<std::string, Failure> failures_;
  std::set<std::pair<std::string, uint64_t>> verified_;  // entries looked through, by inode
};

}  // namespace ghost::runner
