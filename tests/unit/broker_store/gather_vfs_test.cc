// The gathering VFS against a model of a file: what is read is what was written, and what a sync
// has covered is in the file itself, whatever was written, read and cut off in between.
#include "broker/gather_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>

#include "base/fs.h"

namespace ghost::broker {
namespace {

class GatherVfs : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ghost-gather-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    dir_ = name;
    path_ = dir_ + "/file";
    vfs_ = sqlite3_vfs_find(gathering_vfs());
    ASSERT_NE(vfs_, nullptr);
    ASSERT_NE(vfs_, sqlite3_vfs_find(nullptr)) << "it is nobody's default";
    memory_ = std::make_unique<char[]>(static_cast<size_t>(vfs_->szOsFile));
    open();
  }
  void TearDown() override {
    if (file()->pMethods != nullptr) (void)file()->pMethods->xClose(file());
    std::filesystem::remove_all(dir_);
  }
  void open() {
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;
    name_.reset(sqlite3_create_filename(path_.c_str(), "", "", 0, nullptr));
    ASSERT_EQ(vfs_->xOpen(vfs_, name_.get(), file(), kFlags, nullptr), SQLITE_OK);
  }
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.get()); }
  const sqlite3_io_methods& call() { return *file()->pMethods; }
  void write(size_t at, const std::string& bytes) {
    ASSERT_EQ(call().xWrite(file(), bytes.data(), static_cast<int>(bytes.size()),
                            static_cast<sqlite3_int64>(at)),
              SQLITE_OK);
  }
  std::string on_disk() { return *read_file(path_); }

  std::string dir_, path_;
  sqlite3_vfs* vfs_ = nullptr;
  struct Free {
    void operator()(const char* name) const { sqlite3_free_filename(name); }
  };
  std::unique_ptr<const char, Free> name_;  // the file has it as long as it is open
  std::unique_ptr<char[]> memory_;
};

TEST_F(GatherVfs, WritesWhatGoesOnInOnePieceWhenItIsSynced) {
  write(0, std::string(24, 'h'));
  write(24, std::string(8192, 'p'));
  EXPECT_EQ(on_disk(), "") << "gathered";
  ASSERT_EQ(call().xSync(file(), SQLITE_SYNC_NORMAL), SQLITE_OK);
  EXPECT_EQ(on_disk(), std::string(24, 'h') + std::string(8192, 'p'));
}

TEST_F(GatherVfs, WritesWhatIsLeftWhenItIsClosed) {
  write(0, "left");
  ASSERT_EQ(call().xClose(file()), SQLITE_OK);
  EXPECT_EQ(file()->pMethods, nullptr);
  EXPECT_EQ(on_disk(), "left");
}

// A size of 128 KiB is what SQLite's unix VFS takes for nothing.
TEST_F(GatherVfs, TakesManyPagesThatGoOn) {
  for (const size_t page : {4096u, 8192u, 16384u, 65536u}) {
    std::string all;
    for (size_t i = 0; all.size() < 400'000; ++i) {
      const std::string piece(page, static_cast<char>('a' + i % 26));
      write(all.size(), piece);
      all += piece;
    }
    ASSERT_EQ(call().xSync(file(), SQLITE_SYNC_NORMAL), SQLITE_OK);
    EXPECT_EQ(on_disk(), all) << page;
    ASSERT_EQ(call().xTruncate(file(), 0), SQLITE_OK);
  }
}

TEST_F(GatherVfs, AFailedWriteIsSaidByTheCallThatMakesIt) {
  ASSERT_EQ(call().xClose(file()), SQLITE_OK);
  path_ = "/dev/full";
  open();
  write(0, "no room for this");
  EXPECT_EQ(call().xSync(file(), SQLITE_SYNC_NORMAL), SQLITE_FULL);
}

TEST_F(GatherVfs, IsTheFileThatAModelIs) {
  std::mt19937 random(1);
  const auto below = [&](size_t n) { return random() % n; };
  std::string model;
  size_t end = 0;  // of the last write
  for (int step = 0; step < 20'000; ++step) {
    const size_t what = below(20);
    if (what < 14) {
      const size_t at = what < 11 ? end : below(model.size() + 1);
      const std::string bytes(below(3) == 0 ? 24 : below(20'000) + 1,
                              static_cast<char>('a' + step % 26));
      write(at, bytes);
      if (model.size() < at + bytes.size()) model.resize(at + bytes.size());
      model.replace(at, bytes.size(), bytes);
      end = at + bytes.size();
      if (end > 1'000'000) end = below(1000);  // as a log begins anew
    } else if (what < 17 && !model.empty()) {
      const size_t at = below(model.size()), size = below(9000) + 1;
      std::string got(size, '?');
      const int code =
          call().xRead(file(), got.data(), static_cast<int>(size), static_cast<sqlite3_int64>(at));
      const std::string wanted = model.substr(at, size);
      EXPECT_EQ(code, wanted.size() == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ);
      EXPECT_EQ(got.substr(0, wanted.size()), wanted);
    } else if (what == 17) {
      model.resize(below(model.size() + 1));
      ASSERT_EQ(call().xTruncate(file(), static_cast<sqlite3_int64>(model.size())), SQLITE_OK);
      end = std::min(end, model.size());
    } else if (what == 18) {
      sqlite3_int64 size = -1;
      ASSERT_EQ(call().xFileSize(file(), &size), SQLITE_OK);
      EXPECT_EQ(static_cast<size_t>(size), model.size());
    } else {
      ASSERT_EQ(call().xSync(file(), SQLITE_SYNC_NORMAL), SQLITE_OK);
      EXPECT_EQ(on_disk(), model) << "step " << step;
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ghost::broker
