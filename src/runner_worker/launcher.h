// The runner's handle on the launcher: a small program embedded in this library, started once, that
// forks the first process of each sandbox. Being a program of its own, with one thread and nothing
// of the runner's memory, it may fork at any time and leaks nothing. Thread-safe.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

// The program's bytes (an ELF executable, linked statically).
std::string_view launcher_image();

struct SpawnedSandbox {
  pid_t pid = -1;    // of the first process, as the host sees it
  uint32_t uid = 0;  // SpawnRequest's
  Fd pidfd;          // readable once that process and, with namespaces, all others have died
  Fd control;        // frames
  Fd life;           // datagrams, see sandbox_init.h
};

class Launcher {
 public:
  explicit Launcher(LauncherConfig config);
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // Error code io_error. A launcher that has died is started again.
  Result<SpawnedSandbox> spawn(SpawnRequest request);
  // The user namespace for idmapped mounts that show the runner's files as the sandbox's.
  Result<Fd> idmap_namespace();
  pid_t pid();

 private:
  Status start();
  void stop();
  Result<BoxFrame> ask(BoxMessage type, const std::string& payload, const std::vector<int>& fds);
  uint64_t host_changes();

  const LauncherConfig config_;
  std::mutex mutex_;
  Fd socket_;
  pid_t pid_ = -1;
  const Fd mounts_;           // polled for changes of what the host has mounted
  std::string host_folders_;  // times of change of the folders that a root is made from
  uint64_t host_changes_ = 0;
};

}  // namespace ghost::runner
