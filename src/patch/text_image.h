// A text file while hunks are put into it: lines of the original and lines put in, in order. Line
// numbers are 0-based and those of the present state. Replacing costs what the hunk costs; looking
// for a place costs at most what the file costs, and is taken from the budget. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patch/fault.h"

namespace ghost::patch {

// A line of text in a hunk or file: view with its newline, if it has one.
using Lines = std::vector<std::string_view>;

class TextImage {
 public:
  // `original` must outlive the image. At most 4 GiB.
  explicit TextImage(std::string_view original);

  uint32_t line_count() const { return count_; }
  uint32_t original_line_count() const { return static_cast<uint32_t>(starts_.size() - 1); }
  std::string_view original_line(uint32_t line) const { return original_lines(line, line + 1); }
  // The lines [begin, end) in one piece.
  std::string_view original_lines(uint32_t begin, uint32_t end) const {
    return original_.substr(starts_[begin], starts_[end] - starts_[begin]);
  }

  // Whether `lines` stand at `at`, all of them original. As git apply, a last line that has no
  // newline also matches a line that goes on with white space; with `at_end` nothing may follow.
  bool matches(const Lines& lines, uint32_t at, bool at_end) const;

  // The place nearest to `from` where `lines` match, the later one of two equally near. Not found
  // also when the budget is used up.
  std::optional<uint32_t> nearest(const Lines& lines, uint32_t from, Budget& budget);

  // Every place where `lines` match, in order, at most `count_max`.
  std::vector<uint32_t> all(const Lines& lines, size_t count_max, Budget& budget);

  // As `all`, but those that are nearest to `expected`: at most `side_max` on each side of it.
  std::vector<uint32_t> around(const Lines& lines, int64_t expected, size_t side_max,
                               Budget& budget);

  // Puts `text`, `lines` lines of it, in place of `removed` original lines at `at`.
  void replace(uint32_t at, uint32_t removed, std::string text, uint32_t lines);

  // The line of the original that stands at `at`, or the next one behind it.
  uint32_t original_line_at(uint32_t at) const;
  // Where a line of the original stands now; nothing when it was replaced.
  std::optional<uint32_t> present_line_of(uint32_t original) const;

  std::string text() const;
  size_t text_size() const;

  // A run of lines that stand together: original ones, or ones put in.
  struct Piece {
    uint32_t at = 0, lines = 0;
    bool patched = false;
    uint32_t source = 0;  // first original line, or the index of the text put in
  };
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  size_t piece_at(uint32_t line) const;  // the piece that holds it; pieces_.size() at the end
  bool match_original(const Lines& lines, uint32_t source) const;
  const std::vector<uint32_t>& hashes();
  void hash_lines_of(const Lines& lines);
  std::optional<uint32_t> scan(const Lines& lines, uint32_t begin, uint32_t end, bool forward,
                               uint64_t& work, uint64_t work_max);
  std::optional<uint32_t> scan_outward(const Lines& lines, uint32_t from, uint64_t& work,
                                       uint64_t work_max);
  template <typename Take>
  void walk_matches(const Lines& lines, Take take);
  std::optional<uint32_t> nearest_by_automaton(const Lines& lines, uint32_t from, Budget& budget);

  std::string_view original_;
  std::vector<uint32_t> starts_;  // offset of each original line, and the end
  std::vector<Piece> pieces_;
  std::deque<std::string> texts_;
  uint32_t count_ = 0;
  std::vector<uint32_t> hashes_;   // of the original lines, made when first asked for
  std::vector<uint32_t> pattern_;  // hashes of the lines looked for
  size_t anchor_ = 0;              // the line of the pattern that is tried first
};

}  // namespace ghost::patch
