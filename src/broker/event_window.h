// A window of a job's events being filled, event by event in order of seq. Pure.
#pragma once

#include <vector>

#include "broker/store.h"

namespace ghost::broker {

class EventWindowBuilder {
 public:
  EventWindowBuilder(uint64_t after_seq, size_t bytes_max,
                     const std::vector<wire::Stream>& streams);

  // How an event would be taken, judged before its bytes are read.
  enum class Take { kSkip, kKeep, kFull };
  Take judge(const wire::Event& event, uint64_t data_bytes);
  void keep(wire::Event event) { window_.items.push_back(std::move(event)); }
  void stop_early() { window_.more = true; }
  EventWindow finish() { return std::move(window_); }

 private:
  // What may be looked at for one window, kept or not.
  static constexpr size_t kScanBytesMax = 8 << 20;
  EventWindow window_;
  uint64_t after_seq_;
  size_t bytes_max_;
  size_t bytes_ = 0, scanned_ = 0;
  bool any_ = false;
  unsigned streams_ = 0;  // a bit a stream
};

// "attempt.stream.offset", as clients name events.
struct EventPosition {
  uint64_t attempt = 0;
  wire::Stream stream{};
  uint64_t offset = 0;
};
Result<EventPosition> parse_event_id(const std::string& event_id);
// Whether the event stands at the position or, for output, holds it.
bool covers(const wire::Event& event, uint64_t data_bytes, const EventPosition& position);

}  // namespace ghost::broker
