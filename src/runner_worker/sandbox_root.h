// The file system that gates see, made by a sandbox's first process inside its own user and mount
// namespaces: a small root of read-only host parts, private /proc, /dev and /tmp, and the workspace
// at /workspace. Part of the launcher program; single-threaded. Error code io_error throughout.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

inline constexpr uint32_t kInsideUid = 1000;  // what gates see themselves as
inline constexpr const char* kWorkspacePath = "/workspace";
inline constexpr const char* kHomePath = "/home/ghost";

// Where the pieces of an entered sandbox are.
struct SandboxPlaces {
  Fd workspace;  // the merged tree, as gates see it
  Fd upper;      // what differs from the base; not set where the workspace is a copy
  Fd base;       // read-only
  Fd layer;      // read-only; not set where there is none
  Fd store;      // all that gates can write lies in it
  std::string workspace_path, home_path, tmp_path;
  std::vector<std::string> read_only_dirs;  // only without namespaces
  std::vector<std::string> restored;        // of a workspace that is used again, what was made anew
};

// Builds all that does not depend on the job, or what a common root lacks (common_root.h) where
// this process was born in one, and makes it the working directory; the root, too, where mounts are
// sent. Otherwise the host's tree stays reachable until enter_root, which opens what it shows
// there.
Status prepare_root(const LauncherConfig& config, const SpawnRequest& request, bool common);

// Adds base, read-only folders and workspace: from then on nothing of the host's tree is reachable.
// `mounts` as SetupRequest says.
Result<SandboxPlaces> enter_root(const LauncherConfig& config, const SetupRequest& request,
                                 std::vector<Fd> mounts);

// The same without namespaces: a copy of the base in the scratch folder.
// `fds`: the base's folder, which gates need not be able to reach by its path.
Result<SandboxPlaces> enter_plain(const SetupRequest& request, std::vector<Fd> fds);

}  // namespace ghost::runner
