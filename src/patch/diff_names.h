// File names in the headers of diffs, read as git apply reads them: quoted as C strings or bare,
// followed by a tab, a time stamp or the end of the line, with leading components stripped. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ghost::patch {

// What the caller reads along the way; the flags stay set once they are.
struct NameReader {
  int strip = 1;
  bool bad_quoting = false;  // a name began with '"' and was no C string
  bool absolute = false;     // a name other than /dev/null began with '/'
  bool nul = false;          // a line held a NUL byte, at which git would end the name

  // All take the rest of a header line without its newline.

  // A name of a git header. `tab_ends`: a tab ends it ("--- ", "+++ "), else the line's end does.
  std::optional<std::string> git_name(std::string_view line, int strip_now, bool tab_ends);
  // A name after "--- " or "+++ " of a plain diff, maybe with a time stamp. `other` is the name of
  // the other side: preferred when this one is that with something added ("file.orig").
  std::optional<std::string> plain_name(std::string_view line, const std::string* other);
  // The name in "diff --git a/x b/x" (the rest after "diff --git "), when both sides agree.
  std::optional<std::string> common_name(std::string_view line);
};

// "/dev/null" and then nothing or white space.
bool is_dev_null(std::string_view line);

// Whether the time stamp after the line's last tab is the epoch in any zone: GNU diff's way to say
// that a file is missing.
bool has_epoch_stamp(std::string_view line);

// Reads the C string that begins at text[0] == '"' into `out` and gives the bytes it takes, 0 when
// it is malformed.
size_t unquote_c(std::string_view text, std::string& out);

}  // namespace ghost::patch
