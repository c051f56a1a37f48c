// The launcher program: embedded in the runner, started from a sealed copy in memory, so that what
// /proc/PID/exe of any process of a sandbox leads to can never be written. It has one thread, none
// of the runner's memory, environment or descriptors, and forks the first process of each sandbox.
// It ends when the runner's end of its socket (descriptor 3) closes.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <vector>

#include "runner_worker/common_root.h"
#include "runner_worker/sandbox_init.h"
#include "runner_worker/sandbox_root.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {
namespace {

constexpr int kSocket = 3;

Error failed(const std::string& what) {
  return {"io_error", "launcher: " + what + ": " + std::strerror(errno), ""};
}

Status write_proc(pid_t pid, const char* name, const std::string& text) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.ok() ||
      ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return failed("write " + path);
  }
  return ok_status();
}

std::string proc_text(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::string text(4096, '\0');
  const ssize_t n = fd.ok() ? ::read(fd.get(), text.data(), text.size()) : -1;
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

Status write_maps(pid_t pid, uint32_t inside_uid, uint32_t inside_gid, uint32_t uid, uint32_t gid) {
  // An ordinary user may map itself only after giving up setgroups.
  if (::geteuid() != 0) {
    if (Status s = write_proc(pid, "setgroups", "deny"); !s.ok()) return s;
  }
  const auto line = [](uint32_t inside, uint32_t outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  };
  if (Status s = write_proc(pid, "gid_map", line(inside_gid, gid)); !s.ok()) return s;
  return write_proc(pid, "uid_map", line(inside_uid, uid));
}

// As fork, with namespaces.
pid_t clone_process(uint64_t flags, int* pidfd) {
  clone_args args{};
  args.flags = flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(pidfd);
  args.exit_signal = SIGCHLD;
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
};

// Network namespaces cost more to make and to unmake than all others together. Where this process
// is root it makes them itself, and one whose sandbox has died is used again if nothing in it tells
// that it was used: no packet ever, no socket. Their owner is then the host, so that not even a
// sandbox's first process could change anything in them.
class Networks {
 public:
  // Puts this process, and so its next child, into a namespace that no living sandbox has. False:
  // it may not, the child is to make its own.
  bool enter_free();
  // The child has what was entered, until it is given back.
  void use(pid_t pid);
  void give_back(pid_t pid);
  void enter_host();

 private:
  static constexpr size_t kFreeMax = 64;
  bool make();
  static bool untouched();

  const Fd host_{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  bool allowed_ = host_.ok() && ::geteuid() == 0;
  Fd entered_;
  std::vector<Fd> free_;
  std::map<pid_t, Fd> used_;
};

bool Networks::enter_free() {
  while (allowed_ && !entered_.ok() && !free_.empty()) {
    entered_ = std::move(free_.back());
    free_.pop_back();
    if (::setns(entered_.get(), CLONE_NEWNET) != 0 || !untouched()) entered_.reset();
  }
  if (allowed_ && !entered_.ok() && !make()) {
    enter_host();
    allowed_ = false;
  }
  return allowed_;
}

bool Networks::make() {
  if (::unshare(CLONE_NEWNET) != 0 || !bring_loopback_up()) return false;
  entered_.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  return entered_.ok();
}

void Networks::use(pid_t pid) {
  if (entered_.ok()) used_[pid] = std::move(entered_);
}

void Networks::give_back(pid_t pid) {
  const auto found = used_.find(pid);
  if (found == used_.end()) return;
  if (free_.size() < kFreeMax) free_.push_back(std::move(found->second));
  used_.erase(found);
}

void Networks::enter_host() {
  entered_.reset();
  if (allowed_ && ::setns(host_.get(), CLONE_NEWNET) != 0) ::_exit(1);
}

// Of the namespace that this process is in: nothing went through its loopback, and no socket is
// left (an unclosed connection outlives its process).
bool Networks::untouched() {
  const std::string devices = proc_text("/proc/self/net/dev");
  const size_t lo = devices.find("lo:");
  unsigned long long received = 1, sent = 1;
  if (lo == std::string::npos ||
      std::sscanf(devices.c_str() + lo + 3, "%*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", &received,
                  &sent) != 2 ||
      received != 0 || sent != 0) {
    return false;
  }
  for (const char* name : {"/proc/self/net/sockstat", "/proc/self/net/sockstat6"}) {
    const std::string text = proc_text(name);
    for (size_t at = 0; (at = text.find("inuse ", at)) != std::string::npos; ++at) {
      if (text[at + 6] != '0') return false;
    }
    const size_t waiting = text.find(" tw ");
    if (waiting != std::string::npos && text[waiting + 4] != '0') return false;
  }
  return true;
}

// What the launcher has and no sandbox is to have.
void close_all_but(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    const auto next = static_cast<unsigned>(fd);
    if (next > from) (void)::syscall(SYS_close_range, from, next - 1, 0u);
    from = next + 1;
  }
  (void)::syscall(SYS_close_range, from, ~0u, 0u);
}

struct Places {
  Networks networks;
  CommonRoot root;
};

Result<Spawned> spawn(const LauncherConfig& config, Places& places, const SpawnRequest& request,
                      Fd control, Fd life) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
  Fd go(ends[0]), say_go(ends[1]);
  uint64_t flags = 0;
  bool common_root = false;
  if (config.namespaces) {
    // Mounts that are not sent are opened inside, in the host's tree.
    common_root = request.mounts_sent && !request.host_network &&
                  places.root.enter(config, request.host_changes);
    if (!common_root) places.root.enter_host();
    flags =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    if (request.host_network) {
      places.networks.enter_host();
    } else if (!places.networks.enter_free()) {
      flags |= CLONE_NEWNET;
    }
  }
  int pidfd = -1;
  const pid_t pid = clone_process(flags, &pidfd);
  if (pid < 0) return failed("create namespaces");
  if (pid == 0) {
    close_all_but({go.get(), control.get(), life.get()});
    sigset_t none;
    sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
    sandbox_init(config, request, common_root, std::move(go), std::move(control), std::move(life));
  }
  Spawned spawned{pid, Fd(pidfd)};
  places.networks.use(pid);
  if (config.namespaces) {
    Status mapped = write_maps(pid, kInsideUid, kInsideUid, config.uid, config.gid);
    if (!mapped.ok()) {
      (void)::kill(pid, SIGKILL);
      return mapped.error();
    }
  }
  if (::write(say_go.get(), "1", 1) != 1) return failed("start sandbox");
  return spawned;
}

// A user namespace for idmapped mounts: files of the runner's uid appear as the sandbox's.
Result<Fd> idmap_namespace(const LauncherConfig& config) {
  int pidfd = -1;
  const pid_t pid = clone_process(CLONE_NEWUSER, &pidfd);
  if (pid < 0) return failed("create user namespace");
  if (pid == 0) {
    for (;;) ::pause();
  }
  const Fd owned(pidfd);
  Status mapped = write_maps(pid, ::geteuid(), ::getegid(), config.uid, config.gid);
  Fd ns(::open(("/proc/" + std::to_string(pid) + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  Status opened = ns.ok() ? ok_status() : Status(failed("open user namespace"));
  (void)::kill(pid, SIGKILL);
  if (!mapped.ok()) return mapped.error();
  if (!opened.ok()) return opened.error();
  return ns;
}

void answer_done(const Error& error, int fd) {
  BoxWriter w;
  w.str(error.code).str(error.message);
  if (!send_frame(kSocket, BoxMessage::kDone, w.bytes(),
                  fd >= 0 ? std::vector<int>{fd} : std::vector<int>{})) {
    ::_exit(0);
  }
}

void handle(const LauncherConfig& config, Places& places, BoxFrame frame) {
  if (frame.type == BoxMessage::kIdmap) {
    auto ns = idmap_namespace(config);
    return answer_done(ns.ok() ? Error{} : ns.error(), ns.ok() ? ns->get() : -1);
  }
  SpawnRequest request;
  if (frame.type != BoxMessage::kSpawn || frame.fds.size() != 2 ||
      !decode(frame.payload, &request)) {
    ::_exit(1);
  }
  auto spawned = spawn(config, places, request, std::move(frame.fds[0]), std::move(frame.fds[1]));
  if (!spawned.ok()) return answer_done(spawned.error(), -1);
  BoxWriter w;
  w.u64(static_cast<uint64_t>(spawned->pid));
  if (!send_frame(kSocket, BoxMessage::kSpawned, w.bytes(), {spawned->pidfd.get()})) ::_exit(0);
}

[[noreturn]] void serve() {
  (void)::prctl(PR_SET_NAME, "ghost-launcher", 0, 0, 0);
  (void)::signal(SIGPIPE, SIG_IGN);
  ::umask(022);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  (void)::sigprocmask(SIG_BLOCK, &child, nullptr);
  const Fd children(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  BoxFrame first;
  LauncherConfig config;
  if (!receive_frame(kSocket, &first) || first.type != BoxMessage::kConfigure ||
      !decode(first.payload, &config)) {
    ::_exit(0);
  }
  Places places;
  for (;;) {
    pollfd polled[2] = {{kSocket, POLLIN, 0}, {children.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0) continue;
    signalfd_siginfo info;
    while (::read(children.get(), &info, sizeof info) > 0) {
    }
    // The death of a first process is that of its whole pid namespace.
    for (pid_t pid; (pid = ::waitpid(-1, nullptr, WNOHANG)) > 0;) places.networks.give_back(pid);
    if (polled[0].revents == 0) continue;
    BoxFrame frame;
    // Sandboxes die with this process, or by the end of their own sockets.
    if (!receive_frame(kSocket, &frame)) ::_exit(0);
    handle(config, places, std::move(frame));
  }
}

}  // namespace
}  // namespace ghost::runner

int main() {
  (void)::fcntl(3, F_SETFD, FD_CLOEXEC);
  ghost::runner::serve();
}
