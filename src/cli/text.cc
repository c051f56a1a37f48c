#include "cli/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/log.h"
#include "base/time.h"

namespace ghost::cli {
namespace {

bool starts_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// Length of the SGR sequence at the front ("ESC [ 1 ; 31 m"), 0 when there is none, npos when it
// may still become one.
size_t sgr_length(std::string_view text) {
  if (text.size() < 2) return std::string_view::npos;
  if (text[1] != '[') return 0;
  for (size_t i = 2; i < text.size() && i < 32; ++i) {
    if (text[i] == 'm') return i + 1;
    if (text[i] != ';' && (text[i] < '0' || text[i] > '9')) return 0;
  }
  return text.size() < 32 ? std::string_view::npos : 0;
}

std::string one_decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

}  // namespace

std::string Style::paint(const char* code, std::string_view text) const {
  if (!colour || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string show_ms(int64_t ms) {
  if (ms < 0) ms = 0;
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 59'950) return one_decimal(static_cast<double>(ms) / 1000) + " s";
  const int64_t s = (ms + 500) / 1000;
  if (s < 3600) {
    const std::string rest = s % 60 == 0 ? "" : " " + std::to_string(s % 60) + " s";
    return std::to_string(s / 60) + " min" + rest;
  }
  if (s < 48 * 3600) {
    return std::to_string(s / 3600) + " h " + std::to_string(s % 3600 / 60) + " min";
  }
  return std::to_string(s / 86400) + " d " + std::to_string(s % 86400 / 3600) + " h";
}

std::string show_bytes(int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  for (const char* unit : {"KiB", "MiB", "GiB", "TiB"}) {
    value /= 1024;
    if (value < 1023.5 || std::string_view(unit) == "TiB") {
      return (value < 9.95 ? one_decimal(value) : std::to_string(std::llround(value))) + " " + unit;
    }
  }
  return "";
}

std::string show_count(int64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

Result<int64_t> parse_duration_ms(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  double factor = 0;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "ms") factor = 1;
  if (unit == "m" || unit == "min") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = 86'400'000;
  if (code != std::errc() || factor == 0 || !(value >= 0) || value * factor > 3.2e12) {
    return Error{
        "bad_field",
        "expected a duration such as 90s, 500ms, 10m, 2h or 7d, got \"" + std::string(text) + "\"",
        ""};
  }
  return static_cast<int64_t>(std::llround(value * factor));
}

Result<std::string> parse_moment(const std::string& text, int64_t now_wall_ms) {
  if (auto ms = parse_duration_ms(text)) return format_rfc3339(now_wall_ms + *ms);
  if (auto at = parse_rfc3339(text)) return format_rfc3339(*at);
  return Error{"bad_field",
               "expected a time such as 2026-01-31T09:05:00Z, or a duration from now on such as "
               "10m, got \"" +
                   text + "\"",
               ""};
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    if (text[0] == '\x1b') {
      const size_t length = sgr_length(text);
      if (length != 0 && length != std::string_view::npos) {
        text.remove_prefix(length);
        continue;
      }
    }
    width += starts_code_point(text[0]) ? 1 : 0;
    text.remove_prefix(1);
  }
  return width;
}

std::string clip(std::string_view text, size_t width) {
  if (display_width(text) <= width) return std::string(text);
  size_t columns = 0, at = 0;
  bool coloured = false;
  while (at < text.size() && columns + 1 < width) {
    const size_t length = text[at] == '\x1b' ? sgr_length(text.substr(at)) : 0;
    if (length != 0 && length != std::string_view::npos) {
      coloured = true;
      at += length;
      continue;
    }
    ++columns;
    do ++at;
    while (at < text.size() && !starts_code_point(text[at]));
  }
  return std::string(text.substr(0, at)) + (width > 0 ? "…" : "") + (coloured ? "\x1b[0m" : "");
}

std::string wrap(std::string_view text, size_t indent, size_t width) {
  if (width == 0 || indent + display_width(text) <= width) return std::string(text);
  std::string out;
  size_t column = indent;
  while (!text.empty()) {
    // A word with the blanks before it, which are dropped at a break.
    const size_t from = text.find_first_not_of(' ');
    if (from == std::string_view::npos) break;
    const size_t end = std::min(text.find(' ', from), text.size());
    const size_t columns = display_width(text.substr(0, end));
    if (column + columns > width && column > indent) {
      text.remove_prefix(from);
      out += "\n" + std::string(indent, ' ') + std::string(text.substr(0, end - from));
      column = indent + columns - from;
      text.remove_prefix(end - from);
      continue;
    }
    out += text.substr(0, end);
    column += columns;
    text.remove_prefix(end);
  }
  return out;
}

std::string safe_line(std::string_view text) {
  return log::escape_control(text);
}

std::string safe_block(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find_first_of("\n\t");
    out += log::escape_control(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += text[end];
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string TerminalFilter::feed(std::string_view piece) {
  const std::string text = std::exchange(pending_, "") + std::string(piece);
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1b) {
      const size_t length = sgr_length(std::string_view(text).substr(i));
      if (length == std::string_view::npos) {
        pending_ = text.substr(i);
        break;
      }
      out += length == 0 ? "\\x1b" : text.substr(i, length);
      i += std::max<size_t>(length, 1);
      continue;
    }
    if (c == 0xC2 && i + 1 == text.size()) {  // may be the first half of a C1 control
      pending_ = text.substr(i);
      break;
    }
    const bool c1 = c == 0xC2 && (static_cast<unsigned char>(text[i + 1]) & 0xE0) == 0x80;
    if (c1) {
      out += "\\u00";
      char hex[3];
      std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(text[i + 1]));
      out += hex;
      i += 2;
      continue;
    }
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) {
      out += log::escape_control(std::string_view(text).substr(i, 1));
    } else {
      out += text[i];
    }
    ++i;
  }
  return out;
}

std::string Table::print(size_t width, const Style& style) const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string out;
  for (size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows_[r].size(); ++i) {
      line += rows_[r][i];
      if (i + 1 < rows_[r].size()) {
        line += std::string(widths[i] - display_width(rows_[r][i]) + 2, ' ');
      }
    }
    while (line.ends_with(' ')) line.pop_back();
    if (width > 0) line = clip(line, width);
    out += (r == 0 ? style.bold(line) : line) + "\n";
  }
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::vector<DiffStat> diff_stat(std::string_view diff) {
  std::vector<DiffStat> out;
  bool in_hunk = false;
  for (const std::string_view line : lines_of(diff)) {
    if (line.starts_with("diff --git ")) {
      const size_t b = line.rfind(" b/");
      out.push_back({b == std::string_view::npos ? std::string(line.substr(11))
                                                 : std::string(line.substr(b + 3))});
      in_hunk = false;
    } else if (out.empty()) {
      continue;
    } else if (line.starts_with("@@ ")) {
      in_hunk = true;
    } else if (line.starts_with("GIT binary patch") || line.starts_with("Binary files ")) {
      out.back().binary = true;
      in_hunk = false;
    } else if (in_hunk && line.starts_with('+')) {
      ++out.back().added;
    } else if (in_hunk && line.starts_with('-')) {
      ++out.back().removed;
    }
  }
  return out;
}

std::string show_diff_stat(const std::vector<DiffStat>& stat, std::string_view indent, size_t width,
                           size_t files_max, const Style& style) {
  int64_t added = 0, removed = 0, most = 1;
  size_t name_width = 0;
  for (size_t i = 0; i < stat.size(); ++i) {
    added += stat[i].added;
    removed += stat[i].removed;
    if (i >= files_max) continue;
    most = std::max(most, stat[i].added + stat[i].removed);
    name_width = std::max(name_width, std::min<size_t>(display_width(stat[i].path), 44));
  }
  const int64_t room = std::max<int64_t>(
      8, static_cast<int64_t>(width) - static_cast<int64_t>(indent.size() + name_width) - 12);
  std::string out = show_count(static_cast<int64_t>(stat.size()), "file") + " changed, " +
                    show_count(added, "insertion") + "(+), " + show_count(removed, "deletion") +
                    "(-)\n";
  for (size_t i = 0; i < stat.size() && i < files_max; ++i) {
    const DiffStat& s = stat[i];
    const std::string name = clip(safe_line(s.path), name_width);
    const int64_t total = s.added + s.removed;
    const int64_t marks = most <= room ? total
                          : total == 0 ? 0
                                       : std::max<int64_t>(1, total * room / most);
    const int64_t plus = total == 0 ? 0 : (marks * s.added + total / 2) / total;
    out += std::string(indent) + name + std::string(name_width - display_width(name), ' ') + " | ";
    out += s.binary ? "binary"
                    : std::to_string(total) + " " +
                          style.green(std::string(static_cast<size_t>(plus), '+')) +
                          style.red(std::string(static_cast<size_t>(marks - plus), '-'));
    out += "\n";
  }
  if (stat.size() > files_max) {
    out += std::string(indent) + "... and " + std::to_string(stat.size() - files_max) + " more\n";
  }
  return out;
}

std::string show_diff(std::string_view diff, const Style& style) {
  std::string out;
  for (const std::string_view line : lines_of(diff)) {
    const std::string text = safe_block(line);
    if (line.starts_with("diff ") || line.starts_with("--- ") || line.starts_with("+++ ")) {
      out += style.bold(text);
    } else if (line.starts_with("@@")) {
      out += style.cyan(text);
    } else if (line.starts_with('+')) {
      out += style.green(text);
    } else if (line.starts_with('-')) {
      out += style.red(text);
    } else {
      out += text;
    }
    out += "\n";
  }
  return out;
}

}  // namespace ghost::cli
