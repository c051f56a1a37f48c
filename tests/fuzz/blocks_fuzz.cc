// The readers of search-replace blocks and of the envelope form.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "patch/blocks.h"

using namespace ghost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const patch::Limits limits;
  std::vector<patch::SearchBlock> blocks;
  patch::Faults block_faults;
  GHOST_CHECK(patch::parse_search_blocks(text, limits, blocks, block_faults) ==
              block_faults.empty());
  std::vector<patch::EnvelopeFile> files;
  patch::Faults faults;
  const bool ok = patch::parse_envelope(text, limits, files, faults);
  GHOST_CHECK(ok == faults.empty());
  for (const patch::EnvelopeFile& file : files) {
    for (const patch::EnvelopeChunk& chunk : file.chunks) {
      GHOST_CHECK(!ok || !chunk.before.empty() || chunk.after_lines > 0);
    }
  }
  return 0;
}
