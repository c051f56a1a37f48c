#include "runner_worker/plain_workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "runner_worker/sandbox_wire.h"
#include "runner_worker/workspace.h"

namespace ghost::runner {
namespace {

constexpr const char* kRecord = "record";

struct Look {
  uint64_t mode = 0, inode = 0, size = 0;
  int64_t changed_ns = 0;
  bool operator==(const Look&) const = default;
  bool folder() const { return S_ISDIR(mode); }
};
using Looks = std::map<std::string, Look>;  // parents before what is in them

Look look_of(const struct stat& info) {
  Look look{info.st_mode, info.st_ino, static_cast<uint64_t>(info.st_size),
            int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec};
  // What is in a folder is looked at itself.
  if (look.folder()) look.size = 0, look.changed_ns = 0;
  return look;
}

Fd open_below(int at, const std::string& path) {
  return Fd(::openat(at, path.empty() ? "." : path.c_str(),
                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// Everything below `root`, each folder opened by the descriptor of the one above: no path of a
// hostile tree is ever followed. What `known` does not have is removed on the way, and folders that
// may not be entered are made so; without `known` all is taken.
Status walk(int folder, const std::string& prefix, const Looks* known, Looks* out) {
  std::vector<std::string> names;
  {
    const Fd copy = open_below(folder, "");
    DIR* dir = copy.ok() ? ::fdopendir(::dup(copy.get())) : nullptr;
    if (dir == nullptr) return Error{"io_error", "workspace: list " + prefix, ""};
    while (const dirent* entry = ::readdir(dir)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(dir);
  }
  for (const std::string& name : names) {
    const std::string path = prefix.empty() ? name : prefix + "/" + name;
    struct stat info {};
    if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return Error{"io_error", "workspace: look at " + path, ""};
    }
    if (known != nullptr) {
      const auto before = known->find(path);
      if (before == known->end() || before->second.folder() != S_ISDIR(info.st_mode)) {
        if (Status s = remove_tree(folder, name); !s.ok()) return s;
        continue;
      }
      if (S_ISDIR(info.st_mode) && info.st_mode != before->second.mode) {
        (void)::fchmodat(folder, name.c_str(), before->second.mode & 07777, 0);
        (void)::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW);
      }
    }
    (*out)[path] = look_of(info);
    if (!S_ISDIR(info.st_mode)) continue;
    const Fd below = open_below(folder, name);
    if (!below.ok()) return Error{"io_error", "workspace: open " + path, ""};
    if (Status s = walk(below.get(), path, known, out); !s.ok()) return s;
  }
  return ok_status();
}

bool write_record(int store, const Looks& looks) {
  BoxWriter w;
  w.u64(looks.size());
  for (const auto& [path, look] : looks) {
    w.str(path).u64(look.mode).u64(look.inode).u64(look.size);
    w.u64(static_cast<uint64_t>(look.changed_ns));
  }
  const Fd file(
      ::openat(store, kRecord, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  std::string_view rest = w.bytes();
  while (file.ok() && !rest.empty()) {
    const ssize_t n = ::write(file.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    rest.remove_prefix(static_cast<size_t>(n));
  }
  return file.ok();
}

bool read_record(int store, Looks* looks) {
  const Fd file(::openat(store, kRecord, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  std::string bytes;
  std::array<char, 65536> buffer{};
  ssize_t n = file.ok() ? 1 : 0;
  while (n > 0) {
    n = ::read(file.get(), buffer.data(), buffer.size());
    if (n > 0) bytes.append(buffer.data(), static_cast<size_t>(n));
  }
  BoxReader r(bytes);
  for (uint64_t left = r.u64(); r.ok() && left > 0; --left) {
    const std::string path(r.str());
    Look look{r.u64(), r.u64(), r.u64(), 0};
    look.changed_ns = static_cast<int64_t>(r.u64());
    (*looks)[path] = look;
  }
  return !bytes.empty() && r.ok();
}

// Change times advance by the kernel's tick: a change in the same one would not be seen.
void wait_past(const Looks& looks) {
  int64_t newest = 0;
  for (const auto& [path, look] : looks) newest = std::max(newest, look.changed_ns);
  for (;;) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    const int64_t now_ns = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    // A clock that was set back does not hold us up: the copy is then compared again.
    if (now_ns > newest || newest - now_ns > 1'000'000'000) return;
    const timespec pause{0, 500'000};
    (void)::nanosleep(&pause, nullptr);
  }
}

}  // namespace

bool record_workspace(int workspace, int store) {
  struct statfs info {};
  // There, pages that a process has mapped are written to without a trace.
  if (::fstatfs(workspace, &info) != 0 || info.f_type == TMPFS_MAGIC) return false;
  Looks looks;
  if (!walk(workspace, "", nullptr, &looks).ok() || !write_record(store, looks)) return false;
  wait_past(looks);
  return true;
}

Result<std::vector<std::string>> restore_workspace(int workspace, int store, int base) {
  std::vector<std::string> restored;
  Looks before, now;
  if (!read_record(store, &before)) return Error{"io_error", "workspace: no record", ""};
  (void)::fchmod(workspace, 0755);
  if (Status s = walk(workspace, "", &before, &now); !s.ok()) return s.error();
  for (const auto& [path, look] : before) {
    const auto found = now.find(path);
    if (found != now.end() && found->second == look) continue;
    if (Status s = copy_path(base, workspace, path); !s.ok()) return s.error();
    if (!look.folder()) restored.push_back(path);
    // A folder's copy brings along all that is in it.
    const std::string below = path + "/";
    for (auto it = now.lower_bound(below); it != now.end() && it->first.starts_with(below);) {
      it = now.erase(it);
    }
    Looks made;
    struct stat info {};
    const Fd parent = open_below(workspace, parent_of(path));
    if (!parent.ok() || ::fstatat(workspace, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return Error{"io_error", "workspace: look at " + path, ""};
    }
    now[path] = look_of(info);
    if (S_ISDIR(info.st_mode)) {
      const Fd folder = open_below(workspace, path);
      if (Status s = walk(folder.get(), path, nullptr, &made); !s.ok()) return s.error();
      for (auto& [name, seen] : made) {
        now[name] = seen;
        before[name] = seen;
        if (!seen.folder()) restored.push_back(name);
      }
    }
    if (!same_path(workspace, base, path)) {
      return Error{"io_error", "workspace: " + path + " differs from the base", ""};
    }
  }
  if (now.size() != before.size()) return Error{"io_error", "workspace: not what it was", ""};
  if (!write_record(store, now)) return Error{"io_error", "workspace: write its record", ""};
  wait_past(now);
  return restored;
}

}  // namespace ghost::runner
