#include "broker/sender.h"

#include "broker/crash_point.h"

namespace ghost::broker {
namespace {

// Smaller frames are copied into libzmq's queue, which is bounded by count (high_water_mark).
constexpr size_t kBigFrame = 64 << 10;
constexpr size_t kWaitingBytesMax = size_t{256} << 20;  // a peer
constexpr size_t kPeersMax = 4096;                      // with big frames on their way

}  // namespace

// Forgets what has left; true when the frames fit beside what still waits.
bool Sender::has_room(const Peer& peer, const wire::Frames& frames) {
  size_t bytes = 0;
  for (const Blob& frame : frames) bytes += frame->size() >= kBigFrame ? frame->size() : 0;
  if (bytes == 0) return true;
  const auto settle = [](Waiting& w) {
    std::deque<std::weak_ptr<const std::string>> left;
    w.bytes = 0;
    for (auto& frame : w.frames) {
      if (const Blob alive = frame.lock()) {
        w.bytes += alive->size();
        left.push_back(std::move(frame));
      }
    }
    w.frames.swap(left);
    return w.frames.empty();
  };
  if (waiting_.size() >= kPeersMax) {
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      at = settle(at->second) ? waiting_.erase(at) : std::next(at);
    }
  }
  Waiting& w = waiting_[peer];
  if (w.bytes + bytes > kWaitingBytesMax) settle(w);
  // One message is always let through: it may be bigger than the bound.
  if (w.bytes > 0 && w.bytes + bytes > kWaitingBytesMax) return false;
  for (const Blob& frame : frames) {
    if (frame->size() >= kBigFrame) w.frames.push_back(frame);
  }
  w.bytes += bytes;
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
      waiting_.erase(peer);
      break;
    case wire::SendStatus::kWouldBlock:
      ++counts_.would_block;
      break;
  }
  GHOST_CRASH_POINT("send.done");
  return status;
}

}  // namespace ghost::broker
