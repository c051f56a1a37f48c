// What the runner, its launcher and a sandbox's first process say to each other over stream sockets
// on one machine: a type, a length, fields in order, and descriptors sent along. Both ends are of
// one build, so there is no version; the reader still trusts no length. Linked into the launcher
// program too, so it depends on nothing but the C++ library and base/result.h. Values; any thread.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

enum class BoxMessage : uint32_t {
  // runner -> launcher
  kConfigure = 1,  // LauncherConfig, once, first
  kSpawn,          // SpawnRequest with [control, life]; answered by kSpawned with [pidfd]
  kIdmap,          // answered by kDone with [user namespace of an idmapped mount]
  kSpawned,        // host pid, or an error
  // runner -> first process of a sandbox
  kSetup,    // SetupRequest, with [mount of base_dir, of each read_only_dirs] when mounts_sent;
             // for kPlain with [base_dir]
  kPublish,  // number of changes, then that many kChange; answered by kDone
  kChange,
  kRun,   // GateRequest with [stdout, stderr]; answered by kGateEnd
  kStop,  // ends the gate that runs; `reason` is a GateStop
  kFind,
  kRead,
  kCapture,  // bytes at most, with [folder to fill]; answered by kDone
  kEmpty,    // kills all that is left; answered by kDone once nothing is
  // first process -> runner
  kDone,  // an error code and message, empty for success; paths that kSetup has restored
  kGateEnd,
  kFound,
  kBytes,
};

enum class GateStop : uint8_t { kAsked = 0, kMemory = 1, kOutput = 2 };

// How the workspace is made.
enum class WorkspaceKind : uint8_t {
  kOverlayTmpfs = 0,  // overlay, the upper on a tmpfs of limited size and inodes
  kOverlayDisk = 1,   // overlay, the upper in the scratch folder
  kCopy = 2,          // a copy of the base on a tmpfs of limited size and inodes
  kPlain = 3,         // a copy of the base in the scratch folder, no namespaces at all
};

struct LauncherConfig {
  bool namespaces = true;
  bool landlock = false;      // without namespaces: files are kept apart by it
  uint32_t uid = 0, gid = 0;  // the host's, what processes of a sandbox run as
  std::string root;           // root filesystem to show, empty for the host's own parts
  std::vector<std::string> hidden_dirs;
  std::vector<std::string> filters;          // seccomp programs, struct sock_filter each
  std::vector<std::string> offline_filters;  // further ones of gates without network
};

struct SpawnRequest {
  bool host_network = false;
  bool mounts_sent = false;   // as SetupRequest's: the host's tree can be left before the job comes
  bool on_tmpfs = false;      // what gates write will lie on a tmpfs
  uint32_t uid = 0;           // without namespaces: whom to run as; 0: LauncherConfig's
  uint64_t host_changes = 0;  // differs when the host may have changed what it shows
};

struct SetupRequest {
  WorkspaceKind kind = WorkspaceKind::kOverlayTmpfs;
  bool mounts_sent = false;  // descriptors come along; otherwise the paths are opened inside
  std::string base_dir;
  std::vector<std::string> read_only_dirs;
  std::string layer_dir;    // empty: none; its mount comes last
  std::string scratch_dir;  // kOverlayDisk, kPlain: a folder of the sandbox's own, empty unless
  bool restore = false;     // it was used before (plain_workspace.h)
  bool record = false;      // for it to be used again
  uint64_t disk_bytes = 0, inodes = 0;
  uint64_t die_after_ms = 0;
};

struct GateRequest {
  std::vector<std::string> argv;
  std::string cwd;
  std::vector<std::string> env;  // NAME=value, what PATH, HOME, TMPDIR and LANG lack included
  uint64_t timeout_ms = 0;
  uint64_t cpu_ms = 0;              // 0: no limit
  uint64_t memory_watch_bytes = 0;  // 0: a cgroup sees to it
  uint64_t pids = 0;
  uint64_t file_bytes_max = 0;
  bool host_network = false;
};

// Mirrors GateRun of sandbox.h; `end` is its GateEnd.
struct GateReport {
  uint8_t end = 0;
  uint32_t exit_code = 0, signal = 0;
  uint64_t wall_us = 0, cpu_us = 0, rss_bytes_max = 0, written_bytes = 0;
  std::string error;
};

class BoxWriter {
 public:
  BoxWriter& u64(uint64_t value);
  BoxWriter& str(std::string_view value);
  BoxWriter& strs(const std::vector<std::string>& values);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reading past the end gives zeros and makes ok() false.
class BoxReader {
 public:
  explicit BoxReader(std::string_view bytes) : rest_(bytes) {}
  uint64_t u64();
  std::string_view str();
  std::vector<std::string> strs();
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::string encode(const LauncherConfig& v);
std::string encode(const SpawnRequest& v);
std::string encode(const SetupRequest& v);
std::string encode(const GateRequest& v);
std::string encode(const GateReport& v);
bool decode(std::string_view bytes, LauncherConfig* v);
bool decode(std::string_view bytes, SpawnRequest* v);
bool decode(std::string_view bytes, SetupRequest* v);
bool decode(std::string_view bytes, GateRequest* v);
bool decode(std::string_view bytes, GateReport* v);

struct BoxFrame {
  BoxMessage type = BoxMessage::kDone;
  std::string payload;
  std::vector<Fd> fds;
};

inline constexpr size_t kBoxPayloadBytesMax = 256u << 20;
inline constexpr size_t kBoxFdsMax = 64;

// False when the other end is gone; errno tells. Blocks.
bool send_frame(int socket, BoxMessage type, std::string_view payload,
                const std::vector<int>& fds = {});
// False at the end of the stream, on a frame that is none, or when no frame is complete by
// `deadline_ms` (CLOCK_MONOTONIC; 0: waits for ever). Descriptors arrive with O_CLOEXEC.
bool receive_frame(int socket, BoxFrame* frame, int64_t deadline_ms = 0);

int64_t monotonic_ms();
int64_t monotonic_us();

}  // namespace ghost::runner
