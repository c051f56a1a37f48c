// What leaves the broker: answers and orders over the two ports, never blocking, with a bound on
// what may wait for a peer that does not read. One owner, the broker's thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "broker/ports.h"

namespace ghost::broker {

class Sender {
 public:
  struct Counts {
    uint64_t sent = 0;
    uint64_t no_such_peer = 0;  // the peer has gone
    uint64_t would_block = 0;   // its queue is full, by count or by bytes
  };

  explicit Sender(Ports* ports) : ports_(ports) {}

  // A peer without a route is the broker itself: what it would hear is dropped.
  wire::SendStatus send(const Peer& peer, const wire::Frames& frames);
  const Counts& counts() const { return counts_; }

 private:
  // Frames lent to libzmq live until they are on the wire, in the order in which they were sent.
  struct Lent {
    std::weak_ptr<const std::string> frame;
    size_t bytes = 0;
  };
  struct Waiting {
    std::deque<Lent> frames;
    size_t bytes = 0;  // at most: what is gone is taken off when a bound is near
  };
  bool has_room(const Peer& peer, const wire::Frames& frames);
  void settle(Waiting* waiting);
  void settle_all();
  void forget(const Peer& peer);

  Ports* ports_;
  std::map<Peer, Waiting> waiting_;
  size_t waiting_bytes_ = 0;  // of all of them
  Counts counts_;
};

}  // namespace ghost::broker
