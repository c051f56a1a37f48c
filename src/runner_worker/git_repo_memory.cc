// libgit2 itself: started once, and given the objects that are in memory alone.
#include <mutex>

#include "base/check.h"
#include "runner_worker/git_repo_impl.h"

namespace ghost::runner {
namespace {

int memory_read(void** out, size_t* size, git_object_t* type, git_odb_backend* backend,
                const git_oid* oid) {
  const MemoryObject* object = MemoryBackend::of(backend)->find(from_git(*oid));
  if (!object) return GIT_ENOTFOUND;
  // One byte more: libgit2's parsers of trees and commits look at the terminator.
  *out = git_odb_backend_data_alloc(backend, object->bytes.size() + 1);
  if (!*out) return -1;
  std::memcpy(*out, object->bytes.data(), object->bytes.size());
  static_cast<char*>(*out)[object->bytes.size()] = '\0';
  *size = object->bytes.size();
  *type = object->type;
  return 0;
}

int memory_read_header(size_t* size, git_object_t* type, git_odb_backend* backend,
                       const git_oid* oid) {
  const MemoryObject* object = MemoryBackend::of(backend)->find(from_git(*oid));
  if (!object) return GIT_ENOTFOUND;
  *size = object->bytes.size();
  *type = object->type;
  return 0;
}

int memory_exists(git_odb_backend* backend, const git_oid* oid) {
  return MemoryBackend::of(backend)->find(from_git(*oid)) ? 1 : 0;
}

int memory_write(git_odb_backend* backend, const git_oid* oid, const void* data, size_t size,
                 git_object_t type) {
  MemoryBackend::of(backend)->put(from_git(*oid), {static_cast<const char*>(data), size}, type);
  return 0;
}

void memory_free(git_odb_backend* backend) {
  delete MemoryBackend::of(backend);
}

}  // namespace

MemoryBackend::MemoryBackend() {
  git_odb_init_backend(&parent, GIT_ODB_BACKEND_VERSION);
  parent.read = memory_read;
  parent.read_header = memory_read_header;
  parent.exists = memory_exists;
  parent.write = memory_write;
  parent.free = memory_free;
}

Error git_failure(const std::string& what) {
  const git_error* e = git_error_last();
  return {"git_error", what + ": " + (e && e->message ? e->message : "unknown error"), {}};
}

void start_git_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    GHOST_CHECK(git_libgit2_init() > 0);
    for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                            GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    }
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // The cache would go on answering for objects that forget_new() dropped.
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
    // Otherwise whole packs stay mapped, and with them in memory.
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, size_t{4} << 20);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, size_t{16} << 20);
    // As git: zlib's checksum tells damage, and hashing each object read costs more than reading.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  });
}

}  // namespace ghost::runner
