#include "patch/hunk_text.h"

#include "patch/chars.h"

namespace ghost::patch {
namespace {

// Calls take(kind, text) for each line.
template <typename Take>
void walk(std::string_view body, Take take) {
  LineCursor lines{body};
  while (lines.next()) {
    const bool no_newline = lines.at < body.size() && body[lines.at] == '\\';
    std::string_view line = lines.line;
    if (line[0] == '\\') continue;
    if (line[0] == '\n') {
      if (!no_newline) take(' ', line);
      continue;
    }
    if (line == "\r\n" && line[0] != ' ') {
      take(' ', line);
      continue;
    }
    const char kind = line[0];
    line.remove_prefix(1);
    if (no_newline && line.ends_with('\n')) line.remove_suffix(1);
    take(kind, line);
  }
}

}  // namespace

void split_hunk(std::string_view body, HunkText& text) {
  text.before.clear();
  text.after.clear();
  text.after_lines = 0;
  walk(body, [&](char kind, std::string_view line) {
    if (kind != '+') text.before.push_back(line);
    if (kind != '-') {
      text.after += line;
      ++text.after_lines;
    }
  });
}

std::vector<HunkLine> hunk_lines(std::string_view body) {
  std::vector<HunkLine> lines;
  walk(body, [&](char kind, std::string_view line) { lines.push_back({kind, line}); });
  return lines;
}

}  // namespace ghost::patch
