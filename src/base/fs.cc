#include "base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace ghost {
namespace {

Error io_error(const char* what, const std::string& path, int error) {
  return {"io_error", std::string(what) + " " + path + ": " + std::strerror(error), ""};
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return ok_status();
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error("open", path, errno);
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      return io_error("read", path, error);
    }
    if (n == 0) break;
    out.append(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  return out;
}

Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return io_error("create", temporary, errno);
  Status done = write_all(fd, bytes, temporary);
  if (done.ok() && ::fsync(fd) != 0) done = io_error("fsync", temporary, errno);
  ::close(fd);
  if (done.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    done = io_error("rename to", path, errno);
  }
  if (!done.ok()) {
    ::unlink(temporary.c_str());
    return done;
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int dir = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir >= 0) {
    ::fsync(dir);
    ::close(dir);
  }
  return ok_status();
}

void give_to_owner_of_folder(const std::string& path) {
  if (::geteuid() != 0) return;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct stat info {};
  if (::stat(folder.empty() ? "." : folder.c_str(), &info) != 0 || info.st_uid == 0) return;
  (void)!::lchown(path.c_str(), info.st_uid, info.st_gid);
}

std::string file_stamp(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "";
  return std::to_string(info.st_ino) + " " + std::to_string(info.st_size) + " " +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
}

Result<FileLock> FileLock::take(const std::string& path) {
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.fd_ < 0 || ::flock(lock.fd_, LOCK_EX) != 0) return io_error("lock", path, errno);
  give_to_owner_of_folder(path);
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Status make_dirs(const std::string& path, unsigned mode) {
  std::string partial;
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = path.find('/', at);
    const size_t end = slash == std::string::npos ? path.size() : slash;
    partial = path.substr(0, end);
    at = end + 1;
    if (partial.empty()) continue;
    if (::mkdir(partial.c_str(), mode) != 0 && errno != EEXIST) {
      return io_error("create folder", partial, errno);
    }
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return io_error("create folder", path, errno);
  if (!S_ISDIR(info.st_mode)) return io_error("create folder", path, ENOTDIR);
  return ok_status();
}

}  // namespace ghost
