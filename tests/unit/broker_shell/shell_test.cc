// A job's way through the whole broker, over both stores, and over a restart.
#include "shell_fixture.h"

#include "base/fs.h"

namespace ghost::broker {
namespace {

class ShellJobs : public ShellTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    options_.store = GetParam();
    start();
  }
};

TEST_P(ShellJobs, SubmittedDispatchedFinishedAndRead) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  const wire::SubmitAck ack = client.submit(TestClient::submission("one"), "the patch");
  EXPECT_EQ(ack.status, wire::SubmitStatus::kAccepted);
  EXPECT_EQ(client.job("one").state, wire::JobState::kQueued);
  EXPECT_EQ(client.job("one").waiting->reason, "no_runner");

  TestRunner runner(broker_->runners(), "runner-1", 2);
  wire::Frames payloads;
  const wire::Dispatch job = runner.take(&payloads);
  EXPECT_EQ(job.id, "one");
  EXPECT_EQ(job.repo.url, "file:///nowhere/r");
  ASSERT_EQ(payloads.size(), 1u);
  EXPECT_EQ(*payloads[0], "the patch");
  EXPECT_EQ(client.job("one").state, wire::JobState::kLeased);
  EXPECT_EQ(client.job("one").runner, "runner-1");
  const auto runners = client.ask<wire::Runners>(wire::ListRunners{});
  ASSERT_EQ(runners.items.size(), 1u);
  EXPECT_EQ(runners.items[0].jobs, std::vector<std::string>{"one"});

  EXPECT_EQ(runner.finish(job, wire::Outcome::kPassed, "a verdict", "a diff"),
            wire::ResultStatus::kCommitted);
  EXPECT_EQ(runner.finish(job, wire::Outcome::kPassed, "a verdict", "a diff"),
            wire::ResultStatus::kCommitted)
      << "the same again gets the same ack";
  wire::Frames got;
  const auto answer = client.ask<wire::Job>(wire::GetJob{"default", "one", 0, 0}, {}, &got);
  EXPECT_EQ(answer.job.state, wire::JobState::kSucceeded);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(*got[0], "a verdict");
  const auto slice =
      client.ask<wire::BlobSlice>(wire::GetBlob{"default", "one", "diff", 2, 3}, {}, &got);
  EXPECT_EQ(slice.size, 6u);
  EXPECT_EQ(*got[0], "dif");
}

TEST_P(ShellJobs, ASubmissionWithViewIsAnsweredWithTheJobs) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("one"));
  wire::Submission refused = TestClient::submission("two");
  refused.repo = "no-such";
  const auto both = client.ask<wire::Submitted>(
      wire::Submit{
          {TestClient::submission("one"), refused, TestClient::submission("three")}, false, true},
      {make_blob("the request"), make_blob("x"), make_blob("y")});
  ASSERT_EQ(both.items.size(), 3u);
  EXPECT_EQ(both.items[0].status, wire::SubmitStatus::kExisting);
  ASSERT_TRUE(both.items[0].job.has_value());
  EXPECT_EQ(wire::encode(*both.items[0].job), wire::encode(client.job("one")));
  EXPECT_EQ(both.items[1].status, wire::SubmitStatus::kRefused);
  EXPECT_FALSE(both.items[1].job.has_value());
  ASSERT_TRUE(both.items[2].job.has_value());
  EXPECT_EQ(both.items[2].job->id, "three");
  EXPECT_EQ(both.items[2].job->waiting->reason, "no_runner");
}

TEST_P(ShellJobs, AJobOnAJobGetsTheDiffsBelowIt) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  TestRunner runner(broker_->runners(), "runner-1", 1);
  wire::Submission s = TestClient::submission("bottom");
  s.ref = "main";
  client.submit(s);
  wire::Dispatch job = runner.take();
  const auto kept = runner.ask<wire::BaseKept>(
      wire::BaseResolved{runner.session(), job.lease, std::string(40, 'c')});
  EXPECT_EQ(kept.commit, std::string(40, 'c'));
  runner.finish(job, wire::Outcome::kPassed, "v", "diff of bottom");
  for (const auto& [id, below] : {std::pair("middle", "bottom"), {"top", "middle"}}) {
    s = TestClient::submission(id);
    s.repo.reset();
    s.base_job = below;
    EXPECT_EQ(client.submit(s).status, wire::SubmitStatus::kAccepted);
    wire::Frames payloads;
    job = runner.take(&payloads);
    EXPECT_EQ(job.repo.name, "r");
    EXPECT_EQ(job.ref, "main");
    EXPECT_EQ(job.base_commit, std::string(40, 'c'));
    ASSERT_EQ(payloads.size(), job.ancestors.size() + 1);
    EXPECT_EQ(job.ancestors[0].id, "bottom");
    EXPECT_EQ(job.ancestors[0].tree_oid, std::string(40, 'e'));
    EXPECT_EQ(*payloads[1], "diff of bottom");
    runner.finish(job, wire::Outcome::kPassed, "v", std::string("diff of ") + id);
    if (id == std::string("top")) {
      ASSERT_EQ(job.ancestors.size(), 2u);
      EXPECT_EQ(job.ancestors[1].id, "middle");
      EXPECT_EQ(*payloads[2], "diff of middle");
    }
  }
}

TEST_P(ShellJobs, ANotifiedSubmitterHearsOfEveryEnd) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  TestRunner runner(broker_->runners(), "runner-1", 8);
  wire::Submit submit;
  submit.notify = true;
  wire::Frames payloads;
  for (int i = 0; i < 8; ++i) {
    submit.items.push_back(TestClient::submission("n" + std::to_string(i)));
    payloads.push_back(make_blob("q"));
  }
  const uint64_t asked = client.send(submit, payloads);
  for (int i = 0; i < 8; ++i) {
    const wire::Dispatch job = runner.take();
    runner.finish(job, i % 2 == 0 ? wire::Outcome::kPassed : wire::Outcome::kGateFailed);
  }
  std::map<std::string, wire::JobState> ends;
  while (ends.size() < 8) {
    const auto message = client.next_of<wire::Finished>();
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->header.correlation, asked);
    const auto finished = wire::decode<wire::Finished>(*message->body);
    for (const wire::FinishedItem& item : finished->items) {
      EXPECT_TRUE(ends.emplace(item.id, item.state).second) << item.id << " twice";
      EXPECT_EQ(client.job(item.id).state, item.state) << "told before it could be read";
    }
  }
}

TEST_P(ShellJobs, RetryAndCancelAnswerWithTheJob) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("first"), "the same request");
  const auto cancelled = client.ask<wire::Job>(wire::CancelJob{"default", "first", "me"});
  EXPECT_EQ(cancelled.job.state, wire::JobState::kCancelled);
  const auto again = client.ask<wire::Job>(wire::RetryJob{"default", "first", "second", "me"});
  EXPECT_EQ(again.job.id, "second");
  EXPECT_EQ(again.job.state, wire::JobState::kQueued);
  EXPECT_EQ(again.job.retry_of, "first");
  wire::Frames payloads;
  TestRunner runner(broker_->runners(), "runner-1", 1);
  EXPECT_EQ(runner.take(&payloads).id, "second");
  EXPECT_EQ(*payloads[0], "the same request");
  EXPECT_EQ(client.failure_code(
                client.answer_to(client.send(wire::RetryJob{"default", "nobody", "third", "me"}))),
            "not_found");
  EXPECT_EQ(client.failure_code(
                client.answer_to(client.send(wire::RetryJob{"default", "second", "third", "me"}))),
            "conflict");
  const auto audit = client.ask<wire::Audit>(wire::ListAudit{});
  ASSERT_GE(audit.items.size(), 2u);
  EXPECT_EQ(audit.items[0].actor, "me");
}

INSTANTIATE_TEST_SUITE_P(Stores, ShellJobs, ::testing::Values("memory", "sqlite"),
                         [](const auto& test) { return test.param; });

class ShellRestart : public ShellTest {};

TEST_F(ShellRestart, JobsLeasesAndRegistryOutliveTheBroker) {
  start();
  uint64_t epoch = 0, revision = 0;
  std::vector<wire::LeaseRef> held;
  {
    TestClient client(broker_->clients());
    client.put_repo("r");
    epoch = client.ask<wire::Welcome>(wire::Hello{"test"}).epoch;
    wire::PutInstance put;
    put.instance.service = "web";
    put.instance.instance = "web-1";
    put.instance.ttl_ms = 60'000;
    EXPECT_TRUE(client.ask<wire::InstancePut>(put).created);
    for (int i = 0; i < 3; ++i) client.submit(TestClient::submission("j" + std::to_string(i)));
    TestRunner runner(broker_->runners(), "runner-1", 1);
    held.push_back(runner.take().lease);
    revision = client.ask<wire::Instances>(wire::ListInstances{}).revision;
  }
  start();
  TestClient client(broker_->clients());
  EXPECT_GT(client.ask<wire::Welcome>(wire::Hello{"test"}).epoch, epoch);
  EXPECT_EQ(client.job("j0").state, wire::JobState::kLeased);
  EXPECT_EQ(client.job("j1").state, wire::JobState::kQueued);
  wire::ListInstances list;
  list.service = "web";
  EXPECT_EQ(client.ask<wire::Instances>(list).items.size(), 1u);
  EXPECT_GT(client.ask<wire::Instances>(list).revision, revision) << "a watch goes on over it";
  // The runner that still holds the job ends it under the old fencing token.
  TestRunner runner(broker_->runners(), "runner-1", 1, held);
  wire::Dispatch kept;
  kept.lease = held[0];
  EXPECT_EQ(runner.finish(kept, wire::Outcome::kPassed), wire::ResultStatus::kCommitted);
  EXPECT_EQ(client.job("j0", 5000).state, wire::JobState::kSucceeded);
}

TEST_F(ShellRestart, TheRegistryIsWrittenForPeople) {
  start();
  {
    TestRunner runner(broker_->runners(), "runner-1", 1);
    TestClient client(broker_->clients());
    wire::ListInstances watch;
    watch.service = "ghost-runner";
    EXPECT_EQ(client.ask<wire::Instances>(watch).items.size(), 1u);
  }
  broker_.reset();
  const Result<std::string> text = read_file(options_.data + "/registry.json");
  ASSERT_TRUE(text.ok());
  EXPECT_NE(text->find("\"instance\": \"runner-1\""), std::string::npos) << *text;
  EXPECT_EQ(text->find("ghost-broker"), std::string::npos) << "the broker left before it stopped";
}

TEST_F(ShellRestart, ASecondBrokerOnTheSameDataIsRefused) {
  start();
  BrokerThread second(options_);
  EXPECT_EQ(second.error().code, "conflict");
  EXPECT_NE(second.error().message.find(options_.data), std::string::npos);
}

TEST_F(ShellRestart, ATakenAddressIsAClearError) {
  start();
  ProgramOptions other = options_;
  other.data = dir_ + "/other";
  other.clients = broker_->clients();
  BrokerThread second(other);
  EXPECT_EQ(second.error().code, "io_error");
  EXPECT_NE(second.error().message.find(broker_->clients()), std::string::npos)
      << second.error().message;
}

TEST(ProgramOptionsTest, WrongOnesAreRefusedByName) {
  const auto refused = [](auto change) {
    ProgramOptions options;
    change(options);
    const Status s = validate(options);
    return s.ok() ? std::string() : s.error().message;
  };
  EXPECT_EQ(refused([](ProgramOptions&) {}), "");
  EXPECT_EQ(refused([](ProgramOptions& o) { o.clients = "ipc:///tmp/x"; }), "");
  EXPECT_NE(
      refused([](ProgramOptions& o) { o.clients = "tcp://0.0.0.0:5051"; }).find("without keys"),
      std::string::npos);
  EXPECT_NE(refused([](ProgramOptions& o) { o.runners = "udp://x"; }).find("runners"),
            std::string::npos);
  EXPECT_NE(refused([](ProgramOptions& o) { o.store = "paper"; }).find("store"), std::string::npos);
  EXPECT_NE(refused([](ProgramOptions& o) { o.heartbeat_ms = 20'000; }).find("heartbeat-ms"),
            std::string::npos);
  EXPECT_NE(refused([](ProgramOptions& o) { o.log_level = "loud"; }).find("log-level"),
            std::string::npos);
}

}  // namespace
}  // namespace ghost::broker
