#include "relay/routes.h"

#include <optional>

namespace ghost::relay {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "v1/patches", submit_patch, Body::kPatch},
    {"GET", "v1/patches", list_jobs},
    {"POST", "v1/patches:batch", submit_batch, Body::kPatch},
    {"GET", "v1/patches/{}", get_job},
    {"DELETE", "v1/patches/{}", cancel_job},
    {"POST", "v1/patches/{}/retry", retry_job, Body::kSmall},
    {"GET", "v1/patches/{}/events", get_events},
    {"GET", "v1/patches/{}/log", get_log},
    {"GET", "v1/patches/{}/diff", get_diff},
    {"GET", "v1/patches/{}/mbox", get_mbox},
    {"GET", "v1/patches/{}/artifacts", list_artifacts},
    {"GET", "v1/patches/{}/artifacts/**", get_artifact},
    {"GET", "v1/registry", list_instances},
    {"GET", "v1/registry/{}", list_instances},
    {"GET", "v1/registry/{}/next", next_instance},
    {"GET", "v1/registry/{}/{}", get_instance},
    {"PUT", "v1/registry/{}/{}", put_instance, Body::kSmall},
    {"DELETE", "v1/registry/{}/{}", delete_instance},
    {"GET", "v1/runners", list_runners},
    {"GET", "v1/runners/{}", get_runner},
    {"PATCH", "v1/runners/{}", patch_runner, Body::kSmall},
    {"POST", "v1/runners/{}/drain", drain_runner, Body::kSmall},
    {"DELETE", "v1/runners/{}/drain", undrain_runner},
    {"GET", "v1/repos", list_repos},
    {"GET", "v1/repos/{}", get_repo},
    {"PUT", "v1/repos/{}", put_repo, Body::kSmall},
    {"DELETE", "v1/repos/{}", delete_repo},
    {"GET", "v1/lanes", list_lanes},
    {"GET", "v1/lanes/{}", get_lane},
    {"PATCH", "v1/lanes/{}", patch_lane, Body::kSmall},
    {"GET", "v1/keys", list_keys},
    {"PUT", "v1/keys/{}", put_key, Body::kSmall},
    {"DELETE", "v1/keys/{}", revoke_key},
    {"GET", "v1/demand", get_demand},
    {"GET", "v1/backup", get_backup},
    {"POST", "v1/backup", make_backup, Body::kSmall},
    {"GET", "v1/limits", get_limits},
    {"GET", "v1/audit", list_audit},
    {"GET", "livez", get_livez, Body::kNone, true},
    {"GET", "readyz", get_readyz, Body::kNone, true},
    {"GET", "metrics", get_metrics},
    {"GET", "openapi.json", get_openapi, Body::kNone, true},
    {"GET", "", get_root},
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
