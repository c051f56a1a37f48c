// Made by proto_schemas/generate.py from errors.json; do not edit.
#pragma once

#include <string_view>

namespace ghost::wire {

// What a code means on HTTP, whether a repeat may succeed, and its title for people.
struct ErrorInfo {
  std::string_view code;
  int status;
  bool retry;
  std::string_view title;
};

inline constexpr ErrorInfo kErrors[] = {
    {"bad_request", 400, false, "The request cannot be read"},
    {"bad_json", 400, false, "The body is not valid JSON"},
    {"bad_field", 400, false, "A field has a wrong value"},
    {"unknown_field", 400, false, "A field is not known"},
    {"missing_field", 400, false, "A field is missing"},
    {"key_mismatch", 400, false, "Header and body name different idempotency keys"},
    {"unauthorized", 401, false, "A bearer token is needed"},
    {"forbidden", 403, false, "Not allowed"},
    {"not_found", 404, false, "There is no such thing"},
    {"no_instance", 404, true, "No ready instance of that service"},
    {"method_not_allowed", 405, false, "That method is not offered here"},
    {"not_acceptable", 406, false, "No representation of that type"},
    {"request_timeout", 408, true, "The request came too slowly"},
    {"conflict", 409, false, "The state of the thing does not allow it"},
    {"id_conflict", 409, false, "Another job has that id"},
    {"precondition_failed", 412, false, "The thing has changed meanwhile"},
    {"too_large", 413, false, "Too large"},
    {"unsupported_media_type", 415, false, "That content type is not taken here"},
    {"range_not_satisfiable", 416, false, "The range lies outside"},
    {"expectation_failed", 417, false, "An expectation that cannot be met"},
    {"key_reused", 422, false, "The idempotency key was used for another request"},
    {"unknown_repo", 422, false, "No repository of that name in the catalogue"},
    {"unknown_dependency", 422, false, "A job that this one depends on is not known"},
    {"dependency_cycle", 422, false, "The jobs depend on each other in a circle"},
    {"queue_full", 429, true, "The queue is full"},
    {"rate_limited", 429, true, "Too many requests"},
    {"quota_exceeded", 429, true, "The tenant has as many unfinished jobs as it may"},
    {"payload_quota", 413, false, "Larger than the tenant may send"},
    {"url_refused", 422, false, "A repository URL that is not allowed"},
    {"header_too_large", 431, false, "The header is too large"},
    {"internal", 500, true, "Something went wrong inside"},
    {"unavailable", 503, true, "The broker cannot be reached"},
    {"stopping", 503, true, "The service is stopping"},
    {"timeout", 504, true, "The broker did not answer in time; the outcome is not known"},
    {"storage_full", 507, true, "No space left to take it durably"},
    {"unknown_kind", 400, false, "A message of unknown kind"},
    {"unknown_version", 400, false, "A protocol version that is not spoken"},
    {"register_again", 409, true, "The session is not known; register again"},
    {"stale_session", 409, false, "A newer session of this runner is open"},
    {"io_error", 500, true, "Input or output failed"},
    {"bad_config", 500, false, "The configuration is wrong"},
    {"git_error", 500, true, "git failed"},
};

// An unknown code is answered with the entry of "internal".
constexpr const ErrorInfo& error_info(std::string_view code) {
  const ErrorInfo* internal = nullptr;
  for (const ErrorInfo& e : kErrors) {
    if (e.code == code) return e;
    if (e.code == "internal") internal = &e;
  }
  return *internal;
}

}  // namespace ghost::wire
