#include "broker/event_window.h"

#include <charconv>

namespace ghost::broker {

EventWindowBuilder::EventWindowBuilder(uint64_t after_seq, size_t bytes_max,
                                       const std::vector<wire::Stream>& streams)
    : after_seq_(after_seq), bytes_max_(bytes_max) {
  window_.last_seq = after_seq;
  for (const wire::Stream stream : streams) streams_ |= 1u << static_cast<unsigned>(stream);
  if (streams.empty()) streams_ = ~0u;
}

EventWindowBuilder::Take EventWindowBuilder::judge(const wire::Event& event, uint64_t data_bytes) {
  if (event.seq <= after_seq_) return Take::kSkip;
  if (!any_ && event.seq > after_seq_ + 1) window_.gap = true;
  any_ = true;
  const size_t size = data_bytes + event.detail.value_or("").size() + 64;
  const bool wanted = (streams_ >> static_cast<unsigned>(event.stream) & 1) != 0;
  const bool full = wanted && !window_.items.empty() && bytes_ + size > bytes_max_;
  if (full || scanned_ > kScanBytesMax) {
    window_.more = true;
    return Take::kFull;
  }
  scanned_ += size;
  window_.last_seq = event.seq;
  if (!wanted) return Take::kSkip;
  bytes_ += size;
  return Take::kKeep;
}

Result<EventPosition> parse_event_id(const std::string& event_id) {
  const Error wrong{"bad_field",
                    "afterId: expected attempt.stream.offset, got \"" + event_id + "\"", "afterId"};
  const auto number = [](std::string_view text, uint64_t* out) {
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    return error == std::errc{} && at == text.data() + text.size() && !text.empty();
  };
  const std::string_view text = event_id;
  const size_t first = text.find('.');
  const size_t last = text.rfind('.');
  if (first == std::string_view::npos || first == last) return wrong;
  EventPosition position;
  const auto stream = wire::parse_stream(text.substr(first + 1, last - first - 1));
  if (!stream || !number(text.substr(0, first), &position.attempt) ||
      !number(text.substr(last + 1), &position.offset)) {
    return wrong;
  }
  position.stream = *stream;
  return position;
}

bool covers(const wire::Event& event, uint64_t data_bytes, const EventPosition& position) {
  if (event.attempt != position.attempt || event.stream != position.stream) return false;
  const uint64_t length = std::max<uint64_t>(1, data_bytes + event.skipped);
  return position.offset >= event.offset && position.offset - event.offset < length;
}

}  // namespace ghost::broker
