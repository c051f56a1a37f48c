// What a simulation consists of: the farm, its load and the faults, all from one seed. A plan can
// be cut down: fewer faults, less load.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/schedule.h"

namespace ghost::sim {

enum class FaultKind {
  kPartition,     // of a host: `ways` 1 to the broker, 2 from it, 3 both
  kBreak,         // a host's connections break
  kPause,         // a process stands still
  kKill,          // a process is gone at once; back after `length`
  kCrashAt,       // a process dies at its `count`-th action from now; back after `length`
  kStop,          // a runner is told to leave, and comes back
  kDiskFull,      // of the broker or of a runner
  kSlowDisk,      // of the broker: one commit takes `length`
  kDiskError,     // of the broker: a commit fails
  kClockStep,     // of the broker: the wall clock jumps by `count` ms
  kBackup,        // of the broker's data
  kRestore,       // the broker stops, its data is replaced by the last backup, it starts
  kMoveBranches,  // somebody else pushes
};
inline constexpr int kFaultKinds = static_cast<int>(FaultKind::kMoveBranches) + 1;
const char* name_of(FaultKind kind);

struct Fault {
  Us at = 0;
  FaultKind kind{};
  int host = 0;  // 0 the broker, then relays, then runners
  Us length = 0;
  int64_t count = 0;
  int ways = 3;
};
std::string describe(const Fault& fault);

struct Plan {
  uint64_t seed = 0;
  int relays = 2, runners = 3, clients = 4;
  uint64_t jobs_max = 120;  // submissions
  Us calm_us = 0;           // at the beginning, under load
  Us faults_us = 0;         // then faults
  Us heal_us = 0;           // and then everything must come to its end
  int64_t lease_ms = 15'000, heartbeat_ms = 5'000;
  uint64_t turn_messages_max = 4096;
  Us turn_us = 20;  // so long takes a turn of the broker
  uint64_t retained_jobs_max = 1'000'000;
  bool wild = false;  // the network loses, doubles and reorders single messages
  int drop_percent = 0, double_percent = 0, reorder_percent = 0;
  Us delay_max = 5 * kMs;
  std::vector<Fault> faults;

  int hosts() const { return 1 + relays + runners; }
};
Plan make_plan(uint64_t seed);

}  // namespace ghost::sim
