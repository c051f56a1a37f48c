// The outbox over real files: what is put is there after any crash, whatever stood in the file
// before.
#include "runner_worker/outbox.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/fs.h"

namespace ghost::runner {
namespace {

namespace fs = std::filesystem;

OutboxItem item(uint64_t job, const std::string& verdict = "verdict",
                const std::string& diff = "") {
  OutboxItem out;
  out.item.lease = {job, 1, job};
  out.item.outcome = wire::Outcome::kPassed;
  out.verdict = make_blob(verdict);
  if (!diff.empty()) out.diff = make_blob(diff);
  return out;
}

struct OutboxTest : testing::Test {
  std::string root = "/tmp/ghost-outbox-XXXXXX";
  std::string dir;
  std::unique_ptr<Outbox> outbox;

  OutboxTest() {
    EXPECT_NE(::mkdtemp(root.data()), nullptr);
    dir = root + "/outbox";
    open();
  }
  ~OutboxTest() override { fs::remove_all(root); }

  void open() {
    auto made = Outbox::open(dir);
    ASSERT_TRUE(made.ok()) << made.error().message;
    outbox = std::move(*made);
  }
  // The jobs that a runner finds when it starts.
  std::vector<uint64_t> jobs() {
    open();
    std::vector<std::string> bad;
    std::vector<uint64_t> found;
    for (const OutboxLoaded& loaded : outbox->load(&bad)) found.push_back(loaded.item.lease.job);
    EXPECT_TRUE(bad.empty()) << bad.front();
    return found;
  }
  std::vector<fs::path> files(const std::string& suffix = "") const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(dir + suffix)) found.push_back(entry.path());
    return found;
  }
  std::string verdict(uint64_t job) {
    auto found = outbox->payloads({job, 1, job});
    return found ? *found->verdict : found.error().message;
  }
  void put(const OutboxItem& what) { ASSERT_TRUE(outbox->put(what).ok()); }
  void remove(uint64_t job) { outbox->remove({job, 1, job}); }
};

using Jobs = std::vector<uint64_t>;

TEST_F(OutboxTest, WhatIsPutIsThereUntilItIsRemoved) {
  put(item(1, "one", "diff"));
  put(item(2, "two"));
  EXPECT_EQ(jobs(), (Jobs{1, 2}));
  EXPECT_EQ(verdict(1), "one");
  EXPECT_EQ(verdict(2), "two");
  remove(1);
  EXPECT_EQ(jobs(), (Jobs{2}));
  remove(2);
  EXPECT_EQ(jobs(), Jobs());
  EXPECT_TRUE(files().empty());
}

TEST_F(OutboxTest, AFileIsUsedAgainAndHoldsTheNewResultOnly) {
  put(item(1, std::string(20'000, 'a'), std::string(20'000, 'b')));
  remove(1);
  ASSERT_EQ(files(".spare").size(), 1u);
  put(item(2, "short"));
  EXPECT_TRUE(files(".spare").empty());
  EXPECT_EQ(jobs(), (Jobs{2}));
  EXPECT_EQ(verdict(2), "short");
}

TEST_F(OutboxTest, ALargeResultHasAFileOfItsOwn) {
  put(item(1));
  remove(1);
  put(item(2, std::string(2 * Outbox::kSpareBytes, 'x')));
  EXPECT_EQ(jobs(), (Jobs{2}));
  EXPECT_EQ(verdict(2).size(), 2 * Outbox::kSpareBytes);
  remove(2);
  EXPECT_EQ(files(".spare").size(), 1u);
}

TEST_F(OutboxTest, SparesAreBounded) {
  for (uint64_t job = 1; job <= 2 * Outbox::kSparesMax; ++job) put(item(job));
  for (uint64_t job = 1; job <= 2 * Outbox::kSparesMax; ++job) remove(job);
  EXPECT_EQ(files(".spare").size(), Outbox::kSparesMax);
  EXPECT_TRUE(files().empty());
}

// A power cut may undo any rename, but nothing that was synced.
TEST_F(OutboxTest, AResultIsFoundUnderWhateverNameItsFileHas) {
  put(item(1));
  const fs::path first = files().front();
  remove(1);
  put(item(2, "two"));
  const fs::path second = files().front();
  fs::rename(second, dir + ".spare/0");
  EXPECT_EQ(jobs(), (Jobs{2}));
  fs::rename(second, first);
  EXPECT_EQ(jobs(), (Jobs{2}));
  EXPECT_EQ(files(), std::vector<fs::path>{second});
  EXPECT_EQ(verdict(2), "two");
}

TEST_F(OutboxTest, AFileWhoseResultWasGoneIsNoBrokenOne) {
  put(item(1));
  const fs::path name = files().front();
  remove(1);
  fs::rename(dir + ".spare/0", name);
  EXPECT_EQ(jobs(), Jobs());
  EXPECT_TRUE(files().empty());
}

TEST_F(OutboxTest, ATornWriteOverASpareIsNoResult) {
  put(item(1));
  remove(1);
  std::string torn = encode_outbox_item(item(2, std::string(9000, 'x')));
  torn.resize(4096);
  torn.resize(Outbox::kSpareBytes);
  ASSERT_TRUE(write_file_atomic(dir + ".spare/0", torn).ok());
  EXPECT_EQ(jobs(), Jobs());
  put(item(3));
  EXPECT_EQ(jobs(), (Jobs{3}));
}

TEST_F(OutboxTest, ABrokenFileIsSetAside) {
  put(item(1));
  const std::string path = files().front();
  std::string bytes = *read_file(path);
  bytes[60] ^= 1;  // in the body
  ASSERT_TRUE(write_file_atomic(path, bytes).ok());
  open();
  std::vector<std::string> bad;
  EXPECT_TRUE(outbox->load(&bad).empty());
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_TRUE(fs::exists(path + ".bad"));
}

TEST_F(OutboxTest, FilesOfTheFirstFormatAreRead) {
  std::string bytes = encode_outbox_item(item(1, "old"));
  bytes.erase(15 + 32, 4);  // the length
  bytes[13] = '1';
  ASSERT_TRUE(write_file_atomic(dir + "/1-1-1.result", bytes).ok());
  EXPECT_EQ(jobs(), (Jobs{1}));
  EXPECT_EQ(verdict(1), "old");
}

}  // namespace
}  // namespace ghost::runner
