// HTTP/1.1 on one listening socket: connections as coroutines, limits of size, time, rate and
// number, keep-alive, chunked bodies both ways. What a request means is the HttpApp's affair.
// Lives on the loop's thread. Owner of Boost.Beast (with http/client).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "relay/exchange.h"

namespace ghost::relay {

class HttpApp {
 public:
  virtual ~HttpApp() = default;
  // Whether ask() must come before admit(). Cheap.
  virtual bool must_ask(const Request& request) = 0;
  virtual Task<void> ask(Request& request) = 0;
  // Looks at a request whose head alone is there: an answer that needs no body (who asks, no such
  // path, no such method), or nothing and, in *body_bytes_max, how large its body may be.
  virtual std::optional<Response> admit(Request& request, uint64_t* body_bytes_max) = 0;
  // The request is whole. Called once for each admitted one.
  virtual Task<Response> serve(Request& request) = 0;
  // A response has been written, or could not be.
  virtual void record(const Request& request, int status, uint64_t bytes_out, int64_t took_us) = 0;
};

struct HttpServerOptions {
  std::string host;  // an IP address
  uint16_t port = 0;
  uint64_t header_bytes_max = 32 << 10;
  uint64_t inflight_bytes_max = uint64_t{512} << 20;
  uint64_t connections_max = 4096;
  std::string tls_cert, tls_key;  // PEM files; empty: plain
  int64_t header_timeout_ms = 10'000;
  int64_t idle_timeout_ms = 75'000;
  int64_t body_timeout_ms = 20'000;
  uint64_t rate_min = 4096;
};

struct HttpFigures {
  uint64_t accepted = 0, refused_full = 0, refused_heads = 0, timed_out = 0;
  uint64_t refused_handshakes = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  size_t connections = 0;
  uint64_t inflight_bytes = 0;
};

class HttpServer {
 public:
  // `app` outlives the server's last coroutine: the loop must have run dry before it goes.
  HttpServer(boost::asio::any_io_executor executor, HttpServerOptions options, HttpApp& app);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  Status listen();  // error codes io_error, which names the address; those of load_tls
  // Reads certificate and key again, for connections to come; those that are stay as they are.
  // Error codes of load_tls, and then nothing has changed.
  Status reload();
  uint16_t port() const;  // the real one
  // Accepts no more; idle connections end, the others after their response.
  void stop_accepting();
  // Ends every connection.
  void close_all();
  // Those tokens (Request::token_id) whose calls are being served; and the end of these.
  std::vector<std::string> tokens_in_use() const;
  void close_token(const std::string& id);
  HttpFigures figures() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ghost::relay
