// Where the bases of jobs come from: one bare mirror a catalogue repository, filled by the git
// program with only what is missing, and one read-only checkout a base commit, made once. Both live
// in a CacheStore: shared by all slots and by other runners on the same folder, evicted least
// recently used first, never while in use; what is found broken is made anew. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "runner_worker/cache_store.h"
#include "runner_worker/git_process.h"
#include "runner_worker/git_repo.h"
#include "wire/messages.gen.h"

namespace ghost::runner {

struct BaseCacheOptions {
  std::string dir;
  uint64_t bytes_max = 20ull << 30;
  std::string protocols = "file:git:https:ssh";
  std::string credentials_dir;          // empty: no credentials here
  uint64_t fetch_ms_max = 30 * 60'000;  // one fetch
  uint64_t remote_ms_max = 60'000;      // asking a remote for its refs
};

class BaseCache;

// A catalogue repository as one job sees it: its mirror, held, and a reader of its objects with the
// job's own new ones in memory. One thread.
class BaseRepo {
 public:
  ~BaseRepo();
  GitRepo& git() { return *git_; }
  const GitRemote& remote() const { return remote_; }
  bool broken() const { return broken_; }  // mark_broken was called
  std::string objects_dir() const { return mirror_.dir + "/git/objects"; }

 private:
  friend class BaseCache;
  BaseRepo(BaseCache& cache, std::string name, GitRemote remote, CacheStore::Use mirror,
           std::unique_ptr<GitRepo> git)
      : cache_(cache),
        name_(std::move(name)),
        remote_(std::move(remote)),
        mirror_(std::move(mirror)),
        git_(std::move(git)) {}

  BaseCache& cache_;
  const std::string name_;  // of the mirror's cache entry
  const GitRemote remote_;
  CacheStore::Use mirror_;
  std::unique_ptr<GitRepo> git_;
  bool broken_ = false;
};

// A base checkout in use.
struct BaseCheckout {
  std::string dir;
  std::string name;  // of the cache entry
  CacheStore::Use use;
};

class BaseCache {
 public:
  // Error code bad_config or io_error.
  static Result<std::unique_ptr<BaseCache>> open(const BaseCacheOptions& options);

  // Error codes: bad_request (a repository that Ghost does not take), bad_config (URL or
  // credential), git_error, io_error, timeout, stopping.
  Result<std::unique_ptr<BaseRepo>> open_repo(const wire::Repo& repo, const Cutoff& cutoff);

  // The commit that `ref` (branch, tag, full or abbreviated commit id, empty for the default
  // branch) names now, there with all it needs. Error code not_found when it names none, else those
  // of open_repo.
  Result<Oid> resolve(BaseRepo& repo, const std::string& ref, const Cutoff& cutoff);

  // Brings a commit that was resolved before. Error codes as resolve.
  Status bring(BaseRepo& repo, const Oid& commit, const Cutoff& cutoff);

  // The checkout of a commit that is in the mirror; made, or made anew when found broken. Error
  // codes as make_checkout.
  Result<BaseCheckout> checkout(BaseRepo& repo, const Oid& commit, const Cutoff& cutoff);

  // What a remote's refs point to now: tags peeled to their commit, absent refs left out. `refs`
  // are full names or "HEAD".
  Result<std::map<std::string, Oid>> remote_refs(const BaseRepo& repo,
                                                 const std::vector<std::string>& refs,
                                                 const Cutoff& cutoff);
  // Fetches one ref of the remote ("refs/heads/main") and gives its commit.
  Result<Oid> fetch_ref(BaseRepo& repo, const std::string& ref, const Cutoff& cutoff);

  // An object that should be in the mirror is not, or a checkout is not as it was made: the next
  // job gets a new one.
  void mark_broken(BaseRepo& repo);
  void mark_broken(const BaseCheckout& checkout);

  const GitProgram& git() const { return git_; }
  CacheStore& store() { return *store_; }

 private:
  friend class BaseRepo;
  BaseCache(BaseCacheOptions options, GitProgram git, std::unique_ptr<CacheStore> store);
  Status make_mirror(const std::string& folder, const GitRemote& remote, const Cutoff& cutoff);
  std::unique_ptr<GitRepo> idle_reader(const CacheStore::Use& mirror);
  void give_back(BaseRepo& repo);
  Status fetch(BaseRepo& repo, const std::vector<std::string>& refspecs, const Cutoff& cutoff);
  Status fetch_all(BaseRepo& repo, const Cutoff& cutoff);
  Status compact(BaseRepo& repo, const Cutoff& cutoff);
  Result<Oid> resolve_id(BaseRepo& repo, const std::string& hex, const Cutoff& cutoff);

  const BaseCacheOptions options_;
  const GitProgram git_;
  const std::unique_ptr<CacheStore> store_;
  std::mutex mutex_;  // guards the two below
  struct Reader {
    uint64_t mirror_inode;
    std::unique_ptr<GitRepo> git;
  };
  std::vector<Reader> readers_;                          // opened and idle
  std::set<std::pair<std::string, uint64_t>> verified_;  // checkouts looked through, by inode
};

}  // namespace ghost::runner
