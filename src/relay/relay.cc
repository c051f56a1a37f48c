#include "relay/relay.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ids.h"
#include "base/log.h"
#include "base/notify.h"
#include "relay/routes.h"

namespace ghost::relay {
namespace {

namespace asio = boost::asio;

constexpr int64_t kLeaveMs = 1'000;   // for the goodbye to the registry
constexpr int64_t kDrainPollMs = 20;  // while connections end
constexpr int64_t kAskAgainMs = 500;

BrokerLinkOptions link_options(const RelayOptions& o, wire::BrokerAddress broker) {
  BrokerLinkOptions out;
  out.broker = std::move(broker);
  out.join_file = o.join_file;
  out.program = "ghost-relay/" GHOST_VERSION;
  out.timeout_ms = o.broker_timeout_ms;
  out.silence_ms = o.broker_silence_ms;
  return out;
}

HttpServerOptions server_options(const RelayOptions& o) {
  const ListenAddress address = parse_listen_address(o.http).value();
  HttpServerOptions out;
  out.host = address.host;
  out.port = address.port;
  out.header_bytes_max = static_cast<uint64_t>(o.header_bytes_max);
  out.inflight_bytes_max = static_cast<uint64_t>(o.inflight_bytes_max);
  out.connections_max = static_cast<uint64_t>(o.connections_max);
  out.header_timeout_ms = o.header_timeout_ms;
  out.idle_timeout_ms = o.idle_timeout_ms;
  out.body_timeout_ms = o.body_timeout_ms;
  out.tls_cert = o.tls_cert;
  out.tls_key = o.tls_key;
  out.rate_min = static_cast<uint64_t>(o.rate_min);
  return out;
}

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

std::string shown(const Request& request) {
  return log::escape_control(request.path.substr(0, 200));
}

}  // namespace

Relay::Relay(asio::io_context& loop, RelayOptions options, wire::BrokerAddress broker)
    : loop_(loop),
      options_(std::move(options)),
      beyond_loopback_(!parse_listen_address(options_.http).value().loopback),
      link_(loop.get_executor(), link_options(options_, std::move(broker))),
      auth_(link_, beyond_loopback_),
      server_(loop.get_executor(), server_options(options_), *this),
      context_{options_, link_, auth_, metrics_, [this] { return server_.figures(); }},
      renewal_(loop) {}

Relay::~Relay() = default;

void Relay::spawn(Task<void> task, const char* name) {
  asio::co_spawn(loop_, std::move(task), [name](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log::error("task failed", {{"task", name}, {"error", e.what()}});
    }
  });
}

Status Relay::listen() {
  if (Status s = server_.listen(); !s) return s;
  const ListenAddress address = parse_listen_address(options_.http).value();
  const bool v6 = address.host.find(':') != address.host.npos;
  url_ = scheme() + "://" + (v6 ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(server_.port());
  if (beyond_loopback_ && options_.tls_cert.empty()) {
    log::warn("tokens and patches travel in clear beyond this host: use --tls-cert, or a proxy");
  }
  log::info("listening", {{"http", url_}, {"broker", options_.broker}});
  spawn(keep_registered(), "registry");
  spawn(auth_.keep_fresh(
            context_.stopping, [this] { return server_.tokens_in_use(); },
            [this](const std::string& id) { server_.close_token(id); }),
        "tokens");
  return ok_status();
}

// A stranger must find no open door, not even for the moment until the broker is heard.
Task<void> Relay::open_beyond_loopback() {
  Status opened = ok_status();
  while (!context_.stopping) {
    co_await link_.first_contact();
    const Result<bool> has_tokens = co_await auth_.farm_has_tokens();
    if (context_.stopping) co_return;
    if (!has_tokens) {
      co_await pause_ms(kAskAgainMs);
      continue;
    }
    if (*has_tokens) {
      opened = listen();
    } else {
      opened = Error{"bad_config",
                     "--http " + options_.http +
                         " can be reached from other hosts, and the farm has no bearer token: make "
                         "one on the broker's host with `ghost token create NAME --scope admin "
                         "--keys DIR` (DIR is the broker's key folder), or listen on 127.0.0.1",
                     "http"};
    }
    break;
  }
  if (opened) co_return;
  outcome_ = opened;
  stop();
}

Status Relay::start() {
  if (Status s = link_.connect(); !s) return s;
  if (beyond_loopback_) {
    log::info("asking the broker for bearer tokens before it listens", {{"http", options_.http}});
    spawn(open_beyond_loopback(), "listen");
  } else if (Status s = listen(); !s) {
    return s;
  }
  if (const auto interval_ms = notify::watchdog_interval_ms()) {
    spawn(keep_watchdog(*interval_ms), "watchdog");
  }
  return ok_status();
}

std::string Relay::scheme() const {
  return options_.tls_cert.empty() ? "http" : "https";
}

void Relay::reload() {
  if (Status s = server_.reload(); !s) {
    log::error("certificate not read again: the present one stays", {{"error", s.error().message}});
    return;
  }
  log::info("certificate read again", {{"file", options_.tls_cert}});
}

wire::Instance Relay::own_instance() const {
  wire::Instance out;
  out.service = "ghost-relay";
  out.host = host_name();
  out.instance = options_.name;
  if (out.instance.empty()) {
    std::string host = out.host;
    for (char& c : host) {
      if (!is_name(std::string(1, c)) && c != '.' && c != '-' && c != '_') c = '-';
    }
    out.instance = "relay-" + host.substr(0, 100) + "-" + std::to_string(server_.port());
  }
  std::string url = options_.advertise.empty() ? url_ : options_.advertise;
  for (const std::string& any : {scheme() + "://0.0.0.0:", scheme() + "://[::]:"}) {
    if (url.starts_with(any)) url = scheme() + "://" + out.host + url.substr(any.size() - 1);
  }
  out.endpoints["http"] = url;
  out.capacity = static_cast<uint64_t>(std::min<int64_t>(options_.connections_max, 1'000'000));
  out.version = GHOST_VERSION;
  out.ttl_ms = static_cast<uint64_t>(options_.registry_ttl_ms);
  return out;
}

Task<void> Relay::keep_registered() {
  co_await link_.first_contact();
  if (context_.stopping) co_return;
  notify::ready({{"HTTP", url_}});
  bool failed = false;
  while (!context_.stopping) {
    wire::PutInstance question{own_instance()};
    Answered<wire::InstancePut> answer = co_await link_.ask<wire::InstancePut>(std::move(question));
    if (context_.stopping) break;
    registered_ = registered_ || answer.ok();
    if (!answer.ok() && !failed) {
      log::warn("not in the registry", {{"error", answer.value.error().message}});
    }
    failed = !answer.ok();
    boost::system::error_code ec;
    renewal_.expires_after(
        std::chrono::milliseconds(failed ? std::min<int64_t>(1000, options_.registry_ttl_ms / 3)
                                         : options_.registry_ttl_ms / 3));
    co_await renewal_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
}

Task<void> Relay::keep_watchdog(int64_t interval_ms) {
  while (!context_.stopping) {
    notify::watchdog();
    co_await pause_ms(interval_ms);
  }
}

void Relay::stop() {
  if (std::exchange(context_.stopping, true)) {
    loop_.stop();
    return;
  }
  log::info("stopping", {});
  notify::stopping();
  server_.stop_accepting();
  link_.end_waits();
  renewal_.cancel();
  spawn(wind_down(), "stop");
}

Task<void> Relay::wind_down() {
  const MonoMs until = mono_now_ms() + options_.stop_ms;
  // The registry forgets us while the last responses are written.
  const wire::Instance self = own_instance();
  bool left = !registered_ || !link_.alive();
  if (!left) {
    spawn(
        [](BrokerLink& link, wire::Instance instance, bool* done) -> Task<void> {
          wire::DeleteInstance question{instance.service, instance.instance};
          co_await link.ask<wire::Done>(std::move(question));
          *done = true;
        }(link_, self, &left),
        "leave");
  }
  const MonoMs leave_until = mono_now_ms() + kLeaveMs;
  for (;;) {
    const MonoMs now = mono_now_ms();
    const bool ended = server_.figures().connections == 0 || now >= until;
    if (ended && (left || now >= leave_until)) break;
    co_await pause_ms(kDrainPollMs);
  }
  const size_t cut = server_.figures().connections;
  if (cut > 0) log::warn("connections cut at stop", {{"count", cut}});
  loop_.stop();
}

std::optional<Response> Relay::admit(Request& request, uint64_t* body_bytes_max) {
  if (request.path == "*") {
    Response out = empty_response(204);
    out.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return out;
  }
  RouteMatch match = find_route(request.method, request.target.segments);
  request.params = std::move(match.params);
  const bool open = match.route != nullptr && match.route->open;
  if (!open) {
    if (Status s = auth_.check(request); !s) return problem_response(s.error());
    if (match.route != nullptr) {
      uint64_t retry_after_ms = 0;
      if (Status s = auth_.allows(request, match.route->scope, &retry_after_ms); !s) {
        Response out = problem_response(s.error(), retry_after_ms);
        auth_.tell_rate(request, &out);
        return out;
      }
    }
  }
  if (match.allow.empty()) {
    return problem_response({"not_found", "nothing at " + shown(request), ""});
  }
  if (match.route == nullptr) {
    Response out = request.method == "OPTIONS"
                       ? empty_response(204)
                       : problem_response({"method_not_allowed",
                                           request.method.substr(0, 40) + " is not offered at " +
                                               shown(request) + ", only " + match.allow,
                                           ""});
    out.headers.emplace_back("Allow", match.allow);
    return out;
  }
  request.route = match.route;
  switch (match.route->body) {
    case Body::kNone:
      *body_bytes_max = 0;
      break;
    case Body::kSmall:
      *body_bytes_max = kSmallBodyBytesMax;
      break;
    case Body::kPatch:
      *body_bytes_max = static_cast<uint64_t>(options_.body_bytes_max);
      break;
  }
  return std::nullopt;
}

Task<Response> Relay::serve(Request& request) {
  std::string failure;
  try {
    Response out = co_await request.route->handler(context_, request);
    auth_.tell_rate(request, &out);
    if (out.status == 403 || out.status == 413 || out.status == 429) {
      auth_.note_refusal(request, out.problem.code, out.problem.message);
    }
    co_return out;
  } catch (const std::exception& e) {
    failure = e.what();
  }
  log::error("request failed", {{"path", shown(request)}, {"error", failure}});
  co_return problem_response({"internal", "the relay failed over this request", ""});
}

void Relay::record(const Request& request, int status, uint64_t bytes_out, int64_t took_us) {
  const bool known = request.route != nullptr;
  metrics_.record(known ? "/" + std::string(request.route->pattern) : "none",
                  known ? request.method : "none", status, took_us);
  log::debug("request", {{"method", request.method.substr(0, 40)},
                         {"path", shown(request)},
                         {"status", status},
                         {"bytes", bytes_out},
                         {"us", took_us},
                         {"peer", request.peer}});
}

}  // namespace ghost::relay
