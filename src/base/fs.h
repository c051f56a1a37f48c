// Files of Ghost's own (never files that a gate may have touched). Blocking; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ghost {

Result<std::string> read_file(const std::string& path);
// Writes a temporary neighbour, fsyncs it, renames it over `path` and fsyncs the folder, so that a
// crash leaves the old or the new content, never a mixture. `mode` is the permission bits.
Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);
Status make_dirs(const std::string& path, unsigned mode = 0755);

}  // namespace ghost
