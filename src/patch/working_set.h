// Files under edit by the formats that name a path and say what to change in it: mutations,
// search-replace blocks and the envelope form. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "patch/draft.h"
#include "patch/job.h"
#include "patch/tree_edit.h"

namespace ghost::patch {

struct WorkingFile {
  std::string path;
  std::optional<Entry> before;  // in the base
  bool exists = false;          // now
  uint32_t mode = 0;
  bool loaded = false;
  std::string text;
  bool changed = false;  // text differs from the base's, or the file is new
  std::optional<std::string> moved_to;
  uint64_t line = 0;        // of the change named last
  uint64_t hunk_count = 0;  // reported so far
};

class WorkingSet {
 public:
  WorkingSet(Job& job, TreeView& base) : job_(job), base_(base) {}

  // The file at `path`, looked up once. Null with a fault when the path is refused.
  Result<WorkingFile*> open(const std::string& path, uint64_t line);
  // The same with its text. Null with a fault when it does not exist, is no regular file or is too
  // large.
  Result<WorkingFile*> open_text(const std::string& path, uint64_t line);
  bool set_text(WorkingFile& file, std::string text);

  // Hands everything to `draft`.
  Result<bool> finish(Draft& draft);

 private:
  Job& job_;
  TreeView& base_;
  std::map<std::string, WorkingFile> files_;
  std::vector<WorkingFile*> order_;
};

}  // namespace ghost::patch
