// The addresses at which the broker is reached: what is bound there with which key, who is let in,
// and where peers move to when the broker's key changes. One owner, the broker's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/access.h"
#include "broker/types.h"
#include "wire/socket.h"
#include "wire/zap.h"

namespace ghost::broker {

struct DoorOptions {
  std::string clients, runners;  // endpoints, separated by commas
  std::string keys;              // key folder; empty: none
  std::string advertise;         // host that others are told instead of a wildcard address
};

// "tcp://*:1" and "tcp://0.0.0.0:1" as others may reach it.
std::string advertised(const std::string& endpoint, const std::string& host);

class Doors {
 public:
  Doors(DoorOptions options, Access* access, wire::Context& context, wire::Socket* clients,
        wire::Socket* runners);

  // Error codes io_error; bad_config: an address beyond this host, and no key to prove there.
  Status open();
  const std::string& clients_endpoint() const { return clients_.plain_or_keyed(); }
  const std::string& runners_endpoint() const { return runners_.plain_or_keyed(); }

  // To be polled with the sockets.
  void add_to(std::vector<wire::PollItem>* items);
  bool busy() const { return more_; }  // not all that waited was attended to
  // After poll() of the same items. Lets in who waits, counts who was refused, follows a change of
  // the broker's own key.
  void attend(MonoMs now, const std::vector<wire::PollItem>& items);

 private:
  struct Door {
    Side side = Side::kClients;
    wire::Socket* socket = nullptr;
    std::vector<std::string> plain, keyed;  // real endpoints
    std::string second;                     // real endpoint of the key to come, or of one that came
    std::string trouble;                    // why that is not open
    std::vector<std::string> unbound;       // to be bound again with the present key
    const std::string& plain_or_keyed() const {
      return plain.empty() ? keyed.front() : plain.front();
    }
  };
  Status open(Door* door, const std::string& endpoints);
  void offer(const wire::BrokerKey& key);
  void withdraw(Door* door);
  void take_over(Door* door);
  void bind_again(Door* door);
  void say_address(const Door& door);
  void follow_keys();

  DoorOptions options_;
  Access& access_;
  wire::Context& context_;
  std::optional<wire::ZapHandler> zap_;
  Door clients_, runners_;
  std::optional<wire::BrokerKey> key_, next_;
  MonoMs follow_at_ = 0;
  size_t polled_at_ = 0;  // in the items
  bool more_ = false;     // wait for the next turn
};

}  // namespace ghost::broker
