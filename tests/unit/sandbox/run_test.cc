// What a gate's run tells: its end, its output, what it was given.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>

#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class RunTest : public SandboxTest {};

TEST_F(RunTest, ExitCodes) {
  auto box = open();
  for (const int code : {0, 1, 7, 127, 255}) {
    const Outcome done = shell(*box, "exit " + std::to_string(code));
    EXPECT_EQ(done.run.end, GateEnd::kExited);
    EXPECT_EQ(done.run.exit_code, code);
  }
}

TEST_F(RunTest, Signals) {
  auto box = open();
  for (const int signal : {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGALRM, SIGPIPE}) {
    const Outcome done = shell(*box, "kill -" + std::to_string(signal) + " $$");
    EXPECT_EQ(done.run.end, GateEnd::kSignalled) << signal;
    EXPECT_EQ(done.run.signal, signal);
  }
}

TEST_F(RunTest, StreamsStayApart) {
  auto box = open();
  const Outcome done = shell(*box, "echo to-out; echo to-err >&2; echo again");
  EXPECT_EQ(done.out, "to-out\nagain\n");
  EXPECT_EQ(done.err, "to-err\n");
}

TEST_F(RunTest, OutputBeforeTheEndIsNotLost) {
  auto box = open();
  const Outcome done = shell(*box, "head -c 300000 /dev/zero; head -c 60000 /dev/zero >&2; exit 3");
  EXPECT_EQ(done.run.exit_code, 3);
  EXPECT_EQ(done.out.size(), 300000u);
  EXPECT_EQ(done.err.size(), 60000u);
}

TEST_F(RunTest, WallTimeLimit) {
  auto box = open();
  const std::string mark = unique_mark();
  const Outcome done = run(*box, {"./attacker", "linger", mark}, 300);
  EXPECT_EQ(done.run.end, GateEnd::kTimeout);
  EXPECT_NE(done.run.error.find("300"), std::string::npos) << done.run.error;
  EXPECT_GE(done.run.wall_us, 299'000u);  // the clock of the limit counts whole milliseconds
  EXPECT_LT(done.run.wall_us, 10'000'000u);
  EXPECT_TRUE(processes_with(mark).empty());
  EXPECT_EQ(shell(*box, "true").run.end, GateEnd::kExited);
}

TEST_F(RunTest, CpuTimeLimit) {
  SandboxSpec limited = spec();
  limited.limits.cpu_ms = 300;
  auto box = open(limited);
  const Outcome done = shell(*box, "./attacker spin & ./attacker spin & wait");
  EXPECT_EQ(done.run.end, GateEnd::kTimeout);
  EXPECT_NE(done.run.error.find("CPU"), std::string::npos) << done.run.error;
  EXPECT_EQ(shell(*box, "exit 4").run.exit_code, 4);
}

TEST_F(RunTest, AnEndlessTimeLimitIsOne) {
  auto box = open();
  EXPECT_EQ(run(*box, {"true"}, UINT64_MAX).run.end, GateEnd::kExited);
}

TEST_F(RunTest, StopDescriptor) {
  auto box = open();
  const int stop = ::eventfd(0, EFD_CLOEXEC);
  GateCommand command;
  command.argv = {"sh", "-c", "echo begun; ./attacker linger x & ./attacker linger y"};
  // Stopped by the gate's own first words, so that it surely runs.
  const GateRun done = box->run(
      command, [&](bool, std::string_view) { (void)!::eventfd_write(stop, 1); }, stop);
  EXPECT_EQ(done.end, GateEnd::kStopped);
  // Still readable: the next gate ends at once too.
  EXPECT_EQ(box->run(command, {}, stop).end, GateEnd::kStopped);
  ::close(stop);
  EXPECT_EQ(shell(*box, "true").run.end, GateEnd::kExited);
}

TEST_F(RunTest, AFloodOfOutputEndsByTheTimeLimit) {
  auto box = open();
  GateCommand command;
  command.argv = {"./attacker", "flood"};
  command.timeout_ms = 300;
  size_t largest = 0;
  const int64_t began = now_ms();
  const GateRun done = box->run(
      command, [&](bool, std::string_view bytes) { largest = std::max(largest, bytes.size()); },
      -1);
  EXPECT_EQ(done.end, GateEnd::kTimeout);
  EXPECT_GT(largest, 0u);
  EXPECT_LE(largest, 65536u);  // taken as it comes, never gathered
  EXPECT_LT(now_ms() - began, 10'000);
}

TEST_F(RunTest, AFloodOfOutputCanBeStopped) {
  auto box = open();
  const int stop = ::eventfd(0, EFD_CLOEXEC);
  GateCommand command;
  command.argv = {"sh", "-c", "./attacker flood & ./attacker flood >&2"};
  size_t total = 0;
  const GateRun done = box->run(
      command,
      [&](bool, std::string_view bytes) {
        total += bytes.size();
        if (total > (8u << 20)) (void)!::eventfd_write(stop, 1);
      },
      stop);
  EXPECT_EQ(done.end, GateEnd::kStopped);
  ::close(stop);
}

TEST_F(RunTest, WhatCannotStartIsTheCommandsFault) {
  auto box = open();
  spit(base() + "/unused", "");
  ASSERT_TRUE(
      box->publish({file("plain", "no program"), file("bad", "#!/no/such\n", 0100755)}).ok());
  for (const char* program : {"no-such-program", "/no/such", "./plain", "./bad", "/workspace"}) {
    const Outcome done = run(*box, {program});
    EXPECT_EQ(done.run.end, GateEnd::kFailedToStart) << program;
    EXPECT_NE(done.run.error.find(program), std::string::npos) << done.run.error;
  }
  EXPECT_EQ(run(*box, {}).run.end, GateEnd::kFailedToStart);
  EXPECT_EQ(run(*box, {""}).run.end, GateEnd::kFailedToStart);
  EXPECT_EQ(run(*box, {std::string("a\0b", 3)}).run.end, GateEnd::kFailedToStart);
  EXPECT_EQ(run(*box, {"true", std::string(4 << 20, 'x')}).run.end, GateEnd::kFailedToStart);
  EXPECT_EQ(shell(*box, "true").run.end, GateEnd::kExited);
}

TEST_F(RunTest, WorkingFolder) {
  auto box = open();
  const auto in = [&](const std::string& cwd) {
    GateCommand command;
    command.argv = {"pwd"};
    command.cwd = cwd;
    std::string out;
    const GateRun done = box->run(
        command, [&](bool, std::string_view bytes) { out += bytes; }, -1);
    return done.end == GateEnd::kExited ? out : std::string("none");
  };
  ASSERT_EQ(shell(*box, "ln -s /etc out; ln -s src/deep in; ln -s .. up").run.exit_code, 0);
  EXPECT_EQ(in(""), "/workspace\n");
  EXPECT_EQ(in("src/deep"), "/workspace/src/deep\n");
  EXPECT_EQ(in("in"), "/workspace/src/deep\n");
  for (const char* bad : {"missing", "README", "out", "up", "..", "../etc", "/etc", "src/../.."}) {
    EXPECT_EQ(in(bad), "none") << bad;
  }
}

TEST_F(RunTest, TheEnvironmentIsWhatTheCommandSays) {
  ASSERT_EQ(::setenv("GHOST_TEST_SECRET", "leaked", 1), 0);
  auto box = open();
  GateCommand command;
  command.argv = {"env"};
  command.env = {{"A", "1"}, {"EMPTY", ""}, {"LANG", "C"}};
  std::string out;
  (void)box->run(
      command, [&](bool, std::string_view bytes) { out += bytes; }, -1);
  std::vector<std::string> names;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);)
    names.push_back(line.substr(0, line.find('=')));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"A", "EMPTY", "HOME", "LANG", "PATH", "TMPDIR"}));
  EXPECT_NE(out.find("LANG=C\n"), std::string::npos);
  command.env = {{"A=B", "1"}};
  EXPECT_EQ(box->run(command, {}, -1).end, GateEnd::kFailedToStart);
}

TEST_F(RunTest, DescriptorsDoNotLeak) {
  // Inheritable ones of the runner, opened before and after the launcher started.
  const int before = ::open("/etc/passwd", O_RDONLY);
  auto box = open();
  const int after = ::open("/etc/passwd", O_RDONLY);
  EXPECT_EQ(run(*box, {"./attacker", "descriptors"}).out, "0\n1\n2\n");
  // Standard input is empty.
  EXPECT_EQ(shell(*box, "cat; readlink /proc/self/fd/0").out, "/dev/null\n");
  ::close(before);
  ::close(after);
}

TEST_F(RunTest, PeakMemoryIsThatOfAllProcessesTogether) {
  auto box = open();
  const Outcome done = run(*box, {"./attacker", "share-memory"});  // four with 20 MiB each
  EXPECT_EQ(done.run.exit_code, 0) << done.run.error;
  EXPECT_GE(done.run.rss_bytes_max, 75u << 20);
  EXPECT_LT(done.run.rss_bytes_max, 160u << 20);
}

TEST_F(RunTest, UsageIsMeasured) {
  auto box = open();
  const Outcome done = run(*box, {"./attacker", "burn", "100"});
  EXPECT_EQ(done.run.exit_code, 0);
  EXPECT_GE(done.run.cpu_ms, 99u);
  EXPECT_LE(done.run.cpu_ms, 1000u);
  EXPECT_GT(done.run.rss_bytes_max, 0u);
}

}  // namespace
}  // namespace ghost::runner::test
