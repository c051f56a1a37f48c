// The shell's pure parts.
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fs.h"
#include "broker/chores.h"
#include "broker/finish_watch.h"
#include "broker/histogram.h"
#include "broker/registry_file.h"
#include "broker/waiters.h"

namespace ghost::broker {
namespace {

const Peer kOne{Side::kClients, "one"};
const Peer kTwo{Side::kClients, "two"};

Waiter waiter(const Peer& peer, uint64_t correlation, JobNo job, MonoMs deadline) {
  return {peer, correlation, wire::GetJob{}, job, deadline};
}

TEST(Waiters, AreWokenByTheirJobAndLeaveWhenSettled) {
  Waiters waiters(100);
  EXPECT_TRUE(waiters.add(waiter(kOne, 1, 7, 50)));
  EXPECT_TRUE(waiters.add(waiter(kOne, 2, 7, 40)));
  EXPECT_TRUE(waiters.add(waiter(kTwo, 3, 8, 30)));
  EXPECT_EQ(waiters.next_deadline(), 30);
  std::vector<uint64_t> woken;
  waiters.wake(7, [&](const Waiter& w) {
    woken.push_back(w.correlation);
    return w.correlation == 1;
  });
  EXPECT_EQ(woken, (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(waiters.count(), 2u);
  const std::vector<Waiter> expired = waiters.expired(40);
  ASSERT_EQ(expired.size(), 2u);
  EXPECT_EQ(expired[0].correlation, 3u);
  EXPECT_EQ(expired[1].correlation, 2u);
  EXPECT_TRUE(waiters.empty());
  EXPECT_EQ(waiters.next_deadline(), std::nullopt);
}

TEST(Waiters, AreBoundedInAllAndByPeer) {
  Waiters waiters(4);
  EXPECT_TRUE(waiters.add(waiter(kOne, 1, 1, 1)));
  EXPECT_TRUE(waiters.add(waiter(kOne, 2, 1, 2)));
  EXPECT_FALSE(waiters.add(waiter(kOne, 3, 1, 3)));
  EXPECT_TRUE(waiters.add(waiter(kTwo, 4, 1, 4)));
  EXPECT_TRUE(waiters.add(waiter(kTwo, 5, 1, 5)));
  EXPECT_FALSE(waiters.add(waiter({Side::kClients, "three"}, 6, 1, 6)));
  waiters.expired(1);
  EXPECT_TRUE(waiters.add(waiter(kOne, 7, 1, 7)));
}

TEST(FinishWatch, TellsEachSubmissionOnceATurn) {
  FinishWatch watch(100);
  const size_t a = watch.open(kOne, 10);
  watch.watch(a, 1, "one");
  watch.watch(a, 2, "two");
  watch.close_if_unused(a);
  const size_t b = watch.open(kTwo, 20);
  watch.watch(b, 3, "three");
  std::vector<std::string> told;
  const auto flush = [&] {
    watch.flush([&](const Peer& peer, uint64_t correlation, const wire::Finished& news) {
      std::string line = peer.route + " " + std::to_string(correlation);
      for (const auto& item : news.items) line += " " + item.id;
      told.push_back(line);
    });
  };
  watch.finished(1, wire::JobState::kSucceeded, wire::Outcome::kPassed);
  watch.finished(3, wire::JobState::kFailed, wire::Outcome::kTimeout);
  watch.finished(2, wire::JobState::kSucceeded, wire::Outcome::kPassed);
  watch.finished(2, wire::JobState::kSucceeded, wire::Outcome::kPassed);
  flush();
  flush();
  EXPECT_EQ(told, (std::vector<std::string>{"one 10 one two", "two 20 three"}));
  EXPECT_TRUE(watch.empty());
}

TEST(FinishWatch, TheNewestAskerOfAJobIsToldAndTheTableIsBounded) {
  FinishWatch watch(2);
  const size_t a = watch.open(kOne, 1);
  watch.watch(a, 1, "x");
  const size_t b = watch.open(kTwo, 2);
  watch.watch(b, 1, "x");
  watch.watch(b, 2, "y");
  watch.watch(b, 3, "z");
  const size_t unused = watch.open(kOne, 3);
  watch.close_if_unused(unused);
  size_t told = 0;
  for (JobNo no = 1; no <= 3; ++no) {
    watch.finished(no, wire::JobState::kSucceeded, wire::Outcome::kPassed);
  }
  watch.flush([&](const Peer& peer, uint64_t, const wire::Finished& news) {
    EXPECT_EQ(peer, kTwo);
    told += news.items.size();
  });
  EXPECT_EQ(told, 2u);
}

TEST(Histogram, BucketsAreCumulative) {
  Histogram histogram("x", "help", {1, 10});
  for (const double value : {0.5, 1.0, 5.0, 50.0}) histogram.add(value);
  std::vector<wire::Metric> out;
  histogram.append_to(&out);
  ASSERT_EQ(out.size(), 5u);
  EXPECT_EQ(out[0].labels.at("le"), "1");
  EXPECT_EQ(out[0].value, 2);
  EXPECT_EQ(out[1].value, 3);
  EXPECT_EQ(out[2].labels.at("le"), "+Inf");
  EXPECT_EQ(out[2].value, 4);
  EXPECT_EQ(out[3].name, "x_sum");
  EXPECT_EQ(out[3].value, 56.5);
  EXPECT_EQ(out[4].value, 4);
}

TEST(RegistryFile, InstancesComeBackAndDamageIsRefused) {
  wire::Instances instances;
  instances.revision = 5;
  wire::Instance& i = instances.items.emplace_back();
  i.service = "web";
  i.instance = "web-1";
  i.host = "h \"quoted\"\n";
  i.endpoints = {{"http", "http://10.0.0.1"}};
  i.labels = {{"a", "b"}};
  i.capacity = 3;
  i.version = "1";
  i.state = wire::InstanceState::kDraining;
  i.ttl_ms = 2000;
  i.registered_at = 1'700'000'000'123;
  i.last_seen_at = 1'700'000'000'456;
  const std::string text = registry_json(instances, 0);
  EXPECT_EQ(text.back(), '\n');
  const auto back = parse_registry_json(text);
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->size(), 1u);
  EXPECT_EQ((*back)[0], i);
  EXPECT_FALSE(parse_registry_json("").ok());
  EXPECT_FALSE(parse_registry_json("[]").ok());
  EXPECT_FALSE(parse_registry_json(text.substr(0, text.size() / 2)).ok());
  const auto partly = parse_registry_json(
      R"({"instances": [1, {}, {"service": "../x", "instance": "y"},
          {"service": "ok", "instance": "y", "ttlMs": "soon", "state": "odd"}]})");
  ASSERT_TRUE(partly.ok());
  ASSERT_EQ(partly->size(), 1u);
  EXPECT_EQ((*partly)[0].service, "ok");
}

// A broker that is killed before must void the leases of before the restore again.
TEST(Chores, TheMarkOfARestoreStaysUntilACommit) {
  const std::string mark = ::testing::TempDir() + "restored-" + std::to_string(getpid());
  ASSERT_TRUE(write_file_atomic(mark, "backup\n", 0600).ok());
  const Core core({});
  Chores chores(core, {}, "", mark);
  (void)chores.due({1, 1});
  chores.after_turn({1, 1});
  EXPECT_EQ(access(mark.c_str(), F_OK), 0);
  chores.committed();
  EXPECT_NE(access(mark.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace ghost::broker
