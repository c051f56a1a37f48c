// Reads unified diffs as git, GNU diff, Mercurial and Subversion write them, taking what
// `git apply` 2.39 takes and refusing what could not be meant. Pure; any thread. The parsed patch
// keeps views into the text, which must outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patch/fault.h"

namespace ghost::patch {

struct Hunk {
  uint32_t old_pos = 0, old_lines = 0, new_pos = 0, new_lines = 0;
  uint32_t leading = 0, trailing = 0;  // context lines before the first and after the last change
  uint64_t line = 0;                   // patch line of the @@ header
  std::string_view heading;            // text behind the second @@
  std::string_view body;               // the lines below the header
  bool numbered = true;                // false for a bare "@@", which only tolerant modes take
  // What the tolerant modes need to tell a wrong header from damaged lines; in strict ones the
  // counts are the header's.
  uint32_t said_old = 0, said_new = 0;  // counts of the header
  bool at_end = false;                  // nothing but blank lines follows in the text
  bool unclosed = false;                // the last line has no newline
  uint64_t stray = 0;                   // line that ended the hunk and is none of a diff, or 0
};

struct BinaryHunk {
  bool is_delta = false;
  uint64_t size = 0;      // bytes once inflated
  std::string_view rows;  // the base-85 lines
  uint64_t line = 0;
};

enum class Known { kNo, kYes, kMaybe };  // a plain diff does not say whether a file is new

struct FilePatch {
  std::optional<std::string> old_name, new_name;  // absent for a new or a deleted file
  Known is_new = Known::kMaybe, is_delete = Known::kMaybe;
  bool is_rename = false, is_copy = false;
  bool is_binary = false;  // with no `binary`: "Binary files differ", which cannot be applied
  uint32_t old_mode = 0, new_mode = 0;  // 0: not said
  std::string old_oid, new_oid;         // hexadecimal beginnings from the index line
  std::vector<Hunk> hunks;
  std::vector<BinaryHunk> binary;  // forward and, maybe, reverse
  bool backwards = false;          // the header shows that old and new were mixed up
  uint64_t line = 0;               // patch line of the header
  const std::string& name() const { return old_name ? *old_name : *new_name; }
};

struct ParseOptions {
  int strip = 1;
  uint64_t first_line = 1;  // number of the text's first line
  bool tolerant = false;    // recount: counts are taken from the hunks' lines, a bare @@ and a
                            // missing final newline are taken
  bool unclosed = false;    // the text's last newline was not in the patch
};

// The files in order. False when there is a fault. A text without any diff is one.
bool parse_diff(std::string_view text, const ParseOptions& options, const Limits& limits,
                std::vector<FilePatch>& files, Faults& faults);

}  // namespace ghost::patch
