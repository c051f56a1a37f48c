// The broker's answer to who may connect (ZAP, RFC 27 of the ZeroMQ project): libzmq asks for every
// connection to a socket that names a domain. Without a handler at the other end a connection
// waits for ever, so the loop that owns the sockets polls this too. One a context, made before the
// first bind.
#pragma once

#include <functional>
#include <string>

#include "wire/socket.h"

namespace ghost::wire {

struct ZapRequest {
  std::string domain;      // of the socket: SocketOptions::zap_domain
  std::string address;     // of the peer
  std::string public_key;  // hex; empty: a plain-text address of this host
};

class ZapHandler {
 public:
  // Error code io_error.
  static Result<ZapHandler> open(Context& context);
  Socket& socket() { return socket_; }
  // Answers all that wait, at most `count_max`, and gives their number: accepted or refused.
  // Nothing else can be said, and the peer is told no reason (status 300 would leave it waiting,
  // libzmq #2329). What `accept` lets in carries its public key as Incoming::user.
  size_t answer(size_t count_max, const std::function<bool(const ZapRequest&)>& accept);

 private:
  explicit ZapHandler(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

}  // namespace ghost::wire
