#include "patch/threeway.h"

#include <algorithm>

#include "patch/chars.h"

namespace ghost::patch {
namespace {

constexpr int64_t kEditsMax = 2000;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  LineCursor cursor(text);
  while (cursor.next()) lines.push_back(cursor.line);
  return lines;
}

// Myers, "An O(ND) Difference Algorithm" (1986), on what is left between common ends.
bool match_middle(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b,
                  int64_t head, int64_t a_end, int64_t b_end, std::vector<int64_t>& to,
                  Budget& budget) {
  const int64_t n = a_end - head, m = b_end - head, most = std::min(n + m, kEditsMax);
  std::vector<std::vector<int64_t>> trace;
  std::vector<int64_t> v(static_cast<size_t>(2 * most + 3), 0);
  const auto at = [&](std::vector<int64_t>& row, int64_t k) -> int64_t& {
    return row[static_cast<size_t>(k + most + 1)];
  };
  for (int64_t d = 0; d <= most; ++d) {
    trace.push_back(v);
    if (!budget.take_steps(static_cast<uint64_t>(4 * most + 8))) return false;
    for (int64_t k = -d; k <= d; k += 2) {
      const bool down = k == -d || (k != d && at(v, k - 1) < at(v, k + 1));
      int64_t x = down ? at(v, k + 1) : at(v, k - 1) + 1;
      int64_t y = x - k;
      while (x < n && y < m && a[static_cast<size_t>(head + x)] == b[static_cast<size_t>(head + y)])
        ++x, ++y;
      at(v, k) = x;
      if (x < n || y < m) continue;
      for (int64_t back = d; back > 0; --back) {
        auto& row = trace[static_cast<size_t>(back)];
        const int64_t diagonal = x - y;
        const bool fell = diagonal == -back ||
                          (diagonal != back && at(row, diagonal - 1) < at(row, diagonal + 1));
        const int64_t before = fell ? diagonal + 1 : diagonal - 1;
        const int64_t from_x = at(row, before), from_y = from_x - before;
        while (x > from_x && y > from_y && x > (fell ? from_x : from_x + 1)) {
          --x, --y;
          to[static_cast<size_t>(head + x)] = head + y;
        }
        x = from_x, y = from_y;
      }
      while (x > 0 && y > 0) {
        --x, --y;
        to[static_cast<size_t>(head + x)] = head + y;
      }
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::vector<int64_t>> match_lines(std::string_view a_text, std::string_view b_text,
                                                Budget& budget) {
  const auto a = lines_of(a_text), b = lines_of(b_text);
  if (!budget.take_steps(a.size() + b.size())) return std::nullopt;
  std::vector<int64_t> to(a.size(), -1);
  auto a_end = static_cast<int64_t>(a.size()), b_end = static_cast<int64_t>(b.size());
  int64_t head = 0;
  while (head < a_end && head < b_end &&
         a[static_cast<size_t>(head)] == b[static_cast<size_t>(head)]) {
    to[static_cast<size_t>(head)] = head;
    ++head;
  }
  while (a_end > head && b_end > head &&
         a[static_cast<size_t>(a_end - 1)] == b[static_cast<size_t>(b_end - 1)]) {
    to[static_cast<size_t>(--a_end)] = --b_end;
  }
  if (!match_middle(a, b, head, a_end, b_end, to, budget)) return std::nullopt;
  return to;
}

std::optional<std::string> merge_lines(std::string_view base_text, std::string_view ours_text,
                                       std::string_view theirs_text, Budget& budget) {
  const auto to_theirs = match_lines(base_text, theirs_text, budget);
  const auto to_ours = match_lines(base_text, ours_text, budget);
  if (!to_theirs || !to_ours) return std::nullopt;
  const auto base = lines_of(base_text), ours = lines_of(ours_text), theirs = lines_of(theirs_text);
  const auto count = static_cast<int64_t>(base.size());
  std::string out;
  int64_t ours_at = 0, theirs_at = 0;
  const auto append = [&](const std::vector<std::string_view>& lines, int64_t from, int64_t end) {
    for (int64_t i = from; i < end; ++i) out += lines[static_cast<size_t>(i)];
  };
  const auto same = [](const std::vector<std::string_view>& x, int64_t x_from, int64_t x_end,
                       const std::vector<std::string_view>& y, int64_t y_from, int64_t y_end) {
    return std::equal(x.begin() + x_from, x.begin() + x_end, y.begin() + y_from, y.begin() + y_end);
  };
  // From one line that all three have to the next; between them each side changed or did not.
  int64_t base_at = 0;
  for (int64_t i = 0; i <= count; ++i) {
    const bool end = i == count;
    const int64_t o = end ? static_cast<int64_t>(ours.size()) : (*to_ours)[static_cast<size_t>(i)];
    const int64_t t =
        end ? static_cast<int64_t>(theirs.size()) : (*to_theirs)[static_cast<size_t>(i)];
    if (o < 0 || t < 0) continue;
    if (same(base, base_at, i, theirs, theirs_at, t)) {
      append(ours, ours_at, o);
    } else if (same(base, base_at, i, ours, ours_at, o) ||
               same(ours, ours_at, o, theirs, theirs_at, t)) {
      append(theirs, theirs_at, t);
    } else {
      return std::nullopt;
    }
    if (end) break;
    append(ours, o, o + 1);
    base_at = i + 1, ours_at = o + 1, theirs_at = t + 1;
  }
  return out;
}

}  // namespace ghost::patch
