#include "patch/rebuild.h"

#include <algorithm>

#include "patch/chars.h"
#include "patch/indent.h"

namespace ghost::patch {
namespace {

bool is_blank(std::string_view line) {
  return trim(line).empty();
}

// One walk along the hunk and the file.
class Walk {
 public:
  Walk(const TextImage& image, const std::vector<HunkLine>& lines, uint32_t at, uint32_t end,
       uint32_t begin)
      : image_(image), lines_(lines), at_(at), end_(end), begin_(begin) {}

  Rebuilt run(bool normalize_eol, uint32_t context_lost);

 private:
  bool blank_at(uint32_t line) const {
    return line < image_.original_line_count() && is_blank(image_.original_line(line));
  }
  void keep() { out_.edit.after += image_.original_line(at_++); }
  void learn(bool normalize_eol);
  void add(const HunkLine& line);
  void blank(const HunkLine& line);
  void pass_lost_blanks(char next);
  void leading_blanks();
  void doubt(const char* why) {
    if (out_.doubt.empty()) out_.doubt = why;
  }

  const TextImage& image_;
  const std::vector<HunkLine>& lines_;
  uint32_t at_, end_, begin_;
  Rebuilt out_;
  std::vector<IndentMap> maps_;
  std::optional<bool> crlf_;  // line ending to give to added lines
  char last_ = ' ';           // kind of the old line before
  bool blank_removed_ = false;
  bool lost_tabs_ = false;
  bool beside_drift_ = false;  // added lines stand beside one that is indented otherwise
  bool added_ = false;         // lines were added since the solid one before
  bool beside_removed_ = false;
};

void Walk::learn(bool normalize_eol) {
  std::vector<IndentMap::Pair> pairs;
  uint32_t at = at_;
  bool drifted = false, added = false;  // the solid old line before, and whether lines were since
  bool steady = false;                  // an indented line is as the file has it
  for (const HunkLine& line : lines_) {
    if (is_blank(line.text)) continue;
    if (line.kind == '+') {
      added = true;
      beside_drift_ |= drifted;
      continue;
    }
    while (at < end_ && blank_at(at)) ++at;
    if (at >= end_) break;
    pairs.emplace_back(line.text, image_.original_line(at++));
    drifted = IndentMap::differ(pairs.back());
    steady |= !drifted && (line.text[0] == ' ' || line.text[0] == '\t');
    beside_drift_ |= added && drifted;
    added = false;
  }
  beside_drift_ &= !steady;
  maps_ = IndentMap::learn(pairs);
  lost_tabs_ = IndentMap::lost_tabs(pairs);
  if (normalize_eol && image_.original_line_count() > 0) {
    crlf_ = image_.original_line(0).ends_with("\r\n");
  }
}

void Walk::add(const HunkLine& line) {
  static constexpr const char* kUnsure =
      "its lines are indented otherwise than the file's, and not all in the same way";
  std::optional<std::string> made;
  for (const IndentMap& map : maps_) {
    auto one = map.map(line.text);
    if (!one) continue;
    if ((made && *one != *made) || (map.is_guess() && *one != line.text)) doubt(kUnsure);
    if (!made) made = std::move(one);
  }
  const bool blank = is_blank(line.text);
  if (!blank && lost_tabs_ && line.text[0] == ' ' && made == line.text) doubt(kUnsure);
  if (!blank && (!made || (beside_drift_ && maps_.size() == 1 && maps_.front().is_same()))) {
    doubt(kUnsure);
  }
  if (!made) made = std::string(line.text);
  if (crlf_ && made->ends_with('\n')) {
    *made = std::string(chomp(*made)) + (*crlf_ ? "\r\n" : "\n");
  }
  out_.edit.after += *made;
  added_ = true;
}

// A blank old line of the hunk: one that stands here is taken for it.
void Walk::blank(const HunkLine& line) {
  if (blank_at(at_)) {
    if (line.kind == ' ') {
      keep();
    } else {
      ++at_;
    }
  } else if (line.kind == '-' || blank_removed_) {
    doubt("it removes a blank line that is not there");
  }
  blank_removed_ = line.kind == '-';
  last_ = line.kind;
}

// Blank lines of the file before the hunk's next solid line, which is of kind `next`.
void Walk::pass_lost_blanks(char next) {
  bool any = false;
  while (at_ < end_ && blank_at(at_)) {
    keep();
    ++out_.lost_blanks;
    any = true;
  }
  if (!any) return;
  if (added_) doubt("a blank line of the file, which the hunk has not, stands beside added lines");
  beside_removed_ |= last_ == '-' || next == '-';
}

// Blank old lines that begin the hunk stand before its first solid line.
void Walk::leading_blanks() {
  uint32_t wanted = 0;
  for (const HunkLine& line : lines_) {
    if (line.kind == '+') continue;
    if (!is_blank(line.text)) break;
    ++wanted;
  }
  while (wanted > 0 && at_ > begin_ && blank_at(at_ - 1)) --at_, --wanted;
}

Rebuilt Walk::run(bool normalize_eol, uint32_t context_lost) {
  learn(normalize_eol);
  leading_blanks();
  const uint32_t first = at_;
  for (const HunkLine& line : lines_) {
    if (line.kind == '+') {
      add(line);
    } else if (is_blank(line.text)) {
      blank(line);
    } else {
      pass_lost_blanks(line.kind);
      if (line.kind == ' ') {
        keep();
      } else {
        ++at_;
      }
      last_ = line.kind;
      added_ = blank_removed_ = false;
    }
  }
  if (beside_removed_ && context_lost < out_.lost_blanks) {
    doubt("a blank line of the file, which the hunk has not, stands beside removed lines");
  }
  out_.edit.at = first;
  out_.edit.removed = at_ - first;
  return std::move(out_);
}

}  // namespace

Rebuilt rebuild(const TextImage& image, const std::vector<HunkLine>& lines, uint32_t at,
                uint32_t end, uint32_t begin, bool normalize_eol, uint32_t context_lost) {
  return Walk(image, lines, at, end, begin).run(normalize_eol, context_lost);
}

}  // namespace ghost::patch
