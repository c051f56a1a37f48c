#include "runner_worker/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/fs.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {
namespace {

constexpr const char* kPrefix = "ghost-";

Status write_value(const std::string& path, const std::string& value) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.ok() ||
      ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return Error{"io_error", "write " + path + ": " + std::strerror(errno), ""};
  }
  return ok_status();
}

// The number after `key` at the beginning of a line.
uint64_t value_of(const std::string& path, const std::string& key) {
  const auto text = read_file(path);
  if (!text.ok()) return 0;
  std::istringstream lines(*text);
  std::string name;
  uint64_t value = 0;
  while (lines >> name >> value) {
    if (name == key) return value;
  }
  return 0;
}

// Where a controller is mounted, and which part of its tree that mount shows.
struct Mounted {
  std::string point, root;
};

bool has_word(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// `controller` empty: version 2.
Mounted find_mount(const std::string& controller) {
  const auto text = read_file("/proc/self/mountinfo");
  if (!text.ok()) return {};
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream left(line.substr(0, dash)), right(line.substr(dash + 3));
    std::string id, parent, device, root, point, type, source, options;
    left >> id >> parent >> device >> root >> point;
    right >> type >> source >> options;
    if (controller.empty() ? type == "cgroup2"
                           : type == "cgroup" && has_word(options, controller)) {
      return {point, root};
    }
  }
  return {};
}

std::string own_group(const std::string& controller) {
  const auto text = read_file("/proc/self/cgroup");
  if (!text.ok()) return "/";
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? names.empty() : has_word(names, controller)) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

std::string own_folder(const std::string& controller) {
  const Mounted mounted = find_mount(controller);
  if (mounted.point.empty()) return "";
  std::string group = own_group(controller);
  if (mounted.root != "/" && group.starts_with(mounted.root)) {
    group = group.substr(mounted.root.size());
  }
  std::string folder = mounted.point + (group == "/" ? "" : group);
  // A container may not see its own place in the tree: what it sees as the root is its own then.
  if (::access(folder.c_str(), F_OK) != 0) folder = mounted.point;
  return folder;
}

bool can_make_groups(const std::string& folder, const char* needed_file) {
  const std::string trial = folder + "/" + kPrefix + std::to_string(::getpid()) + "-0";
  if (::mkdir(trial.c_str(), 0755) != 0 && errno != EEXIST) return false;
  const bool usable = ::access((trial + "/" + needed_file).c_str(), W_OK) == 0;
  (void)::rmdir(trial.c_str());
  return usable;
}

// Groups of runners that no longer exist; one that still holds processes stays.
void remove_stale(const std::string& folder) {
  DIR* dir = ::opendir(folder.c_str());
  if (dir == nullptr) return;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    const pid_t pid = std::atoi(name.c_str() + std::strlen(kPrefix));
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH)
      (void)::rmdir((folder + "/" + name).c_str());
  }
  ::closedir(dir);
}

bool enable_unified(const std::string& folder) {
  const std::string control = folder + "/cgroup.subtree_control";
  const auto enabled = read_file(control);
  const auto offered = read_file(folder + "/cgroup.controllers");
  if (!enabled.ok() || !offered.ok()) return false;
  const auto listed = [](const std::string& list, const char* word) {
    return (" " + list.substr(0, list.find('\n')) + " ").find(std::string(" ") + word + " ") !=
           std::string::npos;
  };
  if (!listed(*offered, "memory") || !listed(*offered, "pids")) return false;
  if (listed(*enabled, "memory") && listed(*enabled, "pids")) return true;
  if (write_value(control, "+memory +pids").ok()) return true;
  const std::string leaf = folder + "/ghost-runner";
  if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return false;
  if (!write_value(leaf + "/cgroup.procs", "0").ok()) return false;
  if (write_value(control, "+memory +pids").ok()) return true;
  // Others live here too: back to where we were.
  (void)write_value(folder + "/cgroup.procs", "0");
  (void)::rmdir(leaf.c_str());
  return false;
}

}  // namespace

Cgroups Cgroups::probe() {
  Cgroups out;
  const std::string unified = own_folder("");
  if (!unified.empty() && enable_unified(unified) && can_make_groups(unified, "memory.max")) {
    out.unified_ = true;
    out.memory_ = out.pids_ = unified;
    remove_stale(unified);
    return out;
  }
  const std::string memory = own_folder("memory"), pids = own_folder("pids");
  if (!memory.empty() && can_make_groups(memory, "memory.limit_in_bytes")) out.memory_ = memory;
  if (!pids.empty() && can_make_groups(pids, "pids.max")) out.pids_ = pids;
  for (const std::string& folder : {out.memory_, out.pids_}) {
    if (!folder.empty()) remove_stale(folder);
  }
  return out;
}

Result<std::unique_ptr<Cgroup>> Cgroups::create() {
  std::unique_ptr<Cgroup> group;
  if (!memory() && !pids()) return group;
  group.reset(new Cgroup);
  group->unified_ = unified_;
  // For the whole process: groups of another pool of it may still be going.
  static std::atomic<uint64_t> next{1};
  const std::string name =
      "/" + (kPrefix + std::to_string(::getpid())) + "-" + std::to_string(next++);
  if (memory()) {
    if (::mkdir((memory_ + name).c_str(), 0755) != 0) {
      return Error{"io_error", "create " + memory_ + name + ": " + std::strerror(errno), ""};
    }
    group->memory_dir_ = memory_ + name;
  }
  if (pids()) {
    if (!unified_ && ::mkdir((pids_ + name).c_str(), 0755) != 0) {
      return Error{"io_error", "create " + pids_ + name + ": " + std::strerror(errno), ""};
    }
    group->pids_dir_ = pids_ + name;
  }
  return group;
}

Cgroup::~Cgroup() {
  for (const std::string& dir : {memory_dir_, pids_dir_}) {
    // A process that has just died may hold it for an instant; what stays is removed by the next
    // runner's probe.
    for (int attempt = 0; !dir.empty() && attempt < 50; ++attempt) {
      if (::rmdir(dir.c_str()) == 0 || errno != EBUSY) break;
      (void)::usleep(1000);
    }
  }
}

Status Cgroup::attach(pid_t pid) {
  for (const std::string& dir : {memory_dir_, unified_ ? std::string() : pids_dir_}) {
    if (dir.empty()) continue;
    if (Status s = write_value(dir + "/cgroup.procs", std::to_string(pid)); !s.ok()) return s;
  }
  return ok_status();
}

Status Cgroup::limit_memory(uint64_t bytes) {
  if (memory_dir_.empty()) return ok_status();
  if (unified_) {
    (void)write_value(memory_dir_ + "/memory.swap.max", "0");
    return write_value(memory_dir_ + "/memory.max", std::to_string(bytes));
  }
  return write_value(memory_dir_ + "/memory.limit_in_bytes", std::to_string(bytes));
}

Status Cgroup::limit_pids(uint64_t count) {
  if (pids_dir_.empty()) return ok_status();
  return write_value(pids_dir_ + "/pids.max", std::to_string(count));
}

uint64_t Cgroup::oom_kills() const {
  if (memory_dir_.empty()) return 0;
  return value_of(memory_dir_ + (unified_ ? "/memory.events" : "/memory.oom_control"), "oom_kill");
}

uint64_t Cgroup::refused_forks() const {
  return pids_dir_.empty() ? 0 : value_of(pids_dir_ + "/pids.events", "max");
}

uint64_t Cgroup::anonymous_bytes() const {
  if (memory_dir_.empty()) return 0;
  return value_of(memory_dir_ + "/memory.stat", unified_ ? "anon" : "total_rss");
}

}  // namespace ghost::runner
