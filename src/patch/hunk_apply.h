// Puts the hunks of one file into its text, each as strictly or tolerantly as the job asks, and
// reports where each one landed. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "patch/diff_parse.h"
#include "patch/job.h"

namespace ghost::patch {

// The new text; nothing when a hunk has no place, with a fault for each such hunk. `path` is the
// name to report. Errors are the store's.
Result<std::optional<std::string>> apply_hunks(Job& job, const std::string& path,
                                               const FilePatch& file, std::string_view text);

}  // namespace ghost::patch
