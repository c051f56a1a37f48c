// Administration: bearer tokens and tenants' limits.
#include "base/log.h"
#include "relay/handlers.h"
#include "relay/query.h"
#include "wire/token_book.h"

namespace ghost::relay {
namespace {

Result<wire::BearerToken> read_token(const Request& request) {
  Result<http::JsonObject> body = small_object(request);
  if (!body) return body.error();
  for (const auto& [key, value] : *body) {
    const std::string_view field(key.data(), key.size());
    if (field == "name" || field == "tenant" || field == "scopes" || field == "expiresAt") continue;
    const std::string shown = log::escape_control(field.substr(0, 100));
    return Error{"unknown_field", shown + ": unknown field", shown};
  }
  (*body)["id"] = "new";
  Result<wire::BearerToken> token = http::from_json<wire::BearerToken>(std::move(*body));
  if (token && token->expires_at && *token->expires_at <= wall_now_ms()) {
    return Error{"bad_field", "expiresAt: is past", "expiresAt"};
  }
  return token;
}

}  // namespace

Task<Response> list_tokens(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Tokens> answer = co_await context.link.ask<wire::Tokens>(wire::ListTokens{});
  if (!answer.ok()) co_return answer.problem();
  http::JsonArray items;
  for (const wire::BearerToken& token : answer.value->items) {
    http::Json item = http::to_json(token);
    item.get_object().erase("sha256");
    items.push_back(std::move(item));
  }
  co_return json_response(200, http::JsonObject{{"items", std::move(items)}});
}

// The only place where a whole token is ever said; the broker gets its digest.
Task<Response> make_token(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<wire::BearerToken> token = read_token(request);
  if (!token) co_return problem_response(token.error());
  const wire::MintedToken minted = wire::mint_token();
  token->id = minted.id;
  http::Json shown = http::to_json(*token);
  shown.get_object().erase("sha256");
  shown.get_object()["token"] = minted.text;
  token->sha256 = wire::token_digest(minted.text);
  wire::PutToken question;
  question.token = std::move(*token);
  question.actor = request.actor;
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(201, shown);
}

Task<Response> revoke_token(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "token"); !s) co_return problem_response(s.error());
  wire::RevokeToken question;
  question.name = request.params[0];
  question.actor = request.actor;
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return empty_response(204);
}

Task<Response> list_tenants(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Tenants> answer = co_await context.link.ask<wire::Tenants>(wire::ListTenants{});
  if (!answer.ok()) co_return answer.problem();
  co_return items_response(answer.value->items);
}

Task<Response> patch_tenant(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<wire::PatchTenant> question =
      read_named<wire::PatchTenant>(request, "name", {"rate", "inFlight", "payloadBytes"});
  if (!question) co_return problem_response(question.error());
  if (!question->rate && !question->in_flight && !question->payload_bytes) {
    co_return problem_response(
        {"missing_field", "expected at least one of rate, inFlight and payloadBytes", ""});
  }
  question->actor = request.actor;
  Answered<wire::Tenants> answer = co_await context.link.ask<wire::Tenants>(std::move(*question));
  if (!answer.ok()) co_return answer.problem();
  if (answer.value->items.size() != 1) {
    co_return problem_response({"internal", "the broker's answer does not fit", ""});
  }
  co_return json_response(200, http::to_json(answer.value->items[0]));
}

}  // namespace ghost::relay
