#include "relay/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "relay/http_connection.h"

namespace ghost::relay {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 1024;
constexpr int64_t kAcceptPauseMs = 100;  // out of descriptors: others must end first
constexpr uint64_t kTurnedAwayMax = 64;  // connections over the limit that still get an answer

// A coroutine of ours does not throw; what the libraries throw ends one connection, not the relay.
void spawn(const asio::any_io_executor& executor, Task<void> task) {
  asio::co_spawn(executor, std::move(task), [](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log::error("connection failed", {{"error", e.what()}});
    }
  });
}

Task<void> run_connection(std::shared_ptr<HttpConnection> connection, bool turn_away) {
  if (turn_away) {
    co_await connection->turn_away();
  } else {
    co_await connection->run();
  }
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::any_io_executor e, HttpServerOptions o, HttpApp& app)
      : executor(e),
        acceptor(e),
        pause(e),
        shared(new HttpShared{std::move(o), app, {}, {}, {}, false}) {}

  static Task<void> accept_loop(std::shared_ptr<Impl> self);

  asio::any_io_executor executor;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<HttpShared> shared;
  uint16_t port = 0;
};

Task<void> HttpServer::Impl::accept_loop(std::shared_ptr<Impl> self) {
  HttpShared& shared = *self->shared;
  while (self->acceptor.is_open()) {
    error_code ec;
    tcp::socket socket =
        co_await self->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) co_return;
    if (ec) {
      log::warn("accept failed", {{"error", ec.message()}});
      self->pause.expires_after(std::chrono::milliseconds(kAcceptPauseMs));
      co_await self->pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      continue;
    }
    ++shared.figures.accepted;
    const uint64_t open = shared.figures.connections;
    const bool full = open >= shared.options.connections_max;
    if (full) ++shared.figures.refused_full;
    if (open >= shared.options.connections_max + kTurnedAwayMax) continue;
    auto connection = std::make_shared<HttpConnection>(self->shared, std::move(socket));
    spawn(self->executor, run_connection(std::move(connection), full));
  }
}

HttpServer::HttpServer(asio::any_io_executor executor, HttpServerOptions options, HttpApp& app)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options), app)) {}

HttpServer::~HttpServer() {
  stop_accepting();
  close_all();
}

Status HttpServer::reload() {
  HttpShared& shared = *impl_->shared;
  if (shared.options.tls_cert.empty()) return ok_status();
  Result<TlsContext> made = load_tls(shared.options.tls_cert, shared.options.tls_key);
  if (!made) return made.error();
  shared.tls = std::move(*made);
  return ok_status();
}

Status HttpServer::listen() {
  Impl& server = *impl_;
  const HttpServerOptions& options = server.shared->options;
  if (Status s = reload(); !s) return s;
  error_code ec;
  const auto address = asio::ip::make_address(options.host, ec);
  const tcp::endpoint endpoint(address, options.port);
  if (!ec) server.acceptor.open(endpoint.protocol(), ec);
  if (!ec) server.acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) server.acceptor.bind(endpoint, ec);
  if (!ec) server.acceptor.listen(kBacklog, ec);
  if (ec) {
    return Error{
        "io_error",
        "listen on " + options.host + " port " + std::to_string(options.port) + ": " + ec.message(),
        ""};
  }
  server.port = server.acceptor.local_endpoint(ec).port();
  spawn(server.executor, Impl::accept_loop(impl_));
  return ok_status();
}

uint16_t HttpServer::port() const {
  return impl_->port;
}

void HttpServer::stop_accepting() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->pause.cancel();
  impl_->shared->stopping = true;
  const auto open = impl_->shared->open;
  for (HttpConnection* connection : open) connection->end_if_idle();
}

void HttpServer::close_all() {
  const auto open = impl_->shared->open;
  for (HttpConnection* connection : open) connection->close();
}

std::vector<std::string> HttpServer::tokens_in_use() const {
  std::vector<std::string> out;
  for (const HttpConnection* connection : impl_->shared->open) {
    if (!connection->token_id().empty()) out.push_back(connection->token_id());
  }
  return out;
}

void HttpServer::close_token(const std::string& id) {
  const auto open = impl_->shared->open;
  for (HttpConnection* connection : open) {
    if (connection->token_id() == id) connection->close();
  }
}

HttpFigures HttpServer::figures() const {
  return impl_->shared->figures;
}

}  // namespace ghost::relay
