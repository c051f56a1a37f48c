// Who is let in with which key, what a key allows, and what ends when it is revoked.
#include <fstream>

#include "base/fs.h"
#include "broker/access.h"
#include "shell_fixture.h"
#include "wire/key_book.h"

namespace ghost::broker {
namespace {

// An address of every interface asks for keys; the tests come by loopback.
class ShellKeys : public ShellTest {
 protected:
  void SetUp() override {
    folder_.path = dir_ + "/keys";
    ASSERT_TRUE(make_dirs(folder_.path, 0700).ok());
    write_broker_key(folder_.broker(), key_);
    options_.keys = folder_.path;
    options_.clients = "tcp://127.0.0.1:0,tcp://0.0.0.0:0";
    options_.runners = "tcp://0.0.0.0:0";
    options_.advertise = "127.0.0.1";
  }
  static void write_broker_key(const std::string& path, const wire::KeyPair& key,
                               const std::string& more = "") {
    ASSERT_TRUE(wire::write_secret_file(path, "secret " + key.secret_key + "\n" + more).ok());
  }
  wire::ClientKeys add(wire::KeyRole role, const std::string& name,
                       const std::string& tenant = "default") {
    const wire::KeyPair pair = wire::make_key_pair();
    EXPECT_TRUE(wire::change_key_book(folder_, [&](wire::KeyBook& book) {
                  return book.add({role, name, pair.public_key, tenant, 1, {}});
                }).ok());
    return {pair.secret_key, key_.public_key};
  }
  // Where relays and runners of other hosts connect, as a local client hears it.
  wire::Keys keys() { return TestClient(broker_->clients()).ask<wire::Keys>(wire::ListKeys{}); }
  std::string clients_at() { return keys().clients->endpoint; }
  std::string runners_at() { return keys().runners->endpoint; }
  uint64_t refused(const std::string& reason) {
    TestClient client(broker_->clients());
    double out = 0;
    for (const wire::Metric& m : client.ask<wire::Stats>(wire::GetStats{}).metrics) {
      const auto found = m.labels.find("reason");
      if (m.name == "ghost_broker_peers_refused_total" && found != m.labels.end() &&
          found->second == reason) {
        out += m.value;
      }
    }
    return static_cast<uint64_t>(out);
  }
  void wait_for_refusal(const std::string& reason) {
    const MonoMs until = mono_now_ms() + kPatienceMs;
    while (refused(reason) == 0 && mono_now_ms() < until) {
    }
    EXPECT_GT(refused(reason), 0u) << reason;
  }

  wire::KeyFolder folder_;
  const wire::KeyPair key_ = wire::make_key_pair();
};

TEST_F(ShellKeys, ABrokerWithoutKeysListensOnThisHostOnly) {
  options_.keys = dir_ + "/none";
  BrokerThread broker(options_);
  EXPECT_EQ(broker.error().code, "bad_config");
  EXPECT_NE(broker.error().message.find("ghost keys init"), std::string::npos);
  EXPECT_NE(broker.error().message.find("0.0.0.0"), std::string::npos);
}

TEST_F(ShellKeys, AKeyFileThatOthersMayReadIsRefused) {
  ASSERT_EQ(chmod(folder_.broker().c_str(), 0644), 0);
  BrokerThread broker(options_);
  EXPECT_NE(broker.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(ShellKeys, JobsFlowBetweenPeersWithKeys) {
  const wire::ClientKeys relay = add(wire::KeyRole::kRelay, "relay-1");
  const wire::ClientKeys host = add(wire::KeyRole::kRunner, "host-1");
  start();
  TestClient client(clients_at(), &relay);
  client.put_repo("r");
  EXPECT_EQ(client.submit(TestClient::submission("j1")).status, wire::SubmitStatus::kAccepted);
  TestRunner runner(runners_at(), "host-1", 1, {}, &host);
  const wire::Dispatch job = runner.take();
  EXPECT_EQ(job.id, "j1");
  EXPECT_EQ(runner.finish(job, wire::Outcome::kPassed), wire::ResultStatus::kCommitted);
}

TEST_F(ShellKeys, AKeyIsGoodFromTheMomentItIsInTheBook) {
  start();
  const std::string at = clients_at();
  for (int i = 0; i < 3; ++i) {
    const wire::ClientKeys relay = add(wire::KeyRole::kRelay, "relay-" + std::to_string(i));
    TestClient client(at, &relay);
    EXPECT_GT(client.ask<wire::Welcome>(wire::Hello{"x"}).epoch, 0u);
  }
}

TEST_F(ShellKeys, WhoIsNotLetInIsCounted) {
  const wire::ClientKeys relay = add(wire::KeyRole::kRelay, "relay-1");
  start();
  const wire::ClientKeys stranger{wire::make_key_pair().secret_key, key_.public_key};
  TestPeer unknown(clients_at(), &stranger);
  unknown.send(wire::Hello{"x"});
  wait_for_refusal("unknown_key");
  TestPeer wrong_port(runners_at(), &relay);
  wrong_port.send(wire::Hello{"x"});
  wait_for_refusal("wrong_role");
  TestPeer plain(clients_at());
  plain.send(wire::Hello{"x"});
  wait_for_refusal("handshake");
  EXPECT_FALSE(unknown.next_of<wire::Welcome>(0).has_value());
  EXPECT_FALSE(plain.next_of<wire::Welcome>(0).has_value());
}

TEST_F(ShellKeys, ARunnersKeyIsGoodForItsInstanceOnly) {
  const wire::ClientKeys host = add(wire::KeyRole::kRunner, "host-1");
  start();
  TestPeer peer(runners_at(), &host);
  wire::Register message;
  message.instance = "host-2";
  message.secret = std::string(16, 's');
  message.session = 1;
  EXPECT_EQ(peer.failure_code(peer.answer_to(peer.send(message))), "forbidden");
  message.instance = "host-1";
  EXPECT_EQ(peer.ask<wire::Registered>(message).session, 1u);
}

TEST_F(ShellKeys, AClientsKeyIsGoodForItsTenantsJobsOnly) {
  const wire::ClientKeys key = add(wire::KeyRole::kClient, "blue-ci", "blue");
  start();
  TestClient(broker_->clients()).put_repo("r");
  TestClient client(clients_at(), &key);
  wire::Submission own = TestClient::submission("j1");
  own.tenant = "blue";
  EXPECT_EQ(client.submit(own).status, wire::SubmitStatus::kAccepted);
  EXPECT_EQ(client.ask<wire::Job>(wire::GetJob{"blue", "j1", 0, 0}).job.id, "j1");
  const auto code = [&](const auto& question, wire::Frames payloads = {}) {
    return client.failure_code(client.answer_to(client.send(question, std::move(payloads))));
  };
  EXPECT_EQ(code(wire::GetJob{"default", "j1", 0, 0}), "forbidden");
  EXPECT_EQ(code(wire::Submit{{TestClient::submission("j2")}, false}, {make_blob("x")}),
            "forbidden");
  wire::PutRepo repo;
  repo.repo.name = "evil";
  repo.repo.url = "file:///etc";
  EXPECT_EQ(code(repo), "forbidden");
  EXPECT_EQ(code(wire::ListKeys{}), "forbidden");
  EXPECT_EQ(code(wire::DrainRunner{"host-1", true, "me"}), "forbidden");
  EXPECT_EQ(code(wire::GetStats{}), "forbidden");
  // Who cancels is who holds the key, whatever the message says.
  wire::CancelJob cancel;
  cancel.tenant = "blue";
  cancel.id = "j1";
  cancel.actor = "somebody else";
  client.ask<wire::Job>(cancel);
  const auto audit = TestClient(broker_->clients()).ask<wire::Audit>(wire::ListAudit{100});
  ASSERT_FALSE(audit.items.empty());
  EXPECT_EQ(audit.items[0].action, "cancel");
  EXPECT_EQ(audit.items[0].actor, "blue-ci");
}

TEST_F(ShellKeys, ARevokedRunnersJobsGoToAnotherWithinASecond) {
  const wire::ClientKeys first = add(wire::KeyRole::kRunner, "host-1");
  const wire::ClientKeys second = add(wire::KeyRole::kRunner, "host-2");
  options_.lease_ms = 60'000;  // what happens here is not a lease that runs out
  options_.backoff_ms_min = options_.backoff_ms_max = 1;
  start();
  TestClient local(broker_->clients());
  local.put_repo("r");
  TestRunner one(runners_at(), "host-1", 1, {}, &first);
  local.submit(TestClient::submission("j1"));
  const wire::Dispatch lost = one.take();
  TestRunner two(runners_at(), "host-2", 1, {}, &second);
  const MonoMs began = mono_now_ms();
  ASSERT_TRUE(wire::change_key_book(folder_, [](wire::KeyBook& book) {
                return book.revoke("host-1", wall_now_ms());
              }).ok());
  const wire::Dispatch job = two.take();
  EXPECT_LT(mono_now_ms() - began, 5'000);  // 1 s is promised; the machine may be busy
  EXPECT_EQ(job.id, "j1");
  // The open connection is neither heard nor spoken to.
  one.send(wire::Heartbeat{one.session(), 1, 1, {lost.lease}, 1, false});
  wait_for_refusal("message_of_revoked_key");
  EXPECT_FALSE(one.next_of<wire::HeartbeatAck>(0).has_value());
  EXPECT_EQ(two.finish(job, wire::Outcome::kPassed), wire::ResultStatus::kCommitted);
  // A new one is not made.
  TestPeer again(runners_at(), &first);
  again.send(wire::Hello{"x"});
  wait_for_refusal("revoked_key");
  const auto audit = local.ask<wire::Audit>(wire::ListAudit{100});
  EXPECT_TRUE(std::any_of(audit.items.begin(), audit.items.end(), [](const wire::AuditEntry& e) {
    return e.action == "key_revoke" && e.subject == "host-1";
  }));
}

TEST_F(ShellKeys, KeysAreAddedAndRevokedByMessage) {
  start();
  TestClient local(broker_->clients());
  const wire::KeyPair pair = wire::make_key_pair();
  wire::PutKey put;
  put.key = {wire::KeyRole::kRelay, "relay-9", pair.public_key, "default", {}, {}};
  put.actor = "alice";
  local.ask<wire::Done>(put);
  EXPECT_EQ(local.failure_code(local.answer_to(local.send(put))), "conflict");
  const wire::ClientKeys keys_of_relay{pair.secret_key, key_.public_key};
  {
    TestClient relay(clients_at(), &keys_of_relay);
    EXPECT_GT(relay.ask<wire::Welcome>(wire::Hello{"x"}).epoch, 0u);
    local.ask<wire::Done>(wire::RevokeKey{"relay-9", "alice"});
    relay.send(wire::Hello{"x"});
    wait_for_refusal("message_of_revoked_key");
    EXPECT_FALSE(relay.next_of<wire::Welcome>(0).has_value());
  }
  EXPECT_EQ(local.failure_code(local.answer_to(local.send(wire::RevokeKey{"relay-9", "alice"}))),
            "not_found");
  const wire::Keys after = keys();
  ASSERT_EQ(after.items.size(), 1u);
  EXPECT_TRUE(after.items[0].revoked_at.has_value());
  // What was said by message stands in the book too.
  start();
  EXPECT_EQ(keys().items, after.items);
}

TEST_F(ShellKeys, AnUnreadableBookChangesNothing) {
  const wire::ClientKeys relay = add(wire::KeyRole::kRelay, "relay-1");
  start();
  TestClient before(clients_at(), &relay);
  EXPECT_GT(before.ask<wire::Welcome>(wire::Hello{"x"}).epoch, 0u);
  std::ofstream(folder_.book()) << "nonsense\n";
  // Two looks at the book later all is as it was.
  const MonoMs until = mono_now_ms() + 2 * Access::kRefreshMs;
  while (mono_now_ms() < until) {
    EXPECT_GT(before.ask<wire::Welcome>(wire::Hello{"x"}).epoch, 0u);
  }
}

TEST_F(ShellKeys, ThePeersOfAChangedBrokerKeyAreToldWhereToGo) {
  const wire::ClientKeys relay = add(wire::KeyRole::kRelay, "relay-1");
  const wire::ClientKeys host = add(wire::KeyRole::kRunner, "host-1");
  start();
  const std::string at = clients_at();
  const wire::KeyPair next = wire::make_key_pair();
  write_broker_key(folder_.next_broker(), next,
                   "clients tcp://0.0.0.0:0\nrunners tcp://0.0.0.0:0\n");
  TestRunner runner(runners_at(), "host-1", 1, {}, &host);
  std::optional<wire::Address> move;
  const MonoMs until = mono_now_ms() + kPatienceMs;
  while (!move && mono_now_ms() < until) {
    TestClient old(at, &relay);
    move = old.ask<wire::Welcome>(wire::Hello{"x"}).move;
  }
  ASSERT_TRUE(move.has_value());
  EXPECT_EQ(move->broker_key, next.public_key);
  const auto ack =
      runner.ask<wire::HeartbeatAck>(wire::Heartbeat{runner.session(), 1, 1, {}, 0, false});
  ASSERT_TRUE(ack.move.has_value());
  EXPECT_EQ(ack.move->broker_key, next.public_key);
  // The old and the new key are good at the same time.
  const wire::ClientKeys moved{relay.secret_key, next.public_key};
  TestClient client(move->endpoint, &moved);
  EXPECT_GT(client.ask<wire::Welcome>(wire::Hello{"x"}).epoch, 0u);
  // The change is complete: the first address proves the new key.
  std::filesystem::rename(folder_.next_broker(), folder_.broker());
  std::optional<wire::Address> back;
  while (mono_now_ms() < until && (!back || back->endpoint != at)) {
    back = client.ask<wire::Welcome>(wire::Hello{"x"}).move;
  }
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->endpoint, at);
  EXPECT_EQ(back->broker_key, next.public_key);
  TestClient home(back->endpoint, &moved);
  EXPECT_GT(home.ask<wire::Welcome>(wire::Hello{"x"}).epoch, 0u);
}

}  // namespace
}  // namespace ghost::broker
