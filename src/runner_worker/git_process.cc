#include "runner_worker/git_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fs.h"
#include "runner_worker/owned_fd.h"

namespace ghost::runner {
namespace {

constexpr size_t kErrBytesMax = 64 << 10;
constexpr uint64_t kTermGraceMs = 2000;  // git removes its lock files on SIGTERM

// What every call sees as its global configuration. A repository's own configuration comes on top
// of it, but ours is written by us alone.
constexpr const char* kConfig = R"([core]
	hooksPath = /dev/null
	fsmonitor = false
	attributesFile = /dev/null
	excludesFile = /dev/null
	askPass =
	autocrlf = false
	symlinks = true
[protocol "ext"]
	allow = never
[protocol]
	version = 2
[http]
	followRedirects = false
[safe]
	directory = *
[submodule]
	recurse = false
[fetch]
	recurseSubmodules = no
	unpackLimit = 1
	fsckObjects = false
[push]
	recurseSubmodules = no
	gpgSign = false
[gc]
	auto = 0
[maintenance]
	auto = false
[filter "lfs"]
	smudge =
	clean =
	process =
	required = false
[advice]
	detachedHead = false
[init]
	defaultBranch = main
	templateDir =
)";

bool make_pipe(OwnedFd* read_end, OwnedFd* write_end) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return false;
  *read_end = OwnedFd(fds[0]);
  *write_end = OwnedFd(fds[1]);
  return true;
}

std::string errno_text(int error) {
  char buffer[128];
  return ::strerror_r(error, buffer, sizeof buffer);
}

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

void replace_all(std::string* text, const std::string& what, const std::string& with) {
  if (what.empty()) return;
  for (size_t at = 0; (at = text->find(what, at)) != std::string::npos; at += with.size()) {
    text->replace(at, what.size(), with);
  }
}

// What git says may repeat the URL, which names hosts and users that a verdict need not show.
std::string cleaned(std::string text, const GitRemote* remote, const std::string& pinned_url) {
  if (remote) {
    replace_all(&text, remote->url, "the repository " + remote->name);
    replace_all(&text, pinned_url, "the repository " + remote->name);
  }
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n';
    out += control ? ' ' : c;
  }
  return out;
}

// One running git: its process group, its two pipes.
class Running {
 public:
  ~Running() {
    if (pid_ > 0) end();
  }

  Status start(const std::vector<std::string>& argv, const std::vector<std::string>& env);
  Status collect(const GitCall& call, const Cutoff& cutoff, GitDone* done);

 private:
  void end();
  bool reaped(int options);

  pid_t pid_ = -1;
  int status_ = 0;
  OwnedFd out_, err_, pidfd_;
};

Status Running::start(const std::vector<std::string>& argv, const std::vector<std::string>& env) {
  OwnedFd out_write, err_write;
  if (!make_pipe(&out_, &out_write) || !make_pipe(&err_, &err_write)) {
    return Error{"git_error", "start git: " + errno_text(errno), {}};
  }
  std::vector<char*> argp, envp;
  for (const auto& a : argv) argp.push_back(const_cast<char*>(a.c_str()));
  for (const auto& e : env) envp.push_back(const_cast<char*>(e.c_str()));
  argp.push_back(nullptr);
  envp.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attr;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attr);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out_write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&files, err_write.get(), 2);
  ::posix_spawn_file_actions_addclosefrom_np(&files, 3);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attr, &none);
  ::posix_spawnattr_setsigdefault(&attr, &all);
  ::posix_spawnattr_setpgroup(&attr, 0);
  ::posix_spawnattr_setflags(
      &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int rc = ::posix_spawnp(&pid_, "git", &files, &attr, argp.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attr);
  if (rc != 0) {
    pid_ = -1;
    return Error{"git_error", "start git: " + errno_text(rc), {}};
  }
  pidfd_ = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  return ok_status();
}

bool Running::reaped(int options) {
  pid_t got;
  do {
    got = ::waitpid(pid_, &status_, options);
  } while (got < 0 && errno == EINTR);
  if (got != pid_) return false;
  pid_ = -1;
  return true;
}

void Running::end() {
  const pid_t group = pid_;
  ::kill(-group, SIGTERM);
  pollfd p{pidfd_.get(), POLLIN, 0};
  ::poll(&p, 1, static_cast<int>(kTermGraceMs));
  ::kill(-group, SIGKILL);  // children of git, too
  reaped(0);
}

// Reads what is there; false at the end of the stream.
bool take(int fd, std::string* into, size_t bytes_max, bool* overflow) {
  char buffer[16 << 10];
  const ssize_t n = ::read(fd, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  const size_t room = bytes_max - std::min(bytes_max, into->size());
  if (static_cast<size_t>(n) > room) *overflow = true;
  into->append(buffer, std::min(room, static_cast<size_t>(n)));
  return true;
}

Status Running::collect(const GitCall& call, const Cutoff& cutoff, GitDone* done) {
  // A child of git that outlives it may hold the pipes open: its exit ends the reading, too.
  bool exited = false;
  while (out_.get() >= 0 || err_.get() >= 0) {
    pollfd p[4] = {{out_.get(), POLLIN, 0},
                   {err_.get(), POLLIN, 0},
                   {exited ? -1 : pidfd_.get(), POLLIN, 0},
                   {cutoff.stop_fd, POLLIN, 0}};
    const int timeout = exited ? 100 : static_cast<int>(cutoff.left_ms(60'000));
    const int ready = ::poll(p, 4, timeout);
    if (Status s = cutoff.check(); !s) return s;
    if (ready == 0 && exited) break;
    bool overflow = false, err_overflow = false;
    if (p[0].revents && !take(out_.get(), &done->out, call.output_bytes_max, &overflow))
      out_.reset();
    if (p[1].revents && !take(err_.get(), &done->err, kErrBytesMax, &err_overflow)) err_.reset();
    if (overflow) return Error{"git_error", "git " + call.args[0] + " said too much", {}};
    if (p[2].revents) exited = true;
  }
  while (!exited) {
    pollfd p[2] = {{pidfd_.get(), POLLIN, 0}, {cutoff.stop_fd, POLLIN, 0}};
    ::poll(p, 2, static_cast<int>(cutoff.left_ms(60'000)));
    if (p[0].revents) break;
    if (Status s = cutoff.check(); !s) return s;
  }
  reaped(0);
  done->exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  return ok_status();
}

}  // namespace

std::string GitDone::complaint() const {
  std::string best;
  for (size_t begin = 0; begin < err.size();) {
    const size_t end = std::min(err.find('\n', begin), err.size());
    const std::string line = err.substr(begin, end - begin);
    if (line.starts_with("fatal: ") || line.starts_with("error: ")) return line.substr(7);
    if (!line.empty() && !line.starts_with("hint:")) best = line;
    begin = end + 1;
  }
  return best.empty() ? "exit code " + std::to_string(exit_code) : best;
}

Result<GitProgram> GitProgram::make(const std::string& dir, const std::string& protocols,
                                    wire::Networks allowed, wire::Resolve resolve) {
  GitProgram git;
  git.dir_ = dir;
  git.protocols_ = protocols;
  git.allowed_ = std::move(allowed);
  git.resolve_ = std::move(resolve);
  if (Status s = make_dirs(dir + "/home", 0700); !s) return s.error();
  if (Status s = write_file_atomic(dir + "/gitconfig", kConfig, 0644); !s) return s.error();
  auto version = git.run({.args = {"version"}, .time_ms_max = 30'000}, {});
  if (!version || version->exit_code != 0) {
    return Error{"bad_config",
                 "the git program cannot be run: " +
                     (version ? version->complaint() : version.error().message),
                 {}};
  }
  return git;
}

std::vector<std::string> GitProgram::environment(const GitCall& call, const Pinned& pinned) const {
  std::vector<std::string> env = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LC_ALL=C",
      "TZ=UTC",
      "HOME=" + dir_ + "/home",
      "XDG_CONFIG_HOME=" + dir_ + "/home",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=" + dir_ + "/gitconfig",
      "GIT_ATTR_NOSYSTEM=1",
      "GIT_TERMINAL_PROMPT=0",
      "GIT_ASKPASS=",
      "SSH_ASKPASS=",
      "GIT_OPTIONAL_LOCKS=0",
      "GIT_NO_REPLACE_OBJECTS=1",
      "GIT_LFS_SKIP_SMUDGE=1",
      "GIT_ALLOW_PROTOCOL=" + protocols_,
  };
  // Without a repository of the call's own, git must not take the one that the runner was started
  // in: it may have an "origin" too, which would be asked instead.
  env.push_back("GIT_DIR=" + (call.git_dir.empty() ? "/dev/null" : call.git_dir));
  std::string ssh = "ssh -oBatchMode=yes -oConnectTimeout=30 -oStrictHostKeyChecking=accept-new";
  std::vector<std::pair<std::string, std::string>> config;
  if (call.remote) {
    config.emplace_back("remote.origin.url", pinned.url);
    if (!pinned.curl.empty()) config.emplace_back("http.curloptResolve", pinned.curl);
    ssh += pinned.ssh;
    const std::string& file = call.remote->credential_file;
    if (!file.empty()) {
      if (auto key = credential_is_ssh_key(file); key && *key) {
        ssh += " -oIdentitiesOnly=yes -i " + shell_quoted(file);
      } else {
        // The helper gets the file's name from the environment, so that only git and it read the
        // secret. "get" alone: git must not make it store or erase anything.
        env.push_back("GHOST_CREDENTIAL_FILE=" + file);
        config.emplace_back("credential.helper", "");
        config.emplace_back("credential.helper",
                            "!f() { test \"$1\" = get && cat \"$GHOST_CREDENTIAL_FILE\"; }; f");
      }
    }
  }
  env.push_back("GIT_SSH_COMMAND=" + ssh);
  env.push_back("GIT_CONFIG_COUNT=" + std::to_string(config.size()));
  for (size_t i = 0; i < config.size(); ++i) {
    env.push_back("GIT_CONFIG_KEY_" + std::to_string(i) + "=" + config[i].first);
    env.push_back("GIT_CONFIG_VALUE_" + std::to_string(i) + "=" + config[i].second);
  }
  return env;
}

Result<GitDone> GitProgram::run(const GitCall& call, const Cutoff& cutoff) const {
  const Cutoff until = cutoff.within(call.time_ms_max);
  if (Status s = until.check(); !s) return s.error();
  Pinned pinned;
  if (call.remote) {
    if (Status s = pin(*call.remote, &pinned); !s) return s.error();
  }
  std::vector<std::string> argv = {"git"};
  argv.insert(argv.end(), call.args.begin(), call.args.end());
  GitDone done;
  Running running;
  if (Status s = running.start(argv, environment(call, pinned)); !s) return s.error();
  Status s = running.collect(call, until, &done);
  done.err = cleaned(std::move(done.err), call.remote, pinned.url);
  if (!s) {
    Error e = s.error();
    // The job's own cutoff stays what it is; this call's limit is git's failure.
    if (e.code == "timeout" && cutoff.check()) {
      return Error{"git_error",
                   "git " + call.args[0] + " did not end within " +
                       std::to_string(call.time_ms_max / 1000) + " s",
                   {}};
    }
    return e;
  }
  return done;
}

Status GitProgram::check_url(const std::string& url) const {
  return wire::check_repo_url(url, protocols_, allowed_);
}

// What a name resolves to is judged, and git goes there and nowhere else: asked again a moment
// later, the name could lead into the runner's own network.
Status GitProgram::pin(const GitRemote& remote, Pinned* out) const {
  const Result<wire::RepoUrl> url = wire::parse_repo_url(remote.url);
  if (!url) return url.error();
  out->url = remote.url;
  if (url->host.empty()) return ok_status();
  const auto found = wire::vet_host(url->host, allowed_, resolve_);
  if (!found) return found.error();
  const auto written = [](const wire::NetAddress& address) {
    const std::string text = wire::print_address(address);
    return text.find(':') == text.npos ? text : "[" + text + "]";
  };
  if (url->scheme == "http" || url->scheme == "https") {
    const std::string port = !url->port.empty() ? url->port : url->scheme == "http" ? "80" : "443";
    out->curl = url->host + ":" + port + ":";
    for (size_t i = 0; i < found->size(); ++i) {
      out->curl += (i == 0 ? "" : ",") + written((*found)[i]);
    }
  } else if (url->scheme == "ssh") {
    out->ssh = " -oHostName=" + wire::print_address(found->front()) +
               " -oHostKeyAlias=" + shell_quoted(url->host);
  } else if (url->scheme == "git") {
    const size_t begin = remote.url.find("://") + 3;
    const std::string port = url->port.empty() ? "" : ":" + url->port;
    out->url = "git://" + written(found->front()) + port +
               remote.url.substr(std::min(remote.url.find('/', begin), remote.url.size()));
  }
  return ok_status();
}

std::string local_path_of(const std::string& url) {
  if (url.starts_with("/")) return url;
  for (const std::string prefix : {"file:///", "file://localhost/"}) {
    // git takes the path of a file URL percent-decoded; those few go the long way.
    if (url.starts_with(prefix) && url.find('%') == std::string::npos) {
      return url.substr(prefix.size() - 1);
    }
  }
  return {};
}

Result<bool> credential_is_ssh_key(const std::string& file) {
  struct stat st;
  if (::stat(file.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) {
    return Error{"bad_config", "there is no such credential on this runner's host", {}};
  }
  if ((st.st_mode & 077) != 0) {
    return Error{"bad_config", "the credential's file may be read by others; chmod 600 it", {}};
  }
  auto text = read_file(file);
  if (!text) return Error{"bad_config", "the credential's file cannot be read", {}};
  if (text->empty()) return Error{"bad_config", "the credential's file is empty", {}};
  return text->starts_with("-----BEGIN ");
}

}  // namespace ghost::runner
