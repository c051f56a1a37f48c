#include "relay/submission_answer.h"

#include <algorithm>

#include "base/bytes.h"
#include "http/problem.h"

namespace ghost::relay {
namespace {

constexpr size_t kKeyBytesMax = 255;
constexpr std::string_view kKeyHeader = "Idempotency-Key";

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

// version "-" trace-id "-" parent-id "-" flags; version ff and ids of zeros are invalid.
bool is_traceparent(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32),
                         parent = text.substr(36, 16), flags = text.substr(53, 2);
  const bool zeros =
      trace.find_first_not_of('0') == trace.npos || parent.find_first_not_of('0') == parent.npos;
  if (zeros || version == "ff" || (version == "00" && text.size() != 55)) return false;
  if (text.size() > 55 && (text.size() > 128 || text[55] != '-')) return false;
  return is_lower_hex(version) && is_lower_hex(trace) && is_lower_hex(parent) &&
         is_lower_hex(flags);
}

Error bad_key(const std::string& what) {
  return {"bad_field", std::string(kKeyHeader) + ": " + what, std::string(kKeyHeader)};
}

}  // namespace

Result<std::optional<std::string>> header_key(const Request& request) {
  const std::string* value = request.header("idempotency-key");
  if (value == nullptr) return std::optional<std::string>();
  if (request.count("idempotency-key") > 1) return bad_key("given more than once");
  std::string key = *value;
  if (key.size() >= 2 && key.front() == '"' && key.back() == '"') {
    key = key.substr(1, key.size() - 2);
  }
  if (key.empty()) return bad_key("must not be empty");
  if (key.size() > kKeyBytesMax) return bad_key("expected at most 255 bytes");
  const bool control = std::any_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (control || !is_utf8(key)) return bad_key("expected printable text");
  return std::optional<std::string>(std::move(key));
}

void add_traceparent(const Request& request, wire::PatchRequest* patch) {
  const std::string* value = request.header("traceparent");
  if (value == nullptr || patch->traceparent || request.count("traceparent") > 1) return;
  if (is_traceparent(*value)) patch->traceparent = *value;
}

Error in_request_words(const wire::ErrorBody& error, size_t index) {
  Error out = http::to_error(error);
  const std::string prefix = "items[" + std::to_string(index) + "]";
  if (out.field.rfind(prefix, 0) != 0) return out;
  std::string field = out.field.substr(prefix.size());
  if (!field.empty() && field.front() == '.') field.erase(0, 1);
  for (const auto& [theirs, ours] : {std::pair("repo", "base.repo"), std::pair("ref", "base.ref"),
                                     std::pair("baseJob", "base.job")}) {
    if (field == theirs) field = ours;
  }
  if (out.message.rfind(out.field, 0) == 0) {
    out.message = field + out.message.substr(out.field.size());
  }
  out.field = field;
  return out;
}

Response accepted_unseen(const wire::SubmitAck& ack) {
  http::JsonObject body{{"id", ack.id}};
  if (ack.state) body["state"] = std::string(wire::to_string(*ack.state));
  Response out = json_response(202, std::move(body));
  out.headers.emplace_back("Location", "/v1/patches/" + http::percent_encode(ack.id));
  return out;
}

}  // namespace ghost::relay
