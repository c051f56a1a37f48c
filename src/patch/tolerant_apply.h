// The tolerant modes: puts the hunks of one file into its text although numbers, counts, white
// space or context have drifted, or says why it cannot be told what they meant. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "patch/diff_parse.h"
#include "patch/job.h"
#include "patch/text_image.h"

namespace ghost::patch {

// The new text; nothing, with a fault for each hunk without a certain place. Where the index line
// names the file's own blob, what was mended must give the blob that it names as the result.
std::optional<std::string> apply_tolerantly(Job& job, const std::string& path,
                                            const FilePatch& file, std::string_view text,
                                            TextImage& image);

// Whether `hex_prefix`, of seven digits at least, begins the id.
bool begins_with(const Oid& oid, std::string_view hex_prefix);

}  // namespace ghost::patch
