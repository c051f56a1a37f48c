// A SandboxPool without isolation for tests of the executor alone: the workspace is a copy of the
// base in a temporary folder, gates are plain child processes of the test.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "runner_worker/sandbox.h"

namespace ghost::runner::test {

struct FakePool : SandboxPool {
  Result<std::unique_ptr<Sandbox>> open(const SandboxSpec& spec) override;
  std::string_view level() const override { return isolation; }
  std::vector<std::string> gaps() const override { return {"no isolation: a test double"}; }

  std::atomic<int> open_now{0}, opened{0}, extended{0};
  std::string isolation = "full";
  bool lose_gates = false;        // the next gates end as kLost
  bool scribble_on_base = false;  // a gate's escape: the base checkout is changed under its feet
};

}  // namespace ghost::runner::test
