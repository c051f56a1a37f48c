#include "runner_worker/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "runner_worker/sandbox_wire.h"
#include "runner_worker/workspace_impl.h"

namespace ghost::runner {
namespace {

ssize_t read_some(int fd, char* to, size_t count) {
  ssize_t n;
  do {
    n = ::read(fd, to, count);
  } while (n < 0 && errno == EINTR);
  return n;
}

bool same_content(int a, int b) {
  std::array<char, 65536> one, two;
  for (;;) {
    const ssize_t n = read_some(a, one.data(), one.size());
    if (n < 0) return false;
    size_t have = 0;
    while (have < static_cast<size_t>(n)) {
      const ssize_t m = read_some(b, two.data() + have, static_cast<size_t>(n) - have);
      if (m <= 0) return false;
      have += static_cast<size_t>(m);
    }
    if (n == 0) return read_some(b, two.data(), 1) == 0;
    if (std::memcmp(one.data(), two.data(), have) != 0) return false;
  }
}

}  // namespace

namespace tree {

Error failed(const char* what, std::string_view path) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  return {full ? "too_large" : "io_error",
          std::string(what) + " " + std::string(path) + ": " + std::strerror(error), ""};
}

Fd open_beneath(int root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(
      ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
}

Fd open_folder(int root, const std::string& path) {
  return open_beneath(root, path, O_RDONLY | O_DIRECTORY);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Result<std::string> link_target(int link_fd, std::string_view path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t n = ::readlinkat(link_fd, "", target.data(), target.size());
  if (n < 0) return failed("read link", path);
  return std::string(target.data(), static_cast<size_t>(n));
}

Found look(int root, const std::string& path) {
  Found found;
  found.fd = open_beneath(root, path, O_PATH | O_NOFOLLOW);
  if (found.fd.ok() && ::fstat(found.fd.get(), &found.info) != 0) found.fd.reset();
  return found;
}

// O_NONBLOCK: should it be no regular file after all, opening must not wait.
Fd open_regular(int root, const std::string& path) {
  return open_beneath(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

bool same_as_base(int root, int base, const std::string& path, const Found& file) {
  const Found other = look(base, path);
  // What its owner may not read is not what the base has, whatever git says of modes.
  if (!other.fd.ok() || (other.info.st_mode & 0700) != (file.info.st_mode & 0700) ||
      other.mode() != file.mode() || other.info.st_size != file.info.st_size) {
    return false;
  }
  if (file.link()) {
    const auto a = link_target(file.fd.get(), path), b = link_target(other.fd.get(), path);
    return a.ok() && b.ok() && *a == *b;
  }
  if (!other.regular()) return false;
  const Fd a = open_regular(root, path), b = open_regular(base, path);
  return a.ok() && b.ok() && same_content(a.get(), b.get());
}

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

bool is_dots(std::string_view name) {
  return name == "." || name == "..";
}

}  // namespace tree

using namespace tree;

namespace {

// Opens the folder that `path` lies in; a missing one is made, another thing in its place removed.
Result<Fd> make_parent(int root, const std::string& path) {
  const std::string parent = parent_of(path);
  Fd folder = open_folder(root, parent);
  if (folder.ok()) return folder;
  for (size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
    const std::string upto = parent.substr(0, end);
    folder = open_folder(root, upto);
    if (!folder.ok()) {
      const Fd above = open_folder(root, parent_of(upto));
      if (!above.ok()) return failed("open folder", parent_of(upto));
      if (::unlinkat(above.get(), name_of(upto).c_str(), 0) != 0 && errno != ENOENT) {
        return failed("replace", upto);
      }
      if (::mkdirat(above.get(), name_of(upto).c_str(), 0755) != 0) {
        return failed("create folder", upto);
      }
      folder = open_folder(root, upto);
      if (!folder.ok()) return failed("open folder", upto);
    }
    if (end == std::string::npos) return folder;
  }
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool already_there(int root, const std::string& path, uint32_t mode, std::string_view bytes) {
  const Found found = look(root, path);
  if (!found.fd.ok() || !found.regular() || (found.info.st_mode & 0700) != (mode & 0700) ||
      found.info.st_nlink != 1 || static_cast<uint64_t>(found.info.st_size) != bytes.size()) {
    return false;
  }
  const Fd fd = open_regular(root, path);
  std::string have(bytes.size(), '\0');
  size_t at = 0;
  while (fd.ok() && at < have.size()) {
    const ssize_t n = read_some(fd.get(), have.data() + at, have.size() - at);
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return fd.ok() && have == bytes;
}

Status copy_content(int from, int to, std::string_view name) {
  if (::ioctl(to, FICLONE, from) == 0) return ok_status();
  std::vector<char> buffer(1 << 17);
  for (;;) {
    const ssize_t n = read_some(from, buffer.data(), buffer.size());
    if (n == 0) return ok_status();
    if (n < 0 || !write_all(to, {buffer.data(), static_cast<size_t>(n)})) {
      return failed("copy", name);
    }
  }
}

Status copy_entry(int from, int to, const char* name, const struct stat& info) {
  const timespec times[2] = {info.st_atim, info.st_mtim};
  if (S_ISLNK(info.st_mode)) {
    std::array<char, PATH_MAX> target{};
    if (::readlinkat(from, name, target.data(), target.size() - 1) < 0 ||
        ::symlinkat(target.data(), to, name) != 0) {
      return failed("copy link", name);
    }
  } else if (S_ISDIR(info.st_mode)) {
    if (::mkdirat(to, name, 0755) != 0) return failed("create folder", name);
    const Fd below(::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const Fd target(::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below.ok() || !target.ok()) return failed("open folder", name);
    if (Status s = copy_tree(below.get(), target.get()); !s.ok()) return s;
  } else if (S_ISREG(info.st_mode)) {
    const Fd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    const Fd target(
        ::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0755));
    if (!source.ok() || !target.ok()) return failed("copy", name);
    if (Status s = copy_content(source.get(), target.get(), name); !s.ok()) return s;
  }
  (void)::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
  return ok_status();
}

// Removes what stands at `name`, whatever it is.
Status clear(int at, const std::string& name) {
  if (::unlinkat(at, name.c_str(), 0) == 0 || errno == ENOENT) return ok_status();
  return remove_tree(at, name);
}

// One step of remove_tree in the folder `at`: removes what is no folder and every empty folder.
// Gives the name of a folder that is not empty, or "".
Result<std::string> remove_entries(int at) {
  Listing listing{Fd(::openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  if (!listing.ok()) return failed("list", "folder");
  while (const dirent* entry = listing.next()) {
    if (::unlinkat(at, entry->d_name, 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) return failed("remove", entry->d_name);
    if (::unlinkat(at, entry->d_name, AT_REMOVEDIR) == 0) continue;
    if (errno != ENOTEMPTY && errno != EEXIST) return failed("remove folder", entry->d_name);
    return std::string(entry->d_name);
  }
  return std::string();
}

Fd open_to_remove(int at, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(::openat(at, name, kFlags));
  struct stat info {};
  if ((fd.ok() && (::fstat(fd.get(), &info) != 0 || (info.st_mode & 0700) == 0700)) ||
      (!fd.ok() && (errno != EACCES || ::fstatat(at, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
                    !S_ISDIR(info.st_mode)))) {
    return fd;
  }
  (void)::fchmodat(at, name, 0700, 0);
  return Fd(::openat(at, name, kFlags));
}

}  // namespace

bool is_tree_path(std::string_view path) {
  if (path.empty() || path.size() >= PATH_MAX || path.find('\0') != std::string_view::npos) {
    return false;
  }
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, slash - at);
    if (name.empty() || name.size() > NAME_MAX || is_dots(name)) return false;
    at = slash + 1;
  }
  return true;
}

Status put_file(int root, const std::string& path, uint32_t mode, std::string_view bytes,
                int64_t mtime_s) {
  const bool link = mode == 0120000;
  if (!is_tree_path(path) || (!link && mode != 0100644 && mode != 0100755) ||
      (link &&
       (bytes.empty() || bytes.size() >= PATH_MAX || bytes.find('\0') != std::string_view::npos))) {
    return Error{"bad_request", "workspace: cannot put " + path, path};
  }
  if (!link && already_there(root, path, mode, bytes)) return ok_status();
  auto parent = make_parent(root, path);
  if (!parent.ok()) return parent.error();
  const std::string name = name_of(path);
  const int at = parent->get();
  if (Status s = clear(at, name); !s.ok()) return s;
  if (link) {
    const std::string target(bytes);
    if (::symlinkat(target.c_str(), at, name.c_str()) != 0) return failed("create link", path);
    return ok_status();
  }
  const Fd fd(
      ::openat(at, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.ok()) return failed("create", path);
  if (!write_all(fd.get(), bytes)) return failed("write", path);
  const timespec times[2] = {{mtime_s, 0}, {mtime_s, 0}};
  if (::fchmod(fd.get(), mode & 0777) != 0 || (mtime_s != 0 && ::futimens(fd.get(), times) != 0)) {
    return failed("set mode of", path);
  }
  return ok_status();
}

Status copy_path(int from, int to, const std::string& path) {
  const std::string name = name_of(path);
  const Fd source = open_folder(from, parent_of(path));
  struct stat info {};
  if (!source.ok() || ::fstatat(source.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return failed("look at", path);
  }
  auto target = make_parent(to, path);
  if (!target.ok()) return target.error();
  if (Status s = clear(target->get(), name); !s.ok()) return s;
  return copy_entry(source.get(), target->get(), name.c_str(), info);
}

bool same_path(int a, int b, const std::string& path) {
  const Found one = look(a, path), other = look(b, path);
  if (!one.fd.ok() || !other.fd.ok()) return false;
  if (S_ISDIR(one.info.st_mode)) return S_ISDIR(other.info.st_mode);
  return same_as_base(a, b, path, one);
}

TreeUsage tree_usage(int root) {
  TreeUsage usage;
  std::vector<std::string> folders{""};
  while (!folders.empty()) {
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    Listing listing(open_folder(root, folder));
    while (const dirent* entry = listing.ok() ? listing.next() : nullptr) {
      struct stat info {};
      if (::fstatat(listing.fd(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      // Each name of a file has its part.
      usage.bytes += static_cast<uint64_t>(info.st_blocks) * 512 /
                     (S_ISDIR(info.st_mode) ? 1 : std::max<uint64_t>(info.st_nlink, 1));
      ++usage.entries;
      const std::string path = join(folder, entry->d_name);
      if (S_ISDIR(info.st_mode) && path.size() < PATH_MAX) folders.push_back(path);
    }
  }
  return usage;
}

Status remove_file(int root, const std::string& path) {
  if (!is_tree_path(path)) return Error{"bad_request", "workspace: cannot remove " + path, path};
  const Fd parent = open_folder(root, parent_of(path));
  if (!parent.ok()) {
    // A parent that is missing or no folder: there is nothing at that path.
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return ok_status();
    return failed("open folder of", path);
  }
  if (Status s = clear(parent.get(), name_of(path)); !s.ok()) return s;
  for (std::string folder = parent_of(path); !folder.empty(); folder = parent_of(folder)) {
    const Fd above = open_folder(root, parent_of(folder));
    if (!above.ok()) return failed("open folder of", folder);
    if (::unlinkat(above.get(), name_of(folder).c_str(), AT_REMOVEDIR) != 0) {
      if (errno == ENOTEMPTY || errno == EEXIST) return ok_status();
      return failed("remove folder", folder);
    }
  }
  return ok_status();
}

Status copy_tree(int from, int to) {
  Listing listing{Fd(::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  if (!listing.ok()) return failed("list", "base");
  while (const dirent* entry = listing.next()) {
    struct stat info {};
    if (::fstatat(from, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return failed("look at", entry->d_name);
    }
    if (Status s = copy_entry(from, to, entry->d_name, info); !s.ok()) return s;
  }
  return ok_status();
}

Status remove_tree(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return ok_status();
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return ok_status();
  // Goes down and comes back by "..", so that depth costs neither descriptors nor path length;
  // nobody else moves folders meanwhile.
  std::vector<std::string> names{name};
  Fd at = open_to_remove(parent, name.c_str());
  if (!at.ok()) return failed("open folder", name);
  for (;;) {
    auto folder = remove_entries(at.get());
    if (!folder.ok()) return folder.error();
    if (!folder->empty()) {
      Fd below = open_to_remove(at.get(), folder->c_str());
      if (!below.ok()) return failed("open folder", *folder);
      names.push_back(std::move(*folder));
      at = std::move(below);
      continue;
    }
    const std::string done = std::move(names.back());
    names.pop_back();
    if (names.empty()) {
      if (::unlinkat(parent, done.c_str(), AT_REMOVEDIR) != 0) return failed("remove", done);
      return ok_status();
    }
    at = Fd(::openat(at.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!at.ok() || ::unlinkat(at.get(), done.c_str(), AT_REMOVEDIR) != 0) {
      return failed("remove folder", done);
    }
  }
}

}  // namespace ghost::runner
