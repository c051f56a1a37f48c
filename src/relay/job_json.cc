#include "relay/job_json.h"

#include <algorithm>

#include "base/bytes.h"

namespace ghost::relay {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view strong(std::string_view tag) {
  tag = trimmed(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 19 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

http::Json job_json(const wire::JobView& job, std::string_view verdict) {
  http::Json out = http::to_json(job);
  if (verdict.empty()) return out;
  Result<http::Json> found = http::from_msgpack(verdict);
  if (!found || !found->is_object()) return out;
  http::JsonObject& document = out.get_object();
  for (auto& [key, value] : found->get_object()) {
    // The broker's record rules: only it knows how the job ended in the end.
    if (key == "outcome" || key == "startedAt") continue;
    if (!document.contains(key)) document[key] = std::move(value);
  }
  return out;
}

std::string job_etag(const wire::JobView& job, const std::string& document) {
  // Nobody gains by another document with the same tag: it would be his own job's.
  const uint64_t hash = std::hash<std::string_view>{}(document);
  return "\"" + std::to_string(job.version) + "-" + std::to_string(hash) + "\"";
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  for (size_t begin = 0; begin <= if_none_match.size();) {
    const size_t end = std::min(if_none_match.find(',', begin), if_none_match.size());
    const std::string_view one = trimmed(if_none_match.substr(begin, end - begin));
    if (one == "*" || strong(one) == strong(etag)) return true;
    begin = end + 1;
  }
  return false;
}

std::optional<uint64_t> etag_version(std::string_view if_none_match) {
  std::string_view tag = strong(if_none_match.substr(0, if_none_match.find(',')));
  if (!tag.starts_with("\"")) return std::nullopt;
  tag.remove_prefix(1);
  const std::string number(tag.substr(0, tag.find('-')));
  if (!is_number(number) || number.size() > 18) return std::nullopt;
  return std::stoull(number);
}

http::Json event_json(const wire::Event& event) {
  wire::Event shown = event;
  const bool text = !event.data || is_utf8(*event.data);
  if (!text) shown.data = base64_encode(*event.data);
  http::Json out = http::to_json(shown);
  if (!text) out.get_object()["encoding"] = "base64";
  if (event.skipped == 0) out.get_object().erase("skipped");
  return out;
}

std::string event_id(const wire::Event& event) {
  return std::to_string(event.attempt) + "." + std::string(wire::to_string(event.stream)) + "." +
         std::to_string(event.offset);
}

bool is_event_id(std::string_view text) {
  const size_t first = text.find('.'), last = text.rfind('.');
  if (first == text.npos || first == last) return false;
  return is_number(text.substr(0, first)) && is_number(text.substr(last + 1)) &&
         wire::parse_stream(text.substr(first + 1, last - first - 1)).has_value();
}

}  // namespace ghost::relay
