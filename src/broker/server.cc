#include "broker/server.h"

#include "base/log.h"
#include "base/notify.h"

namespace ghost::broker {
namespace {

// For one peer; each holds at most kFrameCopyMax bytes a frame, what is bigger the sender counts.
constexpr int kMessagesWaitingMax = 16384;

Now read_clocks() {
  return {mono_now_ms(), wall_now_ms()};
}

wire::SocketOptions socket_options(const ServerOptions& options) {
  wire::SocketOptions socket;
  socket.high_water_mark = kMessagesWaitingMax;
  socket.frame_bytes_max = static_cast<int64_t>(options.frame_bytes_max);
  return socket;
}

}  // namespace

Server::Server(ServerOptions options, wire::Context& context, Core& core, Store& store)
    : options_(std::move(options)),
      core_(core),
      store_(store),
      clients_(context, wire::Socket::Type::kRouter, socket_options(options_)),
      runners_(context, wire::Socket::Type::kRouter, socket_options(options_)) {}

Status Server::bind() {
  Result<std::string> clients = clients_.bind(options_.clients);
  if (!clients) return clients.error();
  Result<std::string> runners = runners_.bind(options_.runners);
  if (!runners) return runners.error();
  clients_endpoint_ = std::move(*clients);
  runners_endpoint_ = std::move(*runners);
  ShellOptions shell = options_.shell;
  shell.self.endpoints = {{"clients", clients_endpoint_}, {"runners", runners_endpoint_}};
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
  const MonoMs from = mono_now_ms();
  const int64_t wanted_ms = shell_->wait_ms(from);
  wire::poll(items, wanted_ms);
  shell_->woke(read_clocks(), from, wanted_ms, items[0].readable || items[1].readable);
  return items[2].readable;
}

std::optional<wire::Incoming> Server::receive(Side side) {
  return port(side).receive();
}

wire::SendStatus Server::send(const Peer& peer, const wire::Frames& frames) {
  return port(peer.side).send(peer.route, frames);
}

}  // namespace ghost::broker
