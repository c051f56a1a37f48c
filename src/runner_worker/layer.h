// What processes left in a workspace, taken out of its overlay as a layer that lies under later
// workspaces. Used by a sandbox's first process while nothing else runs in it. Blocking.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace ghost::runner {

// Copies all of the overlay's upper folder but a .git at its top into the empty folder `to`: files,
// links and folders with modes and modification times. What stands there for a removal, sockets,
// pipes and devices are left out. Error codes too_large (more than `bytes_max`, or too deep),
// io_error.
Status capture_layer(int upper, int to, uint64_t bytes_max);

}  // namespace ghost::runner
