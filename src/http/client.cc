#include "http/client.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

namespace ghost::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

template <typename Message>
Response head_of(const Message& message) {
  Response out;
  out.status = message.result_int();
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    out.headers[name] = std::string(field.value());
  }
  return out;
}

bool is_repeatable(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

}  // namespace

const std::string& Response::header(const std::string& name) const {
  static const std::string kNone;
  const auto at = headers.find(name);
  return at == headers.end() ? kNone : at->second;
}

struct Client::Impl {
  Impl(BaseUrl b, ClientOptions o) : base(std::move(b)), options(std::move(o)), stream(context) {}

  BaseUrl base;
  ClientOptions options;
  asio::io_context context{1};
  beast::tcp_stream stream;
  asio::ssl::context trust{asio::ssl::context::tls_client};
  bool trust_loaded = false;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> tls;  // while connected, for https
  beast::flat_buffer buffer;
  bool connected = false;
  bool woken = false;

  // Starts an operation by `begin(handler)` and runs the loop until it has ended. `cancel` stops it
  // when the wake descriptor becomes readable.
  template <typename Begin, typename Cancel>
  error_code run(Begin begin, Cancel cancel, const Request* request = nullptr) {
    error_code result;
    bool done = false;
    asio::steady_timer timer(context);
    std::function<void()> tick = [&] {
      timer.expires_after(std::chrono::milliseconds(request->tick_ms));
      timer.async_wait([&](error_code e) {
        if (e || done) return;
        request->on_tick();
        tick();
      });
    };
    if (request != nullptr && request->on_tick) tick();
    asio::posix::stream_descriptor wake(context);
    if (options.wake_fd >= 0) {
      wake.assign(options.wake_fd);
      wake.async_wait(asio::posix::stream_descriptor::wait_read, [&](error_code e) {
        if (e || done) return;
        woken = true;
        cancel();
      });
    }
    begin([&](error_code e, const auto&...) {
      result = e;
      done = true;
      timer.cancel();
      if (wake.is_open()) wake.release();
    });
    context.restart();
    context.run();
    return result;
  }

  Error describe(const error_code& e, const std::string& doing) const {
    if (woken) return {"stopping", "interrupted", ""};
    if (e == beast::error::timeout) {
      return {"timeout", doing + " " + base.authority() + ": nothing came in time", ""};
    }
    if (e == bhttp::error::body_limit) {
      return {"too_large", base.authority() + " answered with more than is taken", ""};
    }
    if (e.category() == make_error_code(bhttp::error::bad_version).category() &&
        e != bhttp::error::end_of_stream && e != bhttp::error::partial_message) {
      return {"bad_request", base.authority() + " does not answer in HTTP: " + e.message(), ""};
    }
    const bool cut = e == bhttp::error::end_of_stream || e == bhttp::error::partial_message ||
                     e == asio::ssl::error::stream_truncated;
    return {"io_error",
            doing + " " + base.authority() + ": " +
                (cut ? std::string("the connection was closed") : e.message()),
            ""};
  }

  void close() {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream.socket().close(ignored);
    tls.reset();
    buffer.clear();
    connected = false;
  }

  Status connect() {
    tcp::resolver resolver(context);
    tcp::resolver::results_type found;
    error_code e = run(
        [&](auto handler) {
          resolver.async_resolve(base.host, base.port,
                                 [&found, handler](error_code code, auto results) mutable {
                                   found = results;
                                   handler(code);
                                 });
        },
        [&] { resolver.cancel(); });
    if (!e) {
      stream.expires_after(std::chrono::milliseconds(options.connect_ms));
      e = run([&](auto handler) { stream.async_connect(found, handler); },
              [&] { stream.cancel(); });
    }
    if (woken) return Error{"stopping", "interrupted", ""};
    if (e) {
      close();
      return Error{"unavailable",
                   "connect to " + base.authority() + ": " +
                       (e == beast::error::timeout ? "no answer" : e.message()),
                   ""};
    }
    stream.socket().set_option(tcp::no_delay(true), e);
    if (base.tls) {
      if (Status safe = shake_hands(); !safe) {
        close();
        return safe;
      }
    }
    connected = true;
    return ok_status();
  }

  Status load_trust() {
    if (std::exchange(trust_loaded, true)) return ok_status();
    error_code e;
    SSL_CTX_set_min_proto_version(trust.native_handle(), TLS1_2_VERSION);
    trust.set_verify_mode(asio::ssl::verify_peer, e);
    if (options.ca_file.empty()) {
      trust.set_default_verify_paths(e);
    } else {
      trust.load_verify_file(options.ca_file, e);
    }
    if (!e) return ok_status();
    return Error{"bad_field",
                 "certificates " + (options.ca_file.empty() ? "of the system" : options.ca_file) +
                     ": " + e.message(),
                 "ca-file"};
  }

  // The service must prove the name, or address, of the URL (RFC 9110, 4.3.4).
  Status shake_hands() {
    if (Status loaded = load_trust(); !loaded) return loaded;
    tls.emplace(stream, trust);
    error_code e;
    tls->set_verify_callback(asio::ssl::host_name_verification(base.host), e);
    // A name is said beforehand, so that a service of many has the right certificate (RFC 6066).
    asio::ip::make_address(base.host, e);
    if (e) SSL_set_tlsext_host_name(tls->native_handle(), base.host.c_str());
    stream.expires_after(std::chrono::milliseconds(options.connect_ms));
    e = run([&](auto handler) { tls->async_handshake(asio::ssl::stream_base::client, handler); },
            [&] { stream.cancel(); });
    if (woken) return Error{"stopping", "interrupted", ""};
    if (!e) return ok_status();
    const long verdict = SSL_get_verify_result(tls->native_handle());
    const std::string why = verdict != X509_V_OK         ? X509_verify_cert_error_string(verdict)
                            : e == beast::error::timeout ? "no answer"
                                                         : e.message();
    return Error{"unavailable", "TLS with " + base.authority() + ": " + why, ""};
  }

  bhttp::request<bhttp::string_body> make(const Request& r) const {
    bhttp::request<bhttp::string_body> out;
    out.method_string(r.method);
    out.target(base.path + r.target);
    out.version(11);
    out.set(bhttp::field::host, base.authority());
    out.set(bhttp::field::user_agent, options.user_agent);
    if (!options.token.empty()) out.set(bhttp::field::authorization, "Bearer " + options.token);
    for (const auto& [name, value] : r.headers) out.set(name, value);
    out.body() = r.body;
    if (!r.body.empty() || r.method == "POST" || r.method == "PUT" || r.method == "PATCH") {
      out.content_length(r.body.size());
    }
    return out;
  }

  void set_deadline(const Request& r) {
    int64_t ms = r.idle_ms;
    if (r.until_ms != 0) ms = std::clamp<int64_t>(r.until_ms - mono_now_ms(), 0, ms);
    stream.expires_after(std::chrono::milliseconds(ms));
  }

  error_code write(const Request& r) {
    auto message = make(r);
    bhttp::request_serializer<bhttp::string_body> serializer(message);
    error_code e;
    while (!serializer.is_done() &&
           !e) {  // piece by piece: a large body on a slow line is no stall
      set_deadline(r);
      e = run(
          [&](auto handler) {
            tls ? bhttp::async_write_some(*tls, serializer, handler)
                : bhttp::async_write_some(stream, serializer, handler);
          },
          [&] { stream.cancel(); });
    }
    return e;
  }

  template <typename Parser>
  error_code read_some(const Request& r, Parser& parser) {
    set_deadline(r);
    return run(
        [&](auto handler) {
          tls ? bhttp::async_read_some(*tls, buffer, parser, handler)
              : bhttp::async_read_some(stream, buffer, parser, handler);
        },
        [&] { stream.cancel(); }, &r);
  }

  Result<Response> read_whole(const Request& r, error_code* code) {
    bhttp::response_parser<bhttp::string_body> parser;
    parser.body_limit(options.body_bytes_max);
    if (r.method == "HEAD") parser.skip(true);
    while (!parser.is_done()) {
      if (*code = read_some(r, parser); *code) {
        const bool nothing_came = !parser.got_some();
        const Error error = describe(*code, "read from");
        close();
        if (!nothing_came) *code = {};
        return error;
      }
    }
    Response out = head_of(parser.get());
    out.body = std::move(parser.get().body());
    if (!parser.keep_alive()) close();
    return out;
  }

  // One try; *stale when a kept connection turned out to be closed before any byte of an answer.
  Result<Response> attempt(const Request& r, bool* stale) {
    const bool kept = connected;
    *stale = false;
    if (!connected) {
      if (Status done = connect(); !done) return done.error();
    }
    if (const error_code e = write(r);
        e && e != asio::error::broken_pipe && e != asio::error::connection_reset) {
      const Error error = describe(e, "send to");
      close();
      return error;
    }
    // After a broken write an early answer (413, say) may still wait to be read.
    error_code code;
    auto out = read_whole(r, &code);
    *stale = kept && !out && !woken && code && code != beast::error::timeout;
    return out;
  }
};

Client::Client(BaseUrl base, ClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(base), std::move(options))) {}

Client::~Client() = default;

Result<Response> Client::send(const Request& request) {
  bool stale = false;
  auto out = impl_->attempt(request, &stale);
  if (stale && is_repeatable(request.method)) out = impl_->attempt(request, &stale);
  return out;
}

Result<Response> Client::stream(const Request& request,
                                const std::function<bool(std::string_view)>& on_piece) {
  Impl& m = *impl_;
  if (m.connected) m.close();
  if (Status done = m.connect(); !done) return done.error();
  auto failed = [&](const error_code& e, const char* doing) {
    const Error error = m.describe(e, doing);
    m.close();
    return error;
  };
  if (const error_code e = m.write(request)) return failed(e, "send to");
  bhttp::response_parser<bhttp::buffer_body> parser;
  parser.body_limit(boost::none);
  while (!parser.is_header_done()) {
    if (const error_code e = m.read_some(request, parser); e && e != bhttp::error::need_buffer) {
      return failed(e, "read from");
    }
  }
  Response out = head_of(parser.get());
  char piece[16384];
  bool wanted = true;
  while (wanted && !parser.is_done()) {
    auto& body = parser.get().body();
    body.data = piece;
    body.size = sizeof piece;
    body.more = true;
    const error_code e = m.read_some(request, parser);
    if (e && e != bhttp::error::need_buffer) return failed(e, "read from");
    const std::string_view got(piece, sizeof piece - body.size);
    if (out.ok()) {
      wanted = got.empty() || on_piece(got);
    } else if (out.body.size() + got.size() <= m.options.body_bytes_max) {
      out.body += got;
    }
  }
  m.close();
  return out;
}

}  // namespace ghost::http
