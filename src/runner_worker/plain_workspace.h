// The workspace where no overlay is to be had: a copy of the base that is made once and used by one
// job after another. Between two jobs what the last one touched is found, by inode and change time,
// which no process can set, and made again from the base. Used by a sandbox's first process while
// no gate runs. Part of the launcher program; blocking; single-threaded.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

// Writes down what is in `workspace`, a copy just made, and how it looks to the kernel, as `record`
// in the folder `store`. Returns once any later change would be seen. False where that cannot be
// had (a file system that does not keep change times of mapped files): the copy is not to be used
// again.
bool record_workspace(int workspace, int store);

// Makes the workspace what it was when it was recorded, and records it anew. What was touched is
// compared with the base, byte for byte, before this returns, and told. Error code io_error: it is
// not to be used.
Result<std::vector<std::string>> restore_workspace(int workspace, int store, int base);

}  // namespace ghost::runner
