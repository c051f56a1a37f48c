#include "runner_worker/prepared.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <filesystem>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "runner_worker/sandbox.h"

namespace ghost::runner {
namespace {

constexpr MonoMs kFailureMs = 60'000;
constexpr size_t kRememberedMax = 1000;

bool matches_any(const std::vector<std::string>& globs, const std::string& path) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return glob_match(glob, path); });
}

uint64_t inode_of(const CacheStore::Use& use) {
  struct stat st;
  return ::fstat(use.lock.get(), &st) == 0 ? st.st_ino : 0;
}

}  // namespace

Result<std::string> prepare_key(GitRepo& git, const Oid& tree, const wire::Repo& repo) {
  // Of everything a length comes first, so that no two lists look alike.
  std::string text = std::string("1 ") + std::string(to_string(repo.prepare_network)) + "\n";
  const auto add = [&](const std::string& part) {
    text += std::to_string(part.size()) + " " + part + "\n";
  };
  for (const std::string& command : repo.prepare) add(command);
  text += "files\n";
  if (repo.prepare_files.empty()) {
    add(tree.hex());
    return sha256_hex(text).substr(0, 40);
  }
  const Status walked =
      git.walk(tree, [&](const std::string& path, const patch::TreeEntry& entry) -> Status {
        if (entry.mode == patch::kModeTree || !matches_any(repo.prepare_files, path)) {
          return ok_status();
        }
        add(path);
        text += std::to_string(entry.mode) + " " + entry.oid.hex() + "\n";
        return ok_status();
      });
  if (!walked) return walked.error();
  return sha256_hex(text).substr(0, 40);
}

Status drop_tracked(GitRepo& git, const Oid& tree, const std::string& folder) {
  auto tracked = git.read_tree(tree);
  if (!tracked) return tracked.error();
  for (const patch::TreeEntry& entry : *tracked) {
    const std::string path = folder + "/" + entry.name;
    struct stat st;
    if (::lstat(path.c_str(), &st) != 0) continue;
    if (S_ISDIR(st.st_mode) && entry.mode == patch::kModeTree) {
      if (Status s = drop_tracked(git, entry.oid, path); !s) return s;
      ::rmdir(path.c_str());  // where that has left nothing
    } else {
      remove_tree(path);
      if (::lstat(path.c_str(), &st) == 0) return Error{"io_error", "remove " + path, {}};
    }
  }
  return ok_status();
}

Result<bool> layer_hides(GitRepo& git, const std::string& layer, const Oid& made_for,
                         const Oid& tree) {
  if (made_for == tree) return false;
  auto changes = git.changes(made_for, tree);
  if (!changes) return changes.error();
  return std::any_of(changes->begin(), changes->end(), [&](const TreeChange& change) {
    if (change.mode == 0 || change.mode_before != 0) return false;
    // A file of the layer may stand in the place of one of its folders.
    for (size_t slash = change.path.find('/');; slash = change.path.find('/', slash + 1)) {
      struct stat st;
      const std::string upto = change.path.substr(0, slash);
      if (::lstat((layer + "/" + upto).c_str(), &st) != 0) return false;
      if (slash == std::string::npos || !S_ISDIR(st.st_mode)) return true;
    }
  });
}

Result<std::string> folder_digest(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> lines;
  auto at = std::filesystem::recursive_directory_iterator(folder, failed);
  for (; !failed && at != std::filesystem::end(at); at.increment(failed)) {
    const std::string path = at->path().string();
    struct stat st;
    if (::lstat(path.c_str(), &st) != 0) return Error{"io_error", "look at " + path, {}};
    std::string line = path.substr(folder.size()) + '\0' + std::to_string(st.st_mode);
    if (!S_ISDIR(st.st_mode)) {
      line += " " + std::to_string(st.st_size) + " " + std::to_string(st.st_mtim.tv_sec) + "." +
              std::to_string(st.st_mtim.tv_nsec);
    }
    if (S_ISLNK(st.st_mode)) {
      char target[PATH_MAX];
      const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
      line.append(target, static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
    lines.push_back(std::move(line));
  }
  if (failed) return Error{"io_error", "list " + folder + ": " + failed.message(), {}};
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += std::to_string(line.size()) + " " + line + "\n";
  return sha256_hex(text);
}

Status PreparedLayers::look_through(const CacheStore::Use& use) {
  auto expected = read_file(use.dir + "/digest");
  auto found = folder_digest(dir_of(use));
  if (!expected) return expected.error();
  if (!found) return found.error();
  if (*expected == *found) return ok_status();
  return Error{"conflict", "the layer is not as it was made", {}};
}

Result<CacheStore::Use> PreparedLayers::find_or_make(
    const std::string& repo, const std::string& key, const Cutoff& cutoff, MonoMs now,
    const std::function<Status(const std::string& folder)>& make) {
  const std::string name = std::string(kLayersArea) + "/" + repo + "-" + key;
  for (int attempt = 1;; ++attempt) {
    bool made = false;
    auto use = store_.find_or_make(name, cutoff, [&](const std::string& folder) -> Status {
      {
        // Who waited for another to make it does not make the same mistake again.
        const std::lock_guard lock(mutex_);
        const auto known = failures_.find(name);
        if (known != failures_.end() && now < known->second.until) return known->second.error;
      }
      Status done = make(folder + "/layer");
      if (!done) {
        const std::lock_guard lock(mutex_);
        if (failures_.size() > kRememberedMax) failures_.clear();
        if (done.error().code == kPrepareFailed) failures_[name] = {done.error(), now + kFailureMs};
        return done;
      }
      auto digest = folder_digest(folder + "/layer");
      if (!digest) return digest.error();
      made = true;
      return write_file_atomic(folder + "/digest", *digest);
    });
    if (!use) return use;
    const std::pair<std::string, uint64_t> entry(name, inode_of(*use));
    {
      const std::lock_guard lock(mutex_);
      if (verified_.size() > kRememberedMax) verified_.clear();
      if (made || verified_.count(entry) != 0) {
        verified_.insert(entry);
        failures_.erase(name);
        if (!made) return use;
      }
    }
    if (made) {
      store_.set_size(name, 0);
      return use;
    }
    const Status whole = look_through(*use);
    if (whole) {
      const std::lock_guard lock(mutex_);
      verified_.insert(entry);
      return use;
    }
    if (attempt == 2) return Error{"io_error", whole.error().message, {}};
    log::warn("broken layer made anew", {{"entry", name}, {"why", whole.error().message}});
    store_.discard(name, *use);
  }
}

}  // namespace ghost::runner
