// What a patch makes of a tree, before it is written: every changed path once, checked against the
// rules for paths, modes and symlinks. All formats end here. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "patch/engine.h"
#include "patch/job.h"
#include "patch/tree_edit.h"

namespace ghost::patch {

class Draft {
 public:
  // One changed file.
  struct Out {
    std::string path;
    std::optional<std::string> old_path;  // source of a rename or copy
    std::string op;                       // add, modify, delete, rename, copy, mode
    std::optional<Entry> before;          // at path, or at old_path
    uint32_t mode = 0;                    // after
    std::optional<Oid> same_as;           // the contents are this blob's
    std::string contents;                 // else these
    std::string expected_oid;             // hexadecimal: what the new blob's id must be
    uint64_t line = 0;                    // patch line to name
  };

  Draft(Job& job, TreeView& base) : job_(job), base_(base) {}

  // A file after the patch. False with a fault when a rule forbids it. A second change of a path
  // replaces the first one (whether that may be is the caller's to know).
  Result<bool> put(Out out);
  // The file is gone. A rename's source is removed without a report of its own.
  Result<bool> remove(const std::string& path, const Entry& before, uint64_t line, bool report);

  // Contents of a file put before, null when its path was not put or its contents are unchanged.
  const Out* find(const std::string& path) const;
  bool is_removed(const std::string& path) const { return removed_.count(path) > 0; }

  // Paths that the patch declares to be symlinks after it, and such that it takes away; they hold
  // for writes below them before their own turn comes.
  void keep_symlink(const std::string& path) { kept_symlinks_.insert(path); }
  void drop_symlink(const std::string& path) { dropped_symlinks_.insert(path); }

  struct Done {
    Oid tree;
    std::vector<wire::FileReport> files;
    std::vector<FileChange> changes;
  };
  // Writes blobs and trees. Nothing when there is a fault.
  Result<std::optional<Done>> write();

 private:
  Result<bool> behind_symlink(const std::string& path, bool& behind);
  bool take_path(const std::string& path, uint64_t line);
  Result<bool> check_symlink(const Out& out);
  Result<bool> flush();

  static constexpr size_t kPendingBytesMax = 32u << 20;

  Job& job_;
  TreeView& base_;
  std::vector<std::string> order_;      // paths in the order of the patch
  std::map<std::string, Out> outs_;     // files after the patch
  std::map<std::string, Out> removed_;  // files gone; `before` is set
  std::set<std::string> silent_;        // removals without a report
  std::set<std::string> kept_symlinks_, dropped_symlinks_;
  std::vector<std::string> pending_;  // paths with contents not yet in the store
  size_t pending_bytes_ = 0;
  size_t path_parts_ = 0;
};

}  // namespace ghost::patch
