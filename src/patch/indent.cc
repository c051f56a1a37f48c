#include "patch/indent.h"

#include <algorithm>

#include "patch/chars.h"

namespace ghost::patch {
namespace {

constexpr size_t kEditedBytesMin = 4, kEditedBytesMax = 2000;

std::string tabs_to_blanks(std::string_view indent, size_t width) {
  std::string out;
  for (const char c : indent) {
    if (c == '\t') {
      out.append(width, ' ');
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string_view indent_of(std::string_view line) {
  size_t end = 0;
  while (end < line.size() && (line[end] == ' ' || line[end] == '\t')) ++end;
  return line.substr(0, end);
}

bool is_edit_of(std::string_view line, std::string_view other) {
  if (indent_of(line) != indent_of(other)) return false;
  line = trim(line), other = trim(other);
  const size_t longer = std::max(line.size(), other.size());
  const size_t shorter = std::min(line.size(), other.size());
  if (line == other || longer < kEditedBytesMin || longer > kEditedBytesMax) return false;
  size_t head = 0, tail = 0;
  while (head < shorter && line[head] == other[head]) ++head;
  while (tail < shorter - head && line[line.size() - 1 - tail] == other[other.size() - 1 - tail]) {
    ++tail;
  }
  return (head + tail) * 2 >= longer;
}

std::optional<std::string> IndentMap::mapped_indent(std::string_view indent) const {
  switch (kind_) {
    case Kind::kSame:
      return std::string(indent);
    case Kind::kAdd:
      return prefix_ + std::string(indent);
    case Kind::kRemove:
      if (!indent.starts_with(prefix_)) return std::nullopt;
      return std::string(indent.substr(prefix_.size()));
    case Kind::kToBlanks:
      return tabs_to_blanks(indent, width_);
    case Kind::kToTabs: {
      // Tabs in front stay; behind a blank they are no indentation that blanks were made of.
      const size_t tabs = std::min(indent.find_first_not_of('\t'), indent.size());
      const std::string_view blanks = indent.substr(tabs);
      return std::string(indent.substr(0, tabs)) + std::string(blanks.size() / width_, '\t') +
             std::string(blanks.size() % width_, ' ');
    }
  }
  return std::nullopt;
}

bool IndentMap::explains(const Pair& pair) const {
  const auto made = mapped_indent(indent_of(pair.first));
  return made && *made == indent_of(pair.second);
}

bool IndentMap::differ(const Pair& pair) {
  return indent_of(pair.first) != indent_of(pair.second);
}

bool IndentMap::lost_tabs(const std::vector<Pair>& pairs) {
  bool lost = false;
  for (const Pair& pair : pairs) {
    const bool had = indent_of(pair.second).find('\t') != std::string_view::npos;
    const bool has = indent_of(pair.first).find('\t') != std::string_view::npos;
    if (had && has) return false;
    lost |= had && !has;
  }
  return lost;
}

IndentMap IndentMap::line_ends(const std::vector<Pair>& pairs) {
  IndentMap same;
  size_t to_crlf = 0, to_lf = 0;
  for (const Pair& pair : pairs) {
    const bool patch_cr = pair.first.ends_with("\r\n"), file_cr = pair.second.ends_with("\r\n");
    to_crlf += !patch_cr && file_cr;
    to_lf += patch_cr && !file_cr;
  }
  same.to_crlf_ = to_crlf > 0 && to_crlf == pairs.size();
  same.to_lf_ = to_lf > 0 && to_lf == pairs.size();
  return same;
}

std::vector<IndentMap> IndentMap::learn(const std::vector<Pair>& pairs) {
  const IndentMap same = line_ends(pairs);
  const auto differing = static_cast<size_t>(std::count_if(pairs.begin(), pairs.end(), differ));
  std::vector<IndentMap> maps;
  if (differing == 0) return {same};
  const auto consider = [&](Kind kind, std::string prefix, size_t width) {
    IndentMap map = same;
    map.kind_ = kind;
    map.prefix_ = std::move(prefix);
    map.width_ = width;
    for (const Pair& pair : pairs) {
      if (!map.explains(pair)) return;
    }
    maps.push_back(std::move(map));
  };
  const std::string_view patch = indent_of(pairs[0].first), file = indent_of(pairs[0].second);
  if (file.size() > patch.size() && file.ends_with(patch)) {
    consider(Kind::kAdd, std::string(file.substr(0, file.size() - patch.size())), 8);
  }
  if (patch.size() > file.size() && patch.ends_with(file)) {
    consider(Kind::kRemove, std::string(patch.substr(0, patch.size() - file.size())), 8);
  }
  for (const size_t width : {2, 4, 8}) {
    consider(Kind::kToTabs, "", width);
    consider(Kind::kToBlanks, "", width);
  }
  // Single lines may have changed by themselves; most of them would not.
  const bool few = differing * 2 <= pairs.size();
  if ((maps.empty() && few) || differing < 2) maps.push_back(same);
  return maps;
}

std::string IndentMap::ended(std::string line) const {
  if (to_crlf_ && line.ends_with('\n') && !line.ends_with("\r\n")) {
    line.insert(line.size() - 1, 1, '\r');
  } else if (to_lf_ && line.ends_with("\r\n")) {
    line.erase(line.size() - 2, 1);
  }
  return line;
}

std::string IndentMap::indented_like(std::string_view line, std::string_view like) const {
  return ended(std::string(indent_of(like)) + std::string(line.substr(indent_of(line).size())));
}

std::optional<std::string> IndentMap::map(std::string_view line) const {
  if (trim(line).empty()) return ended(std::string(line));
  const std::string_view indent = indent_of(line);
  auto made = mapped_indent(indent);
  if (!made) return std::nullopt;
  return ended(std::move(*made) + std::string(line.substr(indent.size())));
}

}  // namespace ghost::patch
