// The bytes of one HTTP connection, plain or inside TLS: an asynchronous stream in Asio's and
// Beast's sense. And the TLS context that connections are made with. Owner of Asio's TLS in the
// relay; the loop's thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace ghost::relay {

// Certificate chain and key from PEM files; TLS 1.2 and later, HTTP/1.1 by ALPN. Error codes
// io_error; bad_config: no certificate, the key does not fit it, or others may read the key.
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;
Result<TlsContext> load_tls(const std::string& cert_file, const std::string& key_file);

class HttpStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;
  using Code = boost::system::error_code;

  // No context: plain.
  HttpStream(Socket socket, TlsContext tls) : socket_(std::move(socket)), context_(std::move(tls)) {
    if (context_) tls_.emplace(socket_, *context_);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool encrypted() const { return tls_.has_value(); }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Code, size_t)>(
        [this](auto handler, const Buffers& into) {
          tls_ ? tls_->async_read_some(into, std::move(handler))
               : socket_.async_read_some(into, std::move(handler));
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Code, size_t)>(
        [this](auto handler, const Buffers& from) {
          tls_ ? tls_->async_write_some(from, std::move(handler))
               : socket_.async_write_some(from, std::move(handler));
        },
        token, buffers);
  }
  // Only where it is encrypted.
  template <typename Token>
  auto async_handshake(Token&& token) {
    return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
  }
  // Says the end, so that what was sent cannot be taken for cut short; waits for the peer's.
  template <typename Token>
  auto async_shutdown(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

 private:
  Socket socket_;
  TlsContext context_;  // as long as the connection: a reload makes another
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace ghost::relay
