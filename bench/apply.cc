// Applies one patch over and over to a tree of a git repository, as a runner does: objects are
// read from the repository, new ones stay in memory.
//   ghost-bench-apply GIT_DIR TREE PATCH REQUEST TIMES
// REQUEST is a mode (strict, recount, fuzzy, threeway), or "mutations" when PATCH is a list of them
// (mode fuzzy). One line of JSON: the outcome, the median and the quickest microseconds of an
// apply, and the processor time of all.
#include <ctime>

#include "base/fs.h"
#include "bench/measure.h"
#include "patch/engine.h"
#include "runner_worker/git_repo.h"
#include "wire/codec.h"

namespace ghost::bench {
namespace {

// Five lines a mutation: "replace" or "insert", path, regular expression or anchor, replacement or
// contents, expected matches.
wire::Mutation next_mutation(std::string_view text, size_t& at) {
  std::string lines[5];
  for (std::string& line : lines) {
    const size_t end = std::min(text.find('\n', at), text.size());
    line = text.substr(at, end - at);
    at = end + 1;
  }
  wire::Mutation m;
  m.path = lines[1];
  if (lines[0] == "replace") {
    m.op = wire::MutationOp::kReplace;
    m.regex = lines[2];
    m.replacement = lines[3];
  } else {
    m.op = wire::MutationOp::kInsert;
    m.anchor.emplace().after = lines[2];
    m.contents = lines[3];
  }
  m.expect_matches = std::stoul(lines[4]);
  return m;
}

wire::PatchBody patch_of(const std::string& path, bool mutations) {
  auto text = read_file(path);
  if (!text) fail(text.error().message);
  wire::PatchBody body;
  if (!mutations) {
    body.data = std::move(*text);
    return body;
  }
  for (size_t at = 0; at < text->size();) body.items.push_back(next_mutation(*text, at));
  return body;
}

// Of this program alone: getrusage counts what its parent had before the exec too.
long peak_kib() {
  const std::string status = *read_file("/proc/self/status");
  const size_t at = status.find("VmHWM:");
  return at == status.npos ? 0 : std::atol(status.c_str() + at + 6);
}

int run(char** argv) {
  auto repo = runner::GitRepo::open(argv[1]);
  if (!repo) fail(repo.error().message);
  const std::string request = argv[4];
  const bool mutations = request == "mutations";
  const wire::PatchBody body = patch_of(argv[3], mutations);
  patch::ApplyInput input;
  input.base_tree = *patch::Oid::parse(argv[2]);
  input.patch = &body;
  input.options.mode = wire::parse_apply_mode(mutations ? "fuzzy" : request).value();
  std::vector<int64_t> took_us;
  const std::clock_t cpu = std::clock();
  std::string outcome, code, tree;
  for (int64_t n = std::atoll(argv[5]); n > 0; --n) {
    (*repo)->forget_new();
    const int64_t begin = now_us();
    auto result = patch::apply(**repo, input);
    took_us.push_back(now_us() - begin);
    if (!result) fail(result.error().code + ": " + result.error().message);
    static const char* kOutcomes[] = {"applied", "apply_failed", "rejected"};
    outcome = kOutcomes[static_cast<int>(result->outcome)];
    code = result->report.errors.empty() ? "" : result->report.errors.front().code;
    tree = result->tree.hex();
  }
  const long cpu_us = (std::clock() - cpu) / (CLOCKS_PER_SEC / 1'000'000);
  std::sort(took_us.begin(), took_us.end());
  std::printf(
      "{\"outcome\": \"%s\", \"code\": \"%s\", \"tree\": \"%s\", \"times\": %zu, \"median_us\": "
      "%ld, \"least_us\": %ld, \"cpu_us\": %ld, \"peak_kib\": %ld}\n",
      outcome.c_str(), code.c_str(), tree.c_str(), took_us.size(), took_us[took_us.size() / 2],
      took_us.front(), cpu_us, peak_kib());
  return 0;
}

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  if (argc != 6) ghost::bench::fail("usage: ghost-bench-apply GIT_DIR TREE PATCH REQUEST TIMES");
  return ghost::bench::run(argv);
}
