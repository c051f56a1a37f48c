// A store's file as it lies on the disk while no broker works on it: looked at, checked and copied
// for backup and restore. Blocking; any thread, one a file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ghost::broker {

struct StoreFacts {
  uint64_t schema = 0, epoch = 0, jobs = 0;
};

// Reads all of it: error code bad_config where it is no store, a newer program's, or damaged.
Result<StoreFacts> check_store_file(const std::string& path);
// The same, of a copy that was made of a store at work: brings it into one file that needs no log
// beside it, and syncs it.
Result<StoreFacts> finish_store_copy(const std::string& path);
// The epoch that the store remembers; 0 where it cannot be read. Changes nothing.
uint64_t epoch_of_store_file(const std::string& path);

// Of a file, read in pieces. Error code io_error.
Result<std::string> sha256_of_file(const std::string& path);
// Synced, `mode` 0600, must not exist yet.
Status copy_file_synced(const std::string& from, const std::string& to);

}  // namespace ghost::broker
