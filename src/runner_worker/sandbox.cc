// The pool: finds out what the host can give, once, and makes sandboxes of that kind.
#include "runner_worker/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "base/fs.h"
#include "runner_worker/landlock.h"
#include "runner_worker/sandbox_box.h"
#include "runner_worker/seccomp.h"
#include "runner_worker/workspace.h"

namespace ghost::runner {
namespace {

constexpr const char* kPlainPrefix = "ghost-runner-";
constexpr uint32_t kPlainUids = 256;  // sandboxes of one runner at a time have users of their own

std::string_view level_of(const LauncherConfig& config) {
  return config.namespaces ? "full" : config.landlock ? "plain" : "none";
}

int rank_of(std::string_view level) {
  return level == "none" ? 0 : level == "plain" ? 1 : level == "full" ? 2 : -1;
}

constexpr int64_t kReadyMsMax = 600'000;  // unused, a prepared sandbox is made anew after so long
constexpr int64_t kSpawnAgainMs = 1000;   // after a failure

// Keeps some first processes started, with namespaces and root prepared, so that a job waits for
// neither. They know nothing of any job yet and run nothing.
class LocalPool : public SandboxPool {
 public:
  LocalPool(std::unique_ptr<SandboxHost> host, std::vector<std::string> gaps, size_t ready_max)
      : host_(std::move(host)),
        gaps_(std::move(gaps)),
        // Without namespaces there is nothing to prepare.
        ready_max_(host_->config.namespaces ? ready_max : 0) {
    if (ready_max_ > 0) thread_ = std::thread([this] { keep_ready(); });
  }
  ~LocalPool() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    while (!ready_.empty()) (void)take();
  }

  Result<std::unique_ptr<Sandbox>> open(const SandboxSpec& spec) override;
  std::string_view level() const override { return level_of(host_->config); }
  std::vector<std::string> gaps() const override { return gaps_; }

 private:
  std::optional<ReadySandbox> take();
  void keep_ready();

  const std::unique_ptr<SandboxHost> host_;
  const std::vector<std::string> gaps_;
  const size_t ready_max_;
  std::mutex mutex_;  // guards the two below
  std::deque<ReadySandbox> ready_;
  bool stopping_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

// Nothing when none is ready, or none that is still alive.
std::optional<ReadySandbox> LocalPool::take() {
  for (;;) {
    ReadySandbox box;
    {
      const std::lock_guard lock(mutex_);
      if (ready_.empty()) return std::nullopt;
      box = std::move(ready_.front());
      ready_.pop_front();
    }
    pollfd died{box.process.pidfd.get(), POLLIN, 0};
    if (::poll(&died, 1, 0) == 0) return box;
  }
}

Result<std::unique_ptr<Sandbox>> LocalPool::open(const SandboxSpec& spec) {
  if (!spec.host_network) {
    std::optional<Result<std::unique_ptr<Sandbox>>> box;
    if (auto ready = take()) box = LocalSandbox::open(*host_, std::move(*ready), spec);
    // The next one is made only now: the kernel lets one of all sandboxes mount at a time.
    changed_.notify_one();
    // One that waited may have met an accident; a fresh one tells whether it is the host's.
    if (box && (box->ok() || box->error().code == "too_large")) return std::move(*box);
  }
  if (auto parked = host_->unpark(spec.base_dir)) {
    auto same_user = host_->spawn(spec.host_network, parked->uid);
    if (same_user.ok()) {
      auto box = LocalSandbox::open(*host_, std::move(*same_user), spec, parked->name);
      if (box.ok()) return box;
    }
  }
  uint32_t uid = 0;
  if (host_->uids > 1) uid = static_cast<uint32_t>(host_->config.uid + host_->next % host_->uids);
  auto fresh = host_->spawn(spec.host_network, uid);
  if (!fresh.ok()) return fresh.error();
  return LocalSandbox::open(*host_, std::move(*fresh), spec);
}

void LocalPool::keep_ready() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto wanted = [this] { return stopping_ || ready_.size() < ready_max_; };
    if (!changed_.wait_for(lock, std::chrono::milliseconds(kReadyMsMax), wanted)) {
      ready_.clear();  // what they show of the host may be of yesterday
    }
    if (stopping_) return;
    lock.unlock();
    auto made = host_->spawn(false, 0);
    lock.lock();
    if (made.ok()) {
      ready_.push_back(std::move(*made));
    } else {
      changed_.wait_for(lock, std::chrono::milliseconds(kSpawnAgainMs),
                        [this] { return stopping_; });
    }
  }
}

// What runners that no longer exist left in the scratch folder.
void remove_stale(const std::string& dir) {
  DIR* listing = ::opendir(dir.c_str());
  if (listing == nullptr) return;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    for (const char* prefix : {"box-", "probe-", kPlainPrefix}) {
      if (!name.starts_with(prefix)) continue;
      const pid_t pid = std::atoi(name.c_str() + std::strlen(prefix));
      if (pid <= 0 || pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH)) {
        (void)remove_tree(::dirfd(listing), name);
      }
    }
  }
  ::closedir(listing);
}

// The wished uid where our own user namespace has it, otherwise the highest that it has.
uint32_t mapped_id(const char* map, uint32_t wished) {
  const auto text = read_file(map);
  if (!text.ok()) return 0;
  std::istringstream lines(*text);
  uint64_t inside = 0, outside = 0, count = 0, best = 0;
  while (lines >> inside >> outside >> count) {
    if (wished >= inside && wished < inside + count) return wished;
    best = std::max(best, inside + count - 1);
  }
  return static_cast<uint32_t>(best);
}

class Prober {
 public:
  Prober(const SandboxOptions& options, std::string dir)
      : options_(options),
        dir_(std::move(dir)),
        base_(dir_ + "/probe-" + std::to_string(::getpid())) {}

  // The best host that works, or why even the least does not.
  Result<std::unique_ptr<SandboxHost>> probe();
  std::vector<std::string> gaps(const SandboxHost& host) const;

 private:
  Result<std::unique_ptr<SandboxHost>> attempt(std::string_view level, uint32_t uid, uint32_t gid);
  Status prepare_plain(SandboxHost& host);
  Status trial(SandboxHost& host) const;
  Status make_base() const;

  const SandboxOptions& options_;
  const std::string dir_, base_;
};

// d/f is what the trial removes to make a folder d anew: overlays on a tmpfs without user xattrs
// fail at exactly that.
Status Prober::make_base() const {
  if (Status s = make_dirs(base_ + "/d"); !s.ok()) return s;
  return write_file_atomic(base_ + "/d/f", "probe\n");
}

Status Prober::trial(SandboxHost& host) const {
  SandboxSpec spec;
  spec.base_dir = base_;
  spec.limits.disk_bytes = 1 << 20;
  spec.limits.inodes = 100;
  spec.die_after_ms = 30'000;
  auto ready = host.spawn(false, 0);
  if (!ready.ok()) return ready.error();
  auto box = LocalSandbox::open(host, std::move(*ready), spec);
  if (!box.ok()) return box.error();
  const std::vector<FileChange> changes = {{"d/f", 0, nullptr},
                                           {"d/g", 0100644, make_blob("probe\n")}};
  if (Status s = (*box)->publish(changes); !s.ok()) return s;
  GateCommand command;
  command.argv = {"true"};
  command.timeout_ms = 20'000;
  const GateRun run = (*box)->run(command, {}, -1);
  if (run.end != GateEnd::kExited || run.exit_code != 0) {
    return Error{"io_error", "sandbox: `true` failed in it: " + run.error, ""};
  }
  return (*box)->close();
}

// Gates with a user of their own must be able to reach their files by path, which no folder of the
// runner's data lets them: theirs lie elsewhere.
Status Prober::prepare_plain(SandboxHost& host) {
  if (!options_.root.empty()) {
    return Error{"bad_config", "a root file system of gates' own needs namespaces", ""};
  }
  for (const std::string& hidden : host.config.hidden_dirs) {
    for (const char* shown : kShownRoots) {
      if (host.config.landlock && hidden.starts_with(std::string("/") + shown + "/")) {
        return Error{"bad_config", hidden + " lies in a folder that gates are shown", ""};
      }
    }
  }
  if (::geteuid() != 0 || host.config.uid == 0) return ok_status();
  const std::string parent = ::access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
  remove_stale(parent);
  std::string dir = parent + "/" + kPlainPrefix + std::to_string(::getpid()) + "-XXXXXX";
  if (::mkdtemp(dir.data()) == nullptr || ::chmod(dir.c_str(), 0711) != 0) {
    return Error{"io_error", "create " + dir + ": " + std::strerror(errno), ""};
  }
  host.dir = dir;
  host.own_dir = true;
  // One sandbox, one user: what counts by user counts by sandbox, and none can signal another.
  if (mapped_id("/proc/self/uid_map", host.config.uid + kPlainUids) ==
      host.config.uid + kPlainUids) {
    host.uids = kPlainUids;
  }
  return ok_status();
}

Result<std::unique_ptr<SandboxHost>> Prober::attempt(std::string_view level, uint32_t uid,
                                                     uint32_t gid) {
  LauncherConfig config;
  config.namespaces = level == "full";
  config.landlock = level == "plain";
  if (config.landlock && landlock_version() == 0) {
    return Error{"bad_config", "this kernel has no Landlock", ""};
  }
  config.uid = uid;
  config.gid = gid;
  config.root = options_.root;
  auto filters = gate_filters(config.namespaces);
  if (!filters.ok()) return filters.error();
  config.filters = std::move(filters->always);
  config.offline_filters = std::move(filters->offline);
  for (const std::string& hidden : options_.hidden_dirs) {
    std::string real(PATH_MAX, '\0');
    if (::realpath(hidden.c_str(), real.data()) != nullptr) {
      config.hidden_dirs.emplace_back(real.c_str());
    }
  }
  config.hidden_dirs.push_back(dir_);
  const bool namespaces = config.namespaces;
  auto host = std::make_unique<SandboxHost>(std::move(config), Cgroups::probe());
  host->dir = dir_;
  host->mounts = ::geteuid() == 0;
  if (!namespaces) {
    if (Status s = prepare_plain(*host); !s.ok()) return s.error();
  } else if (host->mounts && uid != 0) {
    auto idmap = host->launcher.idmap_namespace();
    if (!idmap.ok()) return idmap.error();
    host->idmap = std::move(*idmap);
  }
  Error last{"io_error", "sandbox: nothing tried", ""};
  const std::vector<WorkspaceKind> kinds =
      namespaces ? std::vector{WorkspaceKind::kOverlayTmpfs, WorkspaceKind::kOverlayDisk,
                               WorkspaceKind::kCopy}
                 : std::vector{WorkspaceKind::kPlain};
  for (const WorkspaceKind kind : kinds) {
    host->kind = kind;
    Status works = trial(*host);
    if (works.ok()) return host;
    last = works.error();
  }
  return last;
}

Result<std::unique_ptr<SandboxHost>> Prober::probe() {
  if (Status s = make_base(); !s.ok()) return s.error();
  const bool root = ::geteuid() == 0;
  const uint32_t uid = root ? mapped_id("/proc/self/uid_map", options_.uid) : ::geteuid();
  const uint32_t gid = root ? mapped_id("/proc/self/gid_map", options_.uid) : ::getegid();
  Result<std::unique_ptr<SandboxHost>> host = Error{"bad_config", "no level is wanted", ""};
  std::string lacking;
  for (const char* level : {"full", "plain", "none"}) {
    if (rank_of(level) > rank_of(options_.isolation_max)) continue;
    if (rank_of(level) < rank_of(options_.isolation)) break;
    host = attempt(level, uid, gid);
    // A file system without idmapped mounts: what is the host's root stays it, inside a namespace.
    if (!host.ok() && rank_of(level) == 2 && root && uid != 0) {
      auto as_root = attempt(level, 0, 0);
      if (!as_root.ok()) {
        as_root = Error{
            host.error().code,
            host.error().message + " (and as the host's root: " + as_root.error().message + ")",
            ""};
      }
      host = std::move(as_root);
    }
    if (host.ok()) break;
    lacking += (lacking.empty() ? "" : "; ") + std::string("isolation ") + level +
               " is not to be had on this host: " + host.error().message;
  }
  if (!host.ok()) {
    host = Error{"bad_config",
                 lacking +
                     "; where every patch is trusted, --isolation plain or none "
                     "(GHOST_ISOLATION) takes what there is",
                 ""};
  }
  const Fd dir(::open(dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.ok()) (void)remove_tree(dir.get(), "probe-" + std::to_string(::getpid()));
  return host;
}

std::vector<std::string> Prober::gaps(const SandboxHost& host) const {
  std::vector<std::string> out;
  const bool own_user = ::geteuid() != 0 || host.config.uid == 0;
  if (!host.config.namespaces) {
    out.push_back(
        "no namespaces: gates see the names of the host's processes "
        "and get no network at all, loopback included");
    if (own_user) {
      out.push_back(
          "gates run as the runner's own user: they can change modes and times of its "
          "files, not what is in them");
    }
  }
  if (level_of(host.config) == "none") {
    out.push_back("no Landlock: gates read and write what their user can");
  }
  if (host.kind == WorkspaceKind::kOverlayDisk) {
    out.push_back(
        "no user xattrs on tmpfs: the workspace lies on disk, its size is looked at once "
        "a second");
  } else if (host.kind == WorkspaceKind::kCopy) {
    out.push_back("no overlay: the workspace is a copy of the whole base");
  } else if (host.kind == WorkspaceKind::kPlain) {
    out.push_back(
        "no overlay: the workspace is a copy of the base on disk, its size is looked at "
        "once a second");
  }
  if (!host.cgroups.memory()) {
    out.push_back("no memory cgroup: memory is looked at 50 times a second, and only where mapped");
  }
  if (!host.config.namespaces && !host.cgroups.pids() && host.uids == 1) {
    out.push_back("no pids cgroup: processes are limited by rlimit for the whole user");
  }
  const int landlock = landlock_version();
  if (landlock < 6) {
    out.push_back(
        host.config.namespaces
            ? "no Landlock scopes: with the host's network, gates reach its abstract sockets"
            : "no Landlock scopes: gates may signal other processes of their user");
  }
  if (host.config.landlock && landlock < 3 && own_user) {
    out.push_back("old Landlock: gates can cut off files of the runner's user");
  }
  if (host.config.namespaces && host.config.uid == 0) {
    out.push_back("gates run as the host's root: " + dir_ + " takes no idmapped mounts");
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<SandboxPool>> make_sandbox_pool(const SandboxOptions& options) {
  if (rank_of(options.isolation) < 0 || rank_of(options.isolation_max) < 0) {
    return Error{"bad_config", "isolation must be full, plain or none", "isolation"};
  }
  if (Status s = make_dirs(options.dir, 0700); !s.ok()) return s.error();
  std::string real(PATH_MAX, '\0');
  if (::realpath(options.dir.c_str(), real.data()) == nullptr) {
    return Error{"bad_config", "resolve " + options.dir + ": " + std::strerror(errno), ""};
  }
  real.resize(std::strlen(real.c_str()));
  remove_stale(real);
  Prober prober(options, real);
  auto host = prober.probe();
  if (!host.ok()) return host.error();
  std::vector<std::string> gaps = prober.gaps(**host);
  return std::unique_ptr<SandboxPool>(
      std::make_unique<LocalPool>(std::move(*host), std::move(gaps), options.ready_max));
}

}  // namespace ghost::runner
