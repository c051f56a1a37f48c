// The durable store under kill -9 and on a full disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "store_fixture.h"

namespace ghost::broker {
namespace {

// Commits batches for ever and tells each one, after its commit, through the pipe.
[[noreturn]] void commit_until_killed(const std::string& data, int acks) {
  Result<std::unique_ptr<Store>> opened = open_sqlite_store({data, 1 << 20});
  if (!opened) _exit(1);
  Store& store = **opened;
  if (!store.load({})) _exit(1);
  for (JobNo no = store.next_job_no();;) {
    std::vector<Persist> changes;
    const JobNo first = no;
    for (; no < first + 20; ++no) {
      changes.push_back(make_insert(make_spec(no), std::string(2000, 'a' + no % 26)));
      for (Persist& change : finish(no, std::string(1000, 'v'))) {
        changes.push_back(std::move(change));
      }
    }
    if (!store.commit(&changes)) _exit(2);
    if (write(acks, &no, sizeof no) != sizeof no) _exit(3);
    if (!store.housekeep(false)) _exit(4);
  }
}

TEST(SqliteFaults, KillNineLosesNothingThatWasAcknowledged) {
  ScratchDir dir;
  const std::string data = dir.path() + "/data";
  std::mt19937 random(20260131);
  JobNo acked_before = 1;
  for (int round = 0; round < 25; ++round) {
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_fds[0]);
      commit_until_killed(data, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    // Killed while it works on what follows the n-th acknowledged batch.
    JobNo acked = acked_before;
    for (int n = static_cast<int>(random() % 12) + 1; n > 0; --n) {
      ASSERT_EQ(read(pipe_fds[0], &acked, sizeof acked), static_cast<ssize_t>(sizeof acked));
    }
    usleep(random() % 3000);  // somewhere in the middle of the next commit
    kill(child, SIGKILL);
    for (JobNo no = 0; read(pipe_fds[0], &no, sizeof no) == static_cast<ssize_t>(sizeof no);) {
      acked = no;
    }
    close(pipe_fds[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    Result<std::unique_ptr<Store>> store = open_sqlite_store({data, 1 << 20});
    ASSERT_TRUE(store.ok()) << store.error().message;
    JobNo expected = 1;
    Recovery into;
    into.job = [&](const RecoveredJob& job) {
      EXPECT_EQ(job.spec.no, expected++);
      EXPECT_EQ(job.status.state, wire::JobState::kSucceeded);
    };
    ASSERT_TRUE((*store)->load(into).ok());
    EXPECT_GE(expected, acked);
    EXPECT_EQ((expected - 1) % 20, 0u) << "half a batch was kept";
    EXPECT_EQ((*store)->next_job_no(), expected);
    EXPECT_EQ((*store)->verdict(expected - 1).value()->size(), 1000u);
    EXPECT_EQ((*store)->request(expected - 1).value()->size(), 2000u);
    acked_before = expected;
  }
}

// Runs `body` in a child with a mount namespace of its own and a small tmpfs at `dir`.
template <typename Body>
int on_small_disk(const std::string& dir, const char* size, Body body) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", dir.c_str(), "tmpfs", 0, size) != 0) {
      _exit(77);
    }
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define CHILD_EXPECT(condition)                                    \
  do {                                                             \
    if (!(condition)) {                                            \
      std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      return 1;                                                    \
    }                                                              \
  } while (false)

int fill_and_finish(const std::string& dir) {
  Result<std::unique_ptr<Store>> opened = open_sqlite_store({dir + "/data", 8 << 20});
  CHILD_EXPECT(opened.ok());
  Store& store = **opened;
  CHILD_EXPECT(store.load({}).ok());
  const int fd = open((dir + "/ballast").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  const std::string block(64 << 10, 'b');
  for (int i = 0; i < 256; ++i) CHILD_EXPECT(write(fd, block.data(), block.size()) > 0);
  const std::string request(50'000, 'r');
  JobNo no = 1;
  while (store.has_space(request.size())) {
    std::vector<Persist> changes{make_insert(make_spec(no++), request)};
    CHILD_EXPECT(store.commit(&changes).ok());
    CHILD_EXPECT(store.housekeep(false).ok());
    CHILD_EXPECT(no < 5000);
  }
  CHILD_EXPECT(no > 20);
  // Somebody else takes the last free block.
  while (write(fd, block.data(), block.size()) > 0) {
  }
  // 4 MiB of results are still taken, from the reserve.
  for (JobNo done = 1; done <= 20; ++done) {
    std::vector<Persist> changes = finish(done, std::string(200'000, 'v'));
    const Status s = store.commit(&changes);
    if (!s)
      std::fprintf(stderr, "result %d: %s\n", static_cast<int>(done), s.error().message.c_str());
    CHILD_EXPECT(s.ok());
    CHILD_EXPECT(store.housekeep(true).ok());
    CHILD_EXPECT(!store.has_space(1));
  }
  CHILD_EXPECT(ftruncate(fd, 0) == 0);
  close(fd);
  CHILD_EXPECT(store.housekeep(true).ok());
  CHILD_EXPECT(store.verdict(20).value()->size() == 200'000);
  // There is room again: it goes on by itself once the bounded look at the disk is repeated.
  for (int tries = 0; !store.has_space(1000); ++tries) {
    CHILD_EXPECT(tries < 1000);
    CHILD_EXPECT(store.housekeep(true).ok());
    usleep(1000);
  }
  return 0;
}

TEST(SqliteFaults, AFullDiskRefusesSubmissionsAndTakesResults) {
  ScratchDir dir;
  const int code =
      on_small_disk(dir.path(), "size=64m", [&] { return fill_and_finish(dir.path()); });
  if (code == 77) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(code, 0);
}

// The file never shrinks: what was forgotten is room all the same.
int fill_and_forget(const std::string& dir) {
  Result<std::unique_ptr<Store>> opened = open_sqlite_store({dir + "/data", 4 << 20});
  CHILD_EXPECT(opened.ok());
  Store& store = **opened;
  CHILD_EXPECT(store.load({}).ok());
  const std::string request(200'000, 'r');
  JobNo no = 1;
  while (store.has_space(request.size())) {
    std::vector<Persist> changes{make_insert(make_spec(no++), request)};
    CHILD_EXPECT(store.commit(&changes).ok());
    CHILD_EXPECT(store.housekeep(true).ok());
    CHILD_EXPECT(no < 1000);
  }
  CHILD_EXPECT(no > 20);
  persist::ForgetJobs forget;
  for (JobNo gone = 1; gone + 1 < no; ++gone) forget.nos.push_back(gone);
  std::vector<Persist> changes{forget};
  CHILD_EXPECT(store.commit(&changes).ok());
  for (int tries = 0; !store.has_space(request.size()); ++tries) {
    CHILD_EXPECT(tries < 1000);
    CHILD_EXPECT(store.housekeep(true).ok());
    usleep(1000);
  }
  return 0;
}

TEST(SqliteFaults, WhatWasForgottenIsRoomAgain) {
  ScratchDir dir;
  const int code =
      on_small_disk(dir.path(), "size=32m", [&] { return fill_and_forget(dir.path()); });
  if (code == 77) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(code, 0);
}

TEST(SqliteFaults, ACommitThatTheDiskRefusesStopsTheStore) {
  ScratchDir dir;
  const int code = on_small_disk(dir.path(), "size=16m", [&]() -> int {
    {
      Result<std::unique_ptr<Store>> store = open_sqlite_store({dir.path() + "/data", 0});
      CHILD_EXPECT(store.ok());
      CHILD_EXPECT((*store)->load({}).ok());
      insert_jobs(**store, 1, 10);
      Status s = ok_status();
      for (JobNo no = 11; s.ok(); ++no) {
        CHILD_EXPECT(no < 1000);
        std::vector<Persist> changes{make_insert(make_spec(no), std::string(200'000, 'x'))};
        s = (*store)->commit(&changes);
      }
      CHILD_EXPECT(s.error().code == "storage_full");
      CHILD_EXPECT(s.error().message.find("disk full") != std::string::npos);
      std::vector<Persist> more = finish(1, "v");
      CHILD_EXPECT(!(*store)->commit(&more).ok());
    }
    Result<std::unique_ptr<Store>> again = open_sqlite_store({dir.path() + "/data", 0});
    // On a disk without one free block it may not start; what it says is clear.
    if (!again.ok()) {
      CHILD_EXPECT(again.error().message.find("full") != std::string::npos);
      return 0;
    }
    uint64_t jobs = 0;
    Recovery into;
    into.job = [&](const RecoveredJob&) { ++jobs; };
    CHILD_EXPECT((*again)->load(into).ok());
    CHILD_EXPECT(jobs >= 10);
    return 0;
  });
  if (code == 77) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace ghost::broker
