#include "patch/hunk_apply.h"

#include "patch/path_rules.h"
#include "patch/place.h"

namespace ghost::patch {
namespace {

// A job explains this many misfits in full; the rest are listed.
constexpr size_t kExplainedMax = 20;

uint64_t expected_line(const Hunk& hunk) {
  // A range of no lines names the line before it.
  return uint64_t{hunk.old_pos} + (hunk.old_lines == 0 ? 1 : 0);
}

void report_misfit(Job& job, const std::string& path, TextImage& image, const Hunk& hunk,
                   const HunkText& text, wire::HunkReport report) {
  std::string reason = "its old lines were not found";
  if (job.faults.count() < kExplainedMax) {
    Explanation why = explain_misfit(image, hunk, text, job.budget);
    reason = std::move(why.reason);
    if (!why.nearest.empty()) report.nearest = std::move(why.nearest);
  }
  report.status = wire::ApplyStatus::kFailed;
  report.error = reason;
  job.faults.add(misfit("hunk_failed", path, hunk.line,
                        show_path(path) + ": hunk " + std::to_string(report.index) +
                            " does not apply at line " + std::to_string(report.expected_line) +
                            ": " + reason));
  job.hunks.push_back(std::move(report));
}

}  // namespace

Result<std::optional<std::string>> apply_hunks(Job& job, const std::string& path,
                                               const FilePatch& file, std::string_view text) {
  TextImage image(text);
  if (image.line_count() > job.limits.file_lines_max) {
    job.faults.add(refusal("too_large", path, file.line,
                           show_path(path) + ": the file has too many lines to be patched"));
    return std::optional<std::string>();
  }
  HunkText sides;
  bool fits = true;
  for (size_t i = 0; i < file.hunks.size(); ++i) {
    const Hunk& hunk = file.hunks[i];
    wire::HunkReport report;
    report.file = path;
    report.index = i + 1;
    report.expected_line = expected_line(hunk);
    report.strategy = "exact";
    // A hunk with more old lines than the file has is not even taken apart: it may be huge.
    std::optional<uint32_t> at;
    if (hunk.old_lines <= image.line_count() + 1) {
      split_hunk(hunk.body, sides);
      at = place_strictly(image, hunk, sides, job.budget);
    } else {
      sides = HunkText{};
    }
    if (!at) {
      fits = false;
      report_misfit(job, path, image, hunk, sides, std::move(report));
      if (job.faults.count() > Faults::kFaultsMax) break;
      continue;
    }
    report.matched_line = image.original_line_at(*at) + 1;
    report.offset =
        static_cast<int64_t>(*report.matched_line) - static_cast<int64_t>(report.expected_line);
    report.status = report.offset == 0 ? wire::ApplyStatus::kClean : wire::ApplyStatus::kOffset;
    image.replace(*at, static_cast<uint32_t>(sides.before.size()), std::move(sides.after),
                  sides.after_lines);
    job.hunks.push_back(std::move(report));
  }
  if (!fits) return std::optional<std::string>();
  return std::optional<std::string>(image.text());
}

}  // namespace ghost::patch
