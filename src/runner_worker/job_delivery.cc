// What becomes of a passed patch: its commits, and their way into the repository.
#include "runner_worker/commit.h"
#include "runner_worker/job_run.h"
#include "wire/detail.h"

namespace ghost::runner {
namespace {

constexpr size_t kHistoryMax = 1000;  // commits looked through for an earlier delivery

std::string mail_date(const patch::MailCommit& mail) {
  if (!mail.has_date) return {};
  const int zone = mail.tz_minutes < 0 ? -mail.tz_minutes : mail.tz_minutes;
  char text[48];
  std::snprintf(text, sizeof text, "%lld %c%02d%02d", static_cast<long long>(mail.date_unix),
                mail.tz_minutes < 0 ? '-' : '+', zone / 60 % 100, zone % 60);
  return text;
}

}  // namespace

bool JobRun::wants_commit() const {
  if (!request_.on_success) return false;
  return request_.on_success->commit || (request_.on_success->push && !applied_->mails.empty());
}

// The commits of a patch on `parent`: one, or one a mail. Gate-made files go into the last.
Result<Oid> JobRun::make_commits(const Oid& parent) {
  const auto& mails = applied_->mails;
  Oid at = parent;
  for (size_t i = 0; i < std::max<size_t>(mails.size(), 1); ++i) {
    const bool last = i + 1 >= mails.size();
    auto made = repo_->git().write_commit(
        commit_object(text_of_commit(i, last ? result_tree_ : mails[i].tree, {at})));
    if (!made) return made.error();
    at = *made;
  }
  return at;
}

CommitText JobRun::text_of_commit(size_t mail, const Oid& tree, std::vector<Oid> parents) const {
  CommitText text;
  text.tree = tree;
  text.parents = std::move(parents);
  text.accepted_ms = dispatch_.accepted_ms;
  if (mail < applied_->mails.size()) {
    const patch::MailCommit& from = applied_->mails[mail];
    text.author_name = from.author_name;
    text.author_email = from.author_email;
    text.author_date = mail_date(from);
    text.message = from.message;
    return text;
  }
  const auto& spec = request_.on_success->commit;
  if (spec && spec->author) {
    text.author_name = spec->author->name;
    text.author_email = spec->author->email;
  }
  text.message = spec && spec->message ? *spec->message : request_.description.value_or("A patch");
  return text;
}

JobRun::Step JobRun::deliver(bool* again) {
  if (!wants_commit()) return {};
  auto commit = make_commits(base_commit_);
  if (!commit) return end_of(commit.error(), "make the commit");
  result_->commit_oid = commit->hex();
  if (!request_.on_success->push) return {};

  auto target = delivery_target(request_.on_success->branch.value_or(""),
                                request_.on_success->tag.value_or(""));
  Delivery delivery(cache_, *repo_, *target);
  auto seen = delivery.look(cutoff_);
  if (!seen) return end_of(seen.error(), "look at the branch");
  std::optional<Oid> expected = base_commit_;
  if (!seen->branch) expected = std::nullopt;
  const bool elsewhere = !target->branch_ref.empty() && seen->branch &&
                         *seen->branch != base_commit_ && *seen->branch != *commit;
  if (elsewhere) {
    auto tip = cache_.fetch_ref(*repo_, target->branch_ref, cutoff_);
    if (!tip) return end_of(tip.error(), "fetch the branch");
    if (dispatch_.attempt > 1) {
      Oid earlier = *commit;
      auto found = was_delivered(*tip, &earlier);
      if (!found) return end_of(found.error(), "look for an earlier delivery");
      if (*found) return delivered(delivery, earlier);
    }
    auto info = repo_->git().read_commit(*tip);
    if (!info) return end_of(info.error(), "read the branch");
    // The jobs below this one were delivered meanwhile: the branch holds just what it builds on.
    if (dispatch_.ancestors.empty() || info->tree != base_tree_) {
      return on_moved(delivery, *tip, again);
    }
    commit = make_commits(*tip);
    if (!commit) return end_of(commit.error(), "make the commit");
    expected = *tip;
  }
  return push(delivery, *commit, expected, again);
}

JobRun::Step JobRun::push(Delivery& delivery, const Oid& commit, const std::optional<Oid>& expected,
                          bool* again) {
  auto answer = host_.ask_delivery(commit.hex());
  if (!answer) return end_of(answer.error(), "ask for the delivery");
  if (!answer->granted) {
    if (answer->reason == "cancelled") {
      return End{wire::Outcome::kCancelled, "cancelled before it was delivered"};
    }
    if (answer->reason == "expired") {
      return End{wire::Outcome::kExpired, "its deadline passed before it was delivered"};
    }
    return End{wire::Outcome::kInfraError, "the delivery was not granted: " + answer->reason};
  }
  auto pushed = delivery.push(commit, expected, cutoff_);
  if (!pushed) return end_of(pushed.error(), "deliver");
  switch (pushed->end) {
    case PushEnd::kDone:
      return delivered(delivery, commit);
    case PushEnd::kRefused:
      return End{wire::Outcome::kRejected, pushed->reason};
    case PushEnd::kMoved:
      break;
  }
  auto tip = cache_.fetch_ref(*repo_, delivery.target().branch_ref, cutoff_);
  if (!tip) {
    if (tip.error().code == "not_found") return End{wire::Outcome::kBaseMoved, pushed->reason};
    return end_of(tip.error(), "fetch the branch");
  }
  // Ours may have gone in, its answer lost, and another's on top.
  Oid ours = commit;
  auto found = was_delivered(*tip, &ours);
  if (!found) return end_of(found.error(), "look for an earlier delivery");
  if (*found) return delivered(delivery, ours);
  return on_moved(delivery, *tip, again);
}

JobRun::Step JobRun::on_moved(const Delivery& delivery, const Oid& tip, bool* again) {
  const std::string what = delivery.target().branch_ref + " is at " + tip.hex() +
                           ", the patch's base is " + base_commit_.hex();
  if (request_.on_success->on_base_moved == wire::OnBaseMoved::kFail) {
    return End{wire::Outcome::kBaseMoved, what};
  }
  if (rounds_ > options_.reapply_max) {
    return End{wire::Outcome::kBaseMoved,
               what + "; it moved " + std::to_string(rounds_) + " times"};
  }
  auto info = repo_->git().read_commit(tip);
  if (!info) return end_of(info.error(), "read the branch");
  Oid tree = base_tree_;
  if (info->tree != base_tree_) {
    auto built = with_ancestors(info->tree, false);
    if (!built) {
      if (is_cutoff(built.error())) return end_of(built.error(), "build the base");
      return End{wire::Outcome::kBaseMoved, what + "; " + built.error().message};
    }
    tree = *built;
  }
  if (Step end = close_workspace()) return end;
  checkout_.reset();
  layer_.reset();
  touched_.clear();
  base_commit_ = tip;
  commit_tree_ = info->tree;
  base_tree_ = tree;
  *again = true;
  host_.progress("base", "",
                 wire::pack_detail({{"repo", dispatch_.repo.name},
                                    {"ref", delivery.target().branch_ref},
                                    {"commit", tip.hex()},
                                    {"treeOid", tree.hex()},
                                    {"moved", true}}));
  return {};
}

JobRun::Step JobRun::delivered(const Delivery& delivery, const Oid& commit) {
  const DeliveryTarget& target = delivery.target();
  result_->commit_oid = commit.hex();
  result_->pushed = true;
  if (!target.branch_ref.empty()) result_->branch = request_.on_success->branch;
  if (!target.tag_ref.empty()) result_->tag = request_.on_success->tag;
  host_.progress(
      "delivered", "",
      wire::pack_detail(
          {{"commit", commit.hex()}, {"branch", target.branch_ref}, {"tag", target.tag_ref}}));
  return {};
}

// Did an earlier attempt of this job deliver, perhaps on another base, with other commits on top by
// now? `*commit` is what this attempt would deliver, and becomes what was.
Result<bool> JobRun::was_delivered(const Oid& tip, Oid* commit) {
  if (repo_->git().has_commit(*commit)) {
    auto there = repo_->git().is_ancestor(*commit, tip);
    if (there && *there) return true;
  }
  Oid at = tip;
  for (size_t i = 0; i < kHistoryMax && at != base_commit_; ++i) {
    if (Status s = cutoff_.check(); !s) return s.error();
    auto ours = is_our_work(at);
    if (!ours) return ours.error();
    if (*ours) {
      *commit = at;
      return true;
    }
    auto info = repo_->git().read_commit(at);
    if (!info) return info.error();
    if (info->parents.empty()) break;
    at = info->parents[0];
  }
  return false;
}

// Would this job, on the base that `commit` stands on, have made just that commit?
Result<bool> JobRun::is_our_work(const Oid& commit) {
  auto info = repo_->git().read_commit(commit);
  if (!info) return info.error();
  if (!info->committer.starts_with(kGhostName) || info->parents.size() != 1) return false;
  const size_t commits = std::max<size_t>(applied_->mails.size(), 1);
  const Oid id =
      repo_->git().commit_id(commit_object(text_of_commit(commits - 1, info->tree, info->parents)));
  if (id != commit) return false;
  Oid base = commit;
  for (size_t i = 0; i < commits; ++i) {
    auto step = repo_->git().read_commit(base);
    if (!step || step->parents.size() != 1) return false;
    base = step->parents[0];
  }
  auto base_info = repo_->git().read_commit(base);
  if (!base_info) return base_info.error();
  // Files that the gates made cannot be known without running them again.
  const auto& spec = request_.on_success->commit;
  const bool exact = !spec || spec->include.empty();
  auto tree = base_info->tree == base_tree_ ? Result<Oid>(base_tree_)
                                            : with_ancestors(base_info->tree, false);
  if (!tree) return false;
  patch::ApplyInput input;
  input.base_tree = *tree;
  input.patch = &request_.patch;
  input.options = request_.apply;
  input.policy.allow_gitlinks = dispatch_.repo.allow_gitlinks;
  auto again = patch::apply(repo_->git(), input);
  if (!again) return again.error();
  if (again->outcome != patch::Outcome::kApplied) return false;
  if (exact && again->tree != info->tree) return false;
  applied_ = std::move(*again);
  base_commit_ = base;
  commit_tree_ = base_info->tree;
  base_tree_ = *tree;
  result_tree_ = info->tree;
  if (Step end = result()) return Error{"git_error", end->reason, {}};
  return true;
}

}  // namespace ghost::runner
