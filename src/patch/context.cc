#include "patch/context.h"

#include <algorithm>

namespace ghost::patch {
namespace {

constexpr uint32_t kContextUsual = 3;  // of every tool that is not told otherwise

}  // namespace

uint32_t usual_context(const std::vector<Hunk>& hunks) {
  uint32_t most = 0;
  for (const Hunk& hunk : hunks) most = std::max({most, hunk.leading, hunk.trailing});
  return most;
}

bool only_context_lost(const Surroundings& around, uint32_t usual, int64_t lacking) {
  const auto fits = [&](int64_t full, bool seen) {
    const int64_t head = std::min(full, around.before) - around.leading;
    const int64_t tail = std::min(full, around.after) - around.trailing;
    if (head < 0 || tail < 0 || head + tail + around.lost != lacking) return false;
    // Where the file ends within the lost lines they may as well have been a change at its end.
    if ((head > 0 && around.before <= full) || (tail > 0 && around.after <= full)) return false;
    return seen || (head == 0 && tail == 0);
  };
  return fits(std::max(usual, kContextUsual), usual >= kContextUsual);
}

bool ends_whole(const Surroundings& around, uint32_t usual) {
  const int64_t full = std::max(usual, kContextUsual);
  return around.trailing == std::min(full, around.after);
}

bool too_long(const Surroundings& around, uint32_t usual) {
  const int64_t most = std::max(usual, kContextUsual);
  return around.leading > most || around.trailing > most;
}

}  // namespace ghost::patch
