// The broker's data directory: made when missing, owned by one broker at a time, with a reserve of
// disk space. One owner, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace ghost::broker {

// Holds DIR/broker.lock for as long as it lives; the kernel lets go of it when the process ends.
class DataLock {
 public:
  DataLock() = default;
  ~DataLock();
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;
  // Error code conflict, naming the directory and the pid of the broker that has it.
  Status take(const std::string& dir);

 private:
  int fd_ = -1;
};

// A file of zeros that keeps room on the disk: it is given up when the disk is nearly full, so that
// results of running jobs can still be written, and taken back when there is room again.
class DiskReserve {
 public:
  // Asks for the bytes that the database has free within itself: what was forgotten.
  using Spare = std::function<uint64_t()>;

  void open(const std::string& dir, uint64_t bytes);
  // Room for `bytes` more of submissions, beside the reserve and `owed` bytes that are still to be
  // moved from the log to the database? Looks at the disk at most every 1 MiB asked for or
  // 100 ms.
  bool has_room(uint64_t bytes, uint64_t owed, const Spare& spare);
  // Before a transaction that writes about so much.
  void make_room(uint64_t bytes);
  // Takes the reserve back when there is room.
  void refill(const Spare& spare);
  bool held() const { return held_; }
  uint64_t free_bytes();

 private:
  uint64_t margin() const { return bytes_ / 4; }
  std::string dir_, file_;
  uint64_t bytes_ = 0;
  bool held_ = false;
  uint64_t room_ = 0;  // what may be promised before the next look
  int64_t looked_ms_ = -1000;
};

// The greatest epoch that a broker of this directory ever had, in a file of its own beside the
// store: a store restored from a backup does not know of those that came after it. 0: none is
// known.
uint64_t known_epoch(const std::string& dir);
// Where it cannot be written (a full disk), the store alone remembers.
void remember_epoch(const std::string& dir, uint64_t epoch);

// fsync of the directory itself, so that files made in it are found after a power failure.
Status sync_dir(const std::string& dir);

}  // namespace ghost::broker
