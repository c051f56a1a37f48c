// What the sources of GitRepo share; nobody else includes it.
#pragma once

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runner_worker/git_repo.h"

namespace ghost::runner {

struct OidHash {
  size_t operator()(const Oid& o) const {
    size_t h;
    std::memcpy(&h, o.raw.data(), sizeof h);
    return h;
  }
};

struct MemoryObject {
  git_object_t type;
  std::string bytes;
};

inline Oid from_git(const git_oid& g) {
  Oid o;
  std::memcpy(o.raw.data(), g.id, 20);
  return o;
}
inline git_oid to_git(const Oid& o) {
  git_oid g;
  std::memcpy(g.id, o.raw.data(), 20);
  return g;
}

// What libgit2 said last on this thread.
Error git_failure(const std::string& what);
// Before any other call of the library; any number of times.
void start_git_library();

// The first place that libgit2 looks for objects and the only one that it writes to: the store
// under it never changes by our hand.
struct MemoryBackend {
  MemoryBackend();
  git_odb_backend parent{};
  std::unordered_map<Oid, MemoryObject, OidHash> objects;
  size_t bytes = 0;
  // Blobs of the store that were read: a diff reads those that its patch was placed in, and jobs of
  // a base often touch the same files. In a large pack one costs a tenth of a millisecond.
  static constexpr size_t kReadBytesMax = 2 << 20;
  std::unordered_map<Oid, MemoryObject, OidHash> read;
  size_t read_bytes = 0;

  static MemoryBackend* of(git_odb_backend* b) { return reinterpret_cast<MemoryBackend*>(b); }
  const MemoryObject* find_new(const Oid& oid) const {
    const auto it = objects.find(oid);
    return it == objects.end() ? nullptr : &it->second;
  }
  const MemoryObject* find(const Oid& oid) const {
    if (const MemoryObject* made = find_new(oid)) return made;
    const auto it = read.find(oid);
    return it == read.end() ? nullptr : &it->second;
  }
  void keep_read(const Oid& oid, const std::string& blob) {
    const size_t cost = blob.size() + 128;  // with its place
    if (cost > kReadBytesMax / 8) return;
    read_bytes += cost;
    if (read_bytes > kReadBytesMax) {
      read.clear();
      read_bytes = cost;
    }
    read.try_emplace(oid, MemoryObject{GIT_OBJECT_BLOB, blob});
  }
  void put(const Oid& oid, std::string_view data, git_object_t type) {
    const auto [it, fresh] = objects.try_emplace(oid, MemoryObject{type, std::string(data)});
    if (fresh) bytes += data.size();
  }
};

template <typename T, void (*Free)(T*)>
struct Handle {
  T* p = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (p) Free(p);
  }
};
using OdbObject = Handle<git_odb_object, git_odb_object_free>;
using TreeHandle = Handle<git_tree, git_tree_free>;
using DiffHandle = Handle<git_diff, git_diff_free>;
using ObjectHandle = Handle<git_object, git_object_free>;
using RefHandle = Handle<git_reference, git_reference_free>;
using CommitHandle = Handle<git_commit, git_commit_free>;
using IndexHandle = Handle<git_index, git_index_free>;
using OdbHandle = Handle<git_odb, git_odb_free>;

struct GitRepo::Impl {
  std::string git_dir;
  uint64_t inode = 0;
  git_repository* repo = nullptr;
  git_odb* odb = nullptr;
  MemoryBackend* memory = nullptr;  // owned by odb
  // Trees of the repository as they were read: the jobs of a base ask for the same ones.
  static constexpr size_t kKeptEntriesMax = 100'000;  // some 10 MB
  std::unordered_map<Oid, std::vector<patch::TreeEntry>, OidHash> trees;
  size_t kept_entries = 0;

  ~Impl() {
    if (odb) git_odb_free(odb);
    if (repo) git_repository_free(repo);
  }

  void keep_tree(const Oid& oid, const std::vector<patch::TreeEntry>& entries) {
    if (entries.size() > kKeptEntriesMax / 8) return;
    kept_entries += entries.size() + 1;
    if (kept_entries > kKeptEntriesMax) {
      trees.clear();
      kept_entries = entries.size() + 1;
    }
    trees.emplace(oid, entries);
  }

  // Not by git_odb_write: before it writes an object it looks for it in every pack, and when it
  // finds none reads the folders of packs anew. That costs more than all else, and more in deep
  // trees.
  Result<Oid> write(std::string_view bytes, git_object_t type) {
    git_oid oid;
    if (git_odb_hash(&oid, bytes.data(), bytes.size(), type) != 0) {
      return git_failure("write object");
    }
    memory->put(from_git(oid), bytes, type);
    return from_git(oid);
  }
};

}  // namespace ghost::runner
