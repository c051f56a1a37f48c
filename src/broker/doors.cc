#include "broker/doors.h"

#include <algorithm>
#include <sstream>

#include "base/log.h"

namespace ghost::broker {
namespace {

constexpr size_t kHandshakesATurn = 256;
constexpr size_t kPolled = 3;  // sockets beside those for messages

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::istringstream parts(list);
  std::string part;
  while (std::getline(parts, part, ',')) {
    if (!part.empty()) out.push_back(part);
  }
  return out;
}

}  // namespace

std::string advertised(const std::string& endpoint, const std::string& host) {
  for (const char* any : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"}) {
    const std::string wildcard = any;
    if (endpoint.rfind(wildcard, 0) != 0) continue;
    return "tcp://" + host + ":" + endpoint.substr(wildcard.size());
  }
  return endpoint;
}

Doors::Doors(DoorOptions options, Access* access, wire::Context& context, wire::Socket* clients,
             wire::Socket* runners)
    : options_(std::move(options)), access_(*access), context_(context) {
  clients_.side = Side::kClients;
  clients_.socket = clients;
  runners_.side = Side::kRunners;
  runners_.socket = runners;
}

Status Doors::open() {
  Result<wire::ZapHandler> zap = wire::ZapHandler::open(context_);
  if (!zap) return zap.error();
  zap_.emplace(std::move(*zap));
  if (!options_.keys.empty()) {
    Result<std::optional<wire::BrokerKey>> key =
        wire::load_broker_key(wire::KeyFolder{options_.keys}.broker());
    if (!key) return key.error();
    key_ = std::move(*key);
  }
  if (Status s = access_.load(); !s) return s;
  if (Status s = open(&clients_, options_.clients); !s) return s;
  if (Status s = open(&runners_, options_.runners); !s) return s;
  // Members that were away may still look for it where it was the next key.
  if (key_) offer(*key_);
  return ok_status();
}

Status Doors::open(Door* door, const std::string& endpoints) {
  if (Status watched = door->socket->watch_refusals(context_); !watched) return watched;
  for (const std::string& endpoint : split(endpoints)) {
    const bool local = wire::is_local_endpoint(endpoint);
    if (!local && !key_) {
      return Error{"bad_config",
                   "listen on " + endpoint + ": an address beyond this host needs keys, and " +
                       (options_.keys.empty() ? "there is no key folder"
                                              : "there are none in " + options_.keys) +
                       ": run `ghost keys init`",
                   ""};
    }
    Result<std::string> real = door->socket->bind(endpoint, local ? "" : key_->pair.secret_key);
    if (!real) return real.error();
    (local ? door->plain : door->keyed).push_back(std::move(*real));
  }
  say_address(*door);
  return ok_status();
}

void Doors::add_to(std::vector<wire::PollItem>* items) {
  // By descriptor, since they are read until they are empty: asking the sockets would cost a system
  // call each, every turn.
  polled_at_ = items->size();
  for (wire::Socket* socket :
       {&zap_->socket(), &clients_.socket->watched(), &runners_.socket->watched()}) {
    items->push_back({nullptr, socket->fd()});
  }
}

void Doors::attend(MonoMs now, const std::vector<wire::PollItem>& items) {
  const bool called = std::any_of(items.begin() + static_cast<ptrdiff_t>(polled_at_),
                                  items.begin() + static_cast<ptrdiff_t>(polled_at_ + kPolled),
                                  [](const wire::PollItem& item) { return item.readable; });
  if (called || more_) {
    more_ = zap_->answer(kHandshakesATurn, [this](const wire::ZapRequest& request) {
      return access_.accepts(request);
    }) == kHandshakesATurn;
    for (Door* door : {&clients_, &runners_}) {
      uint64_t refused = 0;
      while (refused < kHandshakesATurn && door->socket->watched().receive()) ++refused;
      more_ |= refused == kHandshakesATurn;
      if (refused > 0) access_.count_refused("handshake", refused);
    }
  }
  bind_again(&clients_);
  bind_again(&runners_);
  if (options_.keys.empty() || now < follow_at_) return;
  follow_at_ = now + Access::kRefreshMs;
  follow_keys();
}

// A second key file: it is offered at addresses of its own, and peers move there. Once it has taken
// the first one's place, the broker's own addresses prove the new key, and peers move back.
void Doors::follow_keys() {
  const wire::KeyFolder folder{options_.keys};
  Result<std::optional<wire::BrokerKey>> next = wire::load_broker_key(folder.next_broker());
  Result<std::optional<wire::BrokerKey>> key = wire::load_broker_key(folder.broker());
  if (!next || !key) {
    log::error("broker key not read", {{"reason", (next ? key.error() : next.error()).message}});
    follow_at_ += 10'000;
    return;
  }
  if (*key && key_ && (*key)->pair.secret_key != key_->pair.secret_key) {
    key_ = std::move(*key);
    next_.reset();
    take_over(&clients_);
    take_over(&runners_);
    log::info("the broker's key has changed", {{"key", key_->pair.public_key.substr(0, 16)}});
  }
  if (!key_) return;
  const bool coming = *next && (*next)->pair.secret_key != key_->pair.secret_key;
  if (coming && (!next_ || (*next)->pair.secret_key != next_->pair.secret_key)) {
    next_ = std::move(*next);
    for (Door* door : {&clients_, &runners_}) withdraw(door);
  }
  offer(coming ? *next_ : *key_);
}

// At the key's second addresses, where they are not open yet.
void Doors::offer(const wire::BrokerKey& key) {
  for (Door* door : {&clients_, &runners_}) {
    const std::string& at = door == &clients_ ? key.clients : key.runners;
    if (at.empty() || !door->second.empty()) continue;
    Result<std::string> real = door->socket->bind(at, key.pair.secret_key);
    if (!real) {
      // Tried again with the next look; said once.
      if (door->trouble != real.error().message) {
        log::error("a second address is not open", {{"reason", real.error().message}});
      }
      door->trouble = real.error().message;
      continue;
    }
    door->second = std::move(*real);
    door->trouble.clear();
    access_.addresses(door->side).move =
        key_ && key.pair.secret_key == key_->pair.secret_key
            ? access_.addresses(door->side).keyed
            : wire::Address{advertised(door->second, options_.advertise), key.pair.public_key};
    log::info("a second address is open",
              {{"endpoint", door->second}, {"key", key.pair.public_key.substr(0, 16)}});
  }
}

void Doors::withdraw(Door* door) {
  if (door->second.empty()) return;
  if (Status s = door->socket->unbind(door->second); !s) {
    log::error("a second address stays open", {{"reason", s.error().message}});
  }
  door->second.clear();
}

// The old key's connections end here. The second address stays for those that are still there.
void Doors::take_over(Door* door) {
  for (const std::string& endpoint : door->keyed) {
    if (Status s = door->socket->unbind(endpoint); !s) {
      log::error("address keeps the old key", {{"reason", s.error().message}});
      continue;
    }
    door->unbound.push_back(endpoint);
  }
  bind_again(door);
}

// libzmq frees an address behind our back: it may be taken for a moment yet.
void Doors::bind_again(Door* door) {
  if (door->unbound.empty()) return;
  std::erase_if(door->unbound, [&](const std::string& endpoint) {
    return door->socket->bind(endpoint, key_->pair.secret_key).ok();
  });
  if (!door->unbound.empty()) return;
  say_address(*door);
  access_.addresses(door->side).move = access_.addresses(door->side).keyed;
}

void Doors::say_address(const Door& door) {
  if (door.keyed.empty()) return;
  access_.addresses(door.side).keyed =
      wire::Address{advertised(door.keyed.front(), options_.advertise), key_->pair.public_key};
}

}  // namespace ghost::broker
