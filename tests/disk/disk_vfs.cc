#include "disk_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "base/check.h"
#include "simulated_disk.h"

namespace ghost::disk {
namespace {

struct OpenFile {
  sqlite3_file base;
  Disk* disk;
  int number;
};

std::map<std::string, Disk*>& mounts() {
  static std::map<std::string, Disk*> all;
  return all;
}

Disk* disk_of(const std::string& path) {
  const auto at = mounts().find(path.substr(0, path.rfind('/')));
  GHOST_CHECK(at != mounts().end());
  return at->second;
}

std::string base_name(const char* path) {
  return std::strrchr(path, '/') + 1;
}

OpenFile* self(sqlite3_file* file) {
  return reinterpret_cast<OpenFile*>(file);
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const std::string& bytes = self(file)->disk->bytes(self(file)->number);
  const size_t from = std::min<size_t>(bytes.size(), static_cast<size_t>(offset));
  const size_t have = std::min<size_t>(bytes.size() - from, static_cast<size_t>(size));
  std::memcpy(into, bytes.data() + from, have);
  if (have == static_cast<size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + have, 0, static_cast<size_t>(size) - have);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const bool done =
      self(file)->disk->write(self(file)->number, static_cast<uint64_t>(offset),
                              static_cast<const char*>(from), static_cast<size_t>(size));
  return done ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const bool done = self(file)->disk->truncate(self(file)->number, static_cast<uint64_t>(size));
  return done ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int sync(sqlite3_file* file, int) {
  return self(file)->disk->sync(self(file)->number) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int size(sqlite3_file* file, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>(self(file)->disk->bytes(self(file)->number).size());
  return SQLITE_OK;
}

const sqlite3_io_methods kFile = {1,  // no shared memory: the store is the only one
                                  [](sqlite3_file*) { return SQLITE_OK; },
                                  read,
                                  write,
                                  truncate,
                                  sync,
                                  size,
                                  [](sqlite3_file*, int) { return SQLITE_OK; },
                                  [](sqlite3_file*, int) { return SQLITE_OK; },
                                  [](sqlite3_file*, int* out) {
                                    *out = 0;
                                    return SQLITE_OK;
                                  },
                                  [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
                                  [](sqlite3_file*) { return 4096; },
                                  [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },
                                  nullptr,
                                  nullptr,
                                  nullptr,
                                  nullptr,
                                  nullptr,
                                  nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  OpenFile* opened = self(file);
  opened->base.pMethods = nullptr;
  opened->disk = disk_of(name);
  const bool is_log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  opened->number = opened->disk->open(base_name(name), (flags & SQLITE_OPEN_CREATE) != 0, is_log);
  if (opened->number < 0) return SQLITE_CANTOPEN;
  opened->base.pMethods = &kFile;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs*, const char* name, int sync_directory) {
  return disk_of(name)->unlink(base_name(name), sync_directory != 0) ? SQLITE_OK
                                                                     : SQLITE_IOERR_DELETE;
}

int access(sqlite3_vfs*, const char* name, int, int* out) {
  *out = disk_of(name)->exists(base_name(name)) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

void make_default() {
  static sqlite3_vfs vfs;
  if (vfs.zName != nullptr) return;
  vfs = *sqlite3_vfs_find(nullptr);  // its clock, its random numbers
  vfs.zName = "simulated-disk";
  vfs.szOsFile = sizeof(OpenFile);
  vfs.pNext = nullptr;
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_path;
  vfs.xGetLastError = [](sqlite3_vfs*, int, char*) { return EIO; };
  GHOST_CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

sqlite3* newest = nullptr;

}  // namespace

void mount(const std::string& dir, Disk* disk) {
  make_default();
  if (disk == nullptr) {
    mounts().erase(dir);
  } else {
    GHOST_CHECK(mounts().emplace(dir, disk).second);
  }
}

void remember_databases() {
  const auto note = [](sqlite3* db, const char**, const void*) -> int {
    newest = db;
    return SQLITE_OK;
  };
  int (*entry)(sqlite3*, const char**, const void*) = note;
  GHOST_CHECK(sqlite3_auto_extension(reinterpret_cast<void (*)()>(entry)) == SQLITE_OK);
}

void sync_nothing_now() {
  GHOST_CHECK(newest != nullptr);
  GHOST_CHECK(sqlite3_exec(newest, "PRAGMA synchronous = OFF", nullptr, nullptr, nullptr) ==
              SQLITE_OK);
}

}  // namespace ghost::disk
