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
  Surroundings around;
  std::string doubt;         // why the change is the likeliest, not the only one; else empty
  std::vector<Edit> others;  // then, what else it could be, if that can be proved
};

// What the hunk's header and its patch say of its context.
struct Expectation {
  uint32_t usual = 0;                            // context that the patch's hunks have
  int64_t head_left_out = 0, tail_left_out = 0;  // context lines that are not looked at
  int64_t lost_context = -1;  // lines that are missing by the counts; -1: unknown
  bool provable = false;      // the patch names the blob to be made
};

// The hunk's solid lines (those that are not blank) stand at `at`..`end`, in order. Context stays
// as the file has it. Blank lines of the file that the hunk has not stand where its context is then
// whole. `begin`: no line before it may be touched.
Rebuilt rebuild(const TextImage& image, const std::vector<HunkLine>& lines, uint32_t at,
                uint32_t end, uint32_t begin, bool normalize_eol, const Expectation& expect,
                Budget& budget);

}  // namespace ghost::patch
