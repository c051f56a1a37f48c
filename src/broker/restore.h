// Bringing a backup into a data directory in which no broker works: `ghost-broker --restore`.
#pragma once

#include <string>

#include "base/result.h"

namespace ghost::broker {

// Files in the data directory that say how far a restore is.
struct RestoreMarks {
  std::string data;
  // While it lies there the directory is neither what it was nor the backup.
  std::string unfinished() const { return data + "/restore-unfinished"; }
  // Until the first turn of a broker over the backup is committed.
  std::string restored() const { return data + "/restored"; }
};

// Checks the whole backup first; what is in `data` is moved aside, never removed. Keys in `keys`
// stay as they are, so that none that was revoked since is good again; where there are none, the
// backup's are taken. Gives what was done, for people. Error codes: bad_config (no backup, damaged,
// a newer program's), conflict (a broker is at work in `data`), io_error.
Result<std::string> restore_backup(const std::string& backup, const std::string& data,
                                   const std::string& keys);
// Error code bad_config where a restore was not finished.
Status refuse_half_restored(const std::string& data);

}  // namespace ghost::broker
