// The handlers of every call, by resource. Each takes an admitted request whose path parameters are
// in request.params, and gives the whole answer; none throws. What they may use is RelayContext.
#pragma once

#include "relay/context.h"

namespace ghost::relay {

// job_handlers.cc
Task<Response> submit_patch(RelayContext&, Request&);
Task<Response> list_jobs(RelayContext&, Request&);
Task<Response> get_job(RelayContext&, Request&);
Task<Response> cancel_job(RelayContext&, Request&);
Task<Response> retry_job(RelayContext&, Request&);
// batch_handlers.cc
Task<Response> submit_batch(RelayContext&, Request&);
// stream_handlers.cc
Task<Response> get_events(RelayContext&, Request&);
Task<Response> get_log(RelayContext&, Request&);
// file_handlers.cc
Task<Response> get_diff(RelayContext&, Request&);
Task<Response> get_mbox(RelayContext&, Request&);
Task<Response> list_artifacts(RelayContext&, Request&);
Task<Response> get_artifact(RelayContext&, Request&);
// registry_handlers.cc
Task<Response> list_instances(RelayContext&, Request&);
Task<Response> next_instance(RelayContext&, Request&);
Task<Response> get_instance(RelayContext&, Request&);
Task<Response> put_instance(RelayContext&, Request&);
Task<Response> delete_instance(RelayContext&, Request&);
// farm_handlers.cc
Task<Response> list_runners(RelayContext&, Request&);
Task<Response> get_runner(RelayContext&, Request&);
Task<Response> drain_runner(RelayContext&, Request&);
Task<Response> undrain_runner(RelayContext&, Request&);
Task<Response> patch_runner(RelayContext&, Request&);
Task<Response> list_repos(RelayContext&, Request&);
Task<Response> get_repo(RelayContext&, Request&);
Task<Response> put_repo(RelayContext&, Request&);
Task<Response> delete_repo(RelayContext&, Request&);
Task<Response> list_lanes(RelayContext&, Request&);
Task<Response> get_lane(RelayContext&, Request&);
Task<Response> patch_lane(RelayContext&, Request&);
Task<Response> list_audit(RelayContext&, Request&);
Task<Response> list_keys(RelayContext&, Request&);
Task<Response> put_key(RelayContext&, Request&);
Task<Response> revoke_key(RelayContext&, Request&);
// operation_handlers.cc
Task<Response> get_demand(RelayContext&, Request&);
Task<Response> get_backup(RelayContext&, Request&);
Task<Response> make_backup(RelayContext&, Request&);
// token_handlers.cc
Task<Response> list_tokens(RelayContext&, Request&);
Task<Response> make_token(RelayContext&, Request&);
Task<Response> revoke_token(RelayContext&, Request&);
Task<Response> list_tenants(RelayContext&, Request&);
Task<Response> patch_tenant(RelayContext&, Request&);
// service_handlers.cc
Task<Response> get_limits(RelayContext&, Request&);
Task<Response> get_livez(RelayContext&, Request&);
Task<Response> get_readyz(RelayContext&, Request&);
Task<Response> get_metrics(RelayContext&, Request&);
Task<Response> get_openapi(RelayContext&, Request&);
Task<Response> get_root(RelayContext&, Request&);

// Shared by them (handler_help.cc).

// The job with its verdict; waits up to `wait_ms` for its end or, with `after_version`, for a
// change. Rides out a broker that is away for a moment, while there is time.
Task<Answered<wire::Job>> fetch_job(RelayContext& context, std::string tenant, std::string id,
                                    int64_t wait_ms, uint64_t after_version);
// The document of an answered GetJob.
http::Json document_of(const Answered<wire::Job>& answer);
// The body with the path's name put in as `name_field`, if it has no fields but these.
Result<http::JsonObject> named_object(const Request& request, const char* name_field,
                                      std::initializer_list<std::string_view> fields);
// A body that a struct is read from, with the path's name put in and nothing else unknown. Error
// codes as small_object, unknown_field, those of the struct.
template <typename T>
Result<T> read_named(const Request& request, const char* name_field,
                     std::initializer_list<std::string_view> fields) {
  Result<http::JsonObject> body = named_object(request, name_field, fields);
  if (!body) return body.error();
  return http::from_json<T>(std::move(*body));
}
// {"items": [...]}
template <typename T>
Response items_response(const std::vector<T>& values) {
  http::JsonArray items;
  for (const T& value : values) items.push_back(http::to_json(value));
  return json_response(200, http::JsonObject{{"items", std::move(items)}});
}
// A JSON object from a small body; an empty body is an empty object. Error codes as parse_json,
// unsupported_media_type, bad_field.
Result<http::JsonObject> small_object(const Request& request);
// A pause of a coroutine.
Task<void> pause_ms(int64_t ms);
// "no job \"x\"" for a path parameter that cannot be the id of anything.
Status named(const std::string& param, const char* what);

}  // namespace ghost::relay
