#include "cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/bytes.h"
#include "base/ids.h"

namespace ghost::cli {
namespace {

Error errno_error(const std::string& what) {
  return Error{"io_error", what + ": " + std::strerror(errno), ""};
}

std::map<std::string, std::string> parse_lines(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      out[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return out;
}

// The child's environment: ours, with its own NOTIFY_SOCKET and without what a service manager
// meant for us alone.
std::vector<std::string> child_environment(const std::string& notify_address) {
  std::vector<std::string> out{"NOTIFY_SOCKET=" + notify_address};
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string entry = *e;
    const std::string name = entry.substr(0, entry.find('='));
    if (name == "NOTIFY_SOCKET" || name == "WATCHDOG_USEC" || name == "WATCHDOG_PID" ||
        name == "LISTEN_FDS" || name == "LISTEN_PID" || name == "LISTEN_FDNAMES") {
      continue;
    }
    out.push_back(entry);
  }
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& t : texts) out.push_back(const_cast<char*>(t.c_str()));
  out.push_back(nullptr);
  return out;
}

struct ChildSetup {
  pid_t parent;
  int death_signal;
  int log_fd, null_fd, error_fd;
  char* const* argv;
  char* const* envp;
};

// After fork: async-signal-safe calls only. The errno of what failed goes through error_fd.
[[noreturn]] void become_child(const ChildSetup& setup) {
  auto fail = [&] {
    const int code = errno;
    (void)!write(setup.error_fd, &code, sizeof code);
    _exit(127);
  };
  if (setpgid(0, 0) != 0) fail();
  if (prctl(PR_SET_PDEATHSIG, setup.death_signal) != 0) fail();
  if (getppid() != setup.parent) _exit(127);  // it died before the prctl
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (dup2(setup.null_fd, 0) < 0 || dup2(setup.log_fd, 1) < 0 || dup2(setup.log_fd, 2) < 0) fail();
  execve(setup.argv[0], setup.argv, setup.envp);
  fail();
  _exit(127);
}

}  // namespace

Result<NotifySocket> NotifySocket::open() {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno_error("make a notification socket");
  const std::string name = "ghost-up-" + to_hex(random_bytes(12));
  sockaddr_un addr{};
  addr.sun_family = AF_UNIX;
  std::memcpy(addr.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int on = 1;
  if (bind(fd, reinterpret_cast<sockaddr*>(&addr), length) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    const Error error = errno_error("bind a notification socket");
    close(fd);
    return error;
  }
  return NotifySocket(fd, "@" + name);
}

NotifySocket::NotifySocket(NotifySocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

NotifySocket& NotifySocket::operator=(NotifySocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

NotifySocket::~NotifySocket() {
  if (fd_ >= 0) close(fd_);
}

std::optional<std::map<std::string, std::string>> NotifySocket::receive() {
  char text[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(fd_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return std::nullopt;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) {
    return std::map<std::string, std::string>{};
  }
  ucred sender;
  std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
  if (sender.uid != geteuid() && sender.uid != 0) return std::map<std::string, std::string>{};
  return parse_lines({text, static_cast<size_t>(size)});
}

Result<pid_t> spawn(const ChildSpec& spec, const std::string& notify_address) {
  const int log_fd =
      ::open(spec.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (log_fd < 0) return errno_error("open " + spec.log_path);
  const int null_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  int error_pipe[2];
  if (null_fd < 0 || pipe2(error_pipe, O_CLOEXEC) != 0) {
    const Error error = errno_error("start " + spec.name);
    close(log_fd);
    if (null_fd >= 0) close(null_fd);
    return error;
  }
  const auto environment = child_environment(notify_address);
  const auto argv = pointers(spec.argv);
  const auto envp = pointers(environment);
  const ChildSetup setup{getpid(),      spec.death_signal, log_fd,     null_fd,
                         error_pipe[1], argv.data(),       envp.data()};
  const pid_t pid = fork();
  if (pid == 0) become_child(setup);
  const Error fork_error = errno_error("start " + spec.name);
  close(log_fd);
  close(null_fd);
  close(error_pipe[1]);
  int code = 0;
  const ssize_t got = pid < 0 ? 0 : read(error_pipe[0], &code, sizeof code);
  close(error_pipe[0]);
  if (pid < 0) return fork_error;
  if (got == sizeof code) {
    waitpid(pid, nullptr, 0);
    return Error{"io_error", "start " + spec.argv[0] + ": " + std::strerror(code), ""};
  }
  return pid;
}

Result<std::string> find_program(const std::string& name) {
  auto runnable = [](const std::string& path) {
    struct stat st;
    return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && access(path.c_str(), X_OK) == 0;
  };
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  std::string own_folder = size > 0 ? std::string(self, static_cast<size_t>(size)) : "";
  own_folder = own_folder.substr(0, own_folder.rfind('/'));
  if (!own_folder.empty() && runnable(own_folder + "/" + name)) return own_folder + "/" + name;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    const std::string candidate = std::string(folder) + "/" + name;
    if (!folder.empty() && folder[0] == '/' && runnable(candidate)) return candidate;
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  return Error{"not_found",
               name + " is neither in " + own_folder +
                   " nor on PATH; `make build` builds all four programs, `make install` installs "
                   "them",
               ""};
}

std::string describe_exit(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return "was killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace ghost::cli
