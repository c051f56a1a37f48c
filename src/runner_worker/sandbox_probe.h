// What isolation a host gives, for the person who sets a runner up: every level is tried with real
// sandboxes, and its steps are timed. Blocking; the main thread of a program that does nothing
// else.
#pragma once

#include <ostream>

#include "runner_worker/sandbox.h"

namespace ghost::runner {

// Prints levels, what each lacks and medians of its steps. True when the level that `options` asks
// for is to be had.
bool print_probe(const SandboxOptions& options, std::ostream& out);

}  // namespace ghost::runner
