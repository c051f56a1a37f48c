#include <algorithm>

#include "patch/chars.h"
#include "patch/diff_parser.h"

namespace ghost::patch {
namespace {

constexpr uint32_t kCountMax = 0x7fffffff;

}  // namespace

Number read_number(std::string_view text, size_t& at, uint32_t& value) {
  if (at >= text.size() || !is_digit(text[at])) return Number::kBad;
  uint64_t sum = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    sum = sum * 10 + static_cast<uint64_t>(text[at] - '0');
    if (sum > kCountMax) sum = uint64_t{kCountMax} + 1;
  }
  value = static_cast<uint32_t>(std::min<uint64_t>(sum, kCountMax));
  return sum > kCountMax ? Number::kOverflow : Number::kOk;
}

Number DiffParser::hunk_header(std::string_view line, Hunk& hunk) const {
  if (line.empty() || line.back() != '\n') return Number::kBad;
  size_t at = 4;
  bool overflow = false;
  const auto range = [&](uint32_t& pos, uint32_t& lines, std::string_view behind) {
    Number n = read_number(line, at, pos);
    if (n == Number::kBad) return false;
    overflow |= n == Number::kOverflow;
    lines = 1;
    if (at < line.size() && line[at] == ',') {
      n = read_number(line, ++at, lines);
      if (n == Number::kBad) return false;
      overflow |= n == Number::kOverflow;
    }
    if (!line.substr(at).starts_with(behind)) return false;
    at += behind.size();
    return true;
  };
  if (!range(hunk.old_pos, hunk.old_lines, " +")) return Number::kBad;
  if (!range(hunk.new_pos, hunk.new_lines, " @@")) return Number::kBad;
  hunk.heading = chomp(line.substr(at));
  return overflow ? Number::kOverflow : Number::kOk;
}

bool DiffParser::read_hunks(FilePatch& file) {
  for (;;) {
    const std::string_view line = line_at(at_);
    const bool numbered = rest().size() > 4 && line.starts_with("@@ -");
    if (!numbered && !(options_.tolerant && line.starts_with("@@"))) break;
    if (++hunks_ > limits_.hunks_max) {
      return fail("too_large", file.name(), line_,
                  "more than " + std::to_string(limits_.hunks_max) + " hunks");
    }
    Hunk hunk;
    hunk.line = line_;
    if (!(options_.tolerant ? count_hunk(file, hunk) : read_hunk(file, hunk))) return false;
    if (!options_.tolerant && !check_order(file, hunk)) return false;
    file.hunks.push_back(hunk);
  }
  if (!file.hunks.empty() && !options_.tolerant && !check_leftover(file)) return false;
  uint64_t old_lines = 0, new_lines = 0;
  for (const Hunk& hunk : file.hunks) {
    old_lines += hunk.old_lines;
    new_lines += hunk.new_lines;
  }
  if (file.is_new == Known::kMaybe && (old_lines || file.hunks.size() > 1)) {
    file.is_new = Known::kNo;
  }
  if (file.is_delete == Known::kMaybe && (new_lines || file.hunks.size() > 1)) {
    file.is_delete = Known::kNo;
  }
  if (file.is_new == Known::kYes && old_lines) {
    return fail("corrupt_patch", file.name(), file.line, "a new file with old lines");
  }
  if (file.is_delete == Known::kYes && new_lines) {
    return fail("corrupt_patch", file.name(), file.line, "a deleted file with lines left");
  }
  return true;
}

// The hunk at at_, by its header's counts.
bool DiffParser::read_hunk(FilePatch& file, Hunk& hunk) {
  const std::string_view header = line_at(at_);
  const Number number = hunk_header(header, hunk);
  if (number == Number::kOverflow) {
    return fail("count_overflow", file.name(), line_, "a number in the hunk's header is too large");
  }
  const auto corrupt = [&](const char* why) {
    return fail("corrupt_patch", file.name(), line_, why);
  };
  if (number == Number::kBad) return corrupt("the hunk's header cannot be read");
  hunk.said_old = hunk.old_lines, hunk.said_new = hunk.new_lines;
  advance(header);
  const size_t begin = at_;
  uint32_t old_left = hunk.old_lines, new_left = hunk.new_lines, changes = 0;
  while (old_left || new_left) {
    if (at_ >= text_.size()) return corrupt("the hunk ends before its header's counts are met");
    const std::string_view line = line_at(at_);
    if (line.back() != '\n') return corrupt("the last line of the hunk has no newline");
    switch (line[0]) {
      case '\n':
      case ' ':
        if (!old_left || !new_left) return corrupt("the hunk has more lines than its header says");
        --old_left, --new_left;
        if (!changes) ++hunk.leading;
        ++hunk.trailing;
        break;
      case '-':
        if (!old_left) return corrupt("the hunk has more old lines than its header says");
        --old_left, ++changes;
        hunk.trailing = 0;
        break;
      case '+':
        if (!new_left) return corrupt("the hunk has more new lines than its header says");
        --new_left, ++changes;
        hunk.trailing = 0;
        break;
      case '\\':
        if (line.size() < 12 || line[1] != ' ') return corrupt("a line begins with '\\'");
        break;
      default:
        return corrupt("the hunk ends before its header's counts are met");
    }
    if (line.size() > limits_.line_bytes_max) {
      return fail("too_large", file.name(), line_,
                  "a line of more than " + std::to_string(limits_.line_bytes_max) + " bytes");
    }
    advance(line);
  }
  if (!changes) return corrupt("the hunk changes nothing");
  if (rest().size() > 12 && rest().starts_with("\\ ")) advance(line_at(at_));
  hunk.body = text_.substr(begin, at_ - begin);
  return true;
}

// What may stand behind a hunk and is none of its lines.
bool DiffParser::ends_hunk(std::string_view line) const {
  if (trim(line).empty()) return true;
  for (const std::string_view begin :
       {"@@", "diff ", "Index: ", "index ", "====", "--- ", "Only in ", "From ", "Binary files ",
        "Property changes on", "Property ", "Added: ", "Modified: ", "Deleted: ", "____", "```",
        "GIT binary patch", "\\ ", "*** "}) {
    if (line.starts_with(begin)) return true;
  }
  return line.starts_with("-- ") || chomp(line) == "--";
}

// A bare header: "@@", "@@ heading" or "@@ ... @@ heading". One with a number in it that cannot be
// read is damaged.
bool DiffParser::bare_header(std::string_view header, Hunk& hunk) const {
  hunk = Hunk{};
  hunk.line = line_;
  hunk.numbered = false;
  const std::string_view text = chomp(header);
  if (text.starts_with("@@ -") && text.size() > 4 && is_digit(text[4])) return false;
  const size_t second = text.find("@@", 2);
  hunk.heading = text.substr(second == text.npos ? 2 : second + 2);
  return true;
}

namespace {

// "\\ No newline at end of file" in any language, as git knows it, or without its blank. Another
// line with a backslash is one that has lost what stood before it.
bool is_no_newline(std::string_view line) {
  return (line.size() >= 12 && line[1] == ' ') || line.starts_with("\\No newline");
}

// Counts the lines of a hunk while they are read.
struct HunkCount {
  uint32_t old_lines = 0, new_lines = 0, leading = 0, trailing = 0, blanks = 0, changes = 0;

  void context(uint32_t n) {
    old_lines += n, new_lines += n, trailing += n;
    if (!changes) leading += n;
  }
  // Blank lines are context only if hunk lines follow.
  void take(char kind) {
    if (kind == '\\') return;
    context(blanks);
    blanks = 0;
    if (kind == ' ') return context(1);
    ++(kind == '-' ? old_lines : new_lines);
    ++changes;
    trailing = 0;
  }
};

}  // namespace

// The hunk at at_, by its lines: they end where no hunk line can follow.
bool DiffParser::count_hunk(FilePatch& file, Hunk& hunk) {
  const std::string_view header = line_at(at_);
  const Number number = hunk_header(header, hunk);
  if (number == Number::kOverflow) {
    return fail("count_overflow", file.name(), line_, "a number in the hunk's header is too large");
  }
  if (number == Number::kBad && !bare_header(header, hunk)) {
    return fail("corrupt_patch", file.name(), line_, "the hunk's header cannot be read");
  }
  hunk.said_old = hunk.old_lines, hunk.said_new = hunk.new_lines;
  advance(header);
  const size_t begin = at_;
  size_t end = begin;
  uint64_t end_line = line_;
  HunkCount count;
  while (at_ < text_.size()) {
    const std::string_view line = line_at(at_);
    const std::string_view next = text_.substr(at_ + line.size());
    const bool counted = hunk.numbered && count.old_lines + count.blanks >= hunk.said_old &&
                         count.new_lines + count.blanks >= hunk.said_new;
    if (line.starts_with("--- ") && next.starts_with("+++ ") &&
        text_.substr(at_ + line.size() + line_size(next)).starts_with("@@")) {
      break;
    }
    // The signature of a mail, once the counts are met.
    if (counted && (line == "-- \n" || line == "--\n" || line == "-- \r\n")) break;
    if (line.size() > limits_.line_bytes_max) {
      return fail("too_large", file.name(), line_,
                  "a line of more than " + std::to_string(limits_.line_bytes_max) + " bytes");
    }
    const char first = line == "\r\n" ? '\n' : line[0];
    if (first == '\n') {
      ++count.blanks;
      advance(line);
      continue;
    }
    const bool marker = first == '\\' && is_no_newline(line);
    if (first != ' ' && first != '-' && first != '+' && !marker) {
      if (!ends_hunk(line)) hunk.stray = line_;
      break;
    }
    count.take(first);
    advance(line);
    end = at_;
    end_line = line_;
  }
  hunk.at_end = at_ >= text_.size();
  hunk.unclosed = options_.unclosed && end == text_.size();
  // Blank lines at the end are context as far as the header's counts ask for them.
  at_ = end, line_ = end_line;
  while (hunk.numbered && count.blanks > 0 && count.old_lines < hunk.said_old &&
         count.new_lines < hunk.said_new) {
    count.context(1);
    --count.blanks;
    advance(line_at(at_));
  }
  if (!count.changes) {
    return fail("corrupt_patch", file.name(), hunk.line, "the hunk changes nothing");
  }
  hunk.old_lines = count.old_lines, hunk.new_lines = count.new_lines;
  hunk.leading = count.leading, hunk.trailing = count.trailing;
  hunk.body = text_.substr(begin, at_ - begin);
  return true;
}

bool DiffParser::check_order(const FilePatch& file, const Hunk& hunk) {
  if (file.hunks.empty()) return true;
  const Hunk& before = file.hunks.back();
  // A range of no lines stands behind the line that it names.
  const auto start = [](const Hunk& h) { return uint64_t{h.old_pos} + (h.old_lines == 0); };
  if (start(hunk) >= start(before) + before.old_lines) return true;
  return fail("overlapping_hunks", file.name(), hunk.line,
              start(hunk) < start(before) ? "the hunk stands before the one above it"
                                          : "the hunk overlaps the one above it");
}

// Lines of a hunk behind its end mean that its counts are wrong; git would drop them silently.
bool DiffParser::check_leftover(const FilePatch& file) {
  if (at_ >= text_.size()) return true;
  const std::string_view line = line_at(at_);
  const bool added = line[0] == '+' && !line.starts_with("+++ ");
  const bool removed = line[0] == '-' && !line.starts_with("--");
  const bool context = line[0] == ' ' && !trim(line).empty() && !line.starts_with(" -- ");
  if (!added && !removed && !context) return true;
  return fail("corrupt_patch", file.name(), line_, "the hunk has more lines than its header says");
}

bool DiffParser::read_binary_hunk(FilePatch& file, bool& present) {
  const std::string_view head = line_at(at_);
  BinaryHunk hunk;
  size_t digits = 0;
  if (head.starts_with("delta ")) {
    hunk.is_delta = true;
    digits = 6;
  } else if (head.starts_with("literal ")) {
    digits = 8;
  } else {
    return true;
  }
  present = true;
  uint32_t size = 0;
  if (read_number(head, digits, size) != Number::kOk) {
    return fail("corrupt_binary", file.name(), line_, "the binary hunk's size cannot be read");
  }
  hunk.size = size;
  hunk.line = line_;
  if (hunk.size > limits_.file_bytes_max) {
    return fail(
        "too_large", file.name(), line_,
        "the binary hunk is larger than " + std::to_string(limits_.file_bytes_max) + " bytes");
  }
  advance(head);
  const size_t begin = at_;
  for (;;) {
    const std::string_view line = line_at(at_);
    if (line == "\n") break;
    if (line.size() < 7 || (line.size() - 2) % 5 != 0 || line.back() != '\n') {
      return fail("corrupt_binary", file.name(), line_, "the binary hunk is damaged or cut short");
    }
    advance(line);
  }
  hunk.rows = text_.substr(begin, at_ - begin);
  advance(line_at(at_));
  file.binary.push_back(hunk);
  return true;
}

bool DiffParser::read_binary(FilePatch& file) {
  const std::string_view line = line_at(at_);
  if (line == "GIT binary patch\n") {
    advance(line);
    bool present = false;
    if (!read_binary_hunk(file, present)) return false;
    if (!present) {
      return fail("corrupt_binary", file.name(), line_, "expected \"literal\" or \"delta\"");
    }
    if (!read_binary_hunk(file, present)) return false;
    file.is_binary = true;
  } else if ((line.starts_with("Binary files ") || line.starts_with("Files ")) &&
             line.ends_with(" differ\n")) {
    advance(line);
    file.is_binary = true;
  }
  return true;
}

}  // namespace ghost::patch
