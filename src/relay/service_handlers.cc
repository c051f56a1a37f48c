// What the relay says of itself: health, metrics, limits, contract.
#include "relay/handlers.h"
#include "relay/openapi.h"
#include "relay/query.h"

namespace ghost::relay {
namespace {

http::JsonObject own_limits(const RelayOptions& o) {
  return {{"header-bytes-max", o.header_bytes_max},
          {"body-bytes-max", o.body_bytes_max},
          {"payload-bytes-max", o.payload_bytes_max},
          {"inflight-bytes-max", o.inflight_bytes_max},
          {"connections-max", o.connections_max},
          {"watches-max", o.watches_max},
          {"header-timeout-ms", o.header_timeout_ms},
          {"idle-timeout-ms", o.idle_timeout_ms},
          {"body-timeout-ms", o.body_timeout_ms},
          {"rate-min", o.rate_min},
          {"wait-ms-max", o.wait_ms_max},
          {"broker-timeout-ms", o.broker_timeout_ms},
          {"broker-silence-ms", o.broker_silence_ms},
          {"keepalive-ms", o.keepalive_ms},
          {"stop-ms", o.stop_ms},
          {"registry-ttl-ms", o.registry_ttl_ms}};
}

// What a job can count on whichever runner takes it: the least of those that are there.
http::JsonObject least_limits(const wire::Runners& runners) {
  std::map<std::string, uint64_t> least;
  for (const wire::RunnerView& runner : runners.items) {
    if (runner.state == wire::InstanceState::kLost) continue;
    for (const auto& [name, value] : runner.limits) {
      const auto at = least.emplace(name, value).first;
      at->second = std::min(at->second, value);
    }
  }
  http::JsonObject out;
  for (const auto& [name, value] : least) out[name] = value;
  return out;
}

}  // namespace

Task<Response> get_limits(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Stats> stats = co_await context.link.ask<wire::Stats>(wire::GetStats{});
  if (!stats.ok()) co_return stats.problem();
  Answered<wire::Runners> runners = co_await context.link.ask<wire::Runners>(wire::ListRunners{});
  if (!runners.ok()) co_return runners.problem();
  http::JsonObject broker;
  for (const auto& [name, value] : stats.value->limits) broker[name] = value;
  const http::JsonObject request_defaults{{"gate-timeout-ms", wire::Gate{}.timeout_ms},
                                          {"max-attempts", wire::PatchRequest{}.max_attempts}};
  co_return json_response(200, http::JsonObject{{"request", request_defaults},
                                                {"relay", own_limits(context.options)},
                                                {"broker", std::move(broker)},
                                                {"runner", least_limits(*runners.value)}});
}

// Never depends on the broker: a relay without one need not be restarted.
Task<Response> get_livez(RelayContext&, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  co_return text_response(200, "ok\n");
}

Task<Response> get_readyz(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (context.stopping) co_return problem_response({"stopping", "the relay is stopping", ""});
  if (!context.link.alive()) {
    co_return problem_response({"unavailable", "the broker does not answer", ""});
  }
  co_return text_response(200, "ok\n");
}

Task<Response> get_metrics(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  std::vector<wire::Metric> samples = context.metrics.samples(
      context.http_figures(), context.link.figures(), context.link.alive(), context.watches);
  // Without the broker the relay's own samples still come: ghost_relay_broker_up says why.
  for (const auto& [reason, count] : context.auth.refusals()) {
    samples.push_back({"ghost_relay_calls_refused_total",
                       "Calls refused for want of a token, scope, rate or quota.",
                       wire::MetricType::kCounter,
                       {{"reason", reason}},
                       static_cast<double>(count)});
  }
  Answered<wire::Stats> stats = co_await context.link.ask<wire::Stats>(wire::GetStats{});
  if (stats.ok()) {
    for (wire::Metric& sample : stats.value->metrics) samples.push_back(std::move(sample));
  }
  Response out = text_response(200, prometheus_text(samples));
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  co_return out;
}

Task<Response> get_openapi(RelayContext&, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Response out;
  out.content_type = "application/json";
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.body = std::string(openapi_json());
  co_return out;
}

Task<Response> get_root(RelayContext&, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  co_return json_response(200, http::JsonObject{{"service", "ghost-relay"},
                                                {"version", GHOST_VERSION},
                                                {"contract", "/openapi.json"},
                                                {"patches", "/v1/patches"}});
}

}  // namespace ghost::relay
