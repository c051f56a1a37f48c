#include "patch/tolerant_apply.h"

#include <algorithm>

#include "patch/evidence.h"
#include "patch/hunk_report.h"
#include "patch/path_rules.h"
#include "patch/place_tolerant.h"

namespace ghost::patch {
namespace {

constexpr size_t kOpenMax = 6;  // hunks of a file, for all their readings to be tried
constexpr size_t kReadingsMax = 1000;

class TolerantApplier {
 public:
  TolerantApplier(Job& job, const std::string& path, const FilePatch& file, std::string_view text,
                  TextImage& image)
      : job_(job), path_(path), file_(file), text_(text), image_(image) {}
  std::optional<std::string> run();

 private:
  bool place_all();
  void accept(const Hunk& hunk, Placement place, wire::HunkReport report);
  void reject(const Hunk& hunk, const Placement& place, wire::HunkReport report);
  std::string result() const;
  bool settle(std::string& result);
  bool proves(const std::string& result) const;
  bool prove_another(std::string& result);
  void give_up(size_t hunk, const char* code, std::string why);

  Job& job_;
  const std::string& path_;
  const FilePatch& file_;
  std::string_view text_;
  TextImage& image_;
  std::vector<Edit> edits_;
  struct Open {
    size_t edit;  // of edits_
    std::vector<Edit> others;
  };
  std::vector<Open> open_;  // hunks whose change is not sure
  bool provable_ = false;   // the index line names this file, and what it becomes
  Drift drift_;
  bool mended_ = false, guessed_ = false, by_number_ = false, cut_ = false;
  struct Unproven {
    size_t hunk;
    const char* code;
    std::string why;
  };
  std::vector<Unproven> doubts_;
};

void TolerantApplier::accept(const Hunk& hunk, Placement place, wire::HunkReport report) {
  const Edit& edit = place.edits.front();
  report.matched_line = uint64_t{edit.at} + 1;
  if (hunk.numbered) {
    report.offset =
        static_cast<int64_t>(*report.matched_line) - static_cast<int64_t>(report.expected_line);
    drift_.take(report.offset);
  }
  const bool differs =
      place.fuzz > 0 || place.strategy == "whitespace" || place.strategy == "split";
  report.status = differs              ? wire::ApplyStatus::kFuzz
                  : report.offset != 0 ? wire::ApplyStatus::kOffset
                                       : wire::ApplyStatus::kClean;
  guessed_ |= place.several;
  by_number_ |= place.by_number;
  mended_ |= !is_intact(hunk, place);
  if (!place.others.empty()) open_.push_back({edits_.size(), std::move(place.others)});
  for (Edit& e : place.edits) edits_.push_back(std::move(e));
  job_.hunks.push_back(std::move(report));
}

void TolerantApplier::reject(const Hunk& hunk, const Placement& place, wire::HunkReport report) {
  if (place.kind == Placement::Kind::kAmbiguous) {
    return report_ambiguous(job_, hunk, std::move(report), place.why);
  }
  HunkText sides;
  split_hunk(hunk.body, sides);
  report_misfit(job_, file_, image_, hunk, sides, std::move(report), place.why);
}

// Each hunk behind the one before. False when one has no place.
bool TolerantApplier::place_all() {
  const uint32_t usual = usual_context(file_.hunks);
  TolerantPlacer placer(image_, job_.options, usual, provable_, job_.budget);
  bool fits = true;
  for (size_t i = 0; i < file_.hunks.size(); ++i) {
    const Hunk& hunk = file_.hunks[i];
    if (uint64_t{hunk.old_lines} + hunk.new_lines > job_.limits.tolerant_lines_max) {
      return job_.faults.add(
          refusal("too_large", path_, hunk.line,
                  show_path(path_) + ": a hunk with this many lines is taken in mode strict"));
    }
    const uint32_t begin = edits_.empty() ? 0 : edits_.back().at + edits_.back().removed;
    Placement place = placer.place(hunk, begin, drift_);
    if (i > 0 && hunk.body == file_.hunks[i - 1].body &&
        hunk.old_pos == file_.hunks[i - 1].old_pos) {
      place.kind = Placement::Kind::kNone;
      place.why = "it is the hunk above it once more";
    }
    wire::HunkReport report = hunk_report(path_, hunk, i);
    report.strategy = place.strategy;
    report.fuzz = place.fuzz;
    if (place.kind != Placement::Kind::kFound) {
      fits = false;
      reject(hunk, place, std::move(report));
      if (job_.faults.count() > Faults::kFaultsMax) break;
      continue;
    }
    const Edit& last = place.edits.back();
    place.at_file_end = last.at + last.removed == image_.original_line_count();
    Doubt doubt = doubt_of(file_.hunks, i, place, usual, job_.options.mode);
    cut_ |= doubt.cut;
    if (!place.doubt.empty()) {
      doubts_.push_back({i, "ambiguous", std::move(place.doubt)});
    } else if (!doubt.why.empty()) {
      doubts_.push_back({i, "damaged", std::move(doubt.why)});
    }
    accept(hunk, std::move(place), std::move(report));
  }
  return fits;
}

std::string TolerantApplier::result() const {
  std::string out;
  uint32_t line = 0;
  for (const Edit& edit : edits_) {
    out += image_.original_lines(line, edit.at);
    out += edit.after;
    line = edit.at + edit.removed;
  }
  out += image_.original_lines(line, image_.original_line_count());
  return out;
}

void TolerantApplier::give_up(size_t index, const char* code, std::string why) {
  const Hunk& hunk = file_.hunks[index];
  wire::HunkReport report = hunk_report(path_, hunk, index);
  if (std::string_view(code) == "ambiguous") {
    return report_ambiguous(job_, hunk, std::move(report), std::move(why));
  }
  report.status = wire::ApplyStatus::kFailed;
  report.error = why;
  job_.faults.add(misfit(code, path_, hunk.line,
                         show_path(path_) + ": hunk " + std::to_string(index + 1) + ": " + why));
  job_.hunks.push_back(std::move(report));
}

bool TolerantApplier::proves(const std::string& result) const {
  return provable_ && !cut_ && begins_with(object_id("blob", result), file_.new_oid);
}

// Whether another reading of the hunks in doubt gives the blob that the index line names.
bool TolerantApplier::prove_another(std::string& result) {
  if (cut_ || open_.empty() || open_.size() > kOpenMax) return false;
  size_t readings = 1;
  for (const Open& hunk : open_) readings *= hunk.others.size();
  if (readings > kReadingsMax) return false;
  const std::vector<Edit> likeliest = edits_;
  for (size_t n = 0; n < readings; ++n) {
    size_t rest = n;
    for (const Open& hunk : open_) {
      edits_[hunk.edit] = hunk.others[rest % hunk.others.size()];
      rest /= hunk.others.size();
    }
    std::string other = this->result();
    if (!job_.budget.take_steps(other.size())) break;
    if (!proves(other)) continue;
    result = std::move(other);
    return true;
  }
  edits_ = likeliest;
  return false;
}

// The index line names the blobs before and after: when the file is the one it names, it proves or
// disproves whatever was mended. Without it, nothing may be in doubt.
bool TolerantApplier::settle(std::string& result) {
  const bool lines_believed = job_.options.mode == wire::ApplyMode::kRecount;
  const bool asked = mended_ || guessed_ || by_number_ || !doubts_.empty();
  const bool named = asked && provable_;
  if (named && (proves(result) || prove_another(result))) return true;
  if (!doubts_.empty()) {
    for (Unproven& u : doubts_) give_up(u.hunk, u.code, std::move(u.why));
    return false;
  }
  if (by_number_ || (named && guessed_)) {
    give_up(0, "ambiguous", by_number_ ? "nothing but its line number says where it belongs" : "");
    return false;
  }
  if (named && mended_ && !lines_believed) {
    give_up(0, "damaged",
            "mended, it does not give what the patch's index line names (" + file_.new_oid + ")");
    return false;
  }
  return true;
}

std::optional<std::string> TolerantApplier::run() {
  const size_t first_report = job_.hunks.size();
  provable_ = file_.new_oid.size() >= 7 && file_.old_oid.size() >= 7 &&
              begins_with(object_id("blob", text_), file_.old_oid);
  if (!place_all()) return std::nullopt;
  // A hunk may begin where the one before ends, never before it.
  for (size_t i = 1; i < edits_.size(); ++i) {
    GHOST_CHECK(edits_[i].at >= edits_[i - 1].at + edits_[i - 1].removed);
  }
  std::string out = result();
  std::vector<wire::HunkReport> placed(job_.hunks.begin() + static_cast<ptrdiff_t>(first_report),
                                       job_.hunks.end());
  job_.hunks.resize(first_report);
  if (!settle(out)) return std::nullopt;
  for (wire::HunkReport& report : placed) job_.hunks.push_back(std::move(report));
  return out;
}

}  // namespace

bool begins_with(const Oid& oid, std::string_view hex_prefix) {
  return hex_prefix.size() >= 7 && oid.hex().starts_with(hex_prefix);
}

std::optional<std::string> apply_tolerantly(Job& job, const std::string& path,
                                            const FilePatch& file, std::string_view text,
                                            TextImage& image) {
  return TolerantApplier(job, path, file, text, image).run();
}

}  // namespace ghost::patch
