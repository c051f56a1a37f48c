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

// A group can be removed once nobody is in it.
ReadySandbox::~ReadySandbox() {
  if (!process.pidfd.ok()) return;
  (void)::syscall(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL, nullptr, 0);
  pollfd died{process.pidfd.get(), POLLIN, 0};
  (void)::poll(&died, 1, static_cast<int>(LocalSandbox::kEndMs));
}

// Moving a process into a group waits for every processor of the host: not while a job waits, too.
Result<ReadySandbox> SandboxHost::spawn(bool host_network, uint32_t uid) {
  ReadySandbox ready;
  auto group = cgroups.create();
  if (!group.ok()) return group.error();
  ready.group = std::move(*group);
  auto process = launcher.spawn({host_network, mounts_sent(), on_tmpfs(), uid});
  if (!process.ok()) return process.error();
  ready.process = std::move(*process);
  if (ready.group) {
    if (Status s = ready.group->attach(ready.process.pid); !s.ok()) return s.error();
  }
  return ready;
}

// The folder at `dir` and no other that takes its place later.
std::string SandboxHost::identity(const std::string& dir) {
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0) return "";
  return std::to_string(info.st_dev) + " " + std::to_string(info.st_ino) + " " +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " " +
         dir;
}

std::optional<SandboxHost::Parked> SandboxHost::unpark(const std::string& base_dir) {
  const std::string base = identity(base_dir);
  const std::lock_guard lock(mutex_);
  for (auto it = parked_.rbegin(); it != parked_.rend(); ++it) {
    if (it->base != base || base.empty()) continue;
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

Result<std::unique_ptr<Sandbox>> LocalSandbox::open(SandboxHost& host, ReadySandbox ready,
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
  if (!cgroup_) return ok_status();
  // What lies on the sandbox's tmpfs is memory, and has a limit of its own.
  const uint64_t bytes = limits_.memory_bytes + (host_.on_tmpfs() ? limits_.disk_bytes : 0);
  if (Status s = cgroup_->limit_memory(bytes); !s.ok()) return s;
  return cgroup_->limit_pids(limits_.pids + 1);
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
  base_ = SandboxHost::identity(spec.base_dir);
  SetupRequest request;
  request.kind = host_.kind;
  request.base_dir = spec.base_dir;
  request.read_only_dirs = spec.read_only_dirs;
  request.layer_dir = spec.layer_dir;
  request.disk_bytes = spec.limits.disk_bytes;
  request.inodes = spec.limits.inodes;
  request.die_after_ms = spec.die_after_ms;
  request.mounts_sent = host_.mounts_sent();
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
  BoxReader r(done->payload);
  (void)r.str(), (void)r.str();
  restored_ = r.strs();
  set_up_ = true;
  return ok_status();
}

bool LocalSandbox::park() {
  if (!set_up_ || broken_ || host_.kind != WorkspaceKind::kPlain || !host_.config.landlock ||
      ::access((host_.dir + "/" + scratch_name_ + "/record").c_str(), F_OK) != 0) {
    return false;
  }
  host_.park({base_, scratch_name_, box_.uid});
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

void LocalSandbox::end() {
  if (closed_ || !host_.config.namespaces) return;
  (void)::syscall(SYS_pidfd_send_signal, box_.pidfd.get(), SIGKILL, nullptr, 0);
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
