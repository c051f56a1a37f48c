// The checkouts of a BaseCache: a commit's own, or at first a near one's; made, looked through,
// and made anew.
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/fs.h"
#include "base/log.h"
#include "runner_worker/base_cache.h"
#include "runner_worker/checkout.h"

namespace ghost::runner {
namespace {

constexpr size_t kNearCandidates = 4;
constexpr size_t kGrowthsMax = 64;
constexpr size_t kRememberedMax = 10'000;
constexpr uint64_t kGrowMsMax = 10 * 60'000;

uint64_t inode_of(const CacheStore::Use& use) {
  struct stat st;
  return ::fstat(use.lock.get(), &st) == 0 ? st.st_ino : 0;
}

}  // namespace

std::string BaseCache::checkout_name(const BaseRepo& repo, const Oid& commit) const {
  return "bases" + repo.name_.substr(repo.name_.find('/')) + "-" + commit.hex();
}

// Every file once in the life of this process; later only that it is there at all.
Status BaseCache::look_through(const BaseCheckout& checkout, bool just_made) {
  const std::pair<std::string, uint64_t> key(checkout.name, inode_of(checkout.use));
  const auto seen = [&] {
    const std::lock_guard lock(mutex_);
    return verified_.count(key) != 0;
  };
  bool known = just_made || seen();
  // One slot looks, the others take its word: it costs time and memory.
  std::unique_lock looking(looking_, std::defer_lock);
  if (!known) {
    looking.lock();
    known = seen();
  }
  if (known && ::access((checkout.dir + "/.git/HEAD").c_str(), R_OK) != 0) {
    return Error{"conflict", "the base checkout is gone", {}};
  }
  if (!known) {
    const Status whole = verify_checkout(checkout.dir, checkout.commit);
    ::malloc_trim(0);
    if (!whole) return whole;
  }
  const std::lock_guard lock(mutex_);
  if (verified_.size() > kRememberedMax) verified_.clear();
  verified_.insert(key);
  return ok_status();
}

Result<BaseCheckout> BaseCache::checkout(BaseRepo& repo, const Oid& commit, const Cutoff& cutoff) {
  auto info = repo.git().read_commit(commit);
  if (!info) return info.error();
  if (auto use = store_->find(checkout_name(repo, commit)); !use) {
    if (auto near = near_checkout(repo, commit, info->tree, cutoff)) return std::move(*near);
  }
  return own_checkout(repo, commit, info->tree, cutoff);
}

Result<BaseCheckout> BaseCache::own_checkout(BaseRepo& repo, const Oid& commit, const Oid& tree,
                                             const Cutoff& cutoff) {
  const std::string name = checkout_name(repo, commit);
  for (int attempt = 1;; ++attempt) {
    bool made = false;
    auto use = store_->find_or_make(name, cutoff, [&](const std::string& folder) -> Status {
      auto bytes = make_checkout(repo.git(), commit, repo.objects_dir(), folder + "/tree", cutoff);
      // What reading every file took is not needed for long.
      ::malloc_trim(0);
      if (!bytes) return bytes.error();
      made = true;
      return write_file_atomic(folder + "/size", std::to_string(*bytes));
    });
    if (!use) return use.error();
    BaseCheckout checkout{use->dir + "/tree", commit, tree, name, std::move(*use), {}, {}};
    const Status whole = look_through(checkout, made);
    if (whole) return checkout;
    if (attempt == 2) return Error{"io_error", whole.error().message, {}};
    log::warn("broken base checkout made anew", {{"entry", name}, {"why", whole.error().message}});
    store_->discard(name, checkout.use);
  }
}

// The checkout of the same repository that differs least from `tree`, among those used last.
std::optional<BaseCheckout> BaseCache::nearest(BaseRepo& repo, const Oid& tree) {
  const std::string prefix = repo.name_.substr(repo.name_.find('/') + 1) + "-";
  std::vector<std::pair<std::filesystem::file_time_type, std::string>> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(store_->dir() + "/bases", ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix) || name.size() != prefix.size() + 40) continue;
    names.emplace_back(std::filesystem::last_write_time(entry.path() / "use.lock", ignored), name);
  }
  std::sort(names.rbegin(), names.rend());
  if (names.size() > kNearCandidates) names.resize(kNearCandidates);
  size_t files_best = options_.near_files_max;
  std::optional<BaseCheckout> best;
  for (const auto& [time, name] : names) {
    auto commit = Oid::parse(std::string_view(name).substr(prefix.size()));
    auto info = commit ? repo.git().read_commit(*commit) : Result<CommitInfo>(commit.error());
    if (!info) continue;
    auto changes = repo.git().changes(info->tree, tree, files_best);
    if (!changes) continue;
    auto use = store_->find("bases/" + name);
    if (!use) continue;
    files_best = changes->size();
    best = BaseCheckout{use->dir + "/tree", *commit, info->tree,  "bases/" + name,
                        std::move(*use),    {},      std::nullopt};
  }
  return best;
}

std::optional<BaseCheckout> BaseCache::near_checkout(BaseRepo& repo, const Oid& commit,
                                                     const Oid& tree, const Cutoff& cutoff) {
  if (options_.near_files_max == 0) return std::nullopt;
  auto near = nearest(repo, tree);
  if (!near) return std::nullopt;
  if (Status whole = look_through(*near, false); !whole) {
    log::warn("broken base checkout found",
              {{"entry", near->name}, {"why", whole.error().message}});
    store_->discard(near->name, near->use);
    return std::nullopt;
  }
  const std::string name =
      "indexes" + checkout_name(repo, commit).substr(5) + "-on-" + near->commit.hex().substr(0, 16);
  auto use = store_->find_or_make(name, cutoff, [&](const std::string& folder) -> Status {
    auto changes = repo.git().changes(near->tree, tree);
    if (!changes) return changes.error();
    return change_index(near->dir, *changes, folder + "/index");
  });
  if (!use) return std::nullopt;
  near->index_file = use->dir + "/index";
  near->index_use = std::move(*use);
  store_->set_size(name, 0);
  grow_later(repo, commit, *near);
  return near;
}

void BaseCache::grow_later(const BaseRepo& repo, const Oid& commit, const BaseCheckout& near) {
  const std::string name = checkout_name(repo, commit);
  {
    const std::lock_guard lock(mutex_);
    if (near_uses_.size() > kRememberedMax) near_uses_.clear();
    if (++near_uses_[name] != 2 || growths_.size() >= kGrowthsMax) return;
    growths_.push_back({repo.repo_, commit, near.name});
  }
  grown_.notify_all();
}

void BaseCache::grow(const Growth& growth) {
  const Cutoff cutoff = Cutoff{stop_growing_.get(), -1}.within(kGrowMsMax);
  auto repo = open_repo(growth.repo, cutoff);
  if (!repo) return;
  auto near = store_->find(growth.near_name);
  auto near_commit =
      Oid::parse(std::string_view(growth.near_name).substr(growth.near_name.size() - 40));
  if (!near || !near_commit) return;
  auto near_info = (*repo)->git().read_commit(*near_commit);
  if (!near_info) return;
  const std::string name = checkout_name(**repo, growth.commit);
  bool made = false;
  auto use = store_->find_or_make(name, cutoff, [&](const std::string& folder) -> Status {
    auto bytes = clone_checkout((*repo)->git(), growth.commit, (*repo)->objects_dir(),
                                near->dir + "/tree", near_info->tree, folder + "/tree", cutoff);
    if (!bytes) return bytes.error();
    made = true;
    ::malloc_trim(0);
    return write_file_atomic(folder + "/size", std::to_string(*bytes));
  });
  if (use) {
    const std::lock_guard lock(mutex_);
    if (made) verified_.emplace(name, inode_of(*use));
  } else if (!is_cutoff(use.error())) {
    log::warn("base checkout not made in the background",
              {{"entry", name}, {"why", use.error().message}});
  }
}

void BaseCache::grower() {
  std::unique_lock lock(mutex_);
  for (;;) {
    growing_ = false;
    grown_.notify_all();
    grown_.wait(lock, [&] { return stopping_ || !growths_.empty(); });
    if (stopping_) return;
    const Growth growth = growths_.front();
    growths_.pop_front();
    growing_ = true;
    lock.unlock();
    grow(growth);
    lock.lock();
  }
}

void BaseCache::settle() {
  std::unique_lock lock(mutex_);
  grown_.wait(lock, [&] { return !growing_ && growths_.empty(); });
}

}  // namespace ghost::runner
