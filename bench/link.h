// A peer of the broker as the load programs need one: a DEALER that speaks the protocol and ends
// the program at the first thing that is not as it should be. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "bench/measure.h"
#include "wire/socket.h"

namespace ghost::bench {

using wire::Frames;
using wire::Message;

class Link {
 public:
  explicit Link(const std::string& endpoint)
      : own_(std::in_place), socket_(*own_, wire::Socket::Type::kDealer) {
    connect(endpoint);
  }
  Link(wire::Context& shared, const std::string& endpoint)
      : socket_(shared, wire::Socket::Type::kDealer) {
    connect(endpoint);
  }

  template <typename T>
  void send(uint64_t correlation, const T& message, Frames payloads = {}) {
    const auto frames =
        wire::pack(correlation, message, std::move(payloads), wire::Payloads::kJoined);
    if (socket_.send("", frames) != wire::SendStatus::kSent) {
      fail("cannot send");
    }
  }
  // A Failure is given to the caller only by receive_any.
  std::optional<Message> receive() {
    auto message = receive_any();
    if (message && message->header.kind == wire::Failure::kKind) {
      fail(wire::decode<wire::Failure>(*message->body)->error.detail);
    }
    return message;
  }
  std::optional<Message> receive_any() {
    auto incoming = socket_.receive();
    if (!incoming) return std::nullopt;
    uint64_t correlation = 0;
    auto message = wire::unpack(std::move(incoming->frames), &correlation);
    if (!message) fail(message.error().message);
    return std::move(*message);
  }
  Message wait() {
    while (true) {
      if (auto message = receive()) return std::move(*message);
      wait_readable(60'000);
    }
  }
  void wait_readable(int64_t ms) {
    std::vector<wire::PollItem> items{{&socket_}};
    wire::poll(items, ms);
  }

 private:
  void connect(const std::string& endpoint) {
    if (!socket_.connect(endpoint)) fail("cannot connect to " + endpoint);
  }
  std::optional<wire::Context> own_;
  wire::Socket socket_;
};

// Puts the repository that every job of a bench names into the catalogue.
inline void put_repo(Link& link) {
  wire::PutRepo repo;
  repo.repo.name = "bench";
  repo.repo.url = "file:///nowhere";
  link.send(1, repo);
  link.wait();
}

// A runner's side of a session.
class Session {
 public:
  Session(Link& link, std::string name, uint64_t slots)
      : link_(link), slots_(slots), number_(static_cast<uint64_t>(wall_now_ms())) {
    hello_.secret = sha256(name).substr(0, 16);
    hello_.instance = std::move(name);
    hello_.session = number_;
    hello_.slots = slots_;
    hello_.joined = true;
  }
  void say_hello() { link_.send(1, hello_); }
  void register_now() {
    say_hello();
    const auto registered = wire::decode<wire::Registered>(*link_.wait().body);
    heartbeat_ms_ = static_cast<int64_t>(registered->heartbeat_ms);
    next_ = mono_now_ms() + heartbeat_ms_;
  }
  void beat(const std::vector<wire::LeaseRef>& held = {}) {
    wire::Heartbeat heartbeat;
    heartbeat.session = number_;
    heartbeat.sent_ms = mono_now_ms();
    heartbeat.slots = slots_;
    heartbeat.last_job_seq = seq_;
    heartbeat.held = held;
    link_.send(3, heartbeat);
  }
  void beat_when_due(const std::vector<wire::LeaseRef>& held = {}) {
    if (mono_now_ms() < next_) return;
    next_ = mono_now_ms() + heartbeat_ms_;
    beat(held);
  }
  void saw(uint64_t seq) { seq_ = seq; }
  uint64_t number() const { return number_; }
  int64_t ms_to_beat() const { return std::max<int64_t>(0, next_ - mono_now_ms()); }

 private:
  Link& link_;
  const uint64_t slots_, number_;
  wire::Register hello_;
  uint64_t seq_ = 0;
  int64_t heartbeat_ms_ = 0;
  MonoMs next_ = 0;
};

}  // namespace ghost::bench
