#include "patch/place.h"

namespace ghost::patch {

std::optional<uint32_t> place_strictly(TextImage& image, const Hunk& hunk, const HunkText& text,
                                       Budget& budget) {
  const bool at_begin = hunk.old_pos <= 1, at_end = hunk.trailing == 0;
  const auto size = static_cast<uint32_t>(text.before.size());
  if (size > image.line_count()) return std::nullopt;
  if (at_begin || at_end) {
    const uint32_t at = at_begin ? 0 : image.line_count() - size;
    if (image.matches(text.before, at, at_end)) return at;
    return std::nullopt;
  }
  const uint32_t said = hunk.new_pos > 0 ? hunk.new_pos - 1 : 0;
  const uint32_t from = std::min(said, image.line_count());
  if (image.matches(text.before, from, false)) return from;
  return image.nearest(text.before, from, budget);
}

}  // namespace ghost::patch
