// The registry: membership, TTLs, rotation, patterns, revisions. Time is an argument throughout.
#include "registry/registry.h"

#include <gtest/gtest.h>

#include <random>

namespace ghost::registry {
namespace {

using wire::Instance;
using wire::InstanceState;

Instance instance(const std::string& service, const std::string& name, uint64_t ttl_ms = 1000) {
  Instance i;
  i.service = service;
  i.instance = name;
  i.host = "host";
  i.ttl_ms = ttl_ms;
  return i;
}

std::string names(const std::vector<Instance>& all) {
  std::string out;
  for (const Instance& i : all) {
    out += (out.empty() ? "" : " ") + i.service + "/" + i.instance + ":" +
           std::string(to_string(i.state));
  }
  return out;
}

std::string next(Registry& registry, const std::string& pattern) {
  const Instance* chosen = registry.next(pattern);
  return chosen ? chosen->instance : "-";
}

std::string draw(Registry& registry, const std::string& pattern, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += next(registry, pattern);
  return out;
}

TEST(Registry, PutMakesAndRenews) {
  Registry r{{}};
  const auto made = r.put(instance("web", "a"), 10, 1000);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->created);
  EXPECT_EQ(made->instance->registered_at, 1000);
  const auto again = r.put(instance("web", "a"), 20, 2000);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->instance->registered_at, 1000);
  EXPECT_EQ(again->instance->last_seen_at, 2000);
  EXPECT_EQ(r.size(), 1u);
}

TEST(Registry, NobodyRegistersAsLost) {
  Registry r{{}};
  Instance lost = instance("web", "a");
  lost.state = InstanceState::kLost;
  const auto put = r.put(lost, 0, 0);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, "bad_field");
  EXPECT_EQ(r.size(), 0u);
}

TEST(Registry, TakesNoMoreThanItsLimitButRenews) {
  Registry r{{.instances_max = 2}};
  EXPECT_TRUE(r.put(instance("web", "a"), 0, 0));
  EXPECT_TRUE(r.put(instance("db", "a"), 0, 0));
  const auto third = r.put(instance("web", "b"), 0, 0);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, "rate_limited");
  EXPECT_TRUE(r.put(instance("web", "a"), 1, 1));
  EXPECT_TRUE(r.remove("db", "a"));
  EXPECT_TRUE(r.put(instance("web", "b"), 2, 2));
}

TEST(Registry, RevisionBeginsWhereItIsTold) {
  Registry r{{.first_revision = 700}};
  EXPECT_EQ(r.revision(), 700u);
}

TEST(Registry, RevisionGrowsWithChangesAlone) {
  Registry r{{}};
  EXPECT_TRUE(r.put(instance("web", "a"), 0, 0));
  uint64_t revision = r.revision();
  EXPECT_TRUE(r.put(instance("web", "a"), 1, 1));
  EXPECT_TRUE(r.renew("web", "a", InstanceState::kReady, 2, 2));
  EXPECT_EQ(r.next("web")->instance, "a");
  EXPECT_EQ(r.revision(), revision);
  const auto changed = [&](bool done) {
    const bool grown = r.revision() > revision;
    revision = r.revision();
    return done && grown;
  };
  Instance moved = instance("web", "a");
  moved.endpoints["http"] = "http://127.0.0.1:1";
  EXPECT_TRUE(changed(static_cast<bool>(r.put(moved, 3, 3))));
  EXPECT_TRUE(changed(r.renew("web", "a", InstanceState::kDraining, 4, 4)));
  r.expire(5000, 10);
  EXPECT_TRUE(changed(true)) << "lost";
  EXPECT_TRUE(changed(r.remove("web", "a")));
  EXPECT_FALSE(r.remove("web", "a"));
  EXPECT_EQ(r.revision(), revision);
}

TEST(Registry, LostAfterTheTtlForgottenLater) {
  Registry r{{.lost_keep_ms = 5000}};
  EXPECT_TRUE(r.put(instance("web", "a", 1000), 0, 0));
  EXPECT_EQ(r.next_deadline(), 1000);
  r.expire(999, 10);
  EXPECT_EQ(names(r.list("", false)), "web/a:ready");
  EXPECT_TRUE(r.renew("web", "a", InstanceState::kReady, 900, 0));
  r.expire(1000, 10);
  EXPECT_EQ(names(r.list("", false)), "web/a:ready");
  EXPECT_EQ(r.next_deadline(), 1900);
  r.expire(1900, 10);
  EXPECT_EQ(names(r.list("", false)), "web/a:lost");
  EXPECT_EQ(names(r.list("", true)), "");
  EXPECT_EQ(next(r, "web"), "-");
  EXPECT_EQ(r.next_deadline(), 6900);
  r.expire(6900, 10);
  EXPECT_EQ(r.size(), 0u);
  EXPECT_FALSE(r.next_deadline());
}

TEST(Registry, ALostOneComesBack) {
  Registry r{{}};
  EXPECT_TRUE(r.put(instance("web", "a", 1000), 0, 7));
  r.expire(1000, 10);
  const auto back = r.put(instance("web", "a", 1000), 2000, 9);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->created);
  EXPECT_EQ(back->instance->state, InstanceState::kReady);
  EXPECT_EQ(next(r, "web"), "a");
  r.expire(3000, 10);
  EXPECT_EQ(names(r.list("", false)), "web/a:lost") << "its new TTL counts, not the long list's";
}

TEST(Registry, AShorterTtlHolds) {
  Registry r{{}};
  EXPECT_TRUE(r.put(instance("web", "a", 60'000), 0, 0));
  EXPECT_TRUE(r.put(instance("web", "a", 100), 10, 0));
  EXPECT_EQ(r.next_deadline(), 110);
  r.expire(110, 10);
  EXPECT_EQ(names(r.list("", false)), "web/a:lost");
}

TEST(Registry, RenewKnowsOnlyWhatIsThere) {
  Registry r{{}};
  EXPECT_FALSE(r.renew("web", "a", InstanceState::kReady, 0, 0));
  EXPECT_EQ(r.find("web", "a"), nullptr);
}

TEST(Registry, RotationIsFairAndSkipsWhoIsNotReady) {
  Registry r{{}};
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(r.put(instance("web", name), 0, 0));
  EXPECT_EQ(draw(r, "web", 4), "abca");
  EXPECT_TRUE(r.renew("web", "b", InstanceState::kDraining, 1, 1));
  EXPECT_EQ(draw(r, "web", 3), "cac");
  // Back again: behind those that wait.
  EXPECT_TRUE(r.renew("web", "b", InstanceState::kReady, 2, 2));
  EXPECT_EQ(draw(r, "web", 3), "acb");
  // Renewals move nobody.
  EXPECT_TRUE(r.renew("web", "a", InstanceState::kReady, 3, 3));
  EXPECT_TRUE(r.put(instance("web", "a"), 3, 3));
  EXPECT_EQ(next(r, "web"), "a");
}

TEST(Registry, RotationOverAPrefixIsFairOverServices) {
  Registry r{{}};
  EXPECT_TRUE(r.put(instance("web-eu", "a"), 0, 0));
  EXPECT_TRUE(r.put(instance("web-us", "b"), 0, 0));
  EXPECT_TRUE(r.put(instance("web-us", "c"), 0, 0));
  EXPECT_TRUE(r.put(instance("wec", "x"), 0, 0));
  std::map<std::string, int> given;
  for (int i = 0; i < 30; ++i) ++given[next(r, "web-*")];
  EXPECT_EQ(given, (std::map<std::string, int>{{"a", 10}, {"b", 10}, {"c", 10}}));
  EXPECT_EQ(next(r, "nobody*"), "-");
  EXPECT_EQ(next(r, "web"), "-") << "a name is no prefix";
}

TEST(Registry, PatternsNameServices) {
  Registry r{{}};
  for (const char* service : {"a", "ab", "abc", "b"})
    EXPECT_TRUE(r.put(instance(service, "1"), 0, 0));
  EXPECT_EQ(names(r.list("ab", false)), "ab/1:ready");
  EXPECT_EQ(names(r.list("ab*", false)), "ab/1:ready abc/1:ready");
  EXPECT_EQ(r.list("*", false).size(), 4u);
  EXPECT_EQ(r.list("", false).size(), 4u);
  EXPECT_EQ(r.list("abcd*", false).size(), 0u);
}

TEST(Registry, RecoveredOnesGetOneTtl) {
  Registry before{{}}, after{{}};
  EXPECT_TRUE(before.put(instance("web", "a", 1000), 500, 42));
  Instance draining = instance("web", "b", 2000);
  draining.state = InstanceState::kDraining;
  EXPECT_TRUE(before.put(draining, 500, 42));
  for (const Instance& i : before.snapshot()) after.recover(i, 10'000);
  EXPECT_EQ(names(after.list("", false)), "web/a:ready web/b:draining");
  EXPECT_EQ(after.find("web", "a")->registered_at, 42);
  after.expire(10'999, 10);
  EXPECT_EQ(names(after.list("", true)), "web/a:ready");
  after.expire(11'000, 10);
  EXPECT_EQ(names(after.list("", false)), "web/a:lost web/b:draining");
  after.recover(instance("web", "b"), 11'000);
  EXPECT_EQ(after.find("web", "b")->state, InstanceState::kDraining) << "the newer one stays";
}

TEST(Registry, ExpiryIsBounded) {
  Registry r{{}};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(r.put(instance("web", std::to_string(i), 1), 0, 0));
  r.expire(100, 4);
  EXPECT_EQ(r.list("", true).size(), 6u);
  ASSERT_TRUE(r.next_deadline());
  EXPECT_LE(*r.next_deadline(), 100) << "the rest is due at once";
  r.expire(100, 100);
  EXPECT_EQ(r.list("", true).size(), 0u);
}

// Against a map that is looked through whole each time.
TEST(Registry, AgreesWithASimpleModel) {
  struct Modelled {
    InstanceState state;
    MonoMs due;
  };
  constexpr int64_t kKeep = 50;
  Registry r{{.lost_keep_ms = kKeep}};
  std::map<std::pair<std::string, std::string>, Modelled> model;
  std::mt19937_64 random(7);
  MonoMs now = 1;
  for (int step = 0; step < 20'000; ++step) {
    const std::string service(1, static_cast<char>('a' + random() % 3));
    const std::string name = std::to_string(random() % 5);
    const auto key = std::pair(service, name);
    switch (random() % 5) {
      case 0:
      case 1: {
        Instance i = instance(service, name, 1 + random() % 40);
        i.state = random() % 3 == 0 ? InstanceState::kDraining : InstanceState::kReady;
        ASSERT_EQ(r.put(i, now, now)->created, !model.contains(key));
        model[key] = {i.state, now + static_cast<MonoMs>(i.ttl_ms)};
        break;
      }
      case 2:
        ASSERT_EQ(r.remove(service, name), model.erase(key) > 0);
        break;
      case 3: {
        const Instance* chosen = r.next(service);
        bool any = false;
        for (const auto& [k, m] : model)
          any |= k.first == service && m.state == InstanceState::kReady;
        ASSERT_EQ(chosen != nullptr, any);
        if (chosen) {
          ASSERT_EQ(model.at({service, chosen->instance}).state, InstanceState::kReady);
        }
        break;
      }
      default:
        now += static_cast<MonoMs>(random() % 20);
        r.expire(now, 1000);
        for (bool again = true; again;) {
          again = false;
          for (auto it = model.begin(); it != model.end();) {
            auto& [state, due] = it->second;
            if (due > now) {
              ++it;
            } else if (state == InstanceState::kLost) {
              it = model.erase(it);
            } else {
              state = InstanceState::kLost;
              due = now + kKeep;
              again = true;
            }
          }
        }
    }
    std::string expected;
    std::map<InstanceState, size_t> count;
    for (const auto& [k, m] : model) {
      expected += (expected.empty() ? "" : " ") + k.first + "/" + k.second + ":" +
                  std::string(to_string(m.state));
      ++count[m.state];
    }
    ASSERT_EQ(names(r.snapshot()), expected) << "step " << step;
    ASSERT_EQ(r.size(), model.size());
    for (const auto& [state, n] : r.count_by_state()) ASSERT_EQ(n, count[state]);
  }
}

}  // namespace
}  // namespace ghost::registry
