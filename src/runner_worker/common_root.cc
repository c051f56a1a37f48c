#include "runner_worker/common_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string_view>
#include <utility>

#include "runner_worker/landlock.h"
#include "runner_worker/mounts.h"

namespace ghost::runner {
namespace {

// What gates could not even open is no part of the sandbox. As root this process can open all, and
// asks whether everybody can.
bool readable(const std::string& path, mode_t mode) {
  const mode_t all = S_ISDIR(mode) ? S_IROTH | S_IXOTH : S_IROTH;
  if (::geteuid() == 0) return (mode & all) == all;
  return ::access(path.c_str(), S_ISDIR(mode) ? R_OK | X_OK : R_OK) == 0;
}

// A file, folder or symlink of the host at the same place inside; nothing when there is none.
Status show_entry(const std::string& source, const std::string& target) {
  struct stat info {};
  if (::lstat(source.c_str(), &info) != 0) return ok_status();
  if (S_ISLNK(info.st_mode)) {
    std::array<char, PATH_MAX> link{};
    if (::readlink(source.c_str(), link.data(), link.size() - 1) < 0 ||
        ::symlink(link.data(), target.c_str()) != 0) {
      return root_error("copy link " + source);
    }
    return ok_status();
  }
  if (!readable(source, info.st_mode)) return ok_status();
  if (S_ISDIR(info.st_mode)) {
    if (Status s = make_dir(target); !s.ok()) return s;
  } else if (S_ISREG(info.st_mode)) {
    if (Status s = make_file(target, ""); !s.ok()) return s;
  } else {
    return ok_status();
  }
  return show(source, target);
}

std::string host_file(const char* path) {
  std::string out;
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  ssize_t n = 0;
  while (fd.ok() && out.size() < (64u << 10) &&
         (n = ::read(fd.get(), buffer.data(), buffer.size())) > 0) {
    out.append(buffer.data(), static_cast<size_t>(n));
  }
  return out;
}

Status make_etc(bool host_network) {
  if (Status s = make_dir("etc"); !s.ok()) return s;
  if (Status s = make_dir("etc/ssl"); !s.ok()) return s;
  for (const char* name : kShownEtc) {
    if (Status s = show_entry(std::string("/etc/") + name, std::string("etc/") + name); !s.ok()) {
      return s;
    }
  }
  const std::string hosts = "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ghost\n";
  const std::pair<const char*, std::string> files[] = {
      {"etc/passwd",
       "root:x:0:0:root:/root:/bin/sh\nghost:x:1000:1000:ghost:/home/ghost:/bin/sh\n"
       "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
      {"etc/group", "root:x:0:\nghost:x:1000:\nnogroup:x:65534:\n"},
      {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
      {"etc/hostname", "ghost\n"},
      {"etc/host.conf", "multi on\n"},
      {"etc/hosts", host_network ? host_file("/etc/hosts") : hosts},
      {"etc/resolv.conf", host_network ? host_file("/etc/resolv.conf") : ""},
  };
  for (const auto& [path, content] : files) {
    if (Status s = make_file(path, content); !s.ok()) return s;
  }
  return ok_status();
}

Status show_host_parts(bool host_network) {
  for (const char* name : kShownRoots) {
    if (Status s = show_entry(std::string("/") + name, name); !s.ok()) return s;
  }
  return make_etc(host_network);
}

// A configured root file system: all of it but what a sandbox has of its own.
Status show_root(const std::string& root) {
  DIR* dir = ::opendir(root.c_str());
  if (dir == nullptr) return root_error("open root " + root);
  Status done = ok_status();
  while (const dirent* entry = done.ok() ? ::readdir(dir) : nullptr) {
    const std::string_view name = entry->d_name;
    bool own = false;
    for (const char* mine : {".", "..", "proc", "sys", "dev", "tmp", "run", "home", "workspace"}) {
      own = own || name == mine;
    }
    if (!own) done = show_entry(root + "/" + entry->d_name, entry->d_name);
  }
  ::closedir(dir);
  return done;
}

Status make_dev() {
  if (Status s = make_dir("dev"); !s.ok()) return s;
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    const std::string inside = std::string("dev/") + name;
    if (Status s = make_file(inside, ""); !s.ok()) return s;
    // Read-only keeps owner and mode of the host's node; devices are written to all the same.
    constexpr uint64_t kNode = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    if (Status s = show(std::string("/dev/") + name, inside, kNode); !s.ok()) return s;
  }
  for (const char* path : {"dev/pts", "dev/shm"}) {
    if (Status s = make_dir(path); !s.ok()) return s;
  }
  const std::pair<const char*, const char*> links[] = {{"pts/ptmx", "dev/ptmx"},
                                                       {"/proc/self/fd", "dev/fd"},
                                                       {"/proc/self/fd/0", "dev/stdin"},
                                                       {"/proc/self/fd/1", "dev/stdout"},
                                                       {"/proc/self/fd/2", "dev/stderr"}};
  for (const auto& [target, path] : links) {
    if (::symlink(target, path) != 0) return root_error("create " + std::string(path));
  }
  return ok_status();
}

// The runner's own folders, where something of them is shown.
Status hide_dirs(const std::vector<std::string>& dirs) {
  for (const std::string& dir : dirs) {
    const std::string path = inside(dir);
    if (path.empty() || !is_dir(path)) continue;
    if (Status s = hide(path); !s.ok()) return s;
  }
  return ok_status();
}

}  // namespace

Status build_common_root(const LauncherConfig& config, bool host_network) {
  if (::mount(nullptr, "/", nullptr, kRec | kPrivate, nullptr) != 0) return root_error("mount /");
  // A folder that every host has and that no base lies in.
  const char* place = nullptr;
  for (const char* candidate : {"/sys", "/mnt", "/proc"}) {
    if (place == nullptr && is_dir(candidate)) place = candidate;
  }
  if (place == nullptr ||
      ::mount("tmpfs", place, "tmpfs", kNoSuid | kNoDev, "size=16m,nr_inodes=8192,mode=0755") !=
          0 ||
      ::chdir(place) != 0) {
    return root_error("mount root");
  }
  Status shown = config.root.empty() ? show_host_parts(host_network) : show_root(config.root);
  if (!shown.ok()) return shown;
  for (const char* path :
       {"home", "home/ghost", "workspace", "tmp", "sys", "run", "root", "proc"}) {
    if (Status s = make_dir(path); !s.ok()) return s;
  }
  if (!exists("var")) {
    if (Status s = make_dir("var"); !s.ok()) return s;
    if (::symlink("../tmp", "var/tmp") != 0) return root_error("create /var/tmp");
  }
  if (Status s = make_dev(); !s.ok()) return s;
  return hide_dirs(config.hidden_dirs);
}

CommonRoot::CommonRoot()
    : host_(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)),
      host_root_(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      // Entering the namespace that one is in does nothing, but tells whether one may.
      allowed_(host_.ok() && host_root_.ok() && ::geteuid() == 0 && back_to_host()) {}

bool CommonRoot::enter(const LauncherConfig& config, uint64_t host_changes) {
  if (!allowed_) return false;
  if (!root_.ok() || host_changes != host_changes_) {
    enter_host();
    host_changes_ = host_changes;
    root_.reset();
    entered_ = true;  // enter_host has something to leave
    if (!build(config).ok()) {
      enter_host();
      allowed_ = false;
    }
    return allowed_;
  }
  if (!entered_ && ::setns(root_.get(), CLONE_NEWNS) != 0) ::_exit(1);
  entered_ = true;
  return true;
}

// Also back into a changed root of this process's own, which entering a namespace leaves.
bool CommonRoot::back_to_host() const {
  return ::setns(host_.get(), CLONE_NEWNS) == 0 && ::fchdir(host_root_.get()) == 0 &&
         ::chroot(".") == 0 && ::chdir("/") == 0;
}

void CommonRoot::enter_host() {
  if (entered_ && !back_to_host()) ::_exit(1);
  entered_ = false;
}

Status CommonRoot::build(const LauncherConfig& config) {
  if (::unshare(CLONE_NEWNS) != 0) return root_error("unshare");
  if (Status s = build_common_root(config, false); !s.ok()) return s;
  // For those where read-only folders will be shown.
  for (const std::string& dir : config.hidden_dirs) {
    if (Status s = make_dir_with_parents(inside(dir)); !s.ok()) return s;
  }
  // This process's own; and no namespace of lesser privilege may mount one where none is.
  if (::mount("proc", "proc", "proc", kNoSuid | kNoDev | kNoExec, nullptr) != 0) {
    return root_error("mount /proc");
  }
  if (Status s = pivot(); !s.ok()) return s;
  root_.reset(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!root_.ok()) return root_error("open namespace");
  return set_attributes("/", MOUNT_ATTR_RDONLY, false);
}

}  // namespace ghost::runner
