#include "patch/memory_store.h"

#include <algorithm>

#include "base/check.h"

namespace ghost::patch {

Result<std::vector<TreeEntry>> MemoryStore::read_tree(const Oid& oid) {
  const auto it = trees_.find(oid.hex());
  if (it == trees_.end()) return Error{"not_found", "no tree " + oid.hex(), ""};
  return it->second;
}

Result<Blob> MemoryStore::read_blob(const Oid& oid, size_t bytes_max) {
  const auto it = blobs_.find(oid.hex());
  if (it == blobs_.end()) return Error{"not_found", "no blob " + oid.hex(), ""};
  if (it->second->size() > bytes_max) return Error{"too_large", "blob " + oid.hex(), ""};
  return it->second;
}

Result<std::optional<Oid>> MemoryStore::find_blob(std::string_view hex_prefix) {
  const auto it = blobs_.lower_bound(std::string(hex_prefix));
  if (hex_prefix.size() < 4 || it == blobs_.end() || !it->first.starts_with(hex_prefix)) {
    return std::optional<Oid>();
  }
  const auto next = std::next(it);
  if (next != blobs_.end() && next->first.starts_with(hex_prefix)) return std::optional<Oid>();
  return std::optional<Oid>(*Oid::parse(it->first));
}

Result<Oid> MemoryStore::write_blob(std::string_view bytes) {
  const Oid oid = object_id("blob", bytes);
  Blob& kept = blobs_[oid.hex()];
  if (!kept) kept = make_blob(std::string(bytes));
  return oid;
}

Result<Oid> MemoryStore::write_tree(const std::vector<TreeEntry>& entries) {
  std::vector<TreeEntry> sorted = entries;
  const auto key = [](const TreeEntry& e) { return e.mode == kModeTree ? e.name + "/" : e.name; };
  std::sort(sorted.begin(), sorted.end(),
            [&](const TreeEntry& a, const TreeEntry& b) { return key(a) < key(b); });
  std::string bytes;
  for (const TreeEntry& e : sorted) {
    char mode[16];
    bytes.append(mode, static_cast<size_t>(std::snprintf(mode, sizeof mode, "%o ", e.mode)));
    bytes += e.name;
    bytes += '\0';
    bytes.append(reinterpret_cast<const char*>(e.oid.raw.data()), e.oid.raw.size());
  }
  const Oid oid = object_id("tree", bytes);
  trees_.emplace(oid.hex(), std::move(sorted));
  return oid;
}

Oid MemoryStore::make_tree(const Files& files) {
  std::vector<TreeEntry> entries;
  std::map<std::string, Files> folders;
  for (const auto& [path, file] : files) {
    const size_t slash = path.find('/');
    if (slash != path.npos) {
      folders[path.substr(0, slash)][path.substr(slash + 1)] = file;
    } else {
      const Oid oid =
          file.mode == kModeGitlink ? *Oid::parse(file.contents) : *write_blob(file.contents);
      entries.push_back({path, file.mode, oid});
    }
  }
  for (const auto& [name, below] : folders) entries.push_back({name, kModeTree, make_tree(below)});
  return *write_tree(entries);
}

void MemoryStore::list_into(const Oid& tree, const std::string& prefix, Files& files) {
  for (const TreeEntry& e : trees_.at(tree.hex())) {
    if (e.mode == kModeTree) {
      list_into(e.oid, prefix + e.name + "/", files);
    } else if (e.mode == kModeGitlink) {
      files[prefix + e.name] = {e.oid.hex(), e.mode};
    } else {
      files[prefix + e.name] = {*blobs_.at(e.oid.hex()), e.mode};
    }
  }
}

MemoryStore::Files MemoryStore::list_tree(const Oid& root) {
  Files files;
  list_into(root, "", files);
  return files;
}

}  // namespace ghost::patch
