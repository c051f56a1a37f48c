// The farm that a relay shows: whether it answers, agrees on the time, and would take a job.
#include <cstdlib>
#include <ctime>

#include "base/time.h"
#include "cli/doctor.h"
#include "cli/tables.h"
#include "http/client.h"

namespace ghost::cli {
namespace {

constexpr int64_t kSkewMsWarn = 2'000, kSkewMsBad = 30'000;
constexpr size_t kNamesShown = 5;
constexpr int64_t kReachMs = 3'000;

// By the Date of an answer, whole seconds.
std::vector<Finding> check_skew(const http::Response& answer) {
  tm date{};
  const std::string& text = answer.header("date");
  if (strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return {};
  const int64_t skew = std::abs(static_cast<int64_t>(timegm(&date)) * 1000 + 500 - wall_now_ms());
  if (skew < kSkewMsWarn) return {};
  return {{skew < kSkewMsBad ? Finding::kWarning : Finding::kBad, "clock",
           "differs from the relay's by " + show_ms(skew) +
               ": keep both hosts in time (chrony, systemd-timesyncd)"}};
}

std::string named(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size() && i < kNamesShown; ++i) {
    out += (i == 0 ? "" : ", ") + names[i];
  }
  return out + (names.size() > kNamesShown ? ", ..." : "");
}

Finding check_versions(const std::vector<http::Json>& instances) {
  std::vector<std::string> others;
  for (const http::Json& i : instances) {
    const std::string version = http::get_string(i, "version");
    if (http::get_string(i, "service").starts_with("ghost-") && version != GHOST_VERSION) {
      others.push_back(http::get_string(i, "instance") + " " + version);
    }
  }
  if (others.empty()) return {Finding::kOk, "versions", "all " GHOST_VERSION};
  return {Finding::kWarning, "versions",
          "not " GHOST_VERSION ": " + named(others) +
              "; replace them one by one, runners and relays before the broker"};
}

// From here, as a client would: what the registry says of relays.
std::vector<Finding> check_relays(const std::vector<http::Json>& instances) {
  std::vector<Finding> out;
  for (const http::Json& i : instances) {
    if (http::get_string(i, "service") != "ghost-relay") continue;
    if (http::get_string(i, "state") == "lost") continue;
    const http::Json* endpoints = http::find_member(i, "endpoints");
    const std::string url = endpoints == nullptr ? "" : http::get_string(*endpoints, "http");
    const auto base = http::parse_base_url(url);
    if (!base) continue;
    http::ClientOptions options;
    options.connect_ms = kReachMs;
    http::Client client(*base, options);
    http::Request request;
    request.target = "/livez";
    request.idle_ms = kReachMs;
    const auto live = client.send(request);
    if (live && live->ok()) continue;
    out.push_back({Finding::kWarning, "reach",
                   http::get_string(i, "instance") + " at " + url + ": " +
                       (live ? "status " + std::to_string(live->status) : live.error().message) +
                       "; open its port to clients, or tell its address with --advertise"});
  }
  return out;
}

std::vector<Finding> check_runners(const std::vector<http::Json>& runners) {
  int64_t count = 0, slots = 0;
  std::vector<std::string> lost, draining;
  for (const http::Json& runner : runners) {
    const std::string state = http::get_string(runner, "state");
    if (state == "lost") lost.push_back(http::get_string(runner, "id"));
    if (state == "draining") draining.push_back(http::get_string(runner, "id"));
    if (state != "ready") continue;
    ++count;
    slots += http::get_int(runner, "slots");
  }
  std::vector<Finding> out{{slots > 0 ? Finding::kOk : Finding::kBad, "runners",
                            show_count(count, "runner") + " ready with " +
                                show_count(slots, "slot") +
                                (slots > 0 ? "" : "; start one: ghost-runner --join STRING")}};
  if (!lost.empty()) {
    out.push_back({Finding::kWarning, "runners",
                   named(lost) + " not heard of: look at the host, its network and its log"});
  }
  if (!draining.empty()) {
    out.push_back({Finding::kWarning, "runners",
                   named(draining) + " takes nothing new: ghost drain --undo RUNNER"});
  }
  return out;
}

std::vector<http::Json> list(const http::Json& document) {
  std::vector<http::Json> out;
  for (const http::Json& item : items_of(document)) out.push_back(item);
  return out;
}

}  // namespace

std::vector<Finding> check_farm(Session& session) {
  const auto live = session.get("/livez", 5'000);
  if (!live) {
    return {{Finding::kBad, "relay",
             session.url() + ": " + live.error().message +
                 "; `ghost up` starts a farm on this machine, --url names another"}};
  }
  std::vector<Finding> out{{Finding::kOk, "relay", session.url()}};
  for (Finding& f : check_skew(*live)) out.push_back(std::move(f));
  const auto ready = session.get("/readyz", 10'000);
  if (!ready) {
    out.push_back({Finding::kBad, "broker",
                   ready.error().message + ": is it started, and does the relay's --broker or "
                                           "--join name its address?"});
    return out;
  }
  out.push_back({Finding::kOk, "broker", "answers the relay"});
  const auto registry = session.call("GET", "/v1/registry");
  const auto runners = session.call("GET", "/v1/runners");
  const auto repos = session.call("GET", "/v1/repos");
  for (const auto* answer : {&registry, &runners, &repos}) {
    if (*answer) continue;
    out.push_back({Finding::kBad, "farm", answer->error().message});
    return out;
  }
  const auto instances = list(*registry);
  out.push_back(check_versions(instances));
  for (Finding& f : check_relays(instances)) out.push_back(std::move(f));
  for (Finding& f : check_runners(list(*runners))) out.push_back(std::move(f));
  const auto known = static_cast<int64_t>(items_of(*repos).size());
  out.push_back(
      {known > 0 ? Finding::kOk : Finding::kWarning, "catalogue",
       known > 0 ? show_count(known, "repository") : "no repository yet: ghost repo add NAME URL"});
  return out;
}

}  // namespace ghost::cli
