// The table of awaited replies: sends, repeats, expiry, and the broker's health.
#include "relay/pending.h"

#include <gtest/gtest.h>

namespace ghost::relay {
namespace {

wire::Frames frames(const std::string& text) {
  wire::Frames out;
  out.push_back(make_blob(text));
  return out;
}

class PendingTest : public testing::Test {
 protected:
  Status ask(MonoMs now, uint64_t correlation, bool changes = true, int64_t wait_ms = 0) {
    return pending.add(now, correlation, frames("q"), wait_ms, changes);
  }
  // How many questions, and how many Hellos, go out now.
  std::pair<size_t, size_t> sends() {
    size_t hellos = 0, questions = 0;
    for (const auto& one : pending.take_sends()) one ? ++questions : ++hellos;
    return {questions, hellos};
  }
  PendingOptions options{.hello_ms = 1000,
                         .silence_ms = 4000,
                         .resend_ms = 5000,
                         .settle_ms = 500,
                         .timeout_ms = 15'000,
                         .questions_max = 3};
  Pending pending{options, 0};
};

using Sends = std::pair<size_t, size_t>;

TEST_F(PendingTest, HelloFirstAndEverySecond) {
  EXPECT_EQ(pending.next_deadline(), 0);
  EXPECT_TRUE(pending.tick(0).empty());
  EXPECT_EQ(sends(), Sends(0, 1));
  EXPECT_TRUE(pending.tick(999).empty());
  EXPECT_EQ(sends(), Sends(0, 0));
  EXPECT_TRUE(pending.tick(1000).empty());
  EXPECT_EQ(sends(), Sends(0, 1));
  EXPECT_FALSE(pending.alive(1000));
  pending.on_welcome(1001, 7);
  EXPECT_TRUE(pending.alive(1001));
  EXPECT_EQ(pending.epoch(), 7u);
  EXPECT_TRUE(pending.alive(5000));
  EXPECT_FALSE(pending.alive(5001));
}

// A drain that is repeated behind its own undoing would undo that.
TEST_F(PendingTest, ChangesOfOneThingDoNotOvertake) {
  pending.on_welcome(0, 1);
  ASSERT_TRUE(pending.add(0, 1, frames("drain"), 0, true, "drain r1"));
  ASSERT_TRUE(pending.add(100, 2, frames("undo"), 0, true, "drain r1"));
  ASSERT_TRUE(pending.add(100, 3, frames("other"), 0, true, "drain r2"));
  EXPECT_EQ(sends(), Sends(3, 0));
  // A new epoch repeats what is not answered, but the older drain only behind nothing newer.
  pending.on_welcome(200, 2);
  pending.tick(200);
  const auto repeated = pending.take_sends();
  ASSERT_EQ(repeated.size(), 3u);  // a Hello
  EXPECT_EQ(*(*repeated[1])[0], "undo");
  EXPECT_EQ(*(*repeated[2])[0], "other");
  // Also not when the newer one has its answer.
  EXPECT_TRUE(pending.on_answer(300, 2));
  EXPECT_TRUE(pending.on_answer(300, 3));
  pending.on_welcome(400, 3);
  for (MonoMs now = 400; now < 15'000; now += 1000) {
    pending.tick(now);
    EXPECT_EQ(sends().first, 0u) << now;
  }
  EXPECT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending.tick(15'000).size(), 1u);
  // The next of that subject is like the first.
  pending.on_welcome(15'000, 3);
  ASSERT_TRUE(pending.add(15'000, 4, frames("drain"), 0, true, "drain r1"));
  pending.on_welcome(15'001, 4);
  pending.tick(15'001);
  EXPECT_EQ(sends().first, 2u);
}

TEST_F(PendingTest, AnAnswerIsTakenOnce) {
  pending.on_welcome(0, 1);
  ASSERT_TRUE(ask(0, 1));
  EXPECT_EQ(sends(), Sends(1, 0));
  EXPECT_FALSE(pending.on_answer(1, 2));
  EXPECT_TRUE(pending.on_answer(1, 1));
  EXPECT_FALSE(pending.on_answer(1, 1));
  EXPECT_EQ(pending.size(), 0u);
  (void)pending.tick(100'000);
  EXPECT_EQ(sends().first, 0u) << "nothing is repeated that was answered";
}

TEST_F(PendingTest, AnsweredBeforeItWasSentIsNotSent) {
  ASSERT_TRUE(ask(0, 1));
  pending.forget(1);
  EXPECT_EQ(sends(), Sends(0, 0));
}

TEST_F(PendingTest, RepeatedWithoutAnAnswerUntilItsTime) {
  ASSERT_TRUE(ask(0, 1));
  EXPECT_EQ(sends(), Sends(1, 0));
  (void)pending.tick(4999);
  EXPECT_EQ(sends().first, 0u);
  (void)pending.tick(5000);
  EXPECT_EQ(sends().first, 1u);
  (void)pending.tick(10'000);
  EXPECT_EQ(sends().first, 1u);
  EXPECT_EQ(pending.repeats(), 2u);
  EXPECT_TRUE(pending.tick(14'999).empty());
  const auto expired = pending.tick(15'000);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].correlation, 1u);
  EXPECT_EQ(expired[0].error.code, "timeout");
  EXPECT_EQ(sends().first, 0u);
}

TEST_F(PendingTest, AReadThatExpiresMayBeAskedAgain) {
  ASSERT_TRUE(ask(0, 1, false));
  const auto expired = pending.tick(15'000);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].error.code, "unavailable");
}

TEST_F(PendingTest, ALongPollGetsItsOwnTimeOnTop) {
  ASSERT_TRUE(ask(0, 1, false, 60'000));
  EXPECT_EQ(sends().first, 1u);
  (void)pending.tick(64'999);
  EXPECT_EQ(sends().first, 0u);
  (void)pending.tick(65'000);
  EXPECT_EQ(sends().first, 1u);
  EXPECT_TRUE(pending.tick(74'999).empty());
  EXPECT_EQ(pending.tick(75'000).size(), 1u);
}

TEST_F(PendingTest, ANewEpochRepeatsAtOnce) {
  pending.on_welcome(0, 1);
  ASSERT_TRUE(ask(10, 1));
  ASSERT_TRUE(ask(10, 2));
  EXPECT_EQ(sends().first, 2u);
  pending.on_welcome(1000, 1);
  (void)pending.tick(1000);
  EXPECT_EQ(sends().first, 0u);
  pending.on_welcome(2000, 2);
  (void)pending.tick(2000);
  EXPECT_EQ(sends().first, 2u);
}

TEST_F(PendingTest, AfterASilenceTheyAreRepeatedWhenAnswersHadTime) {
  pending.on_welcome(0, 1);
  ASSERT_TRUE(ask(10, 1));
  EXPECT_EQ(sends().first, 1u);
  pending.on_welcome(2001, 1);
  (void)pending.tick(2500);
  EXPECT_EQ(sends().first, 0u);
  (void)pending.tick(2501);
  EXPECT_EQ(sends().first, 1u);
}

TEST_F(PendingTest, RefusesWhenTheBrokerIsAwayOrTheTableFull) {
  pending.on_welcome(0, 1);
  for (uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(ask(0, i));
  const Status full = ask(0, 4);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, "unavailable");
  EXPECT_TRUE(pending.on_answer(1, 2));
  EXPECT_TRUE(ask(1, 4));
  EXPECT_TRUE(pending.on_answer(1, 4));
  const Status away = ask(4001, 5);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, "unavailable");
  EXPECT_EQ(pending.size(), 2u) << "nothing is kept of what was refused";
  EXPECT_FALSE(pending.on_answer(4002, 99)) << "any word is a sign of life";
  EXPECT_TRUE(ask(4003, 6));
}

TEST_F(PendingTest, NextDeadlineIsTheEarliest) {
  (void)pending.tick(0);
  ASSERT_TRUE(ask(0, 1));
  EXPECT_EQ(pending.next_deadline(), 1000);
  for (MonoMs now = 1000; now < 20'000; now = pending.next_deadline()) {
    pending.on_welcome(now, 1);
    (void)pending.tick(now);
    ASSERT_GT(pending.next_deadline(), now) << "never due twice at one time";
  }
}

}  // namespace
}  // namespace ghost::relay
