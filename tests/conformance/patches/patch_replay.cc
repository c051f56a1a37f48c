// Applies patches to trees of a git repository, for the conformance scripts. Objects are read
// through `git cat-file --batch` and written in memory only, so the repository never changes.
//
//   patch_replay REPOSITORY
//
// Each input line is "MODE FORMAT TREE FILE" ("strict,strip=0 - <oid> x.patch"; '-' recognises the
// format; strip, fuzz, eol, ws and gitlinks set the other options) or "reset", which forgets
// written objects.
//
// Each answer is one line of tab-separated outcome, status, tree, code, patch line and message.
// "show TREE" prints the files of a tree, and an empty line.
// "mails FILE" answers with the mails of a mailbox as one line of JSON.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unordered_map>

#include "base/fs.h"
#include "patch/engine.h"
#include "patch/mail.h"
#include "patch/memory_store.h"

extern char** environ;

namespace ghost::patch {
namespace {

class GitStore : public ObjectStore {
 public:
  explicit GitStore(const std::string& repository) {
    int in[2], out[2];
    GHOST_CHECK(pipe(in) == 0 && pipe(out) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    for (const int fd : {in[0], in[1], out[0], out[1]}) {
      posix_spawn_file_actions_addclose(&actions, fd);
    }
    std::string dir = repository;
    const char* argv[] = {"git", "-C", dir.c_str(), "cat-file", "--batch", nullptr};
    GHOST_CHECK(
        posix_spawnp(&child_, "git", &actions, nullptr, const_cast<char**>(argv), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    to_ = fdopen(in[1], "w");
    from_ = fdopen(out[0], "r");
  }
  ~GitStore() override {
    fclose(to_);
    fclose(from_);
    waitpid(child_, nullptr, 0);
  }
  MemoryStore& written() { return written_; }
  void reset() { written_ = MemoryStore(); }

  Result<std::vector<TreeEntry>> read_tree(const Oid& oid) override {
    if (auto mine = written_.read_tree(oid)) return mine;
    const Object& object = load(oid.hex());
    if (object.type != "tree") return Error{"not_found", "no tree " + oid.hex(), ""};
    std::vector<TreeEntry> entries;
    const std::string& bytes = *object.bytes;
    for (size_t at = 0; at < bytes.size();) {
      const size_t blank = bytes.find(' ', at), end = bytes.find('\0', blank);
      TreeEntry entry;
      entry.mode = static_cast<uint32_t>(std::stoul(bytes.substr(at, blank - at), nullptr, 8));
      entry.name = bytes.substr(blank + 1, end - blank - 1);
      std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(end) + 1, 20, entry.oid.raw.begin());
      entries.push_back(std::move(entry));
      at = end + 21;
    }
    return entries;
  }
  Result<Blob> read_blob(const Oid& oid, size_t bytes_max) override {
    if (written_.has_blob(oid)) return written_.read_blob(oid, bytes_max);
    const Object& object = load(oid.hex());
    if (object.type != "blob") return Error{"not_found", "no blob " + oid.hex(), ""};
    if (object.bytes->size() > bytes_max) return Error{"too_large", "blob " + oid.hex(), ""};
    return object.bytes;
  }
  bool has_blob(const Oid& oid) override {
    return written_.has_blob(oid) || load(oid.hex()).type == "blob";
  }
  Result<std::optional<Oid>> find_blob(std::string_view hex_prefix) override {
    auto mine = written_.find_blob(hex_prefix);
    if (mine && *mine) return mine;
    const Object& object = load(std::string(hex_prefix));
    if (object.type != "blob") return std::optional<Oid>();
    return std::optional<Oid>(object.oid);
  }
  Result<Oid> write_blob(std::string_view bytes) override { return written_.write_blob(bytes); }
  Result<Oid> write_tree(const std::vector<TreeEntry>& entries) override {
    return written_.write_tree(entries);
  }

 private:
  struct Object {
    std::string type;
    Oid oid;
    Blob bytes;
  };

  const Object& load(const std::string& name) {
    const auto it = cache_.find(name);
    if (it != cache_.end()) return it->second;
    if (cache_.size() > 20000) cache_.clear();
    fprintf(to_, "%s\n", name.c_str());
    fflush(to_);
    char line[512] = {};
    GHOST_CHECK(fgets(line, sizeof line, from_) != nullptr);
    std::istringstream words(line);
    std::string oid, type;
    size_t size = 0;
    Object object;
    if (words >> oid >> type >> size && oid.size() == 40) {
      std::string bytes(size, '\0');
      GHOST_CHECK(fread(bytes.data(), 1, size, from_) == size && fgetc(from_) == '\n');
      object = {type, *Oid::parse(oid), make_blob(std::move(bytes))};
    }
    return cache_[name] = std::move(object);
  }

  MemoryStore written_;
  std::unordered_map<std::string, Object> cache_;
  pid_t child_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
};

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

void answer(GitStore& store, const std::string& mode, const std::string& format,
            const std::string& tree, const std::string& file) {
  wire::PatchBody body;
  body.data = *read_file(file);
  body.format = wire::parse_patch_format(format);
  ApplyInput input;
  input.base_tree = *Oid::parse(tree);
  input.patch = &body;
  std::istringstream words(mode);
  for (std::string word; std::getline(words, word, ',');) {
    const std::string value = word.substr(word.find('=') + 1);
    if (word.starts_with("strip=")) {
      body.strip = std::stoul(value);
    } else if (word == "gitlinks") {
      input.policy.allow_gitlinks = true;
    } else if (word.starts_with("fuzz=")) {
      input.options.max_fuzz = std::stoul(value);
    } else if (word.starts_with("eol=")) {
      input.options.eol = wire::parse_eol(value).value();
    } else if (word.starts_with("ws=")) {
      input.options.whitespace = wire::parse_whitespace(value).value();
    } else {
      input.options.mode = wire::parse_apply_mode(word).value();
    }
  }
  auto result = apply(store, input);
  if (!result) {
    std::cout << "error\t\t\t" << result.error().code << "\t0\t" << one_line(result.error().message)
              << std::endl;
    return;
  }
  static const char* kOutcomes[] = {"applied", "apply_failed", "rejected"};
  const auto& errors = result->report.errors;
  std::cout << kOutcomes[static_cast<int>(result->outcome)] << '\t'
            << wire::to_string(result->report.status) << '\t' << result->tree.hex() << '\t'
            << (errors.empty() ? "" : errors[0].code) << '\t'
            << (errors.empty() ? 0 : errors[0].line) << '\t'
            << one_line(errors.empty() ? "" : errors[0].message) << std::endl;
}

void show_tree(GitStore& store, const Oid& tree, const std::string& folder) {
  for (const TreeEntry& entry : *store.read_tree(tree)) {
    const std::string path = folder + entry.name;
    if (entry.mode == kModeTree) {
      show_tree(store, entry.oid, path + "/");
    } else if (entry.mode != kModeGitlink) {
      std::cout << path << '\n' << **store.read_blob(entry.oid, SIZE_MAX);
    }
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const unsigned char c : text) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", c);
    c < 0x20 || c == '"' || c == '\\' || c >= 0x7f ? out += escape : out += static_cast<char>(c);
  }
  return out + '"';
}

// Bytes stand as code points below 256, so that what is no UTF-8 comes through too.
void list_mails(const std::string& file) {
  const std::string text = *read_file(file);
  std::vector<Mail> mails;
  Faults faults;
  parse_mails(text, mails, faults);
  std::cout << "{\"faults\": [";
  for (size_t i = 0; i < faults.list().size(); ++i) {
    std::cout << (i ? ", " : "") << quoted(faults.list()[i].message);
  }
  std::cout << "], \"mails\": [";
  for (size_t i = 0; i < mails.size(); ++i) {
    const Mail& m = mails[i];
    std::cout << (i ? ", " : "") << "{\"author\": " << quoted(m.author_name)
              << ", \"email\": " << quoted(m.author_email) << ", \"date\": " << quoted(m.date)
              << ", \"message\": " << quoted(m.message) << ", \"diff\": " << quoted(m.diff) << "}";
  }
  std::cout << "]}" << std::endl;
}

}  // namespace
}  // namespace ghost::patch

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: patch_replay REPOSITORY\n";
    return 2;
  }
  ghost::patch::GitStore store(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "reset") {
      store.reset();
      std::cout << "reset" << std::endl;
      continue;
    }
    if (line.starts_with("show ")) {
      ghost::patch::show_tree(store, *ghost::patch::Oid::parse(line.substr(5)), "");
      std::cout << std::endl;
      continue;
    }
    if (line.starts_with("mails ")) {
      ghost::patch::list_mails(line.substr(6));
      continue;
    }
    std::istringstream words(line);
    std::string mode, format, tree, file;
    words >> mode >> format >> tree;
    std::getline(words >> std::ws, file);
    ghost::patch::answer(store, mode, format, tree, file);
  }
  return 0;
}
