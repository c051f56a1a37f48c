#include "patch/diff_apply.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "patch/binary.h"
#include "patch/hunk_apply.h"
#include "patch/path_rules.h"

namespace ghost::patch {
namespace {

class DiffApplier {
 public:
  DiffApplier(Job& job, TreeView& base, std::vector<FilePatch>& files, Draft& draft)
      : job_(job), base_(base), files_(files), draft_(draft) {}
  Result<bool> run();

 private:
  // What became of a path in the files before this one.
  enum class Fate { kUntouched, kWritten, kToBeRemoved, kRemoved };
  struct Mark {
    Fate fate = Fate::kUntouched;
    bool written = false;                            // also when it was removed afterwards
    bool in_place = false;                           // written by a change that keeps its name
    std::set<std::pair<uint32_t, uint32_t>> places;  // of its hunks, by their headers (tolerant)
  };

  void prepare();
  Result<bool> apply_file(FilePatch& file);
  Result<bool> load_before(FilePatch& file);
  Result<bool> check_target(FilePatch& file);
  bool check_modes(FilePatch& file);
  Result<bool> make_contents(FilePatch& file, Draft::Out& out);
  Result<bool> make_binary(const FilePatch& file, Draft::Out& out);
  Result<bool> read_before(const FilePatch& file, Blob& kept, std::string_view& text);
  Result<bool> deliver(const FilePatch& file, Draft::Out out);
  bool misfits(const FilePatch& file, std::string code, std::string what) {
    return job_.faults.add(misfit(std::move(code), file.name(), file.line,
                                  show_path(file.name()) + ": " + std::move(what)));
  }
  bool refuse(const FilePatch& file, std::string code, std::string what) {
    return job_.faults.add(refusal(std::move(code), file.name(), file.line,
                                   show_path(file.name()) + ": " + std::move(what)));
  }

  Job& job_;
  TreeView& base_;
  std::vector<FilePatch>& files_;
  Draft& draft_;
  std::unordered_map<std::string, Mark> marks_;
  std::optional<Entry> before_;           // of the present file's old name, from the base
  const Draft::Out* previous_ = nullptr;  // or what an earlier file made of it
};

bool leaves(const FilePatch& file) {
  return !file.new_name || file.is_rename;
}

// Deletions and renames count from the start, whatever the order: two files can swap names. As in
// git, so do the symlinks that the patch names as such.
void DiffApplier::prepare() {
  for (const FilePatch& file : files_) {
    if (leaves(file) && file.old_name) marks_[*file.old_name].fate = Fate::kToBeRemoved;
    const bool deleted = file.is_delete != Known::kNo;
    if (file.old_name && file.old_mode == kModeSymlink && (file.is_rename || deleted)) {
      draft_.drop_symlink(*file.old_name);
    }
    if (file.new_name && file.new_mode == kModeSymlink) draft_.keep_symlink(*file.new_name);
  }
}

// Finds what the file is applied to, and so whether a plain diff makes a new one.
Result<bool> DiffApplier::load_before(FilePatch& file) {
  before_.reset();
  previous_ = nullptr;
  if (!file.old_name) return true;
  const Mark& mark = marks_[*file.old_name];
  const bool moves = file.is_copy || file.is_rename;
  if (!moves && mark.fate == Fate::kRemoved) {
    return misfits(file, "missing_file", "was renamed or deleted by this patch");
  }
  uint32_t mode;
  if (!moves && mark.fate == Fate::kWritten) {
    if (job_.strict() || !file.new_name) {
      return refuse(file, "path_twice", "is changed twice by this patch");
    }
    for (const Hunk& hunk : file.hunks) {
      if (hunk.numbered && mark.places.count({hunk.old_pos, hunk.new_pos}) > 0) {
        return refuse(file, "path_twice", "is changed twice at the same lines by this patch");
      }
    }
    previous_ = draft_.find(*file.old_name);
    before_ = previous_->before;
    mode = previous_->mode;
  } else {
    if (file.is_rename && mark.in_place) {
      return refuse(file, "path_twice", "is changed and renamed by this patch");
    }
    auto entry = base_.find(*file.old_name);
    if (!entry) return entry.error();
    if (!*entry) {
      if (file.is_new != Known::kMaybe) return misfits(file, "missing_file", "does not exist");
      file.is_new = Known::kYes;
      file.is_delete = Known::kNo;
      file.old_name.reset();
      return true;
    }
    before_ = **entry;
    mode = before_->mode;
  }
  if (file.is_new == Known::kMaybe) file.is_new = Known::kNo;
  if (!file.old_mode) file.old_mode = mode;
  if ((file.old_mode ^ mode) & 0170000) {
    return misfits(file, "wrong_type", "is of another type (file, symlink or submodule)");
  }
  if (!file.new_mode && file.is_delete == Known::kNo) file.new_mode = mode;
  return true;
}

// A file that the patch makes must not exist, unless the patch removes it.
Result<bool> DiffApplier::check_target(FilePatch& file) {
  if (!file.new_name) return true;
  const Mark mark = marks_[*file.new_name];
  const bool made = file.is_new == Known::kYes || file.is_rename || file.is_copy;
  if (mark.written && (made || job_.strict())) {
    return job_.faults.add(refusal("path_twice", *file.new_name, file.line,
                                   show_path(*file.new_name) + ": is changed twice by this patch"));
  }
  if (!made) return true;
  if (mark.fate != Fate::kRemoved && mark.fate != Fate::kToBeRemoved) {
    auto entry = base_.find(*file.new_name);
    if (!entry) return entry.error();
    if (*entry) {
      return job_.faults.add(misfit("already_exists", *file.new_name, file.line,
                                    show_path(*file.new_name) + ": exists already"));
    }
  }
  if (!file.new_mode) file.new_mode = file.is_new == Known::kYes ? kModeFile : file.old_mode;
  return true;
}

bool DiffApplier::check_modes(FilePatch& file) {
  const bool links = job_.policy.allow_gitlinks;
  for (const uint32_t mode : {file.old_mode, file.new_mode}) {
    if (mode && !check_mode(mode, links, file.name(), file.line, job_.faults)) return false;
  }
  if (!file.new_name || !file.old_name) return true;
  if (!file.new_mode) file.new_mode = file.old_mode;
  if (((file.old_mode ^ file.new_mode) & 0170000) == 0) return true;
  return misfits(file, "wrong_type", "the new mode is of another type than the old one");
}

Result<bool> DiffApplier::read_before(const FilePatch& file, Blob& kept, std::string_view& text) {
  text = {};
  if (previous_ && !previous_->same_as) {
    text = previous_->contents;
  } else if (previous_ || before_) {
    const Oid& oid = previous_ ? *previous_->same_as : before_->oid;
    if ((previous_ ? previous_->mode : before_->mode) == kModeGitlink) {
      kept = make_blob("Subproject commit " + oid.hex() + "\n");
    } else {
      auto blob = job_.store.read_blob(oid, job_.limits.file_bytes_max);
      if (!blob && blob.error().code != "too_large") return blob.error();
      if (!blob) return refuse(file, "too_large", "the file is too large to be patched");
      kept = *blob;
    }
    text = *kept;
  }
  if (!job_.budget.take_bytes(text.size())) {
    return refuse(file, "too_large", "the files of this patch are too large together");
  }
  return true;
}

// The file's new contents into `out`, or the blob that they are.
Result<bool> DiffApplier::make_contents(FilePatch& file, Draft::Out& out) {
  const bool gone = file.is_delete == Known::kYes;
  if (file.is_binary) return make_binary(file, out);
  if (file.hunks.empty() && !gone) {
    if (previous_ && !previous_->same_as) {
      out.contents = previous_->contents;
    } else if (previous_ || before_) {
      out.same_as = previous_ ? *previous_->same_as : before_->oid;
    }
    return true;
  }
  Blob kept;
  std::string_view text;
  auto read = read_before(file, kept, text);
  if (!read || !*read) return read;
  const std::string& path = file.new_name ? *file.new_name : *file.old_name;
  auto placed = apply_hunks(job_, path, file, text);
  if (!placed) return placed.error();
  if (!*placed) return false;
  out.contents = std::move(**placed);
  if (out.contents.size() > job_.limits.file_bytes_max ||
      !job_.budget.take_bytes(out.contents.size())) {
    return refuse(file, "too_large", "the file would become too large");
  }
  if (gone && !out.contents.empty()) {
    return misfits(file, "hunk_failed", "is to be deleted and would have lines left");
  }
  return true;
}

Result<bool> DiffApplier::make_binary(const FilePatch& file, Draft::Out& out) {
  auto old_oid = Oid::parse(file.old_oid), new_oid = Oid::parse(file.new_oid);
  if (!old_oid || !new_oid) {
    return refuse(file, "corrupt_binary", "a binary patch needs an index line with full ids");
  }
  for (const BinaryHunk& hunk : file.binary) {
    if (!job_.budget.take_bytes(hunk.size)) {
      return refuse(file, "too_large", "the binary hunks of this patch are too large together");
    }
    if (!check_binary(hunk.rows, hunk.size)) {
      return job_.faults.add(refusal(
          "corrupt_binary", file.name(), hunk.line,
          show_path(file.name()) + ": the binary hunk does not inflate to what it declares"));
    }
  }
  const Oid empty{};
  const Oid have = previous_ ? previous_->same_as.value_or(empty) : before_ ? before_->oid : empty;
  if (file.old_name && have != *old_oid) {
    return misfits(file, "binary_mismatch",
                   "the binary patch is for " + old_oid->hex() + ", the file is " + have.hex());
  }
  if (new_oid->is_zero()) {
    out.contents.clear();
    return true;
  }
  if (job_.store.has_blob(*new_oid)) {
    out.same_as = *new_oid;
    return true;
  }
  if (file.binary.empty()) {
    return refuse(file, "corrupt_binary", "the diff has no data for this binary file");
  }
  const BinaryHunk& hunk = file.binary.front();
  auto data = decode_binary(hunk.rows, hunk.size);
  if (data && hunk.is_delta) {
    Blob kept;
    std::string_view text;
    auto read = read_before(file, kept, text);
    if (!read || !*read) return read;
    data = apply_delta(text, *data, job_.limits.file_bytes_max);
  }
  if (!data || !job_.budget.take_bytes(data->size())) {
    return job_.faults.add(
        refusal(data ? "too_large" : "corrupt_binary", file.name(), hunk.line,
                show_path(file.name()) + ": " +
                    (data ? std::string("the files of this patch are too large together")
                          : data.error().message)));
  }
  out.contents = std::move(*data);
  out.expected_oid = new_oid->hex();
  return true;
}

Result<bool> DiffApplier::deliver(const FilePatch& file, Draft::Out out) {
  if (file.is_delete == Known::kYes) {
    auto removed = draft_.remove(*file.old_name, *before_, file.line, true);
    if (!removed || !*removed) return removed;
    // A name for the new side, left over from a lone header line, hides the deletion in git too.
    marks_[*file.old_name].fate = file.new_name ? Fate::kWritten : Fate::kRemoved;
    return true;
  }
  out.path = *file.new_name;
  out.line = file.line;
  out.mode = file.new_mode;
  out.before = before_;
  // Two names without "rename" or "copy" move the file too.
  const bool renames = !file.is_copy && file.old_name && *file.old_name != out.path;
  const bool moves = renames || file.is_rename || file.is_copy;
  if (moves) out.old_path = file.old_name;
  const bool same = out.same_as && before_ && *out.same_as == before_->oid;
  out.op = renames          ? "rename"
           : file.is_copy   ? "copy"
           : !file.old_name ? "add"
           : same           ? "mode"
                            : "modify";
  const std::string path = out.path;
  auto put = draft_.put(std::move(out));
  if (!put || !*put) return put;
  Mark& mark = marks_[path];
  mark.fate = Fate::kWritten;
  mark.written = true;
  mark.in_place = !moves && file.old_name.has_value();
  if (!job_.strict()) {
    for (const Hunk& hunk : file.hunks) mark.places.insert({hunk.old_pos, hunk.new_pos});
  }
  if (renames) {
    auto removed = draft_.remove(*file.old_name, *before_, file.line, false);
    if (!removed || !*removed) return removed;
    if (file.is_rename) marks_[*file.old_name].fate = Fate::kRemoved;
  }
  return true;
}

Result<bool> DiffApplier::apply_file(FilePatch& file) {
  if (auto ok = load_before(file); !ok || !*ok) return ok;
  if (auto ok = check_target(file); !ok || !*ok) return ok;
  if (!check_modes(file)) return false;
  Draft::Out out;
  if (auto ok = make_contents(file, out); !ok || !*ok) return ok;
  return deliver(file, std::move(out));
}

Result<bool> DiffApplier::run() {
  prepare();
  for (FilePatch& file : files_) {
    auto ok = apply_file(file);
    if (!ok) return ok.error();
    if (job_.faults.count() > Faults::kFaultsMax) break;
  }
  return job_.faults.empty();
}

}  // namespace

Result<bool> apply_files(Job& job, TreeView& base, std::vector<FilePatch>& files, Draft& draft) {
  return DiffApplier(job, base, files, draft).run();
}

}  // namespace ghost::patch
