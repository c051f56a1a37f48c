// The end of gates and of sandboxes, whatever becomes of the runner.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class LifeTest : public SandboxTest {
 protected:
  // A runner of its own that opens a sandbox with `die_after_ms` and runs a gate that lingers.
  pid_t start_runner(const std::string& mark, uint64_t die_after_ms) {
    pool_.reset();  // with its threads: one of them could hold a lock that the child then waits for
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    SandboxOptions own = options();
    own.dir += "-of-child";
    auto pool = make_sandbox_pool(own);
    if (!pool.ok()) ::_exit(1);
    SandboxSpec wanted = spec();
    wanted.die_after_ms = die_after_ms;
    pool_ = std::move(*pool);
    auto box = open(wanted);
    (void)shell(*box, "./attacker daemon " + mark + "; ./attacker linger " + mark + " main");
    ::_exit(0);
  }

  void kill_runner() {
    const std::string mark = unique_mark();
    const pid_t runner = start_runner(mark, 120'000);
    ASSERT_TRUE(wait_until([&] { return has(mark, 2); }));
    ASSERT_EQ(::kill(runner, SIGKILL), 0);
    ASSERT_EQ(::waitpid(runner, nullptr, 0), runner);
    EXPECT_TRUE(wait_until([&] { return processes_with(mark).empty(); }));
  }

  void stop_runner() {
    const std::string mark = unique_mark();
    const pid_t runner = start_runner(mark, 3000);
    ASSERT_TRUE(wait_until([&] { return has(mark, 2); }));
    ASSERT_EQ(::kill(runner, SIGSTOP), 0);
    EXPECT_TRUE(wait_until([&] { return processes_with(mark).empty(); }));
    ASSERT_EQ(::kill(runner, SIGKILL), 0);
    ASSERT_EQ(::waitpid(runner, nullptr, 0), runner);
  }

  static bool has(const std::string& mark, size_t count) {
    return processes_with("attacker" + std::string(1, '\0') + "linger" + std::string(1, '\0') +
                          mark)
               .size() == count;
  }
};

TEST_F(LifeTest, NothingOfAGateOutlivesIt) {
  auto box = open();
  const std::string mark = unique_mark();
  for (const std::string& script :
       {"setsid ./attacker linger " + mark + " &", "./attacker linger " + mark + " & disown",
        "(trap '' HUP TERM; setsid nohup ./attacker linger " + mark + " >/dev/null 2>&1 &) &",
        "./attacker daemon " + mark, "./attacker daemon " + mark + "; exit 5"}) {
    const Outcome done = shell(*box, script);
    EXPECT_EQ(done.run.end, GateEnd::kExited) << script;
    EXPECT_TRUE(processes_with(mark).empty()) << script;
    EXPECT_EQ(shell(*box, "set -- /proc/[0-9]*; echo $#").out, "2\n");  // the first, and sh
  }
}

TEST_F(LifeTest, CloseIsIdempotentAndFinal) {
  auto box = open();
  EXPECT_TRUE(box->close().ok());
  EXPECT_TRUE(box->close().ok());
  EXPECT_EQ(shell(*box, "true").run.end, GateEnd::kLost);
  EXPECT_FALSE(box->publish({file("a", "b")}).ok());
  EXPECT_FALSE(box->find({"**"}, true, 10).ok());
  EXPECT_FALSE(box->read("README", 0, 10).ok());
  box->extend(1000);
}

TEST_F(LifeTest, TwoSandboxesAtOnce) {
  auto one = open(), two = open();
  ASSERT_TRUE(one->publish({file("mine", "one")}).ok());
  ASSERT_TRUE(two->publish({file("mine", "two")}).ok());
  Outcome first, second;
  std::thread other([&] { first = shell(*one, "echo x > /tmp/t; sleep 0.2; cat mine; ls /tmp"); });
  second = shell(*two, "sleep 0.1; cat mine; ls /tmp; kill -9 -1");
  other.join();
  EXPECT_EQ(first.out, "onet\n");
  EXPECT_EQ(second.out, "two");
  EXPECT_EQ(first.run.exit_code, 0);
  EXPECT_TRUE(one->close().ok());
  EXPECT_EQ(shell(*two, "cat mine").out, "two");
}

TEST_F(LifeTest, ManySandboxesLeaveNothing) {
  // Of this test alone: others run at the same time. One launcher, and what is kept ready.
  const size_t idle = 1 + options().ready_max;
  ASSERT_TRUE(wait_until([&] { return descendants().size() == idle; }));
  for (int i = 0; i < 10; ++i) {
    auto box = open();
    EXPECT_EQ(shell(*box, "./attacker daemon x").run.exit_code, 0);
  }
  EXPECT_TRUE(wait_until([&] { return descendants().size() == idle; })) << descendants().size();
  // The scratch folder holds nothing of theirs either.
  EXPECT_EQ(::rmdir(scratch().c_str()), 0);
}

TEST_F(LifeTest, APreparedSandboxThatDiedIsNotUsed) {
  ASSERT_TRUE(wait_until([&] { return descendants().size() == 1 + options().ready_max; }));
  for (int round = 0; round < 3; ++round) {
    for (const int pid : descendants()) (void)::kill(pid, SIGKILL);  // the launcher, too
    auto box = open();
    ASSERT_NE(box, nullptr);
    EXPECT_EQ(shell(*box, "echo fine").out, "fine\n");
  }
}

// The network of a sandbox may be that of an earlier one, but only if that one left no trace in it.
TEST_F(LifeTest, NoTraceOfAnEarlierSandboxsNetwork) {
  const std::string counters = "cat /proc/net/dev | tr -s ' ' | grep lo:";
  const std::string quiet = " lo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
  for (int round = 0; round < 6; ++round) {
    auto box = open();
    EXPECT_EQ(shell(*box, counters).out, quiet) << round;
    EXPECT_EQ(shell(*box, "wc -l < /proc/net/unix").out, "1\n") << round;
    // A listener on a port that is the same every time, and a connection that ends in TIME_WAIT.
    const Outcome done = run(*box, {"./attacker", "connection", "47000"});
    EXPECT_EQ(done.run.exit_code, 0) << done.err;
    EXPECT_NE(shell(*box, counters).out, quiet) << round;
  }
}

TEST_F(LifeTest, ASandboxDiesByItsOwnTimer) {
  SandboxSpec wanted = spec();
  wanted.die_after_ms = 3000;  // from its beginning; a slow host needs a second to give it
  auto box = open(wanted);
  const std::string mark = unique_mark();
  EXPECT_EQ(run(*box, {"./attacker", "linger", mark}).run.end, GateEnd::kLost);
  EXPECT_TRUE(processes_with(mark).empty());
  EXPECT_TRUE(box->close().ok());
}

TEST_F(LifeTest, AnExtensionMovesTheTimer) {
  SandboxSpec wanted = spec();
  wanted.die_after_ms = 4000;
  auto box = open(wanted);
  box->extend(60'000);
  // While a gate runs as well.
  const Outcome done = shell(*box, "sleep 4.3; echo alive");
  EXPECT_EQ(done.out, "alive\n");
  GateCommand command;
  command.argv = {"sh", "-c", "echo begun; exec ./attacker linger"};
  const GateRun cut = box->run(
      command, [&](bool, std::string_view) { box->extend(100); }, -1);
  EXPECT_EQ(cut.end, GateEnd::kLost);
}

TEST_F(LifeTest, AKilledRunnerLeavesNothing) {
  kill_runner();
}

TEST_F(LifeTest, AStoppedRunnersSandboxDiesByItsTimer) {
  stop_runner();
}

// Where no namespace ends with its first process.
class PlainLifeTest : public LifeTest {
 protected:
  SandboxOptions options() const override {
    SandboxOptions out = LifeTest::options();
    out.isolation = out.isolation_max = "plain";
    return out;
  }
};

TEST_F(PlainLifeTest, AKilledRunnerLeavesNothing) {
  kill_runner();
}

TEST_F(PlainLifeTest, AStoppedRunnersSandboxDiesByItsTimer) {
  stop_runner();
}

TEST_F(LifeTest, WhatAKilledRunnerLeftOnDiskIsRemoved) {
  spit(scratch() + "/box-999999999-1/workspace/f", "x");
  spit(scratch() + "/box-" + std::to_string(::getppid()) + "-1/f", "x");
  auto pool = make_sandbox_pool(options());
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(::access((scratch() + "/box-999999999-1").c_str(), F_OK), -1);
  EXPECT_EQ(::access((scratch() + "/box-" + std::to_string(::getppid()) + "-1").c_str(), F_OK), 0);
}

TEST_F(LifeTest, AnUnknownIsolationIsRefused) {
  SandboxOptions wrong = options();
  wrong.isolation = "tight";
  auto pool = make_sandbox_pool(wrong);
  ASSERT_FALSE(pool.ok());
  EXPECT_EQ(pool.error().code, "bad_config");
}

TEST_F(LifeTest, AMissingBaseIsTheHostsFault) {
  SandboxSpec wanted = spec();
  wanted.base_dir = dir_.path() + "/missing";
  auto box = pool_->open(wanted);
  ASSERT_FALSE(box.ok());
  EXPECT_EQ(box.error().code, "io_error");
}

}  // namespace
}  // namespace ghost::runner::test
