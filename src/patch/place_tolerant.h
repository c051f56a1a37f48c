// Finds where a hunk belongs when its numbers, counts, white space or context have drifted. A place
// is taken only when it is the only one, or when the hunk's line number tells it from the others:
// the nearest place must then be at most a third as far away as the next one. What a place does
// not tell for sure, such as where a lost blank line stood between added ones, is not guessed. All
// places are lines of the file as it was before the patch. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patch/diff_parse.h"
#include "patch/hunk_text.h"
#include "patch/text_image.h"
#include "wire/messages.gen.h"

namespace ghost::patch {

// Lines of the file and what stands there afterwards.
struct Edit {
  uint32_t at = 0, removed = 0;
  std::string after;
};

struct Placement {
  enum class Kind { kNone, kAmbiguous, kFound } kind = Kind::kNone;
  std::vector<Edit> edits;         // one; two when the hunk was really two
  std::string strategy = "exact";  // exact, whitespace, context, split, line-number
  uint32_t fuzz = 0;               // context lines left out
  uint32_t lost_blanks = 0;        // blank lines of the file that the hunk has not
  bool several = false;            // other places matched too
  bool by_number = false;          // nothing but the line number speaks for it
  bool at_file_end = false;        // the file ends with its last old line
  std::string doubt;               // why the change needs a proof, if it does
  std::string why;                 // when not found, if there is more to say
};

class TolerantPlacer {
 public:
  // `image` is the file before the patch.
  TolerantPlacer(TextImage& image, const wire::ApplyOptions& options, Budget& budget)
      : image_(image), options_(options), budget_(budget) {}
  // `begin`: no line before it may be touched. `drift`: by how much the hunk before was off.
  Placement place(const Hunk& hunk, uint32_t begin, int64_t drift);

 private:
  struct Candidate {
    uint32_t at = 0, end = 0;
  };
  using HunkLines = std::vector<HunkLine>;

  bool loose() const;
  std::vector<Candidate> exact(const HunkLines& lines);
  std::vector<Candidate> without_blanks(const HunkLines& lines);
  bool choose(std::vector<Candidate> found, const Hunk& hunk, int64_t expected, uint32_t begin,
              Placement& out, Candidate& chosen) const;
  bool try_lines(const HunkLines& lines, const Hunk& hunk, int64_t expected, uint32_t begin,
                 Placement& out);
  void fill(const HunkLines& lines, const Candidate& chosen, bool by_solid_lines, uint32_t begin,
            const Hunk& hunk, Placement& out) const;
  std::string with_eol(std::string_view line, bool normalize) const;
  Placement split(const HunkLines& lines, uint32_t begin);
  Placement insert_at_number(const Hunk& hunk, const HunkLines& lines, uint32_t begin) const;
  void index_lines();

  TextImage& image_;
  const wire::ApplyOptions& options_;
  Budget& budget_;
  std::vector<uint32_t> solid_;  // lines that are not blank
  std::vector<size_t> hashes_;   // of these, white space normalised
  bool indexed_ = false;
};

}  // namespace ghost::patch
