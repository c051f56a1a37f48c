// What the command line writes for people: broken lines, and the report of a verdict.
#include "cli/report.h"

#include <gtest/gtest.h>

#include "cli/text.h"

namespace ghost::cli {
namespace {

TEST(WrapTest, BreaksAtBlanksBehindTheIndent) {
  EXPECT_EQ(wrap("one two three", 2, 0), "one two three");
  EXPECT_EQ(wrap("one two three", 2, 15), "one two three");
  EXPECT_EQ(wrap("one two three", 2, 9), "one two\n  three");
  EXPECT_EQ(wrap("one  two   three", 2, 7), "one\n  two\n  three");
  EXPECT_EQ(wrap("a_word_that_is_too_long x", 2, 9), "a_word_that_is_too_long\n  x");
  EXPECT_EQ(wrap("\x1b[32mpass\x1b[0m now", 0, 8), "\x1b[32mpass\x1b[0m now");
  EXPECT_EQ(wrap("", 2, 4), "");
}

http::Json job_with_a_failed_hunk() {
  return *http::parse_json(R"({"id": "j", "state": "FAILED", "outcome": "apply_failed",
    "reason": "the patch does not apply: f: hunk 1 does not apply at line 1: line 2 differs",
    "apply": {"status": "failed", "files": [],
      "hunks": [{"file": "f", "index": 1, "expectedLine": 1, "status": "failed", "error": "line 2 differs"}],
      "errors": [{"code": "hunk_failed", "path": "f", "line": 5,
                  "message": "f: hunk 1 does not apply at line 1: line 2 differs"},
                 {"code": "bad_mode", "path": "g", "line": 9, "message": "g: mode 100600 is not taken"}]}})");
}

TEST(ReportTest, SaysOnceWhyAHunkDidNotFit) {
  const std::string text = report(job_with_a_failed_hunk(), {});
  EXPECT_NE(text.find("f:1: hunk 1 failed: line 2 differs\n"), text.npos) << text;
  EXPECT_EQ(text.find("hunk_failed"), text.npos) << text;
  EXPECT_NE(text.find("patch line 9: error: g: mode 100600 is not taken [bad_mode]"), text.npos)
      << text;
}

TEST(ReportTest, FitsTheTerminal) {
  ReportOptions options;
  options.wrap_width = 80;
  http::Json job = job_with_a_failed_hunk();
  job.get_object()["gates"] = *http::parse_json(R"([{"name":
    "for i in 1 2 3 4 5 6 7 8 9; do make test_number_$i || exit 1; done; echo all of them passed",
    "phase": "validate", "status": "fail", "exitCode": 1, "wallMs": 65000, "cpuMs": 61000,
    "maxRssBytes": 900000000}])");
  const std::string text = report(job, options);
  for (const std::string_view line : lines_of(text)) {
    EXPECT_LE(display_width(line), 80u) << line;
  }
}

TEST(ReportTest, WhatStandsInAFileIsNotBroken) {
  ReportOptions options;
  options.wrap_width = 40;
  http::Json job = job_with_a_failed_hunk();
  job.get_object()["apply"].get_object()["hunks"].get_array()[0].get_object()["nearest"] =
      "  2 | a line    with blanks that is longer than the terminal";
  EXPECT_NE(
      report(job, options).find("|   2 | a line    with blanks that is longer than the terminal\n"),
      std::string::npos);
}

TEST(ReportTest, AJobWithoutAPatchHasNone) {
  const auto job = http::parse_json(R"({"id": "j", "state": "SUCCEEDED",
    "apply": {"status": "clean", "files": [], "hunks": [], "errors": []}})");
  EXPECT_NE(report(*job, {}).find("patch     none"), std::string::npos);
}

}  // namespace
}  // namespace ghost::cli
