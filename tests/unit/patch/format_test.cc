// Diffs as other tools write them, what mails keep, and how a format is recognised.
#include <gtest/gtest.h>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

const MemoryStore::Files kBase = {{"a.c", {"one\ntwo\nthree\n"}}, {"d/b.c", {"x\ny\n"}}};
constexpr const char* kHunk = "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n";

void expect_two(const Applied& r) {
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.files.at("a.c").contents, "one\nTWO\nthree\n");
}

TEST(Formats, Mercurial) {
  expect_two(apply_text(kBase, std::string("# HG changeset patch\n# User A <a@example.org>\n# Date "
                                           "1700000000 0\n# Node ID 0123\nA change\n\n"
                                           "diff -r 1234 -r 5678 a.c\n"
                                           "--- a/a.c\tThu Jan 01 00:00:00 2026 +0000\n"
                                           "+++ b/a.c\tThu Jan 01 00:00:01 2026 +0000\n") +
                                   kHunk));
  expect_two(apply_text(kBase, std::string("# HG changeset patch\ndiff --git a/a.c b/a.c\n"
                                           "--- a/a.c\n+++ b/a.c\n") +
                                   kHunk));
}

TEST(Formats, Subversion) {
  const std::string text = std::string("Index: a.c\n") + std::string(67, '=') +
                           "\n--- a.c\t(revision 3)\n+++ a.c\t(working copy)\n" + kHunk +
                           "\nProperty changes on: a.c\n" + std::string(67, '_') +
                           "\nModified: svn:eol-style\n## -1 +1 ##\n-native\n+LF\n";
  wire::PatchBody body;
  body.data = text;
  body.strip = 0;
  expect_two(apply_body(kBase, body));
  wire::ApplyOptions recount;
  recount.mode = wire::ApplyMode::kRecount;
  expect_two(apply_body(kBase, body, recount));
}

TEST(Formats, GnuDiffWithTimeStamps) {
  expect_two(apply_text(kBase, std::string("diff -ru old/a.c new/a.c\n"
                                           "--- old/a.c\t2026-01-01 10:00:00.000000000 +0100\n"
                                           "+++ new/a.c\t2026-01-02 10:00:00.000000000 +0100\n") +
                                   kHunk));
}

std::string mail(const std::string& header, const std::string& body) {
  return "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
         "From: A <a@example.org>\nDate: Tue, 3 Jun 2008 10:20:30 +0200\n" +
         header + "\n" + body + "---\n a.c | 2 +-\n\n--- a/a.c\n+++ b/a.c\n" + kHunk +
         "-- \n2.39\n\n";
}

TEST(Mails, ScissorsCutWhatStandsBefore) {
  const Applied r = apply_text(kBase, mail("Subject: Re: old\n",
                                           "Hello,\n\n-- >8 --\nFrom: B <b@example.org>\n"
                                           "Subject: new one\n\nThe body.\n"));
  expect_two(r);
  ASSERT_EQ(r.out.mails.size(), 1u);
  EXPECT_EQ(r.out.mails[0].message, "new one\n\nThe body.\n");
  EXPECT_EQ(r.out.mails[0].author_email, "b@example.org");
}

TEST(Mails, FoldedHeadersAndTheDateAreKept) {
  const Applied r = apply_text(kBase, mail("Subject: [PATCH 1/2] a long\n subject\n", "Body.\n"));
  expect_two(r);
  EXPECT_EQ(r.out.mails[0].message, "a long subject\n\nBody.\n");
  EXPECT_EQ(r.out.mails[0].date_unix, 1212481230);
  EXPECT_EQ(r.out.mails[0].tz_minutes, 120);
}

TEST(Mails, ACarriageReturnOfTheFileStays) {
  const MemoryStore::Files crlf = {{"a.c", {"one\r\ntwo\r\n"}}};
  const std::string text =
      "From: A <a@example.org>\nSubject: x\n\n---\n--- a/a.c\n+++ b/a.c\n"
      "@@ -1,2 +1,2 @@\n one\r\n-two\r\n+TWO\r\n";
  const Applied r = apply_text(crlf, text);
  ASSERT_TRUE(r.ok()) << r.message();
  EXPECT_EQ(r.out.format, wire::PatchFormat::kMbox);
  EXPECT_EQ(r.files.at("a.c").contents, "one\r\nTWO\r\n");
  // A mail that came with CRLF throughout is for a file without.
  std::string sent =
      "From: A <a@example.org>\nSubject: x\n\n---\n--- a/a.c\n+++ b/a.c\n" + std::string(kHunk);
  for (size_t at = 0; (at = sent.find('\n', at)) != sent.npos; at += 2) sent.insert(at, "\r");
  expect_two(apply_text(kBase, sent));
}

TEST(Recognised, AMailNeedsAnAuthor) {
  const std::string diff = std::string("--- a/a.c\n+++ b/a.c\n") + kHunk;
  const Applied described = apply_text(kBase, "Subject: only described\n\n" + diff);
  expect_two(described);
  EXPECT_EQ(described.out.format, wire::PatchFormat::kUnified);
  const Applied sent = apply_text(kBase, "From: A <a@example.org>\nSubject: x\n\n" + diff);
  expect_two(sent);
  EXPECT_EQ(sent.out.format, wire::PatchFormat::kMbox);
}

}  // namespace
}  // namespace ghost::patch
