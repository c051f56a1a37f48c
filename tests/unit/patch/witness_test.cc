// What the tolerant modes believe and what they do not: a wrong header is mended, damage is told.
#include <gtest/gtest.h>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

const auto kRecount = wire::ApplyMode::kRecount;
const auto kFuzzy = wire::ApplyMode::kFuzzy;
const std::string kHead = "--- a/f\n+++ b/f\n";

std::string numbers(int from, int to) {
  std::string out;
  for (int i = from; i <= to; ++i) out += "line " + std::to_string(i) + "\n";
  return out;
}
const MemoryStore::Files kBase = {{"f", {numbers(1, 40)}}};

Applied run(const std::string& text, wire::ApplyMode mode) {
  wire::ApplyOptions options;
  options.mode = mode;
  return apply_text(kBase, text, options);
}

TEST(Witness, TheHunkBehindTellsWhichSideIsWrong) {
  const std::string first = " line 4\n line 5\n+new\n line 6\n line 7\n";
  const std::string second = "@@ -20,3 +21,3 @@\n line 20\n-line 21\n+LINE 21\n line 22\n";
  // The header is wrong: the second hunk's numbers agree with the lines.
  EXPECT_TRUE(run(kHead + "@@ -4,4 +4,7 @@\n" + first + second, kFuzzy).ok());
  // A line was lost: the second hunk's numbers agree with the header.
  const std::string lost =
      "@@ -4,4 +4,6 @@\n" + first + "@@ -20,3 +22,3 @@\n line 20\n-line 21\n+LINE 21\n line 22\n";
  for (const auto mode : {kRecount, kFuzzy}) {
    const Applied r = run(kHead + lost, mode);
    EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
    EXPECT_EQ(r.fault(), "damaged@3") << r.message();
  }
}

TEST(Witness, APatchThatIsCutShortIsToldInEveryMode) {
  const std::string cut = kHead + "@@ -4,7 +4,8 @@\n line 4\n line 5\n line 6\n+new\n line 7\n";
  for (const auto mode : {wire::ApplyMode::kStrict, kRecount, kFuzzy, wire::ApplyMode::kThreeway}) {
    const Applied r = run(cut, mode);
    EXPECT_NE(r.out.outcome, Outcome::kApplied);
    EXPECT_EQ(r.files, kBase);
  }
}

TEST(Witness, AMissingPlusIsReportedWithItsLine) {
  const std::string text =
      kHead + "@@ -4,3 +4,5 @@\n line 4\n+one\ntwo without a plus\n line 5\n line 6\n";
  for (const auto mode : {kRecount, kFuzzy}) {
    const Applied r = run(text, mode);
    EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
    EXPECT_NE(r.message().find("line 6 of the patch"), std::string::npos) << r.message();
  }
}

TEST(Witness, AHunkThatStandsTwiceOrOutOfOrderIsNotPutElsewhere) {
  const std::string a = "@@ -4,3 +4,4 @@\n line 4\n+a\n line 5\n line 6\n";
  const std::string b = "@@ -20,3 +21,4 @@\n line 20\n+b\n line 21\n line 22\n";
  for (const auto mode : {kRecount, kFuzzy}) {
    EXPECT_TRUE(run(kHead + a + b, mode).ok());
    EXPECT_EQ(run(kHead + a + a, mode).out.outcome, Outcome::kApplyFailed);
    EXPECT_EQ(run(kHead + b + a, mode).out.outcome, Outcome::kApplyFailed);
  }
}

TEST(Witness, LinesThatAreAddedTwiceAtOnePlaceAreNotBelievedWithWrongCounts) {
  const std::string head = "--- /dev/null\n+++ b/new\n", whole = "@@ -0,0 +1,3 @@\n+1\n+2\n+3\n";
  EXPECT_TRUE(run(head + whole, kRecount).ok());
  EXPECT_TRUE(run(head + "@@ -0,0 +1,9 @@\n+1\n+2\n+3\n", kRecount).ok());
  for (const auto mode : {kRecount, kFuzzy}) {
    // The header and the line behind it stand twice; the first time without the lines that follow.
    const Applied first = run(head + "@@ -0,0 +1,3 @@\n+1\n+++ b/new\n" + whole, mode);
    EXPECT_EQ(first.fault(), "damaged@3") << first.message();
    EXPECT_EQ(first.files, kBase);
    EXPECT_EQ(run(head + whole + "@@ -0,0 +1,3 @@\n+1\n", mode).files, kBase);
  }
}

TEST(Witness, AFileThatStandsTwiceIsNotChangedTwiceAtTheSameLines) {
  const std::string a = kHead + "@@ -4,3 +4,4 @@\n line 4\n+a\n line 5\n line 6\n";
  const std::string b = kHead + "@@ -20,3 +20,4 @@\n line 20\n+b\n line 21\n line 22\n";
  EXPECT_TRUE(run(a + b, kFuzzy).ok());
  EXPECT_EQ(run(a + a, kFuzzy).fault(), "path_twice@8");
  EXPECT_EQ(run(kHead + "@@ -4,3 +4,4 @@\n line 4\n+a\n" + a, kFuzzy).files, kBase);
}

TEST(Witness, OneHunkThatIsReallyTwoIsSplit) {
  const Applied r = run(kHead +
                            "@@ -4,8 +4,8 @@\n line 4\n-line 5\n+FIVE\n line 6\n line 7\n"
                            " line 20\n-line 21\n+TWENTY-ONE\n line 22\n line 23\n",
                        kFuzzy);
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.report.hunks[0].strategy, "split");
  EXPECT_EQ(r.files.at("f").contents,
            numbers(1, 4) + "FIVE\n" + numbers(6, 20) + "TWENTY-ONE\n" + numbers(22, 40));
}

TEST(Witness, TheIndexLineProvesOrDisproves) {
  const std::string after = numbers(1, 4) + "new\n" + numbers(5, 40);
  const std::string old_id = object_id("blob", numbers(1, 40)).hex().substr(0, 10);
  const std::string head = "diff --git a/f b/f\nindex " + old_id + "..";
  const std::string body =
      " 100644\n--- a/f\n+++ b/f\n@@ -9,3 +9,4 @@\n line 4\n+new\n line 5\n"
      " line 6\n-- \n2.39\n";
  const std::string right = object_id("blob", after).hex().substr(0, 10);
  EXPECT_FALSE(run(head + "1234567890" + body, kFuzzy).ok());
  const Applied r = run(head + right + body, kFuzzy);
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.files.at("f").contents, after);
}

// The index line proves its own file only: what was cut off behind it may have been more files.
TEST(Witness, NoProofMendsAPatchThatIsCutShort) {
  const std::string after = numbers(1, 4) + "new\n" + numbers(5, 40);
  const std::string head = "diff --git a/f b/f\nindex " +
                           object_id("blob", numbers(1, 40)).hex().substr(0, 10) + ".." +
                           object_id("blob", after).hex().substr(0, 10) + " 100644\n" + kHead +
                           "@@ -2,6 +2,7 @@\n line 2\n line 3\n line 4\n+new\n";
  for (const std::string rest : {"", " line 5\n", " line 5\n line 6\n"}) {
    for (const auto mode : {kRecount, kFuzzy}) {
      EXPECT_EQ(run(head + rest, mode).out.outcome, Outcome::kApplyFailed) << rest;
    }
  }
  EXPECT_TRUE(run(head + " line 5\n line 6\n line 7\n", kFuzzy).ok());
}

TEST(Witness, ABackslashMakesNoMarkerOfALine) {
  const std::string hunk =
      "@@ -4,3 +4,5 @@\n line 4\n+new\n\\n is a newline\n+more\n line 5\n line 6\n";
  for (const auto mode : {kRecount, kFuzzy}) {
    const Applied applied = run(kHead + hunk, mode);
    EXPECT_EQ(applied.out.outcome, Outcome::kApplyFailed) << applied.message();
    EXPECT_EQ(applied.files, kBase);
  }
}

TEST(Witness, APatchMadeTheWrongWayRoundIsReversed) {
  const std::string hunk = "@@ -4,3 +4,3 @@\n line 4\n-LINE 5\n+line 5\n line 6\n";
  for (const auto mode : {wire::ApplyMode::kStrict, kRecount, kFuzzy}) {
    const Applied applied = run(kHead + hunk, mode);
    EXPECT_EQ(applied.out.report.status, wire::ApplyStatus::kAlreadyApplied);
    EXPECT_EQ(applied.fault(), "already_applied@3");
    const Applied reversed = run("diff --git b/f a/f\n--- b/f\n+++ a/f\n" + hunk, mode);
    EXPECT_EQ(reversed.out.report.status, wire::ApplyStatus::kReversed);
    EXPECT_EQ(reversed.fault(), "reversed@4");
    EXPECT_EQ(reversed.files, kBase);
  }
}

}  // namespace
}  // namespace ghost::patch
