// What one call of the engine carries along: where it reads, what it may cost, what it found.
#pragma once

#include <string>
#include <vector>

#include "patch/fault.h"
#include "patch/object_store.h"
#include "wire/messages.gen.h"

namespace ghost::patch {

struct Job {
  ObjectStore& store;
  const wire::ApplyOptions& options;
  const Policy& policy;
  const Limits& limits;
  Budget budget;
  Faults faults;
  std::vector<wire::HunkReport> hunks;

  bool strict() const { return options.mode == wire::ApplyMode::kStrict; }
};

}  // namespace ghost::patch
