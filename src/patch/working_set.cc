#include "patch/working_set.h"

#include "patch/path_rules.h"

namespace ghost::patch {

Result<WorkingFile*> WorkingSet::open(const std::string& path, uint64_t line) {
  WorkingFile* none = nullptr;
  if (const auto it = files_.find(path); it != files_.end()) {
    it->second.line = line;
    return &it->second;
  }
  if (!check_path(path, line, job_.faults)) return none;
  if (files_.size() >= job_.limits.files_max) {
    job_.faults.add(refusal("too_large", path, line,
                            "more than " + std::to_string(job_.limits.files_max) + " files"));
    return none;
  }
  auto entry = base_.find(path);
  if (!entry) return entry.error();
  WorkingFile file;
  file.path = path;
  file.before = *entry;
  file.exists = entry->has_value();
  file.mode = *entry ? (*entry)->mode : kModeFile;
  file.line = line;
  WorkingFile& kept = files_[path] = std::move(file);
  order_.push_back(&kept);
  return &kept;
}

Result<WorkingFile*> WorkingSet::open_text(const std::string& path, uint64_t line) {
  WorkingFile* none = nullptr;
  auto opened = open(path, line);
  if (!opened || !*opened) return opened;
  WorkingFile& file = **opened;
  if (!file.exists) {
    job_.faults.add(misfit("missing_file", path, line, show_path(path) + ": does not exist"));
    return none;
  }
  if (file.mode != kModeFile && file.mode != kModeExecutable) {
    job_.faults.add(
        misfit("wrong_type", path, line, show_path(path) + ": is a symlink or submodule"));
    return none;
  }
  if (!file.loaded) {
    auto blob = job_.store.read_blob(file.before->oid, job_.limits.file_bytes_max);
    if (!blob && blob.error().code != "too_large") return blob.error();
    if (!blob || !job_.budget.take_bytes((*blob)->size())) {
      job_.faults.add(refusal("too_large", path, line,
                              show_path(path) + ": the file is too large to be patched"));
      return none;
    }
    file.text = **blob;
    file.loaded = true;
  }
  return &file;
}

bool WorkingSet::set_text(WorkingFile& file, std::string text) {
  if (text.size() > job_.limits.file_bytes_max) {
    return job_.faults.add(refusal("too_large", file.path, file.line,
                                   show_path(file.path) + ": the file would become too large"));
  }
  if (!job_.budget.take_bytes(text.size())) {
    return job_.faults.add(refusal("too_large", file.path, file.line,
                                   "the files of this patch are too large together"));
  }
  file.text = std::move(text);
  file.loaded = file.changed = file.exists = true;
  return true;
}

Result<bool> WorkingSet::finish(Draft& draft) {
  for (WorkingFile* file : order_) {
    const bool moved = file->moved_to && *file->moved_to != file->path;
    if (!file->exists || moved) {
      if (file->before) {
        auto removed = draft.remove(file->path, *file->before, file->line, !moved);
        if (!removed || !*removed) return removed;
      }
      if (!file->exists) continue;
    }
    if (!moved && !file->changed && file->before && file->mode == file->before->mode) continue;
    Draft::Out out;
    out.path = moved ? *file->moved_to : file->path;
    if (moved) out.old_path = file->path;
    out.op = moved ? "rename" : !file->before ? "add" : file->changed ? "modify" : "mode";
    out.before = file->before;
    out.mode = file->mode;
    if (file->changed) {
      out.contents = std::move(file->text);
    } else {
      out.same_as = file->before->oid;
    }
    out.line = file->line;
    if (draft.find(out.path)) {
      return job_.faults.add(refusal("path_twice", out.path, out.line,
                                     show_path(out.path) + ": is changed twice by this patch"));
    }
    auto put = draft.put(std::move(out));
    if (!put || !*put) return put;
  }
  return true;
}

}  // namespace ghost::patch
