// One HTTP connection: reads requests, lets the app answer them, writes the responses. Private to
// http_server.cc and http_connection.cc.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <unordered_set>

#include "relay/http_server.h"
#include "relay/http_stream.h"

namespace ghost::relay {

class HttpConnection;

// What the connections of one server share.
struct HttpShared {
  HttpServerOptions options;
  HttpApp& app;
  TlsContext tls;  // of connections to come; none: plain
  HttpFigures figures;
  std::unordered_set<HttpConnection*> open;
  bool stopping = false;
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection>, private BodySink {
 public:
  HttpConnection(std::shared_ptr<HttpShared> shared, boost::asio::ip::tcp::socket socket);
  ~HttpConnection() override;

  // The whole life of the connection; keep the shared_ptr until it returns.
  Task<void> run();
  // Answers 503 and ends.
  Task<void> turn_away();
  void end_if_idle();
  void close();
  // Of the call that is being served; empty: none, or without a token.
  const std::string& token_id() const { return token_id_; }

 private:
  enum class Outcome { kOk, kClosed, kAnswered };

  Task<Outcome> read_head(Request* request);
  Task<Outcome> read_body(Request* request, uint64_t bytes_max);
  Task<Outcome> serve_one();
  Task<bool> write_response(const Request& request, Response& response);
  Task<bool> write_streamed(const Request& request, Response& response, const std::string& head);
  Task<bool> write_bytes(std::string_view bytes);
  Task<Outcome> refuse(const Request& request, const Error& error);
  Task<bool> shake_hands();
  Task<void> linger();

  Task<bool> write(std::string_view bytes) override;
  bool stopping() const override { return shared_->stopping; }
  void fail() override { broken_ = true; }

  void set_deadline(int64_t after_ms);  // of the operation to come; 0: none
  void arm_watchdog();
  bool reserve(uint64_t bytes);
  void release_reserved();

  std::shared_ptr<HttpShared> shared_;
  HttpStream stream_;
  boost::asio::steady_timer watchdog_;
  boost::beast::flat_buffer buffer_;
  std::string peer_, token_id_;
  MonoMs deadline_ = INT64_MAX;
  bool watchdog_armed_ = false;
  bool timed_out_ = false;
  bool idle_ = true;          // between two requests
  bool body_unread_ = false;  // bytes of a refused request may still come
  bool chunked_out_ = false;
  bool broken_ = false;
  uint64_t reserved_ = 0;
  uint64_t response_bytes_ = 0;
};

}  // namespace ghost::relay
