// What workspace.cc and workspace_find.cc share: opening things of a tree without leaving it.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "runner_worker/sandbox_wire.h"

namespace ghost::runner::tree {

// With the meaning of errno; error code too_large where there is no space.
Error failed(const char* what, std::string_view path);

// Opens without ever leaving `root`, following a link or crossing a mount.
Fd open_beneath(int root, const std::string& path, uint64_t flags);
Fd open_folder(int root, const std::string& path);
// Does not wait, should it be no regular file after all.
Fd open_regular(int root, const std::string& path);

std::string parent_of(const std::string& path);
std::string name_of(const std::string& path);
std::string join(const std::string& folder, std::string_view name);
bool is_dots(std::string_view name);

// A thing of the tree that may be opened: its status and an O_PATH descriptor.
struct Found {
  Fd fd;
  struct stat info {};
  bool link() const { return S_ISLNK(info.st_mode); }
  bool regular() const { return S_ISREG(info.st_mode); }
  uint32_t mode() const {
    if (link()) return 0120000;
    return (info.st_mode & S_IXUSR) != 0 ? 0100755 : 0100644;
  }
};

Found look(int root, const std::string& path);
Result<std::string> link_target(int link_fd, std::string_view path);
// Is `file`, found at `path` of `root`, the same in type, mode and content in `base`?
bool same_as_base(int root, int base, const std::string& path, const Found& file);

// Owns a DIR.
class Listing {
 public:
  explicit Listing(Fd fd) : dir_(fd.ok() ? ::fdopendir(fd.get()) : nullptr) {
    if (dir_ != nullptr) fd.release();
  }
  ~Listing() {
    if (dir_ != nullptr) ::closedir(dir_);
  }
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;
  bool ok() const { return dir_ != nullptr; }
  int fd() const { return ::dirfd(dir_); }
  // The next entry but "." and ".."; null at the end.
  const dirent* next() {
    const dirent* entry;
    do {
      entry = ::readdir(dir_);
    } while (entry != nullptr && is_dots(entry->d_name));
    return entry;
  }

 private:
  DIR* dir_;
};

}  // namespace ghost::runner::tree
