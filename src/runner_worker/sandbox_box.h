// The runner's side of one sandbox (sandbox_init.h is the other): LocalSandbox implements Sandbox.
// What all sandboxes of a runner share is a SandboxHost, made and probed by the pool; it outlives
// them. Threads as sandbox.h says.
#pragma once

#include <unistd.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "runner_worker/cgroup.h"
#include "runner_worker/launcher.h"
#include "runner_worker/sandbox.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

// A first process that has not been set up yet, in a group of its own whose limits are yet to come.
// One that nobody takes ends with this object.
struct ReadySandbox {
  ReadySandbox() = default;
  ReadySandbox(ReadySandbox&&) = default;
  ReadySandbox& operator=(ReadySandbox&&) = default;
  ~ReadySandbox();
  std::unique_ptr<Cgroup> group;  // null where the host gives none
  SpawnedSandbox process;
};

struct SandboxHost {
  SandboxHost(LauncherConfig launcher_config, Cgroups groups)
      : config(launcher_config), launcher(std::move(launcher_config)), cgroups(std::move(groups)) {}

  ~SandboxHost();
  SandboxHost(const SandboxHost&) = delete;
  SandboxHost& operator=(const SandboxHost&) = delete;

  const LauncherConfig config;
  Launcher launcher;
  Cgroups cgroups;
  WorkspaceKind kind = WorkspaceKind::kOverlayTmpfs;
  std::string dir;       // scratch, absolute
  bool own_dir = false;  // it goes with this object
  uint32_t uids = 1;     // without namespaces: users from config.uid on, one a sandbox in turn
  bool mounts = false;   // this process is root: it clones mounts for the sandboxes
  Fd idmap;              // where root: user namespace for idmapped mounts; not set: none
  // Where a process begins with its names and users: another runner of this host, which has the
  // same users, most likely begins elsewhere.
  std::atomic<uint64_t> next{static_cast<uint64_t>(::getpid()) * 37};

  // Copies of bases that no sandbox uses at the moment (plain_workspace.h), oldest first.
  struct Parked {
    std::string base;  // identity() of the folder that it is a copy of
    std::string name;
    uint32_t uid = 0;
  };
  // `uid` as SpawnRequest's.
  Result<ReadySandbox> spawn(bool host_network, uint32_t uid);
  bool on_tmpfs() const {
    return kind == WorkspaceKind::kOverlayTmpfs || kind == WorkspaceKind::kCopy;
  }
  bool mounts_sent() const { return mounts && config.namespaces; }

  static constexpr size_t kParkedMax = 8;
  static std::string identity(const std::string& dir);
  std::optional<Parked> unpark(const std::string& base_dir);
  void park(Parked parked);

 private:
  std::mutex mutex_;
  std::deque<Parked> parked_;
};

class LocalSandbox : public Sandbox {
 public:
  static constexpr int64_t kEndMs = 15'000;  // for the death of processes

  // `copy`: the folder of a parked workspace
  // of the same base and user, empty for none. Error code io_error.
  static Result<std::unique_ptr<Sandbox>> open(SandboxHost& host, ReadySandbox ready,
                                               const SandboxSpec& spec,
                                               const std::string& copy = "");
  ~LocalSandbox() override;

  std::vector<std::string> restored() const override { return restored_; }
  Status publish(const std::vector<FileChange>& changes) override;
  GateRun run(const GateCommand& command, const OutputSink& output, int stop_fd) override;
  Result<std::vector<WorkspaceFile>> find(const std::vector<std::string>& globs, bool with_base,
                                          size_t count_max) override;
  Result<std::string> read(const std::string& path, uint64_t offset, size_t bytes_max) override;
  Status capture(const std::string& folder) override;
  void extend(uint64_t ms) override;
  void end() override;
  Status close() override;

 private:
  struct Watched;  // a gate that runs

  LocalSandbox(SandboxHost& host, ReadySandbox ready, const SandboxSpec& spec)
      : host_(host),
        box_(std::move(ready.process)),
        limits_(spec.limits),
        host_network_(spec.host_network),
        cgroup_(std::move(ready.group)) {}

  Status set_up(const SandboxSpec& spec, const std::string& copy);
  Status make_scratch(const std::string& copy, SetupRequest* request);
  // Keeps the workspace for another job where it can be made what it was.
  bool park();
  Status limit();
  Result<BoxFrame> ask(BoxMessage type, const std::string& payload,
                       const std::vector<int>& fds = {});
  Result<BoxFrame> answer();
  // Polls once; true when the gate is over and `*done` says how.
  bool attend(Watched* gate, GateRun* done);
  void stop_gate(Watched* gate, GateStop why);
  void finish(Watched* gate, GateRun* done);
  // True once no process is left.
  bool kill_all();

  SandboxHost& host_;
  SpawnedSandbox box_;
  const SandboxLimits limits_;
  const bool host_network_;
  std::mutex life_mutex_;  // extend() against close()
  std::unique_ptr<Cgroup> cgroup_;
  std::string scratch_name_;  // below host_.dir, empty for none
  std::string base_;          // SandboxHost::identity() of the base, as it was when set up
  std::vector<std::string> restored_;
  bool set_up_ = false;
  bool broken_ = false;  // nothing can be asked of it any more
  bool closed_ = false;
};

}  // namespace ghost::runner
