#include "patch/indent.h"

#include <algorithm>

#include "patch/chars.h"

namespace ghost::patch {
namespace {

std::string_view indent_of(std::string_view line) {
  size_t end = 0;
  while (end < line.size() && (line[end] == ' ' || line[end] == '\t')) ++end;
  return line.substr(0, end);
}

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

std::vector<IndentMap> IndentMap::learn(const std::vector<Pair>& pairs) {
  IndentMap same;
  size_t to_crlf = 0, to_lf = 0, differing = 0;
  for (const Pair& pair : pairs) {
    const bool patch_cr = pair.first.ends_with("\r\n"), file_cr = pair.second.ends_with("\r\n");
    to_crlf += !patch_cr && file_cr;
    to_lf += patch_cr && !file_cr;
    differing += differ(pair);
  }
  same.to_crlf_ = to_crlf > 0 && to_crlf == pairs.size();
  same.to_lf_ = to_lf > 0 && to_lf == pairs.size();
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

std::optional<std::string> IndentMap::map(std::string_view line) const {
  const std::string_view indent = indent_of(line);
  std::string out;
  if (trim(line).empty()) {
    out = std::string(line);
  } else {
    auto made = mapped_indent(indent);
    if (!made) return std::nullopt;
    out = std::move(*made) + std::string(line.substr(indent.size()));
  }
  if (to_crlf_ && out.ends_with('\n') && !out.ends_with("\r\n")) {
    out.insert(out.size() - 1, 1, '\r');
  } else if (to_lf_ && out.ends_with("\r\n")) {
    out.erase(out.size() - 2, 1);
  }
  return out;
}

}  // namespace ghost::patch
