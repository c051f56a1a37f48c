// Reads and long polls over real sockets.
#include "shell_fixture.h"

namespace ghost::broker {
namespace {

class ShellReads : public ShellTest {
 protected:
  void SetUp() override { start(); }
};

wire::Event output(uint64_t offset, const std::string& data) {
  wire::Event event;
  event.stream = wire::Stream::kStdout;
  event.offset = offset;
  event.type = "log";
  event.at = 1'700'000'000'000;
  event.data = data;
  return event;
}

TEST_F(ShellReads, ALongPollIsAnsweredByTheChange) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("j"));
  const wire::JobView queued = client.job("j");
  const uint64_t until_end = client.send(wire::GetJob{"default", "j", 60'000, 0});
  const uint64_t until_change = client.send(wire::GetJob{"default", "j", 60'000, queued.version});
  const uint64_t short_wait = client.send(wire::GetJob{"default", "j", 1, 0});
  EXPECT_TRUE(client.answer_to(short_wait).has_value());

  TestRunner runner(broker_->runners(), "runner-1", 1);
  const wire::Dispatch job = runner.take();
  const auto changed = client.answer_to(until_change);
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(wire::decode<wire::Job>(*changed->body)->job.state, wire::JobState::kLeased);
  EXPECT_FALSE(client.answer_to(until_end, 0).has_value());
  runner.finish(job, wire::Outcome::kPassed);
  const auto ended = client.answer_to(until_end);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(wire::decode<wire::Job>(*ended->body)->job.state, wire::JobState::kSucceeded);
  EXPECT_EQ(*ended->payloads[0], "verdict");
}

TEST_F(ShellReads, EventsComeAsTheyAreKeptAndResumeByIdWithoutLoss) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("j"));
  TestRunner runner(broker_->runners(), "runner-1", 1);
  const wire::Dispatch job = runner.take();
  wire::GetEvents get{"default", "j", 0, "", 0, 1 << 20, {}};
  wire::Events events = client.ask<wire::Events>(get);
  ASSERT_EQ(events.items.size(), 2u);  // queued, leased
  EXPECT_FALSE(events.done);

  get.after_seq = events.last_seq;
  get.wait_ms = 60'000;
  const uint64_t waiting = client.send(get);
  EXPECT_FALSE(client.answer_to(waiting, 0).has_value());
  runner.put_events(job, {output(0, "hello "), output(6, "world")});
  const auto woken = client.answer_to(waiting);
  ASSERT_TRUE(woken.has_value());
  events = *wire::decode<wire::Events>(*woken->body);
  ASSERT_EQ(events.items.size(), 2u);
  EXPECT_EQ(events.items[0].data, "hello ");

  runner.put_events(job, {output(11, "!")});
  runner.finish(job, wire::Outcome::kPassed);
  get.after_seq = 0;
  get.after_id = "1.stdout.0";
  events = client.ask<wire::Events>(get);
  ASSERT_EQ(events.items.size(), 3u);
  EXPECT_EQ(events.items[0].data, "world");
  EXPECT_EQ(events.items[1].data, "!");
  EXPECT_EQ(events.items[2].type, "succeeded");
  EXPECT_TRUE(events.done);
  EXPECT_FALSE(events.gap);
  get.after_id = "7.stdout.0";
  events = client.ask<wire::Events>(get);
  EXPECT_TRUE(events.gap) << "an event that nobody ever saw";
  EXPECT_EQ(events.items.size(), 6u);
  get.after_id = "x";
  EXPECT_EQ(client.failure_code(client.answer_to(client.send(get))), "bad_field");
  get.after_id = "";
  get.streams = {wire::Stream::kState};
  EXPECT_EQ(client.ask<wire::Events>(get).items.size(), 3u);
}

TEST_F(ShellReads, WindowsAreBounded) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("j"));
  TestRunner runner(broker_->runners(), "runner-1", 1);
  const wire::Dispatch job = runner.take();
  std::string all;
  for (uint64_t i = 0; i < 40; ++i) {
    std::string chunk(10'000, static_cast<char>('a' + i % 26));
    runner.put_events(job, {output(all.size(), chunk)});
    all += chunk;
  }
  runner.finish(job, wire::Outcome::kPassed);
  std::string got;
  wire::GetEvents get{"default", "j", 0, "", 0, 65'536, {wire::Stream::kStdout}};
  for (wire::Events events; !events.done; get.after_seq = events.last_seq) {
    events = client.ask<wire::Events>(get);
    size_t bytes = 0;
    for (const wire::Event& event : events.items) {
      bytes += event.data->size();
      got += *event.data;
    }
    ASSERT_LE(bytes, 65'536u);
    ASSERT_TRUE(events.done || !events.items.empty());
  }
  EXPECT_EQ(got, all);
}

TEST_F(ShellReads, ListsPagesAndFilters) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  for (int i = 0; i < 10; ++i) {
    wire::Submission s = TestClient::submission("j" + std::to_string(i));
    s.labels = {{"n", std::to_string(i % 2)}};
    client.submit(s);
  }
  wire::ListJobs list;
  list.limit = 4;
  list.labels = {{"n", "1"}};
  std::vector<std::string> ids;
  do {
    const auto page = client.ask<wire::Jobs>(list);
    for (const wire::JobView& job : page.items) ids.push_back(job.id);
    list.cursor = page.next_cursor;
  } while (!list.cursor.empty());
  EXPECT_EQ(ids, (std::vector<std::string>{"j9", "j7", "j5", "j3", "j1"}));
  list = {};
  list.tenant = "somebody";
  EXPECT_TRUE(client.ask<wire::Jobs>(list).items.empty());
  list.cursor = "?";
  EXPECT_EQ(client.failure_code(client.answer_to(client.send(list))), "bad_field");
  EXPECT_EQ(
      client.failure_code(client.answer_to(client.send(wire::GetJob{"somebody", "j1", 0, 0}))),
      "not_found")
      << "another tenant's job is one that never was";
}

TEST_F(ShellReads, TheRegistryCanBeWatched) {
  TestClient client(broker_->clients());
  wire::ListInstances list;
  const auto before = client.ask<wire::Instances>(list);
  ASSERT_EQ(before.items.size(), 1u) << "the broker itself";
  EXPECT_EQ(before.items[0].endpoints.at("clients"), broker_->clients());
  list.after_revision = before.revision;
  list.wait_ms = 60'000;
  const uint64_t watch = client.send(list);
  TestRunner runner(broker_->runners(), "runner-1", 3);
  const auto news = client.answer_to(watch);
  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(wire::decode<wire::Instances>(*news->body)->items.size(), 2u);
}

TEST_F(ShellReads, StatsTellMetricsAndLimits) {
  TestClient client(broker_->clients());
  client.put_repo("r");
  client.submit(TestClient::submission("j"));
  const auto stats = client.ask<wire::Stats>(wire::GetStats{});
  EXPECT_EQ(stats.limits.at("lease-ms"), 15'000u);
  double commits = 0;
  for (const wire::Metric& metric : stats.metrics) {
    if (metric.name == "ghost_broker_commit_seconds_count") commits = metric.value;
  }
  EXPECT_GE(commits, 2);
  EXPECT_EQ(client.ask<wire::Repos>(wire::ListRepos{}).items.size(), 1u);
  EXPECT_EQ(client.ask<wire::Lanes>(wire::ListLanes{}).items.size(), 1u);
}

}  // namespace
}  // namespace ghost::broker
