// Many patches in one call, each with a verdict of its own.
#include "base/bytes.h"
#include "base/ids.h"
#include "http/problem.h"
#include "relay/handlers.h"
#include "relay/submission.h"
#include "relay/submission_answer.h"

namespace ghost::relay {
namespace {

constexpr size_t kItemsMax = 1024;  // of one Submit

Result<http::JsonArray> read_items(const RelayContext&, Request& request) {
  if (request.media_type() != "application/json") {
    return Error{"unsupported_media_type", "a batch is application/json", ""};
  }
  if (request.header("content-encoding") != nullptr) {
    return Error{"unsupported_media_type", "Content-Encoding is not taken: send it as it is", ""};
  }
  if (request.header("idempotency-key") != nullptr) {
    return Error{"bad_field", "Idempotency-Key: a batch has an idempotencyKey in each item",
                 "Idempotency-Key"};
  }
  Result<http::Json> body = http::parse_json(request.body);
  if (!body) return body.error();
  request.body.clear();
  if (body->is_object()) {
    http::JsonObject& object = body->get_object();
    for (const auto& [key, value] : object) {
      if (key == "items") continue;
      const std::string name(key);
      return Error{"unknown_field", name + ": unknown field", name};
    }
    if (!object.contains("items")) {
      return Error{"missing_field", "items: required field is missing", "items"};
    }
    http::Json items = std::move(object["items"]);
    *body = std::move(items);
  }
  if (!body->is_array()) return Error{"bad_field", "items: expected a list", "items"};
  http::JsonArray& items = body->get_array();
  if (items.empty() || items.size() > kItemsMax) {
    return Error{"bad_field",
                 "items: expected 1 to " + std::to_string(kItemsMax) + " entries, got " +
                     std::to_string(items.size()),
                 "items"};
  }
  return std::move(items);
}

Result<wire::PatchRequest> read_item(const RelayContext& context, const Request& request,
                                     http::Json item) {
  Result<http::Json> body = with_query(std::move(item), request.target.query);
  if (!body) return body.error();
  const SubmissionRules rules{static_cast<uint64_t>(context.options.payload_bytes_max)};
  Result<wire::PatchRequest> patch = read_request(std::move(*body), rules);
  if (patch) add_traceparent(request, &*patch);
  return patch;
}

http::JsonObject refused(size_t index, const Error& error, uint64_t retry_after_ms) {
  return {{"index", index},
          {"status", "refused"},
          {"error", http::problem_json(error, retry_after_ms)}};
}

http::JsonObject verdict(size_t index, const wire::SubmitAck& ack, size_t place) {
  if (ack.status == wire::SubmitStatus::kRefused) {
    const wire::ErrorBody error = ack.error.value_or(wire::ErrorBody{"internal", "", "", 0});
    return refused(index, in_request_words(error, place), error.retry_after_ms);
  }
  http::JsonObject out{{"index", index},
                       {"status", std::string(wire::to_string(ack.status))},
                       {"id", ack.id},
                       {"location", "/v1/patches/" + http::percent_encode(ack.id)}};
  if (ack.state) out["state"] = std::string(wire::to_string(*ack.state));
  return out;
}

}  // namespace

Task<Response> submit_batch(RelayContext& context, Request& request) {
  Result<http::JsonArray> items = read_items(context, request);
  if (!items) co_return problem_response(items.error());
  // What no item could take is wrong as a whole.
  if (Status s = check_query(request.target.query); !s) co_return problem_response(s.error());
  wire::Submit submit;
  wire::Frames payloads;
  std::vector<size_t> places;  // in the list, of each item that is sent
  http::JsonArray verdicts;
  for (size_t i = 0; i < items->size(); ++i) {
    std::string hash =
        request_hash("application/json", request.target.raw_query, http::print_json((*items)[i]));
    Result<wire::PatchRequest> patch = read_item(context, request, std::move((*items)[i]));
    verdicts.push_back(patch ? http::Json(nullptr) : http::Json(refused(i, patch.error(), 0)));
    if (!patch) continue;
    if (!patch->id) patch->id = mint_ulid(wall_now_ms());
    submit.items.push_back(make_submission(*patch, request.tenant, std::move(hash)));
    payloads.push_back(make_blob(wire::encode(*patch)));
    places.push_back(i);
  }
  if (!places.empty()) {
    const uint64_t number = context.link.begin(submit, std::move(payloads));
    Answered<wire::Submitted> answer = co_await context.link.finish<wire::Submitted>(number);
    if (!answer.ok()) co_return answer.problem();
    if (answer.value->items.size() != places.size()) {
      co_return problem_response({"internal", "the broker's answer does not fit", ""});
    }
    for (size_t i = 0; i < places.size(); ++i) {
      verdicts[places[i]] = verdict(places[i], answer.value->items[i], i);
    }
  }
  co_return json_response(200, http::JsonObject{{"items", std::move(verdicts)}});
}

}  // namespace ghost::relay
