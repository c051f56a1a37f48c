// What the patch of a job applies to: the commit that its ref names, and the results of the jobs
// below it.
#include "runner_worker/job_run.h"
#include "wire/detail.h"

namespace ghost::runner {
namespace {

// A result's diff, made by a runner from two trees that it had checked.
Result<Oid> apply_result_diff(GitRepo& git, const Oid& tree, const std::string& diff,
                              const patch::Policy& policy, size_t bytes_max) {
  wire::PatchBody body;
  body.format = wire::PatchFormat::kUnified;
  body.data = diff;
  patch::ApplyInput input;
  input.base_tree = tree;
  input.patch = &body;
  input.policy = policy;
  input.limits.patch_bytes_max = bytes_max;
  auto output = patch::apply(git, input);
  if (!output) return output.error();
  if (output->outcome == patch::Outcome::kApplied) return output->tree;
  const auto& errors = output->report.errors;
  return Error{"conflict", errors.empty() ? "it does not apply" : errors.front().message, {}};
}

}  // namespace

JobRun::Step JobRun::find_base() {
  auto repo = cache_.open_repo(dispatch_.repo, cutoff_);
  if (!repo) return end_of(repo.error(), "open the repository " + dispatch_.repo.name);
  repo_ = std::move(*repo);
  std::string commit = dispatch_.base_commit.value_or("");
  if (commit.empty()) {
    const std::string& ref = dispatch_.ref.empty() ? dispatch_.repo.default_branch : dispatch_.ref;
    auto resolved = cache_.resolve(*repo_, ref, cutoff_);
    if (!resolved) return end_of(resolved.error(), "find the base");
    commit = resolved->hex();
    host_.tell_base(commit);
    base_told_ = true;
  }
  if (Step end = use_base(commit)) {
    // Is it the base that is to blame, it must be the one that counts.
    if (Step unkept = keep_base()) return unkept;
    return base_known_ ? Step() : end;
  }
  return base_told_ ? Step() : tell_of_base();
}

JobRun::Step JobRun::use_base(const std::string& commit) {
  base_known_ = false;
  auto oid = Oid::parse(commit);
  if (!oid) return End{wire::Outcome::kInfraError, "the base \"" + commit + "\" is no commit id"};
  base_commit_ = *oid;
  if (Status s = cache_.bring(*repo_, base_commit_, cutoff_); !s) {
    return end_of(s.error(), "bring the base");
  }
  auto info = repo_->git().read_commit(base_commit_);
  if (!info) {
    cache_.mark_broken(*repo_);
    return End{wire::Outcome::kInfraError, "read the base: " + info.error().message};
  }
  commit_tree_ = info->tree;
  auto tree = with_ancestors(commit_tree_, true);
  if (!tree) {
    if (is_cutoff(tree.error())) return end_of(tree.error(), "build the base");
    return End{wire::Outcome::kInfraError, tree.error().message};
  }
  base_tree_ = *tree;
  base_known_ = true;
  return {};
}

// The broker keeps the base that the first attempt found: its word comes while this one already
// works, mostly on the same commit.
JobRun::Step JobRun::keep_base() {
  if (!base_told_) return {};
  base_told_ = false;
  auto kept = host_.kept_base();
  if (!kept) return end_of(kept.error(), "tell the base");
  if (*kept != base_commit_.hex()) {
    if (Step end = use_base(*kept)) return end;
  }
  return base_known_ ? tell_of_base() : Step();
}

JobRun::Step JobRun::tell_of_base() {
  host_.progress("base", "",
                 wire::pack_detail({{"repo", dispatch_.repo.name},
                                    {"ref", dispatch_.ref},
                                    {"commit", base_commit_.hex()},
                                    {"treeOid", base_tree_.hex()}}));
  return {};
}

Result<Oid> JobRun::with_ancestors(const Oid& tree, bool verify) {
  if (job_.ancestor_diffs.size() != dispatch_.ancestors.size()) {
    return Error{"bad_request", "the job came with a wrong number of diffs", {}};
  }
  Oid at = tree;
  for (size_t i = 0; i < dispatch_.ancestors.size(); ++i) {
    if (Status s = cutoff_.check(); !s) return s.error();
    const wire::Ancestor& ancestor = dispatch_.ancestors[i];
    const Blob& diff = job_.ancestor_diffs[i];
    auto next = diff && !diff->empty()
                    ? apply_result_diff(repo_->git(), at, *diff, {dispatch_.repo.allow_gitlinks},
                                        options_.diff_bytes_max)
                    : Result<Oid>(at);
    if (!next) {
      return Error{next.error().code,
                   "the result of job " + ancestor.id + " cannot be built: " + next.error().message,
                   {}};
    }
    if (verify && next->hex() != ancestor.tree_oid) {
      return Error{"conflict",
                   "the diff of job " + ancestor.id + " gives the tree " + next->hex() +
                       ", its result was " + ancestor.tree_oid,
                   {}};
    }
    at = *next;
  }
  return at;
}

}  // namespace ghost::runner
