// The events of one job that the broker has not yet made durable: output by byte position, progress
// by count. Pure; part of the session core and used on its thread. Bounded: output by the host's
// window, progress here.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "runner_worker/session_types.h"

namespace ghost::runner {

class EventLog {
 public:
  static constexpr size_t kProgressEventsMax = 4096;  // unacked; further ones are left out
  static constexpr uint64_t kProgressBytesMax = 4 << 20;
  static constexpr size_t kBatchEventsMax = 1024;
  static constexpr uint64_t kBatchBytesMax = 256 * 1024;

  explicit EventLog(uint64_t attempt) : attempt_(attempt) {}
  // Takes over what an earlier process had not got rid of.
  explicit EventLog(std::vector<wire::Event> events);

  void output(const SlotOutput& output);
  void progress(const SlotProgress& progress);

  // The next events to send, in order and within the batch limits; they count as sent. Empty: none.
  std::vector<wire::Event> take_batch();
  // Everything unacked counts as unsent again.
  void rewind();
  // Drops what is durable by the broker's next offsets; gives the window cost that is free again.
  uint64_t ack(const std::map<std::string, uint64_t>& offsets);
  // Drops everything; gives its window cost.
  uint64_t clear();

  bool empty() const { return queue_.empty(); }
  size_t size() const { return queue_.size(); }
  bool has_unsent() const { return sent_ < queue_.size(); }
  bool has_sent() const { return sent_ > 0; }
  uint64_t unsent_bytes() const { return unsent_bytes_; }
  std::vector<wire::Event> all() const;

 private:
  struct Entry {
    wire::Event event;
    uint64_t cost = 0;  // of the host's window
  };

  wire::Event make(wire::Stream stream, const std::string& gate, WallMs at, std::string type);
  bool joins_last(const SlotOutput& output, const char* type) const;
  void push(Entry entry);
  static uint64_t size_of(const wire::Event& event);
  static uint64_t end_of(const wire::Event& event);

  uint64_t attempt_ = 0;
  std::deque<Entry> queue_;
  size_t sent_ = 0;       // entries at the front that were sent on this connection
  size_t ever_sent_ = 0;  // and on any: their bounds are fixed
  uint64_t unsent_bytes_ = 0;
  size_t progress_events_ = 0;
  uint64_t progress_bytes_ = 0;
  std::array<uint64_t, 4> next_offset_{};  // by wire::Stream
};

}  // namespace ghost::runner
