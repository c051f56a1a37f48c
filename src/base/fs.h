// Files of Ghost's own (never files that a gate may have touched). Blocking; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace ghost {

Result<std::string> read_file(const std::string& path);
// Writes a temporary neighbour, fsyncs it, renames it over `path` and fsyncs the folder, so that a
// crash leaves the old or the new content, never a mixture. `mode` is the permission bits.
Status write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);
// What root makes in the folder of a service becomes the service's. Anyone else: nothing.
void give_to_owner_of_folder(const std::string& path);
// Changes whenever the file is written or replaced; empty: there is none.
std::string file_stamp(const std::string& path);

// Held by one process at a time, as long as the object lives; waits for its turn. Error code
// io_error.
class FileLock {
 public:
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

Status make_dirs(const std::string& path, unsigned mode = 0755);

}  // namespace ghost
