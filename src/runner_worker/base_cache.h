// Where the bases of jobs come from: one bare mirror a catalogue repository, filled by the git
// program with only what is missing, and one read-only checkout a base commit, made once. Both live
// in a CacheStore: shared by all slots and by other runners on the same folder, evicted least
// recently used first, never while in use; what is found broken is made anew. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runner_worker/cache_store.h"
#include "runner_worker/git_process.h"
#include "runner_worker/git_repo.h"
#include "runner_worker/open_repos.h"
#include "wire/messages.gen.h"

namespace ghost::runner {

struct BaseCacheOptions {
  std::string dir;
  uint64_t bytes_max = 20ull << 30;
  std::string protocols = "file:git:https:ssh";
  wire::Networks allow_private;         // networks of repositories beside the public Internet
  std::string credentials_dir;          // empty: no credentials here
  uint64_t fetch_ms_max = 30 * 60'000;  // one fetch
  uint64_t remote_ms_max = 60'000;      // asking a remote for its refs
  // A commit whose tree differs in at most so many files from one that is checked out is first used
  // over that one's checkout; used again, it gets its own, made in the background. 0: never.
  uint64_t near_files_max = 1000;
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
  // Tells repositories apart that are not the same or not opened the same way.
  std::string key() const { return name_.substr(name_.find('/') + 1); }
  std::string objects_dir() const { return mirror_.dir + "/git/objects"; }

 private:
  friend class BaseCache;
  BaseRepo(BaseCache& cache, std::string name, wire::Repo repo, GitRemote remote,
           CacheStore::Use mirror, std::unique_ptr<GitRepo> git)
      : cache_(cache),
        name_(std::move(name)),
        repo_(std::move(repo)),
        remote_(std::move(remote)),
        mirror_(std::move(mirror)),
        git_(std::move(git)) {}

  BaseCache& cache_;
  const std::string name_;  // of the mirror's cache entry
  const wire::Repo repo_;
  const GitRemote remote_;
  CacheStore::Use mirror_;
  std::unique_ptr<GitRepo> git_;
  bool broken_ = false;
};

// A base checkout in use: that of the commit asked for, or, when that one was never used before and
// another differs little from it, the near one with an index for the commit. Who uses it publishes
// what differs between `tree` and the tree that it wants, and, where there is one, the index.
struct BaseCheckout {
  std::string dir;
  Oid commit, tree;  // that are in `dir`
  std::string name;  // of the cache entry
  CacheStore::Use use;
  std::string index_file;  // to stand at .git/index; empty: the one in `dir` is right
  std::optional<CacheStore::Use> index_use;
};

class BaseCache {
 public:
  // Error code bad_config or io_error.
  static Result<std::unique_ptr<BaseCache>> open(const BaseCacheOptions& options);
  ~BaseCache();

  // Error codes: bad_request (a repository that Ghost does not take), bad_config (URL or
  // credential), git_error, io_error, timeout, stopping.
  Result<std::unique_ptr<BaseRepo>> open_repo(const wire::Repo& repo, const Cutoff& cutoff);

  // The commit that `ref` (branch, tag, full or abbreviated commit id, empty for the default
  // branch) names now, there with all it needs. Error code not_found when it names none, else those
  // of open_repo.
  Result<Oid> resolve(BaseRepo& repo, const std::string& ref, const Cutoff& cutoff);

  // Brings a commit that was resolved before. Error codes as resolve.
  Status bring(BaseRepo& repo, const Oid& commit, const Cutoff& cutoff);

  // A checkout for a commit that is in the mirror; made, or made anew when found broken. Error
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
  // Waits until nothing is being made in the background. For tests and benchmarks.
  void settle();

 private:
  friend class BaseRepo;
  struct Growth {  // a checkout to be made in the background
    wire::Repo repo;
    Oid commit;
    std::string near_name;
  };
  BaseCache(BaseCacheOptions options, GitProgram git, std::unique_ptr<CacheStore> store);
  Status make_mirror(const std::string& folder, const GitRemote& remote, const Cutoff& cutoff);
  Status fetch(BaseRepo& repo, const std::vector<std::string>& refspecs, const Cutoff& cutoff);
  Status fetch_all(BaseRepo& repo, const Cutoff& cutoff);
  Status compact(BaseRepo& repo, const Cutoff& cutoff);
  std::string checkout_name(const BaseRepo& repo, const Oid& commit) const;
  Status look_through(const BaseCheckout& checkout, bool just_made);
  Result<BaseCheckout> own_checkout(BaseRepo& repo, const Oid& commit, const Oid& tree,
                                    const Cutoff& cutoff);
  std::optional<BaseCheckout> near_checkout(BaseRepo& repo, const Oid& commit, const Oid& tree,
                                            const Cutoff& cutoff);
  std::optional<BaseCheckout> nearest(BaseRepo& repo, const Oid& tree);
  void grow_later(const BaseRepo& repo, const Oid& commit, const BaseCheckout& near);
  void grow(const Growth& growth);
  void grower();
  Result<Oid> resolve_id(BaseRepo& repo, const std::string& hex, const Cutoff& cutoff);

  const BaseCacheOptions options_;
  const GitProgram git_;
  const std::unique_ptr<CacheStore> store_;
  OpenRepos open_repos_;                                 // mirrors, and remotes on this host
  std::mutex looking_;                                   // one checkout is looked through at a time
  std::mutex mutex_;                                     // guards all below
  std::set<std::pair<std::string, uint64_t>> verified_;  // checkouts looked through, by inode
  std::map<std::string, uint64_t> near_uses_;  // of commits that have no checkout of their own
  std::deque<Growth> growths_;
  bool growing_ = false, stopping_ = false;
  OwnedFd stop_growing_;  // an eventfd
  std::condition_variable grown_;
  std::thread grower_;
};

}  // namespace ghost::runner
