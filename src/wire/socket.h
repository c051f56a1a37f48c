// The two ZeroMQ socket types that Ghost uses, with the settings it always uses. Owner of libzmq:
// nobody else includes its headers. A socket belongs to the thread that uses it; the Context
// outlives its sockets and may be shared. Nothing here blocks but poll().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/envelope.h"

namespace ghost::wire {

struct ContextOptions {
  int io_threads = 1;
  int sockets_max = 1023;
};

class Context {
 public:
  explicit Context(const ContextOptions& options = {});
  ~Context();  // returns once the sockets are closed; LINGER of each bounds it
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void* raw() const { return raw_; }

 private:
  void* raw_;
};

// Frames of up to so many bytes are copied into libzmq's queue, bigger ones are lent to it: they
// live until they are on the wire.
inline constexpr size_t kFrameCopyMax = 4096;

struct SocketOptions {
  int64_t frame_bytes_max = 64 << 20;  // a bigger frame ends the peer's connection
  int linger_ms = 500;
  int high_water_mark =
      100000;  // messages a peer; flow control is by credit, this only bounds memory
  int backlog = 1024;
  // Not empty: every connection is asked for by ZAP under this name (see zap.h), and none is made
  // without an answer.
  std::string zap_domain;
};

// What a ROUTER received: the peer's routing id (never an identity) and its message. `user`: the
// public key (hex) that the peer has proved to hold; empty on an address without keys.
struct Incoming {
  std::string peer;
  std::string user;
  Frames frames;
};

// Keys of an encrypted connection, 64 hex digits each: the own secret one, and the one that the
// broker must prove to hold.
struct ClientKeys {
  std::string secret_key, broker_key;
};

enum class SendStatus { kSent, kNoSuchPeer, kWouldBlock };

class Socket {
 public:
  enum class Type { kRouter, kDealer };
  Socket(Context& context, Type type, const SocketOptions& options = {});
  ~Socket();
  Socket(Socket&&) noexcept;
  Socket& operator=(Socket&&) noexcept;

  // "tcp://127.0.0.1:5051", port 0 or * for a free one; "ipc:///run/ghost/x". Gives the real
  // endpoint. Error code io_error, which names the endpoint ("address already in use").
  // With a secret key (64 hex digits) only peers that speak CURVE and know its public one connect
  // there; one socket may have addresses with and without keys.
  Result<std::string> bind(const std::string& endpoint, const std::string& secret_key = "");
  // Ends every connection that was made there.
  Status unbind(const std::string& endpoint);
  Status connect(const std::string& endpoint, const ClientKeys* keys = nullptr);
  Status disconnect(const std::string& endpoint);

  // The next whole message, or nothing when none is there. A ROUTER's has `peer` set.
  std::optional<Incoming> receive();
  // DONTWAIT. kNoSuchPeer only on a ROUTER. `peer` is ignored on a DEALER.
  SendStatus send(std::string_view peer, const Frames& frames);

  // From now on watched() has one message to receive for each connection of this one that is made,
  // the first and every later one; for the thread of this one. One watch a socket.
  Status watch_connections(Context& context);
  // The same for each connection that failed to prove what it must: plain text, a wrong key of the
  // broker, no handshake in time. Those that ZAP refused are not among them.
  Status watch_refusals(Context& context);
  Socket& watched() { return *watch_; }

  // For an outer event loop: the descriptor is edge-triggered; after each send and receive, and
  // before sleeping, ask readable() until it is false (libzmq #3641).
  int fd() const;
  bool readable() const;
  void* raw() const { return raw_; }

 private:
  Socket(void* raw, bool router) : raw_(raw), router_(router) {}
  Status watch_events(Context& context, int events);

  void* raw_ = nullptr;
  bool router_;
  bool keyed_ = false;             // some address asks for keys
  std::unique_ptr<Socket> watch_;  // closed when this one has stopped to report
};

// Waits until one of the sockets or descriptors is readable, or the time is over (-1: no end).
// Returns at a signal too (the caller looks at its stop flag). Gives what is readable, in order.
struct PollItem {
  Socket* socket = nullptr;
  int fd = -1;
  bool readable = false;
};
void poll(std::vector<PollItem>& items, int64_t timeout_ms);

// Why a bare address may not be listened on without keys: only loopback and ipc are open to plain
// text.
bool is_local_endpoint(const std::string& endpoint);

}  // namespace ghost::wire
