#include "patch/hunk_report.h"

#include "patch/path_rules.h"
#include "patch/place.h"

namespace ghost::patch {
namespace {

// A job explains this many misfits in full; the rest are listed.
constexpr size_t kExplainedMax = 20;

// Whether the file already has what the hunk makes: its new lines, context included, stand there.
bool is_applied(TextImage& image, const Hunk& hunk, const HunkText& sides, Budget& budget) {
  if (sides.before.empty() || hunk.new_lines > image.line_count() + 1) return false;
  Lines after;
  size_t added = 0;
  for (const HunkLine& line : hunk_lines(hunk.body)) {
    if (line.kind != '-') after.push_back(line.text);
    added += line.kind == '+';
  }
  // Removed lines alone: only context is left to be found, which must not be trivial.
  if (after.empty() || (added == 0 && after.size() < 2)) return false;
  return !image.all(after, 1, budget).empty();
}

}  // namespace

uint64_t expected_line(const Hunk& hunk) {
  if (!hunk.numbered) return 0;
  // A range of no lines names the line before it.
  return uint64_t{hunk.old_pos} + (hunk.old_lines == 0 ? 1 : 0);
}

wire::HunkReport hunk_report(const std::string& path, const Hunk& hunk, size_t index) {
  wire::HunkReport report;
  report.file = path;
  report.index = index + 1;
  report.expected_line = expected_line(hunk);
  report.strategy = "exact";
  return report;
}

void report_misfit(Job& job, const FilePatch& file, TextImage& image, const Hunk& hunk,
                   const HunkText& sides, wire::HunkReport report, const std::string& why) {
  std::string reason = "its old lines were not found";
  report.status = wire::ApplyStatus::kFailed;
  const char* code = "hunk_failed";
  if (job.faults.count() < kExplainedMax) {
    Explanation found = explain_misfit(image, hunk, sides, job.budget);
    reason = std::move(found.reason);
    if (!found.nearest.empty()) report.nearest = std::move(found.nearest);
    if (is_applied(image, hunk, sides, job.budget)) {
      report.status = file.backwards ? wire::ApplyStatus::kReversed  // made the wrong way round
                                     : wire::ApplyStatus::kAlreadyApplied;
      code = file.backwards ? "reversed" : "already_applied";
      reason = file.backwards ? "what it makes stands there already, and its header names the new "
                                "file first: the patch was made the wrong way round"
                              : "what it makes stands there already";
    } else if (!why.empty()) {
      reason = why;
    }
  }
  report.error = reason;
  const std::string where =
      report.expected_line > 0 ? " at line " + std::to_string(report.expected_line) : "";
  job.faults.add(misfit(code, report.file, hunk.line,
                        show_path(report.file) + ": hunk " + std::to_string(report.index) +
                            " does not apply" + where + ": " + reason));
  job.hunks.push_back(std::move(report));
}

void report_ambiguous(Job& job, const Hunk& hunk, wire::HunkReport report, std::string why) {
  report.status = wire::ApplyStatus::kAmbiguous;
  report.error = why.empty() ? "several places fit it equally well" : std::move(why);
  job.faults.add(misfit(
      "ambiguous", report.file, hunk.line,
      show_path(report.file) + ": hunk " + std::to_string(report.index) + ": " + *report.error));
  job.hunks.push_back(std::move(report));
}

}  // namespace ghost::patch
