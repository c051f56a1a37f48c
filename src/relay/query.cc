#include "relay/query.h"

#include <algorithm>

#include "base/log.h"

namespace ghost::relay {
namespace {

std::optional<uint64_t> digits(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

std::string shown(const std::string& text) {
  return "\"" + log::escape_control(http::to_utf8_lossy(text.substr(0, 60))) + "\"";
}

}  // namespace

void QueryReader::fail(std::string_view name, const std::string& what) {
  if (error_) return;
  const std::string field = log::escape_control(http::to_utf8_lossy(name.substr(0, 100)));
  error_ = Error{"bad_field", field + ": " + what, field};
}

std::vector<std::string> QueryReader::all(std::string_view name) {
  std::vector<std::string> out;
  for (size_t i = 0; i < query_.size(); ++i) {
    if (query_[i].first != name) continue;
    taken_[i] = true;
    out.push_back(query_[i].second);
  }
  return out;
}

std::optional<std::string> QueryReader::one(std::string_view name) {
  std::vector<std::string> values = all(name);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) fail(name, "stands twice");
  return std::move(values.front());
}

std::optional<uint64_t> QueryReader::number(std::string_view name, uint64_t min, uint64_t max) {
  const std::optional<std::string> text = one(name);
  if (!text) return std::nullopt;
  const std::optional<uint64_t> value = digits(*text);
  if (value && *value >= min && *value <= max) return value;
  fail(name, "expected a whole number from " + std::to_string(min) + " to " + std::to_string(max) +
                 ", got " + shown(*text));
  return std::nullopt;
}

bool QueryReader::flag(std::string_view name) {
  const std::optional<std::string> text = one(name);
  if (!text || *text == "0" || *text == "false" || *text == "no") return false;
  if (text->empty() || *text == "1" || *text == "true" || *text == "yes") return true;
  fail(name, "expected true or false, got " + shown(*text));
  return false;
}

std::optional<WallMs> QueryReader::time(std::string_view name) {
  const std::optional<std::string> text = one(name);
  if (!text) return std::nullopt;
  const Result<WallMs> value = parse_rfc3339(*text);
  if (value) return *value;
  fail(name, "expected a time such as 2026-01-31T09:05:00Z, got " + shown(*text));
  return std::nullopt;
}

Status QueryReader::finish() {
  if (error_) return *error_;
  for (size_t i = 0; i < query_.size(); ++i) {
    if (taken_[i]) continue;
    const std::string name =
        log::escape_control(http::to_utf8_lossy(query_[i].first.substr(0, 100)));
    return Error{"unknown_field", name + ": unknown query parameter", name};
  }
  return ok_status();
}

std::optional<uint64_t> preferred_wait_s(const Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (name != "prefer") continue;
    for (size_t begin = 0; begin <= value.size();) {
      const size_t end = std::min(value.find_first_of(",;", begin), value.size());
      std::string one = value.substr(begin, end - begin);
      std::transform(one.begin(), one.end(), one.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      one.erase(std::remove_if(one.begin(), one.end(),
                               [](char c) { return c == ' ' || c == '\t' || c == '"'; }),
                one.end());
      if (one.rfind("wait=", 0) == 0) return digits(std::string_view(one).substr(5));
      begin = end + 1;
    }
  }
  return std::nullopt;
}

}  // namespace ghost::relay
