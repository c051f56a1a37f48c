#include "runner_worker/gate_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "runner_worker/landlock.h"

namespace ghost::runner {
namespace {

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// How far the child came; sent to its parent with errno when it failed.
enum class Step : int { kPrepare, kCwd, kExec };
struct Failure {
  Step step;
  int error;
};

[[noreturn]] void give_up(int report, Step step) {
  const Failure failure{step, errno};
  (void)!::write(report, &failure, sizeof failure);
  ::_exit(127);
}

bool limit(int resource, uint64_t soft, uint64_t hard) {
  rlimit have{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &have) != 0) return false;
  const rlimit want{std::min<rlim_t>(soft, have.rlim_max), std::min<rlim_t>(hard, have.rlim_max)};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &want) == 0;
}

bool set_limits(const GateRequest& request) {
  const uint64_t cpu_s = request.cpu_ms / 1000 + 2;
  return limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NOFILE, 1024, 65536) &&
         limit(RLIMIT_MEMLOCK, 1 << 20, 1 << 20) && limit(RLIMIT_RTPRIO, 0, 0) &&
         limit(RLIMIT_NICE, 0, 0) &&
         // First process included.
         limit(RLIMIT_NPROC, request.pids + 1, request.pids + 1) &&
         (request.file_bytes_max == 0 ||
          limit(RLIMIT_FSIZE, request.file_bytes_max, request.file_bytes_max)) &&
         (request.cpu_ms == 0 || limit(RLIMIT_CPU, cpu_s, cpu_s + 1));
}

bool keep_to_own_files(const SandboxPlaces& places) {
  std::vector<Fd> kept;
  LandlockPlaces allowed;
  for (const std::string& path : {places.workspace_path, places.home_path, places.tmp_path}) {
    kept.emplace_back(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    allowed.writable.push_back(kept.back().get());
  }
  allowed.read_only = places.read_only_dirs;
  return keep_to_places(allowed);
}

bool install(const std::vector<std::string>& filters) {
  for (const std::string& program : filters) {
    const sock_fprog filter{
        static_cast<unsigned short>(program.size() / sizeof(sock_filter)),
        const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(program.data()))};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) return false;
  }
  return true;
}

// The bounding set is empty already.
bool drop_privileges(const LauncherConfig& config, const SandboxPlaces& places,
                     const GateRequest& request) {
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) != 0) return false;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (config.landlock) {
    if (!keep_to_own_files(places)) return false;
  } else if (request.host_network) {
    // In the host's network namespace lie the abstract sockets of its services and of others.
    keep_from_sockets();
  }
  return install(config.filters) && (request.host_network || install(config.offline_filters));
}

// The folder is looked up from the workspace, whatever links it holds; gates may go anywhere in
// their sandbox anyway.
bool enter_cwd(const SandboxPlaces& places, const std::string& cwd) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const Fd fd(static_cast<int>(::syscall(SYS_openat2, places.workspace.get(),
                                         cwd.empty() ? "." : cwd.c_str(), &how, sizeof how)));
  return fd.ok() && ::fchdir(fd.get()) == 0;
}

std::vector<std::string> environment(const SandboxPlaces& places, const GateRequest& request,
                                     bool landlock) {
  std::vector<std::string> env = request.env;
  const std::pair<const char*, std::string> defaults[] = {{"PATH=", kDefaultPath},
                                                          {"HOME=", places.home_path},
                                                          {"TMPDIR=", places.tmp_path},
                                                          {"LANG=", "C.UTF-8"}};
  // What Landlock keeps git from is an error to it, not a missing file.
  if (landlock) env.push_back("GIT_CONFIG_NOSYSTEM=1");
  for (const auto& [name, value] : defaults) {
    const auto sets = [&](const std::string& entry) { return entry.starts_with(name); };
    if (std::none_of(env.begin(), env.end(), sets)) env.push_back(name + value);
  }
  return env;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

// As execvpe, but with the PATH that the gate gets.
void execute(const GateRequest& request, const std::vector<std::string>& env) {
  const std::vector<char*> argv = pointers(request.argv), envp = pointers(env);
  const std::string& program = request.argv[0];
  if (program.find('/') != std::string::npos) {
    ::execve(program.c_str(), argv.data(), envp.data());
    return;
  }
  std::string path;
  for (const std::string& entry : env) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  int error = ENOENT;
  for (size_t at = 0; at <= path.size();) {
    const size_t colon = std::min(path.find(':', at), path.size());
    const std::string folder = colon == at ? "." : path.substr(at, colon - at);
    ::execve((folder + "/" + program).c_str(), argv.data(), envp.data());
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    at = colon + 1;
  }
  errno = error;
}

// Files in /proc are their process's own only while it is dumpable. In a pid namespace nobody lives
// who could make use of that moment: gates run one after the other.
void prefer_as_victim(bool namespaces) {
  if (namespaces) (void)::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (const Fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)); score.ok()) {
    (void)!::write(score.get(), "500", 3);
  }
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

[[noreturn]] void become_gate(const LauncherConfig& config, const SandboxPlaces& places,
                              const GateRequest& request, int out, int err, int report) {
  sigset_t none;
  sigemptyset(&none);
  // What has a handler is reset by exec; this is all that is ignored here.
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
  const std::vector<std::string> env = environment(places, request, config.landlock);
  if (::setsid() < 0) give_up(report, Step::kPrepare);
  if (!enter_cwd(places, request.cwd)) give_up(report, Step::kCwd);
  // The kernel's killer of last resort takes a gate before anything of the host's.
  prefer_as_victim(config.namespaces);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Above the three, so that no dup2 below overwrites a descriptor that is still needed.
  const int safe_report = ::fcntl(report, F_DUPFD_CLOEXEC, 16);
  const int safe_out = ::fcntl(out, F_DUPFD_CLOEXEC, 16);
  const int safe_err = ::fcntl(err, F_DUPFD_CLOEXEC, 16);
  if (input < 0 || safe_report < 0 || safe_out < 0 || safe_err < 0 || ::dup2(input, 0) < 0 ||
      ::dup2(safe_out, 1) < 0 || ::dup2(safe_err, 2) < 0 || ::dup2(safe_report, 3) < 0 ||
      ::fcntl(3, F_SETFD, FD_CLOEXEC) != 0 || ::syscall(SYS_close_range, 4u, ~0u, 0u) != 0) {
    give_up(report, Step::kPrepare);
  }
  if (!set_limits(request) || !drop_privileges(config, places, request)) give_up(3, Step::kPrepare);
  execute(request, env);
  give_up(3, Step::kExec);
}

uint64_t to_us(const timeval& t) {
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000 + static_cast<uint64_t>(t.tv_usec);
}

// Waits for one child; false when there is none (to be had without waiting).
bool reap_one(int flags, pid_t main, int* main_status, bool* main_died, GateUsage* usage) {
  int status = 0;
  rusage used{};
  pid_t pid;
  do {
    pid = ::wait4(-1, &status, flags | __WALL, &used);
  } while (pid < 0 && errno == EINTR);
  if (pid == 0) errno = EAGAIN;
  if (pid <= 0) return false;
  usage->cpu_us += to_us(used.ru_utime) + to_us(used.ru_stime);
  usage->rss_bytes_max =
      std::max(usage->rss_bytes_max, static_cast<uint64_t>(used.ru_maxrss) * 1024);
  if (pid == main) {
    *main_status = status;
    *main_died = true;
  }
  return true;
}

struct Process {
  pid_t pid = 0, parent = 0;
  uint64_t ticks = 0;
  uint64_t resident_pages = 0;
};

std::string proc_file(pid_t pid, const char* name) {
  std::array<char, 64> path{};
  (void)std::snprintf(path.data(), path.size(), "/proc/%d/%s", pid, name);
  const Fd fd(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  const ssize_t n = fd.ok() ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  return n > 0 ? std::string(buffer.data(), static_cast<size_t>(n)) : std::string();
}

bool parse_stat(pid_t pid, Process* out) {
  const std::string text = proc_file(pid, "stat");
  const size_t end = text.rfind(')');  // the name before it may hold anything
  if (end == std::string::npos) return false;
  unsigned long long user = 0, system = 0, children_user = 0, children_system = 0;
  long long resident = 0;
  int parent = 0;
  char state = 0;
  if (std::sscanf(text.c_str() + end + 1,
                  " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %*d %*d "
                  "%*u %*u %lld",
                  &state, &parent, &user, &system, &children_user, &children_system,
                  &resident) != 7) {
    return false;
  }
  *out = {pid, parent, user + system + children_user + children_system,
          static_cast<uint64_t>(std::max(resident, 0ll))};
  return true;
}

// The sandbox's living processes but the caller.
std::vector<Process> processes(bool namespaces) {
  std::vector<Process> all;
  DIR* dir = ::opendir("/proc");
  if (dir == nullptr) return all;
  while (const dirent* entry = ::readdir(dir)) {
    const pid_t pid = std::atoi(entry->d_name);
    Process process;
    if (pid > 0 && pid != ::getpid() && parse_stat(pid, &process)) all.push_back(process);
  }
  ::closedir(dir);
  if (namespaces) return all;
  std::map<pid_t, pid_t> parents;
  for (const Process& p : all) parents[p.pid] = p.parent;
  std::erase_if(all, [&](const Process& p) {
    pid_t at = p.parent;
    for (size_t hops = 0; at > 1 && at != ::getpid() && hops < parents.size(); ++hops) {
      const auto up = parents.find(at);
      at = up == parents.end() ? 0 : up->second;
    }
    return at != ::getpid();
  });
  return all;
}

// A process that lets nobody look counts with all that it has mapped.
uint64_t proportional_bytes(const Process& p, uint64_t page) {
  const std::string text = proc_file(p.pid, "smaps_rollup");
  const size_t at = text.find("\nPss:");
  return at == std::string::npos ? p.resident_pages * page
                                 : std::strtoull(text.c_str() + at + 5, nullptr, 10) * 1024;
}

}  // namespace

bool drop_bounding_set() {
  for (unsigned long cap = 0; ::prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap) {
    if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) return false;
  }
  return true;
}

StartedGate start_gate(const LauncherConfig& config, const SandboxPlaces& places,
                       const GateRequest& request, int out, int err) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {-1, true, std::string("pipe: ") + strerror(errno)};
  Fd report(ends[0]), child_report(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return {-1, true, std::string("fork: ") + std::strerror(errno)};
  if (pid == 0) become_gate(config, places, request, out, err, child_report.get());
  child_report.reset();
  Failure failure{};
  ssize_t n;
  do {
    n = ::read(report.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  if (n == 0) return {pid, false, ""};
  ::waitpid(pid, nullptr, 0);
  if (n != sizeof failure) return {-1, true, "the gate's process died before it began"};
  const std::string why = std::string(": ") + std::strerror(failure.error);
  if (failure.step == Step::kCwd) return {-1, false, "no folder " + request.cwd + why};
  if (failure.step == Step::kExec) return {-1, false, "cannot run " + request.argv[0] + why};
  return {-1, true, "cannot confine the gate" + why};
}

void end_processes(bool namespaces, pid_t main, int* main_status, GateUsage* usage) {
  bool died = false;
  for (;;) {
    if (namespaces) {
      (void)::kill(-1, SIGKILL);
    } else {
      // Stopped first, so that none of them forks while the list is worked through.
      const std::vector<Process> found = processes(false);
      for (const int signal : {SIGSTOP, SIGKILL}) {
        for (const Process& p : found) (void)::kill(p.pid, signal);
      }
    }
    // With namespaces one signal reached all; without, a new child may have slipped by.
    while (reap_one(namespaces ? 0 : WNOHANG, main, main_status, &died, usage)) {
    }
    if (errno == ECHILD) return;
    const timespec pause{0, 1'000'000};
    (void)::nanosleep(&pause, nullptr);
  }
}

bool reap_processes(pid_t main, int* main_status, GateUsage* usage) {
  bool died = false;
  while (reap_one(WNOHANG, main, main_status, &died, usage)) {
  }
  return died;
}

LivingUsage living_usage(bool namespaces, uint64_t memory_exact_from) {
  static const auto kPage = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  static const auto kTicks = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  LivingUsage usage;
  const std::vector<Process> found = processes(namespaces);
  for (const Process& p : found) {
    usage.cpu_us += p.ticks * 1'000'000 / kTicks;
    usage.memory_bytes += p.resident_pages * kPage;
  }
  if (memory_exact_from == 0 || usage.memory_bytes < memory_exact_from) return usage;
  usage.memory_bytes = 0;
  for (const Process& p : found) usage.memory_bytes += proportional_bytes(p, kPage);
  return usage;
}

}  // namespace ghost::runner
