#include "relay/http_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>

#include "base/log.h"
#include "relay/request_head.h"

namespace ghost::relay {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 << 10;
constexpr int64_t kLingerMs = 2'000;
constexpr uint64_t kLingerBytes = 16 << 20;

std::string http_date() {
  static thread_local time_t last = 0;
  static thread_local std::string text;
  const time_t now = time(nullptr);
  if (now != last) {
    char out[64];
    tm utc{};
    gmtime_r(&now, &utc);
    strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    text = out;
    last = now;
  }
  return text;
}

// No value can end a header line or begin another.
void append_line(std::string_view value, std::string* out) {
  const size_t begin = out->size();
  out->append(value);
  for (size_t i = begin; i < out->size(); ++i) {
    char& c = (*out)[i];
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  out->append("\r\n");
}

std::string response_head(const Response& r, bool keep_alive, std::optional<uint64_t> length,
                          bool chunked) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(r.status)));
  std::string out;
  out.reserve(512);
  out.append("HTTP/1.1 ")
      .append(std::to_string(r.status))
      .append(" ")
      .append(reason)
      .append("\r\n");
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    append_line(value, &out);
  };
  add("Date", http_date());
  if (!r.content_type.empty()) {
    add("Content-Type", r.content_type);
    add("X-Content-Type-Options", "nosniff");
  }
  bool cache_said = false;
  for (const auto& [name, value] : r.headers) {
    add(name, value);
    cache_said |= name == "Cache-Control";
  }
  if (!cache_said) add("Cache-Control", "no-store");
  if (chunked) {
    add("Transfer-Encoding", "chunked");
  } else if (length && r.status != 204 && r.status != 304) {
    add("Content-Length", std::to_string(*length));
  }
  add("Connection", keep_alive ? "keep-alive" : "close");
  out.append("\r\n");
  return out;
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpShared> shared, asio::ip::tcp::socket socket)
    : shared_(std::move(shared)),
      stream_(std::move(socket), shared_->tls),
      watchdog_(stream_.get_executor()),
      buffer_(shared_->options.header_bytes_max + 2 * kReadBytes) {
  error_code ec;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ec);
  const auto endpoint = stream_.socket().remote_endpoint(ec);
  peer_ = ec ? "unknown" : endpoint.address().to_string();
  shared_->open.insert(this);
  ++shared_->figures.connections;
}

HttpConnection::~HttpConnection() {
  release_reserved();
  shared_->open.erase(this);
  --shared_->figures.connections;
}

// One timer a connection, re-armed only when it fires: an operation just moves the deadline.
void HttpConnection::set_deadline(int64_t after_ms) {
  deadline_ = after_ms == 0 ? INT64_MAX : mono_now_ms() + after_ms;
  if (deadline_ != INT64_MAX) arm_watchdog();
}

void HttpConnection::arm_watchdog() {
  const MonoMs fires_at =
      watchdog_armed_ ? mono_now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(
                                            watchdog_.expiry() - std::chrono::steady_clock::now())
                                            .count()
                      : INT64_MAX;
  if (fires_at <= deadline_) return;
  watchdog_armed_ = true;
  watchdog_.expires_after(
      std::chrono::milliseconds(std::max<int64_t>(1, deadline_ - mono_now_ms())));
  watchdog_.async_wait([weak = weak_from_this()](error_code ec) {
    const auto self = weak.lock();
    if (!self || ec) return;
    self->watchdog_armed_ = false;
    if (self->deadline_ == INT64_MAX) return;
    if (mono_now_ms() < self->deadline_) return self->arm_watchdog();
    self->timed_out_ = true;
    error_code ignored;
    self->stream_.socket().cancel(ignored);
  });
}

bool HttpConnection::reserve(uint64_t bytes) {
  HttpFigures& figures = shared_->figures;
  if (figures.inflight_bytes + bytes > shared_->options.inflight_bytes_max) return false;
  figures.inflight_bytes += bytes;
  reserved_ += bytes;
  return true;
}

void HttpConnection::release_reserved() {
  shared_->figures.inflight_bytes -= reserved_;
  reserved_ = 0;
}

void HttpConnection::close() {
  broken_ = true;
  error_code ignored;
  stream_.socket().close(ignored);
  watchdog_.cancel();
}

void HttpConnection::end_if_idle() {
  if (idle_ && buffer_.size() == 0) close();
}

// A client that says nothing, or nonsense, gets no answer: there is no channel for one yet.
Task<bool> HttpConnection::shake_hands() {
  if (!stream_.encrypted()) co_return true;
  set_deadline(shared_->options.header_timeout_ms);
  error_code ec;
  co_await stream_.async_handshake(asio::redirect_error(asio::use_awaitable, ec));
  set_deadline(0);
  if (ec) ++(timed_out_ ? shared_->figures.timed_out : shared_->figures.refused_handshakes);
  co_return !ec;
}

Task<void> HttpConnection::run() {
  if (!co_await shake_hands()) co_return close();
  for (;;) {
    const Outcome outcome = co_await serve_one();
    release_reserved();
    if (outcome == Outcome::kOk) continue;
    if (outcome == Outcome::kAnswered) co_await linger();
    break;
  }
  close();
}

Task<void> HttpConnection::turn_away() {
  if (stream_.encrypted()) co_return close();  // a handshake is what there is no room for
  const Request none;
  Response response = problem_response({"unavailable", "too many connections", ""}, 1000);
  response.close = true;
  co_await write_response(none, response);
  co_await linger();
  close();
}

// What a refused client still sends is read for a moment, so that it sees our answer and not a
// reset of the connection (RFC 9112, 9.6).
Task<void> HttpConnection::linger() {
  error_code ec;
  if (broken_ || timed_out_) co_return;
  set_deadline(kLingerMs);
  if (stream_.encrypted()) {
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
    co_return set_deadline(0);
  }
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  buffer_.consume(buffer_.size());
  uint64_t bytes = 0;
  while (!ec && bytes < kLingerBytes) {
    const auto space = buffer_.prepare(kReadBytes);
    bytes += co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
  }
  set_deadline(0);
}

// Errors have names here and everywhere before co_await: GCC 12 destroys what is made of braces
// within such an expression twice.
Task<HttpConnection::Outcome> HttpConnection::refuse(const Request& request, const Error& error) {
  Response response = problem_response(error);
  response.close = true;
  const bool written = co_await write_response(request, response);
  shared_->app.record(request, response.status, response_bytes_, 0);
  co_return written ? Outcome::kAnswered : Outcome::kClosed;
}

Task<HttpConnection::Outcome> HttpConnection::read_head(Request* request) {
  const HttpServerOptions& options = shared_->options;
  bool begun = buffer_.size() > 0;
  idle_ = !begun;
  set_deadline(begun ? options.header_timeout_ms : options.idle_timeout_ms);
  // Bytes that need not be looked at again: a head that comes in crumbs costs what a whole one
  // does.
  size_t judged = 0;
  for (;;) {
    std::string_view bytes(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    // RFC 9112, 2.2: empty lines before a request line are ignored.
    while (bytes.starts_with("\r\n")) {
      buffer_.consume(2);
      bytes.remove_prefix(2);
      judged = 0;
    }
    const size_t end = bytes.find("\r\n\r\n", judged < 3 ? 0 : judged - 3);
    const size_t head_size = end == bytes.npos ? bytes.size() : end + 4;
    Error error;
    if (head_size > options.header_bytes_max) {
      error = {"header_too_large",
               "more than " + std::to_string(options.header_bytes_max) + " bytes of headers", ""};
    } else if (!head_may_go_on(bytes.substr(0, head_size), judged)) {
      error = {"bad_request", "a bare CR, LF or NUL in the head of the request", ""};
    } else if (end != bytes.npos) {
      Result<Request> parsed = parse_head(bytes.substr(0, head_size));
      if (parsed) {
        *request = std::move(*parsed);
        request->peer = peer_;
        set_deadline(0);
        co_return Outcome::kOk;
      }
      error = parsed.error();
    }
    if (!error.code.empty()) {
      ++shared_->figures.refused_heads;
      co_return co_await refuse(*request, error);
    }
    judged = bytes.size();
    error_code ec;
    const auto space = buffer_.prepare(8 << 10);
    const size_t n =
        co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, ec));
    buffer_.commit(n);
    shared_->figures.bytes_in += n;
    if (timed_out_ && begun) {
      timed_out_ = false;
      ++shared_->figures.timed_out;
      const Error slow{"request_timeout", "the headers came too slowly", ""};
      co_return co_await refuse(*request, slow);
    }
    if (ec) co_return Outcome::kClosed;
    if (!begun && n > 0) {
      begun = true;
      idle_ = false;
      set_deadline(options.header_timeout_ms);
    }
  }
}

// Beast decodes the body; the head, already judged, only tells it the framing.
Task<HttpConnection::Outcome> HttpConnection::read_body(Request* request, uint64_t bytes_max) {
  const HttpServerOptions& options = shared_->options;
  const Error too_large{
      "too_large", "the body may have at most " + std::to_string(bytes_max) + " bytes here", ""};
  if (request->content_length.value_or(0) > bytes_max) {
    co_return co_await refuse(*request, too_large);
  }
  error_code ec;
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<uint32_t>(options.header_bytes_max) + 1);
  parser.body_limit(bytes_max);
  buffer_.consume(parser.put(buffer_.data(), ec));
  if (ec == http::error::need_more) ec = {};
  if (ec || !parser.is_header_done()) {
    ++shared_->figures.refused_heads;
    const Error unreadable{"bad_request", "the head cannot be read", ""};
    co_return co_await refuse(*request, unreadable);
  }
  if (request->expect_continue && !parser.is_done() && buffer_.size() == 0) {
    if (!co_await write_bytes("HTTP/1.1 100 Continue\r\n\r\n")) co_return Outcome::kClosed;
  }
  const MonoMs begun_at = mono_now_ms();
  uint64_t received = 0;
  while (!parser.is_done()) {
    const int64_t allowed_ms =
        options.body_timeout_ms + static_cast<int64_t>(received * 1000 / options.rate_min);
    set_deadline(std::max<int64_t>(1, begun_at + allowed_ms - mono_now_ms()));
    const size_t n = co_await http::async_read_some(stream_, buffer_, parser,
                                                    asio::redirect_error(asio::use_awaitable, ec));
    received += n;
    shared_->figures.bytes_in += n;
    if (timed_out_) {
      timed_out_ = false;
      ++shared_->figures.timed_out;
      const Error slow{"request_timeout", "the body came too slowly", ""};
      co_return co_await refuse(*request, slow);
    }
    if (ec == http::error::body_limit) co_return co_await refuse(*request, too_large);
    if (ec == http::error::partial_message || ec == http::error::end_of_stream ||
        ec == asio::error::eof || (ec && ec.category() == asio::error::get_system_category())) {
      co_return Outcome::kClosed;
    }
    if (ec) {
      const Error unreadable{"bad_request", "the body cannot be read: " + ec.message(), ""};
      co_return co_await refuse(*request, unreadable);
    }
    if (!reserve(n)) {
      const Error crowded{"unavailable", "too many bodies at a time; try again", ""};
      co_return co_await refuse(*request, crowded);
    }
  }
  set_deadline(0);
  request->body = std::move(parser.get().body());
  co_return Outcome::kOk;
}

Task<HttpConnection::Outcome> HttpConnection::serve_one() {
  Request request;
  response_bytes_ = 0;
  Outcome outcome = co_await read_head(&request);
  if (outcome != Outcome::kOk) co_return outcome;
  const auto begun_at = std::chrono::steady_clock::now();
  const bool has_body = request.chunked || request.content_length.value_or(0) > 0;
  uint64_t body_bytes_max = 0;
  if (shared_->app.must_ask(request)) co_await shared_->app.ask(request);
  std::optional<Response> response = shared_->app.admit(request, &body_bytes_max);
  token_id_ = response ? "" : request.token_id;
  if (response && has_body) response->close = true;  // the body stays unread
  if (!response) {
    outcome = co_await read_body(&request, body_bytes_max);
    if (outcome != Outcome::kOk) co_return outcome;
    response = co_await shared_->app.serve(request);
  } else if (!has_body) {
    uint64_t head_end = 0;
    const std::string_view bytes(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    head_end = bytes.find("\r\n\r\n") + 4;
    buffer_.consume(head_end);
  }
  if (shared_->stopping) response->close = true;
  const bool written = co_await write_response(request, *response);
  const auto took = std::chrono::steady_clock::now() - begun_at;
  shared_->app.record(request, response->status, response_bytes_,
                      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  token_id_.clear();
  if (!written) co_return Outcome::kClosed;
  co_return response->close || !request.keep_alive ? Outcome::kAnswered : Outcome::kOk;
}

Task<bool> HttpConnection::write_bytes(std::string_view bytes) {
  if (broken_) co_return false;
  const HttpServerOptions& options = shared_->options;
  set_deadline(options.body_timeout_ms +
               static_cast<int64_t>(bytes.size() * 1000 / options.rate_min));
  error_code ec;
  const size_t n = co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                                              asio::redirect_error(asio::use_awaitable, ec));
  set_deadline(0);
  shared_->figures.bytes_out += n;
  response_bytes_ += n;
  if (timed_out_) ++shared_->figures.timed_out;
  if (ec) broken_ = true;
  co_return !ec;
}

Task<bool> HttpConnection::write_response(const Request& request, Response& response) {
  const bool keep_alive = request.keep_alive && !response.close;
  if (response.stream) {
    const bool chunked = !response.stream_length && request.http11;
    const bool delimited = chunked || response.stream_length.has_value();
    if (!delimited) response.close = true;
    const std::string head =
        response_head(response, keep_alive && delimited, response.stream_length, chunked);
    chunked_out_ = chunked;
    co_return co_await write_streamed(request, response, head);
  }
  std::string bytes = response_head(response, keep_alive, response.body.size(), false);
  if (request.method != "HEAD") bytes += response.body;
  co_return co_await write_bytes(bytes);
}

Task<bool> HttpConnection::write_streamed(const Request& request, Response& response,
                                          const std::string& head) {
  if (!co_await write_bytes(head)) co_return false;
  if (request.method == "HEAD") co_return true;
  const uint64_t before = response_bytes_;
  co_await response.stream(*this);
  // A stream that ended short of its length must not be taken for a whole one.
  const bool whole = !response.stream_length || response_bytes_ - before == *response.stream_length;
  if (broken_ || !whole) co_return false;
  if (chunked_out_) co_return co_await write_bytes("0\r\n\r\n");
  co_return true;
}

Task<bool> HttpConnection::write(std::string_view bytes) {
  if (broken_) co_return false;
  if (bytes.empty()) co_return true;
  if (!chunked_out_) co_return co_await write_bytes(bytes);
  char size[32];
  const int n = snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  std::string chunk;
  chunk.reserve(bytes.size() + 32);
  chunk.append(size, static_cast<size_t>(n)).append(bytes).append("\r\n");
  co_return co_await write_bytes(chunk);
}

}  // namespace ghost::relay
