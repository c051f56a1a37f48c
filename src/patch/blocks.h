// Two forms that coding agents write instead of diffs, both without line numbers: search-replace
// blocks and the envelope ("*** Begin Patch"). One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patch/job.h"
#include "patch/text_image.h"
#include "patch/working_set.h"

namespace ghost::patch {

// One block: the path on a line of its own (bare, in backquotes, or behind "File:"), maybe a code
// fence, then SEARCH and REPLACE. A block without a path is for the path of the one before.
struct SearchBlock {
  std::string path;
  std::string search, replace;  // whole lines
  uint64_t line = 0;
};
bool parse_search_blocks(std::string_view text, const Limits& limits,
                         std::vector<SearchBlock>& blocks, Faults& faults);

struct EnvelopeChunk {
  std::vector<std::string_view> anchors;  // lines named behind @@, to be passed in this order
  Lines before;
  std::string after;
  uint32_t after_lines = 0;
  bool at_end = false;  // "*** End of File"
  uint64_t line = 0;
};
struct EnvelopeFile {
  enum class Op { kAdd, kDelete, kUpdate } op = Op::kUpdate;
  std::string path;
  std::optional<std::string> move_to;
  std::string contents;  // of an added file
  std::vector<EnvelopeChunk> chunks;
  uint64_t line = 0;
};
// The views point into `text`.
bool parse_envelope(std::string_view text, const Limits& limits, std::vector<EnvelopeFile>& out,
                    Faults& faults);

// Each block's search text must stand at one place in the file, by whole lines, after the blocks
// before it were applied; an empty one makes a new file.
Result<bool> apply_search_blocks(Job& job, const std::vector<SearchBlock>& blocks,
                                 WorkingSet& files);
// Each chunk's old lines must stand at one place behind the chunk before, or behind its anchors
// where the lines repeat.
Result<bool> apply_envelope(Job& job, const std::vector<EnvelopeFile>& parsed, WorkingSet& files);

}  // namespace ghost::patch
