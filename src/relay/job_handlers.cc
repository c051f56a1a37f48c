// Submission of one patch, and what can be asked of and done to a job.
#include <algorithm>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/log.h"
#include "relay/handlers.h"
#include "relay/job_json.h"
#include "relay/query.h"
#include "relay/submission.h"
#include "relay/submission_answer.h"

namespace ghost::relay {
namespace {

Response job_response(int status, const Answered<wire::Job>& answer) {
  Response out = answer.payloads.empty() || answer.payloads[0]->empty()
                     ? json_text_response(status, http::print_struct(answer.value->job))
                     : json_response(status, document_of(answer));
  out.headers.emplace_back("ETag", job_etag(answer.value->job, out.body));
  out.headers.emplace_back("Cache-Control", "no-cache");
  return out;
}

std::string location_of(const std::string& id) {
  return "/v1/patches/" + http::percent_encode(id);
}

// Whole seconds, no more than the relay's longest wait.
uint64_t bounded_wait_s(const RelayContext& context, uint64_t seconds) {
  return std::min(seconds, static_cast<uint64_t>(context.options.wait_ms_max / 1000));
}

// The request of the call, ready to be sent.
Result<wire::PatchRequest> read_submission(const RelayContext& context, Request& request) {
  const std::string* type = request.header("content-type");
  if (request.count("content-type") > 1) {
    return Error{"unsupported_media_type", "more than one Content-Type", ""};
  }
  if (request.header("content-encoding") != nullptr) {
    return Error{"unsupported_media_type", "Content-Encoding is not taken: send it as it is", ""};
  }
  const Result<std::optional<std::string>> key = header_key(request);
  if (!key) return key.error();
  Result<http::Json> body =
      request_json(type == nullptr ? "" : *type, request.target.query, std::move(request.body));
  if (!body) return body.error();
  const SubmissionRules rules{static_cast<uint64_t>(context.options.payload_bytes_max)};
  Result<wire::PatchRequest> out = read_request(std::move(*body), rules);
  if (!out) return out.error();
  if (*key) {
    if (out->idempotency_key && *out->idempotency_key != **key) {
      return Error{"key_mismatch",
                   "the header Idempotency-Key and the body's idempotencyKey differ",
                   "idempotencyKey"};
    }
    out->idempotency_key = **key;
  }
  add_traceparent(request, &*out);
  return out;
}

// Waits for the end where the client asked for it; the last known state stands in for an answer
// that does not come, for the job is accepted.
Task<Response> accepted_response(RelayContext& context, const Request& request,
                                 Answered<wire::Job> job, bool replayed) {
  int status = 202;
  std::string applied;
  const uint64_t seconds = bounded_wait_s(context, preferred_wait_s(request).value_or(0));
  if (seconds > 0) {
    applied = "wait=" + std::to_string(seconds);
    if (!is_terminal(job.value->job.state)) {
      const std::string id = job.value->job.id;
      Answered<wire::Job> later =
          co_await fetch_job(context, request.tenant, id, static_cast<int64_t>(seconds) * 1000, 0);
      if (later.ok()) job = std::move(later);
    }
    if (is_terminal(job.value->job.state)) status = 200;
  }
  Response out = job_response(status, job);
  out.headers.emplace_back("Location", location_of(job.value->job.id));
  if (!applied.empty()) out.headers.emplace_back("Preference-Applied", applied);
  if (replayed) out.headers.emplace_back("Idempotency-Replayed", "true");
  co_return out;
}

}  // namespace

Task<Response> submit_patch(RelayContext& context, Request& request) {
  const std::string* type = request.header("content-type");
  std::string hash =
      request_hash(type == nullptr ? "" : *type, request.target.raw_query, request.body);
  Result<wire::PatchRequest> patch = read_submission(context, request);
  if (!patch) co_return problem_response(patch.error());
  // Minted before it is sent, so that sending it twice gives one job.
  if (!patch->id) patch->id = mint_ulid(wall_now_ms());
  Blob payload = make_blob(wire::encode(*patch));
  Answered<wire::SubmitAck> answer = co_await context.link.submit(
      make_submission(*patch, request.tenant, std::move(hash)), std::move(payload));
  if (!answer.ok()) co_return answer.problem();
  wire::SubmitAck& ack = *answer.value;
  if (ack.status == wire::SubmitStatus::kRefused) {
    const wire::ErrorBody error = ack.error.value_or(wire::ErrorBody{"internal", "", "", 0});
    co_return problem_response(in_request_words(error, 0), error.retry_after_ms);
  }
  Answered<wire::Job> job{wire::Job{}, {}, 0};
  if (ack.job && !is_terminal(ack.job->state)) {
    job.value->job = std::move(*ack.job);
  } else {
    // Ended long ago: its verdict belongs to the answer.
    job = co_await fetch_job(context, request.tenant, ack.id, 0, 0);
    if (!job.ok()) co_return accepted_unseen(ack);
  }
  const bool replayed = ack.status == wire::SubmitStatus::kExisting;
  co_return co_await accepted_response(context, request, std::move(job), replayed);
}

Task<Response> get_job(RelayContext& context, Request& request) {
  QueryReader query(request.target.query);
  const auto wait_s =
      query.number("wait", 0, static_cast<uint64_t>(context.options.wait_ms_max / 1000));
  if (Status s = query.finish(); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "job"); !s) co_return problem_response(s.error());
  const std::string* match = request.header("if-none-match");
  uint64_t after_version = 0;
  // With the tag of what it has, a client waits for the next change; without, for the end.
  if (match != nullptr && wait_s) after_version = etag_version(*match).value_or(0);
  Answered<wire::Job> job =
      co_await fetch_job(context, request.tenant, request.params[0],
                         static_cast<int64_t>(wait_s.value_or(0)) * 1000, after_version);
  if (!job.ok()) co_return job.problem();
  Response out = job_response(200, job);
  if (match == nullptr || !etag_matches(*match, out.headers[0].second)) co_return out;
  out.status = 304;
  out.body.clear();
  out.content_type.clear();
  co_return out;
}

Task<Response> cancel_job(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "job"); !s) co_return problem_response(s.error());
  wire::CancelJob question;
  question.tenant = request.tenant;
  question.id = request.params[0];
  question.actor = request.actor;
  Answered<wire::Job> job = co_await context.link.ask<wire::Job>(question);
  if (!job.ok()) co_return job.problem();
  co_return job_response(is_terminal(job.value->job.state) ? 200 : 202, job);
}

Task<Response> retry_job(RelayContext& context, Request& request) {
  if (Status s = no_query(request); !s) co_return problem_response(s.error());
  if (Status s = named(request.params[0], "job"); !s) co_return problem_response(s.error());
  Result<http::JsonObject> body = small_object(request);
  if (!body) co_return problem_response(body.error());
  if (!body->empty()) {
    co_return problem_response({"unknown_field", "retry takes no fields", ""});
  }
  const Result<std::optional<std::string>> key = header_key(request);
  if (!key) co_return problem_response(key.error());
  wire::RetryJob question;
  question.tenant = request.tenant;
  question.id = request.params[0];
  // The same key gives the same new job, without anything to be remembered.
  question.new_id = *key ? "retry-" + sha256_hex(question.id + "\n" + **key).substr(0, 32)
                         : mint_ulid(wall_now_ms());
  question.actor = request.actor;
  Answered<wire::Job> job = co_await context.link.ask<wire::Job>(question);
  if (!job.ok()) co_return job.problem();
  co_return co_await accepted_response(context, request, std::move(job), false);
}

namespace {

constexpr uint64_t kPageMax = 500;

Result<wire::ListJobs> read_list(const Request& request) {
  QueryReader query(request.target.query);
  wire::ListJobs out;
  out.tenant = request.tenant;
  Status failed = ok_status();
  for (const std::string& text : query.all("state")) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      std::string name = text.substr(begin, end - begin);
      for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      const auto state = wire::parse_job_state(name);
      if (!state) {
        failed = Error{"bad_field",
                       "state: expected one of QUEUED, LEASED, SUCCEEDED, FAILED, CANCELLED, "
                       "EXPIRED or DEAD, got \"" +
                           log::escape_control(http::to_utf8_lossy(name.substr(0, 60))) + "\"",
                       "state"};
      } else if (std::find(out.states.begin(), out.states.end(), *state) == out.states.end()) {
        out.states.push_back(*state);
      }
      begin = end + 1;
    }
  }
  for (const std::string& text : query.all("label")) {
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0 || !is_utf8(text)) {
      failed = Error{"bad_field", "label: expected name=value", "label"};
    } else {
      out.labels[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  for (const auto& [name, target] : {std::pair("repo", &out.repo), std::pair("lane", &out.lane)}) {
    *target = query.one(name).value_or("");
    if (!target->empty() && !is_name(*target)) {
      failed = Error{"bad_field", std::string(name) + ": expected a name", name};
    }
  }
  out.since_ms = query.time("since").value_or(0);
  out.until_ms = query.time("until").value_or(0);
  out.cursor = query.one("cursor").value_or("");
  if (!is_utf8(out.cursor) || out.cursor.size() > 256) {
    failed = Error{"bad_field", "cursor: expected the nextCursor of an earlier page", "cursor"};
  }
  out.limit = query.number("limit", 1, kPageMax).value_or(out.limit);
  if (Status s = query.finish(); !s) return s.error();
  if (!failed) return failed.error();
  return out;
}

}  // namespace

Task<Response> list_jobs(RelayContext& context, Request& request) {
  Result<wire::ListJobs> question = read_list(request);
  if (!question) co_return problem_response(question.error());
  Answered<wire::Jobs> answer = co_await context.link.ask<wire::Jobs>(std::move(*question));
  if (!answer.ok()) co_return answer.problem();
  const wire::Jobs& page = *answer.value;
  http::JsonArray items;
  for (const wire::JobView& job : page.items) items.push_back(http::to_json(job));
  http::JsonObject body{{"items", std::move(items)}};
  std::string link;
  if (!page.next_cursor.empty()) {
    body["nextCursor"] = page.next_cursor;
    http::Query next;
    for (const auto& entry : request.target.query) {
      if (entry.first != "cursor") next.push_back(entry);
    }
    next.emplace_back("cursor", page.next_cursor);
    link = "</v1/patches?" + http::print_query(next) + ">; rel=\"next\"";
  }
  Response out = json_response(200, std::move(body));
  if (!link.empty()) out.headers.emplace_back("Link", link);
  co_return out;
}

}  // namespace ghost::relay
