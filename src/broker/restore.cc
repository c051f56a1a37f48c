#include "broker/restore.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <vector>

#include "base/fs.h"
#include "base/time.h"
#include "broker/data_dir.h"
#include "broker/store_file.h"

namespace ghost::broker {
namespace {

namespace files = std::filesystem;

// Names that a backup may hold; anything else in SHA256SUMS is no backup of Ghost's.
bool is_part(const std::string& name) {
  if (name == "ghost.db") return true;
  const std::string file = name.starts_with("keys/") ? name.substr(5) : "";
  return !file.empty() && file.find('/') == file.npos && file[0] != '.';
}

// The files of the backup, each as it was when the backup was made.
Result<std::vector<std::string>> check_backup(const std::string& backup) {
  const auto no = [&](const std::string& why) {
    return Error{"bad_config", backup + " is no whole backup: " + why, ""};
  };
  const Result<std::string> sums = read_file(backup + "/SHA256SUMS");
  if (!sums) return no(sums.error().message);
  std::vector<std::string> names;
  std::istringstream lines(*sums);
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.size() > 66 ? line.substr(66) : "";
    if (line.substr(0, 66).ends_with("  ") == false || !is_part(name)) return no("SHA256SUMS");
    const Result<std::string> sum = sha256_of_file(backup + "/" + name);
    if (!sum) return no(sum.error().message);
    if (*sum != line.substr(0, 64)) return no(name + " is not what it was");
    names.push_back(name);
  }
  if (std::find(names.begin(), names.end(), "ghost.db") == names.end()) return no("no ghost.db");
  return names;
}

Status move_aside(const std::string& data, const std::string& aside) {
  bool any = false;
  for (const char* name : {"ghost.db", "ghost.db-wal", "ghost.db-shm", "ghost.db-journal"}) {
    const std::string from = data + "/" + name;
    if (::access(from.c_str(), F_OK) != 0) continue;
    if (!any) {
      if (Status s = make_dirs(aside, 0700); !s) return s;
    }
    any = true;
    std::error_code error;
    files::rename(from, aside + "/" + name, error);
    if (error) return Error{"io_error", "rename " + from + ": " + error.message(), ""};
  }
  return any ? sync_dir(aside) : ok_status();
}

Result<bool> bring_keys(const std::string& backup, const std::vector<std::string>& parts,
                        const std::string& keys) {
  std::error_code ignored;
  if (files::is_directory(keys, ignored) && !files::is_empty(keys, ignored)) return false;
  bool any = false;
  for (const std::string& part : parts) {
    if (part == "ghost.db") continue;
    if (Status s = make_dirs(keys, 0700); !s) return s.error();
    if (Status s = copy_file_synced(backup + "/" + part, keys + part.substr(4)); !s) {
      return s.error();
    }
    any = true;
  }
  return any;
}

}  // namespace

Result<std::string> restore_backup(const std::string& backup, const std::string& data,
                                   const std::string& keys) {
  const Result<std::vector<std::string>> parts = check_backup(backup);
  if (!parts) return parts.error();
  const Result<StoreFacts> facts = check_store_file(backup + "/ghost.db");
  if (!facts) return facts.error();
  if (Status s = make_dirs(data, 0700); !s) return s.error();
  DataLock lock;
  if (Status s = lock.take(data); !s) return s.error();
  const RestoreMarks marks{data};
  const std::string fresh = data + "/ghost.db.restoring";
  unlink(fresh.c_str());
  if (Status s = copy_file_synced(backup + "/ghost.db", fresh); !s) return s.error();
  // An epoch that was used since the backup is never used again.
  const uint64_t epoch =
      std::max({facts->epoch, known_epoch(data), epoch_of_store_file(data + "/ghost.db")});
  const std::string aside = data + "/before-restore-" + std::to_string(wall_now_ms());
  Status s = write_file_atomic(marks.unfinished(), backup + "\n", 0600);
  if (s) s = write_file_atomic(data + "/epoch", std::to_string(epoch) + "\n", 0600);
  if (s) s = move_aside(data, aside);
  if (s) s = write_file_atomic(marks.restored(), backup + "\n", 0600);
  if (s && rename(fresh.c_str(), (data + "/ghost.db").c_str()) != 0) {
    s = Error{"io_error", "rename " + fresh, ""};
  }
  if (!s) return s.error();
  const Result<bool> keys_brought = bring_keys(backup, *parts, keys);
  if (!keys_brought) return keys_brought.error();
  s = sync_dir(data);
  if (s && unlink(marks.unfinished().c_str()) != 0) s = Error{"io_error", "restore", ""};
  if (s) s = sync_dir(data);
  if (!s) return s.error();
  std::string told = "restored " + std::to_string(facts->jobs) + " jobs into " + data;
  if (::access(aside.c_str(), F_OK) == 0) told += "; what was there is in " + aside;
  if (*keys_brought) told += "; keys are the backup's";
  return told;
}

Status refuse_half_restored(const std::string& data) {
  const std::string mark = RestoreMarks{data}.unfinished();
  if (::access(mark.c_str(), F_OK) != 0) return ok_status();
  return Error{"bad_config",
               "a restore into " + data + " was not finished (" + mark + "): run it again", ""};
}

}  // namespace ghost::broker
