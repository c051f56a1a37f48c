// Every patch parser and the placing and applying behind it: the first byte chooses the format, the
// second the mode; the rest is the patch for a small fixed tree. Whatever comes in, an applied
// patch must give a readable tree and a failed one the base.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "patch/engine.h"
#include "patch/memory_store.h"

using namespace ghost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  patch::MemoryStore store;
  const patch::Oid base = store.make_tree(
      {{"a.txt", {"one\ntwo\nthree\nfour\nfive\nsix\nseven\n"}},
       {"dir/b.c",
        {"int a() {\n  return 1;\n}\n\nint b() {\n  return 1;\n}\n", patch::kModeExecutable}},
       {"empty", {""}},
       {"no-newline", {"x\ny"}},
       {"link", {"dir", patch::kModeSymlink}}});
  wire::PatchBody body;
  body.data = std::string(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 5) {
    case 0:
      body.format = wire::PatchFormat::kUnified;
      break;
    case 1:
      body.format = wire::PatchFormat::kMbox;
      break;
    case 2:
      body.format = wire::PatchFormat::kSearchReplace;
      break;
    case 3:
      body.format = wire::PatchFormat::kEnvelope;
      break;
    default:
      break;  // recognised
  }
  patch::ApplyInput input;
  input.base_tree = base;
  input.patch = &body;
  input.options.mode = static_cast<wire::ApplyMode>(data[1] % 4);
  if (data[1] & 4) input.options.eol = wire::Eol::kNormalize;
  if (data[1] & 8) input.options.whitespace = wire::Whitespace::kIgnoreChange;
  input.policy.allow_gitlinks = (data[1] & 16) != 0;
  auto result = patch::apply(store, input);
  GHOST_CHECK(result.ok());
  const bool applied = result->outcome == patch::Outcome::kApplied;
  GHOST_CHECK(applied == result->report.errors.empty());
  GHOST_CHECK(applied || result->tree == base);
  for (const auto& [path, file] : store.list_tree(result->tree)) {
    GHOST_CHECK(!path.empty() && !path.starts_with("../") && !path.starts_with(".git/"));
  }
  return 0;
}
