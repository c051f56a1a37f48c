// What the context at a hunk's ends tells: where lost blank lines stood, and whether a wrong count
// means lost lines or a wrong header.
#include "patch/context.h"

#include <gtest/gtest.h>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

const auto kFuzzy = wire::ApplyMode::kFuzzy;
const std::string kHead = "--- a/f\n+++ b/f\n";

// a1 to a9, a blank line, b1 to b9.
std::string block(const std::string& name) {
  std::string out;
  for (int i = 1; i <= 9; ++i) out += name + std::to_string(i) + "\n";
  return out;
}
const MemoryStore::Files kBase = {{"f", {block("a") + "\n" + block("b")}}};

Applied run(const std::string& hunk, wire::ApplyMode mode = kFuzzy) {
  wire::ApplyOptions options;
  options.mode = mode;
  return apply_text(kBase, kHead + hunk, options);
}

TEST(Context, LacksWhatWasLost) {
  EXPECT_TRUE(only_context_lost({3, 3, 50, 50, 0}, 3, 0));
  EXPECT_TRUE(only_context_lost({2, 3, 50, 50, 0}, 3, 1));
  EXPECT_TRUE(only_context_lost({3, 3, 50, 50, 2}, 3, 2));
  EXPECT_TRUE(only_context_lost({1, 3, 1, 50, 0}, 3, 0));    // the file begins there
  EXPECT_FALSE(only_context_lost({2, 3, 50, 50, 0}, 3, 2));  // one more is missing
  EXPECT_FALSE(only_context_lost({4, 3, 50, 50, 0}, 3, 0));
  EXPECT_FALSE(only_context_lost({3, 1, 50, 3, 0}, 3, 2));  // or a change of the file's last lines
  EXPECT_TRUE(only_context_lost({3, 3, 50, 50, 1}, 2, 1));  // as tools do, though none was seen
  EXPECT_FALSE(only_context_lost({2, 3, 50, 50, 0}, 2, 1));
}

// The blank line was lost, and added lines stand beside it.
TEST(Context, TellsOnWhichSideOfAddedLinesABlankLineStood) {
  const Applied before = run("@@ -8,6 +8,7 @@\n a8\n a9\n+new\n b1\n b2\n b3\n");
  ASSERT_TRUE(before.ok()) << before.message();
  EXPECT_EQ(before.files.at("f").contents, block("a") + "\nnew\n" + block("b"));
  const Applied behind = run("@@ -7,6 +7,7 @@\n a7\n a8\n a9\n+new\n b1\n b2\n");
  ASSERT_TRUE(behind.ok()) << behind.message();
  EXPECT_EQ(behind.files.at("f").contents, block("a") + "new\n\n" + block("b"));
  const Applied between = run("@@ -7,7 +7,9 @@\n a7\n a8\n a9\n+new\n+newer\n b1\n b2\n b3\n");
  ASSERT_TRUE(between.ok()) << between.message();
  EXPECT_EQ(between.files.at("f").contents, block("a") + "new\n\nnewer\n" + block("b"));
}

// Where a blank line is removed as well, it is not known which one.
TEST(Context, DoesNotTellRemovedBlankLinesFromLostOnes) {
  const MemoryStore::Files base = {{"f", {block("a") + "\n\n\n" + block("b")}}};
  wire::ApplyOptions options;
  options.mode = kFuzzy;
  const Applied r =
      apply_text(base, kHead + "@@ -8,7 +8,7 @@\n a8\n a9\n-\n+new\n b1\n b2\n", options);
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
  EXPECT_EQ(r.files, base);
}

// Two lines changed places: of the blank lines around the added one, one is not in the file.
TEST(Context, DoesNotTellWhichOfTooManyBlankLinesIsMissing) {
  const MemoryStore::Files base = {{"f", {block("a") + "\nb\n\n\n" + block("c")}}};
  wire::ApplyOptions options;
  options.mode = kFuzzy;
  const Applied r =
      apply_text(base, kHead + "@@ -10,6 +10,7 @@\n b\n \n \n+new\n \n c1\n c2\n", options);
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
  EXPECT_EQ(r.files, base);
}

TEST(Context, ThatTellsNothingIsNotGuessedFrom) {
  for (const std::string hunk :
       {"@@ -9,3 +9,4 @@\n a9\n+new\n b1\n",                 // neither side is whole
        "@@ @@\n a8\n a9\n+new\n b1\n b2\n b3\n",            // no counts
        "@@ -8,6 +8,8 @@\n a8\n a9\n+new\n b1\n b2\n b3\n",  // counts that contradict
        "@@ -7,7 +7,10 @@\n a7\n a8\n a9\n+x\n+y\n+z\n b1\n b2\n b3\n"}) {  // between which?
    const Applied r = run(hunk);
    EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed) << hunk;
    EXPECT_EQ(r.files, kBase);
  }
}

// A header that counts more than there is: lines were lost where context is short.
TEST(Context, ThatIsShortTellsThatLinesWereLost) {
  const std::string more = "@@ -14,3 +20,4 @@\n b4\n b5\n b6\n+more\n";
  EXPECT_TRUE(run("@@ -3,9 +3,8 @@\n a3\n a4\n a5\n+new\n a6\n a7\n a8\n" + more).ok());
  const Applied lost = run("@@ -3,6 +3,8 @@\n a4\n a5\n+new\n a6\n a7\n a8\n" + more);
  EXPECT_EQ(lost.out.outcome, Outcome::kApplyFailed);  // " a3" and a "+" line
  EXPECT_EQ(lost.fault(), "damaged@3") << lost.message();
  EXPECT_TRUE(run("@@ -3,6 +3,7 @@\n a4\n a5\n+new\n a6\n a7\n a8\n").ok());
}

}  // namespace
}  // namespace ghost::patch
