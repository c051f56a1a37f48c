#include "runner_worker/sandbox_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "runner_worker/common_root.h"
#include "runner_worker/mounts.h"
#include "runner_worker/plain_workspace.h"
#include "runner_worker/workspace.h"

namespace ghost::runner {
namespace {

// While the workspace is put together its parts lie in folders that are empty otherwise.
constexpr const char* kStore = "root";
constexpr const char* kBase = "sys";
constexpr const char* kLayer = "run";

Status make_proc(bool as_host_root) {
  if (::mount("proc", "proc", "proc", kNoSuid | kNoDev | kNoExec, nullptr) != 0) {
    return root_error("mount /proc");
  }
  // Keys of the uid, which other sandboxes share.
  for (const char* path : {"proc/keys", "proc/key-users", "proc/timer_list"}) {
    if (exists(path) && ::mount("/dev/null", path, nullptr, kBind, nullptr) != 0) {
      return root_error("mask " + std::string(path));
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

Status make_pts() {
  if (::mount("devpts", "dev/pts", "devpts", kNoSuid | kNoExec,
              "newinstance,ptmxmode=0666,mode=0620") != 0) {
    return root_error("mount /dev/pts");
  }
  return ok_status();
}

// Binds `source`, or attaches the mount that was sent, at `target`, read-only.
Status attach(const std::string& source, Fd mount_fd, const std::string& target) {
  if (!mount_fd.ok()) return show(source, target);
  if (::syscall(SYS_move_mount, mount_fd.get(), "", AT_FDCWD, target.c_str(),
                MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return root_error("attach " + source);
  }
  return set_attributes(target, kShown, true);
}

// A few inodes and pages more than asked for, for the folders of make_places.
std::string store_options(uint64_t bytes, uint64_t inodes) {
  return "mode=0755,size=" + std::to_string(bytes + 65536) +
         ",nr_inodes=" + std::to_string(inodes + 16);
}

std::string in_store(const char* name) {
  return std::string(kStore) + "/" + name;
}

// Where all that gates write lies, and what of it they see.
Status make_places() {
  for (const char* name : {"upper", "work", "home", "tmp", "shm"}) {
    if (Status s = make_dir(in_store(name)); !s.ok()) return s;
  }
  for (const char* name : {"tmp", "shm"}) {
    if (::chmod(in_store(name).c_str(), 01777) != 0) return root_error("chmod " + in_store(name));
  }
  const std::pair<const char*, const char*> binds[] = {
      {"tmp", "tmp"}, {"shm", "dev/shm"}, {"home", "home/ghost"}};
  for (const auto& [from, to] : binds) {
    if (::mount(in_store(from).c_str(), to, nullptr, kBind, nullptr) != 0) {
      return root_error(std::string("bind ") + to);
    }
  }
  return ok_status();
}

// On a tmpfs, of a size that is told later.
Status prepare_store() {
  if (::mount("tmpfs", kStore, "tmpfs", kNoSuid | kNoDev, store_options(0, 16).c_str()) != 0) {
    return root_error("mount tmpfs");
  }
  return make_places();
}

Status make_store(const SetupRequest& request, Fd scratch) {
  if (request.kind != WorkspaceKind::kOverlayDisk) {
    const std::string options = store_options(request.disk_bytes, request.inodes);
    if (::mount(nullptr, kStore, nullptr, kRemount | kNoSuid | kNoDev, options.c_str()) != 0) {
      return root_error("limit tmpfs");
    }
    return ok_status();
  }
  const int done = scratch.ok()
                       ? static_cast<int>(::syscall(SYS_move_mount, scratch.get(), "", AT_FDCWD,
                                                    kStore, MOVE_MOUNT_F_EMPTY_PATH))
                       : ::mount(request.scratch_dir.c_str(), kStore, nullptr, kBind, nullptr);
  if (done != 0) return root_error("attach " + request.scratch_dir);
  if (Status s = set_attributes(kStore, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, false); !s.ok()) {
    return s;
  }
  return make_places();
}

Fd open_dir(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

Status make_workspace(const SetupRequest& request, SandboxPlaces* places) {
  places->base = open_dir(kBase);
  if (!places->base.ok()) return root_error("open base " + request.base_dir);
  if (request.kind == WorkspaceKind::kCopy) {
    if (!request.layer_dir.empty())
      return Error{"io_error", "sandbox: a layer needs an overlay", ""};
    const Fd to = open_dir(in_store("upper"));
    if (Status s = copy_tree(places->base.get(), to.get()); !s.ok()) return s;
    if (::mount(in_store("upper").c_str(), "workspace", nullptr, kBind, nullptr) != 0) {
      return root_error("bind workspace");
    }
  } else {
    // Nothing in it outlives the job, so a sync need not reach a disk (volatile).
    const std::string layer = request.layer_dir.empty() ? "" : std::string(kLayer) + ":";
    const std::string options = "lowerdir=" + layer + kBase + ",upperdir=" + in_store("upper") +
                                ",workdir=" + in_store("work") + ",userxattr,volatile";
    if (::mount("overlay", "workspace", "overlay", kNoSuid | kNoDev, options.c_str()) != 0) {
      return root_error("mount overlay");
    }
    if (!request.layer_dir.empty()) {
      places->layer = open_dir(kLayer);
      if (!places->layer.ok()) return root_error("open layer");
    }
    places->upper = open_dir(in_store("upper"));
    if (!places->upper.ok()) return root_error("open upper");
  }
  places->workspace = open_dir("workspace");
  if (!places->workspace.ok()) return root_error("open workspace");
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

// Shows folders of the host at their own places. Those of the runner lie below a hidden one, which
// becomes a fresh one for them: the root itself may be nobody's to change any more.
Status show_dirs(const LauncherConfig& config, const std::vector<std::string>& dirs,
                 std::span<Fd> mounts) {
  std::vector<std::string> fresh;
  for (size_t i = 0; i < dirs.size(); ++i) {
    const std::string& dir = dirs[i];
    if (!may_be_target(dir)) {
      return Error{"io_error", "sandbox: " + dir + " cannot be shown inside", ""};
    }
    for (const std::string& hidden : config.hidden_dirs) {
      if (!dir.starts_with(hidden + "/") ||
          std::find(fresh.begin(), fresh.end(), hidden) != fresh.end()) {
        continue;
      }
      if (Status s = make_dir_with_parents(inside(hidden)); !s.ok()) return s;
      if (Status s = hide(inside(hidden)); !s.ok()) return s;
      fresh.push_back(hidden);
      break;
    }
    if (Status s = make_dir_with_parents(inside(dir)); !s.ok()) return s;
    if (Status s = attach(dir, std::move(mounts[i]), inside(dir)); !s.ok()) return s;
  }
  return ok_status();
}

}  // namespace

Status prepare_root(const LauncherConfig& config, const SpawnRequest& request, bool common) {
  if (!common) {
    if (Status s = build_common_root(config, request.host_network); !s.ok()) return s;
  }
  if (Status s = make_proc(config.uid == 0); !s.ok()) return s;
  if (Status s = make_pts(); !s.ok()) return s;
  if (request.on_tmpfs) {
    if (Status s = prepare_store(); !s.ok()) return s;
  }
  return request.mounts_sent && !common ? pivot() : ok_status();
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
  if (Status s = attach(request.base_dir, std::move(mounts[0]), kBase); !s.ok()) {
    return s.error();
  }
  if (layer) {
    if (Status s = attach(request.layer_dir, std::move(mounts.back()), kLayer); !s.ok()) {
      return s.error();
    }
  }
  if (Status s = make_store(request, scratch ? std::move(mounts[dirs + 1]) : Fd()); !s.ok()) {
    return s.error();
  }
  if (Status s = make_workspace(request, &places); !s.ok()) return s.error();
  places.store = open_dir(kStore);
  if (!places.store.ok()) return root_error("open store");
  if (Status s = show_dirs(config, request.read_only_dirs, std::span(mounts).subspan(1, dirs));
      !s.ok()) {
    return s.error();
  }
  // The overlay keeps what it needs; a gate must reach neither upper nor base beside it.
  for (const char* path : {kStore, kBase, kLayer}) {
    if ((layer || path != kLayer) && ::umount2(path, kDetach) != 0) {
      return root_error(std::string("detach ") + path);
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
  if (!places.store.ok()) return root_error("open " + request.scratch_dir);
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
  if (!places.workspace.ok()) return root_error("open " + places.workspace_path);
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
