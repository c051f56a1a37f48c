// Every limit on what a patch may hold or cost: one over it is refused, with the file and the line
// where one can be named, and what is just within it is taken.
#include <gtest/gtest.h>

#include "patch_fixture.h"

namespace ghost::patch {
namespace {

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

const MemoryStore::Files kBase = {{"f", {"a\nb\nc\n"}}, {"long", {repeat("x\n", 1000)}}};

struct Judged {
  Outcome outcome;
  std::string fault;  // "code path@line"
};

Judged judge(const std::string& text, const Limits& limits,
             wire::ApplyMode mode = wire::ApplyMode::kStrict) {
  MemoryStore store;
  wire::PatchBody body;
  body.data = text;
  if (text.starts_with("From: ")) body.format = wire::PatchFormat::kMbox;
  ApplyInput input;
  input.base_tree = store.make_tree(kBase);
  input.patch = &body;
  input.options.mode = mode;
  input.limits = limits;
  const ApplyOutput out = *apply(store, input);
  if (out.outcome == Outcome::kApplied) return {out.outcome, ""};
  EXPECT_EQ(out.tree, input.base_tree);
  const auto& error = out.report.errors.front();
  return {out.outcome, error.code + " " + error.path + "@" + std::to_string(error.line)};
}

std::string new_file(const std::string& path, const std::string& line = "x") {
  return "diff --git a/" + path + " b/" + path + "\nnew file mode 100644\n--- /dev/null\n+++ b/" +
         path + "\n@@ -0,0 +1 @@\n+" + line + "\n";
}
std::string hunk(int line) {
  const std::string n = std::to_string(line);
  return "@@ -" + n + ",3 +" + n + ",3 @@\n x\n-x\n+y\n x\n";
}
const std::string kLong = "--- a/long\n+++ b/long\n";

void expect_limit(const std::string& within, const std::string& over, const Limits& limits,
                  const std::string& fault, wire::ApplyMode mode = wire::ApplyMode::kStrict) {
  EXPECT_EQ(judge(within, limits, mode).fault, "") << fault;
  const Judged refused = judge(over, limits, mode);
  EXPECT_EQ(refused.fault, fault);
  EXPECT_EQ(refused.outcome, Outcome::kRejected) << fault;
}

TEST(Limits, FilesHunksAndBytes) {
  Limits limits;
  limits.files_max = 2;
  expect_limit(new_file("p") + new_file("q"), new_file("p") + new_file("q") + new_file("r"), limits,
               "too_large r@13");
  limits = {};
  limits.hunks_max = 2;
  expect_limit(kLong + hunk(10) + hunk(20), kLong + hunk(10) + hunk(20) + hunk(30), limits,
               "too_large long@13");
  limits = {};
  limits.patch_bytes_max = new_file("p").size();
  expect_limit(new_file("p"), new_file("p", "xy"), limits, "too_large @0");
  limits = {};
  limits.line_bytes_max = 10;
  for (const auto mode : {wire::ApplyMode::kStrict, wire::ApplyMode::kFuzzy}) {
    expect_limit(new_file("p", "12345678"), new_file("p", "123456789"), limits, "too_large p@6",
                 mode);
  }
}

TEST(Limits, SizesOfFiles) {
  Limits limits;
  limits.file_bytes_max = 8;
  const std::string change = "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n a\n b\n+";
  expect_limit(change + "d\n c\n", change + "dd\n c\n", limits, "too_large f@1");
  EXPECT_EQ(judge(kLong + hunk(10), limits).fault, "too_large long@1");
  limits = {};
  limits.file_lines_max = 999;
  EXPECT_EQ(judge(kLong + hunk(10), limits).fault, "too_large long@1");
  limits.file_lines_max = 1000;
  EXPECT_EQ(judge(kLong + hunk(10), limits).fault, "");
  limits = {};
  limits.touched_bytes_max = 4500;  // each file is read and written
  EXPECT_EQ(judge(kLong + hunk(10), limits).fault, "");
  EXPECT_EQ(judge(kLong + hunk(10) + "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+" +
                      repeat("b", 600) + "\n c\n",
                  limits)
                .fault.substr(0, 9),
            "too_large");
}

TEST(Limits, ComponentsOfAllPaths) {
  Limits limits;
  limits.path_parts_max = 6;
  expect_limit(new_file("a/b/c") + new_file("d/e/f"), new_file("a/b/c") + new_file("d/e/f/g"),
               limits, "too_large d/e/f/g@7");
  // The default holds too: four thousand paths a hundred deep.
  std::string deep;
  for (int i = 0; i < 4000; ++i) deep += new_file(std::to_string(i) + repeat("/d", 99));
  EXPECT_EQ(judge(deep, {}).fault.substr(0, 9), "too_large");
}

TEST(Limits, LinesOfATolerantHunk) {
  Limits limits;
  limits.tolerant_lines_max = 6;
  const std::string small = kLong + hunk(10);
  const std::string large = kLong + "@@ -10,4 +10,3 @@\n x\n x\n-x\n x\n";
  EXPECT_EQ(judge(small, limits, wire::ApplyMode::kFuzzy).fault, "");
  EXPECT_EQ(judge(large, limits, wire::ApplyMode::kFuzzy).fault, "too_large long@3");
  EXPECT_EQ(judge(large, limits).fault, "");
}

TEST(Limits, PlacingAllHunks) {
  Limits limits;
  limits.search_steps_max = 100;
  // It would have to look through the whole file.
  const Judged r = judge(kLong + "@@ -400,3 +400,3 @@\n x\n-z\n+y\n x\n", limits);
  EXPECT_EQ(r.outcome, Outcome::kApplyFailed);
  EXPECT_EQ(judge(kLong + hunk(400), limits).fault, "");
}

TEST(Limits, Envelopes) {
  Limits limits;
  limits.hunks_max = 2;
  const std::string head = "*** Begin Patch\n*** Update File: f\n", end = "*** End Patch\n";
  const std::string one = "@@\n-a\n+A\n", two = "@@\n-b\n+B\n", three = "@@\n-c\n+C\n";
  expect_limit(head + one + two + end, head + one + two + three + end, limits, "too_large f@9");
  limits = {};
  limits.tolerant_lines_max = 2;
  expect_limit(head + "@@\n-a\n+A\n" + end, head + "@@\n-a\n-b\n-c\n" + end, limits,
               "too_large f@6");
  limits = {};
  limits.files_max = 1;
  expect_limit("*** Begin Patch\n*** Add File: p\n+x\n*** End Patch\n",
               "*** Begin Patch\n*** Add File: p\n+x\n*** Add File: q\n+x\n*** End Patch\n", limits,
               "too_large q@4");
}

TEST(Limits, SearchBlocks) {
  const auto block = [](const std::string& old, const std::string& now) {
    return "f\n<<<<<<< SEARCH\n" + old + "\n=======\n" + now + "\n>>>>>>> REPLACE\n";
  };
  Limits limits;
  limits.hunks_max = 2;
  expect_limit(block("a", "A") + block("b", "B"),
               block("a", "A") + block("b", "B") + block("c", "C"), limits, "too_large f@14");
}

TEST(Limits, Mutations) {
  MemoryStore store;
  wire::PatchBody body;
  for (const char* path : {"p", "q", "r"}) {
    wire::Mutation& m = body.items.emplace_back();
    m.op = wire::MutationOp::kUpsert;
    m.path = path;
    m.contents = "x";
  }
  ApplyInput input;
  input.base_tree = store.make_tree(kBase);
  input.patch = &body;
  input.limits.files_max = 3;
  EXPECT_EQ(apply(store, input)->outcome, Outcome::kApplied);
  input.limits.files_max = 2;
  const ApplyOutput out = *apply(store, input);
  EXPECT_EQ(out.outcome, Outcome::kRejected);
  EXPECT_EQ(out.report.errors.front().code, "too_large");
  input.limits = {};
  body.items.front().contents = std::string(input.limits.file_bytes_max + 1, 'x');
  EXPECT_EQ(apply(store, input)->report.errors.front().code, "too_large");
}

TEST(Limits, HeadersAndPartsOfMails) {
  const std::string head = "From: A <a@example.org>\nSubject: x\n";
  const std::string diff = "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n";
  const auto folded = [&](size_t bytes) {
    std::string out = head + "X-Long: x\n";
    for (size_t n = 0; n < bytes; n += 1000) out += " " + std::string(998, 'y') + "\n";
    return out + "\ntext\n\n" + diff;
  };
  expect_limit(folded(1'000'000), folded(1'100'000), {}, "bad_mail @1053");
  const auto nested = [&](int depth) {
    std::string out = head;
    for (int i = 0; i < depth; ++i) {
      const std::string name = "b" + std::to_string(i);
      out += "Content-Type: multipart/mixed; boundary=" + name + "\n\n\n--" + name + "\n";
    }
    return out + "Content-Type: text/plain\n\ntext\n\n" + diff;
  };
  expect_limit(nested(5), nested(6), {}, "bad_mail @23");
  const auto latin = [&](size_t lines) {
    return head + "Content-Type: text/plain; charset=ISO-8859-1\n\n" + repeat("\xe9\n", lines) +
           "\n" + diff;
  };
  expect_limit(latin(400'000), latin(600'000), {}, "bad_mail @500005");
}

}  // namespace
}  // namespace ghost::patch
