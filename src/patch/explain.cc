#include <algorithm>
#include <unordered_set>

#include "base/bytes.h"

#include "patch/chars.h"
#include "patch/place.h"

namespace ghost::patch {
namespace {

constexpr uint32_t kShownLinesMax = 12;
constexpr size_t kShownBytesMax = 160;

std::string shown(std::string_view line) {
  line = chomp(line);
  std::string out(line.substr(0, kShownBytesMax));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = '?';
  }
  // Never cut inside a UTF-8 sequence.
  if (line.size() > kShownBytesMax) {
    while (!out.empty() && (out.back() & 0xc0) == 0x80) out.pop_back();
    if (!out.empty() && (out.back() & 0x80)) out.pop_back();
    out += "...";
  }
  return is_utf8(out) ? out : std::string("(not UTF-8)");
}

// Lines with their numbers; '>' marks those that differ from the wanted ones, which begin at `at`.
std::string numbered(const TextImage& image, uint32_t begin, uint32_t end, const Lines& wanted,
                     uint32_t at) {
  std::string out;
  for (uint32_t i = begin; i < end; ++i) {
    std::string number = std::to_string(i + 1);
    if (number.size() < 6) number.insert(0, 6 - number.size(), ' ');
    const bool compared = i >= at && i - at < wanted.size();
    const bool differs = compared && wanted[i - at] != image.original_line(i);
    if (differs && number[0] == ' ') number[0] = '>';
    out += number + " | " + shown(image.original_line(i)) + "\n";
  }
  return out;
}

// The window of the original with most of the wanted lines, white space aside; the one nearest to
// `from` among equals. Slides over the file once.
uint32_t best_window(const TextImage& image, const Lines& wanted, uint32_t size, uint32_t from,
                     uint32_t& score) {
  std::unordered_set<std::string_view> lines;
  for (const auto line : wanted) {
    if (!trim(line).empty()) lines.insert(trim(line));
  }
  const uint32_t count = image.original_line_count();
  std::vector<bool> hit(count);
  for (uint32_t i = 0; i < count; ++i) hit[i] = lines.count(trim(image.original_line(i))) > 0;
  const auto distance = [&](uint32_t at) { return at > from ? at - from : from - at; };
  uint32_t best = std::min(from, count - size), now = 0;
  score = 0;
  for (uint32_t i = 0; i < count; ++i) {
    now += hit[i];
    if (i >= size) now -= hit[i - size];
    if (i + 1 < size) continue;
    const uint32_t at = i + 1 - size;
    if (now > score || (now == score && now > 0 && distance(at) < distance(best))) {
      score = now, best = at;
    }
  }
  return best;
}

// The first wanted line that differs from the file at `at`, as a sentence.
std::string difference(const TextImage& image, const Lines& wanted, uint32_t at) {
  const uint32_t count = image.original_line_count();
  for (size_t i = 0; i < wanted.size(); ++i) {
    const uint32_t line = at + static_cast<uint32_t>(i);
    if (line >= count) return "the file ends before line " + std::to_string(line + 1);
    const std::string_view have = image.original_line(line), want = wanted[i];
    if (have == want) continue;
    const std::string where = "line " + std::to_string(line + 1) + " differs";
    if (chomp(have) == chomp(want)) {
      const bool cr = have.ends_with("\r\n") != want.ends_with("\r\n");
      return where +
             (cr ? " in its line ending (CRLF or LF)" : " in its newline at the end of file");
    }
    if (trim(have) == trim(want)) return where + " in white space at its begin or end";
    return where + ": the patch has \"" + shown(want) + "\", the file \"" + shown(have) + "\"";
  }
  return "";
}

}  // namespace

Explanation nearest_text(const TextImage& image, const Lines& wanted, uint32_t from,
                         Budget& budget) {
  Explanation out;
  const uint32_t count = image.original_line_count();
  if (count == 0) {
    out.reason = "the file is empty";
    return out;
  }
  const auto wanted_count = static_cast<uint32_t>(wanted.size());
  const uint32_t size = std::clamp(wanted_count, 1u, count);
  if (!budget.take_steps(uint64_t{count} * 4 + wanted_count)) {
    out.reason = "its old lines were not found within the limits of the search";
    return out;
  }
  uint32_t score = 0;
  out.at = best_window(image, wanted, size, std::min(from, count - size), score);
  const uint32_t margin = size < kShownLinesMax ? 2 : 0;
  const uint32_t begin = out.at > margin ? out.at - margin : 0;
  const uint32_t end = std::min({count, out.at + size + margin, begin + kShownLinesMax});
  out.nearest = numbered(image, begin, end, wanted, out.at);
  if (wanted_count > count) {
    out.reason = "it has " + std::to_string(wanted_count) + " old lines, the file only " +
                 std::to_string(count);
  } else if (score == 0) {
    out.reason = "none of its old lines is in the file";
  } else {
    out.reason = difference(image, wanted, out.at);
  }
  return out;
}

Explanation explain_misfit(TextImage& image, const Hunk& hunk, const HunkText& text,
                           Budget& budget) {
  Explanation out =
      nearest_text(image, text.before, hunk.old_pos > 0 ? hunk.old_pos - 1 : 0, budget);
  if (!out.reason.empty()) return out;
  const std::string line = std::to_string(out.at + 1);
  if (hunk.old_pos <= 1) {
    out.reason = "it must stand at the begin of the file, and its lines are at line " + line;
  } else if (hunk.trailing == 0) {
    out.reason =
        "it has no context behind its change and so must stand at the end of the file; "
        "its lines are at line " +
        line;
  } else {
    out.reason = "its lines are taken by another hunk";
  }
  return out;
}

}  // namespace ghost::patch
