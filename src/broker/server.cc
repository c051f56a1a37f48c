#include "broker/server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/notify.h"

namespace ghost::broker {
namespace {

// For one peer; each holds at most kFrameCopyMax bytes a frame, what is bigger the sender counts.
constexpr int kMessagesWaitingMax = 16384;

Now read_clocks() {
  return {mono_now_ms(), wall_now_ms()};
}

wire::SocketOptions socket_options(const ServerOptions& options, const char* domain) {
  wire::SocketOptions socket;
  socket.high_water_mark = kMessagesWaitingMax;
  socket.zap_domain = domain;
  socket.frame_bytes_max = static_cast<int64_t>(options.frame_bytes_max);
  return socket;
}

}  // namespace

Server::Server(ServerOptions options, wire::Context& context, Core& core, Store& store)
    : options_(std::move(options)),
      core_(core),
      store_(store),
      clients_(context, wire::Socket::Type::kRouter, socket_options(options_, kClientsDomain)),
      runners_(context, wire::Socket::Type::kRouter, socket_options(options_, kRunnersDomain)),
      access_(options_.doors.keys),
      tokens_(options_.doors.keys),
      doors_(options_.doors, &access_, context, &clients_, &runners_) {}

Status Server::bind() {
  if (Status s = doors_.open(); !s) return s;
  if (Status s = tokens_.load(); !s) return s;
  ShellOptions shell = options_.shell;
  const std::string& host = options_.doors.advertise;
  shell.self.endpoints = {{"clients", advertised(clients_endpoint(), host)},
                          {"runners", advertised(runners_endpoint(), host)}};
  shell.access = &access_;
  shell.tokens = &tokens_;
  shell_.emplace(std::move(shell), static_cast<Ports&>(*this), core_, store_, read_clocks());
  return ok_status();
}

Status Server::run(int stop_fd) {
  while (!wait(stop_fd)) {
    if (Status s = shell_->turn(); !s) return s;
  }
  log::info("stopping");
  notify::stopping();
  return shell_->last_turn();
}

bool Server::wait(int stop_fd) {
  std::vector<wire::PollItem> items(3);
  items[0].socket = &runners_;
  items[1].socket = &clients_;
  items[2].fd = stop_fd;
  doors_.add_to(&items);
  const MonoMs from = mono_now_ms();
  int64_t wanted_ms = doors_.busy() ? 0 : shell_->wait_ms(from);
  // While there is no job nothing that runners say is in a hurry. Ten thousand idle ones would wake
  // the loop two thousand times a second: what they say meanwhile is the next turn's.
  const bool gathers = heard(Side::kRunners).messages > 0 && wanted_ms > 0 && core_.is_idle();
  if (gathers) {
    wanted_ms = std::max(wanted_ms, options_.gather_ms);
    items[0].socket = nullptr;
    wire::poll(items, options_.gather_ms);
    items[0].socket = &runners_;
  }
  const bool woken = std::any_of(items.begin(), items.end(), [](auto& i) { return i.readable; });
  if (!woken) wire::poll(items, std::max<int64_t>(0, from + wanted_ms - mono_now_ms()));
  heard(Side::kRunners) = {!items[0].readable && !woken, 0};
  heard(Side::kClients) = {!items[1].readable, 0};
  doors_.attend(mono_now_ms(), items);
  shell_->woke(read_clocks(), from, wanted_ms, items[0].readable || items[1].readable);
  return items[2].readable;
}

std::optional<wire::Incoming> Server::receive(Side side) {
  // To ask an empty socket is a system call or two: who was silent a moment ago is asked when the
  // other has said more than a word.
  if (heard(side).silent && heard_[0].messages + heard_[1].messages <= 1) return std::nullopt;
  while (std::optional<wire::Incoming> in = port(side).receive()) {
    ++heard(side).messages;
    if (std::optional<std::string> route = access_.route_of(*in)) {
      in->peer = std::move(*route);
      return in;
    }
  }
  return std::nullopt;
}

wire::SendStatus Server::send(const Peer& peer, const wire::Frames& frames) {
  if (!access_.hears(peer.route)) return wire::SendStatus::kNoSuchPeer;
  return port(peer.side).send(routing_id_of(peer.route), frames);
}

}  // namespace ghost::broker
