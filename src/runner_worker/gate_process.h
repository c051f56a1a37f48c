// Starting, watching and ending the processes of a gate, done by a sandbox's first process. Part of
// the launcher program; single-threaded.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runner_worker/sandbox_root.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

// What the dead processes of a gate have used.
struct GateUsage {
  uint64_t cpu_us = 0;
  uint64_t rss_bytes_max = 0;
};

struct StartedGate {
  pid_t pid = -1;     // -1: not started
  bool lost = false;  // not started through no fault of the command
  std::string error;
};

// From now on no program can give a capability to this process's children.
bool drop_bounding_set();

// Forks the gate's first process: own session, no descriptor but 0, 1 and 2, no privilege, filters
// and limits in place. Returns once it runs its program or has failed to.
StartedGate start_gate(const LauncherConfig& config, const SandboxPlaces& places,
                       const GateRequest& request, int out, int err);

// Kills every process of the sandbox but the caller and reaps until none is left; their usage is
// added up. `main_status` receives the wait status of `main`, should it be among them.
void end_processes(bool namespaces, pid_t main, int* main_status, GateUsage* usage);

// Reaps what has died already; true when `main` was among it.
bool reap_processes(pid_t main, int* main_status, GateUsage* usage);

// CPU time and memory of the living processes, from /proc. Memory is exact (shared pages counted
// once) only where it is near `memory_exact_from` or above.
struct LivingUsage {
  uint64_t cpu_us = 0;
  uint64_t memory_bytes = 0;
};
LivingUsage living_usage(bool namespaces, uint64_t memory_exact_from);

}  // namespace ghost::runner
