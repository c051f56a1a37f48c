// The seam between the executor, which decides what a job does, and the isolation of one job: a
// workspace over a read-only base checkout and a sandbox in which gates run on it. Nothing that a
// gate does may reach outside; nothing here knows git, patches or the broker.
//
// A Sandbox belongs to one job and one thread (the slot's). A SandboxPool is shared by all slots
// and outlives its sandboxes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ghost::runner {

struct SandboxLimits {
  uint64_t memory_bytes = 2ull << 30;
  uint64_t pids = 512;
  uint64_t cpu_ms = 0;  // CPU time of one gate, 0: no limit
  uint64_t disk_bytes = 4ull << 30;
  uint64_t inodes = 1'000'000;
};

struct SandboxSpec {
  // Checkout of the base commit; read-only for the sandbox; outlives it. It and all in it belong to
  // the runner's own uid: inside, that is the uid of the gates.
  std::string base_dir;
  // A .git folder to be seen in the workspace is part of base_dir. Further folders that it borrows
  // objects from (git's alternates), read-only at the same absolute path inside.
  std::vector<std::string> read_only_dirs;
  // What capture() made over the same base, between base and workspace; empty: nothing.
  std::string layer_dir;
  SandboxLimits limits;
  bool host_network = false;
  uint64_t die_after_ms = 0;  // the sandbox's first process ends it after so long unless extended
};

// One file to be put into the workspace. `bytes` null: the path is removed.
struct FileChange {
  std::string path;   // relative, checked by the patch engine; checked again here
  uint32_t mode = 0;  // 0100644, 0100755, 0120000 (bytes are the link's target)
  Blob bytes;
  int64_t mtime_s = 0;  // 0: now
};

struct GateCommand {
  std::vector<std::string> argv;
  std::string cwd;                         // relative to the workspace's root
  std::map<std::string, std::string> env;  // the whole environment but PATH, HOME, TMPDIR, LANG
  uint64_t timeout_ms = 600'000;
  uint64_t output_bytes_max = 0;  // of both streams together; 0: no limit
};

enum class GateEnd {
  kExited,
  kSignalled,
  kTimeout,        // wall or CPU time; `error` says which
  kOom,            // over the memory limit
  kFlood,          // over the limit of output, disk or files; `error` says which
  kStopped,        // stop_fd became readable
  kFailedToStart,  // the command's fault: no such program, no such folder
  kLost,           // the sandbox ended or failed: the host's fault, never the patch's
};

struct GateRun {
  GateEnd end = GateEnd::kFailedToStart;
  int exit_code = 0;
  int signal = 0;
  uint64_t wall_us = 0;  // from exec to the end of its first process
  uint64_t cpu_ms = 0;
  uint64_t rss_bytes_max = 0;  // of its largest process, or of all at a time where that was seen
  uint64_t written_bytes = 0;  // by its processes, to files and pipes alike
  std::string error;           // kFailedToStart, kLost, or which limit was hit
};

// Receives output as it comes, on the slot's thread. `is_stderr` tells the stream.
using OutputSink = std::function<void(bool is_stderr, std::string_view bytes)>;

struct WorkspaceFile {
  std::string path;
  uint32_t mode = 0;  // 0100644, 0100755 or 0120000
  uint64_t size_bytes = 0;
};

class Sandbox {
 public:
  virtual ~Sandbox() = default;  // kills and removes what close() has not

  // Where the workspace was used before: files that differed from the base and were made anew.
  virtual std::vector<std::string> restored() const { return {}; }

  // Writes the changes into the workspace without following any symlink (openat2, RESOLVE_BENEATH |
  // RESOLVE_NO_SYMLINKS). May be called again (patch after prechecks, protected paths before
  // validate). Error codes bad_request (a path or mode), too_large (over the disk limit), io_error.
  virtual Status publish(const std::vector<FileChange>& changes) = 0;

  // Runs a command to its end, its time limit, or until `stop_fd` is readable (kStopped). When it
  // returns, no process that the gate started is left. Never throws.
  virtual GateRun run(const GateCommand& command, const OutputSink& output, int stop_fd) = 0;

  // Regular files and symlinks of the workspace that a glob matches and that differ from the base,
  // those of the layer among them
  // (all that match when `with_base`). '*' does not match '/', '**' does. At most `count_max`, then
  // too_large. Never follows a link.
  virtual Result<std::vector<WorkspaceFile>> find(const std::vector<std::string>& globs,
                                                  bool with_base, size_t count_max) = 0;
  // A slice of a regular file, or a symlink's target. Error codes not_found, bad_request (no file).
  virtual Result<std::string> read(const std::string& path, uint64_t offset, size_t bytes_max) = 0;

  // Keeps what the workspace has and the base has not (.git apart) in `folder`, which must not
  // exist, as a layer for later sandboxes. Error codes unsupported (no overlay on this host),
  // too_large (over the disk limit), io_error.
  virtual Status capture(const std::string& folder) = 0;

  // Moves the sandbox's own end: it dies `ms` from now unless extended again. Any thread.
  virtual void extend(uint64_t ms) = 0;

  // Nothing will be asked of it any more: what lives may begin to die while its owner does
  // something else. close() is still to come.
  virtual void end() {}

  // Kills all that is left, confirms that the sandbox is empty, removes the workspace. Idempotent.
  virtual Status close() = 0;
};

class SandboxPool {
 public:
  virtual ~SandboxPool() = default;
  // Error codes io_error: this host failed, the patch did not; too_large: the base is over the disk
  // limit (only where the workspace is a copy).
  virtual Result<std::unique_ptr<Sandbox>> open(const SandboxSpec& spec) = 0;
  // What the isolation amounts to: full (namespaces), plain (no namespaces; Landlock, a user of its
  // own where the runner is root, seccomp, limits) or none (seccomp and limits).
  virtual std::string_view level() const = 0;
  // What this host's isolation lacks, for people ("no cgroup: memory limited by rlimit"); empty:
  // nothing.
  virtual std::vector<std::string> gaps() const = 0;
};

struct SandboxOptions {
  std::string dir;                 // scratch for uppers where tmpfs will not do; made when missing
  std::string isolation = "full";  // the least level that will do; the best one is taken
  std::string isolation_max = "full";  // none better than this, to try the others
  uint64_t ready_max = 2;              // sandboxes kept prepared
  std::string root;  // root filesystem that gates see (read-only); empty: the host's /usr etc.
  // Folders of Ghost's own (data, keys) that gates never see, should they lie in a shown part.
  std::vector<std::string> hidden_dirs;
  // Where the runner is root, the host's uid that gates run as; one that nothing else uses.
  uint32_t uid = 1'879'113'728;
};
// Probes the host. Starts a helper process: best called before the program has other threads. Error
// code bad_config where `isolation` cannot be had, saying what is missing.
Result<std::unique_ptr<SandboxPool>> make_sandbox_pool(const SandboxOptions& options);

// The whole of `path` against one glob; '*' does not match '/', '**' does, '?' one character.
bool glob_match(std::string_view glob, std::string_view path);
// Can one of the globs match anything below the folder? Only what comes before the first wildcard
// is looked at: "tests/**" does not need the rest of the tree.
bool glob_may_match_below(const std::vector<std::string>& globs, std::string_view folder);

}  // namespace ghost::runner
