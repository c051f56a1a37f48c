#include "patch/engine.h"

#include <gtest/gtest.h>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

using Files = MemoryStore::Files;

const Files kBase = {{"a.txt", {"one\ntwo\nthree\nfour\nfive\nsix\n"}},
                     {"dir/b.txt", {"alpha\nbeta\n"}},
                     {"run.sh", {"#!/bin/sh\n", kModeExecutable}},
                     {"link", {"dir", kModeSymlink}}};

TEST(Unified, ModifiesAndReportsTheHunk) {
  const auto r = apply_text(kBase,
                            "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n"
                            "@@ -2,3 +2,3 @@ one\n two\n-three\n+THREE\n four\n");
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.files.at("a.txt").contents, "one\ntwo\nTHREE\nfour\nfive\nsix\n");
  ASSERT_EQ(r.out.report.hunks.size(), 1u);
  EXPECT_EQ(r.out.report.hunks[0].expected_line, 2u);
  EXPECT_EQ(r.out.report.hunks[0].matched_line, 2u);
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kClean);
  ASSERT_EQ(r.out.changes.size(), 1u);
  EXPECT_EQ(r.out.changes[0].path, "a.txt");
  EXPECT_EQ(r.out.format, wire::PatchFormat::kUnified);
}

TEST(Unified, FindsAHunkAtAnOffset) {
  const auto r =
      apply_text(kBase, "--- a/a.txt\n+++ b/a.txt\n@@ -40,3 +40,3 @@\n four\n-five\n+FIVE\n six\n");
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.report.hunks[0].matched_line, 4u);
  EXPECT_EQ(r.out.report.hunks[0].offset, -36);
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kOffset);
}

TEST(Unified, CreatesDeletesRenamesCopiesAndChangesModes) {
  const auto r = apply_text(
      kBase,
      "diff --git a/new/c.txt b/new/c.txt\nnew file mode 100755\n--- /dev/null\n"
      "+++ b/new/c.txt\n@@ -0,0 +1 @@\n+c\n"
      "diff --git a/dir/b.txt b/dir/b.txt\ndeleted file mode 100644\n--- a/dir/b.txt\n"
      "+++ /dev/null\n@@ -1,2 +0,0 @@\n-alpha\n-beta\n"
      "diff --git a/a.txt b/z.txt\nsimilarity index 100%\nrename from a.txt\nrename to z.txt\n"
      "diff --git a/run.sh b/run2.sh\nsimilarity index 100%\ncopy from run.sh\ncopy to run2.sh\n"
      "diff --git a/run.sh b/run.sh\nold mode 100755\nnew mode 100644\n");
  ASSERT_TRUE(r.ok()) << r.message();
  const Files expected = {{"new/c.txt", {"c\n", kModeExecutable}},
                          {"z.txt", kBase.at("a.txt")},
                          {"run.sh", {"#!/bin/sh\n", kModeFile}},
                          {"run2.sh", {"#!/bin/sh\n", kModeExecutable}},
                          {"link", kBase.at("link")}};
  EXPECT_EQ(r.files, expected);
  std::vector<std::string> ops;
  for (const auto& file : r.out.report.files) ops.push_back(file.op);
  EXPECT_EQ(ops, (std::vector<std::string>{"add", "delete", "rename", "copy", "mode"}));
}

TEST(Unified, FailureLeavesTheBaseAndShowsWhatStandsThere) {
  const auto r = apply_text(kBase,
                            "--- a/dir/b.txt\n+++ b/dir/b.txt\n@@ -1,2 +1,2 @@\n alpha\n-beta\n+B\n"
                            "--- a/a.txt\n+++ b/a.txt\n@@ -2,3 +2,3 @@\n two\n-thre\n+x\n four\n");
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
  EXPECT_EQ(r.fault(), "hunk_failed@9");
  EXPECT_EQ(r.files, kBase);
  ASSERT_EQ(r.out.report.hunks.size(), 2u);
  EXPECT_NE(r.out.report.hunks[1].nearest->find(">    3 | three\n"), std::string::npos);
  EXPECT_NE(r.out.report.hunks[1].error->find("line 3 differs"), std::string::npos);
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kFailed);
}

TEST(Mbox, AppliesASeriesAndKeepsAuthorDateAndMessage) {
  const auto r = apply_text(
      kBase,
      "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
      "From: =?UTF-8?q?J=C3=BCrgen?= <j@example.org>\nDate: Tue, 3 Jun 2008 10:20:30 +0200\n"
      "Subject: [PATCH 1/2] first: one\n =?utf-8?b?w6Q=?=\n\nBody line  \n\n\nMore\n---\n a.txt | "
      "2 +-\n\n"
      "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n"
      " three\n-- \n2.39.5\n\n"
      "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
      "From: A <a@example.org>\nDate: Tue, 3 Jun 2008 10:20:31 +0200\n"
      "Subject: [PATCH 2/2] second\nContent-Transfer-Encoding: quoted-printable\n\n---\n"
      "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n-ONE\n+1=3D1\n two\n"
      " three\n-- \n2.39.5\n\n");
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.format, wire::PatchFormat::kMbox);
  ASSERT_EQ(r.out.mails.size(), 2u);
  EXPECT_EQ(r.out.mails[0].author_name, "J\u00fcrgen");
  EXPECT_EQ(r.out.mails[0].author_email, "j@example.org");
  EXPECT_EQ(r.out.mails[0].message, "first: one \u00e4\n\nBody line\n\nMore\n");
  EXPECT_EQ(r.out.mails[0].date_unix, 1212481230);
  EXPECT_EQ(r.out.mails[0].tz_minutes, 120);
  EXPECT_EQ(r.out.mails[1].tree, r.out.tree);
  EXPECT_EQ(r.files.at("a.txt").contents.substr(0, 8), "1=1\ntwo\n");
  EXPECT_EQ(r.out.changes.size(), 1u);
}

wire::Mutation mutation(wire::MutationOp op, std::string path) {
  wire::Mutation m;
  m.op = op;
  m.path = std::move(path);
  return m;
}

TEST(Mutations, EveryOperation) {
  wire::PatchBody body;
  body.root = "/repo";
  auto create = mutation(wire::MutationOp::kCreate, "/repo/new.txt");
  create.contents = "bmV3Cg==";
  create.encoding = wire::Encoding::kBase64;
  create.mode = "100755";
  auto insert = mutation(wire::MutationOp::kInsert, "a.txt");
  insert.anchor = wire::Anchor{"three", std::nullopt};
  insert.contents = "3.5\n";
  auto replace = mutation(wire::MutationOp::kReplace, "dir/b.txt");
  replace.regex = "^(\\w)(\\w+)$";
  replace.replacement = "$2-$1";
  replace.expect_matches = 2;
  auto chmod = mutation(wire::MutationOp::kChmod, "run.sh");
  chmod.mode = "100644";
  body.items = {create, insert, replace, chmod, mutation(wire::MutationOp::kDelete, "link")};
  const auto r = apply_body(kBase, body);
  ASSERT_TRUE(r.ok()) << r.message();
  const Files expected = {{"a.txt", {"one\ntwo\nthree\n3.5\nfour\nfive\nsix\n"}},
                          {"dir/b.txt", {"lpha-a\neta-b\n"}},
                          {"new.txt", {"new\n", kModeExecutable}},
                          {"run.sh", {"#!/bin/sh\n"}}};
  EXPECT_EQ(r.files, expected);
}

TEST(Mutations, ReplaceWithAnotherNumberOfMatchesFails) {
  wire::PatchBody body;
  auto replace = mutation(wire::MutationOp::kReplace, "a.txt");
  replace.regex = "t\\w+";
  replace.replacement = "x";
  body.items = {replace};
  const auto r = apply_body(kBase, body);
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
  EXPECT_EQ(r.fault(), "ambiguous@1");
}

TEST(SearchReplace, ReplacesTheOnlyPlace) {
  const auto r = apply_text(kBase,
                            "Here it is:\n\na.txt\n```\n<<<<<<< SEARCH\ntwo\nthree\n=======\n2\n"
                            ">>>>>>> REPLACE\n```\n\n`new/x`\n<<<<<<< SEARCH\n=======\nhi\n"
                            ">>>>>>> REPLACE\n");
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.format, wire::PatchFormat::kSearchReplace);
  EXPECT_EQ(r.files.at("a.txt").contents, "one\n2\nfour\nfive\nsix\n");
  EXPECT_EQ(r.files.at("new/x").contents, "hi\n");
}

TEST(SearchReplace, SeveralPlacesAreAmbiguous) {
  const auto r =
      apply_text({{"f", {"x\ny\nx\n"}}}, "f\n<<<<<<< SEARCH\nx\n=======\nz\n>>>>>>> REPLACE\n");
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kAmbiguous);
  EXPECT_EQ(r.fault(), "ambiguous@2");
}

TEST(Envelope, AddsDeletesMovesAndUpdates) {
  const auto r = apply_text(
      kBase,
      "*** Begin Patch\n*** Add File: n.txt\n+n\n*** Delete File: run.sh\n"
      "*** Update File: a.txt\n*** Move to: dir/a.txt\n@@ one\n two\n-three\n+3\n@@\n-six\n+6\n"
      "*** End of File\n*** End Patch\n");
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.format, wire::PatchFormat::kEnvelope);
  EXPECT_EQ(r.files.count("run.sh"), 0u);
  EXPECT_EQ(r.files.count("a.txt"), 0u);
  EXPECT_EQ(r.files.at("dir/a.txt").contents, "one\ntwo\n3\nfour\nfive\n6\n");
  EXPECT_EQ(r.files.at("n.txt").contents, "n\n");
}

TEST(None, IsTheBase) {
  wire::PatchBody body;
  body.format = wire::PatchFormat::kNone;
  const auto r = apply_body(kBase, body);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.files, kBase);
}

}  // namespace
}  // namespace ghost::patch
