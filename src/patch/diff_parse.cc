#include "patch/diff_parse.h"

#include <algorithm>

#include "patch/chars.h"
#include "patch/diff_names.h"
#include "patch/object_store.h"
#include "patch/path_rules.h"

namespace ghost::patch {
namespace {

constexpr uint32_t kCountMax = 0x7fffffff;

struct Range {
  uint32_t pos = 0, lines = 1;
};

// "a,b" or "a" at text[at]; moves `at` behind it.
enum class Number { kOk, kBad, kOverflow };
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

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options, const Limits& limits,
         std::vector<FilePatch>& files, Faults& faults)
      : text_(text), options_(options), limits_(limits), files_(files), faults_(faults) {
    names_.strip = options.strip;
    line_ = options.first_line;
  }

  bool run();

 private:
  enum class Found { kFile, kNone, kFault };

  std::string_view rest() const { return text_.substr(at_); }
  std::string_view line_at(size_t at) const {
    return text_.substr(at, line_size(text_.substr(at)));
  }
  void advance(std::string_view line) {
    at_ += line.size();
    ++line_;
  }
  bool fail(std::string code, const std::string& path, uint64_t line, std::string message) {
    return faults_.add(refusal(std::move(code), path, line, std::move(message)));
  }

  Found find_header(FilePatch& file);
  bool is_context_diff(std::string_view line) const;
  Number hunk_header(std::string_view line, Hunk& hunk) const;
  Found stray_hunk(std::string_view line);
  Found git_header(FilePatch& file);
  Found plain_header(FilePatch& file);
  bool header_line(std::string_view line, FilePatch& file, bool& done);
  bool side_name(std::string_view rest, Known gone, std::optional<std::string>& name,
                 const char* side);
  bool read_mode(std::string_view rest, uint32_t& mode);
  void read_index(std::string_view rest, FilePatch& file, bool& ok);
  void guess_strip(std::string_view old_rest, std::string_view new_rest);
  bool check_names(const FilePatch& file);
  bool read_hunks(FilePatch& file);
  bool read_hunk(FilePatch& file, Hunk& hunk);
  bool count_hunk(FilePatch& file, Hunk& hunk);
  bool check_order(const FilePatch& file, const Hunk& hunk);
  bool check_leftover(const FilePatch& file);
  bool read_binary(FilePatch& file);
  bool read_binary_hunk(FilePatch& file, bool& present);
  bool finish_file(FilePatch& file);
  bool nothing_found();

  std::string_view text_;
  ParseOptions options_;
  const Limits& limits_;
  std::vector<FilePatch>& files_;
  Faults& faults_;
  NameReader names_;
  bool strip_known_ = false;
  size_t at_ = 0;
  uint64_t line_ = 1;  // number of the line at at_
  size_t hunks_ = 0;
};

bool Parser::is_context_diff(std::string_view line) const {
  if (!line.starts_with("*** ")) return false;
  const size_t second = at_ + line.size();
  const std::string_view next = line_at(std::min(second, text_.size()));
  return next.starts_with("--- ") &&
         line_at(std::min(second + next.size(), text_.size())).starts_with("***************");
}

Number Parser::hunk_header(std::string_view line, Hunk& hunk) const {
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

Parser::Found Parser::stray_hunk(std::string_view line) {
  Hunk hunk;
  if (hunk_header(line, hunk) == Number::kBad) return Found::kNone;
  fail("corrupt_patch", "", line_, "a hunk without a file header before it");
  return Found::kFault;
}

// Skips what is no diff up to the next file's header and reads that.
Parser::Found Parser::find_header(FilePatch& file) {
  for (; at_ < text_.size();) {
    const std::string_view line = line_at(at_);
    if (line.size() < 6) {
      advance(line);
      continue;
    }
    if (line.starts_with("@@ -") && stray_hunk(line) == Found::kFault) return Found::kFault;
    if (rest().size() < line.size() + 6) return Found::kNone;
    if (line.starts_with("diff --git ")) {
      const Found found = git_header(file);
      if (found != Found::kNone) return found;
      continue;
    }
    if (is_context_diff(line)) {
      fail("context_diff", "", line_, "context diffs are not taken; make a unified diff (diff -u)");
      return Found::kFault;
    }
    const size_t second = at_ + line.size();
    if (line.starts_with("--- ") && text_.substr(second).starts_with("+++ ")) {
      const std::string_view next = line_at(second);
      const std::string_view third = text_.substr(second + next.size());
      const bool numbered = third.starts_with("@@ -");
      if ((numbered && text_.size() - at_ >= next.size() + 14) ||
          (options_.tolerant && third.starts_with("@@"))) {
        return plain_header(file);
      }
    }
    advance(line);
  }
  return Found::kNone;
}

bool Parser::side_name(std::string_view rest, Known gone, std::optional<std::string>& name,
                       const char* side) {
  if (!name && gone != Known::kYes) {
    name = names_.git_name(rest, names_.strip, true);
    return true;
  }
  if (!name) {
    if (is_dev_null(rest)) return true;
    return fail("corrupt_patch", "", line_, "expected /dev/null");
  }
  if (gone == Known::kYes) {
    return fail("corrupt_patch", *name, line_, "expected /dev/null, found " + show_path(*name));
  }
  const auto again = names_.git_name(rest, names_.strip, true);
  if (again && *again == *name) return true;
  return fail("corrupt_patch", *name, line_,
              std::string("another ") + side + " file name than in the lines before");
}

bool Parser::read_mode(std::string_view rest, uint32_t& mode) {
  size_t at = 0;
  while (at < rest.size() && is_space(rest[at])) ++at;
  const size_t begin = at;
  uint64_t value = 0;
  for (; at < rest.size() && rest[at] >= '0' && rest[at] <= '7' && at - begin < 12; ++at) {
    value = value * 8 + static_cast<uint64_t>(rest[at] - '0');
  }
  if (at == begin || (at < rest.size() && !is_space(rest[at])) || value > 0xffffff || value == 0) {
    return fail("bad_mode", "", line_, "expected an octal file mode");
  }
  mode = static_cast<uint32_t>(value);
  return true;
}

// "index old..new mode": anything else is passed over, as git does.
void Parser::read_index(std::string_view rest, FilePatch& file, bool& ok) {
  const size_t dots = rest.find('.');
  if (dots == rest.npos || dots > 40 || !rest.substr(dots).starts_with("..")) return;
  std::string_view behind = rest.substr(dots + 2);
  const size_t blank = behind.find(' ');
  const std::string_view id = behind.substr(0, blank);
  file.old_oid = std::string(rest.substr(0, dots));
  if (id.size() > 40) return;
  file.new_oid = std::string(chomp(id));
  if (blank != behind.npos) ok = read_mode(behind.substr(blank + 1), file.old_mode);
}

// One extended header line of a git diff. `done`: the header ended before this line.
bool Parser::header_line(std::string_view full, FilePatch& file, bool& done) {
  const std::string_view line = full.substr(0, full.size() - 1);
  std::string_view rest;
  const auto is = [&](std::string_view prefix) {
    if (!line.starts_with(prefix)) return false;
    rest = line.substr(prefix.size());
    return true;
  };
  const int strip = std::max(names_.strip - 1, 0);
  if (line.starts_with("@@ -") || (options_.tolerant && line.starts_with("@@"))) {
    done = true;
  } else if (is("--- ")) {
    return side_name(rest, file.is_new, file.old_name, "old");
  } else if (is("+++ ")) {
    return side_name(rest, file.is_delete, file.new_name, "new");
  } else if (is("old mode ")) {
    return read_mode(rest, file.old_mode);
  } else if (is("new mode ")) {
    return read_mode(rest, file.new_mode);
  } else if (is("deleted file mode ")) {
    file.is_delete = Known::kYes;
    return read_mode(rest, file.old_mode);
  } else if (is("new file mode ")) {
    file.is_new = Known::kYes;
    return read_mode(rest, file.new_mode);
  } else if (is("copy from ")) {
    file.is_copy = true;
    file.old_name = names_.git_name(rest, strip, false);
  } else if (is("copy to ")) {
    file.is_copy = true;
    file.new_name = names_.git_name(rest, strip, false);
  } else if (is("rename old ") || is("rename from ")) {
    file.is_rename = true;
    file.old_name = names_.git_name(rest, strip, false);
  } else if (is("rename new ") || is("rename to ")) {
    file.is_rename = true;
    file.new_name = names_.git_name(rest, strip, false);
  } else if (is("similarity index ") || is("dissimilarity index ")) {
  } else if (is("index ")) {
    bool ok = true;
    read_index(rest, file, ok);
    return ok;
  } else {
    done = true;
  }
  return true;
}

Parser::Found Parser::git_header(FilePatch& file) {
  const std::string_view first = line_at(at_);
  const uint64_t first_line = line_;
  // What a lone "diff --git" line above has said stays, as it does in git.
  file.line = line_;
  file.is_new = file.is_delete = Known::kNo;
  std::string_view names = first.substr(11);
  if (names.ends_with('\n')) names.remove_suffix(1);
  const std::optional<std::string> common = names_.common_name(names);
  advance(first);
  for (bool done = false; at_ < text_.size();) {
    const std::string_view line = line_at(at_);
    if (line.back() != '\n') break;
    // A new or deleted file has its name from the first line until a ---/+++ line repeats it.
    const bool was_new = file.is_new == Known::kYes, was_deleted = file.is_delete == Known::kYes;
    if (!header_line(line, file, done)) return Found::kFault;
    if (!was_deleted && file.is_delete == Known::kYes) file.old_name = common;
    if (!was_new && file.is_new == Known::kYes) file.new_name = common;
    const int said = (file.is_new == Known::kYes) + (file.is_delete == Known::kYes) +
                     file.is_rename + file.is_copy;
    if (said > 1) {
      fail("corrupt_patch", common.value_or(""), line_, "header lines contradict each other");
      return Found::kFault;
    }
    if (done) break;
    advance(line);
  }
  if (!file.old_name && !file.new_name) {
    if (!common) {
      if (names_.bad_quoting || names_.absolute) return check_names(file), Found::kFault;
      fail("corrupt_patch", "", line_, "the git diff header names no file");
      return Found::kFault;
    }
    file.old_name = file.new_name = common;
  }
  if ((!file.new_name && file.is_delete != Known::kYes) ||
      (!file.old_name && file.is_new != Known::kYes)) {
    fail("corrupt_patch", common.value_or(""), line_, "the git diff header names only one file");
    return Found::kFault;
  }
  if (file.is_new == Known::kYes && file.old_name) {
    fail("corrupt_patch", *file.old_name, file.line, "a new file with an old name");
    return Found::kFault;
  }
  // A header of one line alone is no patch; git looks on behind it.
  if (line_ == first_line + 1) return Found::kNone;
  return check_names(file) ? Found::kFile : Found::kFault;
}

// git takes file names without any folder as unstripped when both sides have none.
void Parser::guess_strip(std::string_view old_rest, std::string_view new_rest) {
  if (strip_known_ || options_.strip != 1) return;
  const auto guess = [](std::string_view rest) {
    if (is_dev_null(rest)) return -1;
    NameReader reader;
    reader.strip = 0;
    const auto name = reader.plain_name(rest, nullptr);
    return name && name->find('/') == name->npos ? 0 : -1;
  };
  int p = guess(old_rest);
  const int q = guess(new_rest);
  if (p < 0) p = q;
  if (p < 0 || p != q) return;
  names_.strip = p;
  strip_known_ = true;
}

Parser::Found Parser::plain_header(FilePatch& file) {
  const std::string_view first = line_at(at_);
  file.line = line_;
  advance(first);
  const std::string_view second = line_at(at_);
  advance(second);
  const std::string_view old_rest = first.substr(4, first.size() - 5);
  const std::string_view new_rest = second.substr(4, second.size() - 5);
  guess_strip(old_rest, new_rest);
  std::optional<std::string> name;
  if (is_dev_null(old_rest)) {
    file.is_new = Known::kYes;
    file.is_delete = Known::kNo;
    name = file.new_name = names_.plain_name(new_rest, nullptr);
  } else if (is_dev_null(new_rest)) {
    file.is_new = Known::kNo;
    file.is_delete = Known::kYes;
    name = file.old_name = names_.plain_name(old_rest, nullptr);
  } else {
    const auto other = names_.plain_name(old_rest, nullptr);
    name = names_.plain_name(new_rest, other ? &*other : nullptr);
    if (has_epoch_stamp(old_rest)) {
      file.is_new = Known::kYes;
      file.is_delete = Known::kNo;
      file.new_name = name;
    } else if (has_epoch_stamp(new_rest)) {
      file.is_new = Known::kNo;
      file.is_delete = Known::kYes;
      file.old_name = name;
    } else {
      file.old_name = file.new_name = name;
    }
  }
  if (!check_names(file)) return Found::kFault;
  if (file.is_new == Known::kYes && file.old_name) {
    fail("corrupt_patch", *file.old_name, file.line, "a new file with an old name");
    return Found::kFault;
  }
  if (!name) {
    fail("corrupt_patch", "", file.line,
         "no file name is left when " + std::to_string(names_.strip) + " components are stripped");
    return Found::kFault;
  }
  return Found::kFile;
}

bool Parser::check_names(const FilePatch& file) {
  const std::string shown = file.new_name.value_or(file.old_name.value_or(""));
  if (names_.bad_quoting) {
    return fail("bad_path", shown, file.line, "a file name begins with '\"' and is no C string");
  }
  if (names_.absolute) return fail("bad_path", shown, file.line, "the path is absolute");
  bool ok = true;
  if (file.old_name) ok = check_path(*file.old_name, file.line, faults_);
  if (ok && file.new_name && file.new_name != file.old_name) {
    ok = check_path(*file.new_name, file.line, faults_);
  }
  return ok;
}

bool Parser::read_hunks(FilePatch& file) {
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
bool Parser::read_hunk(FilePatch& file, Hunk& hunk) {
  const std::string_view header = line_at(at_);
  const Number number = hunk_header(header, hunk);
  if (number == Number::kOverflow) {
    return fail("count_overflow", file.name(), line_, "a number in the hunk's header is too large");
  }
  const auto corrupt = [&](const char* why) {
    return fail("corrupt_patch", file.name(), line_, why);
  };
  if (number == Number::kBad) return corrupt("the hunk's header cannot be read");
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

// The hunk at at_, by its lines: they end where no hunk line can follow.
bool Parser::count_hunk(FilePatch& file, Hunk& hunk) {
  const std::string_view header = line_at(at_);
  const Number number = hunk_header(header, hunk);
  if (number != Number::kOk) {
    hunk = Hunk{};
    hunk.line = line_;
    hunk.numbered = false;
    // "@@ heading" or "@@ ... @@ heading"
    const std::string_view text = chomp(header);
    const size_t second = text.find("@@", 2);
    hunk.heading = text.substr(second == text.npos ? 2 : second + 2);
  }
  const uint32_t said_old = hunk.old_lines, said_new = hunk.new_lines;
  advance(header);
  const size_t begin = at_;
  size_t end = begin;
  uint64_t end_line = line_;
  uint32_t old_lines = 0, new_lines = 0, leading = 0, trailing = 0, blanks = 0, changes = 0;
  while (at_ < text_.size()) {
    const std::string_view line = line_at(at_);
    const std::string_view next = text_.substr(at_ + line.size());
    const bool counted =
        hunk.numbered && old_lines + blanks >= said_old && new_lines + blanks >= said_new;
    if (line.starts_with("--- ") && next.starts_with("+++ ") &&
        text_.substr(at_ + line.size() + line_size(next)).starts_with("@@")) {
      break;
    }
    // The signature of a mail, once the counts are met.
    if (counted && (line == "-- \n" || line == "--\n" || line == "-- \r\n")) break;
    const char first = line[0];
    if (line.size() > limits_.line_bytes_max) {
      return fail("too_large", file.name(), line_,
                  "a line of more than " + std::to_string(limits_.line_bytes_max) + " bytes");
    }
    if (first == '\n' || line == "\r\n") {
      ++blanks;  // context only if hunk lines follow
      advance(line);
      continue;
    }
    if (first != ' ' && first != '-' && first != '+' && first != '\\') break;
    if (first != '\\') {
      old_lines += blanks, new_lines += blanks;
      if (!changes) leading += blanks;
      trailing += blanks;
      blanks = 0;
    }
    if (first == ' ') {
      ++old_lines, ++new_lines, ++trailing;
      if (!changes) ++leading;
    } else if (first == '-' || first == '+') {
      ++(first == '-' ? old_lines : new_lines);
      ++changes;
      trailing = 0;
    }
    advance(line);
    end = at_;
    end_line = line_;
  }
  // Blank lines at the end are context as far as the header's counts ask for them.
  at_ = end, line_ = end_line;
  while (hunk.numbered && blanks > 0 && old_lines < said_old && new_lines < said_new) {
    ++old_lines, ++new_lines, ++trailing, --blanks;
    if (!changes) ++leading;
    advance(line_at(at_));
  }
  if (!changes) return fail("corrupt_patch", file.name(), hunk.line, "the hunk changes nothing");
  hunk.old_lines = old_lines, hunk.new_lines = new_lines;
  hunk.leading = leading, hunk.trailing = trailing;
  hunk.body = text_.substr(begin, at_ - begin);
  return true;
}

bool Parser::check_order(const FilePatch& file, const Hunk& hunk) {
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
bool Parser::check_leftover(const FilePatch& file) {
  if (at_ >= text_.size()) return true;
  const std::string_view line = line_at(at_);
  const bool added = line[0] == '+' && !line.starts_with("+++ ");
  const bool removed = line[0] == '-' && !line.starts_with("--");
  const bool context = line[0] == ' ' && !trim(line).empty() && !line.starts_with(" -- ");
  if (!added && !removed && !context) return true;
  return fail("corrupt_patch", file.name(), line_, "the hunk has more lines than its header says");
}

bool Parser::read_binary_hunk(FilePatch& file, bool& present) {
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

bool Parser::read_binary(FilePatch& file) {
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

bool Parser::finish_file(FilePatch& file) {
  const bool mode_change = file.old_mode && file.new_mode && file.old_mode != file.new_mode;
  const bool metadata = file.is_rename || file.is_copy || file.is_new == Known::kYes ||
                        file.is_delete != Known::kNo || mode_change;
  if (file.hunks.empty() && !file.is_binary && !metadata) {
    return fail("corrupt_patch", file.name(), file.line,
                "the file's header is followed by no hunk");
  }
  if (files_.size() >= limits_.files_max) {
    return fail("too_large", file.name(), file.line,
                "more than " + std::to_string(limits_.files_max) + " files");
  }
  files_.push_back(std::move(file));
  return true;
}

bool Parser::nothing_found() {
  LineCursor lines{text_};
  while (lines.next()) {
    const std::string_view line = chomp(lines.line);
    if (line.empty() || !is_digit(line[0])) continue;
    const size_t end = line.find_first_not_of("0123456789,");
    if (end != line.npos && std::string_view("acd").find(line[end]) != std::string_view::npos &&
        line.find_first_not_of("0123456789,", end + 1) == line.npos) {
      return fail("ed_diff", "", lines.number,
                  "ed scripts and normal diffs are not taken; make a unified diff (diff -u)");
    }
  }
  return fail("no_patch", "", 0, "the text holds no unified diff");
}

bool Parser::run() {
  if (text_.size() > limits_.patch_bytes_max) {
    return fail("too_large", "", 0,
                "the patch has more than " + std::to_string(limits_.patch_bytes_max) + " bytes");
  }
  for (;;) {
    FilePatch file;
    const Found found = find_header(file);
    if (found == Found::kFault) return false;
    if (found == Found::kNone) break;
    if (!read_hunks(file)) return false;
    if (file.hunks.empty() && !read_binary(file)) return false;
    if (!finish_file(file)) return false;
  }
  return files_.empty() ? nothing_found() : true;
}

}  // namespace

bool parse_diff(std::string_view text, const ParseOptions& options, const Limits& limits,
                std::vector<FilePatch>& files, Faults& faults) {
  return Parser(text, options, limits, files, faults).run();
}

}  // namespace ghost::patch
