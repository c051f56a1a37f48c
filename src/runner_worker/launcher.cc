#include "runner_worker/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace ghost::runner {
namespace {

constexpr int64_t kAnswerMs = 20'000;
#ifndef MFD_EXEC
constexpr unsigned kMfdExec = 0x10;
#else
constexpr unsigned kMfdExec = MFD_EXEC;
#endif

Error failed(const char* what) {
  return {"io_error", std::string("sandbox launcher: ") + what + ": " + std::strerror(errno), ""};
}

// A copy of the program that nobody can write, whatever descriptor they hold on it.
Result<Fd> sealed_image() {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  Fd file(::memfd_create("ghost-launcher", flags | kMfdExec));
  if (!file.ok()) file.reset(::memfd_create("ghost-launcher", flags));
  if (!file.ok()) return failed("memfd_create");
  std::string_view rest = launcher_image();
  while (!rest.empty()) {
    const ssize_t n = ::write(file.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    rest.remove_prefix(static_cast<size_t>(n));
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
      0) {
    return failed("seal");
  }
  return file;
}

// In the child of a fork of a program with threads: only what is async-signal-safe.
[[noreturn]] void become_launcher(int image, int socket) {
  const int high_image = ::fcntl(image, F_DUPFD, 16);
  const int high_socket = ::fcntl(socket, F_DUPFD, 16);
  const int null = ::open("/dev/null", O_RDWR);
  bool ok = high_image >= 0 && high_socket >= 0 && null >= 0;
  for (int fd = 0; ok && fd < 3; ++fd) ok = ::dup2(null, fd) == fd;
  ok = ok && ::dup2(high_socket, 3) == 3 && ::dup2(high_image, 4) == 4 &&
       ::fcntl(4, F_SETFD, FD_CLOEXEC) == 0 && ::syscall(SYS_close_range, 5u, ~0u, 0u) == 0 &&
       ::chdir("/") == 0 && ::setsid() >= 0;
  sigset_t none;
  sigemptyset(&none);
  for (int s = 1; s < 65; ++s) (void)::signal(s, SIG_DFL);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  char name[] = "ghost-launcher";
  char* argv[] = {name, nullptr};
  char* envp[] = {nullptr};
  if (ok) (void)::syscall(SYS_execveat, 4, "", argv, envp, AT_EMPTY_PATH);
  ::_exit(127);
}

}  // namespace

Launcher::Launcher(LauncherConfig config)
    : config_(std::move(config)), mounts_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {}

Launcher::~Launcher() {
  stop();
}

void Launcher::stop() {
  socket_.reset();
  if (pid_ > 0) {
    // It ends by itself at the end of its socket, unless somebody stopped it.
    (void)::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  pid_ = -1;
}

Status Launcher::start() {
  auto image = sealed_image();
  if (!image.ok()) return image.error();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed("socketpair");
  socket_.reset(ends[0]);
  const Fd other(ends[1]);
  pid_ = ::fork();
  if (pid_ < 0) return failed("fork");
  if (pid_ == 0) become_launcher(image->get(), other.get());
  if (!send_frame(socket_.get(), BoxMessage::kConfigure, encode(config_))) {
    return failed("configure");
  }
  return ok_status();
}

// Called with the mutex held.
Result<BoxFrame> Launcher::ask(BoxMessage type, const std::string& payload,
                               const std::vector<int>& fds) {
  for (int attempt = 0;; ++attempt) {
    if (!socket_.ok()) {
      if (Status s = start(); !s.ok()) {
        stop();
        return s.error();
      }
    }
    BoxFrame frame;
    if (send_frame(socket_.get(), type, payload, fds) &&
        receive_frame(socket_.get(), &frame, monotonic_ms() + kAnswerMs)) {
      if (frame.type != BoxMessage::kDone) return frame;
      BoxReader r(frame.payload);
      Error error{std::string(r.str()), std::string(r.str()), ""};
      if (!error.code.empty()) return error;
      return frame;
    }
    Error error = failed("died");
    stop();
    if (attempt == 1) return error;
  }
}

// Called with the mutex held. Roots that are used again and again show the host as it was: files
// that were replaced, and mounts that came or went, are told by these.
uint64_t Launcher::host_changes() {
  std::string now;
  const std::string etc = config_.root + "/etc", top = config_.root + "/";
  for (const std::string& folder : {etc, top}) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) continue;
    now += std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " ";
  }
  pollfd mounts{mounts_.get(), POLLPRI, 0};
  const bool mounted = ::poll(&mounts, 1, 0) > 0 && (mounts.revents & (POLLERR | POLLPRI)) != 0;
  if (mounted || now != host_folders_) ++host_changes_;
  host_folders_ = std::move(now);
  return host_changes_;
}

Result<SpawnedSandbox> Launcher::spawn(SpawnRequest request) {
  int control[2], life[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0) {
    return failed("socketpair");
  }
  SpawnedSandbox out;
  out.control.reset(control[0]);
  const Fd inner_control(control[1]);
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, life) != 0) {
    return failed("socketpair");
  }
  out.life.reset(life[0]);
  const Fd inner_life(life[1]);
  const std::lock_guard lock(mutex_);
  request.host_changes = host_changes();
  auto frame = ask(BoxMessage::kSpawn, encode(request), {inner_control.get(), inner_life.get()});
  if (!frame.ok()) return frame.error();
  if (frame->fds.size() != 1) return Error{"io_error", "sandbox launcher: no process", ""};
  BoxReader r(frame->payload);
  out.pid = static_cast<pid_t>(r.u64());
  out.pidfd = std::move(frame->fds[0]);
  out.uid = request.uid;
  return out;
}

Result<Fd> Launcher::idmap_namespace() {
  const std::lock_guard lock(mutex_);
  auto frame = ask(BoxMessage::kIdmap, "", {});
  if (!frame.ok()) return frame.error();
  if (frame->fds.size() != 1) return Error{"io_error", "sandbox launcher: no namespace", ""};
  return std::move(frame->fds[0]);
}

pid_t Launcher::pid() {
  const std::lock_guard lock(mutex_);
  return pid_;
}

}  // namespace ghost::runner
