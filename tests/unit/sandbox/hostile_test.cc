// Attacks by name. Whatever a gate does, a canary tree outside of its sandbox stays byte for byte
// as it was, and nothing of the gate is left two seconds after it. What each attack needs from the
// host is left open to everybody on purpose: only the sandbox stands before it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "base/bytes.h"
#include "canary.h"
#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class HostileTest : public SandboxTest {
 protected:
  HostileTest() : canary_(dir_.path() + "/canary") { ::chmod(dir_.path().c_str(), 0711); }

  void TearDown() override {
    if (!pool_) return;
    for (const std::string& link : namespaces_) {
      EXPECT_TRUE(wait_until([&] { return processes_in(link).empty(); }, 2000)) << link;
    }
    EXPECT_EQ(canary_.changes(), "");
    EXPECT_EQ(slurp(base() + "/README"), "base\n");
    EXPECT_EQ(slurp(base() + "/src/a.c"), "int a;\n");
  }

  // A sandbox whose processes are looked for afterwards.
  std::unique_ptr<Sandbox> open_watched(const SandboxSpec& wanted) {
    auto box = open(wanted);
    std::string link = shell(*box, "readlink /proc/self/ns/pid").out;
    if (!link.empty()) link.pop_back();
    EXPECT_TRUE(link.starts_with("pid:[")) << link;
    namespaces_.push_back(link);
    return box;
  }
  std::unique_ptr<Sandbox> open_watched() { return open_watched(spec()); }

  // None of the attacker's tries came through; `expected` of them were made at least.
  static void refused(const Outcome& done, size_t expected) {
    EXPECT_EQ(done.run.end, GateEnd::kExited) << done.run.error;
    std::istringstream lines(done.out);
    size_t tries = 0;
    for (std::string line; std::getline(lines, line); ++tries) {
      EXPECT_FALSE(line.ends_with(" ok")) << line;
    }
    EXPECT_GE(tries, expected) << done.out;
  }

  Canary canary_;
  std::vector<std::string> namespaces_;
};

TEST_F(HostileTest, ForkBomb) {
  auto box = open_watched();
  EXPECT_EQ(run(*box, {"./attacker", "bomb"}, 300).run.end, GateEnd::kTimeout);
  const Outcome told = run(*box, {"sh", "-c", "./attacker forks; exit 1"});
  EXPECT_EQ(told.run.end, GateEnd::kExited);
  EXPECT_TRUE(box->close().ok());
}

TEST_F(HostileTest, MemoryFlood) {
  SandboxSpec limited = spec();
  limited.limits.memory_bytes = 48u << 20;
  auto box = open_watched(limited);
  EXPECT_EQ(run(*box, {"./attacker", "memory"}).run.end, GateEnd::kOom);
  // What is written to a memory file system is memory as well, with the disk's limit.
  const Outcome shared = run(*box, {"./attacker", "fill", "/dev/shm/f"});
  EXPECT_NE(shared.out.find("ENOSPC"), std::string::npos) << shared.out;
}

TEST_F(HostileTest, DiskFloodIsTold) {
  auto box = open_watched();
  const Outcome failed = shell(*box, "./attacker fill /workspace/f; exit 1");
  EXPECT_EQ(failed.run.end, GateEnd::kFlood) << failed.run.error;
  EXPECT_NE(failed.run.error.find("disk limit of 16777216 bytes"), std::string::npos)
      << failed.run.error;
  // Cleaned up by a trap: seen while it ran.
  const Outcome hidden =
      shell(*box, "rm -f f; ./attacker fill /tmp/f; sleep 0.6; rm -f /tmp/f; exit 1");
  EXPECT_EQ(hidden.run.end, GateEnd::kFlood) << hidden.run.error;
  // A gate that copes has passed, and the next one is judged for itself.
  EXPECT_EQ(shell(*box, "./attacker fill /tmp/f; rm /tmp/f").run.end, GateEnd::kExited);
  const Outcome own = shell(*box, "exit 3");
  EXPECT_EQ(own.run.end, GateEnd::kExited);
  EXPECT_EQ(own.run.exit_code, 3);
}

TEST_F(HostileTest, InodeFloodIsTold) {
  auto box = open_watched();
  const Outcome done = shell(*box, "./attacker inodes; exit 1");
  EXPECT_EQ(done.run.end, GateEnd::kFlood);
  EXPECT_NE(done.run.error.find("2000 files"), std::string::npos) << done.run.error;
}

TEST_F(HostileTest, OutputFloodIsEndedAndTold) {
  auto box = open_watched();
  for (const char* script : {"exec ./attacker flood", "./attacker flood >&2 & ./attacker flood"}) {
    GateCommand command;
    command.argv = {"sh", "-c", script};
    command.timeout_ms = 60'000;
    command.output_bytes_max = 4u << 20;
    uint64_t bytes = 0;
    const GateRun done = box->run(
        command, [&](bool, std::string_view piece) { bytes += piece.size(); }, -1);
    EXPECT_EQ(done.end, GateEnd::kFlood);
    EXPECT_EQ(done.error, "output limit of 4194304 bytes");
    EXPECT_GT(bytes, 4u << 20);
    EXPECT_LT(bytes, 64u << 20);
    EXPECT_GE(done.written_bytes, 4u << 20);
  }
  EXPECT_EQ(shell(*box, "true").run.end, GateEnd::kExited);
}

TEST_F(HostileTest, WrittenBytesAreCounted) {
  auto box = open_watched();
  const Outcome done =
      shell(*box, "head -c 3000000 /dev/zero > f; (head -c 500000 /dev/zero | cat > g)");
  // What went through the pipe was written twice.
  EXPECT_GE(done.run.written_bytes, 4'000'000u);
  EXPECT_LT(done.run.written_bytes, 4'100'000u);
  EXPECT_LT(shell(*box, "echo x > h").run.written_bytes, 1000u);
}

TEST_F(HostileTest, SetsidAndDoubleForkedDaemons) {
  auto box = open_watched();
  const std::string mark = unique_mark();
  EXPECT_EQ(
      shell(*box, "for i in 1 2 3 4 5; do setsid ./attacker daemon " + mark + "; done").run.end,
      GateEnd::kExited);
  EXPECT_TRUE(processes_with(mark).empty());
  // The first process waits for more; another user may not look at it.
  if (::geteuid() == 0) {
    EXPECT_EQ(processes_in(namespaces_[0]).size(), 1u);
  }
  EXPECT_TRUE(box->close().ok());
  // Dead by now; its parent, busy with the next sandbox, may not have looked yet.
  EXPECT_TRUE(wait_until([&] { return processes_in(namespaces_[0]).empty(); }, 2000));
}

TEST_F(HostileTest, NeverEndsIgnoresSigtermClosesItsOutput) {
  auto box = open_watched();
  EXPECT_EQ(run(*box, {"./attacker", "linger"}, 200).run.end, GateEnd::kTimeout);
  // No output left to wait for is no end.
  const Outcome closed = shell(*box, "exec >&- 2>&-; sleep 0.3; exit 9");
  EXPECT_EQ(closed.run.end, GateEnd::kExited);
  EXPECT_EQ(closed.run.exit_code, 9);
  EXPECT_GE(closed.run.wall_us, 250'000u);
  EXPECT_EQ(shell(*box, "exec >&- 2>&-; exec ./attacker linger", 200).run.end, GateEnd::kTimeout);
  // An end with somebody left who holds the output open is one.
  EXPECT_EQ(shell(*box, "./attacker linger & exit 4").run.exit_code, 4);
}

TEST_F(HostileTest, NulAndEscapeCodesComeAsTheyAre) {
  auto box = open_watched();
  EXPECT_EQ(shell(*box, R"(printf '\000\033[2J\033]0;title\007\r\377\n')").out,
            std::string("\0\033[2J\033]0;title\007\r\377\n", 18));
}

TEST_F(HostileTest, WritesThroughSymlinksReachNothing) {
  auto box = open_watched();
  const std::string to = canary_.file();
  const Outcome done = shell(*box, "ln -s " + to + " l; echo x > l; ln -s " + canary_.folder() +
                                       " d; echo x > d/file; rm -rf d/*; chmod 000 " + to +
                                       " d/deep; touch -h " + to + "; mv " + to + " .; cat " + to);
  EXPECT_EQ(done.run.end, GateEnd::kExited);
  EXPECT_EQ(done.out, "");
}

// Judge0: the judge wrote, as root, to a file that the sandboxed program had replaced by a link.
TEST_F(HostileTest, CVE_2024_28185_AFileOfTheRunnerBecomesALink) {
  auto box = open_watched();
  for (const char* path : {"src/a.c", "README", "run.sh"}) {
    ASSERT_EQ(shell(*box, "rm " + std::string(path) + " && ln -s " + canary_.file() + " " + path)
                  .run.exit_code,
              0);
    ASSERT_TRUE(box->publish({file(path, "overwritten", 0100755)}).ok());
    EXPECT_EQ(shell(*box, "cat " + std::string(path)).out, "overwritten");
  }
  ASSERT_EQ(shell(*box, "rm -rf src; ln -s " + canary_.folder() + " src").run.exit_code, 0);
  ASSERT_TRUE(box->publish({file("src/file", "overwritten"), removed("src/program")}).ok());
  ASSERT_EQ(shell(*box, "rm -rf src; ln -s " + canary_.folder() + " src").run.exit_code, 0);
  ASSERT_TRUE(box->publish({removed("src/file"), removed("src/deep/er/file")}).ok());
}

// Judge0 again: its clean-up changed the owner of all that the program had left, links followed.
TEST_F(HostileTest, CVE_2024_28189_CleaningUpFollowsNoLink) {
  auto box = open_watched();
  ASSERT_EQ(
      shell(*box, "ln -s " + canary_.folder() + " d; ln -s " + canary_.file() +
                      " f; mkdir e; ln -s / e/root; ln -s .. e/up; ln /tmp/x hard 2>/dev/null;"
                      "chmod 000 e")
          .run.exit_code,
      0);
  EXPECT_TRUE(box->close().ok());
  EXPECT_EQ(::access((scratch() + "/box-" + std::to_string(::getpid()) + "-1").c_str(), F_OK), -1);
}

TEST_F(HostileTest, FifosDevicesAndHardLinksLeftForTheRunnerToRead) {
  auto box = open_watched();
  ASSERT_EQ(shell(*box,
                  "mkdir o; cd o; mkfifo fifo; mknod zero c 1 5; ln -s /dev/zero endless; "
                  "ln -s /proc/self/mem mem; ln -s " +
                      canary_.file() +
                      " secret; ln /etc/passwd passwd; ln /workspace/README hard; "
                      "ln /proc/self/exe exe; truncate -s 1T sparse; true")
                .run.exit_code,
            0);
  const auto found = box->find({"o/**"}, true, 100);
  ASSERT_TRUE(found.ok());
  for (const WorkspaceFile& f : *found) {
    EXPECT_TRUE(f.path == "o/hard" || f.path == "o/sparse" || f.mode == 0120000) << f.path;
    const auto bytes = box->read(f.path, 0, 4096);
    ASSERT_TRUE(bytes.ok()) << f.path;
    EXPECT_EQ(bytes->find("canary\n"), std::string::npos) << f.path;
  }
  EXPECT_EQ(box->read("o/fifo", 0, 10).error().code, "bad_request");
  EXPECT_FALSE(box->read("o/secret/x", 0, 10).ok());
}

// runc: a container that overwrites, through /proc/self/exe, the program that entered it.
TEST_F(HostileTest, CVE_2019_5736_TheRunnersProgramIsOverwritten) {
  const std::string own = sha256_hex(slurp("/proc/self/exe"));
  auto box = open_watched();
  ASSERT_TRUE(box->publish({file("self", "#!/proc/self/exe\n", 0100755),
                            file("one", "#!/proc/1/exe\n", 0100755)})
                  .ok());
  for (const char* script : {"./attacker programs", "./self & ./attacker programs",
                             "./one & ./attacker programs", "exec ./self", "exec ./one"}) {
    const Outcome done = shell(*box, script, 3000);
    for (const char* word : {"write_exe", "own_exe ok"}) {
      EXPECT_EQ(done.out.find(word), std::string::npos) << script << "\n" << done.out;
    }
  }
  EXPECT_EQ(sha256_hex(slurp("/proc/self/exe")), own);
  // The launcher that all sandboxes come from is what it was.
  auto next = open_watched();
  EXPECT_EQ(shell(*next, "cat README").out, "base\n");
}

// runc: a descriptor of the host's tree that stayed open, as working folder or in /proc/self/fd.
TEST_F(HostileTest, CVE_2024_21626_ALeakedDescriptorAsWayOut) {
  const int leaked = ::open("/", O_RDONLY | O_DIRECTORY);  // inheritable, on purpose
  auto box = open_watched();
  const Outcome done = run(*box, {"./attacker", "ways-out", canary_.file()});
  EXPECT_EQ(done.run.end, GateEnd::kExited);
  EXPECT_EQ(done.out.find(" ok"), std::string::npos) << done.out;
  ASSERT_EQ(shell(*box,
                  "for i in 3 4 5 6 7 8 9 10 11 12; do ln -s /proc/self/fd/$i fd$i; "
                  "ln -s /proc/1/fd/$i one$i; done")
                .run.exit_code,
            0);
  for (int fd = 3; fd <= 12; ++fd) {
    for (const std::string& cwd :
         {"/proc/self/fd/" + std::to_string(fd), "../proc/self/fd/" + std::to_string(fd),
          "fd" + std::to_string(fd), "one" + std::to_string(fd)}) {
      GateCommand command;
      command.argv = {"pwd"};
      command.cwd = cwd;
      EXPECT_EQ(box->run(command, {}, -1).end, GateEnd::kFailedToStart) << cwd;
    }
  }
  ::close(leaked);
}

// bubblewrap: typing into the terminal that the sandbox was started from.
TEST_F(HostileTest, CVE_2017_5226_TypingIntoATerminal) {
  auto box = open_watched();
  const Outcome done = run(*box, {"./attacker", "terminal"});
  std::map<std::string, std::string> told;
  std::istringstream lines(done.out);
  for (std::string name, result; lines >> name >> result;) told[name] = result;
  EXPECT_NE(told["dev_tty"], "ok");  // a session of its own
  EXPECT_EQ(told["controlling"], "ok") << "the attack could not be made";
  for (const char* call : {"tiocsti", "tiocsti_high", "tiocsetd", "tioclinux"}) {
    EXPECT_EQ(told[call], "EPERM") << call;
  }
}

TEST_F(HostileTest, ReadsNothingOfTheHost) {
  const std::string secret = unique_mark();
  ASSERT_EQ(::setenv("GHOST_TEST_HOSTILE", secret.c_str(), 1), 0);
  spit(dir_.path() + "/outbox/result", secret);
  spit(dir_.path() + "/keys/key", secret);
  for (const char* folder : {"/outbox", "/keys"}) ::chmod((dir_.path() + folder).c_str(), 0777);
  auto other = open_watched();
  ASSERT_TRUE(other->publish({file("private", secret)}).ok());
  auto box = open_watched();
  const Outcome done = shell(
      *box, "cat /proc/*/environ /proc/*/task/*/environ " + dir_.path() + "/*/* " + canary_.file() +
                " " + scratch() +
                "/*/*/private; grep -r -s mark- /tmp /run /var /home /root /srv /opt/ghost* /mnt "
                "/dev/shm; find / -xdev -name private 2>/dev/null");
  EXPECT_EQ(done.out.find(secret), std::string::npos);
  EXPECT_EQ(done.out.find("canary"), std::string::npos);
  ::unsetenv("GHOST_TEST_HOSTILE");
}

TEST_F(HostileTest, NoNetworkNotEvenTheHostsLoopback) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  auto box = open_watched();
  refused(run(*box, {"./attacker", "network", std::to_string(ntohs(address.sin_port))}), 2);
  pollfd p{listener, POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 0), 0);
  ::close(listener);
}

TEST_F(HostileTest, ClockAndLocaleTricks) {
  auto box = open_watched();
  refused(run(*box, {"./attacker", "clock"}), 4);
  // Times and names that a runner might stumble over.
  ASSERT_EQ(shell(*box,
                  "mkdir o; touch -d 1901-01-01 o/old; touch -d 2400-01-01 o/new README; "
                  "f=$(printf 'o/\\377\\n\\033[31m'); : > \"$f\"; : > 'o/ '; : > o/-rf; "
                  "LC_ALL=tr_TR.UTF-8 TZ=Nowhere/Never sh -c ': > o/I'")
                .run.exit_code,
            0);
  const auto found = box->find({"o/**"}, false, 100);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->size(), 6u);
  for (const WorkspaceFile& f : *found) EXPECT_TRUE(box->read(f.path, 0, 10).ok());
  // A file of another time alone is no change.
  EXPECT_EQ(box->find({"README"}, false, 10)->size(), 0u);
}

TEST_F(HostileTest, TwoTenantsSeeNothingOfEachOther) {
  const std::string name = unique_mark();
  auto one = open_watched(), two = open_watched();
  Outcome first, second;
  std::thread other([&] {
    GateCommand command;
    command.argv = {"./attacker", "leave", name};
    command.timeout_ms = 20'000;
    // The first tenant stays until the second has looked.
    std::string out;
    first.run = one->run(
        command,
        [&](bool, std::string_view bytes) {
          out += bytes;
          if (second.run.end == GateEnd::kExited || out.find("abstract") == std::string::npos) {
            return;
          }
          second = run(*two, {"./attacker", "meet", name});
          one->extend(1);  // ends the first
        },
        -1);
    first.out = out;
  });
  other.join();
  for (const char* left : {"shm ok", "tmp ok", "home ok", "sysv ok", "queue ok", "abstract ok"}) {
    EXPECT_NE(first.out.find(left), std::string::npos) << first.out;
  }
  refused(second, 6);
}

TEST_F(HostileTest, KillingAllThatItSeesHarmsNobodyElse) {
  auto one = open_watched(), two = open_watched();
  (void)shell(*one, "kill -9 -1; kill -STOP -1");
  (void)run(*one, {"./attacker", "init"});
  EXPECT_EQ(shell(*two, "echo alive").out, "alive\n");
  EXPECT_EQ(shell(*one, "echo alive").out, "alive\n");
}

}  // namespace
}  // namespace ghost::runner::test
