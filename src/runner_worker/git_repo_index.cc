// Ids of blobs and index files, for which no repository is needed.
#include "base/check.h"
#include "runner_worker/git_repo_impl.h"

namespace ghost::runner {

Oid blob_oid(std::string_view bytes) {
  start_git_library();
  git_oid oid;
  GHOST_CHECK(git_odb_hash(&oid, bytes.data(), bytes.size(), GIT_OBJECT_BLOB) == 0);
  return from_git(oid);
}

Status write_index(const std::string& index_path, const std::vector<IndexEntry>& entries) {
  start_git_library();
  IndexHandle index;
  if (git_index_open(&index.p, index_path.c_str()) != 0) return git_failure("write index");
  for (const IndexEntry& e : entries) {
    git_index_entry entry{};
    entry.path = e.path.c_str();
    entry.mode = e.mode;
    entry.id = to_git(e.oid);
    entry.file_size = static_cast<uint32_t>(e.size_bytes);
    entry.mtime.seconds = static_cast<int32_t>(e.mtime_s);
    entry.ctime.seconds = static_cast<int32_t>(e.mtime_s);
    if (git_index_add(index.p, &entry) != 0) return git_failure("write index, " + e.path);
  }
  if (git_index_write(index.p) != 0) return git_failure("write index");
  return ok_status();
}

Result<std::vector<IndexEntry>> read_index(const std::string& index_path) {
  start_git_library();
  IndexHandle index;
  if (git_index_open(&index.p, index_path.c_str()) != 0) return git_failure("read index");
  std::vector<IndexEntry> entries;
  const size_t count = git_index_entrycount(index.p);
  entries.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const git_index_entry* e = git_index_get_byindex(index.p, i);
    entries.push_back({e->path, e->mode, from_git(e->id), e->file_size, e->mtime.seconds});
  }
  return entries;
}

}  // namespace ghost::runner
