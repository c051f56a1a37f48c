#include "patch/rebuild.h"

#include <algorithm>
#include <optional>

#include "patch/chars.h"
#include "patch/indent.h"

namespace ghost::patch {
namespace {

bool is_blank(std::string_view line) {
  return trim(line).empty();
}

constexpr const char* kBlankBesideAdded =
    "a blank line of the file, which the hunk has not, stands beside added lines";
constexpr size_t kEditsTriedMax = 2000;  // pairs of a removed and an added line, in a hunk
constexpr uint64_t kStepsALine = 16;     // of the budget, for each line of each way tried
constexpr size_t kGapsMax = 2;           // with blank lines of unknown place, for all to be tried
constexpr uint32_t kGapBlanksMax = 3;    // of each

// The hunk's lines between two solid old ones, when it adds lines there and has fewer blank lines
// than the file.
struct Gap {
  size_t ordinal = 0;    // of all gaps
  uint32_t lost = 0;     // blank lines that the hunk has not
  uint32_t added = 0;    // lines that it adds
  bool removes = false;  // blank lines, so that it is not known which
  uint32_t before = 0;   // chosen: lost lines that stand before the first added one,
  uint32_t within = 0;   // and behind it, with more added ones to come
};

// One walk along the hunk and the file.
class Walk {
 public:
  Walk(const TextImage& image, const std::vector<HunkLine>& lines, uint32_t at, uint32_t end,
       uint32_t begin)
      : image_(image), lines_(lines), at_(at), end_(end), begin_(begin) {}

  // Gaps with lost blank lines beside added ones.
  std::vector<Gap> open_gaps() const;
  // `gaps`: the choice to be made in each of these. `style`: how added lines are indented.
  Rebuilt run(bool normalize_eol, const Expectation& expect, const std::vector<Gap>& gaps,
              size_t style = kLikeliest);
  // Styles besides the likeliest are numbered; so many there are once it has run.
  size_t style_count() const { return maps_.size() + 2; }
  static constexpr size_t kLikeliest = SIZE_MAX;

 private:
  bool blank_at(uint32_t line) const {
    return line < image_.original_line_count() && is_blank(image_.original_line(line));
  }
  void keep() { out_.edit.after += image_.original_line(at_++); }
  void learn(bool normalize_eol);
  void find_edited();
  std::string likeliest(size_t index);
  std::string styled(size_t index) const;
  void add(size_t index);
  void blank(const HunkLine& line);
  void pass_lost_blanks(char next);
  void leave_gap();
  void leading_blanks();
  void change();
  void doubt(const char* why) {
    if (out_.doubt.empty()) out_.doubt = why;
  }

  const TextImage& image_;
  const std::vector<HunkLine>& lines_;
  uint32_t at_, end_, begin_;
  Rebuilt out_;
  std::vector<IndentMap> maps_;
  IndentMap line_ends_;
  struct Known {  // a solid old line as the file has it
    size_t index;
    std::string_view line;
  };
  std::vector<Known> known_;
  std::vector<std::string_view> edited_;  // by line: the removed line that it is an edit of
  size_t style_ = kLikeliest;
  std::optional<bool> crlf_;  // line ending to give to added lines
  char last_ = ' ';           // kind of the old line before
  bool blank_removed_ = false;
  bool lost_tabs_ = false;
  bool beside_drift_ = false;  // added lines stand beside one that is indented otherwise
  size_t ordinal_ = 0;         // of the present gap
  const Gap* gap_ = nullptr;   // the choice for it
  uint32_t added_ = 0;         // lines added since the solid one before
  bool beside_removed_ = false;
  uint32_t blanks_above_ = 0, blanks_below_ = 0;  // the hunk's in this gap, by its added lines
  bool blank_missing_ = false;                    // one of them is not in the file
  std::optional<uint32_t> first_change_;          // the file's line of it
  uint32_t behind_change_ = 0;                    // and the line behind the last one
};

std::vector<Gap> Walk::open_gaps() const {
  std::vector<Gap> found;
  Gap gap;
  uint32_t at = at_, blanks = 0;
  for (const HunkLine& line : lines_) {
    if (line.kind == '+') {
      ++gap.added;
    } else if (is_blank(line.text)) {
      ++blanks;
      gap.removes |= line.kind == '-';
    } else {
      uint32_t have = 0;
      for (; at < end_ && blank_at(at); ++at) ++have;
      gap.lost = have > blanks ? have - blanks : 0;
      if (gap.ordinal > 0 && gap.lost > 0 && gap.added > 0) found.push_back(gap);
      const size_t ordinal = gap.ordinal + 1;
      gap = Gap();
      gap.ordinal = ordinal;
      blanks = 0;
      ++at;
    }
  }
  return found;
}

void Walk::learn(bool normalize_eol) {
  std::vector<IndentMap::Pair> pairs;
  uint32_t at = at_;
  bool drifted = false, added = false;  // the solid old line before, and whether lines were since
  bool steady = false;                  // an indented line is as the file has it
  for (size_t i = 0; i < lines_.size(); ++i) {
    const HunkLine& line = lines_[i];
    if (is_blank(line.text)) continue;
    if (line.kind == '+') {
      added = true;
      beside_drift_ |= drifted;
      continue;
    }
    while (at < end_ && blank_at(at)) ++at;
    if (at >= end_) break;
    pairs.emplace_back(line.text, image_.original_line(at++));
    known_.push_back({i, pairs.back().second});
    drifted = IndentMap::differ(pairs.back());
    steady |= !drifted && (line.text[0] == ' ' || line.text[0] == '\t');
    beside_drift_ |= added && drifted;
    added = false;
  }
  beside_drift_ &= !steady;
  maps_ = IndentMap::learn(pairs);
  line_ends_ = IndentMap::line_ends(pairs);
  lost_tabs_ = IndentMap::lost_tabs(pairs);
  if (std::any_of(pairs.begin(), pairs.end(), IndentMap::differ)) find_edited();
  if (normalize_eol && image_.original_line_count() > 0) {
    crlf_ = image_.original_line(0).ends_with("\r\n");
  }
}

// Added lines that stand for removed ones of the same run of changes.
void Walk::find_edited() {
  edited_.resize(lines_.size());
  size_t begin = 0, tried = 0;
  std::vector<Known> removed;
  const auto close = [&](size_t end) {
    for (size_t i = begin; i < end && !removed.empty(); ++i) {
      if (lines_[i].kind != '+') continue;
      for (const Known& old : removed) {
        if (++tried > kEditsTriedMax) return;
        if (is_edit_of(lines_[i].text, lines_[old.index].text)) edited_[i] = old.line;
      }
    }
    removed.clear();
  };
  auto known = known_.begin();
  for (size_t i = 0; i <= lines_.size(); ++i) {
    if (i == lines_.size() || lines_[i].kind == ' ') {
      close(i);
      begin = i + 1;
    }
    if (known == known_.end() || known->index != i) continue;
    if (lines_[i].kind == '-') removed.push_back(*known);
    ++known;
  }
}

// An added line in the way that every witness agrees on.
std::string Walk::likeliest(size_t index) {
  static constexpr const char* kUnsure =
      "its lines are indented otherwise than the file's, and not all in the same way";
  const std::string_view line = lines_[index].text;
  std::optional<std::string> made;
  bool unsure = false;
  for (const IndentMap& map : maps_) {
    auto one = map.map(line);
    if (!one) continue;
    unsure |= (made && *one != *made) || (map.is_guess() && *one != line);
    if (!made) made = std::move(one);
  }
  if (!is_blank(line)) {
    unsure |= !made || (lost_tabs_ && line[0] == ' ' && made == line) ||
              (beside_drift_ && maps_.size() == 1 && maps_.front().is_same());
  }
  // Who edits a line leaves its indentation; all tabs are gone, so those of this line are as well.
  if (unsure && lost_tabs_ && !edited_.empty() && !edited_[index].empty()) {
    return line_ends_.indented_like(line, edited_[index]);
  }
  if (unsure) doubt(kUnsure);
  return made ? std::move(*made) : std::string(line);
}

// An added line in another way: by one of the maps, like the nearest old line that the patch
// indents alike, or as it is.
std::string Walk::styled(size_t index) const {
  const std::string_view line = lines_[index].text;
  if (style_ < maps_.size()) return maps_[style_].map(line).value_or(std::string(line));
  const Known* nearest = nullptr;
  const auto distance = [&](const Known& k) {
    return k.index < index ? index - k.index : k.index - index;
  };
  for (const Known& known : known_) {
    if (style_ > maps_.size() || is_blank(line)) break;
    if (indent_of(lines_[known.index].text) != indent_of(line)) continue;
    if (!nearest || distance(known) <= distance(*nearest)) nearest = &known;
  }
  return line_ends_.indented_like(line, nearest ? nearest->line : line);
}

void Walk::add(size_t index) {
  std::string made = style_ == kLikeliest ? likeliest(index) : styled(index);
  if (crlf_ && made.ends_with('\n')) made = std::string(chomp(made)) + (*crlf_ ? "\r\n" : "\n");
  out_.edit.after += made;
}

// A blank old line of the hunk: one that stands here is taken for it.
void Walk::blank(const HunkLine& line) {
  ++(added_ == 0 ? blanks_above_ : blanks_below_);
  if (blank_at(at_)) {
    if (line.kind == ' ') {
      keep();
    } else {
      ++at_;
    }
  } else if (line.kind == '-' || blank_removed_) {
    doubt("it removes a blank line that is not there");
  } else {
    blank_missing_ = true;
  }
  blank_removed_ = line.kind == '-';
  last_ = line.kind;
}

// Blank lines of the file before the hunk's next solid line, which is of kind `next`.
void Walk::pass_lost_blanks(char next) {
  bool any = false;
  while (at_ < end_ && blank_at(at_)) {
    keep();
    ++out_.around.lost;
    any = true;
  }
  if (!any) return;
  if (added_ > 0 && !gap_) doubt(kBlankBesideAdded);
  beside_removed_ |= last_ == '-' || next == '-';
}

// Behind the lines between two solid old ones.
void Walk::leave_gap() {
  if (blank_missing_ && added_ > 0 && blanks_above_ > 0 && blanks_below_ > 0) {
    doubt("it has more blank lines beside its added lines than the file");
  }
  blanks_above_ = blanks_below_ = 0;
  blank_missing_ = false;
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

// At a change: context ends here.
void Walk::change() {
  if (!first_change_) first_change_ = at_;
}

Rebuilt Walk::run(bool normalize_eol, const Expectation& expect, const std::vector<Gap>& gaps,
                  size_t style) {
  style_ = style;
  learn(normalize_eol);
  leading_blanks();
  const uint32_t first = at_;
  const auto enter_gap = [&](size_t ordinal) {
    ordinal_ = ordinal;
    added_ = 0;
    gap_ = nullptr;
    for (const Gap& gap : gaps) {
      if (gap.ordinal == ordinal) gap_ = &gap;
    }
  };
  for (size_t i = 0; i < lines_.size(); ++i) {
    const HunkLine& line = lines_[i];
    if (line.kind == '+') {
      if (gap_ && added_ < 2) {
        for (uint32_t n = added_ == 0 ? gap_->before : gap_->within; n > 0; --n) {
          keep();
          ++out_.around.lost;
        }
      }
      change();
      add(i);
      ++added_;
      behind_change_ = at_;
    } else if (is_blank(line.text)) {
      if (line.kind == '-') change();
      blank(line);
      if (line.kind == '-') behind_change_ = at_;
    } else {
      pass_lost_blanks(line.kind);
      leave_gap();
      if (line.kind == ' ') {
        keep();
      } else {
        change();
        behind_change_ = ++at_;
      }
      last_ = line.kind;
      blank_removed_ = false;
      enter_gap(ordinal_ + 1);
    }
  }
  leave_gap();
  if (beside_removed_ && expect.lost_context < out_.around.lost) {
    doubt("a blank line of the file, which the hunk has not, stands beside removed lines");
  }
  out_.edit.at = first;
  out_.edit.removed = at_ - first;
  const uint32_t change = first_change_.value_or(at_);
  out_.around.leading = int64_t{change} - first + expect.head_left_out;
  out_.around.before = change;
  out_.around.trailing = int64_t{at_} - behind_change_ + expect.tail_left_out;
  out_.around.after = int64_t{image_.original_line_count()} - behind_change_;
  return std::move(out_);
}

// Every way to share out the lost lines of each gap.
std::vector<std::vector<Gap>> choices(const std::vector<Gap>& gaps) {
  std::vector<std::vector<Gap>> all(1);
  for (const Gap& gap : gaps) {
    std::vector<std::vector<Gap>> longer;
    for (const std::vector<Gap>& so_far : all) {
      for (uint32_t before = 0; before <= gap.lost; ++before) {
        for (uint32_t within = 0; within <= (gap.added > 1 ? gap.lost - before : 0); ++within) {
          longer.push_back(so_far);
          longer.back().push_back(gap);
          longer.back().back().before = before;
          longer.back().back().within = within;
        }
      }
    }
    all = std::move(longer);
  }
  return all;
}

}  // namespace

Rebuilt rebuild(const TextImage& image, const std::vector<HunkLine>& lines, uint32_t at,
                uint32_t end, uint32_t begin, bool normalize_eol, const Expectation& expect,
                Budget& budget) {
  const auto walk = [&] { return Walk(image, lines, at, end, begin); };
  const std::vector<Gap> gaps = walk().open_gaps();
  Walk first = walk();
  Rebuilt likeliest = first.run(normalize_eol, expect, {});
  if (likeliest.doubt.empty()) return likeliest;
  const bool few = gaps.size() <= kGapsMax &&
                   std::all_of(gaps.begin(), gaps.end(),
                               [](const Gap& g) { return g.lost <= kGapBlanksMax && !g.removes; });
  // The context at the hunk's ends tells where lost lines stood, if only one way makes it whole.
  std::optional<Rebuilt> whole;
  bool open = gaps.empty() || !few || expect.lost_context < 0;
  if (open && !expect.provable) return likeliest;
  for (const std::vector<Gap>& choice : few ? choices(gaps) : std::vector<std::vector<Gap>>()) {
    if (!budget.take_steps(lines.size() * kStepsALine)) return likeliest;
    Rebuilt made = walk().run(normalize_eol, expect, choice);
    if (expect.provable) likeliest.others.push_back(made.edit);
    if (open || !only_context_lost(made.around, expect.usual, expect.lost_context)) continue;
    open = std::any_of(choice.begin(), choice.end(),
                       [](const Gap& g) { return g.within > 0 && g.added > 2; }) ||
           (whole && whole->edit.after != made.edit.after);
    if (!whole) whole = std::move(made);
  }
  if (whole && !open && whole->doubt.empty()) return std::move(*whole);
  for (size_t style = 0; expect.provable && style < first.style_count(); ++style) {
    if (!budget.take_steps(lines.size() * kStepsALine)) break;
    likeliest.others.push_back(walk().run(normalize_eol, expect, {}, style).edit);
  }
  return likeliest;
}

}  // namespace ghost::patch
