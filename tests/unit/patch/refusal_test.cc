// One test for each row of what Ghost refuses: the fault names the file and the line.
#include <gtest/gtest.h>

#include <chrono>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

const MemoryStore::Files kBase = {
    {"f", {"a\nb\nc\n"}}, {"d/x", {"x\n"}}, {"link", {"d", kModeSymlink}}};

std::string new_file(const std::string& path, const std::string& mode = "100644",
                     const std::string& line = "hello", bool newline = true) {
  return "diff --git a/" + path + " b/" + path + "\nnew file mode " + mode +
         "\n--- /dev/null\n+++ b/" + path + "\n@@ -0,0 +1 @@\n+" + line + "\n" +
         (newline ? "" : "\\ No newline at end of file\n");
}

void expect_refused(const std::string& text, const std::string& fault, const std::string& path) {
  const Applied r = apply_text(kBase, text);
  EXPECT_EQ(r.out.outcome, Outcome::kRejected) << text << r.message();
  EXPECT_EQ(r.fault(), fault) << text << r.message();
  ASSERT_FALSE(r.out.report.errors.empty());
  EXPECT_EQ(r.out.report.errors[0].path, path) << r.message();
  EXPECT_EQ(r.files, kBase);
}

TEST(Refusal, Paths) {
  for (const std::string path :
       {"../x", "x/../y", "./x", "x/./y", "x\\y", ".git/config", "x/.GIT/hooks", "git~1/x",
        ".git./x", ".git /x", ".g\u200cit/x", ".git::$INDEX_ALLOCATION/x"}) {
    expect_refused(new_file(path), "bad_path@1", path);
  }
  expect_refused("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", "bad_path@1",
                 "etc/passwd");
  expect_refused("--- \"a/x\\001\"\n+++ \"b/x\\001\"\n@@ -1 +1 @@\n-a\n+b\n", "bad_path@1",
                 "x\001");
  // git ends a name at a NUL byte; here it is refused, wherever in the name it stands.
  using namespace std::string_literals;
  expect_refused("--- /dev/null\n+++ n\0w/z\n@@ -0,0 +1 @@\n+x\n"s, "bad_path@1", "z");
  expect_refused("--- a/x\n+++ b/x\t2024\0\n@@ -1 +1 @@\n-a\n+b\n"s, "bad_path@1", "x");
  expect_refused("--- \"a\\000/x\"\n+++ \"a\\000/x\"\n@@ -1 +1 @@\n-a\n+b\n", "bad_path@1", "x");
  expect_refused("diff --git a/x b/y\nrename from x\nrename to y\0z\n"s, "bad_path@1", "y\0z"s);
  expect_refused("--- \"a/x\\q\"\n+++ \"b/x\\q\"\n@@ -1 +1 @@\n-a\n+b\n", "bad_path@1", "x\\q\"");
}

TEST(Refusal, WritingThroughASymlink) {
  expect_refused(new_file("link/y"), "behind_symlink@1", "link/y");
  expect_refused(new_file("l2", "120000", "d", false) + new_file("l2/y"), "behind_symlink@8",
                 "l2/y");
}

TEST(Refusal, SymlinksThatLeadOut) {
  expect_refused(new_file("l", "120000", "/etc", false), "symlink_target@1", "l");
  expect_refused(new_file("e/l", "120000", "../../x", false), "symlink_target@1", "e/l");
  expect_refused(new_file("l", "120000", "link/../../x", false), "symlink_target@1", "l");
  EXPECT_TRUE(apply_text(kBase, new_file("e/l", "120000", "../d/x", false)).ok());
}

TEST(Refusal, SubmodulesUnlessAllowed) {
  const std::string link = new_file("sub", "160000", "Subproject commit " + std::string(40, 'a'));
  expect_refused(link, "gitlink@1", "sub");
  expect_refused(new_file(".gitmodules"), "gitmodules@1", ".gitmodules");
  Policy policy;
  policy.allow_gitlinks = true;
  EXPECT_TRUE(apply_text(kBase, link + new_file(".gitmodules"), {}, policy).ok());
}

TEST(Refusal, Modes) {
  expect_refused(new_file("y", "100666"), "bad_mode@1", "y");
  expect_refused("diff --git a/f b/f\nold mode 100644\nnew mode 104755\n", "bad_mode@1", "f");
}

TEST(Refusal, NamesThatFoldToOne) {
  expect_refused(new_file("F"), "case_collision@1", "F");
  expect_refused(new_file("D/y"), "case_collision@1", "D");
  expect_refused(new_file("y") + new_file("Y"), "case_collision@7", "Y");
}

TEST(Refusal, EdAndContextDiffs) {
  expect_refused("2c\nB\n.\n", "ed_diff@1", "");
  expect_refused("*** a/f\n--- b/f\n***************\n*** 1,2 ****\n", "context_diff@1", "");
}

TEST(Refusal, HunksThatContradictThemselves) {
  const std::string head = "--- a/f\n+++ b/f\n";
  expect_refused(head + "@@ -1,9 +1,3 @@\n a\n-b\n+B\n c\n", "corrupt_patch@8", "f");
  expect_refused(head + "@@ -1,2 +1,2 @@\n a\n-b\n+B\n c\n", "corrupt_patch@7", "f");
  expect_refused(head + "@@ -1,99999999999 +1,3 @@\n a\n-b\n+B\n c\n", "count_overflow@3", "f");
  expect_refused(head + "@@ -3 +3 @@\n-c\n+C\n@@ -1 +1 @@\n-a\n+A\n", "overlapping_hunks@6", "f");
  expect_refused(head + "@@ -1,2 +1,2 @@\n-a\n+A\n b\n@@ -2,2 +2,2 @@\n b\n-c\n+C\n",
                 "overlapping_hunks@7", "f");
  const std::string once = head + "@@ -1,2 +1,2 @@\n-a\n+A\n b\n";
  expect_refused(once + once, "path_twice@7", "f");
}

TEST(Refusal, BinaryPatchesThatLie) {
  const std::string head = "diff --git a/n b/n\nnew file mode 100644\nindex " +
                           std::string(40, '0') + ".." + std::string(40, '1') +
                           "\nGIT binary patch\n";
  expect_refused(head + "literal 99999999999\nzcmZ\n\n", "corrupt_binary@5", "n");
  expect_refused(head + "literal 999999999\nzcmZ\n\n", "too_large@5", "n");
  expect_refused(head + "literal 4\nKcmZQzU|?q&00031\n\n", "corrupt_binary@5", "n");
}

TEST(Refusal, MissingSourcesAndCollisions) {
  const Applied missing = apply_text(
      kBase, "diff --git a/no b/y\nsimilarity index 100%\nrename from no\nrename to y\n");
  EXPECT_EQ(missing.fault(), "missing_file@1");
  expect_refused(
      "diff --git a/f b/y\nsimilarity index 100%\ncopy from f\ncopy to y\n"
      "diff --git a/d/x b/y\nsimilarity index 100%\ncopy from d/x\ncopy to y\n",
      "path_twice@5", "y");
  const std::string gone =
      "diff --git a/d/x b/d/x\ndeleted file mode 100644\n--- a/d/x\n"
      "+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
  EXPECT_EQ(apply_text(kBase, gone + gone).fault(), "missing_file@7");
  // Two files that swap their names are no collision.
  EXPECT_TRUE(apply_text(kBase,
                         "diff --git a/f b/d/x\nrename from f\nrename to d/x\n"
                         "diff --git a/d/x b/f\nrename from d/x\nrename to f\n")
                  .ok());
}

TEST(Refusal, NoFinalNewlineAndOtherLineEndings) {
  expect_refused("--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c", "corrupt_patch@7", "f");
  const std::string crlf = "--- a/f\r\n+++ b/f\r\n@@ -1,3 +1,3 @@\r\n a\r\n-b\r\n+B\r\n c\r\n";
  EXPECT_EQ(apply_text(kBase, crlf).out.outcome, Outcome::kApplyFailed);
  wire::ApplyOptions recount;
  recount.mode = wire::ApplyMode::kRecount;
  EXPECT_TRUE(apply_text(kBase, "--- a/f\n+++ b/f\n@@ @@\n a\n-b\n+B\n c", recount).ok());
  recount.eol = wire::Eol::kNormalize;
  const Applied mended = apply_text(kBase, crlf, recount);
  ASSERT_TRUE(mended.ok()) << mended.message();
  EXPECT_EQ(mended.files.at("f").contents, "a\nB\nc\n");
}

TEST(Refusal, WhatIsTooLarge) {
  expect_refused(std::string((32u << 20) + 1, 'x'), "too_large@0", "");
  const std::string line(1u << 20, 'x');
  expect_refused("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+" + line + "\n", "too_large@5", "f");
  std::string many;
  for (int i = 0; i < 10'001; ++i) many += new_file("n" + std::to_string(i));
  EXPECT_EQ(apply_text(kBase, many).out.report.errors[0].code, "too_large");
}

// Near misses everywhere: each hunk's lines almost match at every line of the file.
TEST(Hostile, PlacementIsNotQuadratic) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "a\n";
  MemoryStore::Files base = {{"big", {text + "z\n"}}};
  std::string hunk = "--- a/big\n+++ b/big\n@@ -500000,200002 +500000,200001 @@\n";
  for (int i = 0; i < 100'000; ++i) hunk += " a\n";
  hunk += "-b\n";
  for (int i = 0; i < 100'001; ++i) hunk += " a\n";
  const auto begin = std::chrono::steady_clock::now();
  const Applied r = apply_text(base, hunk);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
  EXPECT_LT(took, std::chrono::seconds(30));  // quadratic would take hours
}

}  // namespace
}  // namespace ghost::patch
