// Carries a change made to one text over to another text that both come from: a three-way merge of
// whole lines that gives up rather than guess. Pure but for the budget.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patch/fault.h"

namespace ghost::patch {

// For each line of `a` the line of `b` that it is in a shortest edit script (Myers), -1 for none.
// Nothing when the texts differ in more than about 2,000 lines or the budget ends.
std::optional<std::vector<int64_t>> match_lines(std::string_view a, std::string_view b,
                                                Budget& budget);

// `ours` with what `theirs` changed of `base`. Nothing on a conflict: a changed region, or a line
// beside it, that `ours` changed too, unless both made the same change.
std::optional<std::string> merge_lines(std::string_view base, std::string_view ours,
                                       std::string_view theirs, Budget& budget);

}  // namespace ghost::patch
