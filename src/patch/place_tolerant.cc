#include "patch/place_tolerant.h"

#include <algorithm>

#include "patch/chars.h"

namespace ghost::patch {
namespace {

constexpr size_t kPlacesMax = 64;
constexpr uint64_t kFuzzDefault = 2;

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

std::vector<TolerantPlacer::Candidate> TolerantPlacer::exact(const HunkLines& lines,
                                                             uint32_t begin) {
  Lines before;
  for (const HunkLine& line : lines) {
    if (line.kind != '+') before.push_back(line.text);
  }
  std::vector<Candidate> found;
  for (const uint32_t at : image_.all(before, kPlacesMax, budget_)) {
    const uint32_t line = image_.original_line_at(at);
    if (line >= begin) found.push_back({line, line + static_cast<uint32_t>(before.size())});
  }
  return found;
}

// Places where the lines that are not blank follow each other, white space aside.
std::vector<TolerantPlacer::Candidate> TolerantPlacer::without_blanks(const HunkLines& lines,
                                                                      uint32_t begin) {
  index_lines();
  std::vector<std::string> wanted;
  std::vector<size_t> pattern;
  for (const HunkLine& line : lines) {
    if (line.kind == '+' || is_blank(line.text)) continue;
    wanted.push_back(normalised(line.text));
    pattern.push_back(std::hash<std::string>()(wanted.back()));
  }
  std::vector<Candidate> found;
  if (pattern.empty() || pattern.size() > solid_.size()) return found;
  const auto first = std::lower_bound(solid_.begin(), solid_.end(), begin) - solid_.begin();
  for (auto i = static_cast<size_t>(first); i + pattern.size() <= solid_.size(); ++i) {
    size_t same = 0;
    while (same < pattern.size() && hashes_[i + same] == pattern[same]) ++same;
    if (!budget_.take_steps(1 + same)) return {};
    if (same < pattern.size()) continue;
    bool equal = true;
    for (size_t k = 0; k < wanted.size() && equal; ++k) {
      equal = normalised(image_.original_line(solid_[i + k])) == wanted[k];
    }
    if (!equal) continue;
    found.push_back({solid_[i], solid_[i + pattern.size() - 1] + 1});
    if (found.size() >= kPlacesMax) break;
  }
  return found;
}

bool TolerantPlacer::choose(const std::vector<Candidate>& found, const Hunk& hunk, int64_t expected,
                            Placement& out, Candidate& chosen) const {
  if (found.empty()) return false;
  const auto distance = [&](const Candidate& c) { return std::abs(int64_t{c.at} - expected); };
  std::vector<Candidate> order = found;
  std::stable_sort(order.begin(), order.end(), [&](const Candidate& a, const Candidate& b) {
    return distance(a) < distance(b);
  });
  chosen = order[0];
  const auto said = static_cast<int64_t>(hunk.old_pos > 0 ? hunk.old_pos - 1 : 0);
  if (options_.max_offset && hunk.numbered &&
      static_cast<uint64_t>(std::abs(int64_t{chosen.at} - said)) > *options_.max_offset) {
    return false;
  }
  out.several = order.size() > 1;
  const bool told = !out.several || (hunk.numbered && distance(order[0]) * 3 <= distance(order[1]));
  out.kind = told ? Placement::Kind::kFound : Placement::Kind::kAmbiguous;
  return true;
}

// What all old lines lack at their beginning, when it is the same for all.
std::string TolerantPlacer::common_indent(const HunkLines& lines, const Candidate& chosen) const {
  std::string indent;
  uint32_t at = chosen.at;
  bool first = true;
  for (const HunkLine& line : lines) {
    if (line.kind == '+' || is_blank(line.text)) continue;
    while (at < chosen.end && is_blank(image_.original_line(at))) ++at;
    if (at >= chosen.end) return "";
    const std::string_view have = chomp(image_.original_line(at++)), want = chomp(line.text);
    if (!have.ends_with(want)) return "";
    const std::string_view lacks = have.substr(0, have.size() - want.size());
    if (!trim(lacks).empty() || (!first && lacks != indent)) return "";
    indent = lacks;
    first = false;
  }
  return indent;
}

std::string TolerantPlacer::added(std::string_view line, std::string_view indent) const {
  std::string out(is_blank(line) ? "" : indent);
  if (options_.eol == wire::Eol::kNormalize && line.ends_with('\n') &&
      image_.original_line_count() > 0) {
    const bool crlf = image_.original_line(0).ends_with("\r\n");
    return out + std::string(chomp(line)) + (crlf ? "\r\n" : "\n");
  }
  return out + std::string(line);
}

// Walks the hunk along the file's own lines: context stays as it stands in the file.
void TolerantPlacer::rebuild(const HunkLines& lines, const Candidate& chosen,
                             Placement& out) const {
  const std::string indent = common_indent(lines, chosen);
  uint32_t at = chosen.at;
  const auto keep = [&] {
    out.after += image_.original_line(at++);
    ++out.after_lines;
  };
  for (const HunkLine& line : lines) {
    if (line.kind == '+') {
      out.after += added(line.text, indent);
      ++out.after_lines;
      continue;
    }
    if (is_blank(line.text)) {
      // Blank lines may be missing or too many; one that stands here is taken for this one.
      if (at < chosen.end && is_blank(image_.original_line(at))) {
        if (line.kind == ' ') {
          keep();
        } else {
          ++at;
        }
      }
      continue;
    }
    while (at < chosen.end && is_blank(image_.original_line(at))) keep();
    if (line.kind == ' ') {
      keep();
    } else {
      ++at;
    }
  }
  while (at < chosen.end) keep();
  out.at = chosen.at;
  out.removed = chosen.end - chosen.at;
}

// A hunk of added lines alone can go by its number only.
Placement TolerantPlacer::insert_at_number(const Hunk& hunk, const HunkLines& lines,
                                           uint32_t begin) const {
  Placement out;
  const uint32_t count = image_.original_line_count();
  if (!hunk.numbered && count > 0) {
    out.kind = Placement::Kind::kAmbiguous;
    return out;
  }
  if (hunk.old_pos > count || hunk.old_pos < begin) return out;
  out.kind = Placement::Kind::kFound;
  out.strategy = "line-number";
  out.by_number = count > 0;
  out.at = hunk.old_pos;
  for (const HunkLine& line : lines) {
    out.after += added(line.text, "");
    ++out.after_lines;
  }
  return out;
}

Placement TolerantPlacer::place(const Hunk& hunk, uint32_t begin, int64_t drift) {
  HunkLines lines = hunk_lines(hunk.body);
  const bool only_added =
      std::all_of(lines.begin(), lines.end(), [](const HunkLine& l) { return l.kind == '+'; });
  if (only_added) return insert_at_number(hunk, lines, begin);
  const bool fuzzy = options_.mode == wire::ApplyMode::kFuzzy;
  const uint64_t fuzz_max = fuzzy ? options_.max_fuzz.value_or(kFuzzDefault) : 0;
  int64_t expected = static_cast<int64_t>(hunk.old_pos) - 1 + drift;
  Placement out;
  for (uint32_t fuzz = 0;; ++fuzz) {
    for (const bool by_solid_lines : {false, true}) {
      if (by_solid_lines && !loose()) break;
      const auto found = by_solid_lines ? without_blanks(lines, begin) : exact(lines, begin);
      Candidate chosen;
      if (!choose(found, hunk, expected, out, chosen)) continue;
      out.fuzz = fuzz;
      out.strategy = fuzz > 0 ? "context" : by_solid_lines ? "whitespace" : "exact";
      if (out.kind == Placement::Kind::kFound) {
        if (by_solid_lines) {
          rebuild(lines, chosen, out);
        } else {
          HunkText text;
          for (const HunkLine& line : lines) {
            if (line.kind == '-') continue;
            out.after += line.kind == '+' ? added(line.text, "") : std::string(line.text);
            ++out.after_lines;
          }
          out.at = chosen.at;
          out.removed = chosen.end - chosen.at;
        }
      }
      return out;
    }
    if (fuzz >= fuzz_max) return out;
    // Leave out the outermost context, the longer side first, as long as an old line is left.
    size_t head = 0, tail = 0, old_lines = 0;
    while (head < lines.size() && lines[head].kind == ' ') ++head;
    while (tail < lines.size() - head && lines[lines.size() - 1 - tail].kind == ' ') ++tail;
    for (const HunkLine& line : lines) old_lines += line.kind != '+' && !is_blank(line.text);
    if (head + tail == 0 || old_lines < 3) return out;
    if (head >= tail) {
      lines.erase(lines.begin());
      ++expected;
    }
    if (tail >= head) lines.pop_back();
  }
}

}  // namespace ghost::patch
