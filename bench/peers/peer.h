// What the load programs of the peers share: the submitter's loop and a buffered TCP connection.
//   PROGRAM prepare ADDRESS                 makes queues or tables
//   PROGRAM submit ADDRESS JOBS IN_FLIGHT   1 KiB a job; ends when each job's result was seen once
//   PROGRAM work ADDRESS NAME               64 bytes a result, until it is killed
// ADDRESS is the peer's port on loopback. A peer defines the four functions below. One thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure.h"

namespace ghost::bench {

inline constexpr size_t kBatch = 256;

// A job or a result begins with the job's number in decimal, padded.
inline std::string numbered(size_t number, size_t bytes) {
  std::string text = std::to_string(number) + " ";
  text.resize(bytes, 'x');
  return text;
}
inline size_t number_of(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

class Peer {
 public:
  virtual ~Peer() = default;
  // Hands jobs over; they need not be accepted yet.
  virtual void put(size_t first, size_t count) = 0;
  // Waits for results and calls seen(number) for each.
  virtual void take(const std::function<void(size_t)>& seen) = 0;
};

void prepare(const std::string& address);
std::unique_ptr<Peer> submitter(const std::string& address);
[[noreturn]] void work(const std::string& address, const std::string& name);

inline int submit(Peer& peer, size_t jobs, size_t in_flight) {
  std::vector<int64_t> sent_us(jobs);
  std::vector<bool> ended(jobs);
  Measure measure(jobs);
  size_t sent = 0;
  while (measure.count() < jobs) {
    while (sent < jobs && sent - measure.count() < in_flight) {
      const size_t count = std::min({in_flight - (sent - measure.count()), jobs - sent, kBatch});
      for (size_t i = 0; i < count; ++i) sent_us[sent + i] = now_us();
      peer.put(sent, count);
      sent += count;
    }
    peer.take([&](size_t number) {
      if (ended.at(number)) fail("job " + std::to_string(number) + " has two results");
      ended[number] = true;
      measure.done(sent_us[number]);
    });
  }
  measure.print();
  return 0;
}

// For peers whose protocol is text or frames over TCP.
class Tcp {
 public:
  explicit Tcp(const std::string& port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::atoi(port.c_str())));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("cannot connect");
    const int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  ~Tcp() { close(fd_); }
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;

  Tcp& add(std::string_view bytes) {
    out_.append(bytes);
    return *this;
  }
  void flush() {
    for (size_t at = 0; at < out_.size();) {
      const ssize_t n = send(fd_, out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
      if (n <= 0) fail("a connection broke");
      at += static_cast<size_t>(n);
    }
    out_.clear();
  }
  bool readable(int wait_ms) {
    if (at_ < in_.size()) return true;
    pollfd item{fd_, POLLIN, 0};
    return ::poll(&item, 1, wait_ms) > 0;
  }
  std::string line() {  // without its \r\n
    size_t end;
    while ((end = in_.find("\r\n", at_)) == in_.npos) read_more();
    std::string out = in_.substr(at_, end - at_);
    at_ = end + 2;
    return out;
  }
  std::string bytes(size_t count) {
    while (in_.size() - at_ < count) read_more();
    std::string out = in_.substr(at_, count);
    at_ += count;
    return out;
  }

 private:
  void read_more() {
    in_.erase(0, at_);
    at_ = 0;
    char more[64 << 10];
    const ssize_t n = recv(fd_, more, sizeof more, 0);
    if (n <= 0) fail("a connection was closed");
    in_.append(more, static_cast<size_t>(n));
  }
  const int fd_;
  std::string in_, out_;
  size_t at_ = 0;
};

inline int peer_main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "prepare") {
    prepare(argv[2]);
    return 0;
  }
  if (mode == "submit") {
    const auto peer = submitter(argv[2]);
    return submit(*peer, static_cast<size_t>(number_arg(argc, argv, 3, 10000)),
                  static_cast<size_t>(number_arg(argc, argv, 4, 1000)));
  }
  if (mode == "work" && argc > 3) work(argv[2], argv[3]);
  fail("usage: prepare PORT | submit PORT JOBS IN_FLIGHT | work PORT NAME");
}

}  // namespace ghost::bench
