// The wrapper of libzmq: what its users rely on.
#include <gtest/gtest.h>

#include "base/time.h"
#include "wire/socket.h"

namespace ghost::wire {
namespace {

std::optional<Incoming> receive_within(Socket& socket, int64_t ms) {
  const MonoMs end = mono_now_ms() + ms;
  while (mono_now_ms() < end) {
    if (auto message = socket.receive()) return message;
    std::vector<PollItem> items{{&socket}};
    poll(items, end - mono_now_ms());
  }
  return std::nullopt;
}

Frames text(const std::string& t) {
  return {make_blob(t)};
}

struct SocketTest : testing::Test {
  Context context;
};

TEST_F(SocketTest, RouterAnswersWhoAsked) {
  Socket router(context, Socket::Type::kRouter);
  const auto endpoint = router.bind("tcp://127.0.0.1:0");
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  EXPECT_EQ(endpoint->rfind("tcp://127.0.0.1:", 0), 0u);
  EXPECT_NE(*endpoint, "tcp://127.0.0.1:0");
  Socket a(context, Socket::Type::kDealer), b(context, Socket::Type::kDealer);
  ASSERT_TRUE(a.connect(*endpoint).ok());
  ASSERT_TRUE(b.connect(*endpoint).ok());
  EXPECT_EQ(a.send("", text("from a")), SendStatus::kSent);
  EXPECT_EQ(b.send("", text("from b")), SendStatus::kSent);
  for (int i = 0; i < 2; ++i) {
    const auto asked = receive_within(router, 5000);
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(router.send(asked->peer, text("re: " + *asked->frames[0])), SendStatus::kSent);
  }
  const auto to_a = receive_within(a, 5000), to_b = receive_within(b, 5000);
  ASSERT_TRUE(to_a && to_b);
  EXPECT_EQ(*to_a->frames[0], "re: from a");
  EXPECT_EQ(*to_b->frames[0], "re: from b");
}

TEST_F(SocketTest, ANamelessPeerIsSaidNotDropped) {
  Socket router(context, Socket::Type::kRouter);
  ASSERT_TRUE(router.bind("tcp://127.0.0.1:0").ok());
  EXPECT_EQ(router.send("nobody", text("x")), SendStatus::kNoSuchPeer);
}

TEST_F(SocketTest, TellsEveryConnectionThatIsMade) {
  auto router = std::make_unique<Socket>(context, Socket::Type::kRouter);
  const auto endpoint = router->bind("tcp://127.0.0.1:0");
  ASSERT_TRUE(endpoint.ok());
  Socket dealer(context, Socket::Type::kDealer);
  const Status watched = dealer.watch_connections(context);
  ASSERT_TRUE(watched.ok()) << watched.error().message;
  ASSERT_TRUE(dealer.connect(*endpoint).ok());
  EXPECT_TRUE(receive_within(dealer.watched(), 5000).has_value());
  router.reset();
  router = std::make_unique<Socket>(context, Socket::Type::kRouter);
  const MonoMs end = mono_now_ms() + 5000;
  while (!router->bind(*endpoint) && mono_now_ms() < end) {
  }
  EXPECT_TRUE(receive_within(dealer.watched(), 10000).has_value());
}

TEST_F(SocketTest, AWatchedSocketMayBeClosedWhileItConnects) {
  Socket router(context, Socket::Type::kRouter);
  const auto endpoint = router.bind("tcp://127.0.0.1:0");
  ASSERT_TRUE(endpoint.ok());
  // Closed at many moments of the handshake: none may leave the I/O thread waiting.
  for (int turns = 0; turns < 300; ++turns) {
    Socket dealer(context, Socket::Type::kDealer);
    ASSERT_TRUE(dealer.watch_connections(context).ok());
    ASSERT_TRUE(dealer.connect(*endpoint).ok());
    dealer.send("", text("here"));
    for (int i = 0; i < turns * 20; ++i) (void)dealer.readable();
  }
  Socket after(context, Socket::Type::kDealer);
  ASSERT_TRUE(after.connect(*endpoint).ok());
  after.send("", text("after"));
  const MonoMs end = mono_now_ms() + 10'000;
  for (;;) {
    const auto got = receive_within(router, 10'000);
    ASSERT_TRUE(got.has_value());
    if (*got->frames[0] == "after") break;
    ASSERT_LT(mono_now_ms(), end);
  }
}

TEST_F(SocketTest, AnAddressInUseIsNamed) {
  Socket one(context, Socket::Type::kRouter), two(context, Socket::Type::kRouter);
  const auto endpoint = one.bind("tcp://127.0.0.1:0");
  ASSERT_TRUE(endpoint.ok());
  const auto again = two.bind(*endpoint);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "io_error");
  EXPECT_NE(again.error().message.find(*endpoint), std::string::npos) << again.error().message;
}

TEST_F(SocketTest, ShutdownDoesNotWaitForADeadPeer) {
  const MonoMs begin = mono_now_ms();
  {
    Context own;
    Socket dealer(own, Socket::Type::kDealer);
    ASSERT_TRUE(dealer.connect("tcp://127.0.0.1:1").ok());  // nobody listens there
    EXPECT_EQ(dealer.send("", text("lost")), SendStatus::kSent);
  }
  EXPECT_LT(mono_now_ms() - begin, 5000);
}

TEST_F(SocketTest, AFrameOverTheLimitEndsOnlyItsSender) {
  SocketOptions small;
  small.frame_bytes_max = 1000;
  Socket router(context, Socket::Type::kRouter, small);
  const auto endpoint = router.bind("tcp://127.0.0.1:0");
  ASSERT_TRUE(endpoint.ok());
  Socket big(context, Socket::Type::kDealer), good(context, Socket::Type::kDealer);
  ASSERT_TRUE(big.connect(*endpoint).ok() && good.connect(*endpoint).ok());
  big.send("", text(std::string(5000, 'x')));
  good.send("", text("fine"));
  const auto got = receive_within(router, 5000);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(*got->frames[0], "fine");
}

TEST(Endpoint, OnlyLoopbackAndIpcAreLocal) {
  for (const char* local : {"tcp://127.0.0.1:5051", "tcp://127.9.0.1:*", "tcp://[::1]:1",
                            "ipc:///run/x", "tcp://localhost:5051", "inproc://x"}) {
    EXPECT_TRUE(is_local_endpoint(local)) << local;
  }
  for (const char* open :
       {"tcp://0.0.0.0:5051", "tcp://*:5051", "tcp://10.0.0.1:1", "tcp://[::]:1",
        "tcp://127.0.0.1.example.org:1", "tcp://1270.0.0.1:1", "tcp://eth0:1", ""}) {
    EXPECT_FALSE(is_local_endpoint(open)) << open;
  }
}

}  // namespace
}  // namespace ghost::wire
