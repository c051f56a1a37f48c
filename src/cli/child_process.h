// Child processes of `ghost up` and the datagram sockets over which they say that they are ready
// (sd_notify(3)). Used by the main thread alone.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ghost::cli {

// What to start, and how.
struct ChildSpec {
  std::string name;               // "broker", "runner-1": for people and for the log's file name
  std::vector<std::string> argv;  // argv[0] is the path of the program
  std::string log_path;           // stdout and stderr are appended here
  int stop_stage = 0;             // lower stages are stopped first
  int death_signal = 0;           // sent to the child by the kernel when `ghost up` itself dies
};

// One receiving end of sd_notify, in the abstract namespace so that a crash leaves no file. Takes
// datagrams of processes of our own user (or root) only. Movable; closes its descriptor.
class NotifySocket {
 public:
  static Result<NotifySocket> open();
  NotifySocket(NotifySocket&& other) noexcept;
  NotifySocket& operator=(NotifySocket&& other) noexcept;
  ~NotifySocket();

  int fd() const { return fd_; }
  const std::string& address() const { return address_; }  // value for NOTIFY_SOCKET
  // The next datagram as its NAME=value lines; nothing when none waits. Never blocks.
  std::optional<std::map<std::string, std::string>> receive();

 private:
  NotifySocket(int fd, std::string address) : fd_(fd), address_(std::move(address)) {}
  int fd_ = -1;
  std::string address_;
};

// Starts the child in a process group of its own, so that a Ctrl-C at the terminal reaches only
// `ghost up`. An exec that fails is reported here, not by an exit code. Error code io_error.
Result<pid_t> spawn(const ChildSpec& spec, const std::string& notify_address);

// Absolute path of a program: beside our own executable first, then along PATH. Error code
// not_found, with a sentence that says where was looked.
Result<std::string> find_program(const std::string& name);

// "exited with status 1", "was killed by signal 9 (Killed)" from a waitpid status.
std::string describe_exit(int wait_status);

}  // namespace ghost::cli
