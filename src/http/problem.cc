#include "http/problem.h"

#include "base/log.h"

namespace ghost::http {

Json problem_json(const Error& error, uint64_t retry_after_ms) {
  const wire::ErrorInfo& info = wire::error_info(error.code);
  JsonObject out;
  out["type"] = "urn:ghost:error:" + std::string(info.code);
  out["title"] = std::string(info.title);
  out["status"] = info.status;
  out["code"] = std::string(info.code);
  out["detail"] = to_utf8_lossy(error.message.empty() ? std::string(info.title) : error.message);
  if (!error.field.empty()) out["field"] = to_utf8_lossy(error.field);
  out["retryable"] = info.retry;
  if (retry_after_ms > 0) out["retryAfterMs"] = retry_after_ms;
  return out;
}

Error parse_problem(int status, std::string_view body) {
  const Result<Json> parsed = parse_json(body);
  const std::string code = parsed ? get_string(*parsed, "code") : "";
  if (code.empty()) {
    const std::string head = log::escape_control(to_utf8_lossy(body.substr(0, 200)));
    return {status >= 500 ? "unavailable" : "bad_request",
            "HTTP status " + std::to_string(status) + (head.empty() ? "" : ": " + head), ""};
  }
  return {code, get_string(*parsed, "detail"), get_string(*parsed, "field")};
}

}  // namespace ghost::http
