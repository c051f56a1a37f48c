#include "runner_worker/sandbox_box.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runner_worker/workspace.h"

namespace ghost::runner {
namespace {

constexpr int64_t kAnswerMs = 120'000;  // for work on files, however many
constexpr int64_t kEndMs = 15'000;      // for the death of processes
constexpr int kMemoryLookMs = 40;
constexpr uint64_t kGateMsMax = 1ull << 40;
constexpr size_t kLeftInPipeMax = 4u << 20;  // more than an unprivileged gate's pipe can hold

Error failed(const std::string& what) {
  return {"io_error", "sandbox: " + what + ": " + std::strerror(errno), ""};
}

// A detached mount of `path`, which a sandbox can attach though it could not open the path itself.
Result<Fd> clone_mount(const std::string& path, int idmap, bool read_only) {
  Fd fd(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!fd.ok()) return failed("open " + path);
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0);
  if (idmap >= 0) {
    attr.attr_set |= MOUNT_ATTR_IDMAP;
    attr.userns_fd = static_cast<uint64_t>(idmap);
  }
  if (::syscall(SYS_mount_setattr, fd.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0) {
    return failed("map owner of " + path);
  }
  return fd;
}

// Lets gates, which have a group of their own, through folders of Ghost's down to `path`: through,
// not to look. Folders of others stay as they are.
void let_through(const std::string& path, const LauncherConfig& config) {
  for (const std::string& own : config.hidden_dirs) {
    if (!path.starts_with(own + "/")) continue;
    for (size_t end = own.size(); end != std::string::npos; end = path.find('/', end + 1)) {
      const std::string folder = path.substr(0, end);
      struct stat info {};
      if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) ||
          info.st_uid != ::geteuid() || (info.st_mode & 0001) != 0) {
        continue;
      }
      (void)!::chown(folder.c_str(), static_cast<uid_t>(-1), config.gid);
      (void)::chmod(folder.c_str(), (info.st_mode & 0700) | 0010);
    }
  }
}

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

Result<GateRequest> gate_request(const GateCommand& command) {
  GateRequest request;
  request.argv = command.argv;
  request.cwd = command.cwd;
  bool bad = command.argv.empty() || command.argv[0].empty() || has_nul(command.cwd);
  for (const std::string& arg : command.argv) bad = bad || has_nul(arg);
  for (const auto& [name, value] : command.env) {
    bad = bad || name.empty() || name.find('=') != std::string::npos || has_nul(name + value);
    request.env.push_back(name + "=" + value);
  }
  if (bad) return Error{"bad_request", "no command, or NUL in it", ""};
  request.timeout_ms = std::min(command.timeout_ms, kGateMsMax);
  return request;
}

}  // namespace

SandboxHost::~SandboxHost() {
  if (const Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); folder.ok()) {
    for (const Parked& parked : parked_) (void)remove_tree(folder.get(), parked.name);
  }
  if (!own_dir) return;
  const size_t slash = dir.rfind('/');
  const Fd parent(::open(dir.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.ok()) (void)remove_tree(parent.get(), dir.substr(slash + 1));
}

std::optional<SandboxHost::Parked> SandboxHost::unpark(const std::string& base_dir) {
  const std::lock_guard lock(mutex_);
  for (auto it = parked_.rbegin(); it != parked_.rend(); ++it) {
    if (it->base_dir != base_dir) continue;
    Parked found = std::move(*it);
    parked_.erase(std::next(it).base());
    return found;
  }
  return std::nullopt;
}

void SandboxHost::park(Parked parked) {
  std::string oldest;
  {
    const std::lock_guard lock(mutex_);
    parked_.push_back(std::move(parked));
    if (parked_.size() > kParkedMax) {
      oldest = std::move(parked_.front().name);
      parked_.pop_front();
    }
  }
  const Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!oldest.empty() && folder.ok()) (void)remove_tree(folder.get(), oldest);
}

struct LocalSandbox::Watched {
  std::array<Fd, 2> output;  // read ends: stdout, stderr
  const OutputSink* sink = nullptr;
  int stop_fd = -1;
  bool stopped = false;
  uint64_t oom_kills_before = 0, refused_forks_before = 0;
  uint64_t output_bytes = 0, output_bytes_max = 0;
  uint64_t memory_bytes_max = 0;  // of all its processes together, as looked at
  int64_t lost_at_ms = 0;         // without an answer by then the sandbox is lost
  int64_t memory_look_ms = 0;

  // Passes on what one read gives; 0 when there is nothing (any more).
  size_t pass_on(size_t stream) {
    std::array<char, 65536> buffer;
    ssize_t n;
    do {
      n = ::read(output[stream].get(), buffer.data(), buffer.size());
    } while (n < 0 && errno == EINTR);
    if (n == 0) output[stream].reset();
    if (n <= 0) return 0;
    output_bytes += static_cast<uint64_t>(n);
    if (*sink) (*sink)(stream == 1, {buffer.data(), static_cast<size_t>(n)});
    return static_cast<size_t>(n);
  }
};

Result<std::unique_ptr<Sandbox>> LocalSandbox::open(SandboxHost& host, SpawnedSandbox ready,
                                                    const SandboxSpec& spec,
                                                    const std::string& copy) {
  std::unique_ptr<LocalSandbox> box(new LocalSandbox(host, std::move(ready), spec));
  if (Status s = box->set_up(spec, copy); !s.ok()) {
    (void)box->close();
    return s.error();
  }
  return std::unique_ptr<Sandbox>(std::move(box));
}

LocalSandbox::~LocalSandbox() {
  (void)close();
}

Status LocalSandbox::limit() {
  auto group = host_.cgroups.create();
  if (!group.ok()) return group.error();
  cgroup_ = std::move(*group);
  if (!cgroup_) return ok_status();
  // What lies on the sandbox's tmpfs is memory, and has a limit of its own.
  const bool on_tmpfs =
      host_.kind == WorkspaceKind::kOverlayTmpfs || host_.kind == WorkspaceKind::kCopy;
  const uint64_t bytes = limits_.memory_bytes + (on_tmpfs ? limits_.disk_bytes : 0);
  if (Status s = cgroup_->limit_memory(bytes); !s.ok()) return s;
  if (Status s = cgroup_->limit_pids(limits_.pids + 1); !s.ok()) return s;
  return cgroup_->attach(box_.pid);
}

Status LocalSandbox::make_scratch(const std::string& copy, SetupRequest* request) {
  if (host_.kind != WorkspaceKind::kOverlayDisk && host_.kind != WorkspaceKind::kPlain) {
    return ok_status();
  }
  // Only Landlock keeps gates from the record of what their workspace was.
  request->record = host_.config.landlock;
  request->restore = !copy.empty();
  scratch_name_ = copy;
  if (copy.empty()) {
    scratch_name_ = "box-" + std::to_string(::getpid()) + "-" + std::to_string(host_.next++);
  }
  request->scratch_dir = host_.dir + "/" + scratch_name_;
  if (!copy.empty()) return ok_status();
  const uint32_t uid = box_.uid != 0 ? box_.uid : host_.config.uid;
  if (::mkdir(request->scratch_dir.c_str(), 0700) != 0 ||
      (::geteuid() == 0 && ::chown(request->scratch_dir.c_str(), uid, host_.config.gid) != 0)) {
    return failed("create " + request->scratch_dir);
  }
  return ok_status();
}

Status LocalSandbox::set_up(const SandboxSpec& spec, const std::string& copy) {
  const timeval patience{30, 0};
  (void)::setsockopt(box_.control.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (spec.read_only_dirs.size() + 3 > kBoxFdsMax) {
    return Error{"io_error", "sandbox: too many read-only folders", ""};
  }
  if (Status s = limit(); !s.ok()) return s;
  SetupRequest request;
  request.kind = host_.kind;
  request.base_dir = spec.base_dir;
  request.read_only_dirs = spec.read_only_dirs;
  request.layer_dir = spec.layer_dir;
  request.disk_bytes = spec.limits.disk_bytes;
  request.inodes = spec.limits.inodes;
  request.die_after_ms = spec.die_after_ms;
  request.mounts_sent = host_.mounts && host_.config.namespaces;
  if (Status s = make_scratch(copy, &request); !s.ok()) return s;
  std::vector<Fd> mounts;
  std::vector<int> fds;
  if (request.mounts_sent) {
    std::vector<std::string> shown{spec.base_dir};
    shown.insert(shown.end(), spec.read_only_dirs.begin(), spec.read_only_dirs.end());
    for (const std::string& path : shown) {
      auto fd = clone_mount(path, host_.idmap.get(), true);
      if (!fd.ok()) return fd.error();
      mounts.push_back(std::move(*fd));
    }
    if (!request.scratch_dir.empty()) {
      auto fd = clone_mount(request.scratch_dir, -1, false);
      if (!fd.ok()) return fd.error();
      mounts.push_back(std::move(*fd));
    }
    if (!spec.layer_dir.empty()) {
      // Made by sandboxes: its files have their owner already.
      auto fd = clone_mount(spec.layer_dir, -1, true);
      if (!fd.ok()) return fd.error();
      mounts.push_back(std::move(*fd));
    }
    for (const Fd& fd : mounts) fds.push_back(fd.get());
  }
  if (host_.kind == WorkspaceKind::kPlain) {
    mounts.emplace_back(::open(spec.base_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!mounts.back().ok()) return failed("open base " + spec.base_dir);
    fds.push_back(mounts.back().get());
    if (::geteuid() == 0 && host_.config.gid != 0) {
      for (const std::string& path : spec.read_only_dirs) let_through(path, host_.config);
    }
  }
  auto done = ask(BoxMessage::kSetup, encode(request), fds);
  if (!done.ok()) return done.error();
  set_up_ = true;
  return ok_status();
}

bool LocalSandbox::park() {
  if (!set_up_ || broken_ || host_.kind != WorkspaceKind::kPlain || !host_.config.landlock ||
      ::access((host_.dir + "/" + scratch_name_ + "/record").c_str(), F_OK) != 0) {
    return false;
  }
  host_.park({base_dir_, scratch_name_, box_.uid});
  return true;
}

Result<BoxFrame> LocalSandbox::answer() {
  BoxFrame frame;
  if (!receive_frame(box_.control.get(), &frame, monotonic_ms() + kAnswerMs)) {
    broken_ = true;
    return Error{"io_error", "sandbox: it has ended", ""};
  }
  if (frame.type != BoxMessage::kDone) return frame;
  BoxReader r(frame.payload);
  Error error{std::string(r.str()), std::string(r.str()), ""};
  if (!error.code.empty()) return error;
  return frame;
}

Result<BoxFrame> LocalSandbox::ask(BoxMessage type, const std::string& payload,
                                   const std::vector<int>& fds) {
  if (broken_ || closed_ || !send_frame(box_.control.get(), type, payload, fds)) {
    broken_ = true;
    return Error{"io_error", "sandbox: it has ended", ""};
  }
  return answer();
}

Status LocalSandbox::publish(const std::vector<FileChange>& changes) {
  if (broken_ || closed_) return Error{"io_error", "sandbox: it has ended", ""};
  for (const FileChange& change : changes) {
    if (change.bytes && change.bytes->size() > kBoxPayloadBytesMax / 2) {
      return Error{"too_large", "workspace: " + change.path + " is too large", change.path};
    }
  }
  bool sent =
      send_frame(box_.control.get(), BoxMessage::kPublish, BoxWriter().u64(changes.size()).bytes());
  // Removals first: what is a file now may become a folder, and the other way round.
  for (const bool present : {false, true}) {
    for (const FileChange& change : changes) {
      if (!sent || (change.bytes != nullptr) != present) continue;
      BoxWriter w;
      w.str(change.path).u64(change.mode).u64(present);
      w.u64(static_cast<uint64_t>(change.mtime_s));
      w.str(present ? std::string_view(*change.bytes) : std::string_view());
      sent = send_frame(box_.control.get(), BoxMessage::kChange, w.bytes());
    }
  }
  if (!sent) {
    broken_ = true;
    return Error{"io_error", "sandbox: it has ended", ""};
  }
  auto done = answer();
  if (!done.ok()) return done.error();
  return ok_status();
}

Result<std::vector<WorkspaceFile>> LocalSandbox::find(const std::vector<std::string>& globs,
                                                      bool with_base, size_t count_max) {
  auto frame =
      ask(BoxMessage::kFind, BoxWriter().strs(globs).u64(with_base).u64(count_max).bytes());
  if (!frame.ok()) return frame.error();
  BoxReader r(frame->payload);
  std::vector<WorkspaceFile> files;
  for (uint64_t left = r.u64(); r.ok() && left > 0; --left) {
    WorkspaceFile file;
    file.path = r.str();
    file.mode = static_cast<uint32_t>(r.u64());
    file.size_bytes = r.u64();
    files.push_back(std::move(file));
  }
  if (!r.ok()) return Error{"io_error", "sandbox: bad answer", ""};
  return files;
}

Result<std::string> LocalSandbox::read(const std::string& path, uint64_t offset, size_t bytes_max) {
  auto frame = ask(BoxMessage::kRead, BoxWriter().str(path).u64(offset).u64(bytes_max).bytes());
  if (!frame.ok()) return frame.error();
  return std::move(frame->payload);
}

Status LocalSandbox::capture(const std::string& folder) {
  if (host_.kind != WorkspaceKind::kOverlayTmpfs && host_.kind != WorkspaceKind::kOverlayDisk) {
    return Error{"unsupported", "sandbox: no layers without an overlay", ""};
  }
  if (::mkdir(folder.c_str(), 0755) != 0) return failed("create " + folder);
  const Fd to(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!to.ok() || ::fchmod(to.get(), 0755) != 0 ||
      (::geteuid() == 0 && ::fchown(to.get(), host_.config.uid, host_.config.gid) != 0)) {
    return failed("create " + folder);
  }
  auto done = ask(BoxMessage::kCapture, BoxWriter().u64(limits_.disk_bytes).bytes(), {to.get()});
  if (!done.ok()) return done.error();
  return ok_status();
}

void LocalSandbox::extend(uint64_t ms) {
  const std::lock_guard lock(life_mutex_);
  if (box_.life.ok()) (void)::send(box_.life.get(), &ms, sizeof ms, MSG_DONTWAIT | MSG_NOSIGNAL);
}

GateRun LocalSandbox::run(const GateCommand& command, const OutputSink& output, int stop_fd) {
  GateRun done;
  auto request = gate_request(command);
  if (!request.ok()) {
    done.error = request.error().message;
    return done;
  }
  done.end = GateEnd::kLost;
  done.error = "the sandbox has ended";
  if (broken_ || closed_) return done;
  const bool group = cgroup_ && cgroup_->has_memory();
  request->cpu_ms = limits_.cpu_ms;
  request->memory_watch_bytes = group ? 0 : limits_.memory_bytes;
  request->pids = limits_.pids;
  request->file_bytes_max = limits_.disk_bytes;
  request->host_network = host_network_;

  Watched gate;
  std::array<Fd, 2> inner;
  for (size_t i = 0; i < 2; ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      done.error = failed("pipe").message;
      return done;
    }
    gate.output[i].reset(ends[0]);
    inner[i].reset(ends[1]);
    (void)::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  gate.sink = &output;
  gate.stop_fd = stop_fd;
  gate.oom_kills_before = group ? cgroup_->oom_kills() : 0;
  gate.refused_forks_before = cgroup_ ? cgroup_->refused_forks() : 0;
  gate.output_bytes_max = command.output_bytes_max;
  gate.lost_at_ms = monotonic_ms() + static_cast<int64_t>(request->timeout_ms) + kEndMs;
  if (!send_frame(box_.control.get(), BoxMessage::kRun, encode(*request),
                  {inner[0].get(), inner[1].get()})) {
    broken_ = true;
    return done;
  }
  for (Fd& fd : inner) fd.reset();
  while (!attend(&gate, &done)) {
  }
  finish(&gate, &done);
  return done;
}

void LocalSandbox::stop_gate(Watched* gate, GateStop why) {
  if (gate->stopped) return;
  gate->stopped = true;
  gate->lost_at_ms = monotonic_ms() + kEndMs;
  (void)send_frame(box_.control.get(), BoxMessage::kStop,
                   BoxWriter().u64(static_cast<uint64_t>(why)).bytes());
}

bool LocalSandbox::attend(Watched* gate, GateRun* done) {
  const bool group = cgroup_ && cgroup_->has_memory() && !gate->stopped;
  pollfd polled[4] = {{gate->output[0].get(), POLLIN, 0},
                      {gate->output[1].get(), POLLIN, 0},
                      {box_.control.get(), POLLIN, 0},
                      {gate->stopped ? -1 : gate->stop_fd, POLLIN, 0}};
  const int64_t now_ms = monotonic_ms();
  const int64_t left_ms = std::clamp<int64_t>(gate->lost_at_ms - now_ms, 0, 1 << 30);
  const int n = ::poll(
      polled, 4, static_cast<int>(group ? std::min<int64_t>(left_ms, kMemoryLookMs) : left_ms));
  if ((n == 0 || polled[2].revents == 0) && monotonic_ms() >= gate->lost_at_ms) {
    broken_ = true;
    done->error = "the sandbox did not end its gate in time";
    return true;
  }
  if (group && monotonic_ms() - gate->memory_look_ms >= kMemoryLookMs) {
    gate->memory_look_ms = monotonic_ms();
    const uint64_t used = cgroup_->anonymous_bytes();
    gate->memory_bytes_max = std::max(gate->memory_bytes_max, used);
    if (used > limits_.memory_bytes) stop_gate(gate, GateStop::kMemory);
  }
  if (n <= 0) return false;
  if (polled[3].revents != 0) stop_gate(gate, GateStop::kAsked);
  for (size_t stream = 0; stream < 2; ++stream) {
    if (polled[stream].revents != 0) (void)gate->pass_on(stream);
  }
  if (gate->output_bytes_max > 0 && gate->output_bytes > gate->output_bytes_max) {
    stop_gate(gate, GateStop::kOutput);
  }
  if (polled[2].revents == 0) return false;
  BoxFrame frame;
  GateReport report;
  if (!receive_frame(box_.control.get(), &frame, monotonic_ms() + kEndMs) ||
      frame.type != BoxMessage::kGateEnd || !decode(frame.payload, &report)) {
    broken_ = true;
    return true;
  }
  done->end = static_cast<GateEnd>(report.end);
  done->exit_code = static_cast<int>(report.exit_code);
  done->signal = static_cast<int>(report.signal);
  done->wall_us = report.wall_us;
  done->cpu_ms = report.cpu_us / 1000;
  done->rss_bytes_max = std::max(report.rss_bytes_max, gate->memory_bytes_max);
  done->written_bytes = report.written_bytes;
  done->error = report.error;
  return true;
}

void LocalSandbox::finish(Watched* gate, GateRun* done) {
  if (broken_ && !kill_all()) done->error = "processes of the sandbox could not be ended";
  // Every writer is dead, unless a gate has found a way to hand its pipe on.
  for (size_t stream = 0; stream < 2; ++stream) {
    size_t taken = 0, more = 1;
    while (more > 0 && taken < kLeftInPipeMax && gate->output[stream].ok()) {
      more = gate->pass_on(stream);
      taken += more;
    }
  }
  const bool passed = done->end == GateEnd::kExited && done->exit_code == 0;
  const bool own_end = done->end == GateEnd::kExited || done->end == GateEnd::kSignalled ||
                       done->end == GateEnd::kLost;
  if (!passed && own_end && cgroup_ && cgroup_->oom_kills() > gate->oom_kills_before) {
    done->end = GateEnd::kOom;
    done->error = "memory limit";
  }
  if (done->end == GateEnd::kFlood && done->error.empty()) {
    done->error = "output limit of " + std::to_string(gate->output_bytes_max) + " bytes";
  }
  if (!passed && cgroup_ && cgroup_->refused_forks() > gate->refused_forks_before) {
    done->error += (done->error.empty() ? "" : ", ") + std::string("process limit of ") +
                   std::to_string(limits_.pids);
  }
}

bool LocalSandbox::kill_all() {
  if (!host_.config.namespaces && !broken_) {
    BoxFrame frame;
    if (!send_frame(box_.control.get(), BoxMessage::kEmpty, "") ||
        !receive_frame(box_.control.get(), &frame, monotonic_ms() + kEndMs)) {
      broken_ = true;
    }
  }
  (void)::syscall(SYS_pidfd_send_signal, box_.pidfd.get(), SIGKILL, nullptr, 0);
  const int64_t deadline_ms = monotonic_ms() + kEndMs;
  for (;;) {
    pollfd p{box_.pidfd.get(), POLLIN, 0};
    const int64_t left_ms = std::max<int64_t>(deadline_ms - monotonic_ms(), 0);
    const int n = ::poll(&p, 1, static_cast<int>(left_ms));
    if (n > 0) break;
    if (n == 0) return false;
  }
  // Without namespaces the others live on when the first process was killed by one of them.
  return host_.config.namespaces || !broken_;
}

Status LocalSandbox::close() {
  if (closed_) return ok_status();
  closed_ = true;
  const bool empty = kill_all();
  {
    const std::lock_guard lock(life_mutex_);
    box_.life.reset();
  }
  box_.control.reset();
  cgroup_.reset();
  Status removed = ok_status();
  if (!scratch_name_.empty() && !(empty && park())) {
    const Fd dir(::open(host_.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    removed = dir.ok() ? remove_tree(dir.get(), scratch_name_) : Status(failed("open scratch"));
  }
  if (!empty) return Error{"io_error", "sandbox: processes could not be ended", ""};
  return removed;
}

}  // namespace ghost::runner
