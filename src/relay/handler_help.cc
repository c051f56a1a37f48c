#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ids.h"
#include "base/log.h"
#include "relay/handlers.h"
#include "relay/job_json.h"

namespace ghost::relay {
namespace {

namespace asio = boost::asio;

constexpr int64_t kWaitStepMs = 60'000;  // of one question; the broker takes at most 120 s
constexpr int64_t kAwayPauseMs = 250;

}  // namespace

Task<void> pause_ms(int64_t ms) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(ms));
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<Answered<wire::Job>> fetch_job(RelayContext& context, std::string tenant, std::string id,
                                    int64_t wait_ms, uint64_t after_version) {
  const MonoMs until = mono_now_ms() + wait_ms;
  for (;;) {
    const int64_t left_ms = std::max<int64_t>(0, until - mono_now_ms());
    wire::GetJob question;
    question.tenant = tenant;
    question.id = id;
    question.wait_ms = static_cast<uint64_t>(std::min(left_ms, kWaitStepMs));
    question.after_version = after_version;
    const auto step_ms = static_cast<int64_t>(question.wait_ms);
    Answered<wire::Job> answer = co_await context.link.ask<wire::Job>(question, step_ms);
    if (answer.ok()) {
      const wire::JobView& job = answer.value->job;
      const bool changed = after_version > 0 && job.version > after_version;
      if (left_ms == 0 || is_terminal(job.state) || changed) co_return answer;
      // A broker that answers early costs a moment, never a busy loop.
      if (mono_now_ms() < until - left_ms + step_ms) co_await pause_ms(kAwayPauseMs);
    } else {
      const std::string& code = answer.value.error().code;
      if (code != "unavailable" || left_ms == 0 || context.stopping) co_return answer;
      co_await pause_ms(std::min(left_ms, kAwayPauseMs));
    }
  }
}

http::Json document_of(const Answered<wire::Job>& answer) {
  const std::string_view verdict =
      answer.payloads.empty() ? std::string_view() : std::string_view(*answer.payloads[0]);
  return job_json(answer.value->job, verdict);
}

Result<http::JsonObject> small_object(const Request& request) {
  if (request.body.empty()) return http::JsonObject();
  const std::string type = request.media_type();
  if (type != "application/json" && type != "application/merge-patch+json") {
    return Error{"unsupported_media_type", "expected a body of type application/json", ""};
  }
  Result<http::Json> body = http::parse_json(request.body);
  if (!body) return body.error();
  if (!body->is_object()) return Error{"bad_field", "expected an object", ""};
  return std::move(body->get_object());
}

Result<http::JsonObject> named_object(const Request& request, const char* name_field,
                                      std::initializer_list<std::string_view> fields) {
  Result<http::JsonObject> body = small_object(request);
  if (!body) return body.error();
  for (const auto& [key, value] : *body) {
    const std::string_view field(key.data(), key.size());
    if (field == name_field) {
      if (value == http::Json(request.params[0])) continue;
      return Error{"bad_field", std::string(name_field) + ": differs from the path", name_field};
    }
    if (std::find(fields.begin(), fields.end(), field) == fields.end()) {
      const std::string shown = log::escape_control(field.substr(0, 100));
      return Error{"unknown_field", shown + ": unknown field", shown};
    }
  }
  (*body)[name_field] = request.params[0];
  return body;
}

Status named(const std::string& param, const char* what) {
  if (is_name(param)) return ok_status();
  const std::string shown = log::escape_control(http::to_utf8_lossy(param.substr(0, 128)));
  return Error{"not_found", std::string("no ") + what + " \"" + shown + "\"", ""};
}

}  // namespace ghost::relay
