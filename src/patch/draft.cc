#include "patch/draft.h"

#include <algorithm>
#include <cstdio>

#include "patch/path_rules.h"

namespace ghost::patch {
namespace {

std::string octal(uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%06o", mode);
  return text;
}

constexpr std::string_view kSubproject = "Subproject commit ";

}  // namespace

// A path is behind a symlink when any folder of it is one, in the base or by this patch.
Result<bool> Draft::behind_symlink(const std::string& path, bool& behind) {
  behind = false;
  bool there = true;  // the base has folders this far down
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    if (!there && kept_symlinks_.empty()) return true;
    const std::string folder = path.substr(0, slash);
    if (kept_symlinks_.count(folder)) return behind = true;
    if (!there || dropped_symlinks_.count(folder)) continue;
    auto entry = base_.find(folder);
    if (!entry) return entry.error();
    if (*entry && (*entry)->mode == kModeSymlink) return behind = true;
    auto below = base_.folder(folder);
    if (!below) return below.error();
    there = *below != nullptr;
  }
  return true;
}

// Every component of a changed path may become a tree.
bool Draft::take_path(const std::string& path, uint64_t line) {
  path_parts_ += static_cast<size_t>(std::count(path.begin(), path.end(), '/')) + 1;
  if (path_parts_ <= job_.limits.path_parts_max) return true;
  return job_.faults.add(refusal("too_large", path, line,
                                 "the paths of this patch have more than " +
                                     std::to_string(job_.limits.path_parts_max) +
                                     " components together"));
}

Result<bool> Draft::put(Out out) {
  const std::string& path = out.path;
  if (!check_path(path, out.line, job_.faults) ||
      !check_mode(out.mode, job_.policy.allow_gitlinks, path, out.line, job_.faults) ||
      !take_path(path, out.line)) {
    return false;
  }
  const bool modules = is_gitmodules(path) && !job_.policy.allow_gitlinks;
  if (modules || (out.mode == kModeSymlink && has_gitmodules_name(path))) {
    return job_.faults.add(refusal("gitmodules", path, out.line,
                                   show_path(path) + ": changes to .gitmodules are not allowed"));
  }
  bool behind = false;
  auto looked = behind_symlink(path, behind);
  if (!looked) return looked.error();
  if (behind) {
    return job_.faults.add(refusal("behind_symlink", path, out.line,
                                   show_path(path) + ": lies behind a symbolic link"));
  }
  if (!out.same_as) {
    pending_bytes_ += out.contents.size();
    pending_.push_back(path);
  }
  if (!outs_.count(path)) order_.push_back(path);
  outs_.insert_or_assign(path, std::move(out));
  if (pending_bytes_ > kPendingBytesMax) return flush();
  return true;
}

Result<bool> Draft::check_symlink(const Out& out) {
  std::string target = out.contents;
  if (out.same_as) {
    // Renamed or copied unchanged: the target counts from its new place.
    auto blob = job_.store.read_blob(*out.same_as, 1 << 16);
    if (!blob && blob.error().code != "too_large") return blob.error();
    target = blob ? **blob : std::string(8192, 'x');
  }
  std::optional<Error> broken;
  const auto is_symlink = [&](std::string_view path) {
    const std::string key(path);
    if (const auto it = outs_.find(key); it != outs_.end()) return it->second.mode == kModeSymlink;
    auto entry = base_.find(path);
    if (!entry) broken = entry.error();
    return entry && *entry && (*entry)->mode == kModeSymlink;
  };
  const bool fits = check_symlink_target(out.path, target, out.line, is_symlink, job_.faults);
  if (broken) return *broken;
  return fits;
}

Result<bool> Draft::remove(const std::string& path, const Entry& before, uint64_t line,
                           bool report) {
  if (!check_path(path, line, job_.faults) || !take_path(path, line)) return false;
  if (!job_.policy.allow_gitlinks) {
    if (before.mode == kModeGitlink) {
      return check_mode(before.mode, false, path, line, job_.faults);
    }
    if (is_gitmodules(path)) {
      return job_.faults.add(refusal("gitmodules", path, line,
                                     show_path(path) + ": changes to .gitmodules are not allowed"));
    }
  }
  Out gone;
  gone.path = path;
  gone.op = "delete";
  gone.before = before;
  gone.line = line;
  if (!removed_.count(path)) order_.push_back(path);
  removed_.insert_or_assign(path, std::move(gone));
  if (report) {
    silent_.erase(path);
  } else {
    silent_.insert(path);
  }
  return true;
}

const Draft::Out* Draft::find(const std::string& path) const {
  const auto it = outs_.find(path);
  return it == outs_.end() ? nullptr : &it->second;
}

// Writes what is pending, which frees its memory.
Result<bool> Draft::flush() {
  for (const std::string& path : pending_) {
    Out& out = outs_.at(path);
    if (out.same_as) continue;
    Oid oid;
    if (out.mode == kModeGitlink) {
      std::string_view text = out.contents;
      auto commit = text.starts_with(kSubproject) ? Oid::parse(text.substr(kSubproject.size(), 40))
                                                  : Result<Oid>(Error{"bad_field", "", ""});
      if (!commit) {
        return job_.faults.add(refusal("gitlink", path, out.line,
                                       show_path(path) + ": expected \"Subproject commit\" and "
                                                         "a commit id"));
      }
      oid = *commit;
    } else {
      auto written = job_.store.write_blob(out.contents);
      if (!written) return written.error();
      oid = *written;
    }
    if (!out.expected_oid.empty() && oid.hex() != out.expected_oid) {
      return job_.faults.add(refusal("wrong_result", path, out.line,
                                     show_path(path) + ": the binary patch makes " + oid.hex() +
                                         ", and its index line says " + out.expected_oid));
    }
    out.same_as = oid;
    out.contents = std::string();
  }
  pending_.clear();
  pending_bytes_ = 0;
  return true;
}

Result<std::optional<Draft::Done>> Draft::write() {
  // Only now is it known which paths are symlinks in the result.
  for (const auto& [path, out] : outs_) {
    if (out.mode != kModeSymlink) continue;
    auto fits = check_symlink(out);
    if (!fits) return fits.error();
  }
  auto flushed = flush();
  if (!flushed) return flushed.error();
  if (!*flushed || !job_.faults.empty()) return std::optional<Done>();
  TreeEdit edit;
  for (const auto& [path, gone] : removed_) edit.remove(path);
  for (const auto& [path, out] : outs_) edit.put(path, {out.mode, *out.same_as}, out.line);
  auto tree = edit.write(job_.store, base_, job_.faults);
  if (!tree) return tree.error();
  if (!*tree) return std::optional<Done>();
  Done done;
  done.tree = **tree;
  std::set<std::string> seen;
  for (const std::string& path : order_) {
    if (!seen.insert(path).second) continue;
    const auto out = outs_.find(path);
    const bool gone = out == outs_.end();
    const Out& said = gone ? removed_.at(path) : out->second;
    auto base = base_.find(path);
    if (!base) return base.error();
    FileChange change;
    change.path = path;
    change.deleted = gone;
    if (*base) change.old_mode = (*base)->mode, change.old_oid = (*base)->oid;
    if (!gone) {
      change.mode = said.mode, change.oid = *said.same_as;
      change.old_path = said.old_path;
    }
    if (!gone || *base) done.changes.push_back(change);
    if (gone && silent_.count(path)) continue;
    wire::FileReport report;
    report.path = path;
    report.old_path = said.old_path;
    report.op = said.op;
    if (said.before) report.old_oid = said.before->oid.hex();
    if (!gone) {
      report.new_oid = said.same_as->hex();
      report.mode = octal(said.mode);
    }
    done.files.push_back(std::move(report));
  }
  return std::optional<Done>(std::move(done));
}

}  // namespace ghost::patch
