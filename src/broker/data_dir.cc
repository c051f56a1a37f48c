#include "broker/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fs.h"
#include "base/log.h"
#include "base/time.h"
#include "broker/crash_point.h"

namespace ghost::broker {
namespace {

// A commit lands in the WAL and later, rounded to pages, in the database: three times is safe.
constexpr uint64_t kWriteAmplification = 3;
constexpr int64_t kLookEveryMs = 100;
constexpr uint64_t kRoomMax = 1 << 20;

Error io_failure(const std::string& what) {
  return {"io_error", what + ": " + std::strerror(errno), ""};
}

}  // namespace

DataLock::~DataLock() {
  if (fd_ >= 0) close(fd_);
}

Status DataLock::take(const std::string& dir) {
  const std::string path = dir + "/broker.lock";
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return io_failure("open " + path);
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_failure("lock " + path);
    char pid[32] = {};
    const ssize_t size = pread(fd_, pid, sizeof pid - 1, 0);
    while (size > 0 && pid[0] != 0 && pid[std::strlen(pid) - 1] == '\n') {
      pid[std::strlen(pid) - 1] = 0;
    }
    const std::string who = size > 0 ? std::string(" (pid ") + pid + ")" : "";
    return Error{"conflict", "data directory " + dir + " is in use by another broker" + who, ""};
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
    // Only the message to a second broker would lack the pid.
    return ok_status();
  }
  return ok_status();
}

void DiskReserve::open(const std::string& dir, uint64_t bytes) {
  dir_ = dir;
  file_ = dir + "/reserve";
  bytes_ = bytes;
  refill([] { return uint64_t{0}; });
}

uint64_t DiskReserve::free_bytes() {
  struct statvfs fs = {};
  if (statvfs(dir_.c_str(), &fs) != 0) return UINT64_MAX;  // no judgement possible
  return static_cast<uint64_t>(fs.f_bavail) * fs.f_frsize;
}

bool DiskReserve::has_room(uint64_t bytes, uint64_t owed, const Spare& spare) {
  const MonoMs now = mono_now_ms();
  if (bytes > room_ || now - looked_ms_ > kLookEveryMs) {
    looked_ms_ = now;
    const uint64_t free = free_bytes();
    const uint64_t kept = margin() + owed;
    // The log needs room on the disk even where the database has pages to spare.
    const bool log_fits = held_ && free > kept;
    const uint64_t usable = log_fits ? free - kept + spare() : 0;
    room_ = usable / kWriteAmplification;
    if (bytes > room_) return false;
    // Others write to the disk too: nothing far ahead is promised.
    room_ = std::max(bytes, std::min(room_, kRoomMax));
  }
  room_ -= bytes;
  return true;
}

void DiskReserve::make_room(uint64_t bytes) {
  if (!held_ || free_bytes() > bytes * kWriteAmplification + margin() / 2) return;
  held_ = false;
  room_ = 0;
  unlink(file_.c_str());
}

void DiskReserve::refill(const Spare& spare) {
  if (held_ || bytes_ == 0) {
    held_ = true;
    return;
  }
  const int fd = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const off_t have = lseek(fd, 0, SEEK_END);
  const uint64_t free = free_bytes();
  const bool room = free > bytes_ + margin() / 2 && free + spare() > bytes_ + 2 * margin();
  const bool fits = static_cast<uint64_t>(have) >= bytes_ || room;
  if (fits) held_ = posix_fallocate(fd, 0, static_cast<off_t>(bytes_)) == 0;
  close(fd);
  GHOST_CRASH_POINT("reserve.taken");
  if (!held_) unlink(file_.c_str());
}

uint64_t known_epoch(const std::string& dir) {
  const Result<std::string> text = read_file(dir + "/epoch");
  return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

void remember_epoch(const std::string& dir, uint64_t epoch) {
  const Status s = write_file_atomic(dir + "/epoch", std::to_string(epoch) + "\n", 0600);
  if (!s) log::warn("epoch not remembered beside the store", {{"reason", s.error().message}});
}

Status sync_dir(const std::string& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_failure("open " + dir);
  const int failed = fsync(fd);
  close(fd);
  if (failed != 0) return io_failure("sync " + dir);
  return ok_status();
}

}  // namespace ghost::broker
