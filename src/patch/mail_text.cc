#include "patch/mail_text.h"

#include <algorithm>
#include <cstdlib>

#include "patch/chars.h"
#include "patch/mime.h"

namespace ghost::patch {

bool is_from_line(std::string_view line) {
  if (line.size() < 20 || !line.starts_with("From ")) return false;
  const size_t colon = line.rfind(':', line.size() - 2);
  if (colon == line.npos || colon < 9 || colon + 3 >= line.size()) return false;
  if (!is_digit(line[colon - 4]) || !is_digit(line[colon - 2]) || !is_digit(line[colon - 1]) ||
      !is_digit(line[colon + 1]) || !is_digit(line[colon + 2])) {
    return false;
  }
  return std::atol(std::string(line.substr(colon + 3, 12)).c_str()) > 90;
}

void rtrim(std::string& text) {
  while (!text.empty() && is_space(text.back())) text.pop_back();
}

std::string squeeze(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c)) {
      out += c;
    } else if (out.empty() || out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

bool is_header_line(std::string_view line) {
  if (line.starts_with("From ") || line.starts_with(">From ")) return true;
  for (const char c : line) {
    if (c == ':') return true;
    if (c < 33 || c > 126) return false;
  }
  return false;
}

bool is_patch_break(std::string_view line) {
  if (line.starts_with("diff -") || line.starts_with("Index: ")) return true;
  if (line.size() < 4 || !line.starts_with("---")) return false;
  if (line[3] == ' ' && line.size() > 4 && !is_space(line[4])) return true;
  return trim(line.substr(3)).empty() && line.ends_with('\n');
}

bool is_scissors(std::string_view line) {
  size_t marks = 0, gap = 0, perforation = 0, first = line.npos, last = 0;
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (is_space(line[i])) {
      perforation += inside;
      gap += inside;
      continue;
    }
    first = std::min(first, i);
    last = i;
    const std::string_view two = line.substr(i, 2);
    if (line[i] == '-') {
      inside = true;
      ++perforation;
    } else if (two == ">8" || two == "8<" || two == ">%" || two == "%<") {
      inside = true;
      perforation += 2;
      marks += 2;
      ++i;
    } else {
      inside = false;
    }
  }
  const size_t visible = first == line.npos ? 0 : last - first + 1;
  return marks > 0 && visible >= 8 && visible < perforation * 3 && gap * 2 < perforation;
}

std::string clean_subject(std::string text) {
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == 'r' || c == 'R') {
      if (text.size() <= at + 3 || (text[at + 1] != 'e' && text[at + 1] != 'E') ||
          text[at + 2] != ':') {
        break;
      }
      at += 3;
    } else if (c == ' ' || c == '\t' || c == ':') {
      ++at;
    } else if (c == '[') {
      const size_t end = text.find(']', at);
      if (end == text.npos) break;
      at = end + 1;
    } else {
      break;
    }
  }
  return squeeze(trim(std::string_view(text).substr(at)));
}

namespace {

// Comments and quoted strings of an address without their quoting (RFC 5322, 3.2).
std::string unquote_address(std::string_view text) {
  std::string out;
  int depth = 0;
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && (quoted || depth > 0)) {
      if (++at < text.size()) out += text[at];
    } else if (quoted) {
      if (c == '"') {
        quoted = false;
      } else {
        out += c;
      }
    } else if (c == '(') {
      ++depth;
      out += c;
    } else if (c == ')' && depth > 0) {
      --depth;
      out += c;
    } else if (c == '"' && depth == 0) {
      quoted = true;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void split_author(const std::string& from, std::string& name, std::string& email) {
  std::string text = unquote_address(from);
  size_t at = text.find('@');
  if (at == text.npos) {
    const size_t open = from.find('<'), close = from.find('>', open == from.npos ? 0 : open);
    if (open == from.npos || close == from.npos) return;
    email = from.substr(open + 1, close - open - 1);
    name = std::string(trim(std::string_view(from).substr(0, open)));
  } else {
    while (at > 0 && !is_space(text[at - 1])) {
      if (text[at - 1] == '<') {
        text[at - 1] = ' ';
        break;
      }
      --at;
    }
    const size_t end = std::min(text.find_first_of(" \n\t\r\v\f>", at), text.size());
    email = text.substr(at, end - at);
    text.erase(at, end - at + (end < text.size() ? 1 : 0));
    name = std::string(trim(squeeze(text)));
    if (name.size() >= 2 && name.front() == '(' && name.back() == ')') {
      name = name.substr(1, name.size() - 2);
    }
  }
  if (name.empty() || name.size() > 60 || name.find_first_of("@<>") != name.npos) name = email;
}

std::string strip_space(std::string_view text) {
  std::string out;
  bool empty = false;
  LineCursor lines{text};
  while (lines.next()) {
    std::string line(lines.line);
    rtrim(line);
    if (line.empty()) {
      empty = true;
      continue;
    }
    if (empty && !out.empty()) out += '\n';
    empty = false;
    out += line;
    out += '\n';
  }
  return out;
}

std::optional<std::string_view> header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      !equals_ignoring_case(line.substr(0, name.size()), name)) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && is_space(line[0])) line.remove_prefix(1);
  return line;
}

}  // namespace ghost::patch
