// ghost-relay: the HTTP gateway of a Ghost farm.
#include <signal.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <iostream>

#include "base/log.h"
#include "base/process.h"
#include "relay/relay.h"

namespace {

using namespace ghost;

// Each connection takes a descriptor: as many as the system lets us have.
void raise_descriptor_limit(int64_t connections_max) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < static_cast<rlim_t>(connections_max) + 100) {
    log::warn("fewer file descriptors than connections allowed",
              {{"descriptors", static_cast<uint64_t>(limit.rlim_cur)},
               {"connections-max", connections_max}});
  }
}

int fail(const Error& error) {
  std::cerr << "ghost-relay: " << error.message << "\n";
  return 1;
}

int run(const relay::RelayOptions& options) {
  Result<wire::BrokerAddress> broker =
      wire::broker_address(wire::KeyRole::kRelay, options.join, options.join_file, options.broker);
  if (!broker) return fail(broker.error());
  raise_descriptor_limit(options.connections_max);
  boost::asio::io_context loop(1);
  relay::Relay relay(loop, options, std::move(*broker));
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  std::function<void()> listen_for_signals = [&] {
    signals.async_wait([&](boost::system::error_code ec, int) {
      if (ec) return;
      relay.stop();
      listen_for_signals();
    });
  };
  boost::asio::signal_set hangups(loop, SIGHUP);
  std::function<void()> listen_for_hangups = [&] {
    hangups.async_wait([&](boost::system::error_code ec, int) {
      if (ec) return;
      relay.reload();
      listen_for_hangups();
    });
  };
  if (Status s = relay.start(); !s) return fail(s.error());
  listen_for_signals();
  listen_for_hangups();
  loop.run();
  return relay.outcome() ? 0 : fail(relay.outcome().error());
}

}  // namespace

int main(int argc, char** argv) {
  ghost::keep_memory_out_of_cores();
  signal(SIGPIPE, SIG_IGN);
  relay::RelayOptions options;
  log::Options log_options{"relay"};
  OptionSet set("ghost-relay", "relay", "The HTTP gateway of a Ghost farm.");
  relay::declare_options(set, &options);
  set.add("log-level", &log_options.level, "debug, info, warn or error");
  set.add("log-format", &log_options.format, "text or json");
  set.set_validator([&] {
    const Status good = log::check(log_options);
    return good ? relay::validate_options(options) : good;
  });
  if (set.parse(argc, argv) == OptionSet::Outcome::kExit) return set.exit_code();
  wire::hide_secrets(argc, argv);
  log::init(log_options);
  return run(options);
}
