#include "patch/blocks.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "patch/chars.h"
#include "patch/path_rules.h"
#include "patch/place.h"

namespace ghost::patch {
namespace {

uint64_t line_of(std::string_view text, size_t at) {
  return 1 + static_cast<uint64_t>(
                 std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n'));
}

// Where whole lines stand in a text: at most two places. A last line without newline counts as
// if it had one.
std::vector<size_t> find_lines(const std::string& text, const std::string& lines) {
  const std::string hay = "\n" + text + (text.ends_with('\n') ? "" : "\n");
  const std::string needle = "\n" + lines;
  std::vector<size_t> found;
  for (size_t from = 0; from < hay.size() && found.size() < 2;) {
    const void* hit = ::memmem(hay.data() + from, hay.size() - from, needle.data(), needle.size());
    if (!hit) break;
    const auto at = static_cast<size_t>(static_cast<const char*>(hit) - hay.data());
    found.push_back(at);  // the newline before it in `hay` is one byte earlier in `text`
    from = at + 1;
  }
  return found;
}

// Of larger files the text is shown only for the first changes that cannot be
// placed, and never beside larger blocks: each costs a walk.
constexpr size_t kShownAlwaysBytes = 1u << 20;
constexpr size_t kShownMax = 3, kShownSmallMax = 20;

// A report of a change at one of several places found. `wanted`: the lines looked for.
bool report_place(Job& job, WorkingFile& file, uint64_t patch_line, size_t places,
                  uint64_t matched_line, const Lines& wanted) {
  wire::HunkReport report;
  report.file = file.path;
  report.index = ++file.hunk_count;
  report.strategy = "exact";
  report.status = wire::ApplyStatus::kClean;
  if (places == 1) {
    report.matched_line = report.expected_line = matched_line;
  } else {
    report.status = places == 0 ? wire::ApplyStatus::kFailed : wire::ApplyStatus::kAmbiguous;
    report.error = places == 0 ? "its lines were not found" : "its lines stand at several places";
    const bool small = file.text.size() <= kShownAlwaysBytes;
    if (places == 0 && !wanted.empty() &&
        job.faults.count() < (small ? kShownSmallMax : kShownMax)) {
      const TextImage image(file.text);
      Explanation found = nearest_text(image, wanted, 0, job.budget);
      if (!found.reason.empty()) report.error = std::move(found.reason);
      if (!found.nearest.empty()) report.nearest = std::move(found.nearest);
    }
    job.faults.add(misfit(places == 0 ? "hunk_failed" : "ambiguous", file.path, patch_line,
                          show_path(file.path) + ": change " + std::to_string(report.index) +
                              " cannot be placed: " + *report.error));
  }
  job.hunks.push_back(std::move(report));
  return places == 1;
}

Lines lines_of(std::string_view text) {
  Lines lines;
  LineCursor cursor{text};
  while (cursor.next()) lines.push_back(cursor.line);
  return lines;
}

Result<bool> apply_block(Job& job, const SearchBlock& block, WorkingSet& files) {
  if (trim(block.search).empty()) {
    auto opened = files.open(block.path, block.line);
    if (!opened || !*opened) return opened ? Result<bool>(false) : opened.error();
    if (!(*opened)->exists) return files.set_text(**opened, block.replace);
    auto text = files.open_text(block.path, block.line);
    if (!text || !*text) return text ? Result<bool>(false) : text.error();
    if ((*text)->text.empty()) return files.set_text(**text, block.replace);
    return job.faults.add(misfit("already_exists", block.path, block.line,
                                 show_path(block.path) + ": exists already, and the block names "
                                                         "no lines to replace"));
  }
  auto opened = files.open_text(block.path, block.line);
  if (!opened || !*opened) return opened ? Result<bool>(false) : opened.error();
  WorkingFile& file = **opened;
  if (!job.budget.take_steps(file.text.size() / 4 + 1)) {
    return job.faults.add(refusal("too_large", file.path, block.line,
                                  "the blocks of this patch cost too much to place"));
  }
  const std::vector<size_t> found = find_lines(file.text, block.search);
  const uint64_t line = found.empty() ? 0 : line_of(file.text, found[0]);
  const bool shown = found.empty() && block.search.size() <= kShownAlwaysBytes;
  const Lines wanted = shown ? lines_of(block.search) : Lines();
  if (!report_place(job, file, block.line, found.size(), line, wanted)) return false;
  const size_t at = found[0], end = std::min(at + block.search.size(), file.text.size());
  std::string text = file.text.substr(0, at) + block.replace;
  // A file without a newline at its end keeps it that way.
  if (at + block.search.size() > file.text.size() && text.ends_with('\n')) text.pop_back();
  text += std::string_view(file.text).substr(end);
  return files.set_text(file, std::move(text));
}

class EnvelopeApplier {
 public:
  EnvelopeApplier(Job& job, WorkingSet& files) : job_(job), files_(files) {}
  Result<bool> apply(const EnvelopeFile& parsed);

 private:
  Result<bool> update(const EnvelopeFile& parsed, WorkingFile& file);
  std::vector<uint32_t> places(TextImage& image, const EnvelopeChunk& chunk, uint32_t cursor);
  uint32_t behind_anchors(const TextImage& image, const EnvelopeChunk& chunk, uint32_t cursor,
                          bool& found);
  static constexpr size_t kPlacesMax = 1000;
  Job& job_;
  WorkingSet& files_;
};

// The original line behind the chunk's anchors, each looked for from the one before.
uint32_t EnvelopeApplier::behind_anchors(const TextImage& image, const EnvelopeChunk& chunk,
                                         uint32_t cursor, bool& found) {
  for (const std::string_view anchor : chunk.anchors) {
    uint32_t line = cursor;
    const uint32_t count = image.original_line_count();
    while (line < count && trim(image.original_line(line)) != anchor) ++line;
    if (!job_.budget.take_steps(line - cursor + 1) || line == count) {
      found = false;
      return cursor;
    }
    cursor = line + 1;
  }
  return cursor;
}

// Original lines where the chunk can go: one, or none, or several that nothing tells apart.
std::vector<uint32_t> EnvelopeApplier::places(TextImage& image, const EnvelopeChunk& chunk,
                                              uint32_t cursor) {
  const uint32_t count = image.original_line_count();
  bool found = true;
  const uint32_t start = behind_anchors(image, chunk, cursor, found);
  if (!found) return {};
  if (chunk.before.empty()) return {chunk.anchors.empty() || chunk.at_end ? count : start};
  std::vector<uint32_t> all;
  for (const uint32_t at : image.all(chunk.before, kPlacesMax, job_.budget)) {
    const uint32_t line = image.original_line_at(at);
    if (line < cursor) continue;
    if (chunk.at_end && line + chunk.before.size() != count) continue;
    all.push_back(line);
  }
  if (all.size() <= 1 || chunk.anchors.empty()) return all;
  // Repeated lines: the first place behind the anchors, which the anchors' own line may begin.
  const uint32_t from = start > 0 ? start - 1 : 0;
  const auto first = std::lower_bound(all.begin(), all.end(), from);
  if (first == all.end()) return {};
  return {*first};
}

Result<bool> EnvelopeApplier::update(const EnvelopeFile& parsed, WorkingFile& file) {
  const bool closed = file.text.empty() || file.text.ends_with('\n');
  const std::string original = closed ? file.text : file.text + "\n";
  TextImage image(original);
  if (image.line_count() > job_.limits.file_lines_max) {
    return job_.faults.add(refusal("too_large", file.path, parsed.line,
                                   show_path(file.path) + ": the file has too many lines"));
  }
  uint32_t cursor = 0;
  bool fits = true;
  for (const EnvelopeChunk& chunk : parsed.chunks) {
    const std::vector<uint32_t> at = places(image, chunk, cursor);
    const uint64_t line = at.empty() ? 0 : at[0] + 1;
    if (!report_place(job_, file, chunk.line, at.size(), line, chunk.before)) {
      fits = false;
      continue;
    }
    const auto removed = static_cast<uint32_t>(chunk.before.size());
    // `all` finds present lines only, so the place is still there; an insertion behind a
    // replaced line goes behind what replaced it.
    if (!job_.budget.take_steps(image.pieces().size())) {
      return job_.faults.add(refusal("too_large", file.path, chunk.line,
                                     "the parts of this patch cost too much to place"));
    }
    const auto present = image.present_line_of(at[0]);
    image.replace(present.value_or(image.line_count()), removed, chunk.after, chunk.after_lines);
    cursor = at[0] + removed;
  }
  if (!fits) return false;
  std::string text = image.text();
  if (!closed && text.ends_with('\n')) text.pop_back();
  return files_.set_text(file, std::move(text));
}

Result<bool> EnvelopeApplier::apply(const EnvelopeFile& parsed) {
  auto opened = parsed.op == EnvelopeFile::Op::kUpdate ? files_.open_text(parsed.path, parsed.line)
                                                       : files_.open(parsed.path, parsed.line);
  if (!opened) return opened.error();
  if (!*opened) return false;
  WorkingFile& file = **opened;
  const auto misfits = [&](std::string code, const std::string& path, std::string what) {
    return job_.faults.add(
        misfit(std::move(code), path, parsed.line, show_path(path) + ": " + std::move(what)));
  };
  if (parsed.op == EnvelopeFile::Op::kAdd) {
    if (file.exists) return misfits("already_exists", file.path, "exists already");
    return files_.set_text(file, parsed.contents);
  }
  if (parsed.op == EnvelopeFile::Op::kDelete) {
    if (!file.exists) return misfits("missing_file", file.path, "does not exist");
    file.exists = false;
    return true;
  }
  if (parsed.move_to) {
    auto target = files_.open(*parsed.move_to, parsed.line);
    if (!target) return target.error();
    if (!*target) return false;
    if ((*target)->exists && *parsed.move_to != parsed.path) {
      return misfits("already_exists", *parsed.move_to, "exists already");
    }
    file.moved_to = parsed.move_to;
  }
  return parsed.chunks.empty() ? Result<bool>(true) : update(parsed, file);
}

}  // namespace

Result<bool> apply_search_blocks(Job& job, const std::vector<SearchBlock>& blocks,
                                 WorkingSet& files) {
  for (const SearchBlock& block : blocks) {
    auto ok = apply_block(job, block, files);
    if (!ok) return ok.error();
    if (job.faults.count() > Faults::kFaultsMax) break;
  }
  return job.faults.empty();
}

Result<bool> apply_envelope(Job& job, const std::vector<EnvelopeFile>& parsed, WorkingSet& files) {
  EnvelopeApplier applier(job, files);
  std::set<std::string> seen;
  for (const EnvelopeFile& file : parsed) {
    if (!seen.insert(file.path).second) {
      return job.faults.add(refusal("path_twice", file.path, file.line,
                                    show_path(file.path) + ": is changed twice by this patch"));
    }
    auto ok = applier.apply(file);
    if (!ok) return ok.error();
    if (job.faults.count() > Faults::kFaultsMax) break;
  }
  return job.faults.empty();
}

}  // namespace ghost::patch
