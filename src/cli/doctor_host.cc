// Whether this machine can carry a farm.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <sstream>

#include "base/fs.h"
#include "cli/child_process.h"
#include "cli/doctor.h"
#include "cli/tables.h"

namespace ghost::cli {
namespace {

constexpr rlim_t kDescriptorsMin = 4096;
constexpr unsigned kProbeSeconds = 60;
constexpr int64_t kFreeBytesMin = int64_t{1} << 30;

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string all = path == nullptr ? "/usr/bin:/bin" : path;
  for (size_t begin = 0; begin <= all.size();) {
    const size_t end = std::min(all.find(':', begin), all.size());
    if (access((all.substr(begin, end - begin) + "/" + program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

// The services are looked for where `ghost up` looks for them: beside this program, then in PATH.
Finding find_service(const std::string& name) {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::string beside = (self.parent_path() / name).string();
  if (access(beside.c_str(), X_OK) == 0) return {Finding::kOk, name, beside};
  if (on_path(name)) return {Finding::kOk, name, "in PATH"};
  return {Finding::kWarning, name, "not found beside ghost nor in PATH; `ghost up` needs it"};
}

Finding check_kernel() {
  utsname name{};
  uname(&name);
  const int major = std::atoi(name.release);
  const char* dot = std::strchr(name.release, '.');
  const int minor = dot == nullptr ? 0 : std::atoi(dot + 1);
  const bool good = major > 5 || (major == 5 && minor >= 13);
  return {good ? Finding::kOk : Finding::kWarning, "kernel",
          std::string(name.release) + (good ? "" : ": Landlock needs 5.13 or later")};
}

Finding check_landlock() {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi > 0) return {Finding::kOk, "Landlock", "version " + std::to_string(abi)};
  return {Finding::kWarning, "Landlock",
          errno == EOPNOTSUPP ? "switched off at boot; gates run without it"
                              : "not in this kernel; gates run without it"};
}

Finding check_namespaces() {
  if (geteuid() == 0) return {Finding::kOk, "namespaces", "as root"};
  const auto debian = read_file("/proc/sys/kernel/unprivileged_userns_clone");
  const auto most = read_file("/proc/sys/user/max_user_namespaces");
  const bool off = (debian && trimmed(*debian) == "0") || (most && trimmed(*most) == "0");
  return {off ? Finding::kWarning : Finding::kOk, "namespaces",
          off ? "unprivileged user namespaces are switched off (sysctl "
                "kernel.unprivileged_userns_clone, user.max_user_namespaces)"
              : "unprivileged user namespaces are allowed"};
}

Finding check_cgroups() {
  const bool there = access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
  return {there ? Finding::kOk : Finding::kWarning, "cgroups",
          there ? "version 2" : "no cgroup v2; memory of gates is limited by other means"};
}

// A clock that nobody sets drifts; deadlines are read by the broker's, dates of commits by it too.
Finding check_clock() {
  timex state{};
  const int told = adjtimex(&state);
  if (told >= 0 && told != TIME_ERROR && (state.status & STA_UNSYNC) == 0) {
    return {Finding::kOk, "clock", "kept in time (NTP)"};
  }
  return {Finding::kWarning, "clock",
          "not kept in time: run chrony or systemd-timesyncd (deadlines and notBefore go by the "
          "broker's clock)"};
}

Finding check_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const bool good = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= kDescriptorsMin;
  const std::string most =
      limit.rlim_max == RLIM_INFINITY ? "no limit" : std::to_string(limit.rlim_max) + " at most";
  return {good ? Finding::kOk : Finding::kWarning, "descriptors",
          most + (good ? ""
                       : ": a broker or relay needs one a peer; raise LimitNOFILE= of its unit "
                         "or the hard limit in /etc/security/limits.conf")};
}

// What `program --probe` prints; it looks for itself, with real sandboxes.
std::string probe(const std::string& program, const std::string& data) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    alarm(kProbeSeconds);
    execl(program.c_str(), program.c_str(), "--data", data.c_str(), "--probe", nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string out;
  char bytes[4096];
  for (ssize_t n; child > 0 && (n = read(ends[0], bytes, sizeof bytes)) > 0;) {
    out.append(bytes, static_cast<size_t>(n));
  }
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return out;
}

Finding check_isolation() {
  const auto program = find_program("ghost-runner");
  if (!program) return {Finding::kWarning, "isolation", "not known without ghost-runner"};
  char folder[] = "/tmp/ghost-doctor-XXXXXX";
  if (mkdtemp(folder) == nullptr) return {Finding::kWarning, "isolation", "no room in /tmp"};
  std::istringstream lines(probe(*program, folder));
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  std::string why;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("isolation full: yes")) return {Finding::kOk, "isolation", "full"};
    if (line.starts_with("isolation full: no") && std::getline(lines, line)) why = trimmed(line);
    if (line.starts_with("isolation plain: yes")) {
      return {Finding::kWarning, "isolation", "plain at most; " + why};
    }
  }
  return {Finding::kBad, "isolation", why.empty() ? "ghost-runner --probe says nothing" : why};
}

Finding check_disk(const std::string& folder) {
  std::filesystem::path at = std::filesystem::absolute(folder.empty() ? "." : folder);
  std::error_code ignored;
  while (!std::filesystem::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  struct statvfs fs {};
  if (statvfs(at.c_str(), &fs) != 0) {
    return {Finding::kBad, "disk", at.string() + ": " + std::strerror(errno)};
  }
  const auto free = static_cast<int64_t>(fs.f_bavail * fs.f_frsize);
  if (access(at.c_str(), W_OK) != 0) {
    return {Finding::kBad, "disk", at.string() + ": not writable"};
  }
  return {free < kFreeBytesMin ? Finding::kWarning : Finding::kOk, "disk",
          show_bytes(free) + " free at " + at.string()};
}

}  // namespace

std::vector<Finding> check_host(const std::string& data) {
  std::vector<Finding> out{
      on_path("git") ? Finding{Finding::kOk, "git", "in PATH"}
                     : Finding{Finding::kBad, "git",
                               "not in PATH; runners fetch with it: apt-get install git"}};
  for (const char* name : {"ghost-broker", "ghost-relay", "ghost-runner"}) {
    out.push_back(find_service(name));
  }
  for (Finding& finding :
       std::vector{check_kernel(), check_namespaces(), check_landlock(), check_cgroups(),
                   check_isolation(), check_clock(), check_descriptors(), check_disk(data)}) {
    out.push_back(std::move(finding));
  }
  return out;
}

}  // namespace ghost::cli
