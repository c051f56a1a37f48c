#include "broker/gather_vfs.h"

#include <sqlite3.h>

#include <cstddef>
#include <memory>
#include <string>

#include "base/check.h"
#include "broker/sync_thread.h"

namespace ghost::broker {
namespace {

// SQLite's unix VFS takes but the low 17 bits of a size: of 128 KiB it writes nothing, and says
// that the disk is full.
constexpr size_t kGatheredMax = 120 << 10;
constexpr const char* kName = "ghost-gathering";

sqlite3_vfs* below = nullptr;

// The syncs of a database: of its file and of its log.
struct Syncs {
  SyncThread thread;
  bool beside = false;
  int failed = SQLITE_OK;  // for good: what a failed sync has lost is not known
};

struct Gathered {
  std::unique_ptr<std::max_align_t[]> memory;  // of the file below
  std::shared_ptr<Syncs> syncs;
  bool is_database = false;
  std::string bytes;       // to be written
  sqlite3_int64 from = 0;  // where
  bool synced = false;     // and not written since
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory.get()); }
};

struct File {
  sqlite3_file base;
  Gathered* gathered;
};

Gathered& gathered_of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file)->gathered;
}

// Waits for a sync that goes on.
int settle(Syncs& syncs) {
  if (syncs.thread.goes_on()) {
    const int code = syncs.thread.wait();
    if (syncs.failed == SQLITE_OK) syncs.failed = code;
  }
  return syncs.failed;
}

// Then it is all the file's below.
int flush(Gathered& g) {
  if (g.bytes.empty()) return SQLITE_OK;
  if (const int code = settle(*g.syncs); code != SQLITE_OK) return code;
  g.synced = false;
  const int code = g.file()->pMethods->xWrite(g.file(), g.bytes.data(),
                                              static_cast<int>(g.bytes.size()), g.from);
  g.bytes.clear();
  return code;
}

// The call of the file below, after what was gathered.
template <auto Method, typename... Args>
int flushed(sqlite3_file* file, Args... args) {
  Gathered& g = gathered_of(file);
  const int code = flush(g);
  return code != SQLITE_OK ? code : (g.file()->pMethods->*Method)(g.file(), args...);
}
template <auto Method, typename... Args>
int direct(sqlite3_file* file, Args... args) {
  Gathered& g = gathered_of(file);
  return (g.file()->pMethods->*Method)(g.file(), args...);
}

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  Gathered& g = gathered_of(file);
  const auto n = static_cast<size_t>(size);
  const bool goes_on = at == g.from + static_cast<sqlite3_int64>(g.bytes.size());
  if (!g.bytes.empty() && (!goes_on || g.bytes.size() + n > kGatheredMax)) {
    if (const int code = flush(g); code != SQLITE_OK) return code;
  }
  if (g.bytes.empty()) g.from = at;
  g.bytes.append(static_cast<const char*>(data), n);
  return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  Gathered& g = gathered_of(file);
  if (const int code = flush(g); code != SQLITE_OK) return code;
  if (const int code = settle(*g.syncs); code != SQLITE_OK) return code;
  g.synced = false;
  return g.file()->pMethods->xTruncate(g.file(), size);
}

int sync(sqlite3_file* file, int flags) {
  Gathered& g = gathered_of(file);
  if (const int code = flush(g); code != SQLITE_OK) return code;
  if (const int code = settle(*g.syncs); code != SQLITE_OK) return code;
  if (g.synced) return SQLITE_OK;
  const auto sync_below = [f = g.file(), flags] { return f->pMethods->xSync(f, flags); };
  if (g.is_database && g.syncs->beside) {
    g.syncs->thread.begin(sync_below);
    g.synced = true;
    return SQLITE_OK;
  }
  const int code = sync_below();
  g.synced = code == SQLITE_OK;
  return code;
}

int close(sqlite3_file* file) {
  Gathered* g = &gathered_of(file);
  const int wrote = flush(*g);
  const int synced = settle(*g->syncs);
  const int code = g->file()->pMethods->xClose(g->file());
  delete g;
  file->pMethods = nullptr;
  return wrote != SQLITE_OK ? wrote : synced != SQLITE_OK ? synced : code;
}

using Methods = sqlite3_io_methods;
const Methods kFile = {1,  // no shared memory, no mapping
                       close,
                       flushed<&Methods::xRead, void*, int, sqlite3_int64>,
                       write,
                       truncate,
                       sync,
                       flushed<&Methods::xFileSize, sqlite3_int64*>,
                       direct<&Methods::xLock, int>,
                       direct<&Methods::xUnlock, int>,
                       direct<&Methods::xCheckReservedLock, int*>,
                       direct<&Methods::xFileControl, int, void*>,
                       direct<&Methods::xSectorSize>,
                       direct<&Methods::xDeviceCharacteristics>,
                       nullptr,
                       nullptr,
                       nullptr,
                       nullptr,
                       nullptr,
                       nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  constexpr size_t kUnit = sizeof(std::max_align_t);
  auto g = std::make_unique<Gathered>();
  const size_t units = (static_cast<size_t>(below->szOsFile) + kUnit - 1) / kUnit;
  g->memory = std::make_unique<std::max_align_t[]>(units);
  const int code = below->xOpen(below, name, g->file(), flags, out_flags);
  if (g->file()->pMethods == nullptr) return code;
  g->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  g->syncs = (flags & SQLITE_OPEN_WAL) != 0 ? gathered_of(sqlite3_database_file_object(name)).syncs
                                            : std::make_shared<Syncs>();
  reinterpret_cast<File*>(file)->gathered = g.release();
  file->pMethods = &kFile;  // closed by SQLite, also after an error
  return code;
}

Syncs& syncs_of(sqlite3* db) {
  sqlite3_file* file = nullptr;
  GHOST_CHECK(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK);
  GHOST_CHECK(file->pMethods == &kFile);
  return *gathered_of(file).syncs;
}

}  // namespace

const char* gathering_vfs() {
  static sqlite3_vfs vfs;
  sqlite3_vfs* const now = sqlite3_vfs_find(nullptr);
  GHOST_CHECK(now != nullptr && now != &vfs);
  if (below == now) return kName;
  if (below != nullptr) sqlite3_vfs_unregister(&vfs);
  below = now;
  vfs = *now;  // paths, locks on them, clock and random numbers are its
  vfs.zName = kName;
  vfs.pNext = nullptr;
  vfs.szOsFile = sizeof(File);
  vfs.xOpen = open;
  GHOST_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
  return kName;
}

int sync_beside(sqlite3* db, bool on) {
  Syncs& syncs = syncs_of(db);
  syncs.beside = on && syncs.thread.start();
  return settle(syncs);
}

int failed_sync(sqlite3* db) {
  Syncs& syncs = syncs_of(db);
  return syncs.thread.is_done() ? settle(syncs) : syncs.failed;
}

}  // namespace ghost::broker
