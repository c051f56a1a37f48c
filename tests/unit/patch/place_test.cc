// How a line number tells places apart: only when one is clearly nearer than the others, however
// far the hunks before were off.
#include <gtest/gtest.h>

#include "patch/place_tolerant.h"
#include "patch_fixture.h"

namespace ghost::patch {
namespace {

TEST(Place, TheNearestOfManyAreFound) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += i % 2 ? "odd\n" : "even\n";
  TextImage image(text);
  Budget budget{1'000'000, 0};
  const Lines wanted = {"odd\n"};
  EXPECT_EQ(image.around(wanted, 500, 2, budget), (std::vector<uint32_t>{497, 499, 501, 503}));
  EXPECT_EQ(image.around(wanted, 501, 1, budget), (std::vector<uint32_t>{499, 501}));
  EXPECT_EQ(image.around(wanted, -5, 2, budget), (std::vector<uint32_t>{1, 3}));
  EXPECT_EQ(image.around(wanted, 5000, 2, budget), (std::vector<uint32_t>{997, 999}));
  EXPECT_TRUE(image.around({"none\n"}, 500, 2, budget).empty());
}

TEST(Place, DriftIsUnsureUntilHunksAgree) {
  Drift drift;
  EXPECT_EQ(drift.unsure(), 0);
  drift.take(-17);
  EXPECT_EQ(drift.unsure(), 17);  // only this hunk, or all of them?
  drift.take(-17);
  EXPECT_EQ(drift.unsure(), 0);
  drift.take(7);
  EXPECT_EQ(drift.unsure(), 24);
}

// "same" stands at lines 21 and 61.
MemoryStore::Files base() {
  std::string text;
  for (int i = 1; i <= 80; ++i) {
    text += i == 21 || i == 61 ? "same\n" : "line " + std::to_string(i) + "\n";
  }
  return {{"f", {text}}};
}

wire::ApplyStatus status_of(const std::string& hunks) {
  wire::ApplyOptions options;
  options.mode = wire::ApplyMode::kFuzzy;
  return apply_text(base(), "--- a/f\n+++ b/f\n" + hunks, options).out.report.status;
}
std::string change_at(int line) {
  const std::string n = std::to_string(line);
  return "@@ -" + n + " +" + n + " @@\n-same\n+other\n";
}

TEST(Place, ANumberTellsWhenItIsClearlyNearer) {
  EXPECT_EQ(status_of(change_at(21)), wire::ApplyStatus::kClean);
  EXPECT_EQ(status_of(change_at(24)), wire::ApplyStatus::kOffset);     // 3 away, 37 away
  EXPECT_EQ(status_of(change_at(30)), wire::ApplyStatus::kAmbiguous);  // 9 away, 31 away
  // The hunk before was off by 5: the number may be as well, or not.
  const std::string moved = "@@ -10,3 +10,3 @@\n line 5\n-line 6\n+x\n line 7\n";
  EXPECT_EQ(status_of(moved + change_at(26)), wire::ApplyStatus::kAmbiguous);
}

}  // namespace
}  // namespace ghost::patch
