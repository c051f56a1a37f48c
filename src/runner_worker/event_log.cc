#include "runner_worker/event_log.h"

#include <algorithm>

namespace ghost::runner {
namespace {

constexpr uint64_t kEventOverhead = 128;  // header, names and numbers of an event on the wire
// Output is gathered into events of up to this size while it waits to be sent.
constexpr uint64_t kJoinBytesMax = 64 * 1024;

}  // namespace

EventLog::EventLog(std::vector<wire::Event> events) {
  for (wire::Event& event : events) {
    attempt_ = event.attempt;
    uint64_t& next = next_offset_[static_cast<size_t>(event.stream)];
    next = std::max(next, end_of(event));
    push({std::move(event), 0});
  }
}

uint64_t EventLog::size_of(const wire::Event& event) {
  return kEventOverhead + (event.data ? event.data->size() : 0) +
         (event.detail ? event.detail->size() : 0);
}

uint64_t EventLog::end_of(const wire::Event& event) {
  if (event.stream == wire::Stream::kProgress) return event.offset + 1;
  return event.offset + (event.data ? event.data->size() : 0) + event.skipped;
}

wire::Event EventLog::make(wire::Stream stream, const std::string& gate, WallMs at,
                           std::string type) {
  wire::Event event;
  event.attempt = attempt_;
  event.stream = stream;
  event.offset = next_offset_[static_cast<size_t>(stream)];
  event.at = at;
  event.type = std::move(type);
  if (!gate.empty()) event.gate = gate;
  return event;
}

void EventLog::push(Entry entry) {
  unsent_bytes_ += size_of(entry.event);
  if (entry.event.stream == wire::Stream::kProgress) {
    ++progress_events_;
    progress_bytes_ += size_of(entry.event);
  }
  queue_.push_back(std::move(entry));
}

// What was sent keeps its bounds, so that a repeat says the same.
bool EventLog::joins_last(const SlotOutput& output, const char* type) const {
  if (queue_.size() <= ever_sent_) return false;
  const wire::Event& last = queue_.back().event;
  return last.stream == output.stream && last.type == type && last.gate.value_or("") == output.gate;
}

void EventLog::output(const SlotOutput& output) {
  uint64_t& next = next_offset_[static_cast<size_t>(output.stream)];
  if (!output.bytes.empty()) {
    const uint64_t cost = output.bytes.size() + kOutputCallCost;
    if (joins_last(output, "log") &&
        queue_.back().event.data->size() + output.bytes.size() <= kJoinBytesMax) {
      *queue_.back().event.data += output.bytes;
      queue_.back().cost += cost;
      unsent_bytes_ += output.bytes.size();
    } else {
      wire::Event event = make(output.stream, output.gate, output.at, "log");
      event.data = output.bytes;
      push({std::move(event), cost});
    }
    next += output.bytes.size();
  }
  if (output.skipped == 0) return;
  if (joins_last(output, "cut")) {
    queue_.back().event.skipped += output.skipped;
  } else {
    wire::Event event = make(output.stream, output.gate, output.at, "cut");
    event.skipped = output.skipped;
    push({std::move(event), 0});
  }
  next += output.skipped;
}

void EventLog::progress(const SlotProgress& progress) {
  constexpr size_t kTypeBytesMax = 64, kDetailBytesMax = 65536;
  if (progress_events_ >= kProgressEventsMax || progress_bytes_ >= kProgressBytesMax) return;
  wire::Event event = make(wire::Stream::kProgress, progress.gate, progress.at,
                           progress.type.substr(0, kTypeBytesMax));
  if (!progress.detail.empty() && progress.detail.size() <= kDetailBytesMax) {
    event.detail = progress.detail;
  }
  ++next_offset_[static_cast<size_t>(wire::Stream::kProgress)];
  push({std::move(event), 0});
}

std::vector<wire::Event> EventLog::take_batch() {
  std::vector<wire::Event> batch;
  uint64_t bytes = 0;
  while (has_unsent() && batch.size() < kBatchEventsMax) {
    const wire::Event& event = queue_[sent_].event;
    const uint64_t size = size_of(event);
    if (!batch.empty() && bytes + size > kBatchBytesMax) break;
    bytes += size;
    unsent_bytes_ -= size;
    batch.push_back(event);
    ++sent_;
  }
  ever_sent_ = std::max(ever_sent_, sent_);
  return batch;
}

void EventLog::rewind() {
  while (sent_ > 0) unsent_bytes_ += size_of(queue_[--sent_].event);
}

uint64_t EventLog::ack(const std::map<std::string, uint64_t>& offsets) {
  uint64_t cost = 0;
  // Only what was sent can have been kept; anything else is a broken peer's word.
  while (sent_ > 0) {
    const Entry& front = queue_.front();
    const auto kept = offsets.find(std::string(to_string(front.event.stream)));
    if (kept == offsets.end() || kept->second < end_of(front.event)) break;
    if (front.event.stream == wire::Stream::kProgress) {
      --progress_events_;
      progress_bytes_ -= size_of(front.event);
    }
    cost += front.cost;
    queue_.pop_front();
    --sent_;
    --ever_sent_;
  }
  return cost;
}

uint64_t EventLog::clear() {
  uint64_t cost = 0;
  for (const Entry& entry : queue_) cost += entry.cost;
  queue_.clear();
  sent_ = 0;
  ever_sent_ = 0;
  unsent_bytes_ = 0;
  progress_events_ = 0;
  progress_bytes_ = 0;
  return cost;
}

std::vector<wire::Event> EventLog::all() const {
  std::vector<wire::Event> events;
  events.reserve(queue_.size());
  for (const Entry& entry : queue_) events.push_back(entry.event);
  return events;
}

}  // namespace ghost::runner
