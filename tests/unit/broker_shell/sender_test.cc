// What may wait for peers that do not read.
#include "broker/sender.h"

#include <gtest/gtest.h>

namespace ghost::broker {
namespace {

constexpr size_t kMib = 1 << 20;

// Keeps the frames of each peer as libzmq does until they are on the wire.
class Wire : public Ports {
 public:
  std::optional<wire::Incoming> receive(Side) override { return std::nullopt; }
  wire::SendStatus send(const Peer& peer, const wire::Frames& frames) override {
    if (peer.route == "gone") return wire::SendStatus::kNoSuchPeer;
    for (const Blob& frame : frames) waiting_[peer].push_back(frame);
    return wire::SendStatus::kSent;
  }
  void read_all(const Peer& peer) { waiting_.erase(peer); }
  size_t bytes() const {
    size_t sum = 0;
    for (const auto& [peer, frames] : waiting_) {
      for (const Blob& frame : frames) sum += frame->size();
    }
    return sum;
  }

 private:
  std::map<Peer, wire::Frames> waiting_;
};

Peer client(const std::string& name) {
  return {Side::kClients, name};
}

size_t send_until_full(Sender& sender, const Peer& peer, size_t frame_bytes) {
  for (size_t n = 0; n < 100'000; ++n) {
    if (sender.send(peer, {make_blob(std::string(frame_bytes, 'x'))}) != wire::SendStatus::kSent) {
      return n;
    }
  }
  ADD_FAILURE() << "never full";
  return 0;
}

TEST(Sender, APeerThatNeverReadsFillsItsOwnRoomOnly) {
  Wire wire;
  Sender sender(&wire);
  send_until_full(sender, client("deaf"), 5000);
  EXPECT_LE(wire.bytes(), 64 * kMib);
  EXPECT_GT(wire.bytes(), 60 * kMib);
  EXPECT_EQ(sender.send(client("other"), {make_blob(std::string(100'000, 'x'))}),
            wire::SendStatus::kSent);
  wire.read_all(client("deaf"));
  EXPECT_EQ(sender.send(client("deaf"), {make_blob(std::string(100'000, 'x'))}),
            wire::SendStatus::kSent);
}

TEST(Sender, ManyPeersThatNeverReadFillABoundedRoom) {
  Wire wire;
  Sender sender(&wire);
  for (int i = 0; i < 40; ++i) {
    send_until_full(sender, client("deaf-" + std::to_string(i)), 250'000);
  }
  EXPECT_LE(wire.bytes(), 512 * kMib + 40 * 250'000);
  EXPECT_EQ(sender.send(client("reads"), {make_blob(std::string(kMib, 'x'))}),
            wire::SendStatus::kSent)
      << "who reads is served";
  for (int i = 0; i < 40; ++i) wire.read_all(client("deaf-" + std::to_string(i)));
  EXPECT_GT(send_until_full(sender, client("reads"), kMib), 50u);
}

TEST(Sender, APeerThatHasGoneLeavesNothing) {
  Wire wire;
  Sender sender(&wire);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(sender.send(client("gone"), {make_blob(std::string(kMib, 'x'))}),
              wire::SendStatus::kNoSuchPeer);
  }
  EXPECT_EQ(sender.counts().no_such_peer, 5000u);
}

}  // namespace
}  // namespace ghost::broker
