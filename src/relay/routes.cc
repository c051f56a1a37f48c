#include "relay/routes.h"

#include <algorithm>

namespace ghost::relay {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "v1/patches", wire::Scope::kSubmit, submit_patch, Body::kPatch},
    {"GET", "v1/patches", wire::Scope::kRead, list_jobs},
    {"POST", "v1/patches:batch", wire::Scope::kSubmit, submit_batch, Body::kPatch},
    {"GET", "v1/patches/{}", wire::Scope::kRead, get_job},
    {"DELETE", "v1/patches/{}", wire::Scope::kSubmit, cancel_job},
    {"POST", "v1/patches/{}/retry", wire::Scope::kSubmit, retry_job, Body::kSmall},
    {"GET", "v1/patches/{}/events", wire::Scope::kRead, get_events},
    {"GET", "v1/patches/{}/log", wire::Scope::kRead, get_log},
    {"GET", "v1/patches/{}/diff", wire::Scope::kRead, get_diff},
    {"GET", "v1/patches/{}/mbox", wire::Scope::kRead, get_mbox},
    {"GET", "v1/patches/{}/artifacts", wire::Scope::kRead, list_artifacts},
    {"GET", "v1/patches/{}/artifacts/**", wire::Scope::kRead, get_artifact},
    {"GET", "v1/registry", wire::Scope::kRead, list_instances},
    {"GET", "v1/registry/{}", wire::Scope::kRead, list_instances},
    {"GET", "v1/registry/{}/next", wire::Scope::kRead, next_instance},
    {"GET", "v1/registry/{}/{}", wire::Scope::kRead, get_instance},
    {"PUT", "v1/registry/{}/{}", wire::Scope::kOperate, put_instance, Body::kSmall},
    {"DELETE", "v1/registry/{}/{}", wire::Scope::kOperate, delete_instance},
    {"GET", "v1/runners", wire::Scope::kRead, list_runners},
    {"GET", "v1/runners/{}", wire::Scope::kRead, get_runner},
    {"PATCH", "v1/runners/{}", wire::Scope::kOperate, patch_runner, Body::kSmall},
    {"POST", "v1/runners/{}/drain", wire::Scope::kOperate, drain_runner, Body::kSmall},
    {"DELETE", "v1/runners/{}/drain", wire::Scope::kOperate, undrain_runner},
    {"GET", "v1/repos", wire::Scope::kRead, list_repos},
    {"GET", "v1/repos/{}", wire::Scope::kRead, get_repo},
    {"PUT", "v1/repos/{}", wire::Scope::kOperate, put_repo, Body::kSmall},
    {"DELETE", "v1/repos/{}", wire::Scope::kOperate, delete_repo},
    {"GET", "v1/lanes", wire::Scope::kRead, list_lanes},
    {"GET", "v1/lanes/{}", wire::Scope::kRead, get_lane},
    {"PATCH", "v1/lanes/{}", wire::Scope::kOperate, patch_lane, Body::kSmall},
    {"GET", "v1/keys", wire::Scope::kAdmin, list_keys},
    {"PUT", "v1/keys/{}", wire::Scope::kAdmin, put_key, Body::kSmall},
    {"DELETE", "v1/keys/{}", wire::Scope::kAdmin, revoke_key},
    {"GET", "v1/tokens", wire::Scope::kAdmin, list_tokens},
    {"POST", "v1/tokens", wire::Scope::kAdmin, make_token, Body::kSmall},
    {"DELETE", "v1/tokens/{}", wire::Scope::kAdmin, revoke_token},
    {"GET", "v1/tenants", wire::Scope::kAdmin, list_tenants},
    {"PATCH", "v1/tenants/{}", wire::Scope::kAdmin, patch_tenant, Body::kSmall},
    {"GET", "v1/demand", wire::Scope::kRead, get_demand},
    {"GET", "v1/backup", wire::Scope::kAdmin, get_backup},
    {"POST", "v1/backup", wire::Scope::kAdmin, make_backup, Body::kSmall},
    {"GET", "v1/limits", wire::Scope::kRead, get_limits},
    {"GET", "v1/audit", wire::Scope::kOperate, list_audit},
    {"GET", "livez", wire::Scope::kRead, get_livez, Body::kNone, true},
    {"GET", "readyz", wire::Scope::kRead, get_readyz, Body::kNone, true},
    {"GET", "metrics", wire::Scope::kRead, get_metrics},
    {"GET", "openapi.json", wire::Scope::kRead, get_openapi, Body::kNone, true},
    {"GET", "", wire::Scope::kRead, get_root},
};

// A pattern taken apart, so that most routes are told from a path by its length alone.
struct Pattern {
  std::vector<std::string_view> parts;
  bool rest = false;  // ends in "**"
};

std::vector<Pattern> taken_apart() {
  std::vector<Pattern> all;
  for (const Route& route : kRoutes) {
    Pattern& pattern = all.emplace_back();
    for (size_t begin = 0; begin < route.pattern.size();) {
      const size_t end = std::min(route.pattern.find('/', begin), route.pattern.size());
      pattern.parts.push_back(route.pattern.substr(begin, end - begin));
      begin = end + 1;
    }
    pattern.rest = !pattern.parts.empty() && pattern.parts.back() == "**";
    if (pattern.rest) pattern.parts.pop_back();
  }
  return all;
}

bool matches(const Pattern& pattern, const std::vector<std::string>& segments) {
  const size_t count = pattern.parts.size();
  if (pattern.rest ? segments.size() <= count : segments.size() != count) return false;
  for (size_t i = count; i-- > 0;) {
    if (pattern.parts[i] != "{}" && pattern.parts[i] != segments[i]) return false;
  }
  const auto begin = segments.begin() + static_cast<ptrdiff_t>(count);
  return !pattern.rest ||
         std::any_of(begin, segments.end(), [](const std::string& s) { return !s.empty(); });
}

std::vector<std::string> params_of(const Pattern& pattern,
                                   const std::vector<std::string>& segments) {
  std::vector<std::string> params;
  for (size_t i = 0; i < pattern.parts.size(); ++i) {
    if (pattern.parts[i] == "{}") params.push_back(segments[i]);
  }
  if (pattern.rest) {
    std::string rest;
    for (size_t i = pattern.parts.size(); i < segments.size(); ++i) {
      rest += (rest.empty() ? "" : "/") + segments[i];
    }
    params.push_back(std::move(rest));
  }
  return params;
}

}  // namespace

RouteMatch find_route(std::string_view method, const std::vector<std::string>& segments) {
  static const std::vector<Pattern> patterns = taken_apart();
  RouteMatch out;
  const Pattern *first = nullptr, *chosen = nullptr;
  const Route* get = nullptr;
  // More special patterns stand before general ones with which they overlap.
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (!matches(patterns[i], segments)) continue;
    const Route& route = kRoutes[i];
    if (first == nullptr) first = &patterns[i];
    if (route.method == "GET" && get == nullptr) {
      get = &route;
      out.allow += out.allow.empty() ? "GET, HEAD" : ", GET, HEAD";
    } else if (route.method != "GET") {
      out.allow += (out.allow.empty() ? "" : ", ") + std::string(route.method);
    }
    const bool asked = route.method == method || (method == "HEAD" && get == &route);
    if (asked && out.route == nullptr) {
      out.route = &route;
      chosen = &patterns[i];
    }
  }
  if (first == nullptr) return out;
  out.allow += ", OPTIONS";
  out.params = params_of(chosen != nullptr ? *chosen : *first, segments);
  return out;
}

}  // namespace ghost::relay
