// Keeps the children of `ghost up`: starts them, waits for their readiness, restarts those that
// die with a growing delay, and stops them in stages. Everything happens on the calling thread in
// one poll loop. While a Supervisor lives, SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked and
// read through a descriptor.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <string>

#include "base/time.h"
#include "cli/child_process.h"

namespace ghost::cli {

struct SupervisorOptions {
  int64_t start_ms = 60'000;         // readiness of a child, at most
  int64_t stop_ms = 10'000;          // from SIGTERM to the second SIGTERM
  int64_t kill_ms = 5'000;           // from the second SIGTERM to SIGKILL
  int64_t restart_ms_min = 250;      // delay before the first restart; doubles
  int64_t restart_ms_max = 30'000;   // up to this
  int64_t steady_ms = 30'000;        // ready for so long: the delay starts over
  int64_t log_bytes_max = 64 << 20;  // a log that grows past it is moved to NAME.1
};

class Supervisor {
 public:
  // `say` gets one line about each thing that a person should know.
  Supervisor(SupervisorOptions options, std::function<void(const std::string&)> say);
  ~Supervisor();  // kills what still runs
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  Status start(ChildSpec spec);
  // Until every started child has said READY=1. Errors: "stopping" after a stop signal, otherwise
  // what happened to which child, with the end of its log.
  Status wait_ready();
  // NAME=value lines that a child has sent, the latest of each name.
  const std::map<std::string, std::string>& facts(const std::string& name) const;
  // Used from the next restart on.
  void set_argv(const std::string& name, std::vector<std::string> argv);
  // Restarts what dies, until a stop signal comes.
  void run_until_stopped();
  // Stages in ascending order: SIGTERM, and after stop_ms or a further stop signal again SIGTERM,
  // then SIGKILL. Afterwards no process that descends from us is left.
  void stop_all();

 private:
  struct Child {
    Child(ChildSpec s, NotifySocket n) : spec(std::move(s)), notify(std::move(n)) {}

    ChildSpec spec;
    NotifySocket notify;
    pid_t pid = -1;  // -1: not running
    bool ready = false;
    int exit_status = 0;
    MonoMs started_at = 0, restart_at = 0, ready_at = 0;
    int64_t restart_ms = 0;
    std::map<std::string, std::string> facts;
  };

  void poll_once(MonoMs until);
  void read_signals();
  void reap();
  void restart_due();
  void limit_logs();
  void stop_stage(int stage);
  bool any_running(int stage) const;
  Child& find(const std::string& name);

  SupervisorOptions options_;
  std::function<void(const std::string&)> say_;
  std::list<Child> children_;  // stable addresses
  int signal_fd_ = -1;
  int stop_signals_ = 0;
  bool restarting_ = false;  // deaths are followed by a restart
  MonoMs logs_checked_at_ = 0;
};

// The last lines of a file, at most `lines` of them, each indented; empty when there are none.
std::string tail_of(const std::string& path, int lines);

}  // namespace ghost::cli
