#include "broker/sender.h"

#include "broker/crash_point.h"

namespace ghost::broker {
namespace {

// Smaller frames are bounded by the sockets' high-water mark.
constexpr size_t kWaitingBytesMax = size_t{64} << 20;  // a peer
constexpr size_t kWaitingBytesMaxAll = size_t{512} << 20;
constexpr size_t kPeersMax = 4096;  // with lent frames on their way

size_t lent_bytes(const wire::Frames& frames) {
  size_t bytes = 0;
  for (const Blob& frame : frames) bytes += frame->size() > wire::kFrameCopyMax ? frame->size() : 0;
  return bytes;
}

}  // namespace

// Takes off what has left.
void Sender::settle(Waiting* waiting) {
  while (!waiting->frames.empty() && waiting->frames.front().frame.expired()) {
    waiting->bytes -= waiting->frames.front().bytes;
    waiting_bytes_ -= waiting->frames.front().bytes;
    waiting->frames.pop_front();
  }
}

void Sender::settle_all() {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    settle(&at->second);
    at = at->second.frames.empty() ? waiting_.erase(at) : std::next(at);
  }
}

void Sender::forget(const Peer& peer) {
  const auto at = waiting_.find(peer);
  if (at == waiting_.end()) return;
  waiting_bytes_ -= at->second.bytes;
  waiting_.erase(at);
}

// True when the frames fit beside what still waits.
bool Sender::has_room(const Peer& peer, const wire::Frames& frames) {
  const size_t bytes = lent_bytes(frames);
  if (bytes == 0) return true;
  if (waiting_.size() >= kPeersMax || waiting_bytes_ + bytes > kWaitingBytesMaxAll) settle_all();
  Waiting& w = waiting_[peer];
  if (w.bytes + bytes > kWaitingBytesMax) settle(&w);
  // One message is always let through: it may be bigger than the bound, and who reads is served
  // also while others fill the room.
  const bool full =
      w.bytes + bytes > kWaitingBytesMax || waiting_bytes_ + bytes > kWaitingBytesMaxAll;
  if (w.bytes > 0 && full) return false;
  for (const Blob& frame : frames) {
    if (frame->size() > wire::kFrameCopyMax) w.frames.push_back({frame, frame->size()});
  }
  w.bytes += bytes;
  waiting_bytes_ += bytes;
  return true;
}

wire::SendStatus Sender::send(const Peer& peer, const wire::Frames& frames) {
  if (peer.route.empty()) return wire::SendStatus::kSent;
  GHOST_CRASH_POINT("send.begin");
  wire::SendStatus status = wire::SendStatus::kWouldBlock;
  if (has_room(peer, frames)) status = ports_->send(peer, frames);
  switch (status) {
    case wire::SendStatus::kSent:
      ++counts_.sent;
      break;
    case wire::SendStatus::kNoSuchPeer:
      ++counts_.no_such_peer;
      forget(peer);
      break;
    case wire::SendStatus::kWouldBlock:
      ++counts_.would_block;
      break;
  }
  GHOST_CRASH_POINT("send.done");
  return status;
}

}  // namespace ghost::broker
