// Git objects in process: one open repository that is only read, and in memory, before it, the new
// objects of one job. Sole owner of libgit2. One thread at a time; open as many as there are jobs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "patch/object_store.h"

namespace ghost::runner {

using patch::Oid;

struct CommitInfo {
  Oid tree;
  std::vector<Oid> parents;
  std::string author, committer;  // "Name <mail> 1700000000 +0000"
  std::string message;
  int64_t committer_s = 0;
};

// One file that two trees have differently; mode 0 in `after`: it is gone.
struct TreeChange {
  std::string path;
  uint32_t mode_before = 0, mode = 0;
  Oid before, after;
};

// A file or folder of a tree walk; `path` is relative to the root.
using TreeVisitor = std::function<Status(const std::string& path, const patch::TreeEntry& entry)>;

class GitRepo : public patch::ObjectStore {
 public:
  // Opens a repository's git folder; nothing of it is executed or written. Error codes: not_found,
  // git_error, bad_config (SHA-256 objects, which are not taken).
  static Result<std::unique_ptr<GitRepo>> open(const std::string& git_dir);
  ~GitRepo() override;
  const std::string& git_dir() const;
  uint64_t inode() const;  // of that folder as it was opened
  GitRepo(const GitRepo&) = delete;
  GitRepo& operator=(const GitRepo&) = delete;

  // New objects stay in memory until forget_new(). Error codes of reads: not_found (the object is
  // not there, or of another kind), git_error (it cannot be read), too_large.
  Result<std::vector<patch::TreeEntry>> read_tree(const Oid& oid) override;
  Result<Blob> read_blob(const Oid& oid, size_t bytes_max) override;
  bool has_blob(const Oid& oid) override;
  Result<std::optional<Oid>> find_blob(std::string_view hex_prefix) override;
  Result<Oid> write_blob(std::string_view bytes) override;
  Result<Oid> write_tree(const std::vector<patch::TreeEntry>& entries) override;
  // `text` is the whole commit object.
  Result<Oid> write_commit(const std::string& text);
  static Oid commit_id(const std::string& text);
  void forget_new();
  size_t new_bytes() const;
  // Writes the new objects as loose ones into an objects folder (made by git init).
  Status export_new(const std::string& objects_dir) const;

  bool has_commit(const Oid& oid);
  Result<CommitInfo> read_commit(const Oid& oid);
  // Where a ref points, tags peeled to their commit; nothing when it does not exist or is no
  // commit. `name` is full ("refs/heads/main") or "HEAD".
  std::optional<Oid> read_ref(const std::string& name);
  // The commit that begins with 4 to 40 hex digits, a tag's id peeled. Error codes not_found,
  // conflict (more than one).
  Result<Oid> find_commit(const std::string& hex_prefix);

  // Depth first, entries in git's order, which is also the order of an index. Trees are visited
  // before what they hold; `enter` (may be null) says whether to go into one.
  Status walk(const Oid& tree, const TreeVisitor& visit,
              const std::function<bool(const std::string& path)>& enter = nullptr);

  // Files that differ between two trees, folders gone into; removals first, deepest first. Error
  // code too_large when there are more than `count_max`.
  Result<std::vector<TreeChange>> changes(const Oid& from_tree, const Oid& to_tree,
                                          size_t count_max = SIZE_MAX);

  // Is `commit` the same as `tip` or one of those it builds on?
  Result<bool> is_ancestor(const Oid& commit, const Oid& tip);

  // What stands at `path`; nothing when there is nothing.
  Result<std::optional<patch::TreeEntry>> find_path(const Oid& tree, const std::string& path);

  // Full-index binary diff, without rename detection: `git apply` and Ghost's engine both take it
  // back to the same tree. Error code too_large.
  Result<Blob> diff(const Oid& from_tree, const Oid& to_tree, size_t bytes_max);

 private:
  Result<Oid> tree_of(const std::vector<std::pair<std::string, patch::TreeEntry>>& files);

  struct Impl;
  explicit GitRepo(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The id that `bytes` have as a blob.
Oid blob_oid(std::string_view bytes);

// An index file made from nothing (gitformat-index(5)): entries in order, each with the stat data
// of its file, so that git need not read the files again.
struct IndexEntry {
  std::string path;
  uint32_t mode = 0;
  Oid oid;
  uint64_t size_bytes = 0;
  int64_t mtime_s = 0;
};
Status write_index(const std::string& index_path, const std::vector<IndexEntry>& entries);
Result<std::vector<IndexEntry>> read_index(const std::string& index_path);

}  // namespace ghost::runner
