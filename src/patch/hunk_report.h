// What is reported of a hunk that has no place: why, and what stands nearby instead. One thread.
#pragma once

#include <string>

#include "patch/diff_parse.h"
#include "patch/hunk_text.h"
#include "patch/job.h"
#include "patch/text_image.h"

namespace ghost::patch {

// The line that the header means, 1-based; 0 for a bare header.
uint64_t expected_line(const Hunk& hunk);

// A report of hunk `index` (0-based) of a file, not yet placed.
wire::HunkReport hunk_report(const std::string& path, const Hunk& hunk, size_t index);

// The hunk was not found: adds a fault and the report, with status already_applied or reversed when
// what it makes stands there already. `why` replaces the reason when it is not empty.
void report_misfit(Job& job, const FilePatch& file, TextImage& image, const Hunk& hunk,
                   const HunkText& sides, wire::HunkReport report, const std::string& why = "");

// The hunk could go to several places, or what it makes there is not certain.
void report_ambiguous(Job& job, const Hunk& hunk, wire::HunkReport report, std::string why);

}  // namespace ghost::patch
