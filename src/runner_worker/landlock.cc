#include "runner_worker/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {
namespace {

// Rights that later kernels have added; each version brings those of its bit.
constexpr uint64_t kRefer = 1 << 13, kTruncate = 1 << 14, kIoctlDevice = 1 << 15;
constexpr uint64_t kFirstVersion = (1 << 13) - 1;
constexpr uint64_t kRead =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                              LANDLOCK_ACCESS_FS_READ_FILE | kTruncate | kIoctlDevice;

struct RulesetAttributes {
  uint64_t files = 0, ports = 0, scoped = 0;
};
constexpr uint64_t kScopeSockets = 1, kScopeSignals = 2;

uint64_t known_rights(int version) {
  uint64_t rights = kFirstVersion;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kIoctlDevice;
  return rights;
}

int make_ruleset(const RulesetAttributes& attributes, int version) {
  // An older kernel takes no bytes that it does not know.
  const size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
}

bool allow(int rules, int fd, uint64_t rights) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return false;
  if (!S_ISDIR(info.st_mode)) rights &= kOfFiles;
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = rights;
  beneath.parent_fd = fd;
  return ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

// Fine when there is no such path.
bool allow_path(int rules, const std::string& path, uint64_t rights) {
  const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  return !fd.ok() || allow(rules, fd.get(), rights);
}

bool enforce(int rules) {
  return ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
}

}  // namespace

const std::vector<const char*> kShownRoots = {"usr",   "bin",    "sbin", "lib", "lib32",
                                              "lib64", "libx32", "opt",  "nix"};

const std::vector<const char*> kShownEtc = {"ld.so.cache",
                                            "ld.so.conf",
                                            "ld.so.conf.d",
                                            "alternatives",
                                            "ssl/certs",
                                            "ssl/openssl.cnf",
                                            "ca-certificates",
                                            "ca-certificates.conf",
                                            "pki",
                                            "localtime",
                                            "timezone",
                                            "protocols",
                                            "services",
                                            "mime.types",
                                            "magic",
                                            "fonts",
                                            "java-11-openjdk",
                                            "java-17-openjdk",
                                            "java-21-openjdk",
                                            "maven",
                                            "perl",
                                            "python3",
                                            "R",
                                            "terminfo",
                                            "debian_version",
                                            "os-release",
                                            "lsb-release",
                                            "shells"};

int landlock_version() {
  constexpr unsigned kAskVersion = 1;
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
}

bool keep_to_places(const LandlockPlaces& places) {
  const int version = landlock_version();
  RulesetAttributes attributes;
  attributes.files = known_rights(version);
  if (version >= 6) attributes.scoped = kScopeSockets | kScopeSignals;
  const Fd rules(make_ruleset(attributes, version));
  if (!rules.ok()) return false;
  const uint64_t all = attributes.files, read = kRead & all;
  constexpr uint64_t kUse =
      LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kIoctlDevice;
  bool ok = true;
  for (const int fd : places.writable) ok = ok && allow(rules.get(), fd, all);
  for (const std::string& path : places.read_only) ok = ok && allow_path(rules.get(), path, read);
  for (const char* name : kShownRoots) {
    ok = ok && allow_path(rules.get(), std::string("/") + name, read);
  }
  for (const char* name : kShownEtc) {
    ok = ok && allow_path(rules.get(), std::string("/etc/") + name, read);
  }
  // What the box has of its own elsewhere.
  for (const char* path : {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hostname",
                           "/etc/host.conf", "/etc/hosts", "/etc/resolv.conf", "/proc"}) {
    ok = ok && allow_path(rules.get(), path, read & ~uint64_t{LANDLOCK_ACCESS_FS_EXECUTE});
  }
  for (const char* path :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}) {
    ok = ok && allow_path(rules.get(), path, kUse & all);
  }
  return ok && enforce(rules.get());
}

void keep_from_sockets() {
  const int version = landlock_version();
  if (version < 6) return;
  RulesetAttributes attributes;
  attributes.scoped = kScopeSockets;
  if (const Fd rules(make_ruleset(attributes, version)); rules.ok()) (void)enforce(rules.get());
}

}  // namespace ghost::runner
