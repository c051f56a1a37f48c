// The part of a root file system that does not depend on the job: read-only parts of the host,
// /etc, /dev, and the folders that the rest is mounted on. Part of the launcher program;
// single-threaded. Error code io_error throughout.
#pragma once

#include "base/result.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

// Builds it at a mount point of the host's tree and makes that the working directory. The mount
// namespace must be this process's own.
Status build_common_root(const LauncherConfig& config, bool host_network);

// The common root of all sandboxes without the host's network, built once in a mount namespace of
// its own. Sandboxes are born there: the kernel copies at their birth what they would otherwise
// mount piece by piece, some forty mounts, and nothing of the host's tree is in reach from the
// start. Only root may make it; where it cannot be made each sandbox builds its own.
class CommonRoot {
 public:
  CommonRoot();
  // Puts this process, and so its next child, into the namespace. Built anew when `host_changes`
  // differs from the last one's. False: it is not to be had, and this process is in the host's.
  bool enter(const LauncherConfig& config, uint64_t host_changes);
  void enter_host();

 private:
  Status build(const LauncherConfig& config);
  bool back_to_host() const;

  const Fd host_;
  const Fd host_root_;
  bool allowed_;
  bool entered_ = false;
  uint64_t host_changes_ = 0;
  Fd root_;  // the namespace
};

}  // namespace ghost::runner
