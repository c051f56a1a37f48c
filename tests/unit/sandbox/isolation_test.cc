// What a gate must not see, reach or do.
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <sstream>

#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class IsolationTest : public SandboxTest {
 protected:
  // What the attacker tells: name of the try, and "ok" or an errno.
  static std::map<std::string, std::string> tries(const Outcome& outcome) {
    std::map<std::string, std::string> out;
    std::istringstream lines(outcome.out);
    std::string name, result;
    while (lines >> name >> result) {
      if (out[name] != "ok") out[name] = result;
    }
    return out;
  }
};

TEST_F(IsolationTest, PrivilegedCallsAreRefused) {
  auto box = open();
  const Outcome done = run(*box, {"./attacker", "calls"});
  EXPECT_EQ(done.run.end, GateEnd::kExited);
  const auto told = tries(done);
  EXPECT_GT(told.size(), 35u) << done.out;
  for (const auto& [name, result] : told) EXPECT_NE(result, "ok") << name;
  for (const char* name : {"mount", "umount", "keyctl", "unshare_user", "clone_user", "bpf"}) {
    EXPECT_EQ(told.at(name), "EPERM") << name;
  }
  EXPECT_EQ(told.at("clone3_user"), "ENOSYS");
}

TEST_F(IsolationTest, OtherSystemCallInterfacesAreClosed) {
  auto box = open();
  for (const char* abi : {"x32", "i386"}) {
    const Outcome done = run(*box, {"./attacker", "abi", abi});
    EXPECT_TRUE(done.run.end == GateEnd::kSignalled || done.out == "-1\n")
        << abi << " gave " << done.out;
  }
}

TEST_F(IsolationTest, TheFirstProcessWithstandsItsGates) {
  auto box = open();
  for (int round = 0; round < 2; ++round) {
    const Outcome done = run(*box, {"./attacker", "init"});
    ASSERT_EQ(done.run.end, GateEnd::kExited) << done.run.error;
    for (const auto& [name, result] : tries(done)) EXPECT_NE(result, "ok") << name;
    EXPECT_GT(tries(done).size(), 20u);
  }
  // It still works, and still ends a gate in time.
  EXPECT_TRUE(box->publish({file("later", "x")}).ok());
  EXPECT_EQ(run(*box, {"./attacker", "linger"}, 200).run.end, GateEnd::kTimeout);
  EXPECT_EQ(shell(*box, "kill -9 -1; kill -9 1; cat later").out, "x");
}

TEST_F(IsolationTest, NoCapabilitiesAndNoWayToThem) {
  auto box = open();
  const Outcome done = shell(*box, "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; id -u");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_NE(done.out.find(std::string(set) + ":\t0000000000000000"), std::string::npos)
        << done.out;
  }
  EXPECT_NE(done.out.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(done.out.find("Seccomp:\t2"), std::string::npos);
  EXPECT_NE(done.out.find("1000\n"), std::string::npos);
}

TEST_F(IsolationTest, GatesOfAPrivilegedRunnerAreNobodyOnTheHost) {
  if (::geteuid() != 0) GTEST_SKIP() << "the runner is an ordinary user";
  for (const std::string& gap : pool_->gaps()) {
    if (gap.find("host's root") != std::string::npos) GTEST_SKIP() << gap;
  }
  auto box = open();
  EXPECT_EQ(shell(*box, "awk '{print $2 != 0, $3}' /proc/self/uid_map").out, "1 1\n");
}

TEST_F(IsolationTest, OnlyItsOwnProcessesAreSeen) {
  auto box = open();
  EXPECT_EQ(shell(*box, "cat /proc/[0-9]*/comm").out, "ghost-box\nsh\n");
  const std::string own = std::to_string(::getpid());
  EXPECT_NE(shell(*box, "kill -0 " + own + " 2>/dev/null").run.exit_code, 0);
}

TEST_F(IsolationTest, TheHostsPathsAreHidden) {
  spit(dir_.path() + "/secret", "leaked-secret");
  auto box = open();
  const Outcome done = shell(
      *box,
      "cat " + dir_.path() +
          "/secret; ls /root /home /var/lib /srv /mnt /boot /media /run; "
          "cat /etc/shadow /etc/ssh/* /etc/machine-id; cat /proc/1/environ; ls /proc/1/root/");
  EXPECT_EQ(done.out.find("leaked"), std::string::npos);
  EXPECT_EQ(shell(*box, "ls -A /home /root /sys /run /mnt 2>/dev/null").out.find("secret"),
            std::string::npos);
  EXPECT_EQ(shell(*box, "ls -A /home /root /sys /run | grep -v -e : -e '^$'").out, "ghost\n");
}

TEST_F(IsolationTest, OpenFoldersOfTheHostLeadNowhere) {
  auto box = open();
  // Neither the old root nor base and upper are mounted anywhere.
  const Outcome done = shell(*box, "cat /proc/self/mountinfo");
  for (const char* word : {".old", ".base ", ".store "}) {
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string id, parent, device, root, point;
      fields >> id >> parent >> device >> root >> point;
      EXPECT_EQ((point + " ").find(word), std::string::npos) << line;
    }
  }
}

TEST_F(IsolationTest, NoNetworkButLoopback) {
  auto box = open();
  EXPECT_EQ(shell(*box, "sed 1,2d /proc/net/dev | cut -d: -f1 | tr -d ' '").out, "lo\n");
  EXPECT_EQ(shell(*box, "cat /proc/net/route | wc -l").out, "1\n");
}

// A listener in the abstract namespace of unix sockets, which belongs to the network namespace.
class AbstractListener {
 public:
  explicit AbstractListener(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd_, 8) != 0) {
      throw std::runtime_error("listen");
    }
  }
  ~AbstractListener() { ::close(fd_); }
  AbstractListener(const AbstractListener&) = delete;
  AbstractListener& operator=(const AbstractListener&) = delete;

 private:
  int fd_;
};

TEST_F(IsolationTest, HostNetworkWhenAskedFor) {
  SandboxSpec with_network = spec();
  with_network.host_network = true;
  auto box = open(with_network);
  const Outcome done = shell(*box, "readlink /proc/self/ns/net");
  std::array<char, 64> own{};
  ASSERT_GT(::readlink("/proc/self/ns/net", own.data(), own.size() - 1), 0);
  EXPECT_EQ(done.out, std::string(own.data()) + "\n");
  // All else stays as it is; folders too, which a gate moves files between.
  EXPECT_EQ(shell(*box, "mkdir d && ln README d/l && mv d/l m && cat m").out, "base\n");
  const auto told = tries(run(*box, {"./attacker", "calls"}));
  for (const auto& [name, result] : told) EXPECT_NE(result, "ok") << name;
}

TEST_F(IsolationTest, AbstractSocketsOfTheHostAreOutOfReach) {
  const std::string name = unique_mark();
  const AbstractListener listener(name);
  for (const bool host_network : {false, true}) {
    SandboxSpec wanted = spec();
    wanted.host_network = host_network;
    auto box = open(wanted);
    EXPECT_NE(run(*box, {"./attacker", "abstract", name}).out, "connect ok\n") << host_network;
  }
}

TEST_F(IsolationTest, TheBaseCannotBeWritten) {
  auto box = open();
  const Outcome done = shell(
      *box, "echo changed > README; rm -rf src; chmod 000 run.sh; ln -f README hard; : > link");
  EXPECT_EQ(done.run.end, GateEnd::kExited);
  EXPECT_EQ(slurp(base() + "/README"), "base\n");
  EXPECT_EQ(slurp(base() + "/src/a.c"), "int a;\n");
  EXPECT_EQ(slurp(base() + "/src/deep/b.c"), "int b;\n");
  struct stat info {};
  ASSERT_EQ(::stat((base() + "/run.sh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755u);
  EXPECT_EQ(::access((base() + "/hard").c_str(), F_OK), -1);
  // The next sandbox sees the base as it is.
  auto next = open();
  EXPECT_EQ(shell(*next, "cat README link").out, "base\nint a;\n");
}

TEST_F(IsolationTest, ReadOnlyFoldersAreShownAndStaySo) {
  const std::string shown = dir_.path() + "/objects";
  spit(shown + "/pack", "objects");
  SandboxSpec wanted = spec();
  wanted.read_only_dirs = {shown};
  auto box = open(wanted);
  EXPECT_EQ(shell(*box, "cat " + shown + "/pack").out, "objects");
  EXPECT_NE(shell(*box, "echo x > " + shown + "/pack").run.exit_code, 0);
  EXPECT_NE(shell(*box, "rm -f " + shown + "/pack; chmod 000 " + shown).run.exit_code, 0);
  EXPECT_EQ(slurp(shown + "/pack"), "objects");
  EXPECT_EQ(shell(*box, "ls -A " + dir_.path()).out, "objects\n");
}

// In a mount namespace of this test's own, whose /etc may be changed.
TEST_F(IsolationTest, TheNextSandboxShowsWhatTheHostHasChanged) {
  if (::unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "may not make a mount namespace";
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  const std::string etc = dir_.path() + "/etc";
  spit(etc + "/timezone", "one");
  ASSERT_EQ(::mount(etc.c_str(), "/etc", nullptr, MS_BIND, nullptr), 0);
  SandboxOptions wanted = options();
  wanted.ready_max = 0;
  auto pool = make_sandbox_pool(wanted);
  ASSERT_TRUE(pool.ok()) << pool.error().message;
  pool_ = std::move(*pool);
  EXPECT_EQ(shell(*open(), "cat /etc/timezone").out, "one");
  spit(etc + "/timezone.new", "two");
  ASSERT_EQ(::rename("/etc/timezone.new", "/etc/timezone"), 0);
  EXPECT_EQ(shell(*open(), "cat /etc/timezone").out, "two");
  ASSERT_EQ(::mount("tmpfs", "/opt", "tmpfs", 0, nullptr), 0);
  spit("/opt/tool", "three");
  EXPECT_EQ(shell(*open(), "cat /opt/tool").out, "three");
  ASSERT_EQ(::umount("/opt"), 0);
  EXPECT_EQ(shell(*open(), "cat /opt/tool /etc/timezone").out, "two");
}

TEST_F(IsolationTest, SetuidProgramsGiveNothing) {
  auto box = open();
  const Outcome done = shell(*box, "cp attacker su && chmod 6755 su && ./su calls | grep setuid");
  EXPECT_EQ(done.out.find("ok"), std::string::npos) << done.out;
}

TEST_F(IsolationTest, MaskedPartsOfProc) {
  auto box = open();
  EXPECT_EQ(shell(*box, "cat /proc/keys /proc/timer_list").out, "");
  for (const char* path : {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/kcore",
                           "/proc/kmsg", "/proc/sys/vm/drop_caches", "/proc/1/mem"}) {
    EXPECT_NE(shell(*box, std::string("echo x > ") + path).run.exit_code, 0) << path;
  }
  EXPECT_EQ(shell(*box, "head -c 16 /proc/kcore").out, "");
}

}  // namespace
}  // namespace ghost::runner::test
