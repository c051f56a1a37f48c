// Where neither namespaces nor overlays are allowed: Landlock, system call filters, limits and,
// where the runner is root, a user for each sandbox.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <sstream>

#include "canary.h"
#include "runner_worker/landlock.h"
#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class PlainTest : public SandboxTest {
 protected:
  PlainTest() : canary_(dir_.path() + "/canary") { ::chmod(dir_.path().c_str(), 0711); }

  SandboxOptions options() const override {
    SandboxOptions out = SandboxTest::options();
    out.isolation = out.isolation_max = "plain";
    return out;
  }

  void TearDown() override {
    if (!pool_) return;
    EXPECT_TRUE(wait_until([&] { return processes_with(mark_).empty(); }, 2000));
    EXPECT_EQ(canary_.changes(), "");
    EXPECT_EQ(slurp(base() + "/README"), "base\n");
  }

  static std::map<std::string, std::string> tries(const Outcome& outcome) {
    std::map<std::string, std::string> out;
    std::istringstream lines(outcome.out);
    for (std::string name, result; lines >> name >> result;) {
      if (out[name] != "ok") out[name] = result;
    }
    return out;
  }

  static std::string path_of(Sandbox& box, const std::string& what) {
    const std::string line = shell(box, "echo " + what).out;
    return line.substr(0, line.find('\n'));
  }

  Canary canary_;
  const std::string mark_ = unique_mark();
};

TEST_F(PlainTest, SaysWhatItIsAndWhatItLacks) {
  EXPECT_EQ(pool_->level(), "plain");
  std::string all;
  for (const std::string& gap : pool_->gaps()) all += gap + "\n";
  EXPECT_NE(all.find("no namespaces"), std::string::npos) << all;
  EXPECT_NE(all.find("no overlay"), std::string::npos) << all;
  EXPECT_EQ(all.find("no Landlock:"), std::string::npos) << all;
}

TEST_F(PlainTest, ALevelThatIsNotToBeHadIsRefusedWithTheReason) {
  SandboxOptions wanted = options();
  wanted.isolation = "full";
  auto pool = make_sandbox_pool(wanted);
  ASSERT_FALSE(pool.ok());
  EXPECT_EQ(pool.error().code, "bad_config");
  wanted.isolation = wanted.isolation_max = "plain";
  wanted.root = "/";
  pool = make_sandbox_pool(wanted);
  ASSERT_FALSE(pool.ok());
  EXPECT_NE(pool.error().message.find("root file system"), std::string::npos);
}

TEST_F(PlainTest, GatesRunPublishAndAreRead) {
  auto box = open();
  ASSERT_TRUE(box->publish({file("new", "text"), removed("src/deep/b.c")}).ok());
  EXPECT_EQ(shell(*box,
                  "cat new README; ls src; echo made > made; echo $HOME; cd ~ && touch x && "
                  "cd $TMPDIR && touch y && ls /usr/bin/env")
                .run.exit_code,
            0);
  const auto found = box->find({"**"}, false, 100);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->size(), 3u);  // attacker, made, new
  EXPECT_EQ(*box->read("made", 0, 10), "made\n");
  EXPECT_TRUE(box->close().ok());
  auto next = open();
  EXPECT_EQ(shell(*next, "ls").out, "README\nattacker\nlink\nrun.sh\nsrc\n");
}

TEST_F(PlainTest, FilesOfOthersAreNeitherReadNorWritten) {
  const std::string secret = unique_mark();
  ASSERT_EQ(::setenv("GHOST_TEST_PLAIN", secret.c_str(), 1), 0);
  spit(dir_.path() + "/outbox/result", secret);
  ::chmod((dir_.path() + "/outbox").c_str(), 0777);
  auto other = open();
  ASSERT_TRUE(other->publish({file("private", secret)}).ok());
  const std::string where = shell(*other, "pwd").out;
  auto box = open();
  const std::string to = canary_.file();
  const Outcome done =
      shell(*box, "cat " + to + " " + dir_.path() + "/outbox/result /proc/*/environ " +
                      where.substr(0, where.size() - 1) + "/private /etc/shadow; ls " +
                      dir_.path() + " " + canary_.folder() + " /root /home /var/tmp; echo x > " +
                      to + "; rm -f " + to + "; ln -s " + to + " l; echo x > l; ln " + to +
                      " h; mv " + to + " m; mkdir " + canary_.folder() + "/new; : > " + base() +
                      "/README; truncate -s 0 " + to + "; echo x > /dev/shm/" + secret +
                      "; mknod " + canary_.folder() + "/n p; echo x > /tmp/" + secret +
                      "; cat /proc/" + std::to_string(::getpid()) + "/maps");
  EXPECT_EQ(done.run.end, GateEnd::kExited);
  EXPECT_EQ(done.out.find(secret), std::string::npos) << done.out;
  EXPECT_EQ(done.out.find("canary"), std::string::npos) << done.out;
  EXPECT_EQ(done.out.find("root:"), std::string::npos) << done.out;
  EXPECT_EQ(::access(("/tmp/" + secret).c_str(), F_OK), -1);
  EXPECT_EQ(::access(("/dev/shm/" + secret).c_str(), F_OK), -1);
  ::unsetenv("GHOST_TEST_PLAIN");
}

TEST_F(PlainTest, PrivilegedCallsAreRefused) {
  auto box = open();
  const auto told = tries(run(*box, {"./attacker", "calls"}));
  EXPECT_GT(told.size(), 35u);
  for (const auto& [name, result] : told) EXPECT_NE(result, "ok") << name;
  for (const char* attack : {"clock", "programs"}) {
    for (const auto& [name, result] : tries(run(*box, {"./attacker", attack}))) {
      EXPECT_NE(result, "ok") << name;
    }
  }
}

TEST_F(PlainTest, NoNetworkAtAll) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  auto box = open();
  for (const auto& [name, result] : tries(run(*box, {"./attacker", "network", port}))) {
    EXPECT_NE(result, "ok") << name;
  }
  pollfd p{listener, POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 0), 0);
  SandboxSpec wanted = spec();
  wanted.host_network = true;
  auto online = open(wanted);
  EXPECT_EQ(tries(run(*online, {"./attacker", "network", port}))["connect"], "ok");
  ::close(listener);
}

TEST_F(PlainTest, TheRunnerAndOtherSandboxesAreOutOfSignals) {
  if (::geteuid() != 0 && landlock_version() < 6) GTEST_SKIP() << "no Landlock scopes here";
  auto one = open(), two = open();
  const std::string pid = std::to_string(::getpid());
  const Outcome done = shell(*one, "kill -9 " + pid + " && echo killed; kill -STOP " + pid +
                                       " && echo stopped; kill -9 -1; kill -9 $PPID; true");
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(shell(*one, "echo alive").out, "alive\n");
  EXPECT_EQ(shell(*two, "echo alive").out, "alive\n");
}

TEST_F(PlainTest, TwoTenantsSeeNothingOfEachOther) {
  const std::string name = unique_mark();
  auto one = open(), two = open();
  EXPECT_EQ(shell(*one, "echo x | tee ~/" + name + " $TMPDIR/" + name + " " + name).run.exit_code,
            0);
  const auto left = tries(run(*one, {"sh", "-c", "./attacker leave " + name + " & sleep 0.2"}));
  EXPECT_EQ(left.at("sysv"), "EPERM");
  EXPECT_EQ(left.at("queue"), "EPERM");
  for (const auto& [what, result] : tries(run(*two, {"./attacker", "meet", name}))) {
    EXPECT_NE(result, "ok") << what;
  }
  EXPECT_EQ(shell(*two, "find $HOME/../.. -name " + name + " 2>/dev/null").out, "");
}

TEST_F(PlainTest, OneUserASandboxWhereTheRunnerIsRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "the runner is an ordinary user";
  auto one = open(), two = open();
  const std::string first = shell(*one, "id -u").out, second = shell(*two, "id -u").out;
  EXPECT_NE(first, "0\n");
  EXPECT_NE(first, second);
}

TEST_F(PlainTest, NothingOutlivesAGate) {
  auto box = open();
  for (const std::string& script :
       {"setsid ./attacker linger " + mark_ + " &", "./attacker daemon " + mark_,
        "(trap '' HUP TERM; setsid nohup ./attacker linger " + mark_ + " >/dev/null 2>&1 &) &"}) {
    EXPECT_EQ(shell(*box, script).run.end, GateEnd::kExited) << script;
    EXPECT_TRUE(processes_with(mark_).empty()) << script;
  }
  EXPECT_EQ(run(*box, {"./attacker", "linger", mark_}, 200).run.end, GateEnd::kTimeout);
  EXPECT_TRUE(processes_with(mark_).empty());
  EXPECT_EQ(run(*box, {"./attacker", "bomb", mark_}, 300).run.end, GateEnd::kTimeout);
  EXPECT_TRUE(processes_with(mark_).empty());
  EXPECT_TRUE(box->close().ok());
}

TEST_F(PlainTest, LimitsAreTold) {
  SandboxSpec small = spec();
  small.limits.memory_bytes = 48u << 20;
  small.limits.disk_bytes = 8u << 20;
  small.limits.inodes = 300;
  auto box = open(small);
  EXPECT_EQ(run(*box, {"./attacker", "memory"}).run.end, GateEnd::kOom);
  const Outcome disk = shell(*box, "for i in 1 2 3 4; do head -c 4000000 /dev/zero > f$i; done");
  EXPECT_EQ(disk.run.end, GateEnd::kFlood) << static_cast<int>(disk.run.end);
  EXPECT_NE(disk.run.error.find("disk limit"), std::string::npos) << disk.run.error;
  ASSERT_EQ(run(*box, {"sh", "-c", "rm f?"}).run.end, GateEnd::kExited);
  // Ended while it goes on.
  const Outcome files = shell(*box, "i=0; while :; do : > g$i; i=$((i+1)); done");
  EXPECT_EQ(files.run.end, GateEnd::kFlood);
  EXPECT_NE(files.run.error.find("300 files"), std::string::npos) << files.run.error;
}

TEST_F(PlainTest, LinksLeftForTheRunnerAreNotFollowed) {
  auto box = open();
  ASSERT_EQ(shell(*box, "rm -rf src README; ln -s " + canary_.folder() + " src; ln -s " +
                            canary_.file() + " README; mkfifo fifo")
                .run.exit_code,
            0);
  EXPECT_FALSE(box->read("src/file", 0, 10).ok());
  EXPECT_EQ(box->read("fifo", 0, 10).error().code, "bad_request");
  ASSERT_TRUE(box->publish({file("src/file", "new"), file("README", "new")}).ok());
  EXPECT_TRUE(box->close().ok());
}

// The copy is used again, as if it were new, whatever the last job did to it.
TEST_F(PlainTest, AUsedWorkspaceIsMadeWhatItWas) {
  const auto inode = [](Sandbox& box, const std::string& path) {
    return shell(box, "stat -c %i " + path).out;
  };
  std::string untouched;
  for (const std::string& harm :
       {std::string("true"), std::string("echo x > README; rm src/a.c; mkdir -p n/m; : > n/m/f"),
        std::string("cp -p README /tmp 2>/dev/null; cp -p README ~/r; echo evil > README; "
                    "touch -r ~/r README; mv src moved; ln -s moved src"),
        std::string("rm -rf src; echo file > src; chmod 000 README; chmod 777 run.sh"),
        std::string("rm link; mkdir link; : > link/f; chmod 000 link src/deep; ln run.sh hard"),
        std::string("mv README r; cp r README; chmod 000 ."),
        std::string(
            "python3 -c \"import mmap; f = open('README', 'r+b'); m = mmap.mmap(f.fileno(), "
            "0); m[0:4] = b'evil'\""),
        "ln -sf " + canary_.file() + " README; rm -rf src; ln -s " + canary_.folder() + " src",
        std::string("mkfifo src/deep/p; rm -rf src/deep/b.c; mkfifo src/deep/b.c")}) {
    auto box = open();
    const std::string now = inode(*box, "src/deep");
    // On a tmpfs a copy is never used again.
    if (harm.starts_with("echo x") && shell(*box, "stat -f -c %T .").out != "tmpfs\n") {
      EXPECT_EQ(now, untouched) << "the copy was made anew";
    }
    if (harm == "true") untouched = now;
    ASSERT_TRUE(box->publish({removed("attacker")}).ok());
    const auto found = box->find({"**"}, false, 100);
    ASSERT_TRUE(found.ok());
    EXPECT_TRUE(found->empty()) << harm << ": " << found->front().path;
    EXPECT_EQ(
        shell(*box, "ls -A . src src/deep ~ $TMPDIR; cat README src/a.c src/deep/b.c; ./run.sh")
            .out,
        ".:\nREADME\nlink\nrun.sh\nsrc\n\n" + path_of(*box, "~") + ":\n\n" +
            path_of(*box, "$TMPDIR") +
            ":\n\nsrc:\na.c\ndeep\n\nsrc/deep:\nb.c\nbase\n"
            "int a;\nint b;\nran\n");
    (void)shell(*box, harm);
    EXPECT_TRUE(box->close().ok());
  }
}

TEST_F(PlainTest, GitWorksOnBorrowedObjects) {
  // As the runner's cache: objects in a folder of Ghost's that others may not look into.
  const std::string mirror = scratch() + "/mirror";
  const std::string make =
      "git init -q -b main '" + mirror + "' && cd '" + mirror +
      "' && git config user.name n && git config user.email e && echo one > f && git add f && git "
      "commit -q -m one";
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "no git here";
  ::chmod(dir_.path().c_str(), 0700);
  const std::string objects = mirror + "/.git/objects";
  SandboxSpec wanted = spec();
  wanted.read_only_dirs = {objects};
  auto box = open(wanted);
  const Outcome done = shell(*box, "git init -q . && echo " + objects +
                                       " > .git/objects/info/alternates && git log "
                                       "--format=%s $(cd " +
                                       mirror + " 2>/dev/null; echo " +
                                       slurp(mirror + "/.git/refs/heads/main").substr(0, 40) + ")");
  EXPECT_EQ(done.out, "one\n") << done.err;
  EXPECT_NE(shell(*box, "touch " + objects + "/x").run.exit_code, 0);
  ::chmod(dir_.path().c_str(), 0711);
}

TEST_F(PlainTest, ToolchainsWork) {
  auto box = open();
  if (shell(*box, "command -v gcc make python3").run.exit_code != 0) GTEST_SKIP() << "no gcc here";
  const Outcome done =
      shell(*box,
            "printf 'int puts(const char*); int main() { puts(\"7\"); }' > m.c && printf 'm: "
            "m.c\\n\\t@gcc -o m m.c\\n' > Makefile && make -s && ./m && /usr/bin/python3 -c "
            "'import subprocess; print(subprocess.check_output([\"echo\", \"ran\"]))' && bash "
            "-c 'cat <(echo sub)'");
  EXPECT_EQ(done.out, "7\nb'ran\\n'\nsub\n") << done.err;
}

}  // namespace
}  // namespace ghost::runner::test
