// The broker's loop: two ROUTER sockets and who may speak there, the clocks and the sleep between
// two turns of the shell.
// One thread owns all of it.
#pragma once

#include <optional>
#include <string>

#include "broker/doors.h"
#include "broker/shell.h"
#include "wire/socket.h"

namespace ghost::broker {

struct ServerOptions {
  DoorOptions doors;
  uint64_t frame_bytes_max = 64 << 20;
  int64_t gather_ms = 50;  // so long waits what idle runners say
  ShellOptions shell;      // the endpoints of `self` are filled in
};

class Server : private Ports {
 public:
  Server(ServerOptions options, wire::Context& context, Core& core, Store& store);

  // Error codes as Doors::open.
  Status bind();
  const std::string& clients_endpoint() const { return doors_.clients_endpoint(); }
  const std::string& runners_endpoint() const { return doors_.runners_endpoint(); }

  // After bind(). Turns until stop_fd is readable, then a last one. An Error: the store has failed,
  // and nothing that was not committed has been sent.
  Status run(int stop_fd);

 private:
  std::optional<wire::Incoming> receive(Side side) override;
  wire::SendStatus send(const Peer& peer, const wire::Frames& frames) override;
  bool wait(int stop_fd);  // for messages or the next deadline; true: stop
  struct Heard {
    bool silent = false;  // before the turn
    size_t messages = 0;  // of the turn
  };
  Heard& heard(Side side) { return heard_[side == Side::kClients ? 0 : 1]; }
  wire::Socket& port(Side side) { return side == Side::kClients ? clients_ : runners_; }

  ServerOptions options_;
  Core& core_;
  Store& store_;
  wire::Socket clients_, runners_;
  Access access_;
  TokenDesk tokens_;
  Doors doors_;
  std::optional<Shell> shell_;
  Heard heard_[2];
};

}  // namespace ghost::broker
