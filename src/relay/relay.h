// The relay: HTTP server, link to the broker and handlers on one loop. It keeps no state that
// outlives a request. The loop's thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "relay/auth.h"
#include "relay/context.h"

namespace ghost::relay {

class Relay : private HttpApp {
 public:
  Relay(boost::asio::io_context& loop, RelayOptions options, wire::BrokerAddress broker);
  ~Relay() override;

  // Connects and listens; beyond loopback only once the broker has said that the farm has bearer
  // tokens. From the broker's first word on it keeps itself in the registry and tells the service
  // manager that it is ready. Error code io_error.
  Status start();
  // Why the loop ended by itself: ok where it was told to.
  const Status& outcome() const { return outcome_; }
  const std::string& url() const { return url_; }  // after start()
  // Certificate and key are read again; connections that are open go on.
  void reload();
  // Takes no more connections, lets what is in flight end within stop_ms, leaves the registry, and
  // then stops the loop. A second call stops the loop at once.
  void stop();

 private:
  bool must_ask(const Request& request) override { return auth_.must_ask(request); }
  Task<void> ask(Request& request) override { co_await auth_.ask(request); }
  std::optional<Response> admit(Request& request, uint64_t* body_bytes_max) override;
  Task<Response> serve(Request& request) override;
  void record(const Request& request, int status, uint64_t bytes_out, int64_t took_us) override;

  std::string scheme() const;
  Status listen();
  Task<void> open_beyond_loopback();
  Task<void> keep_registered();
  Task<void> keep_watchdog(int64_t interval_ms);
  Task<void> wind_down();
  void spawn(Task<void> task, const char* name);
  wire::Instance own_instance() const;

  boost::asio::io_context& loop_;
  RelayOptions options_;
  const bool beyond_loopback_;
  Metrics metrics_;
  BrokerLink link_;
  Auth auth_;
  HttpServer server_;
  RelayContext context_;
  boost::asio::steady_timer renewal_;
  std::string url_;
  bool registered_ = false;
  Status outcome_ = ok_status();
};

}  // namespace ghost::relay
