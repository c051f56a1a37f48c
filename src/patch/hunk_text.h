// The two sides of a hunk. Pure.
#pragma once

#include <string>

#include "patch/diff_parse.h"
#include "patch/text_image.h"

namespace ghost::patch {

struct HunkText {
  Lines before;       // lines that must stand in the file, views into the patch
  std::string after;  // what replaces them
  uint32_t after_lines = 0;
};

// As git apply builds them: a line followed by "\ No newline at end of file" loses its newline.
void split_hunk(std::string_view body, HunkText& text);

// One line of a hunk's body.
struct HunkLine {
  char kind = ' ';        // ' ', '-' or '+'
  std::string_view text;  // with its newline, unless the file ends here without one
};
// The lines in order. Blank lines count as blank context.
std::vector<HunkLine> hunk_lines(std::string_view body);

}  // namespace ghost::patch
