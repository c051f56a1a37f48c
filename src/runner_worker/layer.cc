#include "runner_worker/layer.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include "runner_worker/sandbox_wire.h"

namespace ghost::runner {
namespace {

constexpr size_t kDepthMax = 200;  // two descriptors each

class Capture {
 public:
  explicit Capture(uint64_t bytes_max) : left_(bytes_max) {}
  Status folder(int from, int to, size_t depth);

 private:
  Status entry(int from, int to, const char* name, size_t depth);
  Status file(int from, int to, const char* name, mode_t mode);
  Status below(int from, int to, const char* name, size_t depth);
  Status spend(uint64_t bytes, const char* name);

  uint64_t left_;
};

Error failed(const char* what, const char* name) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? "too_large" : "io_error",
          std::string("layer: ") + what + " " + name + ": " + std::strerror(errno), ""};
}

Status Capture::spend(uint64_t bytes, const char* name) {
  if (bytes > left_) return Error{"too_large", std::string("layer: too large at ") + name, ""};
  left_ -= bytes;
  return ok_status();
}

Status Capture::file(int from, int to, const char* name, mode_t mode) {
  const Fd source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const Fd target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!source.ok() || !target.ok()) return failed("copy", name);
  std::vector<char> buffer(1 << 17);
  ssize_t n;
  while ((n = ::read(source.get(), buffer.data(), buffer.size())) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", name);
    if (Status s = spend(static_cast<uint64_t>(n), name); !s.ok()) return s;
    for (ssize_t at = 0; at < n;) {
      const ssize_t put = ::write(target.get(), buffer.data() + at, static_cast<size_t>(n - at));
      if (put < 0 && errno != EINTR) return failed("write", name);
      at += std::max<ssize_t>(put, 0);
    }
  }
  // Readable for its owner, whatever was made of it: it is to be looked through later.
  if (::fchmod(target.get(), (mode & 0777) | 0400) != 0) return failed("set mode of", name);
  return ok_status();
}

Status Capture::below(int from, int to, const char* name, size_t depth) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (::mkdirat(to, name, 0755) != 0) return failed("create folder", name);
  (void)::fchmodat(from, name, 0755, 0);
  const Fd source(::openat(from, name, kFlags)), target(::openat(to, name, kFlags));
  if (!source.ok() || !target.ok()) return failed("open folder", name);
  return folder(source.get(), target.get(), depth + 1);
}

Status Capture::entry(int from, int to, const char* name, size_t depth) {
  struct stat info {};
  if (::fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return failed("look at", name);
  if (Status s = spend(512, name); !s.ok()) return s;
  Status done = ok_status();
  if (S_ISREG(info.st_mode)) {
    done = file(from, to, name, info.st_mode);
  } else if (S_ISDIR(info.st_mode)) {
    done = below(from, to, name, depth);
  } else if (S_ISLNK(info.st_mode)) {
    std::array<char, PATH_MAX> target{};
    if (::readlinkat(from, name, target.data(), target.size() - 1) < 0 ||
        ::symlinkat(target.data(), to, name) != 0) {
      return failed("copy link", name);
    }
  } else {
    return ok_status();
  }
  const timespec times[2] = {info.st_atim, info.st_mtim};
  if (done.ok()) (void)::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
  return done;
}

Status Capture::folder(int from, int to, size_t depth) {
  if (depth > kDepthMax) return Error{"too_large", "layer: folders are nested too deep", ""};
  const int listed = ::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* dir = listed < 0 ? nullptr : ::fdopendir(listed);
  if (dir == nullptr) return failed("list", "folder");
  Status done = ok_status();
  while (const dirent* next = done.ok() ? ::readdir(dir) : nullptr) {
    const std::string name = next->d_name;
    if (name == "." || name == ".." || (depth == 0 && name == ".git")) continue;
    done = entry(from, to, name.c_str(), depth);
  }
  ::closedir(dir);
  return done;
}

}  // namespace

Status capture_layer(int upper, int to, uint64_t bytes_max) {
  return Capture(bytes_max).folder(upper, to, 0);
}

}  // namespace ghost::runner
