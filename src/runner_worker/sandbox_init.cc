#include "runner_worker/sandbox_init.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "runner_worker/disk_watch.h"
#include "runner_worker/gate_process.h"
#include "runner_worker/layer.h"
#include "runner_worker/sandbox.h"
#include "runner_worker/sandbox_root.h"
#include "runner_worker/workspace.h"

namespace ghost::runner {
namespace {

constexpr size_t kSliceBytesMax = 16u << 20;
constexpr int64_t kWatchMs = 20;  // between looks at CPU time and memory
constexpr int64_t kDiskLookMs = 250;

// For the signal handler only.
volatile sig_atomic_t g_namespaces = 1;
volatile sig_atomic_t g_armed = 0;
volatile sig_atomic_t g_expired = 0;
timer_t g_timer{};
pid_t g_launcher = -1;

// In a pid namespace the end of its first process is the end of all. Elsewhere the loop must kill
// them first: poll returns with EINTR. Gates have this process's uid and can send it any signal, so
// none is taken at its word.
void on_expiry(int signal) {
  const int error = errno;
  bool over = signal == SIGTERM && ::getppid() != g_launcher;
  itimerspec left{};
  if (signal == SIGALRM && g_armed != 0 && ::timer_gettime(g_timer, &left) == 0) {
    over = left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0;
  }
  errno = error;
  if (!over) return;
  if (g_namespaces != 0) ::_exit(3);
  g_expired = 1;
}

Error failed(const char* what) {
  return {"io_error", std::string("sandbox: ") + what + ": " + std::strerror(errno), ""};
}

class Init {
 public:
  Init(const LauncherConfig& config, Fd control, Fd life)
      : config_(config), control_(std::move(control)), life_(std::move(life)) {}

  Status start(const SpawnRequest& request, bool common_root);
  [[noreturn]] void serve(Status started);

 private:
  [[noreturn]] void die();
  void set_timer(uint64_t ms);
  void take_extension();
  // Waits for a frame of the runner, attending to all else meanwhile.
  BoxFrame next_frame();
  void answer(const Status& status);
  void handle(BoxFrame frame);
  Status setup(BoxFrame frame);
  Status publish(const BoxFrame& frame);
  void find(const BoxFrame& frame);
  void read(const BoxFrame& frame);
  Status capture(const BoxFrame& frame);
  void run(BoxFrame frame);
  // Until the gate's first process has ended or the gate is to end; gives why.
  GateEnd watch(const GateRequest& request, pid_t main, int* status, GateUsage* usage,
                std::string* error);
  bool over_limit(const GateRequest& request, GateUsage* usage, GateEnd* end, std::string* error);
  uint64_t written_bytes() const;
  GateReport report(const GateRequest& request, GateEnd end, int status, const GateUsage& usage,
                    std::string error);

  const LauncherConfig& config_;
  Fd control_, life_, children_;
  Fd io_;  // our /proc/self/io, to which those of the dead are added
  bool entered_ = false;
  SandboxPlaces places_;
  DiskWatch disk_;
};

Status Init::start(const SpawnRequest& request, bool common_root) {
  g_namespaces = config_.namespaces ? 1 : 0;
  g_launcher = ::getppid();
  (void)::prctl(PR_SET_NAME, "ghost-box", 0, 0, 0);
  // While it is this process's own to open.
  io_.reset(::open("/proc/self/io", O_RDONLY | O_CLOEXEC));
  const uint32_t own = request.uid != 0 ? request.uid : config_.uid;
  const uint32_t uid = config_.namespaces ? kInsideUid : own;
  const uint32_t gid = config_.namespaces ? kInsideUid : config_.gid;
  if (!drop_bounding_set() && config_.namespaces) return failed("drop capabilities");
  // Fails where groups may not be set (an ordinary user's namespace); they then stay the runner's.
  (void)::setgroups(0, nullptr);
  if (::getuid() != uid || ::getgid() != gid) {
    if (::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0) {
      return failed("change user");
    }
  }
  // After the change of user, which resets both.
  if (::prctl(PR_SET_PDEATHSIG, config_.namespaces ? SIGKILL : SIGTERM, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return failed("prctl");
  }
  (void)::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  struct sigaction action {};
  action.sa_handler = on_expiry;
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  if (::timer_create(CLOCK_MONOTONIC, &event, &g_timer) != 0 ||
      ::sigaction(SIGALRM, &action, nullptr) != 0 ||
      // The death signal there; in a pid namespace an unhandled SIGTERM does not reach this
      // process.
      (!config_.namespaces && ::sigaction(SIGTERM, &action, nullptr) != 0) ||
      ::signal(SIGPIPE, SIG_IGN) == SIG_ERR || ::sigprocmask(SIG_BLOCK, &child, nullptr) != 0) {
    return failed("signals");
  }
  children_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!children_.ok()) return failed("signalfd");
  ::umask(022);
  if (!config_.namespaces) return ok_status();
  (void)::sethostname("ghost", 5);
  if (!request.host_network) {
    if (!bring_loopback_up()) return failed("bring loopback up");
  }
  return prepare_root(config_, request, common_root);
}

void Init::die() {
  int status = 0;
  GateUsage usage;
  end_processes(config_.namespaces, -1, &status, &usage);
  ::_exit(0);
}

void Init::set_timer(uint64_t ms) {
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(ms / 1000);
  when.it_value.tv_nsec = static_cast<long>(ms % 1000) * 1'000'000;
  g_armed = 1;
  (void)::timer_settime(g_timer, 0, &when, nullptr);
}

void Init::take_extension() {
  uint64_t ms = 0;
  while (::recv(life_.get(), &ms, sizeof ms, MSG_DONTWAIT) == sizeof ms) {
    // Zero would disarm the timer.
    set_timer(std::max<uint64_t>(ms, 1));
  }
}

BoxFrame Init::next_frame() {
  for (;;) {
    pollfd polled[2] = {{control_.get(), POLLIN, 0}, {life_.get(), POLLIN, 0}};
    const int n = ::poll(polled, 2, -1);
    if (g_expired != 0) die();
    if (n < 0) continue;
    if ((polled[1].revents & POLLIN) != 0) take_extension();
    if (polled[0].revents == 0) continue;
    BoxFrame frame;
    if (!receive_frame(control_.get(), &frame)) die();
    return frame;
  }
}

void Init::answer(const Status& status) {
  BoxWriter w;
  w.str(status.ok() ? "" : status.error().code).str(status.ok() ? "" : status.error().message);
  w.strs(std::exchange(places_.restored, {}));
  if (!send_frame(control_.get(), BoxMessage::kDone, w.bytes())) die();
}

void Init::serve(Status started) {
  for (;;) {
    BoxFrame frame = next_frame();
    if (started.ok()) {
      handle(std::move(frame));
    } else {
      answer(started);
    }
  }
}

void Init::handle(BoxFrame frame) {
  if (frame.type == BoxMessage::kStop) return;  // crossed the end of its gate
  if (frame.type == BoxMessage::kSetup && !entered_) return answer(setup(std::move(frame)));
  if (!entered_) return answer(Error{"io_error", "sandbox: not set up", ""});
  switch (frame.type) {
    case BoxMessage::kPublish:
      return answer(publish(frame));
    case BoxMessage::kRun:
      return run(std::move(frame));
    case BoxMessage::kFind:
      return find(frame);
    case BoxMessage::kRead:
      return read(frame);
    case BoxMessage::kCapture:
      return answer(capture(frame));
    case BoxMessage::kEmpty: {
      int status = 0;
      GateUsage usage;
      end_processes(config_.namespaces, -1, &status, &usage);
      return answer(ok_status());
    }
    default:
      return answer(Error{"io_error", "sandbox: unknown request", ""});
  }
}

Status Init::setup(BoxFrame frame) {
  SetupRequest request;
  if (!decode(frame.payload, &request)) return Error{"io_error", "sandbox: bad setup", ""};
  if (request.die_after_ms > 0) set_timer(request.die_after_ms);
  auto places = config_.namespaces ? enter_root(config_, request, std::move(frame.fds))
                                   : enter_plain(request, std::move(frame.fds));
  if (!places.ok()) return places.error();
  places_ = std::move(*places);
  const bool on_disk =
      request.kind == WorkspaceKind::kOverlayDisk || request.kind == WorkspaceKind::kPlain;
  disk_ = DiskWatch(places_.store.get(), on_disk, request.disk_bytes, request.inodes);
  entered_ = true;
  return ok_status();
}

Status Init::publish(const BoxFrame& frame) {
  BoxReader head(frame.payload);
  Status done = ok_status();
  // All changes are taken from the stream even when one has failed.
  for (uint64_t left = head.u64(); left > 0; --left) {
    BoxFrame change = next_frame();
    BoxReader r(change.payload);
    const std::string path(r.str());
    const auto mode = static_cast<uint32_t>(r.u64());
    const bool present = r.u64() != 0;
    const auto mtime_s = static_cast<int64_t>(r.u64());
    const std::string_view bytes = r.str();
    if (change.type != BoxMessage::kChange || !r.ok()) die();
    if (!done.ok()) continue;
    done = present ? put_file(places_.workspace.get(), path, mode, bytes, mtime_s)
                   : remove_file(places_.workspace.get(), path);
  }
  return done;
}

void Init::find(const BoxFrame& frame) {
  BoxReader r(frame.payload);
  const std::vector<std::string> globs = r.strs();
  const bool with_base = r.u64() != 0;
  const uint64_t count_max = r.u64();
  const auto found =
      find_files(places_.workspace.get(), with_base ? -1 : places_.upper.get(),
                 with_base ? -1 : places_.layer.get(), with_base ? -1 : places_.base.get(), globs,
                 static_cast<size_t>(count_max));
  if (!found.ok()) return answer(found.error());
  BoxWriter w;
  w.u64(found->size());
  for (const TreeFile& file : *found) w.str(file.path).u64(file.mode).u64(file.size_bytes);
  if (w.bytes().size() > kBoxPayloadBytesMax) {
    return answer(Error{"too_large", "workspace: too many files match", ""});
  }
  if (!send_frame(control_.get(), BoxMessage::kFound, w.bytes())) die();
}

void Init::read(const BoxFrame& frame) {
  BoxReader r(frame.payload);
  const std::string path(r.str());
  const uint64_t offset = r.u64();
  const auto bytes_max = static_cast<size_t>(std::min<uint64_t>(r.u64(), kSliceBytesMax));
  const auto bytes = read_slice(places_.workspace.get(), path, offset, bytes_max);
  if (!bytes.ok()) return answer(bytes.error());
  if (!send_frame(control_.get(), BoxMessage::kBytes, *bytes)) die();
}

uint64_t Init::written_bytes() const {
  std::array<char, 512> text{};
  const ssize_t n = io_.ok() ? ::pread(io_.get(), text.data(), text.size() - 1, 0) : -1;
  const char* at = n > 0 ? std::strstr(text.data(), "wchar: ") : nullptr;
  return at == nullptr ? 0 : std::strtoull(at + 7, nullptr, 10);
}

Status Init::capture(const BoxFrame& frame) {
  if (frame.fds.size() != 1 || !places_.upper.ok()) {
    return Error{"io_error", "sandbox: nothing to capture", ""};
  }
  BoxReader r(frame.payload);
  return capture_layer(places_.upper.get(), frame.fds[0].get(), r.u64());
}

bool Init::over_limit(const GateRequest& request, GateUsage* usage, GateEnd* end,
                      std::string* error) {
  const LivingUsage living = living_usage(config_.namespaces, request.memory_watch_bytes);
  usage->rss_bytes_max = std::max(usage->rss_bytes_max, living.memory_bytes);
  if (request.memory_watch_bytes > 0 && living.memory_bytes > request.memory_watch_bytes) {
    *end = GateEnd::kOom;
    *error = "memory limit";
    return true;
  }
  if (request.cpu_ms > 0 && living.cpu_us + usage->cpu_us > request.cpu_ms * 1000) {
    *end = GateEnd::kTimeout;
    *error = "CPU time limit";
    return true;
  }
  return false;
}

GateEnd Init::watch(const GateRequest& request, pid_t main, int* status, GateUsage* usage,
                    std::string* error) {
  const int64_t end_ms = monotonic_ms() + static_cast<int64_t>(request.timeout_ms);
  const bool watched = request.memory_watch_bytes > 0 || request.cpu_ms > 0;
  const int64_t look_ms = watched ? kWatchMs : kDiskLookMs;
  disk_.begin();
  for (;;) {
    const int64_t left_ms = std::clamp<int64_t>(end_ms - monotonic_ms(), 0, 1 << 30);
    pollfd polled[3] = {
        {control_.get(), POLLIN, 0}, {life_.get(), POLLIN, 0}, {children_.get(), POLLIN, 0}};
    const int n = ::poll(polled, 3, static_cast<int>(std::min(left_ms, look_ms)));
    if (g_expired != 0) die();
    if (n > 0 && polled[2].revents != 0) {
      signalfd_siginfo info;
      while (::read(children_.get(), &info, sizeof info) > 0) {
      }
    }
    if (reap_processes(main, status, usage)) return GateEnd::kExited;
    if (n > 0 && (polled[1].revents & POLLIN) != 0) take_extension();
    if (n > 0 && polled[0].revents != 0) {
      BoxFrame frame;
      if (!receive_frame(control_.get(), &frame)) die();
      if (frame.type == BoxMessage::kStop) {
        BoxReader r(frame.payload);
        const uint64_t why = r.u64();
        if (why == static_cast<uint64_t>(GateStop::kAsked)) return GateEnd::kStopped;
        if (why == static_cast<uint64_t>(GateStop::kOutput)) return GateEnd::kFlood;
        *error = "memory limit";
        return GateEnd::kOom;
      }
    }
    if (monotonic_ms() >= end_ms) {
      *error = "time limit of " + std::to_string(request.timeout_ms) + " ms";
      return GateEnd::kTimeout;
    }
    if (n == 0) (void)disk_.is_full();
    if (disk_.is_overrun(false)) return GateEnd::kFlood;
    GateEnd end;
    if (watched && over_limit(request, usage, &end, error)) return end;
  }
}

GateReport Init::report(const GateRequest& request, GateEnd end, int status, const GateUsage& usage,
                        std::string error) {
  GateReport report;
  if (end == GateEnd::kExited && WIFSIGNALED(status)) {
    end = GateEnd::kSignalled;
    report.signal = static_cast<uint32_t>(WTERMSIG(status));
    if (request.cpu_ms > 0 && usage.cpu_us >= request.cpu_ms * 1000 &&
        (report.signal == SIGXCPU || report.signal == SIGKILL)) {
      end = GateEnd::kTimeout;
      error = "CPU time limit";
    }
  }
  // A gate that bore a full disk and passed has passed.
  const bool passed = end == GateEnd::kExited && WEXITSTATUS(status) == 0;
  const bool own_end = end == GateEnd::kExited || report.signal != 0;
  if ((!passed && own_end && end != GateEnd::kTimeout && disk_.is_full()) ||
      (own_end && disk_.is_overrun(true)) || (end == GateEnd::kFlood && !disk_.hit().empty())) {
    end = GateEnd::kFlood;
    report.signal = 0;
    error = disk_.hit();
  }
  if (end == GateEnd::kExited) report.exit_code = static_cast<uint32_t>(WEXITSTATUS(status));
  report.end = static_cast<uint8_t>(end);
  report.cpu_us = usage.cpu_us;
  report.rss_bytes_max = usage.rss_bytes_max;
  report.error = std::move(error);
  return report;
}

void Init::run(BoxFrame frame) {
  GateRequest request;
  GateReport done;
  if (!decode(frame.payload, &request) || frame.fds.size() != 2) die();
  StartedGate gate = start_gate(config_, places_, request, frame.fds[0].get(), frame.fds[1].get());
  frame.fds.clear();
  if (gate.pid < 0) {
    done.end = static_cast<uint8_t>(gate.lost ? GateEnd::kLost : GateEnd::kFailedToStart);
    done.error = gate.error;
  } else {
    const int64_t began_us = monotonic_us();
    GateUsage usage;
    std::string error;
    int status = 0;
    const uint64_t written_before = written_bytes();
    const GateEnd end = watch(request, gate.pid, &status, &usage, &error);
    done.wall_us = static_cast<uint64_t>(monotonic_us() - began_us);
    end_processes(config_.namespaces, gate.pid, &status, &usage);
    const uint64_t wall_us = done.wall_us;
    done = report(request, end, status, usage, std::move(error));
    done.wall_us = wall_us;
    done.written_bytes = written_bytes() - written_before;
  }
  if (!send_frame(control_.get(), BoxMessage::kGateEnd, encode(done))) die();
}

}  // namespace

bool bring_loopback_up() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  if (!socket.ok() || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return false;
  if ((request.ifr_flags & IFF_UP) != 0) return true;
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

void sandbox_init(const LauncherConfig& config, const SpawnRequest& request, bool common_root,
                  Fd go, Fd control, Fd life) {
  char ready = 0;
  ssize_t n;
  do {
    n = ::read(go.get(), &ready, 1);
  } while (n < 0 && errno == EINTR);
  if (n != 1) ::_exit(1);
  go.reset();
  Init init(config, std::move(control), std::move(life));
  Status started = init.start(request, common_root);
  init.serve(std::move(started));
}

}  // namespace ghost::runner
