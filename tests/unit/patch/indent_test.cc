// Patches whose tabs became blanks: what brings the file's own indentation back, and what does not.
#include "patch/indent.h"

#include <gtest/gtest.h>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

const std::string kText =
    "int f(int a) {\n\tif (a) {\n\t\tone(a);\n\t\ttwo(a, 1);\n\t}\n\treturn 0;\n}\n";
const MemoryStore::Files kBase = {{"f", {kText}}};

std::string with(const std::string& from, const std::string& to) {
  std::string out = kText;
  return out.replace(out.find(from), from.size(), to);
}

std::string blanks_for_tabs(const std::string& text, size_t width) {
  std::string out;
  for (const char c : text) out += c == '\t' ? std::string(width, ' ') : std::string(1, c);
  return out;
}

Applied run(const std::string& text) {
  wire::ApplyOptions options;
  options.mode = wire::ApplyMode::kFuzzy;
  return apply_text(kBase, text, options);
}

const std::string kHead = "--- a/f\n+++ b/f\n";
const std::string kEdit =
    "@@ -1,7 +1,7 @@\n int f(int a) {\n \tif (a) {\n \t\tone(a);\n-\t\ttwo(a, 1);\n"
    "+\t\ttwo(a, 2);\n \t}\n \treturn 0;\n }\n";
const std::string kInsert =
    "@@ -1,7 +1,8 @@\n int f(int a) {\n \tif (a) {\n \t\tone(a);\n+\t\tnew_call();\n"
    " \t\ttwo(a, 1);\n \t}\n \treturn 0;\n }\n";

TEST(Indent, AnEditedLineKeepsItsIndentation) {
  for (const size_t width : {2, 4, 8}) {
    const Applied r = run(kHead + blanks_for_tabs(kEdit, width));
    ASSERT_TRUE(r.ok()) << width << r.message();
    EXPECT_EQ(r.files.at("f").contents, with("two(a, 1)", "two(a, 2)"));
  }
}

// One line that was damaged by itself tells nothing of the one beside it.
TEST(Indent, AnotherLinesDamageIsNotCarriedOver) {
  const MemoryStore::Files base = {{"f", {"{\n      old(a, b, c);\n      rest();\n}\n"}}};
  wire::ApplyOptions options;
  options.mode = wire::ApplyMode::kFuzzy;
  const Applied r = apply_text(base,
                               kHead +
                                   "@@ -1,4 +1,4 @@\n {\n-\t  old(a, b, c);\n"
                                   "+\t  old(a, b);\n       rest();\n }\n",
                               options);
  EXPECT_EQ(r.out.outcome, Outcome::kApplyFailed);
}

// It may have had blanks before the tabs were lost: who knows.
TEST(Indent, ANewLineIsNotGuessed) {
  const Applied r = run(kHead + blanks_for_tabs(kInsert, 8));
  EXPECT_EQ(r.out.report.status, wire::ApplyStatus::kAmbiguous);
  EXPECT_EQ(r.files, kBase);
}

TEST(Indent, TheIndexLineProvesEitherWay) {
  const std::string old_id = object_id("blob", kText).hex();
  for (const std::string indent : {"\t\t", "                "}) {
    const std::string after = with("\t\ttwo", indent + "new_call();\n\t\ttwo");
    const std::string head = "diff --git a/f b/f\nindex " + old_id.substr(0, 12) + ".." +
                             object_id("blob", after).hex().substr(0, 12) + " 100644\n" + kHead;
    const Applied r = run(head + blanks_for_tabs(kInsert, 8));
    ASSERT_TRUE(r.ok()) << r.message();
    EXPECT_EQ(r.files.at("f").contents, after);
  }
  const std::string other =
      "diff --git a/f b/f\nindex " + old_id.substr(0, 12) + "..1234567890ab 100644\n" + kHead;
  EXPECT_FALSE(run(other + blanks_for_tabs(kInsert, 8)).ok());
}

TEST(Indent, TellsAnEditFromAnotherLine) {
  EXPECT_TRUE(is_edit_of("  two(a, 1);\n", "  two(a, 2);\n"));
  EXPECT_FALSE(is_edit_of("  two(a, 1);\n", " two(a, 2);\n"));    // indented otherwise
  EXPECT_FALSE(is_edit_of("  two(a, 1);\n", "  two(a, 1); \n"));  // only white space differs
  EXPECT_FALSE(is_edit_of("  two(a, 1);\n", "  return x;\n"));
  EXPECT_FALSE(is_edit_of("  }\n", "  {\n"));
}

}  // namespace
}  // namespace ghost::patch
