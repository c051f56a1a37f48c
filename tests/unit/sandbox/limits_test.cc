// Gates that take more than they were given.
#include "sandbox_fixture.h"

#include <unistd.h>

#include <csignal>

namespace ghost::runner::test {
namespace {

class LimitsTest : public SandboxTest {};

TEST_F(LimitsTest, ForksEndAtTheProcessLimit) {
  auto box = open();
  const Outcome done = run(*box, {"./attacker", "forks"});
  EXPECT_EQ(done.run.end, GateEnd::kExited);
  EXPECT_NE(done.out.find("EAGAIN"), std::string::npos) << done.out;
  const int made = std::atoi(done.out.c_str());
  EXPECT_GE(made, 32);
  EXPECT_LE(made, 64);
}

TEST_F(LimitsTest, AForkBombEndsByTheTimeLimitAndLeavesNothing) {
  auto box = open();
  const std::string mark = unique_mark();
  const Outcome done = run(*box, {"./attacker", "bomb", mark}, 500);
  EXPECT_EQ(done.run.end, GateEnd::kTimeout) << done.run.error;
  EXPECT_TRUE(processes_with(mark).empty());
  EXPECT_EQ(shell(*box, "true").run.exit_code, 0);
  EXPECT_TRUE(box->close().ok());
}

TEST_F(LimitsTest, AMemoryHogIsToldAsSuch) {
  SandboxSpec limited = spec();
  limited.limits.memory_bytes = 64u << 20;
  auto box = open(limited);
  const Outcome done = run(*box, {"./attacker", "memory"});
  EXPECT_EQ(done.run.end, GateEnd::kOom) << static_cast<int>(done.run.end) << done.run.error;
  // A shell that hides its child's death.
  const Outcome hidden = shell(*box, "./attacker memory; exit 1");
  EXPECT_EQ(hidden.run.end, GateEnd::kOom) << static_cast<int>(hidden.run.end);
}

TEST_F(LimitsTest, GatesAreInAGroupOfTheirOwn) {
  for (const std::string& gap : pool_->gaps()) {
    if (gap.find("no memory cgroup") != std::string::npos) GTEST_SKIP() << gap;
  }
  const std::string own = "/ghost-" + std::to_string(::getpid()) + "-";
  auto one = open(), two = open();
  const std::string first = shell(*one, "cat /proc/self/cgroup").out;
  EXPECT_NE(first.find(own), std::string::npos) << first;
  EXPECT_NE(shell(*two, "cat /proc/self/cgroup").out, first);
}

TEST_F(LimitsTest, MemoryBelowTheLimitIsFine) {
  auto box = open();
  EXPECT_EQ(shell(*box, "head -c 30000000 /dev/zero | tail -c 30000000 | wc -c").out, "30000000\n");
}

TEST_F(LimitsTest, GatesAreFirstToGoWhenTheHostLacksMemory) {
  auto box = open();
  EXPECT_EQ(shell(*box, "cat /proc/self/oom_score_adj").out, "500\n");
}

TEST_F(LimitsTest, TheDiskIsBounded) {
  if (!pool_->gaps().empty() && pool_->gaps()[0].find("disk") != std::string::npos) GTEST_SKIP();
  for (const char* path : {"/workspace/f", "/tmp/f", "/home/ghost/f", "/dev/shm/f", "/var/tmp/f"}) {
    auto box = open();
    const Outcome done = run(*box, {"./attacker", "fill", path});
    EXPECT_NE(done.out.find("ENOSPC"), std::string::npos) << path << " " << done.out;
    EXPECT_LE(std::atoll(done.out.c_str()), 17ll << 20) << path;
    // The gate's making, not the host's fault.
    const Status put = box->publish({file("new", std::string(1 << 20, 'x'))});
    ASSERT_FALSE(put.ok());
    EXPECT_EQ(put.error().code, "too_large");
    // What a gate has filled it can also free.
    EXPECT_EQ(shell(*box, std::string("rm ") + path).run.exit_code, 0);
    EXPECT_TRUE(box->publish({file("new", std::string(1 << 20, 'x'))}).ok());
  }
}

TEST_F(LimitsTest, FilesAreBoundedInNumber) {
  if (!pool_->gaps().empty() && pool_->gaps()[0].find("disk") != std::string::npos) GTEST_SKIP();
  auto box = open();
  const Outcome done = run(*box, {"./attacker", "inodes"});
  EXPECT_GT(std::atoi(done.out.c_str()), 100);
  EXPECT_LE(std::atoi(done.out.c_str()), 2016);
}

TEST_F(LimitsTest, NowhereElseCanBeWritten) {
  auto box = open();
  const Outcome done = shell(
      *box,
      "for d in / /usr /usr/bin /etc /dev /proc /sys /run /root /var /home /bin /lib /dev/pts; do "
      "touch $d/x 2>/dev/null && echo $d; done; find / -xdev -writable ! -type l 2>/dev/null | "
      "grep -v -x -E '/dev/(null|zero|full|random|urandom|tty|shm|pts/.*)|/proc.*|/tmp|/workspace|"
      "/home/ghost'");
  EXPECT_EQ(done.out, "");
}

}  // namespace
}  // namespace ghost::runner::test
