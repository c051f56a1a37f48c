#include "patch/hunk_apply.h"

#include <algorithm>

#include "patch/path_rules.h"
#include "patch/place.h"
#include "patch/place_tolerant.h"
#include "patch/threeway.h"

namespace ghost::patch {
namespace {

// A job explains this many misfits in full; the rest are listed.
constexpr size_t kExplainedMax = 20;

uint64_t expected_line(const Hunk& hunk) {
  // A range of no lines names the line before it.
  return uint64_t{hunk.old_pos} + (hunk.old_lines == 0 ? 1 : 0);
}

// Whether the file already has what the hunk makes: its new lines, context included, stand there.
bool is_applied(TextImage& image, const Hunk& hunk, const HunkText& text, Budget& budget) {
  Lines after;
  size_t added = 0;
  for (const HunkLine& line : hunk_lines(hunk.body)) {
    if (line.kind != '-') after.push_back(line.text);
    added += line.kind == '+';
  }
  // Removed lines alone: only context is left to be found, which must not be trivial.
  if (after.empty() || (added == 0 && after.size() < 2) || text.before.empty()) return false;
  return !image.all(after, 1, budget).empty();
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
  const char* code = "hunk_failed";
  if (job.faults.count() < kExplainedMax && is_applied(image, hunk, text, job.budget)) {
    report.status = wire::ApplyStatus::kAlreadyApplied;
    code = "already_applied";
    reason = "what it makes stands there already";
  }
  report.error = reason;
  job.faults.add(misfit(code, path, hunk.line,
                        show_path(path) + ": hunk " + std::to_string(report.index) +
                            " does not apply at line " + std::to_string(report.expected_line) +
                            ": " + reason));
  job.hunks.push_back(std::move(report));
}

void report_ambiguous(Job& job, const std::string& path, const Hunk& hunk,
                      wire::HunkReport report) {
  report.status = wire::ApplyStatus::kAmbiguous;
  report.error = "several places fit it equally well";
  job.faults.add(
      misfit("ambiguous", path, hunk.line,
             show_path(path) + ": hunk " + std::to_string(report.index) + ": " + *report.error));
  job.hunks.push_back(std::move(report));
}

bool begins_with(const Oid& oid, std::string_view hex_prefix) {
  return hex_prefix.size() >= 7 && oid.hex().starts_with(hex_prefix);
}

// The tolerant modes: hunks in order, each behind the one before.
std::optional<std::string> apply_tolerantly(Job& job, const std::string& path,
                                            const FilePatch& file, std::string_view text,
                                            TextImage& image) {
  TolerantPlacer placer(image, job.options, job.budget);
  uint32_t begin = 0;
  int64_t drift = 0;
  bool fits = true, guessed = false, by_number = false;
  const size_t first_report = job.hunks.size();
  for (size_t i = 0; i < file.hunks.size(); ++i) {
    const Hunk& hunk = file.hunks[i];
    wire::HunkReport report;
    report.file = path;
    report.index = i + 1;
    report.expected_line = hunk.numbered ? expected_line(hunk) : 0;
    Placement place = placer.place(hunk, begin, drift);
    report.strategy = place.strategy;
    report.fuzz = place.fuzz;
    if (place.kind != Placement::Kind::kFound) {
      fits = false;
      if (place.kind == Placement::Kind::kAmbiguous) {
        report_ambiguous(job, path, hunk, std::move(report));
      } else {
        HunkText sides;
        split_hunk(hunk.body, sides);
        report_misfit(job, path, image, hunk, sides, std::move(report));
      }
      if (job.faults.count() > Faults::kFaultsMax) break;
      continue;
    }
    report.matched_line = uint64_t{place.at} + 1;
    if (hunk.numbered) {
      report.offset =
          static_cast<int64_t>(*report.matched_line) - static_cast<int64_t>(report.expected_line);
      drift = report.offset;
    }
    report.status = place.fuzz > 0 || place.strategy == "whitespace" ? wire::ApplyStatus::kFuzz
                    : report.offset != 0                             ? wire::ApplyStatus::kOffset
                                                                     : wire::ApplyStatus::kClean;
    guessed |= place.several;
    by_number |= place.by_number;
    image.replace(image.present_line_of(place.at).value_or(image.line_count()), place.removed,
                  std::move(place.after), place.after_lines);
    begin = place.at + place.removed;
    job.hunks.push_back(std::move(report));
  }
  if (!fits) return std::nullopt;
  std::string result = image.text();
  // Among several places the index line decides: it names the blobs before and after. A line
  // number alone is not enough without it.
  const bool asked = guessed || by_number;
  const bool named =
      asked && file.new_oid.size() >= 7 && begins_with(object_id("blob", text), file.old_oid);
  const bool proven = named && begins_with(object_id("blob", result), file.new_oid);
  if ((guessed && named && !proven) || (by_number && !proven)) {
    job.hunks.resize(first_report);
    wire::HunkReport report;
    report.file = path;
    report.index = 1;
    report_ambiguous(job, path, file.hunks.front(), std::move(report));
    return std::nullopt;
  }
  return result;
}

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
  HunkText sides;
  for (const Hunk& hunk : file.hunks) {
    split_hunk(hunk.body, sides);
    const auto at = place_strictly(image, hunk, sides, job.budget);
    if (!at) return none;
    wire::HunkReport report;
    report.file = path;
    report.index = reports.size() + 1;
    report.expected_line = expected_line(hunk);
    report.strategy = "threeway";
    report.status = wire::ApplyStatus::kMerged;
    reports.push_back(std::move(report));
    image.replace(*at, static_cast<uint32_t>(sides.before.size()), std::move(sides.after),
                  sides.after_lines);
  }
  auto merged = merge_lines(**base, text, image.text(), job.budget);
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
