#include "patch/tree_edit.h"

#include <algorithm>

#include "base/check.h"
#include "patch/path_rules.h"

namespace ghost::patch {
namespace {

// git's order of entries: a folder's name counts as if it ended in '/'.
int compare_names(std::string_view a, bool a_tree, std::string_view b, bool b_tree) {
  const size_t common = std::min(a.size(), b.size());
  if (const int order = a.substr(0, common).compare(b.substr(0, common))) return order;
  const auto next = [&](std::string_view name, bool tree) {
    return name.size() > common ? static_cast<unsigned char>(name[common]) : (tree ? '/' : '\0');
  };
  return int{next(a, a_tree)} - int{next(b, b_tree)};
}

// Modes as git's index rounds them.
uint32_t index_mode(uint32_t mode) {
  if ((mode & 0170000) != 0100000) return mode;
  return mode & 0100 ? kModeExecutable : kModeFile;
}

}  // namespace

const TreeEntry* find_entry(const std::vector<TreeEntry>& entries, std::string_view name) {
  for (const bool tree : {false, true}) {
    const auto it = std::lower_bound(
        entries.begin(), entries.end(), name, [tree](const TreeEntry& e, std::string_view n) {
          return compare_names(e.name, e.mode == kModeTree, n, tree) < 0;
        });
    if (it != entries.end() && it->name == name) return &*it;
  }
  return nullptr;
}

Result<const std::vector<TreeEntry>*> TreeView::read(const std::string& path, const Oid& oid) {
  auto entries = store_.read_tree(oid);
  if (!entries) return entries.error();
  auto owned = std::make_unique<std::vector<TreeEntry>>(std::move(*entries));
  const std::vector<TreeEntry>* kept = owned.get();
  folders_.emplace(path, std::move(owned));
  return kept;
}

// From the top down, as far as there are folders: a long path below nothing costs nothing.
Result<const std::vector<TreeEntry>*> TreeView::folder(const std::string& path) {
  if (const auto it = folders_.find(path); it != folders_.end()) return it->second.get();
  const auto root = folders_.find("");
  auto at = root != folders_.end() ? Result<const std::vector<TreeEntry>*>(root->second.get())
                                   : read("", root_);
  for (size_t begin = 0; at && *at && begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string folder = path.substr(0, end);
    if (const auto it = folders_.find(folder); it != folders_.end()) {
      at = it->second.get();
    } else {
      const TreeEntry* entry = find_entry(**at, folder.substr(begin));
      if (!entry || entry->mode != kModeTree) {
        return static_cast<const std::vector<TreeEntry>*>(nullptr);
      }
      at = read(folder, entry->oid);
    }
    begin = end + 1;
  }
  return at;
}

Result<std::optional<Entry>> TreeView::find(std::string_view path) {
  const size_t slash = path.rfind('/');
  auto entries = folder(slash == path.npos ? std::string() : std::string(path.substr(0, slash)));
  if (!entries) return entries.error();
  if (!*entries) return std::optional<Entry>();
  const TreeEntry* entry =
      find_entry(**entries, slash == path.npos ? path : path.substr(slash + 1));
  if (!entry || entry->mode == kModeTree) return std::optional<Entry>();
  return std::optional<Entry>(Entry{index_mode(entry->mode), entry->oid});
}

TreeEdit::Node& TreeEdit::node(std::string_view path) {
  Node* at = &root_;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    auto it = at->children.find(part);
    if (it == at->children.end()) {
      it = at->children.emplace(std::string(part), std::make_unique<Node>()).first;
    }
    at = it->second.get();
    begin = end + 1;
  }
  return *at;
}

void TreeEdit::remove(std::string_view path) {
  node(path).removed = true;
}

void TreeEdit::put(std::string_view path, const Entry& entry, uint64_t patch_line) {
  Node& n = node(path);
  n.entry = entry;
  n.line = patch_line;
}

// One write. Paths are at most 4,095 bytes, which bounds the recursion.
struct TreeEdit::Walk {
  ObjectStore& store;
  TreeView& base;
  Faults& faults;
  bool failed = false;

  // The folder's new tree; nothing when it is empty (or after a fault).
  Result<std::optional<Oid>> folder(const std::string& path, const Node& node, bool is_root);
  // The child's new entry; nothing when it is gone.
  Result<std::optional<Entry>> child(const std::string& path, const Node& node,
                                     const TreeEntry* old);
  void check_folds(const std::string& path, const std::vector<TreeEntry>& entries,
                   const std::vector<std::pair<std::string_view, uint64_t>>& fresh);
};

// The patch line of something put below a node.
template <typename Node>
static uint64_t any_line(const Node& node) {
  if (node.entry) return node.line;
  for (const auto& [name, child] : node.children) {
    if (const uint64_t line = any_line(*child)) return line;
  }
  return 0;
}

Result<std::optional<Entry>> TreeEdit::Walk::child(const std::string& path, const Node& node,
                                                   const TreeEntry* old) {
  const auto conflict = [&](uint64_t line) -> Result<std::optional<Entry>> {
    failed = true;
    faults.add(misfit("file_and_folder", path, line,
                      show_path(path) + ": would be both a file and a folder"));
    return std::optional<Entry>();
  };
  const bool old_is_tree = old && old->mode == kModeTree;
  std::optional<Entry> file = node.entry;
  if (!file && old && !old_is_tree && !node.removed) file = Entry{old->mode, old->oid};
  if (node.children.empty()) {
    if (file && old_is_tree) return conflict(node.line);
    if (file || !old_is_tree) return file;
    return std::optional<Entry>(Entry{old->mode, old->oid});
  }
  auto tree = folder(path, node, false);
  if (!tree) return tree.error();
  if (*tree && file) return conflict(any_line(node));
  if (*tree) return std::optional<Entry>(Entry{kModeTree, **tree});
  return file;
}

void TreeEdit::Walk::check_folds(const std::string& path, const std::vector<TreeEntry>& entries,
                                 const std::vector<std::pair<std::string_view, uint64_t>>& fresh) {
  if (fresh.empty()) return;
  std::unordered_map<std::string, std::string_view> folded;
  folded.reserve(entries.size());
  std::unordered_map<std::string_view, uint64_t> lines(fresh.begin(), fresh.end());
  for (const TreeEntry& entry : entries) {
    const auto [it, first] = folded.emplace(fold_name(entry.name), entry.name);
    if (first) continue;
    const bool this_fresh = lines.count(entry.name) > 0, other_fresh = lines.count(it->second) > 0;
    if (!this_fresh && !other_fresh) continue;  // the base had both already
    // Of two new names the one that comes later in the patch is at fault.
    const bool this_one = this_fresh && (!other_fresh || lines[entry.name] >= lines[it->second]);
    const std::string_view name = this_one ? std::string_view(entry.name) : it->second;
    const std::string_view other = this_one ? it->second : std::string_view(entry.name);
    const std::string full = path.empty() ? std::string(name) : path + "/" + std::string(name);
    failed = true;
    faults.add(refusal("case_collision", full, lines[name],
                       show_path(full) + ": folds to the same name as " + show_path(other) +
                           " beside it on systems that ignore case"));
  }
}

Result<std::optional<Oid>> TreeEdit::Walk::folder(const std::string& path, const Node& node,
                                                  bool is_root) {
  auto listed = base.folder(path);
  if (!listed) return listed.error();
  static const std::vector<TreeEntry> kNone;
  const std::vector<TreeEntry>& old = *listed ? **listed : kNone;
  // Changed in place, so that they mostly stay in git's order.
  std::vector<TreeEntry> entries;
  entries.reserve(old.size() + node.children.size());
  entries = old;
  std::vector<std::pair<std::string_view, uint64_t>> fresh;
  bool changed = false, gone = false;
  for (const auto& [name, sub] : node.children) {
    const TreeEntry* before = find_entry(old, name);
    auto after = child(path.empty() ? name : path + "/" + name, *sub, before);
    if (!after) return after.error();
    if (failed) return std::optional<Oid>();
    changed |= before ? !*after || (*after)->mode != before->mode || (*after)->oid != before->oid
                      : after->has_value();
    if (!before && *after) {
      entries.push_back({name, (*after)->mode, (*after)->oid});
      fresh.emplace_back(name, any_line(*sub));
    } else if (before) {
      TreeEntry& entry = entries[static_cast<size_t>(before - old.data())];
      entry.mode = *after ? (*after)->mode : 0;
      if (*after) entry.oid = (*after)->oid;
      gone |= !*after;
    }
  }
  if (gone) std::erase_if(entries, [](const TreeEntry& e) { return e.mode == 0; });
  check_folds(path, entries, fresh);
  if (failed || (entries.empty() && !is_root)) return std::optional<Oid>();
  if (!changed && is_root) return std::optional<Oid>(base.root());
  auto oid = store.write_tree(entries);
  if (!oid) return oid.error();
  return std::optional<Oid>(*oid);
}

Result<std::optional<Oid>> TreeEdit::write(ObjectStore& store, TreeView& base, Faults& faults) {
  Walk walk{store, base, faults};
  auto oid = walk.folder("", root_, true);
  if (!oid) return oid.error();
  if (walk.failed) return std::optional<Oid>();
  return *oid;
}

}  // namespace ghost::patch
