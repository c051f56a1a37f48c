#include "runner_worker/job_run.h"

#include <algorithm>

#include "base/log.h"
#include "runner_worker/checkout.h"
#include "wire/detail.h"
#include "wire/isolation.h"
#include "wire/request_check.h"

namespace ghost::runner {
namespace {

constexpr size_t kHunkEventsMax = 200;  // the verdict holds all of them
constexpr size_t kDiffInVerdictBytes = 64 << 10;

uint64_t limit(const std::optional<uint64_t>& asked, uint64_t normal, uint64_t ceiling) {
  const uint64_t value = asked.value_or(normal);
  if (ceiling == 0) return value;                          // no ceiling
  return value == 0 ? ceiling : std::min(value, ceiling);  // 0: no limit asked
}

JobLimitValues limits_of(const wire::JobLimits& asked, const ExecutorOptions& o) {
  return {limit(asked.wall_ms, o.limits.wall_ms, o.ceilings.wall_ms),
          limit(asked.cpu_ms, o.limits.cpu_ms, o.ceilings.cpu_ms),
          limit(asked.memory_bytes, o.limits.memory_bytes, o.ceilings.memory_bytes),
          limit(asked.pids, o.limits.pids, o.ceilings.pids),
          limit(asked.disk_bytes, o.limits.disk_bytes, o.ceilings.disk_bytes),
          limit(asked.inodes, o.limits.inodes, o.ceilings.inodes),
          limit(asked.output_bytes, o.limits.output_bytes, o.ceilings.output_bytes)};
}

}  // namespace

JobRun::JobRun(const ExecutorOptions& options, BaseCache& cache, PreparedLayers& layers,
               SandboxPool& pool, const JobInput& job, JobHost& host)
    : options_(options),
      cache_(cache),
      layers_(layers),
      pool_(pool),
      job_(job),
      host_(host),
      dispatch_(job.dispatch),
      started_ms_(wall_now_ms()) {}

JobRun::~JobRun() {
  // The listener holds the sandbox.
  if (sandbox_) host_.set_lease_listener(nullptr);
}

JobOutcome JobRun::run() {
  Step end = execute();
  // The sandbox is empty before anything is said of the job.
  if (Step closed = close_workspace()) end = closed;
  if (repo_ && repo_->broken()) cache_broken_ = true;
  return outcome(end.value_or(End{wire::Outcome::kPassed, {}}));
}

JobRun::Step JobRun::execute() {
  if (Step end = check()) return end;
  if (Step end = find_base()) return end;
  // Once, and again on a branch that moved meanwhile, if the request wants to follow it.
  for (bool again = true; again;) {
    again = false;
    if (Step end = round()) return end;
    if (Step end = deliver(&again)) return end;
  }
  return {};
}

// A client of the broker need not come through a relay, so the request is checked here again.
JobRun::Step JobRun::check() {
  limits_ = limits_of({}, options_);
  cutoff_ = Cutoff{host_.stop_fd(), -1}.within(limits_.wall_ms);
  if (!job_.request) return End{wire::Outcome::kRejected, "the job came without a request"};
  auto request = wire::decode<wire::PatchRequest>(*job_.request);
  if (!request) return End{wire::Outcome::kRejected, request.error().message};
  if (Status s = wire::check_request(*request); !s) {
    return End{wire::Outcome::kRejected, s.error().message};
  }
  request_ = std::move(*request);
  limits_ = limits_of(request_.limits, options_);
  cutoff_ = Cutoff{host_.stop_fd(), -1}.within(limits_.wall_ms);
  if (Step end = check_isolation()) return end;
  if (request_.on_success) {
    auto target = delivery_target(request_.on_success->branch.value_or(""),
                                  request_.on_success->tag.value_or(""));
    if (!target) return End{wire::Outcome::kRejected, target.error().message};
  }
  if (request_.secret_env.empty()) return {};
  auto known = read_secrets(options_.secrets_file);
  if (!known) return End{wire::Outcome::kInfraError, known.error().message};
  for (const auto& name : request_.secret_env) {
    const auto it = known->find(name);
    if (it == known->end()) {
      return End{wire::Outcome::kRejected,
                 "secretEnv: this runner's host has no secret named " + name};
    }
    secrets_.insert(*it);
  }
  return {};
}

// The broker knows levels, too; what a client sends past it is not trusted.
JobRun::Step JobRun::check_isolation() const {
  const auto asked = request_.requires_.find(wire::kIsolationLabel);
  const std::string wanted = asked == request_.requires_.end() ? "full" : asked->second;
  const std::string given(pool_.level());
  if (wire::isolation_rank(given) >= wire::isolation_rank(wanted)) return {};
  return End{wire::Outcome::kInfraError,
             "the isolation of this runner is " + given + ", the job wants " + wanted};
}

// The job on one base: from the base's prechecks to the result.
JobRun::Step JobRun::round() {
  ++rounds_;
  gates_.clear();
  artifacts_.clear();
  applied_.reset();
  uint64_t runs = 0;
  for (const auto& gate : request_.gates) runs += 1 + gate.retries;
  if (!budget_) budget_.emplace(limits_.output_bytes, runs);

  const bool prechecks =
      std::any_of(request_.gates.begin(), request_.gates.end(),
                  [](const wire::Gate& g) { return g.phase == wire::GatePhase::kPrecheck; });
  if (prechecks) {
    if (Step end = keep_base()) return end;
    if (Step end = open_workspace()) return end;
    if (Step end = publish(base_tree_)) return end;
    if (Step end = gates(wire::GatePhase::kPrecheck)) return after_gates(end);
  }
  if (Step end = apply()) return end;
  if (needs_workspace()) {
    if (Step end = open_workspace()) return end;
    if (Step end = publish(applied_->tree)) return end;
  }
  Step end = gates(wire::GatePhase::kBuild);
  if (!end) end = gates(wire::GatePhase::kValidate);
  if (Step after = after_gates(end)) return after;
  result_tree_ = applied_->tree;
  if (Step failed = include_files()) return failed;
  // Its end takes as long as making the result does.
  if (sandbox_) sandbox_->end();
  return result();
}

// Artifacts are kept of failed gates, too: that is when people look at them.
JobRun::Step JobRun::after_gates(Step end) {
  if (end && end->outcome != wire::Outcome::kGateFailed) return end;
  if (Step failed = keep_artifacts()) {
    // The gate that failed is the better reason, unless the job is to stop.
    if (!end || failed->outcome != wire::Outcome::kGateFailed) return failed;
  }
  return end;
}

JobRun::Step JobRun::compute() {
  if (Status s = cutoff_.check(); !s) return end_of(s.error(), "apply the patch");
  patch::ApplyInput input;
  input.base_tree = base_tree_;
  input.patch = &request_.patch;
  input.options = request_.apply;
  input.policy.allow_gitlinks = dispatch_.repo.allow_gitlinks;
  auto applied = patch::apply(repo_->git(), input);
  if (!applied) {
    // A base that was whole once and cannot be read now.
    cache_.mark_broken(*repo_);
    return End{wire::Outcome::kInfraError, "apply the patch: " + applied.error().message};
  }
  applied_ = std::move(*applied);
  return {};
}

JobRun::Step JobRun::apply() {
  const Oid tree = base_tree_;
  if (Step end = compute()) return end;
  if (Step end = keep_base()) return end;
  if (tree != base_tree_) {
    if (Step end = compute()) return end;
  }
  const wire::ApplyReport& report = applied_->report;
  for (size_t i = 0; i < report.hunks.size() && i < kHunkEventsMax; ++i) {
    const wire::HunkReport& h = report.hunks[i];
    host_.progress("hunk", "",
                   wire::pack_detail({{"file", h.file},
                                      {"index", h.index},
                                      {"status", wire::to_string(h.status)},
                                      {"offset", h.offset},
                                      {"fuzz", h.fuzz}}));
  }
  host_.progress("applied", "",
                 wire::pack_detail({{"status", wire::to_string(report.status)},
                                    {"files", uint64_t{report.files.size()}},
                                    {"hunks", uint64_t{report.hunks.size()}},
                                    {"treeOid", applied_->tree.hex()}}));
  if (applied_->outcome == patch::Outcome::kApplied) return {};
  const bool rejected = applied_->outcome == patch::Outcome::kRejected;
  std::string reason = rejected ? "the patch is refused" : "the patch does not apply";
  if (!report.errors.empty()) {
    const auto& first = report.errors.front();
    reason += ": ";
    if (!first.path.empty() && !first.message.starts_with(first.path)) reason += first.path + ": ";
    reason += first.message;
  }
  return End{rejected ? wire::Outcome::kRejected : wire::Outcome::kApplyFailed, reason};
}

JobRun::Step JobRun::result() {
  auto diff = repo_->git().diff(base_tree_, result_tree_, options_.diff_bytes_max);
  if (!diff) {
    if (diff.error().code == "too_large") {
      return End{wire::Outcome::kRejected, diff.error().message};
    }
    return end_of(diff.error(), "make the diff");
  }
  diff_ = (*diff)->empty() ? nullptr : *diff;
  wire::ResultReport report;
  report.tree_oid = result_tree_.hex();
  if (diff_) {
    report.diff_bytes = diff_->size();
    report.diff_sha256 = sha256_hex(*diff_);
    if (diff_->size() <= kDiffInVerdictBytes && is_utf8(*diff_)) report.diff = *diff_;
  }
  result_ = std::move(report);
  return {};
}

JobRun::End JobRun::stopped() const {
  switch (host_.stop_reason()) {
    case StopReason::kCancelled:
      return {wire::Outcome::kCancelled, "cancelled while it ran"};
    case StopReason::kExpired:
      return {wire::Outcome::kExpired, "its deadline passed while it ran"};
    case StopReason::kLeaseLost:
    case StopReason::kNone:
      break;
  }
  return {wire::Outcome::kInfraError, "the runner lost its lease"};
}

JobRun::End JobRun::end_of(const Error& error, const std::string& doing) {
  if (error.code == "stopping" || host_.stop_reason() != StopReason::kNone) return stopped();
  if (error.code == "timeout") {
    return {wire::Outcome::kTimeout,
            "the job's limit of " + std::to_string(limits_.wall_ms) + " ms ran out"};
  }
  // What the base or its name is to blame for; asking again would give the same.
  const bool definite = !base_known_ && error.code == "not_found";
  if (definite || error.code == "bad_request") return {wire::Outcome::kRejected, error.message};
  return {wire::Outcome::kInfraError, doing + ": " + error.message};
}

JobOutcome JobRun::outcome(End end) {
  JobOutcome out;
  const bool passed = end.outcome == wire::Outcome::kPassed;
  add_skipped(request_.gates, &gates_);
  wire::Verdict& v = out.verdict;
  if (!passed) v.rollback = roll_back(&end);
  out.outcome = v.outcome = end.outcome;
  out.reason = end.reason.substr(0, 4096);
  if (!passed) v.reason = out.reason;
  if (applied_) v.apply = std::move(applied_->report);
  v.gates = std::move(gates_);
  v.artifacts = std::move(artifacts_);
  v.isolation = pool_.gaps();
  v.started_at = started_ms_;
  out.started_ms = started_ms_;
  if (passed && result_) {
    out.tree_oid = result_->tree_oid;
    out.commit_oid = result_->commit_oid.value_or("");
    out.diff = diff_;
    v.result = std::move(result_);
  }
  return out;
}

// Nothing of a failed job is left: its objects were in memory, its workspace is gone, and what lay
// under the workspace is, where the patch touched it, still the base's tree, byte for byte.
std::optional<wire::RollbackReport> JobRun::roll_back(End* end) {
  if (!base_known_) return std::nullopt;
  wire::RollbackReport report;
  report.performed = true;
  report.base_tree_oid = base_tree_.hex();
  const auto info = repo_->git().read_commit(base_commit_);
  report.verified = info.ok() && info->tree == commit_tree_;
  if (!checkout_) return report;
  auto same = paths_match_tree(checkout_->dir, repo_->git(), checkout_->tree,
                               {touched_.begin(), touched_.end()});
  if (same && *same) return report;
  report.verified = false;
  cache_.mark_broken(*checkout_);
  log::error("base checkout differs from its commit after a job", {{"job", dispatch_.id}});
  // A verdict on a base that was not what it should be is none.
  if (end->outcome == wire::Outcome::kGateFailed) {
    *end = {wire::Outcome::kInfraError, "the base checkout was found changed"};
  }
  return report;
}

}  // namespace ghost::runner
