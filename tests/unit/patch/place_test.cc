// How a line number tells places apart: only when one is clearly nearer than the others, however
// far the hunks before were off.
#include <gtest/gtest.h>

#include "patch/place_tolerant.h"
#include "patch_fixture.h"

namespace ghost::patch {
namespace {

// Eight bytes are looked at together: bytes near a line feed, and ones that differ in one bit.
TEST(Place, LinesEndAtLineFeedsAndNothingElse) {
  const std::string kinds = "\n\x0b\x09\x8a\x0a\xff a\n\n";
  uint32_t seed = 1;
  for (size_t size = 0; size < 200; ++size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) {
      seed = seed * 1664525 + 1013904223;
      text += kinds[(seed >> 16) % kinds.size()];
    }
    const TextImage image(text);
    std::vector<std::string> expected;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
      expected.push_back(text.substr(at, end - at));
      at = end;
    }
    ASSERT_EQ(image.original_line_count(), expected.size());
    for (uint32_t i = 0; i < expected.size(); ++i) ASSERT_EQ(image.original_line(i), expected[i]);
    ASSERT_EQ(image.original_lines(0, image.original_line_count()), text);
  }
}

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
