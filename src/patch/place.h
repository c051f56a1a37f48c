// Finds where a hunk belongs in a file. Pure but for the budget; one thread.
#pragma once

#include <optional>
#include <string>

#include "patch/diff_parse.h"
#include "patch/hunk_text.h"
#include "patch/text_image.h"

namespace ghost::patch {

// Exactly where `git apply` 2.39 puts the hunk: at the line its header says, counted in the file as
// changed by the hunks before it; else at the nearest place where all its old lines stand, the
// later of two equally near. A hunk for line 1 must be at the beginning, one that ends without
// context at the end. Lines put in by other hunks never match. 0-based line of the image.
std::optional<uint32_t> place_strictly(TextImage& image, const Hunk& hunk, const HunkText& text,
                                       Budget& budget);

// What to say where a hunk was not found: the lines of the file that are most like it, with their
// numbers, and why it does not fit.
struct Explanation {
  std::string reason;
  std::string nearest;
  uint32_t at = 0;  // the original's line that they were compared with, 0-based
};
// For any lines: the reason is empty when the nearest ones are the very same. `from`: where they
// are expected.
Explanation nearest_text(const TextImage& image, const Lines& wanted, uint32_t from,
                         Budget& budget);
Explanation explain_misfit(TextImage& image, const Hunk& hunk, const HunkText& text,
                           Budget& budget);

}  // namespace ghost::patch
