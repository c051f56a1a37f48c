// The system call filters of gates, compiled once into programs that the kernel takes. Owner of
// libseccomp. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

// Arrays of struct sock_filter, all of which are to be installed. The first lists the calls that
// are allowed at all (others answer ENOSYS, so that programs fall back); the second refuses, by
// their arguments, uses of allowed calls that reach beyond a sandbox. Error code bad_config.
Result<std::vector<std::string>> gate_filters();

}  // namespace ghost::runner
