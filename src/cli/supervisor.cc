#include "cli/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/log.h"

namespace ghost::cli {
namespace {

// Direct children of this process, as the kernel lists them.
std::vector<pid_t> own_children() {
  std::vector<pid_t> out;
  std::ifstream file("/proc/self/task/" + std::to_string(getpid()) + "/children");
  for (pid_t pid; file >> pid;) out.push_back(pid);
  return out;
}

// As a subreaper we inherit what a dead child left behind; ends all of that, generation by
// generation, until nothing descends from us.
void kill_descendants() {
  for (int round = 0; round < 1000; ++round) {
    const auto pids = own_children();
    if (pids.empty()) return;
    for (const pid_t pid : pids) kill(pid, SIGKILL);
    for (const pid_t pid : pids) waitpid(pid, nullptr, 0);
  }
}

}  // namespace

std::string tail_of(const std::string& path, int lines) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  file.seekg(0, std::ios::end);
  const auto size = static_cast<int64_t>(file.tellg());
  file.seekg(std::max<int64_t>(0, size - 8192));
  std::vector<std::string> all;
  for (std::string line; std::getline(file, line);) all.push_back(line);
  const size_t from = all.size() > static_cast<size_t>(lines) ? all.size() - lines : 0;
  std::string out;
  for (size_t i = from; i < all.size(); ++i) out += "\n    " + log::escape_control(all[i]);
  if (!out.empty()) return out;
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::path(path).parent_path(), error);
  return !error && space.available < (1u << 20) ? " nothing: the disk is full" : " nothing";
}

Supervisor::Supervisor(SupervisorOptions options, std::function<void(const std::string&)> say)
    : options_(options), say_(std::move(say)) {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, s);
  GHOST_CHECK(sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);  // whoever read our output may be gone; the farm stays
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  GHOST_CHECK(signal_fd_ >= 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Supervisor::~Supervisor() {
  kill_descendants();
  close(signal_fd_);
}

Status Supervisor::start(ChildSpec spec) {
  auto notify = NotifySocket::open();
  if (!notify) return notify.error();
  auto pid = spawn(spec, notify->address());
  if (!pid) return pid.error();
  Child child(std::move(spec), std::move(notify).value());
  child.pid = *pid;
  child.started_at = mono_now_ms();
  children_.push_back(std::move(child));
  return ok_status();
}

Status Supervisor::wait_ready() {
  const MonoMs until = mono_now_ms() + options_.start_ms;
  for (;;) {
    const Child* late = nullptr;
    for (const Child& c : children_) {
      if (c.pid < 0) {
        return Error{"io_error",
                     c.spec.name + " " + describe_exit(c.exit_status) +
                         " before it was ready; its log " + c.spec.log_path + " ends with" +
                         tail_of(c.spec.log_path, 8),
                     ""};
      }
      if (!c.ready) late = &c;
    }
    if (late == nullptr) return ok_status();
    if (stop_signals_ > 0) return Error{"stopping", "stopped while starting", ""};
    if (mono_now_ms() >= until) {
      return Error{"timeout",
                   late->spec.name + " was not ready within " +
                       std::to_string(options_.start_ms / 1000) + " s; its log " +
                       late->spec.log_path + " ends with" + tail_of(late->spec.log_path, 8),
                   ""};
    }
    poll_once(until);
  }
}

const std::map<std::string, std::string>& Supervisor::facts(const std::string& name) const {
  return const_cast<Supervisor*>(this)->find(name).facts;
}

void Supervisor::set_argv(const std::string& name, std::vector<std::string> argv) {
  find(name).spec.argv = std::move(argv);
}

Supervisor::Child& Supervisor::find(const std::string& name) {
  const auto at = std::find_if(children_.begin(), children_.end(),
                               [&](const Child& c) { return c.spec.name == name; });
  GHOST_CHECK(at != children_.end());
  return *at;
}

void Supervisor::run_until_stopped() {
  restarting_ = true;
  reap();
  while (stop_signals_ == 0) {
    restart_due();
    limit_logs();
    MonoMs until = logs_checked_at_ + 10'000;
    for (const Child& c : children_) {
      if (c.pid < 0) until = std::min(until, c.restart_at);
    }
    poll_once(until);
  }
  restarting_ = false;
}

void Supervisor::restart_due() {
  const MonoMs now = mono_now_ms();
  for (Child& c : children_) {
    if (c.pid >= 0 || now < c.restart_at) continue;
    auto pid = spawn(c.spec, c.notify.address());
    if (!pid) {
      c.restart_ms = std::min(options_.restart_ms_max, c.restart_ms * 2);
      c.restart_at = now + c.restart_ms;
      say_(pid.error().message + "; trying again in " + std::to_string(c.restart_ms) + " ms");
      continue;
    }
    c.pid = *pid;
    c.ready = false;
    c.started_at = now;
  }
}

void Supervisor::poll_once(MonoMs until) {
  std::vector<pollfd> fds{{signal_fd_, POLLIN, 0}};
  for (const Child& c : children_) fds.push_back({c.notify.fd(), POLLIN, 0});
  const auto wait_ms = std::clamp<int64_t>(until - mono_now_ms(), 0, 60'000);
  poll(fds.data(), fds.size(), static_cast<int>(wait_ms));
  for (Child& c : children_) {
    while (auto lines = c.notify.receive()) {
      if (lines->count("READY") != 0 && !c.ready && c.pid >= 0) {
        c.ready = true;
        c.ready_at = mono_now_ms();
        if (restarting_) say_(c.spec.name + " is ready again");
      }
      for (auto& [key, value] : *lines) c.facts[key] = value;
    }
  }
  read_signals();
}

void Supervisor::read_signals() {
  signalfd_siginfo info;
  while (read(signal_fd_, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGCHLD) ++stop_signals_;
  }
  reap();
}

void Supervisor::reap() {
  const MonoMs now = mono_now_ms();
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    for (Child& c : children_) {
      if (c.pid != pid) continue;
      c.pid = -1;
      c.exit_status = status;
    }
  }
  if (!restarting_) return;
  for (Child& c : children_) {
    if (c.pid >= 0 || c.restart_at > c.started_at) continue;
    const bool steady = c.ready && now - c.ready_at >= options_.steady_ms;
    c.restart_ms = steady || c.restart_ms == 0
                       ? options_.restart_ms_min
                       : std::min(options_.restart_ms_max, c.restart_ms * 2);
    c.restart_at = now + c.restart_ms;
    say_(c.spec.name + " " + describe_exit(c.exit_status) + "; restarting it in " +
         std::to_string(c.restart_ms) + " ms (log: " + c.spec.log_path + ")");
  }
}

// The children append to the file itself, so it is copied away and cut; a line that arrives in
// between may be lost.
void Supervisor::limit_logs() {
  const MonoMs now = mono_now_ms();
  if (now < logs_checked_at_ + 10'000) return;
  logs_checked_at_ = now;
  for (const Child& c : children_) {
    std::error_code error;
    const auto size = std::filesystem::file_size(c.spec.log_path, error);
    if (error || static_cast<int64_t>(size) <= options_.log_bytes_max) continue;
    std::filesystem::copy_file(c.spec.log_path, c.spec.log_path + ".1",
                               std::filesystem::copy_options::overwrite_existing, error);
    (void)!truncate(c.spec.log_path.c_str(), 0);
  }
}

bool Supervisor::any_running(int stage) const {
  return std::any_of(children_.begin(), children_.end(),
                     [&](const Child& c) { return c.pid >= 0 && c.spec.stop_stage == stage; });
}

void Supervisor::stop_stage(int stage) {
  auto signal_all = [&](int number) {
    for (const Child& c : children_) {
      if (c.pid >= 0 && c.spec.stop_stage == stage) kill(c.pid, number);
    }
  };
  auto wait_gone = [&](int64_t ms) {
    const MonoMs until = mono_now_ms() + ms;
    const int before = stop_signals_;
    while (any_running(stage) && mono_now_ms() < until && stop_signals_ == before) {
      poll_once(until);
    }
    return !any_running(stage);
  };
  signal_all(SIGTERM);
  if (wait_gone(options_.stop_ms)) return;
  signal_all(SIGTERM);
  if (wait_gone(options_.kill_ms)) return;
  for (const Child& c : children_) {
    if (c.pid < 0 || c.spec.stop_stage != stage) continue;
    say_(c.spec.name + " does not stop; killing it");
    kill(c.pid, SIGKILL);
  }
  wait_gone(options_.kill_ms);
}

void Supervisor::stop_all() {
  restarting_ = false;
  std::set<int> stages;
  for (const Child& c : children_) stages.insert(c.spec.stop_stage);
  for (const int stage : stages) stop_stage(stage);
  kill_descendants();
}

}  // namespace ghost::cli
