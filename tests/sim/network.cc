#include "sim/network.h"

#include <algorithm>

namespace ghost::sim {

using broker::Side;

Dealer::~Dealer() {
  const auto at = network_->routes_.find(route_);
  if (at != network_->routes_.end()) network_->end(at->second, true);
}

void Dealer::send(wire::Frames frames) {
  const auto at = network_->routes_.find(route_);
  if (route_.empty() || at == network_->routes_.end()) {
    waiting_.push_back(std::move(frames));
    return;
  }
  network_->transmit(at->second, Network::kUp, std::move(frames), 0);
}

std::optional<wire::Frames> Dealer::receive() {
  if (inbox_.empty()) return std::nullopt;
  wire::Frames frames = std::move(inbox_.front());
  inbox_.pop_front();
  return frames;
}

Network::Network(const Plan& plan, Schedule& schedule)
    : plan_(plan), schedule_(schedule), random_(plan.seed, "network") {}

std::shared_ptr<Dealer> Network::open(int host, Side side, std::function<void()> poke) {
  auto dealer = std::make_shared<Dealer>();
  dealer->network_ = this;
  dealer->host_ = host;
  dealer->side_ = side;
  dealer->poke_ = std::move(poke);
  connect(dealer, random_.between(1, 3) * kMs);
  return dealer;
}

bool Network::blocked(int host, Way way) const {
  const auto at = blocked_.find(host);
  return at != blocked_.end() && (at->second & (way == kUp ? 1 : 2)) != 0;
}

// Tries until it is connected or the dealer is closed.
void Network::connect(const std::weak_ptr<Dealer>& weak, Us wait) {
  schedule_.after(wait, [this, weak] {
    const auto dealer = weak.lock();
    if (!dealer || !dealer->route_.empty()) return;
    if (!broker_is_up_ || blocked(dealer->host_, kUp) || blocked(dealer->host_, kDown)) {
      return connect(weak, 100 * kMs);
    }
    auto c = std::make_shared<Connection>();
    c->route = (dealer->side_ == Side::kClients ? "c" : "r") + std::to_string(++routes_made_);
    c->host = dealer->host_;
    c->side = dealer->side_;
    c->broker_life = broker_life_;
    c->dealer = dealer;
    routes_[c->route] = c;
    dealer->route_ = c->route;
    ++dealer->news_;
    for (wire::Frames& frames : std::exchange(dealer->waiting_, {})) {
      transmit(c, kUp, std::move(frames), 0);
    }
    dealer->poke_();
  });
}

void Network::transmit(const ConnectionPtr& c, Way way, wire::Frames frames, Us delay) {
  if (wild_ && random_.chance(plan_.drop_percent)) return;
  const int copies = wild_ && random_.chance(plan_.double_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    Us at = schedule_.now() + delay + random_.between(50, plan_.delay_max);
    // What a runner and its broker say to each other may rely on the order of a connection.
    if (wild_ && c->side == Side::kClients && random_.chance(plan_.reorder_percent)) {
      at += random_.between(0, 20) * 100 * kMs;  // and others may overtake it
    } else {
      at = std::max(at, c->last[way] + 1);
      c->last[way] = at;
    }
    schedule_.at(at, [this, c, way, frames]() mutable { arrive(c, way, std::move(frames)); });
  }
}

void Network::arrive(const ConnectionPtr& c, Way way, wire::Frames frames) {
  if (blocked(c->host, way) || !c->held[way].empty()) {
    c->held[way].push_back(std::move(frames));
    return;
  }
  if (way == kUp) {
    if (!broker_is_up_ || c->broker_life != broker_life_ || !c->broker_sees) return;
    arrived_({c->side, c->route}, frames);
    inboxes_[c->side == Side::kClients ? 0 : 1].push_back({c->route, "", std::move(frames)});
    poke_broker_();
    return;
  }
  const auto dealer = c->dealer.lock();
  if (!dealer || dealer->route_ != c->route) return;
  dealer->inbox_.push_back(std::move(frames));
  dealer->poke_();
}

// The connection is over for its peer. With `flush` what is under way to the broker still arrives,
// else it is lost; the broker notices a while later.
void Network::end(const ConnectionPtr& c, bool flush) {
  if (!c->open) return;
  c->open = false;
  if (!flush) {
    c->broker_sees = false;
    c->held[kUp].clear();
    routes_.erase(c->route);
    return;
  }
  // Behind a partition the broker hears of it only when that ends.
  const Us wait = random_.between(0, 300) * kMs;
  schedule_.at(std::max(c->last[kUp] + 1, schedule_.now() + wait), [this, c] {
    const auto forget = [this, c] {
      c->broker_sees = false;
      routes_.erase(c->route);
    };
    if (!blocked(c->host, kUp)) return forget();
    schedule_.after(random_.between(1, 60) * kSecond, forget);
  });
}

void Network::peer_notices(const ConnectionPtr& c) {
  const auto dealer = c->dealer.lock();
  if (!dealer || dealer->route_ != c->route) return;
  dealer->route_.clear();
  connect(dealer, random_.between(1, 100) * kMs);
}

// ----------------------------------------------------------------------------- the broker's end

void Network::broker_up(std::function<void(const broker::Peer&, const wire::Frames&)> arrived,
                        std::function<void()> poke) {
  arrived_ = std::move(arrived);
  poke_broker_ = std::move(poke);
  broker_is_up_ = true;
  ++broker_life_;
}

void Network::broker_down() {
  broker_is_up_ = false;
  ++broker_life_;
  for (auto& inbox : inboxes_) inbox.clear();
  std::vector<ConnectionPtr> all;
  for (const auto& [route, c] : routes_) all.push_back(c);
  for (const ConnectionPtr& c : all) {
    end(c, false);
    // A peer behind a partition does not hear of it before that ends.
    const Us wait = random_.between(0, 50) * kMs;
    schedule_.after(wait, [this, c] {
      if (!blocked(c->host, kDown)) return peer_notices(c);
      schedule_.after(random_.between(1, 30) * kSecond, [this, c] { peer_notices(c); });
    });
  }
}

std::optional<wire::Incoming> Network::broker_receive(Side side) {
  auto& inbox = inboxes_[side == Side::kClients ? 0 : 1];
  if (inbox.empty()) return std::nullopt;
  wire::Incoming in = std::move(inbox.front());
  inbox.pop_front();
  return in;
}

wire::SendStatus Network::broker_send(const broker::Peer& peer, const wire::Frames& frames,
                                      Us delay) {
  const auto at = routes_.find(peer.route);
  if (at == routes_.end() || !at->second->broker_sees) return wire::SendStatus::kNoSuchPeer;
  transmit(at->second, kDown, frames, delay);
  return wire::SendStatus::kSent;
}

// --------------------------------------------------------------------------------------- faults

void Network::block(int host, int ways) {
  blocked_[host] |= ways;
}

void Network::unblock(int host) {
  blocked_.erase(host);
  std::vector<ConnectionPtr> all;
  for (const auto& [route, c] : routes_) {
    if (c->host == host) all.push_back(c);
  }
  for (const ConnectionPtr& c : all) {
    for (const Way way : {kUp, kDown}) {
      std::deque<wire::Frames> held = std::exchange(c->held[way], {});
      for (wire::Frames& frames : held) transmit(c, way, std::move(frames), 0);
    }
  }
}

void Network::break_connections(int host) {
  std::vector<ConnectionPtr> all;
  for (const auto& [route, c] : routes_) {
    if (c->host == host && c->open) all.push_back(c);
  }
  for (const ConnectionPtr& c : all) {
    end(c, random_.chance(50));
    peer_notices(c);
  }
}

void Network::heal() {
  wild_ = false;
  const std::map<int, int> hosts = blocked_;
  for (const auto& [host, ways] : hosts) unblock(host);
}

}  // namespace ghost::sim
