// Control groups for sandboxes, version 2 or 1, where this process may make them. Values of the
// kernel's files; blocking; a Cgroup belongs to one thread, Cgroups is thread-safe after probe().
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

// One sandbox's group; removed with the object, once no process is left in it.
class Cgroup {
 public:
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  Status attach(pid_t pid);
  Status limit_memory(uint64_t bytes);
  Status limit_pids(uint64_t count);
  bool has_memory() const { return !memory_dir_.empty(); }
  uint64_t oom_kills() const;
  uint64_t refused_forks() const;
  uint64_t anonymous_bytes() const;  // memory of processes, without files on tmpfs

 private:
  friend class Cgroups;
  Cgroup() = default;
  bool unified_ = false;
  std::string memory_dir_, pids_dir_;  // empty: not limited here
};

class Cgroups {
 public:
  // Finds what may be used, and removes groups that dead runners left. In version 2 this process
  // moves into a child of its own group, because a group with limits for its children holds no
  // processes itself.
  static Cgroups probe();

  bool memory() const { return !memory_.empty(); }
  bool pids() const { return !pids_.empty(); }
  // Null where neither is to be had. Error code io_error.
  Result<std::unique_ptr<Cgroup>> create();

 private:
  Cgroups() = default;
  bool unified_ = false;
  std::string memory_, pids_;  // folders to make groups in
};

}  // namespace ghost::runner
