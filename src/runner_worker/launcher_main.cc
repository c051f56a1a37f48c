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
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

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

Result<Spawned> spawn(const LauncherConfig& config, const SpawnRequest& request, Fd control,
                      Fd life) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe");
  Fd go(ends[0]), say_go(ends[1]);
  uint64_t flags = 0;
  if (config.namespaces) {
    flags =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    if (!request.host_network) flags |= CLONE_NEWNET;
  }
  int pidfd = -1;
  const pid_t pid = clone_process(flags, &pidfd);
  if (pid < 0) return failed("create namespaces");
  if (pid == 0) {
    ::close(kSocket);
    say_go.reset();
    sigset_t none;
    sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
    sandbox_init(config, request, std::move(go), std::move(control), std::move(life));
  }
  Spawned spawned{pid, Fd(pidfd)};
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

void handle(const LauncherConfig& config, BoxFrame frame) {
  if (frame.type == BoxMessage::kIdmap) {
    auto ns = idmap_namespace(config);
    return answer_done(ns.ok() ? Error{} : ns.error(), ns.ok() ? ns->get() : -1);
  }
  SpawnRequest request;
  if (frame.type != BoxMessage::kSpawn || frame.fds.size() != 2 ||
      !decode(frame.payload, &request)) {
    ::_exit(1);
  }
  auto spawned = spawn(config, request, std::move(frame.fds[0]), std::move(frame.fds[1]));
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
  for (;;) {
    pollfd polled[2] = {{kSocket, POLLIN, 0}, {children.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0) continue;
    signalfd_siginfo info;
    while (::read(children.get(), &info, sizeof info) > 0) {
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (polled[0].revents == 0) continue;
    BoxFrame frame;
    // Sandboxes die with this process, or by the end of their own sockets.
    if (!receive_frame(kSocket, &frame)) ::_exit(0);
    handle(config, std::move(frame));
  }
}

}  // namespace
}  // namespace ghost::runner

int main() {
  (void)::fcntl(3, F_SETFD, FD_CLOEXEC);
  ghost::runner::serve();
}
