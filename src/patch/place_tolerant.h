// Finds where a hunk belongs when its numbers, counts, white space or context have drifted. A place
// is taken only when it is the only one, or when the hunk's line number tells it from the others:
// the next place must then be eight times as far away as the nearest, however unsure the number is.
// What a place does not tell for sure, such as where a lost blank line stood between added ones, is
// not guessed. All places are lines of the file as it was before the patch. One thread.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "patch/context.h"
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
  Surroundings around;             // the hunk's context in the file
  bool several = false;            // other places matched too
  bool by_number = false;          // nothing but the line number speaks for it
  bool at_file_end = false;        // the file ends with its last old line
  std::string doubt;               // why the change needs a proof, if it does
  std::vector<Edit> others;        // what else may be proved instead of the only edit
  std::string why;                 // when not found, if there is more to say
};

// By how much the hunks before were off.
struct Drift {
  int64_t last = 0, least = 0, most = 0;
  uint32_t hunks = 0;
  void take(int64_t offset);
  // How far the next hunk may be from where the last one's offset puts it. One hunk alone does not
  // tell whether the others are off as well.
  int64_t unsure() const { return hunks == 1 ? std::abs(last) : most - least; }
};

class TolerantPlacer {
 public:
  // `image` is the file before the patch; `usual`: the context that its hunks have; `provable`: the
  // patch names the blob to be made.
  TolerantPlacer(TextImage& image, const wire::ApplyOptions& options, uint32_t usual, bool provable,
                 Budget& budget)
      : image_(image), options_(options), usual_(usual), provable_(provable), budget_(budget) {}
  // `begin`: no line before it may be touched.
  Placement place(const Hunk& hunk, uint32_t begin, const Drift& drift);

 private:
  struct Candidate {
    uint32_t at = 0, end = 0;
  };
  using HunkLines = std::vector<HunkLine>;

  bool loose() const;
  std::vector<Candidate> exact(const HunkLines& lines, int64_t expected);
  std::vector<Candidate> without_blanks(const HunkLines& lines, int64_t expected);
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
  uint32_t usual_;
  bool provable_;
  Budget& budget_;
  int64_t unsure_ = 0;           // of the present hunk's line number
  std::vector<uint32_t> solid_;  // lines that are not blank
  std::vector<size_t> hashes_;   // of these, white space normalised
  bool indexed_ = false;
};

}  // namespace ghost::patch
