// Mutations on a small fixed tree. An item is a line of blank-separated words: operation, flags,
// path, contents, anchor or regular expression, replacement; "\n" and "\s" in a word stand for a
// newline and a blank, "~" for a field that is absent. Whatever comes in, an applied patch must
// give a readable tree within the rules for paths, and a failed one the base.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "patch/engine.h"
#include "patch/memory_store.h"
#include "wire/request_check.h"

using namespace ghost;

namespace {

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == at) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::optional<std::string> field(const std::vector<std::string>& words, size_t index) {
  if (index >= words.size() || words[index] == "~") return std::nullopt;
  std::string out;
  for (size_t i = 0; i < words[index].size(); ++i) {
    const char c = words[index][i];
    const char next = i + 1 < words[index].size() ? words[index][i + 1] : '\0';
    if (c == '\\' && (next == 'n' || next == 's')) {
      out += next == 'n' ? '\n' : ' ';
      ++i;
    } else {
      out += c;
    }
  }
  return out;
}

wire::Mutation item_of(const std::vector<std::string>& words) {
  wire::Mutation m;
  m.op = static_cast<wire::MutationOp>(words[0].empty() ? 0 : (words[0][0] & 7) % 6);
  const unsigned flags = words.size() > 1 && !words[1].empty() ? words[1][0] : 0;
  m.path = field(words, 2).value_or("");
  if (flags & 1) m.encoding = wire::Encoding::kBase64;
  const bool insert = m.op == wire::MutationOp::kInsert,
             replace = m.op == wire::MutationOp::kReplace;
  if (replace) {
    m.regex = field(words, 4);
    m.replacement = field(words, 5).value_or("");
  } else if (m.op != wire::MutationOp::kDelete && m.op != wire::MutationOp::kChmod) {
    m.contents = field(words, 3).value_or("");
  }
  if (insert) {
    wire::Anchor& anchor = m.anchor.emplace();
    (flags & 4 ? anchor.before : anchor.after) = field(words, 4);
  } else if ((flags & 2) && !replace && m.op != wire::MutationOp::kDelete) {
    m.mode = flags & 4 ? "100755" : "100644";
  }
  m.expect_matches = flags >> 4;
  return m;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  patch::MemoryStore store;
  const patch::Oid base = store.make_tree({{"a.txt", {"one\ntwo\nthree\ntwo\n"}},
                                           {"dir/b.c", {"int a;\n", patch::kModeExecutable}},
                                           {"empty", {""}},
                                           {"no-newline", {"x\ny"}},
                                           {"link", {"dir", patch::kModeSymlink}}});
  wire::PatchBody body;
  body.format = wire::PatchFormat::kMutations;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const std::string& line : split(text, '\n')) body.items.push_back(item_of(split(line, ' ')));
  if (data[0] & 4) body.root = "/srv/app";
  wire::PatchRequest request;
  request.base.repo = "r";
  request.patch = body;
  if (!wire::check_request(request)) return 0;
  patch::ApplyInput input;
  input.base_tree = base;
  input.patch = &body;
  input.options.mode = static_cast<wire::ApplyMode>(data[0] % 4);
  auto result = patch::apply(store, input);
  GHOST_CHECK(result.ok());
  const bool applied = result->outcome == patch::Outcome::kApplied;
  GHOST_CHECK(applied == result->report.errors.empty());
  GHOST_CHECK(applied || result->tree == base);
  for (const auto& [path, file] : store.list_tree(result->tree)) {
    GHOST_CHECK(!path.empty() && path[0] != '/' && !path.starts_with("../") &&
                !path.starts_with(".git/") && !path.starts_with("link/"));
    GHOST_CHECK(file.mode == patch::kModeFile || file.mode == patch::kModeExecutable ||
                path == "link");
  }
  return 0;
}
