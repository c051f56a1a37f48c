// What a peer may send that the broker must answer, count, and outlive.
#include "shell_fixture.h"

namespace ghost::broker {
namespace {

class ShellBadPeers : public ShellTest {
 protected:
  void SetUp() override { start(); }
  // Frames as they stand; what comes back is a Failure of that code, and the connection goes on.
  void expect_refused(TestPeer& peer, const wire::Frames& frames, const std::string& code) {
    peer.send_frames(frames);
    const auto answer = peer.next_of<wire::Failure>();
    ASSERT_TRUE(answer.has_value()) << "no answer, wanted " << code;
    EXPECT_EQ(peer.failure_code(answer), code) << TestPeer::failure_text(*answer);
  }
  static wire::Frames header(const std::string& msgpack, wire::Frames rest) {
    rest.insert(rest.begin(), make_blob(msgpack));
    return rest;
  }
};

TEST_F(ShellBadPeers, MalformedMessagesAreAnswered) {
  TestClient client(broker_->clients());
  const Blob empty_map = make_blob("\x80");
  expect_refused(client, {make_blob("x")}, "bad_request");
  expect_refused(client, {make_blob(""), empty_map}, "bad_request");
  expect_refused(client, {make_blob(std::string("\xdd\xff\xff\xff\xff", 5)), empty_map},
                 "bad_request");
  expect_refused(client, {make_blob(std::string(2000, 'x')), empty_map}, "bad_request");
  expect_refused(client,
                 header("\x83\xa1v\x09\xa1k\xa5Hello\xa1"
                        "c\x07",
                        {empty_map}),
                 "unknown_version");
  expect_refused(client, wire::pack("NoSuchKind", 5, "\x80"), "unknown_kind");
  expect_refused(client, wire::pack("Submitted", 5, "\x80"), "unknown_kind");
  expect_refused(client, wire::pack("GetJob", 5, "\x80"), "missing_field");
  expect_refused(client, wire::pack("GetJob", 5, std::string("\xdf\xff\xff\xff\xff", 5)),
                 "bad_request");
  expect_refused(client,
                 wire::pack("GetJob", 5, wire::encode(wire::GetJob{"default", "../x", 0, 0})),
                 "bad_field");
  EXPECT_GT(client.ask<wire::Welcome>(wire::Hello{"test"}).epoch, 0u);
  const auto stats = client.ask<wire::Stats>(wire::GetStats{});
  double refused = 0;
  for (const wire::Metric& metric : stats.metrics) {
    if (metric.name == "ghost_broker_requests_refused_total") refused += metric.value;
  }
  EXPECT_EQ(refused, 10);
}

TEST_F(ShellBadPeers, TheCorrelationComesBackWhereItCouldBeRead) {
  TestClient client(broker_->clients());
  client.send_frames(wire::pack("NoSuchKind", 77, "\x80"));
  EXPECT_TRUE(client.answer_to(77).has_value());
  client.send_frames(wire::pack("GetJob", 78, "\x80"));
  EXPECT_TRUE(client.answer_to(78).has_value());
}

TEST_F(ShellBadPeers, EachAddressTakesItsOwnKindsOnly) {
  TestPeer as_client(broker_->clients());
  TestPeer as_runner(broker_->runners());
  expect_refused(as_client, wire::pack(1, wire::Heartbeat{}), "forbidden");
  expect_refused(as_client, wire::pack(1, wire::Goodbye{}), "forbidden");
  expect_refused(as_runner, wire::pack(1, wire::Hello{"x"}), "forbidden");
  expect_refused(as_runner, wire::pack(1, wire::CancelJob{"default", "j", "me"}), "forbidden");
}

TEST_F(ShellBadPeers, PayloadFramesMustFit) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  const wire::Submit submit{{TestClient::submission("a"), TestClient::submission("b")}, false};
  expect_refused(client, wire::pack(1, submit, {make_blob("one")}), "bad_request");
  expect_refused(client, wire::pack(1, submit, wire::Frames(3, make_blob("x"))), "bad_request");
  expect_refused(client, wire::pack(1, wire::ListRepos{}, {make_blob("x")}), "bad_request");
  EXPECT_EQ(client.failure_code(client.answer_to(client.send(wire::GetJob{"default", "a", 0, 0}))),
            "not_found")
      << "nothing of a refused message was taken";
  TestRunner runner(broker_->runners(), "runner-1", 1);
  wire::PutArtifact put;
  put.session = runner.session();
  put.lease = {1, 1, 1};
  put.path = "a";
  expect_refused(runner, wire::pack(1, put), "bad_request");
  expect_refused(runner, wire::pack(1, put, {make_blob(std::string(300'000, 'x'))}), "too_large");
  wire::PutResults results;
  results.session = runner.session();
  results.items.emplace_back();
  expect_refused(runner, wire::pack(1, results, {make_blob("v")}), "bad_request");
}

TEST_F(ShellBadPeers, ARunnerWithoutASessionIsToldToRegister) {
  TestPeer stranger(broker_->runners());
  wire::Heartbeat heartbeat;
  heartbeat.session = 5;
  expect_refused(stranger, wire::pack(1, heartbeat), "register_again");
}

TEST_F(ShellBadPeers, APeerThatLeavesWhileItWaitsHurtsNobody) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("j"));
  {
    TestClient gone(broker_->clients());
    for (int i = 0; i < 100; ++i) gone.send(wire::GetJob{"default", "j", 60'000, 0});
    gone.job("j");
  }
  {
    // Takes a job and vanishes: nobody is left to send the cancel to.
    TestRunner runner(broker_->runners(), "runner-1", 1);
    runner.take();
  }
  client.ask<wire::Job>(wire::CancelJob{"default", "j", "me"});
  EXPECT_TRUE(client.job("j").cancel_requested);
}

TEST_F(ShellBadPeers, MoreWaitsThanAllowedAreAnsweredAtOnce) {
  options_.waits_max = 10;
  start();
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("j"));
  std::vector<uint64_t> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(client.send(wire::GetJob{"default", "j", 60'000, 0}));
  int answered = 0;
  for (const uint64_t correlation : asked) {
    const bool waits = correlation < asked[5];
    if (!waits) answered += client.answer_to(correlation).has_value() ? 1 : 0;
  }
  EXPECT_EQ(answered, 3) << "one peer may have half of the table";
  TestClient other(broker_->clients());
  const uint64_t waits = other.send(wire::GetJob{"default", "j", 60'000, 0});
  other.job("j");
  EXPECT_FALSE(other.answer_to(waits, 0).has_value());
}

}  // namespace
}  // namespace ghost::broker
