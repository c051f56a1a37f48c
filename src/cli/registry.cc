// ghost registry: list, resolve, next, put, delete, watch.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/tables.h"
#include "http/url.h"

namespace ghost::cli {
namespace {

constexpr int64_t kDefaultTtlMs = 15'000;
constexpr int64_t kWatchSeconds = 50;

std::string service_path(const std::string& service, const std::string& rest = "") {
  return "/v1/registry/" + http::percent_encode(service) + rest;
}

std::vector<std::string> instance_row(const http::Json& i) {
  return {safe_member(i, "service"),
          safe_member(i, "instance"),
          safe_member(i, "state"),
          number_member(i, "capacity"),
          age_member(i, "lastSeenAt") + " ago",
          safe_member(i, "host"),
          pairs_text(i, "endpoints"),
          pairs_text(i, "labels")};
}

const std::vector<std::string> kInstanceHead = {"SERVICE", "INSTANCE", "STATE",     "CAPACITY",
                                                "SEEN",    "HOST",     "ENDPOINTS", "LABELS"};

std::string list_target(const RegistryOptions& options, bool with_service) {
  http::Query query;
  if (with_service && !options.service.empty()) query.emplace_back("service", options.service);
  if (options.ready_only) query.emplace_back("ready", "true");
  return "/v1/registry" + (query.empty() ? "" : "?" + http::print_query(query));
}

Result<http::JsonObject> instance_body(const RegistryOptions& o) {
  auto endpoints = pairs_to_json(o.endpoints, "--endpoint");
  if (!endpoints) return endpoints.error();
  auto labels = pairs_to_json(o.labels, "--label");
  if (!labels) return labels.error();
  std::string host = o.host;
  if (host.empty()) {
    char name[256] = {};
    if (gethostname(name, sizeof name - 1) == 0) host = name;
  }
  http::JsonObject body{{"host", host}, {"endpoints", *endpoints}, {"labels", *labels}};
  if (!o.version.empty()) body["version"] = o.version;
  if (!o.state.empty()) body["state"] = o.state;
  if (o.capacity) body["capacity"] = *o.capacity;
  if (o.ttl_ms) body["ttlMs"] = *o.ttl_ms;
  return body;
}

// A repeated PUT is the heartbeat: three in the time after which the instance would be lost.
int keep_registered(Session& session, const RegistryOptions& options, const std::string& target,
                    const http::JsonObject& body) {
  session.catch_interrupts();
  const int64_t pause_ms = std::max<int64_t>(100, options.ttl_ms.value_or(kDefaultTtlMs) / 3);
  bool away = false;
  while (session.pause_ms(pause_ms)) {
    auto answer = session.call("PUT", target, body);
    if (session.interrupted()) break;
    if (!answer && !passes_by_itself(answer.error())) return session.fail(answer.error());
    if (!answer && !away) {
      std::cerr << "ghost: " << safe_line(answer.error().message) << "; trying again\n";
    }
    away = !answer;
  }
  // The interrupt ends requests of this session, so another one says the farewell.
  auto farewell = session.farewell("DELETE", target);
  if (!farewell) return session.fail(farewell.error());
  return kPassed;
}

}  // namespace

int run_registry_list(Session& session, const RegistryOptions& options) {
  return show_list(session, list_target(options, true), kInstanceHead, instance_row,
                   "no instances");
}

int run_registry_resolve(Session& session, const RegistryOptions& options) {
  auto answer = session.call("GET", service_path(options.service, "?ready=true"));
  if (!answer) return session.fail(answer.error());
  if (session.json()) {
    print_json_document(*answer);
  } else {
    std::string out;
    for (const http::Json& instance : items_of(*answer)) {
      const http::Json* endpoints = http::find_member(instance, "endpoints");
      if (endpoints == nullptr || !endpoints->is_object()) continue;
      for (const auto& [purpose, address] : endpoints->get_object()) {
        const std::string key(purpose.data(), purpose.size());
        out += safe_member(instance, "instance") + "\t" + safe_line(key) + "\t" +
               safe_line(http::get_string(*endpoints, key)) + "\n";
      }
    }
    print(out);
  }
  if (!items_of(*answer).empty()) return kPassed;
  std::cerr << "ghost: no instance of " << safe_line(options.service) << " is ready\n";
  return kFailed;
}

int run_registry_next(Session& session, const RegistryOptions& options) {
  auto answer = session.call("GET", service_path(options.service, "/next"));
  if (!answer) return session.fail(answer.error());
  if (session.json()) {
    print_json_document(*answer);
  } else {
    print(safe_member(*answer, "service") + " " + safe_member(*answer, "instance") + " " +
          pairs_text(*answer, "endpoints") + "\n");
  }
  return kPassed;
}

int run_registry_put(Session& session, const RegistryOptions& options) {
  auto body = instance_body(options);
  if (!body) return session.usage_error(body.error().message);
  const std::string target =
      service_path(options.service, "/" + http::percent_encode(options.instance));
  const int code =
      send_change(session, "PUT", target, *body,
                  safe_line(options.service) + " " + safe_line(options.instance) + " registered");
  if (code != kPassed || !options.keep) return code;
  return keep_registered(session, options, target, *body);
}

int run_registry_delete(Session& session, const RegistryOptions& options) {
  return send_change(session, "DELETE",
                     service_path(options.service, "/" + http::percent_encode(options.instance)),
                     nullptr,
                     safe_line(options.service) + " " + safe_line(options.instance) + " deleted");
}

int run_registry_watch(Session& session, const RegistryOptions& options) {
  session.catch_interrupts();
  int64_t seen = 0;
  for (;;) {
    http::Query query;
    if (!options.service.empty()) query.emplace_back("service", options.service);
    if (seen > 0) {
      query.emplace_back("after", std::to_string(seen));
      query.emplace_back("wait", std::to_string(kWatchSeconds));
    }
    const std::string target =
        "/v1/registry" + (query.empty() ? "" : "?" + http::print_query(query));
    auto answer = session.get(target, (kWatchSeconds + 20) * 1000);
    if (session.interrupted()) return kInterrupted;
    if (!answer && seen > 0 && passes_by_itself(answer.error())) {
      if (!session.pause_ms(1'000)) return kInterrupted;
      continue;
    }
    if (!answer) return session.fail(answer.error());
    auto document = http::parse_json(answer->body);
    const int64_t revision = document ? http::get_int(*document, "revision") : 0;
    if (revision <= 0) return session.fail(session.not_a_relay("expected a list of instances"));
    if (revision == seen) continue;
    seen = revision;
    if (session.json()) {
      print(http::print_json(*document) + "\n");
      continue;
    }
    Table table(kInstanceHead);
    for (const http::Json& item : items_of(*document)) table.add(instance_row(item));
    print("revision " + std::to_string(revision) + "\n" +
          table.print(session.table_width(), session.out_style()) + "\n");
  }
}

}  // namespace ghost::cli
