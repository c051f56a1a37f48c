// What a broker says of bearer tokens, and what it enforces of tenants.
#include "base/fs.h"
#include "broker/token_desk.h"
#include "shell_fixture.h"
#include "wire/token_book.h"

namespace ghost::broker {
namespace {

class ShellTokens : public ShellTest {
 protected:
  wire::KeyFolder folder() const { return {options_.data + "/keys"}; }
  wire::BearerToken token(const std::string& name, const std::string& tenant = "blue") {
    wire::BearerToken out;
    const wire::MintedToken minted = wire::mint_token();
    out.id = minted.id;
    out.name = name;
    out.tenant = tenant;
    out.scopes = {wire::Scope::kSubmit};
    out.sha256 = wire::token_digest(minted.text);
    return out;
  }
  // As an operator at the broker's host, behind its back.
  void change(const std::function<Status(wire::TokenBook&)>& change) {
    ASSERT_TRUE(wire::change_token_book(folder(), change).ok());
  }
  wire::TokensChecked check(std::vector<std::string> ids) {
    return TestClient(broker_->clients())
        .ask<wire::TokensChecked>(wire::CheckTokens{std::move(ids)});
  }
  // Asks until the answer has so many tokens.
  wire::TokensChecked check_until(const std::string& id, size_t count) {
    const MonoMs until = mono_now_ms() + kPatienceMs;
    wire::TokensChecked out = check({id});
    while (out.items.size() != count && mono_now_ms() < until) out = check({id});
    EXPECT_EQ(out.items.size(), count);
    return out;
  }
  static wire::Submission submission(const std::string& id, const std::string& tenant) {
    wire::Submission out = TestClient::submission(id);
    out.tenant = tenant;
    return out;
  }
};

TEST_F(ShellTokens, WithoutTokensNobodyIsAsked) {
  start();
  EXPECT_FALSE(check({}).asked);
  EXPECT_FALSE(check({"0123456789abcdef"}).asked);
}

TEST_F(ShellTokens, ATokenIsGoodFromItsMakingToItsRevocation) {
  start();
  TestClient client(broker_->clients());
  const wire::BearerToken ci = token("ci");
  client.ask<wire::Done>(wire::PutToken{ci, "alice"});
  const wire::TokensChecked known = check({ci.id, "0123456789abcdef"});
  EXPECT_TRUE(known.asked);
  ASSERT_EQ(known.items.size(), 1u);
  EXPECT_EQ(known.items[0].sha256, ci.sha256);
  EXPECT_EQ(known.items[0].scopes, ci.scopes);
  EXPECT_EQ(known.items[0].tenant, "blue");
  const auto listed = client.ask<wire::Tokens>(wire::ListTokens{});
  ASSERT_EQ(listed.items.size(), 1u);
  EXPECT_EQ(listed.items[0].sha256, "");
  client.ask<wire::Done>(wire::RevokeToken{"ci", "alice"});
  const wire::TokensChecked after = check({ci.id});
  EXPECT_TRUE(after.items.empty());
  EXPECT_TRUE(after.asked) << "a farm whose only token is revoked is not open";
  const auto audit = client.ask<wire::Audit>(wire::ListAudit{10});
  ASSERT_EQ(audit.items.size(), 2u);
  EXPECT_EQ(audit.items[0].action, "token_revoke");
  EXPECT_EQ(audit.items[1].action, "token_put");
  EXPECT_EQ(audit.items[1].actor, "alice");
  EXPECT_EQ(audit.items[1].detail, "tenant blue, submit");
  EXPECT_EQ(client.failure_code(client.answer_to(client.send(wire::RevokeToken{"ci", "alice"}))),
            "not_found");
}

TEST_F(ShellTokens, TheBookMayBeChangedWithoutTheBrokerOrBehindIt) {
  const wire::BearerToken first = token("first"), second = token("second");
  change([&](wire::TokenBook& book) { return book.add(first); });
  start();
  EXPECT_EQ(check({first.id}).items.size(), 1u);
  change([&](wire::TokenBook& book) { return book.add(second); });
  check_until(second.id, 1);
  change([&](wire::TokenBook& book) { return book.revoke("first", wall_now_ms()); });
  check_until(first.id, 0);
  // What was there at the start is no change; the rest is written down.
  const auto audit = TestClient(broker_->clients()).ask<wire::Audit>(wire::ListAudit{10});
  ASSERT_EQ(audit.items.size(), 2u);
  EXPECT_EQ(audit.items[1].subject, "second");
  EXPECT_EQ(audit.items[0].subject, "first");
  EXPECT_EQ(audit.items[0].actor, "token book");
}

TEST_F(ShellTokens, AnExpiredTokenIsNotToldOf) {
  wire::BearerToken old = token("old"), young = token("young");
  old.expires_at = wall_now_ms() - 1;
  young.expires_at = wall_now_ms() + 3'600'000;
  change([&](wire::TokenBook& book) {
    Status s = book.add(old);
    return s ? book.add(young) : s;
  });
  start();
  const wire::TokensChecked known = check({old.id, young.id});
  ASSERT_EQ(known.items.size(), 1u);
  EXPECT_EQ(known.items[0].name, "young");
}

TEST_F(ShellTokens, ABookThatCannotBeReadStopsTheStartAndIsLeftAsideLater) {
  const wire::BearerToken ci = token("ci");
  change([&](wire::TokenBook& book) { return book.add(ci); });
  ASSERT_EQ(chmod(folder().tokens().c_str(), 0644), 0);
  {
    BrokerThread broker(options_);
    EXPECT_NE(broker.error().message.find("chmod 600"), std::string::npos);
  }
  ASSERT_EQ(chmod(folder().tokens().c_str(), 0600), 0);
  start();
  ASSERT_TRUE(write_file_atomic(folder().tokens(), "nonsense\n", 0600).ok());
  const MonoMs until = mono_now_ms() + 2 * TokenDesk::kRefreshMs;
  while (mono_now_ms() < until) ASSERT_EQ(check({ci.id}).items.size(), 1u);
}

TEST_F(ShellTokens, AnotherTenantsJobIsLikeOneThatNeverWas) {
  start();
  TestClient client(broker_->clients());
  client.put_repo("r");
  ASSERT_EQ(client.submit(submission("j1", "blue")).status, wire::SubmitStatus::kAccepted);
  const auto failure = [&](auto question) {
    return TestPeer::failure_text(*client.answer_to(client.send(question)));
  };
  // The same answer, but for the name that was asked for.
  const auto same = [&](auto question) {
    question.tenant = "red";
    question.id = "j1";
    const std::string theirs = failure(question);
    question.id = "no";
    std::string nobodys = failure(question);
    if (const size_t at = nobodys.find("no", 10); at != nobodys.npos) {
      EXPECT_EQ(theirs.substr(0, theirs.find(':')), "not_found");
    }
    for (size_t at; (at = nobodys.find("\"no\"")) != nobodys.npos;)
      nobodys.replace(at, 4, "\"j1\"");
    for (size_t at; (at = nobodys.find("job no")) != nobodys.npos;)
      nobodys.replace(at, 6, "job j1");
    EXPECT_EQ(theirs, nobodys);
    EXPECT_NE(theirs, "");
  };
  same(wire::GetJob{});
  same(wire::GetEvents{});
  wire::GetBlob blob;
  blob.name = "request";
  same(blob);
  same(wire::CancelJob{});
  wire::RetryJob retry;
  retry.new_id = "j9";
  same(retry);
  wire::ListJobs of_red;
  of_red.tenant = "red";
  EXPECT_TRUE(client.ask<wire::Jobs>(of_red).items.empty());
  // Nor can it be stood on, and its id is free for the other.
  wire::Submission on_it = submission("j2", "red");
  on_it.depends_on = {"j1"};
  const wire::SubmitAck ack = client.submit(on_it);
  ASSERT_TRUE(ack.error.has_value());
  EXPECT_EQ(ack.error->code, "unknown_dependency");
  EXPECT_EQ(client.submit(submission("j1", "red"), "another request").status,
            wire::SubmitStatus::kAccepted);
  EXPECT_EQ(client.ask<wire::Job>(wire::GetJob{"blue", "j1", 0, 0}).job.tenant, "blue");
  EXPECT_EQ(client.ask<wire::Job>(wire::GetJob{"red", "j1", 0, 0}).job.tenant, "red");
}

TEST_F(ShellTokens, ATenantsLimitsHoldForHimAlone) {
  start();
  TestClient client(broker_->clients());
  client.put_repo("r");
  const auto code = [&](const std::string& id, const std::string& tenant,
                        const std::string& request = "x") {
    const wire::SubmitAck ack = client.submit(submission(id, tenant), request);
    return ack.error ? ack.error->code : "";
  };
  wire::PatchTenant limits;
  limits.name = "blue";
  limits.in_flight = 2;
  limits.payload_bytes = 100;
  limits.actor = "alice";
  const auto patched = client.ask<wire::Tenants>(limits);
  ASSERT_EQ(patched.items.size(), 1u);
  EXPECT_EQ(patched.items[0].in_flight, 2u);
  EXPECT_EQ(code("b1", "blue"), "");
  EXPECT_EQ(code("big", "blue", std::string(101, 'x')), "payload_quota");
  EXPECT_EQ(code("b2", "blue", std::string(100, 'x')), "");
  EXPECT_EQ(code("b3", "blue"), "quota_exceeded");
  EXPECT_EQ(code("b1", "blue"), "") << "a repeat is no new job";
  EXPECT_EQ(code("r1", "red", std::string(101, 'x')), "");
  EXPECT_EQ(code("r2", "red"), "");
  EXPECT_EQ(code("r3", "red"), "");
  const auto tenants = client.ask<wire::Tenants>(wire::ListTenants{});
  ASSERT_EQ(tenants.items.size(), 2u);
  EXPECT_EQ(tenants.items[0], (wire::Tenant{"blue", 0, 2, 100, 2}));
  EXPECT_EQ(tenants.items[1], (wire::Tenant{"red", 0, 0, 0, 3}));
  // A job that ends makes room.
  client.ask<wire::Job>(wire::CancelJob{"blue", "b1", ""});
  EXPECT_EQ(code("b3", "blue"), "");
  // Limits outlive the broker, and are counted against what it finds.
  start();
  TestClient again(broker_->clients());
  const wire::SubmitAck ack = again.submit(submission("b4", "blue"));
  ASSERT_TRUE(ack.error.has_value());
  EXPECT_EQ(ack.error->code, "quota_exceeded");
  EXPECT_GT(ack.error->retry_after_ms, 0u);
}

TEST_F(ShellTokens, ATenantsRateIsKeptByTheBroker) {
  start();
  TestClient client(broker_->clients()), other(broker_->clients());
  client.put_repo("r");
  wire::PatchTenant limits;
  limits.name = "blue";
  limits.rate = 3;
  client.ask<wire::Tenants>(limits);
  // Whichever way they come; the bucket gives one back in 20 s.
  wire::Submit both{{submission("b1", "blue"), submission("b2", "blue")}, false};
  const auto acks = client.ask<wire::Submitted>(both, {make_blob("x"), make_blob("x")});
  EXPECT_FALSE(acks.items[0].error || acks.items[1].error);
  EXPECT_FALSE(other.submit(submission("b3", "blue")).error);
  const wire::SubmitAck ack = other.submit(submission("b4", "blue"));
  ASSERT_TRUE(ack.error.has_value());
  EXPECT_EQ(ack.error->code, "rate_limited");
  EXPECT_GT(ack.error->retry_after_ms, 0u);
  EXPECT_LE(ack.error->retry_after_ms, 20'000u);
  EXPECT_FALSE(other.submit(submission("b1", "red")).error);
}

TEST_F(ShellTokens, AClientsKeyIsNoWayToTokens) {
  wire::KeyFolder keys = folder();
  ASSERT_TRUE(make_dirs(keys.path, 0700).ok());
  const wire::KeyPair own = wire::make_key_pair(), key = wire::make_key_pair();
  ASSERT_TRUE(wire::save_broker_key(keys.broker(), {own, "", ""}).ok());
  ASSERT_TRUE(wire::change_key_book(keys, [&](wire::KeyBook& book) {
                return book.add({wire::KeyRole::kClient, "blue-ci", key.public_key, "blue", 1, {}});
              }).ok());
  options_.clients = "tcp://127.0.0.1:0,tcp://0.0.0.0:0";
  options_.advertise = "127.0.0.1";
  start();
  const wire::ClientKeys held{key.secret_key, own.public_key};
  const auto at =
      TestClient(broker_->clients()).ask<wire::Keys>(wire::ListKeys{}).clients->endpoint;
  TestClient client(at, &held);
  const auto code = [&](const auto& question) {
    return client.failure_code(client.answer_to(client.send(question)));
  };
  EXPECT_EQ(code(wire::CheckTokens{{"0123456789abcdef"}}), "forbidden");
  EXPECT_EQ(code(wire::ListTokens{}), "forbidden");
  EXPECT_EQ(code(wire::PutToken{token("evil"), ""}), "forbidden");
  EXPECT_EQ(code(wire::RevokeToken{"ci", ""}), "forbidden");
  EXPECT_EQ(code(wire::ListTenants{}), "forbidden");
  EXPECT_EQ(code(wire::PatchTenant{"blue", 0, 0, 0, ""}), "forbidden");
}

}  // namespace
}  // namespace ghost::broker
