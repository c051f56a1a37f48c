// Mails of results: what git am and git mailinfo take.
#include "relay/mbox.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace ghost::relay {
namespace {

constexpr const char* kDiff =
    "diff --git a/a b/a\nindex 1..2 100644\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n";

Mail mail(const std::string& message) {
  return {std::string(40, 'a'), "Ann", "ann@example.org", 0, message, kDiff};
}

std::string header(const std::string& text, const std::string& name) {
  const size_t at = text.find("\n" + name + ": ");
  if (at == text.npos) return "";
  const size_t begin = at + name.size() + 3;
  size_t end = text.find('\n', begin);
  while (text[end + 1] == ' ') end = text.find('\n', end + 1);
  return text.substr(begin, end - begin);
}

std::string body(const std::string& text) {
  return text.substr(text.find("\n\n") + 2);
}

TEST(Mbox, APlainMail) {
  const std::string text = make_mail(mail("fix it\n\nBecause.\n"));
  EXPECT_TRUE(text.starts_with("From " + std::string(40, 'a') + " Mon Sep 17 00:00:00 2001\n"));
  EXPECT_EQ(header(text, "From"), "Ann <ann@example.org>");
  EXPECT_EQ(header(text, "Date"), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(header(text, "Subject"), "[PATCH] fix it");
  EXPECT_EQ(header(text, "Content-Transfer-Encoding"), "8bit");
  EXPECT_TRUE(body(text).starts_with("Because.\n---\n\n" + std::string(kDiff)));
}

TEST(Mbox, NamesAndSubjectsBeyondAscii) {
  Mail m = mail(
      "\xc3\xa4ndere alles, und zwar sehr gr\xc3\xbcndlich und ohne jede R\xc3\xbc"
      "cksicht auf Verluste\n");
  m.author_name = "J\xc3\xb6rg, \"der\" X";
  const std::string text = make_mail(m);
  const std::string head = text.substr(0, text.find("\n\n"));
  for (const char c : head) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  EXPECT_TRUE(header(text, "From").starts_with("=?UTF-8?B?"));
  for (size_t at = head.find("=?"); at != head.npos; at = head.find("=?", at + 1)) {
    EXPECT_LE(head.find("?=", at) + 2 - at, 75u) << "RFC 2047, 2";
  }
  m.author_name = "Doe, \"J\"";
  EXPECT_EQ(header(make_mail(m), "From"), "\"Doe, \\\"J\\\"\" <ann@example.org>");
}

TEST(Mbox, NothingInTheMessageEndsIt) {
  for (const char* line : {"---", "--- ", "---\t", "---   ", "--- a/evil", "diff -u a b",
                           "diff --git a/x b/x", "Index: x", "From nobody Mon"}) {
    const std::string text = make_mail(mail(std::string("s\n\nb\n") + line + "\nrest\n"));
    const std::string found = body(text);
    EXPECT_TRUE(found.starts_with("b\n " + std::string(line))) << line << "\n" << found;
  }
}

TEST(Mbox, NothingInTheMessageBecomesAHeader) {
  for (const char* line :
       {"From: Evil <evil@example.org>", "from: x", "Subject: other", "Date: never"}) {
    const std::string text = make_mail(mail(std::string("s\n\n") + line + "\nrest\n"));
    EXPECT_TRUE(body(text).starts_with(" " + std::string(line) + "\n")) << line;
  }
  const std::string text = make_mail(mail("s\n\nFirst.\nFrom: here on it is a quote\n"));
  EXPECT_NE(text.find("\nFrom: here on it is a quote\n"), text.npos) << "only at the top";
}

TEST(Mbox, WhatIsNoTextTravelsAsBase64) {
  Mail m = mail("s\n");
  m.diff = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\r\n";
  std::string text = make_mail(m);
  EXPECT_EQ(header(text, "Content-Transfer-Encoding"), "base64");
  std::string bytes = body(text);
  std::erase(bytes, '\n');
  const auto decoded = base64_decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_NE(decoded->find("+y\r\n"), std::string::npos);
  m.diff = "+\xff\xfe\n";
  EXPECT_EQ(header(make_mail(m), "Content-Transfer-Encoding"), "base64");
  m.diff = "+" + std::string(2000, 'a') + "\n";
  EXPECT_EQ(header(make_mail(m), "Content-Transfer-Encoding"), "base64");
}

TEST(Mbox, NoMessageNoDiffNoCommit) {
  const std::string text = make_mail({});
  EXPECT_TRUE(text.starts_with("From " + std::string(40, '0')));
  EXPECT_NE(text.find("\n---\n"), text.npos);
}

}  // namespace
}  // namespace ghost::relay
