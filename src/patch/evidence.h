// Tells a hunk whose header is wrong from one whose lines were damaged. Both show as counts that do
// not match; only the first may be mended. Pure.
//
// `recount` is asked for by somebody who knows that the counts are wrong: lines are believed unless
// something else speaks against them too. The other modes believe nothing without a witness: the
// header of the hunk behind (positions add up), context at the hunk's ends that is short of just
// the lines that are missing, old lines that match with whole context at both ends where the
// header's count of them cannot be right.
#pragma once

#include <string>
#include <vector>

#include "patch/diff_parse.h"
#include "patch/place_tolerant.h"
#include "wire/messages.gen.h"

namespace ghost::patch {

struct Doubt {
  std::string why;   // empty: the hunk may be believed
  bool cut = false;  // the patch ends too early: no proof for this file says what else is missing
};

// Whether the placed hunk `index` of a file may be believed; `usual`: the context that the file's
// hunks have.
Doubt doubt_of(const std::vector<Hunk>& hunks, size_t index, const Placement& place, uint32_t usual,
               wire::ApplyMode mode);

// Whether nothing about the hunk had to be mended: it stands where its header says, and as long.
bool is_intact(const Hunk& hunk, const Placement& place);

}  // namespace ghost::patch
