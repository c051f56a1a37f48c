// How the indentation of a patch differs from that of the file it is for, learned from the lines
// that both have, and carried over to the lines that the patch adds. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghost::patch {

// The blanks and tabs that begin a line.
std::string_view indent_of(std::string_view line);

// Whether one line could be the other one edited: indented alike, mostly the same, not quite.
bool is_edit_of(std::string_view line, std::string_view other);

class IndentMap {
 public:
  // One line as the patch has it and as the file has it; blank lines tell nothing and are left out.
  using Pair = std::pair<std::string_view, std::string_view>;

  // Every map that explains all pairs, and the one that changes nothing when only a few lines
  // differ or a single line is all there is to learn from. None when most lines differ and nothing
  // explains how. An added line is told when all maps agree on it.
  static std::vector<IndentMap> learn(const std::vector<Pair>& pairs);

  // What the pairs tell of line endings; indentation stays.
  static IndentMap line_ends(const std::vector<Pair>& pairs);

  // Whether the two are indented differently.
  static bool differ(const Pair& pair);
  // Whether tabs became blanks between file and patch, as far as the pairs tell: one did, and none
  // that is indented by tabs is as it was. An added line may then have had tabs too.
  static bool lost_tabs(const std::vector<Pair>& pairs);
  // Whether the map leaves indentation as it is.
  bool is_same() const { return kind_ == Kind::kSame; }

  // Whether it turns blanks into tabs or back: an added line may have meant either.
  bool is_guess() const { return kind_ == Kind::kToTabs || kind_ == Kind::kToBlanks; }

  // `line` with the indentation of `like`, and this map's line ending.
  std::string indented_like(std::string_view line, std::string_view like) const;

  // An added line as the file would have it; nothing when the map does not cover its indentation.
  std::optional<std::string> map(std::string_view line) const;

 private:
  enum class Kind { kSame, kAdd, kRemove, kToTabs, kToBlanks };
  bool explains(const Pair& pair) const;
  std::optional<std::string> mapped_indent(std::string_view indent) const;
  std::string ended(std::string line) const;

  Kind kind_ = Kind::kSame;
  std::string prefix_;  // kAdd, kRemove
  size_t width_ = 8;    // kToTabs, kToBlanks: blanks that stand for a tab
  bool to_crlf_ = false, to_lf_ = false;
};

}  // namespace ghost::patch
