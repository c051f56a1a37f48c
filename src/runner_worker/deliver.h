// Delivery of a commit to its repository: a branch moved by compare-and-swap, a tag made, both or
// neither. What was delivered already is found, so that repeating a delivery is safe. One thread.
#pragma once

#include <optional>
#include <string>

#include "runner_worker/base_cache.h"

namespace ghost::runner {

struct DeliveryTarget {
  std::string branch_ref;  // "refs/heads/main", empty: none
  std::string tag_ref;     // "refs/tags/v1", empty: none
};
// Takes names with or without "refs/heads/", "refs/tags/". Error code bad_field.
Result<DeliveryTarget> delivery_target(const std::string& branch, const std::string& tag);

struct RemoteState {
  std::optional<Oid> branch, tag;  // commits; nothing where the ref does not exist
};

enum class PushEnd {
  kDone,     // the refs are at the commit, moved now or before
  kMoved,    // the branch is elsewhere
  kRefused,  // the repository does not take it, and would not if asked again
};
struct PushResult {
  PushEnd end = PushEnd::kDone;
  std::string reason;
};

class Delivery {
 public:
  Delivery(BaseCache& cache, BaseRepo& repo, DeliveryTarget target)
      : cache_(cache), repo_(repo), target_(std::move(target)) {}

  Result<RemoteState> look(const Cutoff& cutoff);

  // Moves the branch from `expected` (nothing: it must not exist) to `commit`, whose new objects
  // are in the repo's memory, and makes the tag. Error codes git_error (it is not known whether it
  // happened), timeout, stopping, io_error.
  Result<PushResult> push(const Oid& commit, const std::optional<Oid>& expected,
                          const Cutoff& cutoff);

  const DeliveryTarget& target() const { return target_; }

 private:
  Result<GitDone> run_push(const Oid& commit, const std::optional<Oid>& expected, bool with_tag,
                           const Cutoff& cutoff);

  BaseCache& cache_;
  BaseRepo& repo_;
  const DeliveryTarget target_;
};

}  // namespace ghost::runner
