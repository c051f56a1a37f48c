#include "relay/routes.h"

#include <optional>

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

std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              const std::vector<std::string>& segments) {
  std::vector<std::string> params;
  size_t at = 0;
  for (size_t begin = 0; begin < pattern.size();) {
    const size_t end = std::min(pattern.find('/', begin), pattern.size());
    const std::string_view part = pattern.substr(begin, end - begin);
    begin = end + 1;
    if (at == segments.size()) return std::nullopt;
    if (part == "**") {
      std::string rest;
      for (; at < segments.size(); ++at) rest += (rest.empty() ? "" : "/") + segments[at];
      if (rest.empty()) return std::nullopt;
      params.push_back(std::move(rest));
      return params;
    }
    if (part == "{}") {
      params.push_back(segments[at]);
    } else if (part != segments[at]) {
      return std::nullopt;
    }
    ++at;
  }
  if (at != segments.size()) return std::nullopt;
  return params;
}

}  // namespace

RouteMatch find_route(std::string_view method, const std::vector<std::string>& segments) {
  RouteMatch out;
  const Route* get = nullptr;
  // More special patterns stand before general ones with which they overlap.
  std::optional<std::vector<std::string>> found;
  std::string_view pattern;
  for (const Route& route : kRoutes) {
    if (!found) {
      found = match(route.pattern, segments);
      if (!found) continue;
      pattern = route.pattern;
    }
    if (route.pattern != pattern && !match(route.pattern, segments)) continue;
    if (route.method == "GET" && get == nullptr) {
      get = &route;
      out.allow += out.allow.empty() ? "GET, HEAD" : ", GET, HEAD";
    } else if (route.method != "GET") {
      out.allow += (out.allow.empty() ? "" : ", ") + std::string(route.method);
    }
    if (route.method == method && out.route == nullptr) out.route = &route;
  }
  if (method == "HEAD") out.route = get;
  if (!found) return out;
  out.allow += ", OPTIONS";
  out.params = std::move(*found);
  if (out.route != nullptr && out.route->pattern != pattern) {
    out.params = *match(out.route->pattern, segments);
  }
  return out;
}

}  // namespace ghost::relay
