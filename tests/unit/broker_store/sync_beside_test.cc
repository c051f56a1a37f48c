// The sync that ends a checkpoint goes on beside the caller: nothing is written to log or file
// before it is done, and its error is not lost. Below the gathering VFS stands one that tells what
// reaches the files, and holds a sync of the database until it is let go.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/gather_vfs.h"
#include "broker/sync_thread.h"

namespace ghost::broker {
namespace {

struct Below {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> done;  // "write log", "sync file", ...
  bool holds = false;             // syncs of the database
  bool fails = false;
  bool waits = false;  // a sync is held

  void note(const std::string& what) {
    const std::lock_guard lock(mutex);
    done.push_back(what);
    changed.notify_all();
  }
  int sync_file() {
    std::unique_lock lock(mutex);
    waits = true;
    changed.notify_all();
    changed.wait(lock, [this] { return !holds; });
    waits = false;
    done.push_back(fails ? "fail file" : "sync file");
    return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    holds = false;
    changed.notify_all();
  }
  void await_held() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return waits; });
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(done, {});
  }
};
Below below;

sqlite3_vfs* unix_vfs = nullptr;

struct File {
  sqlite3_file base;
  bool is_log;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* self(sqlite3_file* file) {
  return reinterpret_cast<File*>(file);
}
template <auto Method, typename... Args>
int through(sqlite3_file* file, Args... args) {
  return (self(file)->real()->pMethods->*Method)(self(file)->real(), args...);
}
int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  below.note(self(file)->is_log ? "write log" : "write file");
  return through<&sqlite3_io_methods::xWrite>(file, data, size, at);
}
int sync(sqlite3_file* file, int flags) {
  if (!self(file)->is_log) return below.sync_file();
  below.note("sync log");
  return through<&sqlite3_io_methods::xSync>(file, flags);
}

using Methods = sqlite3_io_methods;
const Methods kMethods = {1,
                          through<&Methods::xClose>,
                          through<&Methods::xRead, void*, int, sqlite3_int64>,
                          write,
                          through<&Methods::xTruncate, sqlite3_int64>,
                          sync,
                          through<&Methods::xFileSize, sqlite3_int64*>,
                          through<&Methods::xLock, int>,
                          through<&Methods::xUnlock, int>,
                          through<&Methods::xCheckReservedLock, int*>,
                          through<&Methods::xFileControl, int, void*>,
                          through<&Methods::xSectorSize>,
                          through<&Methods::xDeviceCharacteristics>,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  file->pMethods = nullptr;
  self(file)->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  const int code = unix_vfs->xOpen(unix_vfs, name, self(file)->real(), flags, out);
  if (code == SQLITE_OK) file->pMethods = &kMethods;
  return code;
}

class SyncBeside : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    static sqlite3_vfs vfs;
    unix_vfs = sqlite3_vfs_find(nullptr);
    vfs = *unix_vfs;
    vfs.zName = "telling";
    vfs.pNext = nullptr;
    vfs.szOsFile = static_cast<int>(sizeof(File)) + unix_vfs->szOsFile;
    vfs.xOpen = open;
    ASSERT_EQ(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
  }
  void SetUp() override {
    char name[] = "/tmp/ghost-beside-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    dir_ = name;
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    ASSERT_EQ(sqlite3_open_v2((dir_ + "/db").c_str(), &db_, kFlags, gathering_vfs()), SQLITE_OK);
    run("PRAGMA locking_mode = EXCLUSIVE");
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = FULL");
    run("PRAGMA wal_autocheckpoint = 0");
    run("CREATE TABLE t(x)");
    ASSERT_EQ(checkpoint(), SQLITE_OK);
    ASSERT_EQ(sync_beside(db_, true), SQLITE_OK);
    (void)below.take();
  }
  void TearDown() override {
    below.let_go();
    below.fails = false;
    (void)sync_beside(db_, false);
    sqlite3_close(db_);
    std::filesystem::remove_all(dir_);
  }
  int try_to(const char* sql) { return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); }
  void run(const char* sql) { ASSERT_EQ(try_to(sql), SQLITE_OK) << sql; }
  int checkpoint() {
    return sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  void checkpoint_with_held_sync() {
    run("INSERT INTO t VALUES(1)");
    below.holds = true;  // no sync goes on
    ASSERT_EQ(checkpoint(), SQLITE_OK);
    below.await_held();
    (void)below.take();
  }
  size_t rows() {
    size_t n = 0;
    const auto count = [](void* to, int, char** values, char**) {
      *static_cast<size_t*>(to) = std::strtoul(values[0], nullptr, 10);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, "SELECT count(*) FROM t", count, &n, nullptr), SQLITE_OK);
    return n;
  }

  std::string dir_;
  sqlite3* db_ = nullptr;
};

TEST_F(SyncBeside, ReadsGoOnAndTheNextCommitWaits) {
  checkpoint_with_held_sync();
  EXPECT_EQ(rows(), 1u);
  EXPECT_EQ(failed_sync(db_), SQLITE_OK);
  EXPECT_EQ(below.take(), std::vector<std::string>());
  // Let go once the commit has written, which it must not, or has had the time to.
  std::thread patient([] {
    std::unique_lock lock(below.mutex);
    below.changed.wait_for(lock, std::chrono::milliseconds(50), [] { return !below.done.empty(); });
    below.holds = false;
    below.changed.notify_all();
  });
  run("INSERT INTO t VALUES(2)");
  patient.join();
  const std::vector<std::string> done = below.take();
  ASSERT_GE(done.size(), 3u);
  EXPECT_EQ(done[0], "sync file");
  EXPECT_EQ(done[1], "write log");
  EXPECT_EQ(done.back(), "sync log");
}

TEST_F(SyncBeside, WhatFailedFailsTheNextCommitAndAllAfterIt) {
  checkpoint_with_held_sync();
  below.fails = true;
  below.let_go();
  EXPECT_NE(try_to("INSERT INTO t VALUES(2)"), SQLITE_OK);
  below.fails = false;
  EXPECT_NE(try_to("INSERT INTO t VALUES(3)"), SQLITE_OK) << "what is lost stays lost";
  EXPECT_NE(failed_sync(db_), SQLITE_OK);
  for (const std::string& what : below.take()) EXPECT_EQ(what, "fail file");
}

TEST_F(SyncBeside, AFailureIsSeenWithoutACommit) {
  checkpoint_with_held_sync();
  below.fails = true;
  below.let_go();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (failed_sync(db_) == SQLITE_OK && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_NE(failed_sync(db_), SQLITE_OK);
}

TEST_F(SyncBeside, SwitchedOffACheckpointSyncsItself) {
  ASSERT_EQ(sync_beside(db_, false), SQLITE_OK);
  run("INSERT INTO t VALUES(1)");
  ASSERT_EQ(checkpoint(), SQLITE_OK);
  EXPECT_EQ(below.take().back(), "sync file");
}

TEST_F(SyncBeside, WhatIsSyncedIsNotSyncedAgain) {
  ASSERT_EQ(sync_beside(db_, false), SQLITE_OK);
  run("INSERT INTO t VALUES(1)");
  EXPECT_EQ(below.take().back(), "sync log");
  ASSERT_EQ(checkpoint(), SQLITE_OK);
  for (const std::string& what : below.take()) EXPECT_NE(what, "sync log");
}

TEST(SyncThread, GivesEachResultInTurn) {
  SyncThread thread;
  ASSERT_TRUE(thread.start());
  EXPECT_FALSE(thread.goes_on());
  for (int i = 0; i < 1000; ++i) {
    thread.begin([i] { return i; });
    EXPECT_TRUE(thread.goes_on());
    EXPECT_EQ(thread.wait(), i);
    EXPECT_FALSE(thread.goes_on());
    EXPECT_FALSE(thread.is_done());
  }
  thread.begin([] { return 1; });  // its end is waited for
}

}  // namespace
}  // namespace ghost::broker
