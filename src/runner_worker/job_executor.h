// The Executor that does the work: base from the cache, patch applied in memory, workspace and
// gates in a sandbox, result, delivery.
#pragma once

#include <memory>

#include "runner_worker/executor.h"
#include "runner_worker/sandbox.h"
#include "wire/repo_url.h"

namespace ghost::runner {

struct JobLimitValues {
  uint64_t wall_ms, cpu_ms /* 0: no limit */, memory_bytes, pids, disk_bytes, inodes, output_bytes;
};

struct ExecutorOptions {
  std::string cache_dir;  // mirrors and base checkouts; may be shared by runners of one host
  uint64_t cache_bytes_max = 20ull << 30;
  std::string protocols = "file:git:https:ssh";  // of repository URLs
  wire::Networks allow_private;                  // where repositories may be
  std::string credentials_dir;                   // files named by a repository's credential
  std::string secrets_file;                      // NAME=value lines for secretEnv
  // What a job gets that asks for nothing, and the most that one may ask for.
  JobLimitValues limits = {3'600'000, 0, 2ull << 30, 512, 4ull << 30, 1'000'000, 4ull << 20};
  JobLimitValues ceilings = {6 * 3'600'000, 0,         8ull << 30, 4096,
                             16ull << 30,   4'000'000, 64ull << 20};
  // A gate is ended when it says more than so many times what is kept of a job's output.
  uint64_t flood_factor = 64;
  uint64_t artifacts_max = 1000;
  uint64_t artifact_bytes_max = 256ull << 20;  // of a job
  uint64_t include_bytes_max = 64ull << 20;    // gate-made files taken into a commit
  uint64_t diff_bytes_max = 64ull << 20;       // of a result
  uint64_t reapply_max = 5;                    // times that a moved branch is followed
  uint64_t fetch_ms_max = 30 * 60'000;
  // Files that a new base commit may differ in from a checked out one to be used over it; 0: never.
  uint64_t near_files_max = 1000;
};

// `pool` outlives the executor. Error codes bad_config, io_error.
Result<std::unique_ptr<Executor>> make_job_executor(const ExecutorOptions& options,
                                                    SandboxPool& pool);

}  // namespace ghost::runner
