// Operation of the farm: runners, repositories, lanes, audit trail.
#include "relay/handlers.h"
#include "relay/query.h"

namespace ghost::relay {
namespace {

Response missing(const char* what, const std::string& name) {
  return problem_response({"not_found", std::string("no ") + what + " \"" + name + "\"", ""});
}

Task<Response> runner_response(RelayContext& context, std::string id) {
  Answered<wire::Runners> answer = co_await context.link.ask<wire::Runners>(wire::ListRunners{});
  if (!answer.ok()) co_return answer.problem();
  for (const wire::RunnerView& runner : answer.value->items) {
    if (runner.id == id) co_return json_response(200, http::to_json(runner));
  }
  co_return missing("runner", id);
}

Task<Response> set_drain(RelayContext& context, Request& request, bool drain) {
  wire::DrainRunner question;
  question.id = request.params[0];
  question.drain = drain;
  question.actor = request.actor;
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return co_await runner_response(context, request.params[0]);
}

}  // namespace

Task<Response> list_runners(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Runners> answer = co_await context.link.ask<wire::Runners>(wire::ListRunners{});
  if (!answer.ok()) co_return answer.problem();
  co_return items_response(answer.value->items);
}

Task<Response> get_runner(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "runner"); !s) co_return problem_response(s.error());
  co_return co_await runner_response(context, request.params[0]);
}

Task<Response> drain_runner(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "runner"); !s) co_return problem_response(s.error());
  Result<wire::DrainRunner> body = read_named<wire::DrainRunner>(request, "id", {"drain"});
  if (!body) co_return problem_response(body.error());
  co_return co_await set_drain(context, request, body->drain);
}

Task<Response> undrain_runner(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "runner"); !s) co_return problem_response(s.error());
  co_return co_await set_drain(context, request, false);
}

Task<Response> patch_runner(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "runner"); !s) co_return problem_response(s.error());
  Result<wire::SetSlots> question = read_named<wire::SetSlots>(request, "id", {"slots"});
  if (!question) co_return problem_response(question.error());
  question->actor = request.actor;
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(*question));
  if (!answer.ok()) co_return answer.problem();
  co_return co_await runner_response(context, request.params[0]);
}

Task<Response> list_repos(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Repos> answer = co_await context.link.ask<wire::Repos>(wire::ListRepos{});
  if (!answer.ok()) co_return answer.problem();
  co_return items_response(answer.value->items);
}

Task<Response> get_repo(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "repository"); !s) co_return problem_response(s.error());
  Answered<wire::Repos> answer = co_await context.link.ask<wire::Repos>(wire::ListRepos{});
  if (!answer.ok()) co_return answer.problem();
  for (const wire::Repo& repo : answer.value->items) {
    if (repo.name == request.params[0]) co_return json_response(200, http::to_json(repo));
  }
  co_return missing("repository", request.params[0]);
}

Task<Response> put_repo(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<wire::Repo> repo =
      read_named<wire::Repo>(request, "name",
                             {"url", "defaultBranch", "credential", "allowGitlinks", "prepare",
                              "prepareFiles", "prepareNetwork"});
  if (!repo) co_return problem_response(repo.error());
  wire::PutRepo question;
  question.repo = std::move(*repo);
  question.actor = request.actor;
  const http::Json shown = http::to_json(question.repo);
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(200, shown);
}

Task<Response> delete_repo(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "repository"); !s) co_return problem_response(s.error());
  wire::DeleteRepo question;
  question.name = request.params[0];
  question.actor = request.actor;
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return empty_response(204);
}

Task<Response> list_lanes(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Lanes> answer = co_await context.link.ask<wire::Lanes>(wire::ListLanes{});
  if (!answer.ok()) co_return answer.problem();
  co_return items_response(answer.value->items);
}

Task<Response> get_lane(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "lane"); !s) co_return problem_response(s.error());
  Answered<wire::Lanes> answer = co_await context.link.ask<wire::Lanes>(wire::ListLanes{});
  if (!answer.ok()) co_return answer.problem();
  for (const wire::Lane& lane : answer.value->items) {
    if (lane.name == request.params[0]) co_return json_response(200, http::to_json(lane));
  }
  co_return missing("lane", request.params[0]);
}

Task<Response> patch_lane(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<wire::PatchLane> question =
      read_named<wire::PatchLane>(request, "name", {"weight", "limit", "paused"});
  if (!question) co_return problem_response(question.error());
  if (!question->weight && !question->limit && !question->paused) {
    co_return problem_response(
        {"missing_field", "expected at least one of weight, limit and paused", ""});
  }
  question->actor = request.actor;
  Answered<wire::Lanes> answer = co_await context.link.ask<wire::Lanes>(std::move(*question));
  if (!answer.ok()) co_return answer.problem();
  if (answer.value->items.size() != 1) {
    co_return problem_response({"internal", "the broker's answer does not fit", ""});
  }
  co_return json_response(200, http::to_json(answer.value->items[0]));
}

Task<Response> list_audit(RelayContext& context, Request& request) {
  QueryReader query(request.target.query);
  wire::ListAudit question;
  question.limit = query.number("limit", 1, 1000).value_or(question.limit);
  if (Status s = query.finish(); !s) co_return problem_response(s.error());
  Answered<wire::Audit> answer = co_await context.link.ask<wire::Audit>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return items_response(answer.value->items);
}

Task<Response> list_keys(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Answered<wire::Keys> answer = co_await context.link.ask<wire::Keys>(wire::ListKeys{});
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(200, http::to_json(*answer.value));
}

// The answer holds what a join string needs beside the secret, which never leaves its owner.
Task<Response> put_key(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<wire::Key> key = read_named<wire::Key>(request, "name", {"role", "publicKey", "tenant"});
  if (!key) co_return problem_response(key.error());
  wire::PutKey question;
  question.key = std::move(*key);
  question.actor = request.actor;
  const http::Json shown = http::to_json(question.key);
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(200, shown);
}

Task<Response> revoke_key(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "key"); !s) co_return problem_response(s.error());
  wire::RevokeKey question;
  question.name = request.params[0];
  question.actor = request.actor;
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return empty_response(204);
}

}  // namespace ghost::relay
