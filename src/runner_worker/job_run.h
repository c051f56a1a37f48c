// One run of one job, from its request to its outcome. Made for a single run() on the slot's
// thread; everything it holds (repository, checkout, sandbox) goes with it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "patch/engine.h"
#include "runner_worker/base_cache.h"
#include "runner_worker/commit.h"
#include "runner_worker/deliver.h"
#include "runner_worker/gate_runner.h"
#include "runner_worker/job_executor.h"
#include "runner_worker/prepared.h"

namespace ghost::runner {

class JobRun {
 public:
  JobRun(const ExecutorOptions& options, BaseCache& cache, PreparedLayers& layers,
         SandboxPool& pool, const JobInput& job, JobHost& host);
  ~JobRun();
  JobOutcome run();
  // The cache was found broken before any gate ran: another run has a new one.
  bool worth_repeating() const { return cache_broken_ && !gate_ran_; }

 private:
  // How a job ends; steps give nothing when it goes on.
  struct End {
    wire::Outcome outcome;
    std::string reason;
  };
  using Step = std::optional<End>;

  // job_run.cc: the order of things.
  Step execute();
  Step check();
  Step check_isolation() const;
  Step round();
  Step after_gates(Step end);
  Step apply();
  Step compute();
  Step result();
  End end_of(const Error& error, const std::string& doing);
  End stopped() const;
  JobOutcome outcome(End end);
  std::optional<wire::RollbackReport> roll_back(End* end);

  // job_base.cc: what the patch applies to.
  Step find_base();
  Step use_base(const std::string& commit);
  Step keep_base();
  Step tell_of_base();
  Result<Oid> with_ancestors(const Oid& tree, bool verify);

  // job_prepare.cc: the prepared layer.
  Step prepare_layer();
  Result<bool> hides_base(const CacheStore::Use& layer);
  Status make_layer(const std::string& folder);
  Status run_prepare(Sandbox& sandbox);
  End prepare_failure(const Error& error);

  // job_workspace.cc: the workspace and what runs in it.
  bool needs_workspace() const;
  Step find_checkout();
  Result<std::unique_ptr<Sandbox>> open_sandbox(const JobLimitValues& limits,
                                                const std::string& layer_dir,
                                                wire::Network network);
  Result<bool> is_base(Sandbox& sandbox);
  Status show_base(Sandbox& sandbox);
  Status put_changes(Sandbox& sandbox, const std::vector<TreeChange>& changes, int64_t mtime_s);
  Step open_workspace();
  Step close_workspace();
  Step publish(const Oid& tree);
  Step publish_changes(const std::vector<TreeChange>& changes);
  Step gates(wire::GatePhase phase);
  Step restore_protected();
  Step keep_artifacts();
  Step include_files();

  // job_delivery.cc: commits and where they go.
  bool wants_commit() const;
  Result<Oid> make_commits(const Oid& parent);
  CommitText text_of_commit(size_t mail, const Oid& tree, std::vector<Oid> parents) const;
  // Sets *again when the job is to be done again on the tip of the branch that moved.
  Step deliver(bool* again);
  Step push(Delivery& delivery, const Oid& commit, const std::optional<Oid>& expected, bool* again);
  Step on_moved(const Delivery& delivery, const Oid& tip, bool* again);
  Step delivered(const Delivery& delivery, const Oid& commit);
  Result<bool> was_delivered(const Oid& tip, Oid* commit);
  Result<bool> is_our_work(const Oid& commit);

  const ExecutorOptions& options_;
  BaseCache& cache_;
  PreparedLayers& layers_;
  SandboxPool& pool_;
  const JobInput& job_;
  JobHost& host_;
  const wire::Dispatch& dispatch_;

  wire::PatchRequest request_;
  JobLimitValues limits_{};
  Cutoff cutoff_;
  WallMs started_ms_ = 0;

  std::unique_ptr<BaseRepo> repo_;
  bool cache_broken_ = false, gate_ran_ = false;
  Oid base_commit_, commit_tree_;  // the commit and its tree
  Oid base_tree_;                  // that tree with the ancestors' diffs: what the patch applies to
  bool base_known_ = false;
  bool base_told_ = false;  // the broker was told, its answer is still to come

  std::optional<BaseCheckout> checkout_;
  std::optional<CacheStore::Use> layer_;
  bool prepare_here_ = false;  // no layers on this host: the commands run in the workspace itself
  std::unique_ptr<Sandbox> sandbox_;
  Oid published_;  // the tree that the workspace was given last
  std::set<std::string> touched_;
  std::optional<OutputBudget> budget_;
  std::map<std::string, std::string> secrets_;

  std::optional<patch::ApplyOutput> applied_;
  std::vector<wire::GateReport> gates_;
  std::vector<wire::ArtifactReport> artifacts_;
  std::optional<wire::ResultReport> result_;
  Oid result_tree_;
  Blob diff_;
  uint64_t rounds_ = 0;
};

}  // namespace ghost::runner
