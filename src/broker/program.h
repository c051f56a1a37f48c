// The broker as a program: options, start, recovery, loop, stop. main.cc only calls it; tests run
// it in a thread of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/options.h"
#include "base/result.h"

namespace ghost::broker {

struct ProgramOptions {
  std::string data = "./ghost-data/broker";
  std::string clients = "tcp://127.0.0.1:5051";
  std::string runners = "tcp://127.0.0.1:5052";
  std::string keys;       // key folder; empty: keys in the data directory
  std::string advertise;  // host told to others instead of a wildcard; empty: the host's name
  std::string protocols = "file:git:https:ssh";  // of repository URLs
  std::string allow_private;                     // networks in which repositories may be
  std::string store = "sqlite";
  std::string name;     // instance in the registry; empty: broker-HOST
  std::string backups;  // folder of backups; empty: backups in the data directory
  std::string restore;  // a backup: bring it into the data directory, and leave
  int64_t lease_ms = 15'000;
  int64_t heartbeat_ms = 0;  // 0: a third of the lease
  int64_t backoff_ms_min = 1'000, backoff_ms_max = 60'000;
  int64_t queued_jobs_max = 2'000'000;
  int64_t payload_bytes_max = 32 << 20;
  int64_t retention_ms = 7 * 24 * 3600 * 1000ll;
  int64_t retained_jobs_max = 1'000'000;
  int64_t reserve_bytes = 16 << 20;
  int64_t waits_max = 100'000;
  int64_t io_threads = 1;
  std::string log_level = "info", log_format = "text";
  void (*return_free_memory)() = nullptr;  // no option: of the program's heap if it is not glibc's
};

std::string backups_folder(const ProgramOptions& options);
std::string keys_folder(const ProgramOptions& options);

void declare(OptionSet* set, ProgramOptions* options);
// Error code bad_config, naming the option.
Status validate(const ProgramOptions& options);

// Serves until stop_fd is readable. `ready` gets the real endpoints once clients are served. An
// Error: it could not start, or the store failed.
Status run_broker(
    const ProgramOptions& options, int stop_fd,
    const std::function<void(const std::string& clients, const std::string& runners)>& ready);

}  // namespace ghost::broker
