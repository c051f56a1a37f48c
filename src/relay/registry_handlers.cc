// The registry over HTTP. A repeated PUT is an instance's heartbeat.
#include "base/ids.h"
#include "relay/handlers.h"
#include "relay/query.h"

namespace ghost::relay {
namespace {

// A service, or a prefix that ends in *.
Status service_named(const std::string& service) {
  const bool prefix = !service.empty() && service.back() == '*';
  const std::string stem = prefix ? service.substr(0, service.size() - 1) : service;
  return prefix && stem.empty() ? ok_status() : named(stem, "service");
}

Response instances_response(const wire::Instances& instances) {
  Response out = json_response(200, http::to_json(instances));
  out.headers.emplace_back("ETag", "\"" + std::to_string(instances.revision) + "\"");
  out.headers.emplace_back("Cache-Control", "no-cache");
  return out;
}

}  // namespace

Task<Response> list_instances(RelayContext& context, Request& request) {
  QueryReader query(request.target.query);
  wire::ListInstances question;
  const bool one = !request.params.empty();
  if (one) {
    question.service = request.params[0];
  } else {
    question.service = query.one("service").value_or("");
  }
  question.ready_only = query.flag("ready");
  question.after_revision = query.number("after", 0, INT64_MAX).value_or(0);
  const auto wait_s = query.number("wait", 0, 120);
  question.wait_ms = wait_s.value_or(0) * 1000;
  Status s = query.finish();
  if (s && !question.service.empty()) s = service_named(question.service);
  if (!s) co_return problem_response(s.error());
  const std::string service = question.service;
  const auto wait_ms = static_cast<int64_t>(question.wait_ms);
  Answered<wire::Instances> answer =
      co_await context.link.ask<wire::Instances>(std::move(question), wait_ms);
  if (!answer.ok()) co_return answer.problem();
  if (one && answer.value->items.empty() && !wait_s && service.back() != '*') {
    co_return problem_response({"not_found", "no instance of service \"" + service + "\"", ""});
  }
  co_return instances_response(*answer.value);
}

Task<Response> next_instance(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = service_named(request.params[0]); !s) co_return problem_response(s.error());
  wire::NextInstance question{request.params[0]};
  Answered<wire::InstancePut> answer =
      co_await context.link.ask<wire::InstancePut>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(200, http::to_json(answer.value->instance));
}

Task<Response> get_instance(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "service"); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[1], "instance"); !s) co_return problem_response(s.error());
  wire::ListInstances question;
  question.service = request.params[0];
  Answered<wire::Instances> answer =
      co_await context.link.ask<wire::Instances>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  for (const wire::Instance& instance : answer.value->items) {
    if (instance.instance == request.params[1])
      co_return json_response(200, http::to_json(instance));
  }
  co_return problem_response(
      {"not_found",
       "no instance \"" + request.params[1] + "\" of service \"" + request.params[0] + "\"", ""});
}

Task<Response> put_instance(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  Result<http::JsonObject> body = small_object(request);
  if (!body) co_return problem_response(body.error());
  for (const auto& [name, value] :
       {std::pair("service", request.params[0]), std::pair("instance", request.params[1])}) {
    const http::Json* given = body->if_contains(name);
    if (given != nullptr && *given != http::Json(value)) {
      co_return problem_response(
          {"bad_field", std::string(name) + ": differs from the path", name});
    }
    (*body)[name] = value;
  }
  Result<wire::Instance> instance = http::from_json<wire::Instance>(std::move(*body));
  if (!instance) co_return problem_response(instance.error());
  wire::PutInstance question{std::move(*instance)};
  Answered<wire::InstancePut> answer =
      co_await context.link.ask<wire::InstancePut>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return json_response(answer.value->created ? 201 : 200, http::to_json(answer.value->instance));
}

Task<Response> delete_instance(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "service"); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[1], "instance"); !s) co_return problem_response(s.error());
  wire::DeleteInstance question{request.params[0], request.params[1]};
  Answered<wire::Done> answer = co_await context.link.ask<wire::Done>(std::move(question));
  if (!answer.ok()) co_return answer.problem();
  co_return empty_response(204);
}

}  // namespace ghost::relay
