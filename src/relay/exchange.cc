#include "relay/exchange.h"

#include <algorithm>

#include "http/problem.h"

namespace ghost::relay {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

const std::string* Request::header(std::string_view name) const {
  const auto at = std::find_if(headers.begin(), headers.end(),
                               [&](const auto& entry) { return entry.first == name; });
  return at == headers.end() ? nullptr : &at->second;
}

size_t Request::count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(headers.begin(), headers.end(),
                                           [&](const auto& entry) { return entry.first == name; }));
}

std::string Request::media_type() const {
  const std::string* value = header("content-type");
  if (value == nullptr) return "";
  return lower(trimmed(std::string_view(*value).substr(0, value->find(';'))));
}

bool Request::accepts(std::string_view media_type) const {
  for (const auto& [name, value] : headers) {
    if (name != "accept") continue;
    const std::string text = lower(value);
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const std::string_view one = std::string_view(text).substr(begin, end - begin);
      if (trimmed(one.substr(0, one.find(';'))) == media_type) return true;
      begin = end + 1;
    }
  }
  return false;
}

Response json_response(int status, const http::Json& body) {
  return json_text_response(status, http::print_json(body));
}

Response json_text_response(int status, std::string body) {
  Response out;
  out.status = status;
  out.content_type = "application/json";
  out.body = std::move(body) + "\n";
  return out;
}

Response text_response(int status, std::string body) {
  Response out;
  out.status = status;
  out.content_type = "text/plain; charset=utf-8";
  out.body = std::move(body);
  return out;
}

Response empty_response(int status) {
  Response out;
  out.status = status;
  return out;
}

Response problem_response(const Error& error, uint64_t retry_after_ms) {
  const wire::ErrorInfo& info = wire::error_info(error.code);
  Response out = json_response(info.status, http::problem_json(error, retry_after_ms));
  out.content_type = std::string(http::kProblemType);
  if (info.status == 429 || info.status == 503 || retry_after_ms > 0) {
    const uint64_t seconds = std::max<uint64_t>(1, (retry_after_ms + 999) / 1000);
    out.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  out.problem = error;
  if (info.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"ghost\"");
  return out;
}

}  // namespace ghost::relay
