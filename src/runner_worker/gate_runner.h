// Runs the gates of one phase in a sandbox, one after another, and says what each did. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runner_worker/cutoff.h"
#include "runner_worker/executor.h"
#include "runner_worker/gate_output.h"
#include "runner_worker/sandbox.h"

namespace ghost::runner {

enum class GatesEnd {
  kPassed,
  kFailed,     // a gate that may not fail did
  kStopped,    // the job is to stop
  kWallLimit,  // the job's own time is up
  kLost,       // the sandbox failed
  kUnready,    // `before_attempt` said no
};

struct GateContext {
  Sandbox& sandbox;
  JobHost& host;
  OutputBudget& budget;
  Cutoff cutoff;                           // the job's wall limit and stop
  std::map<std::string, std::string> env;  // for every gate: job facts, trace context, secrets
  std::vector<std::string> secrets;        // values to be masked
  uint64_t flood_bytes = 0;                // output beyond which a gate is ended; 0: never
  std::function<bool()> before_attempt;    // false: it is not to run; null: nothing to do
};

struct GatesResult {
  GatesEnd end = GatesEnd::kPassed;
  std::string reason;  // when not passed: one sentence that names the gate
};

// Runs the gates of `phase` in order up to the first that fails, appending a report of each.
GatesResult run_gates(GateContext& context, const std::vector<wire::Gate>& gates,
                      wire::GatePhase phase, std::vector<wire::GateReport>* reports);

// Reports of those gates that did not run: "skipped", after those that did.
void add_skipped(const std::vector<wire::Gate>& gates, std::vector<wire::GateReport>* reports);

}  // namespace ghost::runner
