#include "http/sse.h"

#include <cstdint>

namespace ghost::http {

bool SseParser::feed(std::string_view piece, const std::function<bool(const SseEvent&)>& on_event) {
  for (const char c : piece) {
    if (c == '\n' && after_cr_) {
      after_cr_ = false;
      continue;
    }
    after_cr_ = c == '\r';
    if (c != '\n' && c != '\r') {
      if (line_.size() < kBytesMax) line_ += c;
      continue;
    }
    std::string line;
    line.swap(line_);
    if (at_start_ && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    at_start_ = false;
    if (!line.empty()) {
      take_line(line);
      continue;
    }
    last_id_ = id_;
    SseEvent event{last_id_, event_.empty() ? "message" : event_, std::move(data_)};
    const bool whole = has_data_;
    event_.clear();
    data_.clear();
    has_data_ = false;
    if (whole && !on_event(event)) return false;
  }
  return true;
}

void SseParser::take_line(std::string_view line) {
  if (line.front() == ':') return;
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (has_data_) data_ += '\n';
    has_data_ = true;
    if (data_.size() + value.size() <= kBytesMax) data_ += value;
  } else if (name == "event") {
    event_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry" && !value.empty() && value.size() < 10 &&
             value.find_first_not_of("0123456789") == std::string_view::npos) {
    retry_ms_ = std::stoll(std::string(value));
  }
}

void SseParser::restart() {
  line_.clear();
  event_.clear();
  data_.clear();
  id_ = last_id_;
  has_data_ = after_cr_ = false;
  at_start_ = true;
}

}  // namespace ghost::http
