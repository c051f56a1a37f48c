// Operation of the whole farm: what an autoscaler asks, backups.
#include "relay/handlers.h"
#include "relay/query.h"

namespace ghost::relay {

Task<Response> get_demand(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Demand> answer = co_await context.link.ask<wire::Demand>(wire::GetDemand{});
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(200, http::to_json(*answer.value));
}

Task<Response> get_backup(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Backup> answer = co_await context.link.ask<wire::Backup>(wire::GetBackup{});
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(200, http::to_json(*answer.value));
}

// Answered at once: a backup takes as long as the store is big.
Task<Response> make_backup(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<http::JsonObject> body = small_object(request);
  if (!body) co_return problem_response(body.error());
  if (!body->empty()) {
    const std::string field(body->begin()->key());
    co_return problem_response({"unknown_field", field + ": unknown field", field});
  }
  wire::MakeBackup question;
  question.actor = request.actor;
  Answered<wire::Backup> answer = co_await context.link.ask<wire::Backup>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  Response out = json_response(202, http::to_json(*answer.value));
  out.headers.emplace_back("Location", "/v1/backup");
  co_return out;
}

}  // namespace ghost::relay
