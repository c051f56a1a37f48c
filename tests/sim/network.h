// The network between the broker and its peers, as ZeroMQ over TCP shows it: a peer's socket has
// one connection at a time, made anew when it breaks; messages on a connection keep their order and
// are lost only with it; what is sent while there is none waits for the next. What was under way on
// a broken connection may still arrive. A wild network also loses, doubles and reorders.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "broker/ports.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/schedule.h"

namespace ghost::sim {

class Network;

// A peer's DEALER. Its owner lets go of it to close it.
class Dealer {
 public:
  ~Dealer();
  void send(wire::Frames frames);
  std::optional<wire::Frames> receive();
  bool readable() const { return !inbox_.empty() || news_ > 0; }
  // Connections made since the last call.
  int take_connections() { return std::exchange(news_, 0); }

 private:
  friend class Network;
  Network* network_ = nullptr;
  int host_ = 0;
  broker::Side side_{};
  std::function<void()> poke_;
  std::deque<wire::Frames> inbox_, waiting_;
  std::string route_;  // empty: not connected
  int news_ = 0;
};

class Network {
 public:
  Network(const Plan& plan, Schedule& schedule);

  // `poke` is called when there is something to receive.
  std::shared_ptr<Dealer> open(int host, broker::Side side, std::function<void()> poke);

  // The broker's end.
  void broker_up(std::function<void(const broker::Peer&, const wire::Frames&)> arrived,
                 std::function<void()> poke);
  void broker_down();
  std::optional<wire::Incoming> broker_receive(broker::Side side);
  bool broker_readable() const { return !inboxes_[0].empty() || !inboxes_[1].empty(); }
  wire::SendStatus broker_send(const broker::Peer& peer, const wire::Frames& frames, Us delay);

  // Faults.
  void block(int host, int ways);  // 1 to the broker, 2 from it, 3 both
  void unblock(int host);
  void break_connections(int host);
  void heal();
  // Single messages are lost, doubled and reordered from now on, where the plan says so.
  void go_wild(bool wild) { wild_ = wild && plan_.wild; }

 private:
  friend class Dealer;
  enum Way { kUp = 0, kDown = 1 };
  struct Connection {
    std::string route;
    int host = 0;
    broker::Side side{};
    uint64_t broker_life = 0;
    std::weak_ptr<Dealer> dealer;
    bool broker_sees = true;  // else it has noticed the end
    bool open = true;
    Us last[2] = {0, 0};  // arrival of the newest message each way
    std::deque<wire::Frames> held[2];
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  void connect(const std::weak_ptr<Dealer>& dealer, Us wait);
  void transmit(const ConnectionPtr& c, Way way, wire::Frames frames, Us delay);
  void arrive(const ConnectionPtr& c, Way way, wire::Frames frames);
  void end(const ConnectionPtr& c, bool flush);
  void peer_notices(const ConnectionPtr& c);
  bool blocked(int host, Way way) const;

  const Plan& plan_;
  Schedule& schedule_;
  Random random_;
  std::map<std::string, ConnectionPtr> routes_;  // that the broker or a peer still knows
  std::map<int, int> blocked_;                   // by host: ways
  std::deque<wire::Incoming> inboxes_[2];
  std::function<void(const broker::Peer&, const wire::Frames&)> arrived_;
  std::function<void()> poke_broker_;
  uint64_t broker_life_ = 0, routes_made_ = 0;
  bool broker_is_up_ = false, wild_ = false;
};

}  // namespace ghost::sim
