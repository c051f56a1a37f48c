#include "patch/diff_parse.h"

#include <algorithm>

#include "patch/chars.h"
#include "patch/diff_names.h"
#include "patch/diff_parser.h"
#include "patch/object_store.h"
#include "patch/path_rules.h"

namespace ghost::patch {
namespace {

// Whether a header names the new file first: as `git diff -R` writes it, by time stamps that run
// backwards, or by a copy ("f.orig") in the place of the new file.
bool is_backwards(std::string_view old_rest, std::string_view new_rest) {
  if (old_rest.starts_with("b/") && new_rest.starts_with("a/")) return true;
  const size_t old_tab = old_rest.find('\t'), new_tab = new_rest.find('\t');
  const std::string_view old_name = trim(old_rest.substr(0, old_tab));
  const std::string_view new_name = trim(new_rest.substr(0, new_tab));
  for (const std::string_view suffix : {".orig", ".old", ".bak", "~"}) {
    if (new_name.ends_with(suffix) && !old_name.ends_with(suffix)) return true;
  }
  if (old_tab == old_rest.npos || new_tab == new_rest.npos) return false;
  // "2002-02-21 23:30:39.942229878 -0800" in the same zone: the text sorts as the time does.
  const std::string_view before = chomp(old_rest.substr(old_tab + 1));
  const std::string_view after = chomp(new_rest.substr(new_tab + 1));
  const auto is_stamp = [](std::string_view t) {
    return t.size() >= 19 && is_digit(t[0]) && t[4] == '-' && t[7] == '-' && t[13] == ':';
  };
  if (!is_stamp(before) || !is_stamp(after) || after.starts_with("19")) return false;
  if (before.substr(before.size() - 5) != after.substr(after.size() - 5)) return false;
  return before.substr(0, 19) > after.substr(0, 19);
}

}  // namespace

bool DiffParser::is_context_diff(std::string_view line) const {
  if (!line.starts_with("*** ")) return false;
  const size_t second = at_ + line.size();
  const std::string_view next = line_at(std::min(second, text_.size()));
  return next.starts_with("--- ") &&
         line_at(std::min(second + next.size(), text_.size())).starts_with("***************");
}

DiffParser::Found DiffParser::stray_hunk(std::string_view line) {
  Hunk hunk;
  if (hunk_header(line, hunk) == Number::kBad) return Found::kNone;
  fail("corrupt_patch", "", line_, "a hunk without a file header before it");
  return Found::kFault;
}

// Skips what is no diff up to the next file's header and reads that.
DiffParser::Found DiffParser::find_header(FilePatch& file) {
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

bool DiffParser::side_name(std::string_view rest, Known gone, std::optional<std::string>& name,
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

bool DiffParser::read_mode(std::string_view rest, uint32_t& mode) {
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
void DiffParser::read_index(std::string_view rest, FilePatch& file, bool& ok) {
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
bool DiffParser::header_line(std::string_view full, FilePatch& file, bool& done) {
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

DiffParser::Found DiffParser::git_header(FilePatch& file) {
  const std::string_view first = line_at(at_);
  const uint64_t first_line = line_;
  // What a lone "diff --git" line above has said stays, as it does in git.
  file.line = line_;
  file.is_new = file.is_delete = Known::kNo;
  std::string_view names = first.substr(11);
  if (names.ends_with('\n')) names.remove_suffix(1);
  const std::optional<std::string> common = names_.common_name(names);
  file.backwards = names.starts_with("b/") && names.find(" a/") != names.npos;
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
      if (names_.bad_quoting || names_.absolute || names_.nul) {
        return check_names(file), Found::kFault;
      }
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
void DiffParser::guess_strip(std::string_view old_rest, std::string_view new_rest) {
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

DiffParser::Found DiffParser::plain_header(FilePatch& file) {
  const std::string_view first = line_at(at_);
  file.line = line_;
  advance(first);
  const std::string_view second = line_at(at_);
  advance(second);
  const std::string_view old_rest = first.substr(4, first.size() - 5);
  const std::string_view new_rest = second.substr(4, second.size() - 5);
  guess_strip(old_rest, new_rest);
  file.backwards = is_backwards(old_rest, new_rest);
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

bool DiffParser::check_names(const FilePatch& file) {
  const std::string shown = file.new_name.value_or(file.old_name.value_or(""));
  if (names_.bad_quoting) {
    return fail("bad_path", shown, file.line, "a file name begins with '\"' and is no C string");
  }
  if (names_.absolute) return fail("bad_path", shown, file.line, "the path is absolute");
  if (names_.nul) return fail("bad_path", shown, file.line, "a file name has a NUL byte");
  bool ok = true;
  if (file.old_name) ok = check_path(*file.old_name, file.line, faults_);
  if (ok && file.new_name && file.new_name != file.old_name) {
    ok = check_path(*file.new_name, file.line, faults_);
  }
  return ok;
}

bool DiffParser::finish_file(FilePatch& file) {
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

bool DiffParser::nothing_found() {
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

bool DiffParser::run() {
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

bool parse_diff(std::string_view text, const ParseOptions& options, const Limits& limits,
                std::vector<FilePatch>& files, Faults& faults) {
  return DiffParser(text, options, limits, files, faults).run();
}

}  // namespace ghost::patch
