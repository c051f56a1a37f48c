#include "patch/path_rules.h"

#include <cstdio>
#include <vector>

#include "patch/object_store.h"

namespace ghost::patch {
namespace {

// Decodes one code point; malformed bytes come back as themselves above the Unicode range.
uint32_t next_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const uint32_t first = byte(at);
  const int extra = first < 0x80             ? 0
                    : (first & 0xe0) == 0xc0 ? 1
                    : (first & 0xf0) == 0xe0 ? 2
                    : (first & 0xf8) == 0xf0 ? 3
                                             : -1;
  if (extra < 0) {
    ++at;
    return 0x110000 + first;
  }
  uint32_t point = extra == 0 ? first : first & (0x3fu >> extra);
  for (int i = 1; i <= extra; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) {
      ++at;
      return 0x110000 + first;
    }
    point = point << 6 | (byte(at + i) & 0x3f);
  }
  at += 1 + extra;
  return point;
}

// Code points that HFS+ leaves out when it compares names.
bool is_ignorable(uint32_t point) {
  return (point >= 0x200c && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x206a && point <= 0x206f) || point == 0xfeff;
}

uint32_t fold_point(uint32_t p) {
  if (p >= 'A' && p <= 'Z') return p + 32;
  if (p < 0x80) return p;
  if (p >= 0xc0 && p <= 0xde && p != 0xd7) return p + 32;
  if (p >= 0x100 && p <= 0x137 && p != 0x130 && p != 0x131) return p | 1;
  if ((p >= 0x139 && p <= 0x148) || (p >= 0x179 && p <= 0x17e)) return p + (p & 1);
  if (p >= 0x14a && p <= 0x177) return p | 1;
  if (p == 0x178) return 0xff;
  if (p >= 0x391 && p <= 0x3a9 && p != 0x3a2) return p + 32;
  if (p == 0x3c2) return 0x3c3;
  if (p >= 0x410 && p <= 0x42f) return p + 32;
  if (p >= 0x400 && p <= 0x40f) return p + 80;
  if (p >= 0x460 && p <= 0x481) return p | 1;
  if (p >= 0x1e00 && p <= 0x1eff) return p | 1;
  return p;
}

void append_point(std::string& out, uint32_t p) {
  if (p < 0x80) {
    out += static_cast<char>(p);
  } else if (p < 0x110000) {
    if (p < 0x800) {
      out += static_cast<char>(0xc0 | p >> 6);
    } else {
      if (p < 0x10000) {
        out += static_cast<char>(0xe0 | p >> 12);
      } else {
        out += static_cast<char>(0xf0 | p >> 18);
        out += static_cast<char>(0x80 | (p >> 12 & 63));
      }
      out += static_cast<char>(0x80 | (p >> 6 & 63));
    }
    out += static_cast<char>(0x80 | (p & 63));
  } else {
    out += static_cast<char>(p - 0x110000);
  }
}

// The name as Windows sees it: without a stream (":...") and trailing dots and spaces.
std::string_view without_ntfs_tail(std::string_view name) {
  name = name.substr(0, name.find(':'));
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.remove_suffix(1);
  return name;
}

bool is_dot_git(std::string_view component) {
  const char first = component.empty() ? '\0' : component[0];
  // Everything that folds to .git or git~1 begins with one of these.
  if (first != '.' && first != 'g' && first != 'G' && !(first & 0x80)) return false;
  const std::string folded = fold_name(component);
  const std::string_view name = without_ntfs_tail(folded);
  return name == ".git" || name == "git~1";
}

bool is_gitmodules_component(std::string_view component) {
  const std::string folded = fold_name(component);
  const std::string_view name = without_ntfs_tail(folded);
  if (name == ".gitmodules") return true;
  // NTFS short names: gitmod~1 to ~4, then hashed ones that begin with gi7eba.
  if (name.starts_with("gitmod~") && name.size() == 8 && name[7] >= '1' && name[7] <= '4') {
    return true;
  }
  return name.starts_with("gi7eba~") || name.starts_with("gi7eb~");
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string_view>& parts) {
  std::string out;
  for (const auto part : parts) {
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

const char* path_problem(std::string_view path) {
  if (path.empty()) return "the path is empty";
  if (path.front() == '/') return "the path is absolute";
  for (const unsigned char c : path) {
    if (c < 0x20 || c == 0x7f) return "the path has a control byte";
    if (c == '\\') return "the path has a backslash";
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty()) return "the path has an empty component";
    if (part == ".") return "the path has a \".\" component";
    if (part == "..") return "the path has a \"..\" component";
    if (part.size() > 255) return "a component of the path is longer than 255 bytes";
    if (is_dot_git(part)) return "a component of the path is \".git\" to some file system";
    begin = end + 1;
  }
  return path.size() > 4095 ? "the path is longer than 4095 bytes" : nullptr;
}

}  // namespace

bool check_path(std::string_view path, uint64_t line, Faults& faults) {
  const char* problem = path_problem(path);
  if (!problem) return true;
  return faults.add(refusal("bad_path", std::string(path), line, show_path(path) + ": " + problem));
}

bool has_gitmodules_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return is_gitmodules_component(slash == path.npos ? path : path.substr(slash + 1));
}
bool is_gitmodules(std::string_view path) {
  return path.find('/') == path.npos && is_gitmodules_component(path);
}

bool check_mode(uint32_t mode, bool allow_gitlinks, std::string_view path, uint64_t line,
                Faults& faults) {
  if (mode == kModeFile || mode == kModeExecutable || mode == kModeSymlink) return true;
  if (mode == kModeGitlink) {
    if (allow_gitlinks) return true;
    return faults.add(refusal("gitlink", std::string(path), line,
                              show_path(path) + ": submodules (mode 160000) are not allowed here"));
  }
  char text[64];
  std::snprintf(text, sizeof text, "mode %06o is none of 100644, 100755 and 120000", mode);
  return faults.add(refusal("bad_mode", std::string(path), line, show_path(path) + ": " + text));
}

bool check_symlink_target(std::string_view path, std::string_view target, uint64_t line,
                          const std::function<bool(std::string_view)>& is_symlink, Faults& faults) {
  const auto refuse = [&](const char* why) {
    return faults.add(refusal("symlink_target", std::string(path), line,
                              show_path(path) + ": the symlink's target " + why));
  };
  if (target.empty()) return refuse("is empty");
  if (target.size() > 4095) return refuse("is longer than 4095 bytes");
  if (target.front() == '/') return refuse("is absolute");
  if (target.find('\0') != target.npos) return refuse("has a NUL byte");
  std::vector<std::string_view> at = components(path);
  at.pop_back();
  bool behind = false;  // a symlink was walked
  for (const auto part : components(target)) {
    if (part.empty() || part == ".") continue;
    if (is_dot_git(part)) return refuse("goes into \".git\"");
    if (part != "..") {
      at.push_back(part);
      behind = behind || is_symlink(join(at));
      continue;
    }
    if (at.empty()) return refuse("leads out of the tree");
    if (behind) return refuse("goes back (\"..\") behind another symlink");
    at.pop_back();
  }
  return true;
}

std::string fold_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (size_t at = 0; at < name.size();) {
    const uint32_t point = next_point(name, at);
    if (!is_ignorable(point)) append_point(out, fold_point(point));
  }
  return out;
}

bool folds_equal(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    const auto x = static_cast<unsigned char>(a[i]), y = static_cast<unsigned char>(b[i]);
    if ((x | y) & 0x80) return fold_name(a) == fold_name(b);
    if (fold_point(x) != fold_point(y)) return false;
  }
  if (a.size() == b.size()) return true;
  return fold_name(a) == fold_name(b);
}

std::string show_path(std::string_view path) {
  std::string out;
  bool quoted = false;
  for (const unsigned char c : path.substr(0, 300)) {
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
      char text[8];
      if (c == '"' || c == '\\') {
        std::snprintf(text, sizeof text, "\\%c", c);
      } else {
        std::snprintf(text, sizeof text, "\\%03o", c);
      }
      out += text;
      quoted = true;
    } else {
      out += static_cast<char>(c);
    }
  }
  if (path.size() > 300) out += "...";
  return quoted || path.empty() ? "\"" + out + "\"" : out;
}

}  // namespace ghost::patch
