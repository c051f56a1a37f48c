// Server-sent events as a client reads them (WHATWG HTML, 9.2.6), over pieces cut anywhere. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ghost::http {

struct SseEvent {
  std::string id;  // the last id that was sent, also when this event had none of its own
  std::string event = "message";
  std::string data;
};

class SseParser {
 public:
  // Longest line and longest data that are kept; what goes beyond is dropped.
  static constexpr size_t kBytesMax = size_t{8} << 20;

  // Calls `on_event` for each event that is now whole; stops early and gives false when it does.
  bool feed(std::string_view piece, const std::function<bool(const SseEvent&)>& on_event);
  const std::string& last_id() const { return last_id_; }
  int64_t retry_ms() const { return retry_ms_; }  // as the server asked, -1 when it did not
  // A connection was lost: what stood half read is forgotten, the last id stays.
  void restart();

 private:
  void take_line(std::string_view line);

  std::string line_, last_id_, id_, event_, data_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
  int64_t retry_ms_ = -1;
};

}  // namespace ghost::http
