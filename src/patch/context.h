// The context of a hunk as a witness. A tool gives each hunk the same number of context lines
// before its first and behind its last change, fewer only where the file begins or ends. So when
// a hunk's ends are short of just the lines that its header counts and its body has not, context
// was lost and nothing else. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "patch/diff_parse.h"

namespace ghost::patch {

// A hunk in the file, in lines of the file.
struct Surroundings {
  int64_t leading = 0, trailing = 0;  // context before the first change and behind the last one
  int64_t before = 0, after = 0;      // lines of the file there
  int64_t lost = 0;                   // context between the hunk's ends that it has not
};

// The most context that an end of any hunk has. Less than three may be what damage left of it.
uint32_t usual_context(const std::vector<Hunk>& hunks);

// Whether a hunk that has `lacking` context lines fewer than its header says lost just these.
bool only_context_lost(const Surroundings& around, uint32_t usual, int64_t lacking);

// Whether none of the context behind the last change is missing.
bool ends_whole(const Surroundings& around, uint32_t usual);

// Whether an end of the hunk has more context than any hunk would.
bool too_long(const Surroundings& around, uint32_t usual);

}  // namespace ghost::patch
