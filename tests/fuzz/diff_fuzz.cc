// The reader of unified diffs, strict and tolerant: whatever it takes must be within its limits,
// with checked paths and hunk bodies that are part of the text.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "patch/diff_parse.h"
#include "patch/hunk_text.h"

using namespace ghost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  patch::ParseOptions options;
  options.tolerant = (data[0] & 1) != 0;
  options.strip = data[0] >> 1 & 3;
  const patch::Limits limits;
  std::vector<patch::FilePatch> files;
  patch::Faults faults;
  const bool ok = patch::parse_diff(text, options, limits, files, faults);
  GHOST_CHECK(ok == faults.empty());
  if (!ok) return 0;
  for (const patch::FilePatch& file : files) {
    const std::string& name = file.name();
    GHOST_CHECK(!name.empty() && name[0] != '/' && name != ".." && !name.starts_with("../"));
    for (const patch::Hunk& hunk : file.hunks) {
      uint32_t old_lines = 0, new_lines = 0;
      for (const patch::HunkLine& line : patch::hunk_lines(hunk.body)) {
        old_lines += line.kind != '+';
        new_lines += line.kind != '-';
      }
      GHOST_CHECK(hunk.body.data() >= text.data() &&
                  hunk.body.data() + hunk.body.size() <= text.data() + text.size());
      if (text.find("\n\\") == text.npos) {
        GHOST_CHECK(old_lines == hunk.old_lines && new_lines == hunk.new_lines);
      }
    }
  }
  return 0;
}
