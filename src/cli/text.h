// How the command line writes things for people: times, sizes, tables, colours, and text of
// strangers made harmless for a terminal. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ghost::cli {

// Colours, or none of them.
struct Style {
  bool colour = false;
  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string red(std::string_view text) const { return paint("1;31", text); }
  std::string green(std::string_view text) const { return paint("32", text); }
  std::string yellow(std::string_view text) const { return paint("33", text); }
  std::string cyan(std::string_view text) const { return paint("36", text); }
  std::string paint(const char* code, std::string_view text) const;
};

std::string show_ms(int64_t ms);        // "12 ms", "1.9 s", "2 min 5 s", "3 h 10 min", "4 d 2 h"
std::string show_bytes(int64_t bytes);  // "512 B", "34 MiB"
std::string show_count(int64_t n, std::string_view noun);  // "1 file", "2 files"

// "90" and "90s", "1.5s", "500ms", "10m", "2h", "7d" to milliseconds. Error code bad_field.
Result<int64_t> parse_duration_ms(std::string_view text);
// A duration from now on, or an RFC 3339 time: as an RFC 3339 time. Error code bad_field.
Result<std::string> parse_moment(const std::string& text, int64_t now_wall_ms);

size_t display_width(std::string_view text);  // code points; escape codes of Style count nothing
std::string clip(std::string_view text, size_t width);  // to at most width columns, "…" at the cut

// Broken at blanks so that lines have at most `width` columns, those after the first behind
// `indent` blanks; longer words stay whole. Width 0: as it is.
std::string wrap(std::string_view text, size_t indent, size_t width);

// One line of a stranger's text: every control character escaped.
std::string safe_line(std::string_view text);
// Several lines of it: newlines and tabs stay.
std::string safe_block(std::string_view text);

// Output of a gate on its way to a terminal, in pieces: line breaks, tabs and colours (SGR) pass,
// every other control sequence is made visible instead of obeyed.
class TerminalFilter {
 public:
  std::string feed(std::string_view piece);

 private:
  std::string pending_;  // an escape sequence that is not whole yet
};

// Rows in aligned columns, the last one clipped to the width. Widths 0: no clipping.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  std::string print(size_t width, const Style& style) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// What a git diff adds and removes, file by file.
struct DiffStat {
  std::string path;
  int64_t added = 0, removed = 0;
  bool binary = false;
};
std::vector<DiffStat> diff_stat(std::string_view diff);
// As `git diff --stat` shows it, each line after `indent`, at most `files_max` files.
std::string show_diff_stat(const std::vector<DiffStat>& stat, std::string_view indent, size_t width,
                           size_t files_max, const Style& style);
// A diff with coloured lines.
std::string show_diff(std::string_view diff, const Style& style);

std::vector<std::string_view> lines_of(std::string_view text);  // without their line ends

}  // namespace ghost::cli
