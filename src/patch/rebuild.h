// Carries a hunk's change over to lines of a file that differ from the hunk's in white space only.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "patch/hunk_text.h"
#include "patch/place_tolerant.h"
#include "patch/text_image.h"

namespace ghost::patch {

struct Rebuilt {
  Edit edit;
  uint32_t lost_blanks = 0;  // blank lines of the file that the hunk has not
  std::string doubt;         // why the change is the likeliest, not the only one; else empty
};

// The hunk's solid lines (those that are not blank) stand at `at`..`end`, in order. Context stays
// as the file has it. `begin`: no line before it may be touched. `context_lost`: so many lines
// of context are missing by the hunk's counts.
Rebuilt rebuild(const TextImage& image, const std::vector<HunkLine>& lines, uint32_t at,
                uint32_t end, uint32_t begin, bool normalize_eol, uint32_t context_lost);

}  // namespace ghost::patch
