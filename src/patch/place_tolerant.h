// Finds where a hunk belongs when its numbers, counts, white space or context have drifted. A place
// is taken only when it is the only one, or when the hunk's line number tells it from the others:
// the nearest place must then be at most a third as far away as the next one. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patch/diff_parse.h"
#include "patch/hunk_text.h"
#include "patch/text_image.h"
#include "wire/messages.gen.h"

namespace ghost::patch {

struct Placement {
  enum class Kind { kNone, kAmbiguous, kFound } kind = Kind::kNone;
  uint32_t at = 0, removed = 0;  // original lines replaced
  std::string after;
  uint32_t after_lines = 0;
  std::string strategy = "exact";  // exact, whitespace, context, line-number
  uint32_t fuzz = 0;               // context lines left out
  bool several = false;            // other places matched too
  bool by_number = false;          // nothing but the line number speaks for it
};

class TolerantPlacer {
 public:
  TolerantPlacer(TextImage& image, const wire::ApplyOptions& options, Budget& budget)
      : image_(image), options_(options), budget_(budget) {}
  // `begin`: no original line before it is touched. `drift`: by how much the hunk before was off.
  Placement place(const Hunk& hunk, uint32_t begin, int64_t drift);

 private:
  struct Candidate {
    uint32_t at = 0, end = 0;  // original lines
  };
  using HunkLines = std::vector<HunkLine>;

  bool loose() const;
  std::vector<Candidate> exact(const HunkLines& lines, uint32_t begin);
  std::vector<Candidate> without_blanks(const HunkLines& lines, uint32_t begin);
  bool choose(const std::vector<Candidate>& found, const Hunk& hunk, int64_t expected,
              Placement& out, Candidate& chosen) const;
  void rebuild(const HunkLines& lines, const Candidate& chosen, Placement& out) const;
  Placement insert_at_number(const Hunk& hunk, const HunkLines& lines, uint32_t begin) const;
  std::string added(std::string_view line, std::string_view indent) const;
  std::string common_indent(const HunkLines& lines, const Candidate& chosen) const;
  void index_lines();

  TextImage& image_;
  const wire::ApplyOptions& options_;
  Budget& budget_;
  std::vector<uint32_t> solid_;  // original lines that are not blank
  std::vector<size_t> hashes_;   // of these, white space normalised
  bool indexed_ = false;
};

}  // namespace ghost::patch
