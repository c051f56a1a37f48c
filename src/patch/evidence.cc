#include "patch/evidence.h"

#include <algorithm>

namespace ghost::patch {
namespace {

constexpr int64_t kContextUsual = 3;

int64_t start_of(uint32_t pos, uint32_t lines) {
  return int64_t{pos} + (lines == 0);
}

std::string counts_text(const Hunk& hunk) {
  return "its header says " + std::to_string(hunk.said_old) + " old and " +
         std::to_string(hunk.said_new) + " new lines, it has " + std::to_string(hunk.old_lines) +
         " and " + std::to_string(hunk.new_lines);
}

// By how much the header's counts exceed the lines.
struct Deficit {
  int64_t old_lines, new_lines;
  explicit Deficit(const Hunk& hunk)
      : old_lines(int64_t{hunk.said_old} - hunk.old_lines),
        new_lines(int64_t{hunk.said_new} - hunk.new_lines) {}
  bool none() const { return old_lines == 0 && new_lines == 0; }
};

enum class Witness { kNone, kForLines, kForHeader };

// The positions of the next hunk show by how much this one makes the file longer.
Witness next_hunk(const Hunk& hunk, const Hunk* next, const Deficit& lacks) {
  if (!next || !next->numbered || lacks.old_lines == lacks.new_lines) return Witness::kNone;
  const int64_t grown =
      start_of(next->new_pos, next->said_new) - start_of(next->old_pos, next->said_old) -
      (start_of(hunk.new_pos, hunk.said_new) - start_of(hunk.old_pos, hunk.said_old));
  if (grown == int64_t{hunk.new_lines} - hunk.old_lines) return Witness::kForLines;
  return grown == int64_t{hunk.said_new} - hunk.said_old ? Witness::kForHeader : Witness::kNone;
}

bool is_exact(const Placement& place) {
  return place.strategy == "exact" && place.fuzz == 0 && !place.several;
}

// An old line may be missing where no context ends the hunk, and the file goes on there.
bool lost_at_edge(const Hunk& hunk, const Placement& place) {
  if (hunk.said_old <= hunk.old_lines) return false;
  const bool at_begin = hunk.leading == 0 && hunk.old_pos <= 1 && place.edits.front().at > 0;
  return at_begin || (hunk.trailing == 0 && !place.at_file_end);
}

// Only its number says where a hunk without old lines belongs. Two that name one place, with counts
// that are wrong, may be what damage made of one.
bool share_a_place(const Hunk& a, const Hunk& b) {
  return a.numbered && b.numbered && a.old_lines == 0 && b.old_lines == 0 &&
         b.old_pos <= a.old_pos && !(Deficit(a).none() && Deficit(b).none());
}

Doubt doubt_when_recounting(const Hunk& hunk, const Hunk* next, const Placement& place,
                            const Deficit& lacks) {
  if (next_hunk(hunk, next, lacks) == Witness::kForHeader && lacks.old_lines == 0) {
    return {counts_text(hunk) +
            "; the hunk behind it agrees with the header: a line was lost or "
            "doubled"};
  }
  // A hunk ends in as much context as it begins with, unless the file begins or ends there.
  const int64_t usual = hunk.old_pos <= 1 ? kContextUsual : std::min<int64_t>(hunk.leading, 3);
  const bool cut = hunk.at_end && lacks.old_lines >= 0 && lacks.new_lines >= 0 && !lacks.none();
  if (cut && hunk.trailing < usual && !place.at_file_end) {
    return {counts_text(hunk) + ": the patch is cut short", true};
  }
  return {};
}

}  // namespace

bool is_intact(const Hunk& hunk, const Placement& place) {
  return hunk.numbered && Deficit(hunk).none() && !hunk.unclosed && is_exact(place) &&
         place.edits.front().at + (place.edits.front().removed > 0) == hunk.old_pos;
}

Doubt doubt_of(const std::vector<Hunk>& hunks, size_t index, const Placement& place, uint32_t usual,
               wire::ApplyMode mode) {
  const Hunk& hunk = hunks[index];
  const Hunk* before = index > 0 ? &hunks[index - 1] : nullptr;
  const Hunk* next = index + 1 < hunks.size() ? &hunks[index + 1] : nullptr;
  const Deficit lacks(hunk);
  if ((before && share_a_place(*before, hunk)) || (next && share_a_place(hunk, *next))) {
    return {
        "this hunk and one beside it add lines at one place, and counts are wrong: is it one "
        "hunk, doubled?"};
  }
  if (hunk.stray > 0 && (!hunk.numbered || !lacks.none())) {
    return {"line " + std::to_string(hunk.stray) +
            " of the patch begins with none of ' ', '+' and '-'; is its '+' missing?"};
  }
  if (!lacks.none() && hunk.numbered && (place.strategy == "split" || lost_at_edge(hunk, place))) {
    return {counts_text(hunk) + ": a line was lost or doubled",
            hunk.at_end && (lacks.old_lines > 0 || lacks.new_lines > 0)};
  }
  const bool recount = mode == wire::ApplyMode::kRecount;
  if (hunk.unclosed && !recount && (!is_exact(place) || !hunk.numbered)) {
    return {"the patch ends within a line and is cut short", true};
  }
  if (!hunk.numbered) return {};
  if (recount) return doubt_when_recounting(hunk, next, place, lacks);
  if (lacks.none()) return {};
  const bool even = lacks.old_lines == lacks.new_lines;
  if (even && lacks.old_lines > 0) {
    // Blank lines that the file still has, or whatever makes the context whole.
    const bool blanks_lost = place.around.lost == lacks.old_lines && !too_long(place.around, usual);
    const bool cut = hunk.at_end && !ends_whole(place.around, usual);
    if (blanks_lost || (!cut && only_context_lost(place.around, usual, lacks.old_lines))) return {};
  }
  if (hunk.at_end && (lacks.old_lines > 0 || lacks.new_lines > 0)) {
    return {counts_text(hunk) + ": the patch may be cut short (mode recount believes the lines)",
            true};
  }
  const Witness witness = next_hunk(hunk, next, lacks);
  if (witness == Witness::kForLines) return {};
  const bool header_wrong =
      lacks.old_lines < 0 || (lacks.old_lines > 0 && only_context_lost(place.around, usual, 0));
  if (witness == Witness::kNone && is_exact(place) && header_wrong) return {};
  return {counts_text(hunk) + ": a line may be lost or doubled (mode recount believes the lines)"};
}

}  // namespace ghost::patch
