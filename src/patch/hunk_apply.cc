#include "patch/hunk_apply.h"

#include <algorithm>

#include "patch/hunk_report.h"
#include "patch/path_rules.h"
#include "patch/place.h"
#include "patch/threeway.h"
#include "patch/tolerant_apply.h"

namespace ghost::patch {
namespace {

// A merge with the blob that the patch was made for, when the store has it. Nothing when it has
// not, or when file and patch changed the same lines; the hunks are then placed one by one.
Result<std::optional<std::string>> merge_from_index(Job& job, const std::string& path,
                                                    const FilePatch& file, std::string_view text) {
  std::optional<std::string> none;
  if (file.old_oid.size() < 7 || begins_with(object_id("blob", text), file.old_oid)) return none;
  auto found = job.store.find_blob(file.old_oid);
  if (!found) return found.error();
  if (!*found) return none;
  auto base = job.store.read_blob(**found, job.limits.file_bytes_max);
  if (!base)
    return base.error().code == "too_large" ? Result<std::optional<std::string>>(none)
                                            : base.error();
  if (!job.budget.take_bytes((*base)->size())) return none;
  TextImage image(**base);
  if (image.line_count() > job.limits.file_lines_max) return none;
  std::vector<wire::HunkReport> reports;
  bool damaged = false;  // counts or numbers do not fit the file that the patch is for
  HunkText sides;
  for (const Hunk& hunk : file.hunks) {
    split_hunk(hunk.body, sides);
    const auto at = place_strictly(image, hunk, sides, job.budget);
    if (!at) return none;
    wire::HunkReport report = hunk_report(path, hunk, reports.size());
    if (hunk.at_end && hunk.said_old != hunk.old_lines) return none;  // cut short, maybe
    damaged |= hunk.said_old != hunk.old_lines || hunk.said_new != hunk.new_lines ||
               hunk.unclosed || image.original_line_at(*at) + 1 != report.expected_line;
    report.strategy = "threeway";
    report.status = wire::ApplyStatus::kMerged;
    reports.push_back(std::move(report));
    image.replace(*at, static_cast<uint32_t>(sides.before.size()), std::move(sides.after),
                  sides.after_lines);
  }
  const std::string theirs = image.text();
  if (damaged && !begins_with(object_id("blob", theirs), file.new_oid)) return none;
  auto merged = merge_lines(**base, text, theirs, job.budget);
  if (!merged) return none;
  if (*merged == text) {
    for (wire::HunkReport& report : reports) {
      report.status = wire::ApplyStatus::kAlreadyApplied;
      job.faults.add(misfit("already_applied", path, file.line,
                            show_path(path) + ": what the patch makes stands there already"));
      job.hunks.push_back(std::move(report));
    }
    return none;
  }
  for (wire::HunkReport& report : reports) job.hunks.push_back(std::move(report));
  return std::optional<std::string>(std::move(*merged));
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
  if (job.options.mode == wire::ApplyMode::kThreeway) {
    auto merged = merge_from_index(job, path, file, text);
    if (!merged || *merged) return merged;
  }
  if (!job.strict()) return apply_tolerantly(job, path, file, text, image);
  HunkText sides;
  bool fits = true;
  for (size_t i = 0; i < file.hunks.size(); ++i) {
    const Hunk& hunk = file.hunks[i];
    wire::HunkReport report = hunk_report(path, hunk, i);
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
      report_misfit(job, file, image, hunk, sides, std::move(report));
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
