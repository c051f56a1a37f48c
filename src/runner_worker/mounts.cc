#include "runner_worker/mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {

Error root_error(const std::string& what) {
  return {"io_error", "sandbox: " + what + ": " + std::strerror(errno), ""};
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_dir(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string inside(const std::string& absolute) {
  return absolute.substr(std::min(absolute.find_first_not_of('/'), absolute.size()));
}

Status make_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return root_error("create " + path);
  return ok_status();
}

Status make_dir_with_parents(const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (Status s = make_dir(path.substr(0, slash)); !s.ok()) return s;
  }
  return make_dir(path);
}

Status make_file(const std::string& path, std::string_view content) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.ok() ||
      ::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    return root_error("create " + path);
  }
  return ok_status();
}

Status set_attributes(const std::string& path, uint64_t attributes, bool recursive) {
  mount_attr attr{};
  attr.attr_set = attributes;
  if (::syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), recursive ? AT_RECURSIVE : 0, &attr,
                sizeof attr) != 0) {
    return root_error("restrict mount " + path);
  }
  return ok_status();
}

Status show(const std::string& source, const std::string& target, uint64_t attributes) {
  if (::mount(source.c_str(), target.c_str(), nullptr, kBind | kRec, nullptr) != 0) {
    return root_error("bind " + source);
  }
  return set_attributes(target, attributes, true);
}

Status hide(const std::string& dir) {
  if (::mount("tmpfs", dir.c_str(), "tmpfs", kNoSuid | kNoDev, "size=64k,mode=0555") != 0) {
    return root_error("hide " + dir);
  }
  return ok_status();
}

Status pivot() {
  if (Status s = make_dir(".old"); !s.ok()) return s;
  if (::syscall(SYS_pivot_root, ".", ".old") != 0) return root_error("pivot_root");
  if (::chdir("/") != 0) return root_error("chdir /");
  if (::umount2("/.old", kDetach) != 0) return root_error("leave the host's tree");
  if (::rmdir("/.old") != 0) return root_error("leave the host's tree");
  return ok_status();
}

}  // namespace ghost::runner
