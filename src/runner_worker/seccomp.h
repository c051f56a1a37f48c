// The system call filters of gates, compiled once into programs that the kernel takes. Owner of
// libseccomp. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

// Arrays of struct sock_filter, all of which are to be installed. The first lists the calls that
// are allowed at all (others answer ENOSYS, so that programs fall back; other architectures' calls
// end the process); the second refuses, by their arguments, uses of allowed calls that reach beyond
// a sandbox. Without namespaces there is a third, against what only they keep apart (queues and
// shared memory of System V, other processes' limits), and one for gates without network, which get
// no sockets at all but pairs.
struct GateFilters {
  std::vector<std::string> always, offline;
};
// Error code bad_config.
Result<GateFilters> gate_filters(bool namespaces);

}  // namespace ghost::runner
