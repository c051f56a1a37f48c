#include <gtest/gtest.h>

#include "patch/threeway.h"
#include "patch_fixture.h"

namespace ghost::patch {
namespace {

wire::ApplyOptions mode(wire::ApplyMode m) {
  wire::ApplyOptions options;
  options.mode = m;
  return options;
}
const auto kRecount = wire::ApplyMode::kRecount;
const auto kFuzzy = wire::ApplyMode::kFuzzy;

const MemoryStore::Files kBase = {
    {"f", {"int a() {\n  one();\n\n  two();\n}\nint b() {\n  one();\n  three();\n}\n"}}};
const std::string kHead = "--- a/f\n+++ b/f\n";

TEST(Recount, MendsCountsABareHeaderAndAMissingNewline) {
  for (const std::string header : {"@@ -1,99 +1,2 @@", "@@", "@@ ... @@"}) {
    const Applied r = apply_text(
        kBase, kHead + header + "\n int b() {\n-  one();\n+  uno();\n   three();", mode(kRecount));
    ASSERT_TRUE(r.ok()) << header << r.message();
    EXPECT_NE(r.files.at("f").contents.find("int b() {\n  uno();\n"), std::string::npos);
  }
}

TEST(Recount, SeveralPlacesAreAmbiguous) {
  const Applied r = apply_text(kBase, kHead + "@@ @@\n-  one();\n+  uno();\n", mode(kRecount));
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kAmbiguous);
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
  EXPECT_EQ(r.fault(), "ambiguous@3");
}

TEST(Fuzzy, MendsWhiteSpaceAndLostBlankLines) {
  const Applied r = apply_text(
      kBase, kHead + "@@ -1,5 +1,5 @@\n int  a() {\n   one();   \n-  two();\n+  zwei();\n }\n",
      mode(kFuzzy));
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.files.at("f").contents.substr(0, 36), "int a() {\n  one();\n\n  zwei();\n}\nint ");
  EXPECT_EQ(r.out.report.hunks[0].strategy, "whitespace");
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kFuzz);
}

// What the file does not tell for sure is not guessed.
TEST(Fuzzy, DoubtIsNoSuccess) {
  for (const std::string body :
       {" int a() {\n   one();\n+  more();\n   two();\n",   // before or behind the blank line?
        " int a() {\n one();\n-two();\n+zwei();\n }\n"}) {  // how is the added line indented?
    const Applied r = apply_text(kBase, kHead + "@@ -1,5 +1,5 @@\n" + body, mode(kFuzzy));
    EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kAmbiguous) << body;
    EXPECT_EQ(r.files, kBase);
  }
}

TEST(Fuzzy, AddsTheIndentationThatAllOldLinesLack) {
  const Applied r =
      apply_text(kBase, kHead + "@@ -6,2 +6,3 @@\n one();\n+extra();\n three();\n", mode(kFuzzy));
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_NE(r.files.at("f").contents.find("  one();\n  extra();\n  three();\n"), std::string::npos);
}

TEST(Fuzzy, LeavesOutWrongContext) {
  const std::string patch =
      kHead + "@@ -6,4 +6,4 @@\n wrong line\n   one();\n-  three();\n+  drei();\n }\n";
  EXPECT_FALSE(apply_text(kBase, patch).ok());
  const Applied r = apply_text(kBase, patch, mode(kFuzzy));
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.report.hunks[0].fuzz, 1u);
  EXPECT_EQ(r.out.report.hunks[0].strategy, "context");
}

TEST(Applied, IsFoundAndIsNoSuccess) {
  const std::string patch =
      kHead + "@@ -6,4 +6,4 @@\n int b() {\n-  uno();\n+  one();\n   three();\n }\n";
  for (const auto m : {wire::ApplyMode::kStrict, kRecount, kFuzzy}) {
    const Applied r = apply_text(kBase, patch, mode(m));
    EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
    EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kAlreadyApplied);
  }
}

TEST(Threeway, MergesFromTheIndexLinesBlob) {
  MemoryStore store;
  const Oid old = *store.write_blob("a\nb\nc\nd\ne\nf\ng\n");
  ApplyInput input;
  input.base_tree = store.make_tree({{"f", {"A\nb\nX\nc\nd\ne\nf\ng\n"}}});
  wire::PatchBody body;
  body.data = "diff --git a/f b/f\nindex " + old.hex().substr(0, 10) +
              "..1111111111 100644\n--- a/f\n+++ b/f\n@@ -3,5 +3,5 @@\n c\n d\n-e\n+E\n f\n g\n";
  input.patch = &body;
  input.options.mode = wire::ApplyMode::kThreeway;
  const ApplyOutput out = *apply(store, input);
  ASSERT_EQ(out.outcome, Outcome::kApplied);
  EXPECT_EQ(out.report.status, wire::ApplyStatus::kMerged);
  EXPECT_EQ(store.list_tree(out.tree).at("f").contents, "A\nb\nX\nc\nd\nE\nf\ng\n");
}

TEST(Merge, ConflictsAreNotGuessed) {
  Budget budget{1'000'000, 1'000'000};
  EXPECT_EQ(merge_lines("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n", budget), std::nullopt);
  EXPECT_EQ(merge_lines("a\nb\nc\n", "a\nX\nc\n", "a\nX\nc\n", budget), "a\nX\nc\n");
  EXPECT_EQ(merge_lines("a\nb\nc\nd\n", "z\na\nb\nc\nd\n", "a\nb\nc\nD\n", budget),
            "z\na\nb\nc\nD\n");
}

}  // namespace
}  // namespace ghost::patch
