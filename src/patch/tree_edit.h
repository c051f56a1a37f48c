// A base tree read only where a patch looks, and the new tree written only along changed paths.
// One thread; the store must outlive it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "patch/fault.h"
#include "patch/object_store.h"

namespace ghost::patch {

struct Entry {
  uint32_t mode = 0;
  Oid oid;
  bool operator==(const Entry&) const = default;
};

// Reads of one base tree; each folder is read once.
class TreeView {
 public:
  TreeView(ObjectStore& store, const Oid& root) : store_(store), root_(root) {}

  // The file, symlink or gitlink at `path`, with its mode as git's index has it; nothing for a
  // folder or a missing path. Errors are the store's.
  Result<std::optional<Entry>> find(std::string_view path);
  // Entries of a folder ("" is the root), null when there is none.
  Result<const std::vector<TreeEntry>*> folder(const std::string& path);
  const Oid& root() const { return root_; }

 private:
  Result<const std::vector<TreeEntry>*> read(const std::string& path, const Oid& oid);

  ObjectStore& store_;
  Oid root_;
  std::unordered_map<std::string, std::unique_ptr<std::vector<TreeEntry>>> folders_;
};

// The entry of that name in a folder's entries, null when there is none.
const TreeEntry* find_entry(const std::vector<TreeEntry>& entries, std::string_view name);

// Changes by path. As in git's index, removals come first: a path that is both removed and put
// is put.
class TreeEdit {
 public:
  void remove(std::string_view path);
  void put(std::string_view path, const Entry& entry, uint64_t patch_line);

  // Writes the new trees along the changed paths and gives the new root. Adds a fault, and gives
  // nothing, when a path would be both file and folder, or when a name that was not there before
  // folds to the same name as another one beside it.
  Result<std::optional<Oid>> write(ObjectStore& store, TreeView& base, Faults& faults);

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    bool removed = false;
    std::optional<Entry> entry;
    uint64_t line = 0;
  };
  struct Walk;
  Node& node(std::string_view path);
  Node root_;
};

}  // namespace ghost::patch
