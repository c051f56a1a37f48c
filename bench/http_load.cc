// Load over HTTP/1.1 on loopback, on keep-alive connections, in one thread around epoll.
//   post PORT CONNECTIONS JOBS [SECONDS]  submissions of 1 KiB; closed loop, or with SECONDS evenly
//                                         spread over them, pipelined, whatever comes back
//   watch PORT                            one watcher (SSE, stdout) for each job id on stdin; a
//                                         line "open" once each saw an event; ends with the
//                                         streams and checks that no byte was left out or doubled
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "bench/measure.h"

namespace ghost::bench {
namespace {

class Connection {
 public:
  Connection(int epoll, uint16_t port, uint64_t tag) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("cannot connect");
    const int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd_, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = tag;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &event) != 0) fail("cannot watch a connection");
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void write(std::string_view bytes) {
    out_.append(bytes);
    flush();
  }
  void flush() {
    while (!out_.empty()) {
      const ssize_t n = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) fail("a connection broke while it was written");
      out_.erase(0, static_cast<size_t>(n));
    }
  }
  // Reads what is there into in; false: the peer has closed.
  bool read_all() {
    char bytes[64 << 10];
    while (true) {
      const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
      if (n < 0 && errno == EAGAIN) return true;
      if (n <= 0) return false;
      in.append(bytes, static_cast<size_t>(n));
    }
  }
  std::string in;
  std::deque<int64_t> asked_us;

 private:
  int fd_;
  std::string out_;
};

struct Answer {
  int status = 0;
  bool retry_after = false;
};

// Takes a whole response from the front of *in.
std::optional<Answer> take_answer(std::string* in) {
  const size_t end = in->find("\r\n\r\n");
  if (end == in->npos) return std::nullopt;
  const std::string_view head(in->data(), end + 2);
  const auto value = [&](std::string_view name) -> std::optional<std::string_view> {
    const size_t at = head.find(name);
    if (at == head.npos) return std::nullopt;
    return head.substr(at + name.size(), head.find("\r\n", at + name.size()) - at - name.size());
  };
  const auto length = value("\r\nContent-Length: ");
  if (!length) fail("an answer without Content-Length");
  const size_t size = end + 4 + std::strtoull(length->data(), nullptr, 10);
  if (in->size() < size) return std::nullopt;
  Answer answer{std::atoi(in->c_str() + 9), value("\r\nRetry-After: ").has_value()};
  in->erase(0, size);
  return answer;
}

// Patches differ, as those of a real farm do: no two requests are the same.
std::string submission(size_t number) {
  std::string body = R"({"base":{"repo":"bench"},"description":")" + std::to_string(number) +
                     R"(","requires":{"bench":"nobody"},"lane":"waiting",)"
                     R"("patch":{"format":"unified","data":")";
  body.append(1024 - body.size() - 3, 'x').append(R"("}})");
  return "POST /v1/patches HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Poster {
 public:
  Poster(uint16_t port, size_t connections, size_t jobs, double seconds)
      : jobs_(jobs), seconds_(seconds), epoll_(epoll_create1(0)), measure_(jobs) {
    for (size_t i = 0; i < connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(epoll_, port, i));
    }
  }

  int run() {
    measure_ = Measure(jobs_);
    const int64_t begin = now_us();
    int64_t sent_all = 0;
    if (seconds_ == 0) {
      for (auto& connection : connections_) ask(*connection);
    }
    while (measure_.count() < jobs_) {
      if (seconds_ > 0) {
        const double passed = static_cast<double>(now_us() - begin) / 1e6;
        const auto due = static_cast<size_t>(static_cast<double>(jobs_) * passed / seconds_) + 1;
        while (sent_ < std::min(due, jobs_)) ask(*connections_[sent_ % connections_.size()]);
        if (sent_ == jobs_ && sent_all == 0) sent_all = now_us() - begin;
      }
      turn(seconds_ > 0 && sent_ < jobs_ ? 1 : 60'000);
    }
    const double took = static_cast<double>(now_us() - begin) / 1e6;
    std::printf("{\"sent_s\": %.3f, \"answered_s\": %.3f, \"per_s\": %.1f, \"p50_us\": %ld, ",
                static_cast<double>(sent_all) / 1e6, took, static_cast<double>(jobs_) / took,
                measure_.at(0.5));
    std::printf("\"p99_us\": %ld, \"accepted\": %zu, \"refused\": %zu}\n", measure_.at(0.99),
                accepted_, jobs_ - accepted_);
    return 0;
  }

 private:
  void ask(Connection& connection) {
    if (sent_ == jobs_) return;
    connection.asked_us.push_back(now_us());
    connection.write(submission(sent_++));
  }
  void turn(int ms) {
    epoll_event events[256];
    const int n = epoll_wait(epoll_, events, 256, ms);
    for (int i = 0; i < n; ++i) {
      Connection& connection = *connections_[events[i].data.u64];
      connection.flush();
      const bool open = connection.read_all();
      while (const auto answer = take_answer(&connection.in)) {
        const bool later = (answer->status == 429 || answer->status == 503) && answer->retry_after;
        if (answer->status != 202 && !later) fail("answer " + std::to_string(answer->status));
        accepted_ += answer->status == 202 ? 1 : 0;
        measure_.done(connection.asked_us.front());
        connection.asked_us.pop_front();
        if (seconds_ == 0) ask(connection);
      }
      if (!open && measure_.count() < jobs_) fail("a connection was closed");
    }
  }

  const size_t jobs_;
  const double seconds_;
  const int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Measure measure_;
  size_t sent_ = 0, accepted_ = 0;
};

// Output comes in pieces of 64 bytes: each event's offset is that of the one before and 64 more.
class Watchers {
 public:
  explicit Watchers(uint16_t port) : epoll_(epoll_create1(0)) {
    for (std::string id; std::getline(std::cin, id);) {
      all_.push_back({std::make_unique<Connection>(epoll_, port, all_.size())});
      all_.back().connection->write("GET /v1/patches/" + id +
                                    "/events?stream=stdout HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                    "Accept: text/event-stream\r\n\r\n");
    }
  }

  int run() {
    while (ended_ < all_.size()) {
      epoll_event events[256];
      const int n = epoll_wait(epoll_, events, 256, 60'000);
      if (n == 0) fail("no watcher heard anything for a minute");
      for (int i = 0; i < n; ++i) {
        Watcher& watcher = all_[events[i].data.u64];
        watcher.connection->flush();
        const bool open = watcher.connection->read_all();
        read_lines(watcher);
        if (!open && !watcher.ended) fail("a watcher was cut off");
      }
    }
    std::printf("{\"watchers\": %zu, \"events\": %zu, \"gaps\": %zu}\n", all_.size(), events_,
                gaps_);
    return 0;
  }

 private:
  struct Watcher {
    std::unique_ptr<Connection> connection;
    uint64_t next_offset = 0;
    bool seen = false, ended = false;
  };
  void read_lines(Watcher& watcher) {
    std::string& in = watcher.connection->in;
    size_t begin = 0;
    for (size_t end; (end = in.find('\n', begin)) != in.npos; begin = end + 1) {
      on_line(watcher, std::string_view(in).substr(begin, end - begin));
    }
    in.erase(0, begin);
  }
  void on_line(Watcher& watcher, std::string_view line) {
    constexpr std::string_view kId = "id: 1.stdout.";
    if (line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.1 200")) fail("not watched");
    if (line == "event: gap" || line == "event: error") ++gaps_;
    if (line == "event: end" && !watcher.ended) {
      watcher.ended = true;
      ++ended_;
    }
    if (!line.starts_with(kId)) return;
    const uint64_t offset = std::strtoull(line.data() + kId.size(), nullptr, 10);
    if (offset != watcher.next_offset) ++gaps_;
    watcher.next_offset = offset + 64;
    ++events_;
    if (std::exchange(watcher.seen, true) || ++seen_ < all_.size()) return;
    std::printf("open\n");
    std::fflush(stdout);
  }

  const int epoll_;
  std::vector<Watcher> all_;
  size_t seen_ = 0, ended_ = 0, events_ = 0, gaps_ = 0;
};

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  using namespace ghost::bench;
  const std::string mode = argc > 2 ? argv[1] : "";
  const auto port = static_cast<uint16_t>(number_arg(argc, argv, 2, 5050));
  if (mode == "post") {
    return Poster(port, static_cast<size_t>(number_arg(argc, argv, 3, 64)),
                  static_cast<size_t>(number_arg(argc, argv, 4, 10000)),
                  argc > 5 ? std::atof(argv[5]) : 0)
        .run();
  }
  if (mode == "watch") return Watchers(port).run();
  fail("usage: post PORT CONNECTIONS JOBS [SECONDS] | watch PORT");
}
