#include "patch/diff_names.h"

#include "patch/chars.h"

namespace ghost::patch {
namespace {

// The lengths below are those of what ends `text`, 0 when it ends otherwise.

bool digits_at(std::string_view text, size_t at, std::string_view shape) {
  if (at > text.size() || text.size() - at < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const char c = text[at + i];
    if (shape[i] == '0' ? !is_digit(c) : c != shape[i]) return false;
  }
  return true;
}
bool ends_like(std::string_view text, std::string_view shape) {
  return text.size() >= shape.size() && digits_at(text, text.size() - shape.size(), shape);
}

size_t zone_size(std::string_view text) {
  for (const std::string_view shape : {" +0000", " -0000", " +00:00", " -00:00"}) {
    if (ends_like(text, shape)) return shape.size();
  }
  return 0;
}

size_t time_size(std::string_view text) {
  constexpr std::string_view kTime = " 00:00:00";
  if (ends_like(text, kTime)) return kTime.size();
  size_t end = text.size();
  while (end > 1 && is_digit(text[end - 1])) --end;
  if (end == text.size() || text[end - 1] != '.') return 0;
  const std::string_view whole = text.substr(0, end - 1);
  return ends_like(whole, kTime) ? text.size() - whole.size() + kTime.size() : 0;
}

size_t date_size(std::string_view text) {
  if (!ends_like(text, "00-00-00")) return 0;
  return ends_like(text, "0000-00-00") ? 10 : 8;
}

// The tab or spaces and the date, time and zone that end `line`.
size_t stamp_size(std::string_view line) {
  if (line.empty() || !is_digit(line.back())) return 0;
  std::string_view rest = line;
  rest.remove_suffix(zone_size(rest));
  rest.remove_suffix(time_size(rest));
  const size_t date = date_size(rest);
  if (date == 0) return 0;
  rest.remove_suffix(date);
  if (rest.empty()) return 0;
  if (rest.back() == '\t') {
    rest.remove_suffix(1);
  } else if (rest.back() == ' ') {
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  } else {
    return 0;
  }
  return line.size() - rest.size();
}

bool has_nul(std::string_view text) {
  return text.find('\0') != text.npos;
}

std::string squash_slashes(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  return out;
}

enum class End { kTab, kLine, kGiven };

std::optional<std::string> bare_name(std::string_view line, const std::string* other, int strip,
                                     End end) {
  size_t start = strip == 0 ? 0 : line.npos;
  size_t at = 0;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (end != End::kGiven && (c == '\r' || c == '\n' || (c == '\t' && end == End::kTab))) break;
    if (c == '/' && --strip == 0) start = at + 1;
  }
  const auto fallback = [&]() -> std::optional<std::string> {
    if (!other) return std::nullopt;
    return squash_slashes(*other);
  };
  if (start == line.npos || start >= at) return fallback();
  const std::string_view name = line.substr(start, at - start);
  if (other && other->size() < name.size() && name.starts_with(*other)) return fallback();
  return squash_slashes(name);
}

// Leaves out `strip` leading components; nothing when there are fewer or the path is absolute.
std::optional<std::string_view> without_prefix(int strip, std::string_view line) {
  if (strip == 0) {
    if (!line.empty() && line[0] == '/') return std::nullopt;
    return line;
  }
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '/' || --strip > 0) continue;
    if (i == 0) return std::nullopt;
    return line.substr(i + 1);
  }
  return std::nullopt;
}

}  // namespace

size_t unquote_c(std::string_view text, std::string& out) {
  if (text.empty() || text[0] != '"') return 0;
  for (size_t at = 1; at < text.size();) {
    const char c = text[at++];
    if (c == '"') return at;
    if (c != '\\') {
      out += c;
      continue;
    }
    if (at >= text.size()) return 0;
    const char escape = text[at++];
    constexpr std::string_view kNames = "abfnrtv\\\"", kValues = "\a\b\f\n\r\t\v\\\"";
    if (const size_t known = kNames.find(escape); known != kNames.npos) {
      out += kValues[known];
      continue;
    }
    if (escape < '0' || escape > '3' || text.size() - at < 2) return 0;
    const char middle = text[at], last = text[at + 1];
    if (middle < '0' || middle > '7' || last < '0' || last > '7') return 0;
    out += static_cast<char>((escape - '0') << 6 | (middle - '0') << 3 | (last - '0'));
    at += 2;
  }
  return 0;
}

bool is_dev_null(std::string_view line) {
  if (!line.starts_with("/dev/null")) return false;
  return line.size() == 9 || is_space(line[9]);
}

std::optional<std::string> NameReader::git_name(std::string_view line, int strip_now,
                                                bool tab_ends) {
  nul = nul || has_nul(line);
  if (!line.empty() && line[0] == '"') {
    std::string name;
    if (unquote_c(line, name) == 0) {
      bad_quoting = true;
    } else {
      nul = nul || has_nul(name);
      if (!name.empty() && name[0] == '/') absolute = true;
      size_t start = 0;
      for (int i = 0; i < strip_now && start != name.npos; ++i) {
        start = name.find('/', start);
        if (start != name.npos) ++start;
      }
      if (start != name.npos) return squash_slashes(std::string_view(name).substr(start));
    }
  }
  if (!line.empty() && line[0] == '/' && !is_dev_null(line)) absolute = true;
  return bare_name(line, nullptr, strip_now, tab_ends ? End::kTab : End::kLine);
}

std::optional<std::string> NameReader::plain_name(std::string_view line, const std::string* other) {
  nul = nul || has_nul(line);
  if (!line.empty() && line[0] == '"') {
    std::string name;
    if (unquote_c(line, name) != 0) return git_name(line, strip, true);
    bad_quoting = true;
  }
  if (!line.empty() && line[0] == '/' && !is_dev_null(line)) absolute = true;
  const size_t stamp = stamp_size(line);
  if (stamp == 0) return bare_name(line, other, strip, End::kTab);
  return bare_name(line.substr(0, line.size() - stamp), other, strip, End::kGiven);
}

std::optional<std::string> NameReader::common_name(std::string_view line) {
  std::string first, second;
  nul = nul || has_nul(line);
  if (!line.empty() && line[0] == '"') {
    const size_t used = unquote_c(line, first);
    if (used == 0) {
      bad_quoting = true;
      return std::nullopt;
    }
    const auto name = without_prefix(strip, first);
    std::string_view rest = line.substr(used);
    while (!rest.empty() && is_space(rest[0])) rest.remove_prefix(1);
    if (!name || rest.empty()) return std::nullopt;
    if (rest[0] == '"') {
      if (unquote_c(rest, second) == 0) {
        bad_quoting = true;
        return std::nullopt;
      }
      rest = second;
    }
    const auto other = without_prefix(strip, rest);
    if (!other || *other != *name) return std::nullopt;
    return std::string(*name);
  }
  const auto name = without_prefix(strip, line);
  if (!name) return std::nullopt;
  // With a bare first name, a quote begins the second one.
  if (const size_t quote = name->find('"'); quote != name->npos) {
    if (unquote_c(name->substr(quote), second) == 0) return std::nullopt;
    const auto other = without_prefix(strip, second);
    if (!other || other->size() >= quote || !name->starts_with(*other) ||
        !is_space((*name)[other->size()])) {
      return std::nullopt;
    }
    return std::string(*other);
  }
  // A bare name counts only if it stands twice; blanks in names leave several ways to cut.
  for (size_t size = 0; size < name->size(); ++size) {
    const char c = (*name)[size];
    if (c != ' ' && c != '\t') continue;
    if (size + 1 >= name->size()) return std::nullopt;
    const auto other = without_prefix(strip, name->substr(size + 1));
    if (!other) return std::nullopt;
    if (*other == name->substr(0, size)) return std::string(*other);
  }
  return std::nullopt;
}

bool has_epoch_stamp(std::string_view line) {
  const size_t tab = line.rfind('\t');
  if (tab == line.npos) return false;
  std::string_view stamp = line.substr(tab + 1);
  int epoch_hour;
  if (stamp.starts_with("1969-12-31 ")) {
    epoch_hour = 24;
  } else if (stamp.starts_with("1970-01-01 ")) {
    epoch_hour = 0;
  } else {
    return false;
  }
  stamp.remove_prefix(11);
  const auto number = [&](size_t at) { return (stamp[at] - '0') * 10 + (stamp[at + 1] - '0'); };
  if (!digits_at(stamp, 0, "00:00:00") || stamp[0] > '2' || stamp[3] > '5' || number(6) != 0) {
    return false;
  }
  const int minutes = number(0) * 60 + number(3);
  stamp.remove_prefix(8);
  if (!stamp.empty() && stamp[0] == '.') {
    const size_t end = stamp.find_first_not_of('0', 1);
    if (end == stamp.npos || end == 1) return false;
    stamp.remove_prefix(end);
  }
  if (stamp.size() < 6 || stamp[0] != ' ' || (stamp[1] != '+' && stamp[1] != '-')) return false;
  const bool west = stamp[1] == '-';
  stamp.remove_prefix(2);
  const size_t colon = stamp.size() > 2 && stamp[2] == ':' ? 1 : 0;
  if (stamp.size() != 4 + colon || !digits_at(stamp, 0, "00") ||
      !digits_at(stamp, 2 + colon, "00") || stamp[0] > '2' || stamp[2 + colon] > '5') {
    return false;
  }
  const int zone = number(0) * 60 + number(2 + colon);
  return minutes - (west ? -zone : zone) == epoch_hour * 60;
}

}  // namespace ghost::patch
