#include "wire/socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/time.h"
#include "wire/keys.h"

namespace ghost::wire {
namespace {

// Every libzmq 4.3 takes this option, but zmq.h names it only where draft functions are declared.
constexpr int kZapEnforceDomain = 93;

constexpr int kFramesMax = static_cast<int>(kPayloadFramesMax) + 8;

template <typename T>
void set(void* socket, int option, T value) {
  GHOST_CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

Error zmq_failure(const char* what, const std::string& endpoint) {
  return {"io_error", std::string(what) + " " + endpoint + ": " + zmq_strerror(zmq_errno()), ""};
}

void set_text(void* socket, int option, const std::string& value) {
  GHOST_CHECK(zmq_setsockopt(socket, option, value.data(), value.size()) == 0);
}

void release_blob(void*, void* hint) {
  delete static_cast<Blob*>(hint);
}

// Small frames are copied (cheaper than the bookkeeping); big ones are lent to libzmq.
void fill(zmq_msg_t* msg, const Blob& frame) {
  if (frame->size() <= kFrameCopyMax) {
    GHOST_CHECK(zmq_msg_init_size(msg, frame->size()) == 0);
    std::memcpy(zmq_msg_data(msg), frame->data(), frame->size());
    return;
  }
  // libzmq only reads the bytes; its interface takes void*.
  GHOST_CHECK(zmq_msg_init_data(msg, const_cast<char*>(frame->data()), frame->size(), release_blob,
                                new Blob(frame)) == 0);
}

}  // namespace

Context::Context(const ContextOptions& options) : raw_(zmq_ctx_new()) {
  GHOST_CHECK(raw_ != nullptr);
  zmq_ctx_set(raw_, ZMQ_IO_THREADS, options.io_threads);
  zmq_ctx_set(raw_, ZMQ_MAX_SOCKETS, options.sockets_max);
}

Context::~Context() {
  while (zmq_ctx_term(raw_) != 0 && zmq_errno() == EINTR) {
  }
}

Socket::Socket(Context& context, Type type, const SocketOptions& options)
    : raw_(zmq_socket(context.raw(), type == Type::kRouter ? ZMQ_ROUTER : ZMQ_DEALER)),
      router_(type == Type::kRouter) {
  GHOST_CHECK(raw_ != nullptr);
  set<int64_t>(raw_, ZMQ_MAXMSGSIZE, options.frame_bytes_max);
  set(raw_, ZMQ_LINGER, options.linger_ms);
  set(raw_, ZMQ_SNDHWM, options.high_water_mark);
  set(raw_, ZMQ_RCVHWM, options.high_water_mark);
  set(raw_, ZMQ_BACKLOG, options.backlog);
  set(raw_, ZMQ_HANDSHAKE_IVL, 3000);
  set(raw_, ZMQ_TCP_KEEPALIVE, 1);
  set(raw_, ZMQ_TCP_KEEPALIVE_IDLE, 30);
  set(raw_, ZMQ_TCP_KEEPALIVE_INTVL, 10);
  set(raw_, ZMQ_TCP_KEEPALIVE_CNT, 3);
  // The side with one connection asks, and seldom: what peers say and TCP itself tell sooner. Each
  // answer makes libzmq look for the question's timer among those of all connections: with ten
  // thousand that all ask, a ROUTER's thread does little else.
  if (!router_) {
    set(raw_, ZMQ_HEARTBEAT_IVL, 30000);
    // Room for a large frame in flight: the heartbeat waits behind it.
    set(raw_, ZMQ_HEARTBEAT_TIMEOUT, 60000);
  }
  // After a cut TCP would wait about as long as the cut was before it tries again: a connection on
  // which nothing is acknowledged is given up, and so is one that does not come about.
  set(raw_, ZMQ_TCP_MAXRT, 6000);
  set(raw_, ZMQ_CONNECT_TIMEOUT, 2000);
  set(raw_, ZMQ_RECONNECT_IVL, 100);
  set(raw_, ZMQ_RECONNECT_IVL_MAX, 2000);
  if (router_) {
    set(raw_, ZMQ_ROUTER_MANDATORY, 1);
    set(raw_, ZMQ_ROUTER_HANDOVER, 0);
  }
  if (!options.zap_domain.empty()) {
    set(raw_, kZapEnforceDomain, 1);
    set_text(raw_, ZMQ_ZAP_DOMAIN, options.zap_domain);
  }
}

Socket::~Socket() {
  if (raw_ == nullptr) return;
  // A closed socket may still make a connection and report it; where the reader of the reports is
  // gone, the I/O thread of the whole context would wait for it.
  if (watch_) zmq_socket_monitor(raw_, nullptr, 0);
  zmq_close(raw_);
}

Socket::Socket(Socket&& other) noexcept
    : raw_(std::exchange(other.raw_, nullptr)),
      router_(other.router_),
      keyed_(other.keyed_),
      watch_(std::move(other.watch_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(raw_, other.raw_);
  std::swap(router_, other.router_);
  std::swap(keyed_, other.keyed_);
  std::swap(watch_, other.watch_);
  return *this;
}

// An address takes the options of the moment at which it is bound.
Result<std::string> Socket::bind(const std::string& endpoint, const std::string& secret_key) {
  set(raw_, ZMQ_CURVE_SERVER, secret_key.empty() ? 0 : 1);
  if (!secret_key.empty()) {
    set_text(raw_, ZMQ_CURVE_SECRETKEY, from_hex(secret_key));
    keyed_ = true;
  }
  if (zmq_bind(raw_, endpoint.c_str()) != 0) return zmq_failure("listen on", endpoint);
  char real[512];
  size_t size = sizeof real;
  GHOST_CHECK(zmq_getsockopt(raw_, ZMQ_LAST_ENDPOINT, real, &size) == 0);
  return std::string(real);
}

Status Socket::unbind(const std::string& endpoint) {
  if (zmq_unbind(raw_, endpoint.c_str()) != 0) return zmq_failure("stop listening on", endpoint);
  return ok_status();
}

Status Socket::connect(const std::string& endpoint, const ClientKeys* keys) {
  if (keys != nullptr) {
    const Result<KeyPair> own = key_pair_of(keys->secret_key);
    if (!own) return own.error();
    set_text(raw_, ZMQ_CURVE_SERVERKEY, from_hex(keys->broker_key));
    set_text(raw_, ZMQ_CURVE_PUBLICKEY, from_hex(own->public_key));
    set_text(raw_, ZMQ_CURVE_SECRETKEY, from_hex(own->secret_key));
  }
  if (zmq_connect(raw_, endpoint.c_str()) != 0) return zmq_failure("connect to", endpoint);
  return ok_status();
}

Status Socket::disconnect(const std::string& endpoint) {
  if (zmq_disconnect(raw_, endpoint.c_str()) != 0) return zmq_failure("leave", endpoint);
  return ok_status();
}

Status Socket::watch_connections(Context& context) {
  return watch_events(context, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

Status Socket::watch_refusals(Context& context) {
  return watch_events(context,
                      ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
}

Status Socket::watch_events(Context& context, int events) {
  static std::atomic<uint64_t> count{0};
  const std::string endpoint = "inproc://ghost-connections-" + std::to_string(++count);
  if (zmq_socket_monitor(raw_, endpoint.c_str(), events) != 0) {
    return zmq_failure("watch connections at", endpoint);
  }
  void* reader = zmq_socket(context.raw(), ZMQ_PAIR);
  if (reader == nullptr) {
    const Error failure = zmq_failure("watch connections at", endpoint);
    zmq_socket_monitor(raw_, nullptr, 0);
    return failure;
  }
  set(reader, ZMQ_LINGER, 0);
  watch_.reset(new Socket(reader, false));
  return watch_->connect(endpoint);
}

std::optional<Incoming> Socket::receive() {
  for (;;) {
    Incoming in;
    int count = 0;
    bool more = true;
    while (more) {
      zmq_msg_t msg;
      zmq_msg_init(&msg);
      if (zmq_msg_recv(&msg, raw_, ZMQ_DONTWAIT) < 0) {
        const int error = zmq_errno();
        zmq_msg_close(&msg);
        // libzmq hands a message over whole, so this is the first frame.
        if (error == EINTR) continue;
        return std::nullopt;
      }
      std::string bytes(static_cast<const char*>(zmq_msg_data(&msg)), zmq_msg_size(&msg));
      // A property of the connection, which every frame but the routing id carries.
      if (keyed_ && count == 1) {
        if (const char* user = zmq_msg_gets(&msg, "User-Id")) in.user = user;
      }
      more = zmq_msg_more(&msg) != 0;
      zmq_msg_close(&msg);
      if (router_ && count == 0) {
        in.peer = std::move(bytes);
      } else if (count < kFramesMax) {
        in.frames.push_back(make_blob(std::move(bytes)));
      }
      ++count;
    }
    // A message of too many frames is nobody's: it is read to its end and dropped.
    if (count <= kFramesMax) return in;
  }
}

SendStatus Socket::send(std::string_view peer, const Frames& frames) {
  const auto status = [] {
    return zmq_errno() == EHOSTUNREACH ? SendStatus::kNoSuchPeer : SendStatus::kWouldBlock;
  };
  if (router_ && zmq_send(raw_, peer.data(), peer.size(), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
    return status();
  }
  for (size_t i = 0; i < frames.size(); ++i) {
    zmq_msg_t msg;
    fill(&msg, frames[i]);
    const int flags = ZMQ_DONTWAIT | (i + 1 < frames.size() ? ZMQ_SNDMORE : 0);
    if (zmq_msg_send(&msg, raw_, flags) < 0) {
      const SendStatus failed = status();
      zmq_msg_close(&msg);
      return failed;
    }
  }
  return SendStatus::kSent;
}

int Socket::fd() const {
  int fd = -1;
  size_t size = sizeof fd;
  GHOST_CHECK(zmq_getsockopt(raw_, ZMQ_FD, &fd, &size) == 0);
  return fd;
}

bool Socket::readable() const {
  int events = 0;
  size_t size = sizeof events;
  if (zmq_getsockopt(raw_, ZMQ_EVENTS, &events, &size) != 0) return false;
  return (events & ZMQ_POLLIN) != 0;
}

// zmq_poll asks every socket twice, each time by a system call. Here one call waits for all of
// them, and only those that had something to say are asked again.
void poll(std::vector<PollItem>& items, int64_t timeout_ms) {
  const MonoMs until = mono_now_ms() + timeout_ms;
  std::vector<pollfd> raw(items.size());
  bool any = false;
  for (size_t i = 0; i < items.size(); ++i) {
    PollItem& item = items[i];
    raw[i] = {item.socket != nullptr ? item.socket->fd() : item.fd, POLLIN, 0};
    item.readable = item.socket != nullptr && item.socket->readable();
    any |= item.readable;
  }
  for (;;) {
    const int64_t left =
        timeout_ms < 0 ? -1 : std::clamp<int64_t>(until - mono_now_ms(), 0, INT_MAX);
    const int n = ::poll(raw.data(), raw.size(), any ? 0 : static_cast<int>(left));
    if (n <= 0) return;
    for (size_t i = 0; i < items.size(); ++i) {
      if (raw[i].revents == 0) continue;
      items[i].readable = items[i].socket == nullptr || items[i].socket->readable();
      any |= items[i].readable;
    }
    if (any) return;  // else libzmq only had something to do for itself
  }
}

bool is_local_endpoint(const std::string& endpoint) {
  const auto begins = [&](std::string_view prefix) { return endpoint.rfind(prefix, 0) == 0; };
  if (begins("ipc://") || begins("inproc://")) return true;
  const size_t colon = endpoint.rfind(':');
  if (!begins("tcp://") || colon <= 6) return false;
  const std::string host = endpoint.substr(6, colon - 6);
  if (host == "localhost" || host == "[::1]") return true;
  // Only a whole address counts: "127.0.0.1.example.org" is a name like any other.
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

}  // namespace ghost::wire
