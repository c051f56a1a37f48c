#include "patch/mime.h"

#include <iconv.h>

#include <cerrno>

#include "base/bytes.h"
#include "patch/chars.h"

namespace ghost::patch {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

size_t find_ignoring_case(std::string_view text, std::string_view what) {
  for (size_t at = 0; at + what.size() <= text.size(); ++at) {
    if (equals_ignoring_case(text.substr(at, what.size()), what)) return at;
  }
  return text.npos;
}

std::string decode_quoted(std::string_view text, bool in_header) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '=') {
      if (at >= text.size() || text[at] == '\n') break;  // a soft line break
      const std::string byte = from_hex(text.substr(at, 2));
      if (byte.size() == 1) {
        out += byte;
        at += 2;
        continue;
      }
    }
    out += in_header && c == '_' ? ' ' : c;
  }
  return out;
}

std::string decode_base64_loosely(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  int filled = 0;
  uint32_t bits = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(value);
    switch (filled++) {
      case 1:
        out += static_cast<char>(bits >> 4);
        break;
      case 2:
        out += static_cast<char>(bits >> 2);
        break;
      case 3:
        out += static_cast<char>(bits);
        filled = 0;
        bits = 0;
        break;
      default:
        break;
    }
  }
  return out;
}

bool to_utf8(std::string& text, std::string_view charset) {
  if (charset.empty() || equals_ignoring_case(charset, "utf-8") ||
      equals_ignoring_case(charset, "utf8")) {
    return true;
  }
  if (charset.size() > 64 || charset.find("//") != charset.npos) return false;
  iconv_t converter = iconv_open("UTF-8", std::string(charset).c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    // What some mailers call Latin-1.
    if (find_ignoring_case(charset, "latin-1") != 0) return false;
    converter = iconv_open("UTF-8", "ISO-8859-1");
    if (converter == reinterpret_cast<iconv_t>(-1)) return false;
  }
  std::string out;
  char* in = text.data();
  size_t in_left = text.size();
  char buffer[4096];
  bool ok = true;
  for (bool flushing = false; ok;) {
    char* to = buffer;
    size_t room = sizeof buffer;
    const size_t result = flushing ? iconv(converter, nullptr, nullptr, &to, &room)
                                   : iconv(converter, &in, &in_left, &to, &room);
    out.append(buffer, sizeof buffer - room);
    if (result == static_cast<size_t>(-1)) {
      ok = errno == E2BIG;
    } else if (flushing) {
      break;
    } else {
      flushing = true;
    }
  }
  iconv_close(converter);
  if (ok) text = std::move(out);
  return ok;
}

bool decode_words(std::string& text) {
  std::string out;
  size_t at = 0;
  for (;;) {
    const size_t begin = text.find("=?", at);
    if (begin == text.npos) break;
    // White space between two encoded words does not count.
    const std::string_view between = std::string_view(text).substr(at, begin - at);
    if (at == 0 || !trim(between).empty()) out += between;
    const size_t charset_end = text.find('?', begin + 2);
    if (charset_end == text.npos || charset_end + 2 >= text.size() ||
        text[charset_end + 2] != '?') {
      return false;
    }
    const size_t end = text.find("?=", charset_end + 3);
    if (end == text.npos) return false;
    const std::string_view word =
        std::string_view(text).substr(charset_end + 3, end - charset_end - 3);
    std::string decoded;
    const char encoding = lower(text[charset_end + 1]);
    if (encoding == 'b') {
      decoded = decode_base64_loosely(word);
    } else if (encoding == 'q') {
      decoded = decode_quoted(word, true);
    } else {
      return false;
    }
    if (!to_utf8(decoded, std::string_view(text).substr(begin + 2, charset_end - begin - 2))) {
      return false;
    }
    out += decoded;
    at = end + 2;
  }
  out += std::string_view(text).substr(at);
  text = std::move(out);
  return true;
}

bool header_attribute(std::string_view value, std::string_view name, std::string& out) {
  out.clear();
  const size_t at = find_ignoring_case(value, name);
  if (at == value.npos) return false;
  std::string_view rest = value.substr(at + name.size());
  const bool quoted = !rest.empty() && rest[0] == '"';
  if (quoted) rest.remove_prefix(1);
  out = std::string(rest.substr(0, rest.find_first_of(quoted ? "\"" : "; \t")));
  return true;
}

}  // namespace ghost::patch
