#include "patch/place_tolerant.h"

#include <algorithm>

#include "patch/chars.h"
#include "patch/rebuild.h"

namespace ghost::patch {
namespace {

constexpr size_t kPlacesMax = 64;  // that are looked at closely: the nearest ones
constexpr int64_t kClearlyNearer = 8;
constexpr uint64_t kFuzzDefault = 2;
constexpr size_t kSolidLinesMin = 3;
constexpr size_t kPartLinesMin = 2;  // old lines of each part of a hunk that is really two

// Runs of white space count as one blank, at the ends as nothing.
std::string normalised(std::string_view line) {
  std::string out;
  for (const char c : trim(line)) {
    if (!is_space(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

bool is_blank(std::string_view line) {
  return trim(line).empty();
}

}  // namespace

bool TolerantPlacer::loose() const {
  return options_.mode == wire::ApplyMode::kFuzzy || options_.mode == wire::ApplyMode::kThreeway ||
         options_.whitespace == wire::Whitespace::kIgnoreChange ||
         options_.eol == wire::Eol::kNormalize;
}

void TolerantPlacer::index_lines() {
  if (indexed_) return;
  indexed_ = true;
  for (uint32_t i = 0; i < image_.original_line_count(); ++i) {
    const std::string_view line = image_.original_line(i);
    if (is_blank(line)) continue;
    solid_.push_back(i);
    hashes_.push_back(std::hash<std::string>()(normalised(line)));
  }
}

namespace {

// Of places in order, the nearest to `expected` and their neighbours.
std::pair<size_t, size_t> nearest_of(const std::vector<uint32_t>& places, int64_t expected) {
  const auto middle = static_cast<size_t>(std::lower_bound(places.begin(), places.end(), expected) -
                                          places.begin());
  return {middle - std::min(middle, kPlacesMax), std::min(middle + kPlacesMax, places.size())};
}

}  // namespace

std::vector<TolerantPlacer::Candidate> TolerantPlacer::exact(const HunkLines& lines,
                                                             int64_t expected) {
  Lines before;
  for (const HunkLine& line : lines) {
    if (line.kind != '+') before.push_back(line.text);
  }
  std::vector<Candidate> found;
  for (const uint32_t at : image_.around(before, expected, kPlacesMax, budget_)) {
    found.push_back({at, at + static_cast<uint32_t>(before.size())});
  }
  return found;
}

// Places where the lines that are not blank follow each other, white space aside.
std::vector<TolerantPlacer::Candidate> TolerantPlacer::without_blanks(const HunkLines& lines,
                                                                      int64_t expected) {
  index_lines();
  std::vector<std::string> wanted;
  std::vector<size_t> pattern;
  uint64_t bytes = 0;
  for (const HunkLine& line : lines) {
    if (line.kind == '+' || is_blank(line.text)) continue;
    wanted.push_back(normalised(line.text));
    pattern.push_back(std::hash<std::string>()(wanted.back()));
    bytes += line.text.size();
  }
  std::vector<Candidate> found;
  if (pattern.empty() || pattern.size() > solid_.size()) return found;
  std::vector<uint32_t> all;  // where the hashes agree, as lines of the file
  std::vector<size_t> index;
  for (size_t i = 0; i + pattern.size() <= solid_.size(); ++i) {
    size_t same = 0;
    while (same < pattern.size() && hashes_[i + same] == pattern[same]) ++same;
    if (!budget_.take_steps(1 + same)) return {};
    if (same < pattern.size()) continue;
    all.push_back(solid_[i]);
    index.push_back(i);
  }
  const auto [from, end] = nearest_of(all, expected);
  for (size_t n = from; n < end; ++n) {
    if (!budget_.take_steps(bytes)) return {};
    bool equal = true;
    for (size_t k = 0; k < wanted.size() && equal; ++k) {
      equal = normalised(image_.original_line(solid_[index[n] + k])) == wanted[k];
    }
    if (equal) found.push_back({all[n], solid_[index[n] + pattern.size() - 1] + 1});
  }
  return found;
}

bool TolerantPlacer::choose(std::vector<Candidate> found, const Hunk& hunk, int64_t expected,
                            uint32_t begin, Placement& out, Candidate& chosen) const {
  const auto distance = [&](const Candidate& c) { return std::abs(int64_t{c.at} - expected); };
  std::stable_sort(found.begin(), found.end(), [&](const Candidate& a, const Candidate& b) {
    return distance(a) < distance(b);
  });
  const bool taken = !found.empty() && found[0].at < begin;
  std::erase_if(found, [&](const Candidate& c) { return c.at < begin; });
  if (taken) {
    out.why = "its lines stand before, or within, those of the hunk above it";
    if (found.empty() || hunk.numbered) return false;
  }
  if (found.empty()) return false;
  chosen = found[0];
  const auto said = static_cast<int64_t>(hunk.old_pos > 0 ? hunk.old_pos - 1 : 0);
  if (options_.max_offset && hunk.numbered &&
      static_cast<uint64_t>(std::abs(int64_t{chosen.at} - said)) > *options_.max_offset) {
    out.why = "its lines stand further away than maxOffset allows";
    return false;
  }
  out.several = found.size() > 1;
  const bool told =
      !out.several || (hunk.numbered && (distance(found[0]) + unsure_) * kClearlyNearer <=
                                            distance(found[1]) - unsure_);
  out.kind = told ? Placement::Kind::kFound : Placement::Kind::kAmbiguous;
  return true;
}

// The change at the chosen place.
void TolerantPlacer::fill(const HunkLines& lines, const Candidate& chosen, bool by_solid_lines,
                          uint32_t begin, const Hunk& hunk, Placement& out) const {
  const bool normalize = options_.eol == wire::Eol::kNormalize;
  const auto is_context = [](const HunkLine& line) { return line.kind == ' '; };
  const auto head = std::find_if_not(lines.begin(), lines.end(), is_context) - lines.begin();
  const auto tail = std::find_if_not(lines.rbegin(), lines.rend(), is_context) - lines.rbegin();
  if (by_solid_lines) {
    Expectation expect;
    expect.usual = usual_;
    expect.provable = provable_;
    expect.head_left_out = hunk.leading - head;
    expect.tail_left_out = hunk.trailing - tail;
    const int64_t lacking = int64_t{hunk.said_old} - hunk.old_lines;
    if (hunk.numbered && lacking == int64_t{hunk.said_new} - hunk.new_lines) {
      expect.lost_context = lacking;
    }
    Rebuilt made = rebuild(image_, lines, chosen.at, chosen.end, begin, normalize, expect, budget_);
    out.around = made.around;
    out.doubt = std::move(made.doubt);
    out.others = std::move(made.others);
    out.edits.push_back(std::move(made.edit));
    return;
  }
  const int64_t count = image_.original_line_count();
  out.around = {hunk.leading, hunk.trailing, chosen.at + head, count - chosen.end + tail, 0};
  // Context stays as the file has it: a last line without newline matches more than itself.
  Edit edit{chosen.at, chosen.end - chosen.at, {}};
  uint32_t at = chosen.at;
  for (const HunkLine& line : lines) {
    if (line.kind == '+') {
      edit.after += with_eol(line.text, normalize);
    } else if (line.kind == ' ') {
      edit.after += image_.original_line(at++);
    } else {
      ++at;
    }
  }
  out.edits.push_back(std::move(edit));
}

// An added line in the file's line ending, when that is asked for.
std::string TolerantPlacer::with_eol(std::string_view line, bool normalize) const {
  if (!normalize || !line.ends_with('\n') || image_.original_line_count() == 0) {
    return std::string(line);
  }
  const bool crlf = image_.original_line(0).ends_with("\r\n");
  return std::string(chomp(line)) + (crlf ? "\r\n" : "\n");
}

// A hunk of added lines alone can go by its number only.
Placement TolerantPlacer::insert_at_number(const Hunk& hunk, const HunkLines& lines,
                                           uint32_t begin) const {
  Placement out;
  const uint32_t count = image_.original_line_count();
  if (!hunk.numbered && count > 0) {
    out.kind = Placement::Kind::kAmbiguous;
    out.why = "it has neither old lines nor a line number that would say where it belongs";
    return out;
  }
  if (hunk.old_pos > count || hunk.old_pos < begin) return out;
  out.kind = Placement::Kind::kFound;
  out.strategy = "line-number";
  out.by_number = count > 0;
  Edit edit{hunk.old_pos, 0, {}};
  for (const HunkLine& line : lines) {
    edit.after += with_eol(line.text, options_.eol == wire::Eol::kNormalize);
  }
  out.edits.push_back(std::move(edit));
  return out;
}

// One hunk that is really two: its old lines stand at two places, in order, each the only one. Both
// parts must change something, and no added line may stand between them.
Placement TolerantPlacer::split(const HunkLines& lines, uint32_t begin) {
  Placement out;
  Lines before;
  std::vector<size_t> index;  // of each old line in `lines`
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].kind == '+') continue;
    before.push_back(lines[i].text);
    index.push_back(i);
  }
  if (before.size() < 2 * kPartLinesMin) return out;
  const auto places = [&](size_t from, size_t end) {
    return image_.all(Lines(before.begin() + static_cast<ptrdiff_t>(from),
                            before.begin() + static_cast<ptrdiff_t>(end)),
                      2, budget_);
  };
  // The longest beginning that stands somewhere; halving finds it, as every shorter one does too.
  size_t low = 0, high = before.size();
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    (places(0, middle).empty() ? high : low) = middle;
  }
  if (low < kPartLinesMin || before.size() - low < kPartLinesMin) return out;
  const size_t cut = index[low];
  const auto changes = [&](size_t from, size_t end) {
    return std::any_of(lines.begin() + static_cast<ptrdiff_t>(from),
                       lines.begin() + static_cast<ptrdiff_t>(end),
                       [](const HunkLine& l) { return l.kind != ' '; });
  };
  if (lines[cut - 1].kind != ' ' || lines[cut].kind != ' ' || !changes(0, cut) ||
      !changes(cut, lines.size())) {
    return out;
  }
  const auto first = places(0, low), second = places(low, before.size());
  if (first.size() != 1 || second.size() != 1 || first[0] < begin || second[0] < first[0] + low) {
    return out;
  }
  Edit one{first[0], static_cast<uint32_t>(low), {}};
  Edit two{second[0], static_cast<uint32_t>(before.size() - low), {}};
  const bool normalize = options_.eol == wire::Eol::kNormalize;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].kind == '-') continue;
    (i < cut ? one : two).after +=
        lines[i].kind == '+' ? with_eol(lines[i].text, normalize) : std::string(lines[i].text);
  }
  out.kind = Placement::Kind::kFound;
  out.strategy = "split";
  out.edits.push_back(std::move(one));
  out.edits.push_back(std::move(two));
  return out;
}

// These lines as they are, then white space aside. True when that settles it.
bool TolerantPlacer::try_lines(const HunkLines& lines, const Hunk& hunk, int64_t expected,
                               uint32_t begin, Placement& out) {
  for (const bool by_solid_lines : {false, true}) {
    if (by_solid_lines && !loose()) break;
    Candidate chosen;
    if (!choose(by_solid_lines ? without_blanks(lines, expected) : exact(lines, expected), hunk,
                expected, begin, out, chosen)) {
      continue;
    }
    out.strategy = by_solid_lines ? "whitespace" : "exact";
    if (out.kind == Placement::Kind::kFound) fill(lines, chosen, by_solid_lines, begin, hunk, out);
    return true;
  }
  return false;
}

namespace {

// Leaves out the outermost context, of the longer side first. One line of context stays on each
// side that has any, and three old lines that are not blank in all: less would fit anywhere.
bool drop_context(std::vector<HunkLine>& lines, int64_t& expected) {
  size_t head = 0, tail = 0, solid = 0;
  while (head < lines.size() && lines[head].kind == ' ') ++head;
  while (tail < lines.size() - head && lines[lines.size() - 1 - tail].kind == ' ') ++tail;
  const bool from_head = head >= tail && head > 1, from_tail = tail >= head && tail > 1;
  if (!from_head && !from_tail) return false;
  if (from_head) {
    lines.erase(lines.begin());
    ++expected;
  }
  if (from_tail) lines.pop_back();
  for (const HunkLine& line : lines) solid += line.kind != '+' && !is_blank(line.text);
  return solid >= kSolidLinesMin;
}

}  // namespace

void Drift::take(int64_t offset) {
  last = offset;
  least = hunks == 0 ? offset : std::min(least, offset);
  most = hunks == 0 ? offset : std::max(most, offset);
  ++hunks;
}

Placement TolerantPlacer::place(const Hunk& hunk, uint32_t begin, const Drift& drift) {
  HunkLines lines = hunk_lines(hunk.body);
  const bool only_added =
      std::all_of(lines.begin(), lines.end(), [](const HunkLine& l) { return l.kind == '+'; });
  if (only_added) return insert_at_number(hunk, lines, begin);
  const bool fuzzy = options_.mode == wire::ApplyMode::kFuzzy;
  const uint64_t fuzz_max = fuzzy ? options_.max_fuzz.value_or(kFuzzDefault) : 0;
  int64_t expected = static_cast<int64_t>(hunk.old_pos) - 1 + drift.last;
  unsure_ = drift.unsure();
  Placement out;
  for (uint32_t fuzz = 0;; ++fuzz) {
    if (try_lines(lines, hunk, expected, begin, out)) {
      out.fuzz = fuzz;
      if (fuzz > 0) out.strategy = "context";
      return out;
    }
    if (fuzz == 0) {
      Placement two = split(lines, begin);
      if (two.kind == Placement::Kind::kFound) return two;
    }
    if (fuzz >= fuzz_max || !out.why.empty()) return out;
    if (!drop_context(lines, expected)) return out;
  }
}

}  // namespace ghost::patch
