// Placing and applying against the git program: what strict mode takes, `git apply --cached` and
// `git write-tree` must take to the same tree; what does not fit, git must not take either. The
// input is a diff for a small fixed tree. Refused input is git's to judge only where Ghost has no
// rule of its own. Needs git; works in a scratch folder, which it removes.
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/check.h"
#include "patch/engine.h"
#include "patch/memory_store.h"

using namespace ghost;

namespace {

patch::MemoryStore::Files base_files() {
  std::string numbers, bytes;
  for (int i = 1; i <= 40; ++i) numbers += "line " + std::to_string(i % 10 ? i : 0) + "\n";
  for (int i = 0; i < 600; ++i) bytes += static_cast<char>(i * i / 7);
  return {{"a.txt", {numbers}},
          {"dir/b.c",
           {"int a() {\n  return 1;\n}\n\nint b() {\n  return 1;\n}\n", patch::kModeExecutable}},
          {"bin", {bytes}},
          {"crlf", {"one\r\ntwo\r\nthree\r\n"}},
          {"empty", {""}},
          {"no-newline", {"x\ny"}},
          {"with blank", {"p\nq\nr\n"}},
          {"link", {"dir", patch::kModeSymlink}}};
}

// A repository whose index holds the base.
class GitRepo {
 public:
  GitRepo() {
    std::string name = (std::filesystem::temp_directory_path() / "ghost-fuzz-XXXXXX").string();
    GHOST_CHECK(mkdtemp(name.data()) != nullptr);
    dir_ = name;
    for (const auto& [path, file] : base_files()) {
      const std::filesystem::path at = dir_ / path;
      std::filesystem::create_directories(at.parent_path());
      if (file.mode == patch::kModeSymlink) {
        std::filesystem::create_symlink(file.contents, at);
        continue;
      }
      std::ofstream(at, std::ios::binary) << file.contents;
      chmod(at.c_str(), file.mode == patch::kModeExecutable ? 0755 : 0644);
    }
    tree_ = run("git init -q . && git add -A && cp .git/index base && git write-tree");
    GHOST_CHECK(tree_.size() == 40);
  }
  ~GitRepo() { std::filesystem::remove_all(dir_); }

  const std::string& tree() const { return tree_; }
  // The tree's id; empty when git does not take the patch.
  std::string apply(std::string_view text) const {
    std::ofstream(dir_ / "patch", std::ios::binary) << text;
    return run(
        "cp base .git/index && rm -f .git/index.lock && git apply --cached patch && git "
        "write-tree");
  }

 private:
  std::string run(const std::string& command) const {
    const std::string all = "cd '" + dir_.string() +
                            "' && export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 && (" +
                            command + ") 2>/dev/null";
    FILE* out = popen(all.c_str(), "r");
    GHOST_CHECK(out != nullptr);
    char line[64] = {};
    const bool some = fgets(line, sizeof line, out) != nullptr;
    const bool good = pclose(out) == 0 && some;
    return good ? std::string(line, 40) : "";
  }

  std::filesystem::path dir_;
  std::string tree_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const GitRepo repo;
  patch::MemoryStore store;
  patch::ApplyInput input;
  input.base_tree = store.make_tree(base_files());
  GHOST_CHECK(input.base_tree.hex() == repo.tree());
  wire::PatchBody body;
  body.format = wire::PatchFormat::kUnified;
  body.data = std::string(reinterpret_cast<const char*>(data), size);
  input.patch = &body;
  const auto result = patch::apply(store, input);
  GHOST_CHECK(result.ok());
  if (result->outcome == patch::Outcome::kRejected) return 0;
  const std::string expected = repo.apply(*body.data);
  const bool applied = result->outcome == patch::Outcome::kApplied;
  if (applied ? result->tree.hex() == expected : expected.empty()) return 0;
  std::cerr << "git: " << (expected.empty() ? "refused" : expected)
            << ", here: " << (applied ? result->tree.hex() : result->report.errors.front().message)
            << "\n"
            << *body.data << std::endl;
  std::abort();
}
