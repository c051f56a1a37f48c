// The first process of a sandbox: pid 1 of its namespaces, which prepares what gates see, runs one
// gate after the other, and ends everything when it ends. It dies with the runner (its control
// socket closes), with the launcher (PDEATHSIG) and by a timer of its own, so that neither a killed
// nor a stopped runner leaves a sandbox behind. Part of the launcher program; single-threaded.
#pragma once

#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

// `go` is readable once the launcher has written the maps of the user namespace. `control` carries
// frames (sandbox_wire.h), `life` datagrams of a uint64_t: die so many milliseconds from now.
// `common_root`: this process was born in one (common_root.h).
[[noreturn]] void sandbox_init(const LauncherConfig& config, const SpawnRequest& request,
                               bool common_root, Fd go, Fd control, Fd life);

// In the network namespace that this process is in. Also fine where it is up already.
bool bring_loopback_up();

}  // namespace ghost::runner
