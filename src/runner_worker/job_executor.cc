#include "runner_worker/job_executor.h"

#include <exception>

#include "base/log.h"
#include "runner_worker/job_run.h"

namespace ghost::runner {
namespace {

class JobExecutor : public Executor {
 public:
  JobExecutor(ExecutorOptions options, std::unique_ptr<BaseCache> cache, SandboxPool& pool)
      : options_(std::move(options)),
        cache_(std::move(cache)),
        layers_(cache_->store()),
        pool_(pool) {}

  JobOutcome run(const JobInput& job, JobHost& host) override {
    try {
      bool repeat = false;
      JobOutcome first = run_once(job, host, &repeat);
      return repeat ? run_once(job, host, &repeat) : std::move(first);
    } catch (const std::exception& e) {
      // Out of memory, or a mistake of ours; the sandbox went with the run.
      log::error("job ended by an exception", {{"job", job.dispatch.id}, {"what", e.what()}});
      JobOutcome out;
      out.outcome = out.verdict.outcome = wire::Outcome::kInfraError;
      out.reason = std::string("the runner failed: ") + e.what();
      out.verdict.reason = out.reason;
      return out;
    }
  }

  std::vector<std::string> isolation_gaps() const override { return pool_.gaps(); }

 private:
  JobOutcome run_once(const JobInput& job, JobHost& host, bool* repeat) {
    JobRun run(options_, *cache_, layers_, pool_, job, host);
    JobOutcome outcome = run.run();
    *repeat = outcome.outcome == wire::Outcome::kInfraError && run.worth_repeating() &&
              host.stop_reason() == StopReason::kNone;
    return outcome;
  }

  const ExecutorOptions options_;
  const std::unique_ptr<BaseCache> cache_;
  PreparedLayers layers_;
  SandboxPool& pool_;
};

}  // namespace

Result<std::unique_ptr<Executor>> make_job_executor(const ExecutorOptions& options,
                                                    SandboxPool& pool) {
  BaseCacheOptions base;
  base.dir = options.cache_dir;
  base.bytes_max = options.cache_bytes_max;
  base.protocols = options.protocols;
  base.allow_private = options.allow_private;
  base.credentials_dir = options.credentials_dir;
  base.fetch_ms_max = options.fetch_ms_max;
  base.near_files_max = options.near_files_max;
  auto cache = BaseCache::open(base);
  if (!cache) return cache.error();
  return std::unique_ptr<Executor>(std::make_unique<JobExecutor>(options, std::move(*cache), pool));
}

}  // namespace ghost::runner
