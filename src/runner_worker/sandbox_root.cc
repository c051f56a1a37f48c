#include "runner_worker/sandbox_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "runner_worker/landlock.h"
#include "runner_worker/plain_workspace.h"
#include "runner_worker/workspace.h"

// <sys/mount.h> and <linux/mount.h> cannot be included together in every glibc.
extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*) noexcept;
extern "C" int umount2(const char*, int) noexcept;

namespace ghost::runner {
namespace {

constexpr unsigned long kNoSuid = 2, kNoDev = 4, kNoExec = 8, kBind = 4096, kRec = 16384,
                        kPrivate = 1ul << 18, kRemount = 32;
constexpr int kDetach = 2;
constexpr uint64_t kShown = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

Error failed(const std::string& what) {
  return {"io_error", "sandbox: " + what + ": " + std::strerror(errno), ""};
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_dir(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// `path` relative to the root being built.
Status make_dir(const std::string& path, mode_t mode = 0755) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed("create " + path);
  return ok_status();
}

Status make_dir_with_parents(const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (Status s = make_dir(path.substr(0, slash)); !s.ok()) return s;
  }
  return make_dir(path);
}

Status make_file(const std::string& path, std::string_view content) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.ok() ||
      ::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    return failed("create " + path);
  }
  return ok_status();
}

Status set_attributes(const std::string& path, uint64_t attributes, bool recursive) {
  mount_attr attr{};
  attr.attr_set = attributes;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), recursive ? AT_RECURSIVE : 0, &attr,
                sizeof attr) != 0) {
    return failed("restrict mount " + path);
  }
  return ok_status();
}

// Shows a file or folder of the host. A recursive bind, because a namespace of lesser privilege may
// not take a mount apart.
Status show(const std::string& source, const std::string& target, uint64_t attributes = kShown) {
  if (::mount(source.c_str(), target.c_str(), nullptr, kBind | kRec, nullptr) != 0) {
    return failed("bind " + source);
  }
  return set_attributes(target, attributes, true);
}

// A file, folder or symlink of the host at the same place inside; nothing when there is none.
Status show_entry(const std::string& source, const std::string& target) {
  struct stat info {};
  if (::lstat(source.c_str(), &info) != 0) return ok_status();
  if (S_ISLNK(info.st_mode)) {
    std::array<char, PATH_MAX> link{};
    if (::readlink(source.c_str(), link.data(), link.size() - 1) < 0 ||
        ::symlink(link.data(), target.c_str()) != 0) {
      return failed("copy link " + source);
    }
    return ok_status();
  }
  // What the runner's user may not even open is no part of the sandbox.
  if (::access(source.c_str(), S_ISDIR(info.st_mode) ? R_OK | X_OK : R_OK) != 0) return ok_status();
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
  if (dir == nullptr) return failed("open root " + root);
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

Status make_proc(bool as_host_root) {
  if (Status s = make_dir("proc"); !s.ok()) return s;
  if (::mount("proc", "proc", "proc", kNoSuid | kNoDev | kNoExec, nullptr) != 0) {
    return failed("mount /proc");
  }
  // Keys of the uid, which other sandboxes share.
  for (const char* path : {"proc/keys", "proc/key-users", "proc/timer_list"}) {
    if (exists(path) && ::mount("/dev/null", path, nullptr, kBind, nullptr) != 0) {
      return failed("mask " + std::string(path));
    }
  }
  if (!as_host_root) return ok_status();
  // The owner of these could change the host; any other uid cannot.
  for (const char* path : {"proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus", "proc/fs",
                           "proc/acpi", "proc/scsi"}) {
    if (!exists(path)) continue;
    if (Status s = show(path, path); !s.ok()) return s;
  }
  return ok_status();
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
  if (::mount("devpts", "dev/pts", "devpts", kNoSuid | kNoExec,
              "newinstance,ptmxmode=0666,mode=0620") != 0) {
    return failed("mount /dev/pts");
  }
  const std::pair<const char*, const char*> links[] = {{"pts/ptmx", "dev/ptmx"},
                                                       {"/proc/self/fd", "dev/fd"},
                                                       {"/proc/self/fd/0", "dev/stdin"},
                                                       {"/proc/self/fd/1", "dev/stdout"},
                                                       {"/proc/self/fd/2", "dev/stderr"}};
  for (const auto& [target, path] : links) {
    if (::symlink(target, path) != 0) return failed("create " + std::string(path));
  }
  return ok_status();
}

// Paths are relative to the working directory, which is the root being built.
std::string inside(const std::string& absolute) {
  return absolute.substr(absolute.find_first_not_of('/'));
}

Status hide(const std::vector<std::string>& dirs) {
  for (const std::string& dir : dirs) {
    const std::string path = inside(dir);
    if (path.empty() || !is_dir(path)) continue;
    if (::mount("tmpfs", path.c_str(), "tmpfs", kNoSuid | kNoDev, "size=64k,mode=0555") != 0) {
      return failed("hide " + dir);
    }
  }
  return ok_status();
}

// Binds `source`, or attaches the mount that was sent, at `target`, read-only.
Status attach(const std::string& source, Fd mount_fd, const std::string& target) {
  if (!mount_fd.ok()) return show(source, target);
  if (::syscall(SYS_move_mount, mount_fd.get(), "", AT_FDCWD, target.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return failed("attach " + source);
  }
  return set_attributes(target, kShown, true);
}

// A few inodes and pages more than asked for, for the folders of make_places.
std::string store_options(uint64_t bytes, uint64_t inodes) {
  return "mode=0755,size=" + std::to_string(bytes + 65536) +
         ",nr_inodes=" + std::to_string(inodes + 16);
}

// Where all that gates write lies, and what of it they see.
Status make_places() {
  for (const char* path :
       {".store/upper", ".store/work", ".store/home", ".store/tmp", ".store/shm"}) {
    if (Status s = make_dir(path); !s.ok()) return s;
  }
  for (const char* path : {".store/tmp", ".store/shm"}) {
    if (::chmod(path, 01777) != 0) return failed("chmod " + std::string(path));
  }
  const std::pair<const char*, const char*> binds[] = {
      {".store/tmp", "tmp"}, {".store/shm", "dev/shm"}, {".store/home", "home/ghost"}};
  for (const auto& [from, to] : binds) {
    if (::mount(from, to, nullptr, kBind, nullptr) != 0) return failed(std::string("bind ") + to);
  }
  return ok_status();
}

// On a tmpfs, of a size that is told later.
Status prepare_store() {
  if (Status s = make_dir(".store"); !s.ok()) return s;
  if (::mount("tmpfs", ".store", "tmpfs", kNoSuid | kNoDev, store_options(0, 16).c_str()) != 0) {
    return failed("mount tmpfs");
  }
  return make_places();
}

Status make_store(const SetupRequest& request, Fd scratch) {
  if (request.kind != WorkspaceKind::kOverlayDisk) {
    const std::string options = store_options(request.disk_bytes, request.inodes);
    if (::mount(nullptr, ".store", nullptr, kRemount | kNoSuid | kNoDev, options.c_str()) != 0) {
      return failed("limit tmpfs");
    }
    return ok_status();
  }
  if (Status s = make_dir(".store"); !s.ok()) return s;
  const int done = scratch.ok()
                       ? static_cast<int>(::syscall(SYS_move_mount, scratch.get(), "", AT_FDCWD,
                                                    ".store", MOVE_MOUNT_F_EMPTY_PATH))
                       : ::mount(request.scratch_dir.c_str(), ".store", nullptr, kBind, nullptr);
  if (done != 0) return failed("attach " + request.scratch_dir);
  if (Status s = set_attributes(".store", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false); !s.ok()) {
    return s;
  }
  return make_places();
}

Fd open_dir(const char* path) {
  return Fd(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

Status make_workspace(const SetupRequest& request, SandboxPlaces* places) {
  places->base = open_dir(".base");
  if (!places->base.ok()) return failed("open base " + request.base_dir);
  if (request.kind == WorkspaceKind::kCopy) {
    if (!request.layer_dir.empty())
      return Error{"io_error", "sandbox: a layer needs an overlay", ""};
    const Fd to = open_dir(".store/upper");
    if (Status s = copy_tree(places->base.get(), to.get()); !s.ok()) return s;
    if (::mount(".store/upper", "workspace", nullptr, kBind, nullptr) != 0) {
      return failed("bind workspace");
    }
  } else {
    // Nothing in it outlives the job, so a sync need not reach a disk (volatile).
    const std::string lower = request.layer_dir.empty() ? ".base" : ".layer:.base";
    const std::string options =
        "lowerdir=" + lower + ",upperdir=.store/upper,workdir=.store/work,userxattr,volatile";
    if (::mount("overlay", "workspace", "overlay", kNoSuid | kNoDev, options.c_str()) != 0) {
      return failed("mount overlay");
    }
    if (!request.layer_dir.empty()) {
      places->layer = open_dir(".layer");
      if (!places->layer.ok()) return failed("open layer");
    }
    places->upper = open_dir(".store/upper");
    if (!places->upper.ok()) return failed("open upper");
  }
  places->workspace = open_dir("workspace");
  if (!places->workspace.ok()) return failed("open workspace");
  return ok_status();
}

Status pivot() {
  if (Status s = make_dir(".old"); !s.ok()) return s;
  if (::syscall(SYS_pivot_root, ".", ".old") != 0) return failed("pivot_root");
  if (::chdir("/") != 0) return failed("chdir /");
  if (::umount2("/.old", kDetach) != 0) return failed("leave the host's tree");
  if (::rmdir("/.old") != 0) return failed("leave the host's tree");
  return ok_status();
}

bool may_be_target(const std::string& path) {
  if (path.size() < 2 || path.front() != '/' || path.find("/../") != std::string::npos ||
      path.ends_with("/..")) {
    return false;
  }
  for (const char* taken : {"/proc", "/dev", "/sys", "/etc", kWorkspacePath}) {
    if (path == taken || path.starts_with(std::string(taken) + "/")) return false;
  }
  return true;
}

}  // namespace

Status prepare_root(const LauncherConfig& config, const SpawnRequest& request) {
  if (::mount(nullptr, "/", nullptr, kRec | kPrivate, nullptr) != 0) return failed("mount /");
  // A folder that every host has and that no base lies in.
  const char* place = nullptr;
  for (const char* candidate : {"/sys", "/mnt", "/proc"}) {
    if (place == nullptr && is_dir(candidate)) place = candidate;
  }
  if (place == nullptr ||
      ::mount("tmpfs", place, "tmpfs", kNoSuid | kNoDev, "size=16m,nr_inodes=8192,mode=0755") !=
          0 ||
      ::chdir(place) != 0) {
    return failed("mount root");
  }
  Status shown =
      config.root.empty() ? show_host_parts(request.host_network) : show_root(config.root);
  if (!shown.ok()) return shown;
  for (const char* path : {"home", "home/ghost", "workspace", "tmp", "sys", "run", "root"}) {
    if (Status s = make_dir(path); !s.ok()) return s;
  }
  if (!exists("var")) {
    if (Status s = make_dir("var"); !s.ok()) return s;
    if (::symlink("../tmp", "var/tmp") != 0) return failed("create /var/tmp");
  }
  if (Status s = make_proc(config.uid == 0); !s.ok()) return s;
  if (Status s = make_dev(); !s.ok()) return s;
  if (Status s = hide(config.hidden_dirs); !s.ok()) return s;
  if (request.on_tmpfs) {
    if (Status s = prepare_store(); !s.ok()) return s;
  }
  return request.mounts_sent ? pivot() : ok_status();
}

Result<SandboxPlaces> enter_root(const LauncherConfig& config, const SetupRequest& request,
                                 std::vector<Fd> mounts) {
  const bool scratch = request.kind == WorkspaceKind::kOverlayDisk;
  const bool layer = !request.layer_dir.empty();
  const size_t dirs = request.read_only_dirs.size();
  mounts.resize(request.mounts_sent ? mounts.size() : dirs + 3);
  if (mounts.size() < dirs + 1 + (scratch ? 1 : 0) + (layer ? 1 : 0)) {
    return Error{"io_error", "sandbox: mounts are missing", ""};
  }
  SandboxPlaces places{.workspace = {},
                       .upper = {},
                       .base = {},
                       .layer = {},
                       .store = {},
                       .workspace_path = kWorkspacePath,
                       .home_path = kHomePath,
                       .tmp_path = "/tmp",
                       .read_only_dirs = {},
                       .restored = {}};
  if (Status s = make_dir(".base"); !s.ok()) return s.error();
  if (Status s = attach(request.base_dir, std::move(mounts[0]), ".base"); !s.ok()) {
    return s.error();
  }
  if (layer) {
    if (Status s = make_dir(".layer"); !s.ok()) return s.error();
    if (Status s = attach(request.layer_dir, std::move(mounts.back()), ".layer"); !s.ok()) {
      return s.error();
    }
  }
  if (Status s = make_store(request, scratch ? std::move(mounts[dirs + 1]) : Fd()); !s.ok()) {
    return s.error();
  }
  if (Status s = make_workspace(request, &places); !s.ok()) return s.error();
  places.store = open_dir(".store");
  if (!places.store.ok()) return failed("open store");
  for (size_t i = 0; i < dirs; ++i) {
    const std::string& dir = request.read_only_dirs[i];
    if (!may_be_target(dir)) {
      return Error{"io_error", "sandbox: " + dir + " cannot be shown inside", ""};
    }
    if (Status s = make_dir_with_parents(inside(dir)); !s.ok()) return s.error();
    if (Status s = attach(dir, std::move(mounts[i + 1]), inside(dir)); !s.ok()) return s.error();
  }
  // The overlay keeps what it needs; a gate must reach neither upper nor base beside it.
  for (const char* path : {".store", ".base", ".layer"}) {
    if (!layer && std::string_view(path) == ".layer") continue;
    if (::umount2(path, kDetach) != 0 || ::rmdir(path) != 0) {
      return failed(std::string("remove ") + path);
    }
  }
  if (!request.mounts_sent) {
    if (Status s = pivot(); !s.ok()) return s.error();
  }
  if (Status s = set_attributes("/", MOUNT_ATTR_RDONLY, false); !s.ok()) return s.error();
  for (const std::string& dir : config.hidden_dirs) {
    if (is_dir(dir)) (void)set_attributes(dir, MOUNT_ATTR_RDONLY, false);
  }
  return places;
}

Result<SandboxPlaces> enter_plain(const SetupRequest& request, std::vector<Fd> fds) {
  if (fds.size() != 1) return Error{"io_error", "sandbox: the base is missing", ""};
  SandboxPlaces places{.workspace = {},
                       .upper = {},
                       .base = std::move(fds[0]),
                       .layer = {},
                       .store = open_dir(request.scratch_dir.c_str()),
                       .workspace_path = request.scratch_dir + "/workspace",
                       .home_path = request.scratch_dir + "/home",
                       .tmp_path = request.scratch_dir + "/tmp",
                       .read_only_dirs = request.read_only_dirs,
                       .restored = {}};
  if (!places.store.ok()) return failed("open " + request.scratch_dir);
  if (request.restore) {
    for (const char* name : {"home", "tmp"}) {
      if (Status s = remove_tree(places.store.get(), name); !s.ok()) return s.error();
    }
  }
  for (const std::string& path : {places.workspace_path, places.home_path, places.tmp_path}) {
    if (Status s = make_dir(path); !s.ok()) return s.error();
  }
  const int store = places.store.get(), base = places.base.get();
  places.workspace = open_dir(places.workspace_path.c_str());
  if (!places.workspace.ok()) return failed("open " + places.workspace_path);
  if (request.restore) {
    auto restored = restore_workspace(places.workspace.get(), store, base);
    if (!restored.ok()) return restored.error();
    places.restored = std::move(*restored);
    return places;
  }
  if (Status s = copy_tree(base, places.workspace.get()); !s.ok()) return s.error();
  if (request.record) (void)record_workspace(places.workspace.get(), store);
  return places;
}

}  // namespace ghost::runner
