// Files that gates left in a workspace and that somebody wants: kept as artifacts, or taken into
// the result. The workspace is hostile ground and is only ever read through the sandbox. One
// thread.
#pragma once

#include <string>
#include <vector>

#include "runner_worker/cutoff.h"
#include "runner_worker/executor.h"
#include "runner_worker/sandbox.h"

namespace ghost::runner {

struct ArtifactLimits {
  uint64_t count_max = 1000;
  uint64_t bytes_max = 256ull << 20;  // all together
};

// Sends every regular file that a glob matches. Error codes: too_large (the gates' fault), those
// of the host and the sandbox.
Result<std::vector<wire::ArtifactReport>> keep_artifacts(Sandbox& sandbox, JobHost& host,
                                                         const std::vector<std::string>& globs,
                                                         const ArtifactLimits& limits,
                                                         const Cutoff& cutoff);

// The whole of a file or link target that find() named. Error code too_large.
Result<std::string> read_whole(Sandbox& sandbox, const WorkspaceFile& file, uint64_t bytes_max);

}  // namespace ghost::runner
