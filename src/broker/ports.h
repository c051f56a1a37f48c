// Where the broker hears and speaks: one port for clients, one for runners. The server's are ROUTER
// sockets, a simulator's are its network. Nothing blocks.
#pragma once

#include <optional>

#include "broker/types.h"
#include "wire/socket.h"

namespace ghost::broker {

class Ports {
 public:
  virtual ~Ports() = default;
  // The next whole message, or nothing when none is there.
  virtual std::optional<wire::Incoming> receive(Side side) = 0;
  virtual wire::SendStatus send(const Peer& peer, const wire::Frames& frames) = 0;
};

}  // namespace ghost::broker
