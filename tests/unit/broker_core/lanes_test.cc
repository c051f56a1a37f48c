// Who is next: a tenant that floods the queue, whatever lanes and labels it makes up, delays
// another's job by one of its own at most.
#include "broker/lanes.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

namespace ghost::broker {
namespace {

// Jobs are known by their tenant; label sets 0 to 2.
class Queue {
 public:
  JobRow* push(const std::string& tenant, const std::string& lane = "default", SetId set = 0,
               uint8_t priority = 4) {
    JobRow& row = rows_.emplace_back();
    row.no = ++last_;
    row.priority = priority;
    row.queue = *table_.acquire(lane, tenant, set);
    table_.push(&row);
    return &row;
  }
  // The next job's tenant, and it is gone; empty: none may go.
  std::string pop() {
    JobRow* const row = table_.pick();
    if (row == nullptr) return "";
    std::string tenant = table_.tenant_of(*row);
    last_lane_ = table_.lane_of(*row).as_set.name;
    table_.remove(row);
    table_.release(row->queue);
    return tenant;
  }
  const std::string& last_lane() const { return last_lane_; }
  LaneTable& table() { return table_; }

 private:
  LaneTable table_;
  std::deque<JobRow> rows_;
  JobNo last_ = 0;
  std::string last_lane_;
};

TEST(LanesTest, AHundredThousandJobsDelayASingleOneByOne) {
  Queue queue;
  queue.table().make("default");
  queue.table().set_ready(0, true);
  for (int i = 0; i < 100'000; ++i) queue.push("flood", "default", 0, 9);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(queue.pop(), "flood");
  for (int i = 0; i < 100; ++i) {
    queue.push("other");
    std::string next = queue.pop();
    if (next == "flood") next = queue.pop();
    ASSERT_EQ(next, "other");
  }
}

TEST(LanesTest, MadeUpLanesAreNoMoreTurns) {
  Queue queue;
  queue.table().make("default");
  for (SetId set : {0, 1}) queue.table().set_ready(set, true);
  for (int i = 0; i < 100'000; ++i) {
    queue.push("flood", "lane-" + std::to_string(i % 900), static_cast<SetId>(i % 2), 9);
  }
  for (int i = 0; i < 500; ++i) ASSERT_EQ(queue.pop(), "flood");
  for (const char* lane : {"default", "lane-7", "own"}) {
    queue.push("other", lane);
    std::string next = queue.pop();
    if (next == "flood") next = queue.pop();
    EXPECT_EQ(next, "other") << lane;
  }
}

TEST(LanesTest, ATenantsOwnLanesTakeTurns) {
  Queue queue;
  queue.table().make("default");
  queue.table().set_ready(0, true);
  for (int i = 0; i < 100; ++i) queue.push("a", "long");
  queue.push("a", "short");
  std::set<std::string> lanes;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(queue.pop(), "a");
    lanes.insert(queue.last_lane());
  }
  EXPECT_EQ(lanes, (std::set<std::string>{"long", "short"}));
}

TEST(LanesTest, AnOperatorsLaneHasAShareOfItsOwn) {
  Queue queue;
  queue.table().make("default");
  Lane* const fast = queue.table().make("fast");
  for (int i = 0; i < 50; ++i) {
    queue.push("a", "fast");
    queue.push("a", "slow-" + std::to_string(i % 5));
  }
  queue.table().set_ready(0, true);
  queue.table().configure(fast);  // while it holds jobs
  fast->as_set.weight = 3;
  std::map<std::string, int> count;
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(queue.pop(), "a");
    ++count[queue.last_lane() == "fast" ? "fast" : "slow"];
  }
  EXPECT_EQ(count["fast"], 30);
  EXPECT_EQ(count["slow"], 10);
  // Paused, it is passed over and loses nothing but its turns.
  fast->as_set.paused = true;
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(queue.pop(), "a");
    ASSERT_NE(queue.last_lane(), "fast");
  }
  EXPECT_EQ(queue.pop(), "");
  fast->as_set.paused = false;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(queue.pop(), "a");
  EXPECT_EQ(queue.pop(), "");
}

// Between two jobs of one tenant each other that could go gets one, with everything at random:
// lanes, labels, priorities, and which labels a runner is free for.
TEST(LanesTest, TenantsTakeTurnsWhateverElse) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    Queue queue;
    queue.table().make("default");
    std::map<std::string, std::map<SetId, int>> waiting;  // jobs by tenant and set
    std::set<SetId> ready;
    // Since when (in dispatches) a tenant could go without a break, and what was dispatched since.
    std::map<std::string, std::map<std::string, int>> passed_by;
    const auto can_go = [&](const std::string& tenant) {
      return std::any_of(ready.begin(), ready.end(),
                         [&](SetId set) { return waiting[tenant][set] > 0; });
    };
    const auto forget_those_who_cannot = [&] {
      std::erase_if(passed_by, [&](const auto& entry) { return !can_go(entry.first); });
    };
    for (int step = 0; step < 3'000; ++step) {
      const int what = below(10);
      if (what < 4) {
        const std::string tenant = "t" + std::to_string(below(4));
        const auto set = static_cast<SetId>(below(3));
        queue.push(tenant, below(2) == 0 ? "default" : "l" + std::to_string(below(8)), set,
                   static_cast<uint8_t>(below(10)));
        ++waiting[tenant][set];
      } else if (what == 4) {
        const auto set = static_cast<SetId>(below(3));
        const bool on = below(2) == 0;
        on ? (void)ready.insert(set) : (void)ready.erase(set);
        queue.table().set_ready(set, on);
      } else {
        JobRow* const row = queue.table().pick();
        bool anyone = false;
        for (const auto& [tenant, jobs] : waiting) anyone |= can_go(tenant);
        ASSERT_EQ(row != nullptr, anyone) << "seed " << seed << " step " << step;
        if (row == nullptr) continue;
        const std::string tenant = queue.table().tenant_of(*row);
        const SetId set = queue.table().set_of(*row);
        ASSERT_TRUE(ready.contains(set));
        --waiting[tenant][set];
        queue.table().remove(row);
        queue.table().release(row->queue);
        passed_by.erase(tenant);
        for (auto& [other, counts] : passed_by) {
          ASSERT_LE(++counts[tenant], 1) << "seed " << seed << " step " << step << ": " << other
                                         << " waits, and " << tenant << " had two turns";
        }
      }
      forget_those_who_cannot();
      for (const auto& [tenant, jobs] : waiting) {
        if (can_go(tenant)) passed_by.try_emplace(tenant);
      }
    }
  }
}

}  // namespace
}  // namespace ghost::broker
