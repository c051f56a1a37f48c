// The checkers have to catch every planted bug within a bounded number of seeds, and to find
// nothing in the same seeds without one. Built with GHOST_PLANTED_BUGS.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/log.h"
#include "base/planted_bugs.h"
#include "sim/world.h"

namespace ghost::sim {
namespace {

constexpr uint64_t kSeedsMax = 400;

struct Planted {
  Bug bug;
  const char* name;
  std::set<std::string> rules;    // any of these has to catch it
  void (*tilt)(Plan*) = nullptr;  // towards what the bug needs, where that is rare
};

// One runner, often cut off: what it says of an old lease finds it holding a newer one.
void cut_off_often(Plan* plan) {
  plan->runners = 1;
  plan->faults_us = 90 * kSecond;
  plan->faults.clear();
  for (Us at = plan->calm_us + 5 * kSecond; at < plan->calm_us + 85 * kSecond; at += 20 * kSecond) {
    plan->faults.push_back({at, FaultKind::kPartition, 1 + plan->relays, 16 * kSecond, 0, 1});
  }
}

// Broker and runners stand still together.
void stand_still(Plan* plan) {
  plan->faults_us = 90 * kSecond;
  plan->faults.clear();
  for (Us at = plan->calm_us + 5 * kSecond; at < plan->calm_us + 60 * kSecond; at += 30 * kSecond) {
    plan->faults.push_back({at, FaultKind::kPause, 1 + plan->relays, 22 * kSecond, 0, 3});
    plan->faults.push_back({at + kSecond, FaultKind::kPause, 0, 20 * kSecond, 0, 3});
  }
}

// What is heard of a runner is old news.
void too_slow(Plan* plan) {
  plan->turn_messages_max = 2;
  plan->turn_us = 200 * kMs;
  plan->faults_us = 90 * kSecond;
}

// Few slots, many jobs, no faults: tenants wait for each other.
void crowded(Plan* plan) {
  plan->runners = 1;
  plan->clients = 6;
  plan->jobs_max = 240;
  plan->calm_us += plan->faults_us;
  plan->faults_us = 0;
  plan->faults.clear();
}

// With the rules that catch the bug by what it is, not by an accident that comes of it.
const Planted kPlanted[] = {
    {Bug::kNoTokenCheck, "no_token_check", {"I3 stale_write", "I3 foreign_result"}, cut_off_often},
    {Bug::kTwoResults, "two_results", {"I2 two_results", "I3 stale_write"}},
    {Bug::kLostRequeue, "lost_requeue", {"I2 never_ended"}},
    {Bug::kKeyNotUnique, "key_not_unique", {"I5 key_twice", "I5 other_request"}},
    {Bug::kCreditLeak, "credit_leak", {"I6 slots"}},
    {Bug::kEarlyExpiry, "early_expiry", {"S9 early_expiry"}, too_slow},
    {Bug::kCancelTooEarly, "cancel_too_early", {"S12 stopped_and_running"}},
    {Bug::kGrantToFlagged, "grant_to_flagged", {"I3 cancelled_and_granted"}},
    {Bug::kGrantToAnyone, "grant_to_anyone", {"I3 grant_uncommitted"}, cut_off_often},
    {Bug::kResultNotKept, "result_not_kept", {"I1 ack_uncommitted", "I4 shown_uncommitted"}},
    {Bug::kJobNotKept, "job_not_kept", {"I1 ack_uncommitted", "I4 invented"}},
    {Bug::kDispatchNotKept, "dispatch_not_kept", {"I3 dispatch_uncommitted"}},
    {Bug::kRotationStuck, "rotation_stuck", {"I6 rotation"}},
    {Bug::kTenantsStuck, "tenants_stuck", {"I6 tenants"}, crowded},
    {Bug::kDependencyIgnored, "dependency_ignored", {"S13 dependency"}},
    {Bug::kStallNotCounted, "stall_not_counted", {"S9 early_expiry"}, stand_still},
    {Bug::kAckBeforeCommit, "ack_before_commit", {"I1 ack_uncommitted", "I3 grant_uncommitted"}},
    {Bug::kNewsBeforeCommit, "news_before_commit", {"I4 shown_uncommitted"}},
    {Bug::kEpochAgain, "epoch_again", {"I3 token_not_rising"}},
    {Bug::kDependentsForgotten, "dependents_forgotten", {"I2 never_ended"}},
    {Bug::kConfirmTooEarly, "confirm_too_early", {"S12 stopped_and_running"}},
    {Bug::kGrantUnasked, "grant_unasked", {"I3 grant_uncommitted"}},
};

Plan plan_of(const Planted& planted, uint64_t seed) {
  Plan plan = make_plan(seed);
  if (planted.tilt != nullptr) planted.tilt(&plan);
  return plan;
}

class PlantedBug : public testing::TestWithParam<Planted> {
 protected:
  void SetUp() override { log::init({"sim", "off", "text"}); }
  void TearDown() override { active_bug = Bug::kNoBug; }
};

TEST_P(PlantedBug, IsCaught) {
  active_bug = GetParam().bug;
  std::string found, others;
  uint64_t seed = 0;
  while (found.empty() && ++seed <= kSeedsMax) {
    for (const auto& v : play(plan_of(GetParam(), seed), false).violations) {
      if (GetParam().rules.contains(v.rule)) found = v.rule;
      others = v.rule + " in seed " + std::to_string(seed) + ": " + v.text;
    }
  }
  ASSERT_FALSE(found.empty()) << "not caught in " << kSeedsMax << " seeds; caught was " << others;
  std::printf("%s: %s, seed %llu\n", GetParam().name, found.c_str(),
              static_cast<unsigned long long>(seed));
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBug, testing::ValuesIn(kPlanted),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(PlantedBug, NoneIsReportedWhereThereIsNone) {
  log::init({"sim", "off", "text"});
  const auto judge = [](const Plan& plan, const char* what) {
    for (const auto& v : play(plan, false).violations) {
      ADD_FAILURE() << what << " seed " << plan.seed << ": " << v.rule << ": " << v.text;
    }
  };
  for (uint64_t seed = 1; seed <= 100; ++seed) judge(make_plan(seed), "plain");
  for (const Planted& planted : kPlanted) {
    for (uint64_t seed = 1; seed <= 40 && planted.tilt != nullptr; ++seed) {
      judge(plan_of(planted, seed), planted.name);
    }
  }
}

// Nothing that a job can come to, and nothing that befalls a farm, is missing from what is judged.
TEST(PlantedBug, TheSimulatorReachesEverything) {
  log::init({"sim", "off", "text"});
  std::map<std::string, uint64_t> reached;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    for (const auto& [what, count] : play(make_plan(seed), false).reached) reached[what] += count;
  }
  std::vector<std::string> wanted = {"SUCCEEDED",
                                     "FAILED",
                                     "CANCELLED",
                                     "EXPIRED",
                                     "DEAD",
                                     "passed",
                                     "gate_failed",
                                     "apply_failed",
                                     "base_moved",
                                     "dependency_failed",
                                     "cancelled",
                                     "expired",
                                     "infra_error",
                                     "delivered",
                                     "result committed",
                                     "result stale",
                                     "result unknown",
                                     "refused not_found",
                                     "unsent",
                                     "forgotten",
                                     "restored",
                                     "broker start",
                                     "broker kill",
                                     "broker pause",
                                     "broker resume",
                                     "refused key_reused"};
  for (int kind = 0; kind < kFaultKinds; ++kind) {
    wanted.push_back(std::string("fault ") + name_of(static_cast<FaultKind>(kind)));
  }
  for (const std::string& what : wanted) EXPECT_GT(reached[what], 0u) << what;
}

// The same seed gives the same history, line by line.
TEST(PlantedBug, TheSameSeedGivesTheSameHistory) {
  log::init({"sim", "off", "text"});
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Outcome first = play(make_plan(seed), true);
    const Outcome second = play(make_plan(seed), true);
    ASSERT_EQ(first.events.size(), second.events.size()) << "seed " << seed;
    for (size_t i = 0; i < first.events.size(); ++i) {
      ASSERT_EQ(history::print(first.events[i]), history::print(second.events[i]))
          << "seed " << seed << ", event " << i;
    }
  }
}

}  // namespace
}  // namespace ghost::sim
