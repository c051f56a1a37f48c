// What a runner keeps on disk about itself: a lock (one process a folder), its instance name, its
// secret (0600) and the last session number. Used on the main thread; the lock is held as long as
// the object lives.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace ghost::runner {

struct Identity {
  std::string instance;
  std::string secret;    // 32 random bytes, made once
  uint64_t session = 0;  // greater than any before, already remembered on disk
};

class DataDir {
 public:
  // Makes the folder (0700) where it is missing and locks it. Error codes: conflict (another runner
  // uses it), io_error.
  static Result<std::unique_ptr<DataDir>> open(const std::string& path);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  // `name`: the instance to be, empty for the one kept here or, the first time, one made of the
  // host's name. Error codes io_error, bad_config (a file does not hold what it should).
  Result<Identity> begin_session(const std::string& name, const std::string& host, WallMs now);

  const std::string& path() const { return path_; }

 private:
  DataDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  Result<std::string> keep(const std::string& file, const std::string& fresh);

  std::string path_;
  int lock_fd_;
};

}  // namespace ghost::runner
