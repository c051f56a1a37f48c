// Character classes as git has them, whatever the locale, and cutting text into lines. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace ghost::patch {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// git's isspace: no vertical tab, no form feed.
inline bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Bytes of the first line of `text` with its newline, if it has one.
inline size_t line_size(std::string_view text) {
  const size_t newline = text.find('\n');
  return newline == text.npos ? text.size() : newline + 1;
}
// The line without its newline, and without a carriage return before it.
inline std::string_view chomp(std::string_view line) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Walks over the lines of a text, counting from 1.
struct LineCursor {
  explicit LineCursor(std::string_view lines) : text(lines) {}
  std::string_view text;
  size_t at = 0;
  uint64_t number = 0;      // of the line last given
  std::string_view line{};  // with its newline
  bool next() {
    if (at >= text.size()) return false;
    line = text.substr(at, line_size(text.substr(at)));
    at += line.size();
    ++number;
    return true;
  }
};

}  // namespace ghost::patch
