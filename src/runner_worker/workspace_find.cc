// Finding and reading what gates have left in a tree.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "runner_worker/sandbox.h"
#include "runner_worker/workspace.h"
#include "runner_worker/workspace_impl.h"

namespace ghost::runner {

using namespace tree;

namespace {

// git knows no modes of folders, so what a gate has taken away from one is given back: a folder
// that cannot be listed would hide what is in it.
void make_listable(int root, const std::string& path) {
  const Fd folder = open_beneath(root, path, O_PATH | O_DIRECTORY);
  struct stat info {};
  if (!folder.ok() || ::fstat(folder.get(), &info) != 0 || (info.st_mode & 0700) == 0700) return;
  if (path.empty()) {
    (void)::fchmod(root, 0755);
  } else if (const Fd parent = open_folder(root, parent_of(path)); parent.ok()) {
    (void)::fchmodat(parent.get(), name_of(path).c_str(), 0755, 0);
  }
}

// What find_files looks for, and what it has found.
struct Search {
  int root, base;
  const std::vector<std::string>& globs;
  const size_t count_max;
  std::vector<TreeFile> found;

  Status consider(const std::string& path);
  Status walk(int walked);
};

Status Search::consider(const std::string& path) {
  const auto matches = [&](const std::string& glob) { return glob_match(glob, path); };
  if (std::none_of(globs.begin(), globs.end(), matches)) return ok_status();
  const Found file = look(root, path);
  if (!file.fd.ok() || (!file.regular() && !file.link())) return ok_status();
  if (base >= 0 && same_as_base(root, base, path, file)) return ok_status();
  if (found.size() == count_max) {
    return Error{"too_large", "workspace: more than " + std::to_string(count_max) + " files match",
                 ""};
  }
  found.push_back({path, file.mode(), static_cast<uint64_t>(file.info.st_size)});
  return ok_status();
}

Status Search::walk(int walked) {
  std::vector<std::string> folders{""};
  make_listable(root, "");
  while (!folders.empty()) {
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    Listing listing(open_folder(walked, folder));
    if (!listing.ok()) return failed("list", folder.empty() ? "workspace" : folder);
    while (const dirent* entry = listing.next()) {
      const std::string path = join(folder, entry->d_name);
      // A deeper one could not be named by anybody.
      if (path.size() >= PATH_MAX) continue;
      unsigned char type = entry->d_type;
      if (type == DT_UNKNOWN) {
        struct stat info {};
        if (::fstatat(listing.fd(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        type = IFTODT(info.st_mode);
      }
      if (type == DT_DIR && glob_may_match_below(globs, path)) {
        make_listable(root, path);
        folders.push_back(path);
      }
      if (type != DT_REG && type != DT_LNK) continue;
      if (Status s = consider(path); !s.ok()) return s;
    }
  }
  return ok_status();
}

}  // namespace

Result<std::vector<TreeFile>> find_files(int root, int upper, int layer, int base,
                                         const std::vector<std::string>& globs, size_t count_max) {
  Search search{root, base, globs, count_max, {}};
  if (Status s = search.walk(upper >= 0 ? upper : root); !s.ok()) return s.error();
  if (upper >= 0 && layer >= 0) {
    if (Status s = search.walk(layer); !s.ok()) return s.error();
  }
  std::vector<TreeFile>& out = search.found;
  std::sort(out.begin(), out.end(),
            [](const TreeFile& a, const TreeFile& b) { return a.path < b.path; });
  const auto same = [](const TreeFile& a, const TreeFile& b) { return a.path == b.path; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return std::move(out);
}

Result<std::string> read_slice(int root, const std::string& path, uint64_t offset,
                               size_t bytes_max) {
  if (!is_tree_path(path)) return Error{"bad_request", "workspace: no path: " + path, path};
  const Found found = look(root, path);
  if (!found.fd.ok()) return Error{"not_found", "workspace: no file " + path, path};
  if (found.link()) {
    auto target = link_target(found.fd.get(), path);
    if (!target.ok()) return target;
    return offset >= target->size() ? std::string() : target->substr(offset, bytes_max);
  }
  const Fd fd = found.regular() ? open_regular(root, path) : Fd();
  struct stat info {};
  if (!fd.ok() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{"bad_request", "workspace: no regular file: " + path, path};
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  std::string out;
  if (offset >= size) return out;
  out.resize(std::min<uint64_t>(bytes_max, size - offset));
  size_t have = 0;
  while (have < out.size()) {
    const ssize_t n =
        ::pread(fd.get(), out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  out.resize(have);
  return out;
}

}  // namespace ghost::runner
