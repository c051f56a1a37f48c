#include "sim/plan.h"

#include <algorithm>

#include "sim/random.h"

namespace ghost::sim {
namespace {

constexpr const char* kNames[kFaultKinds] = {
    "partition", "break",      "pause",      "kill",   "crash_at", "stop",         "disk_full",
    "slow_disk", "disk_error", "clock_step", "backup", "restore",  "move_branches"};

constexpr int64_t kDayMs = 24 * 3600 * 1000;

Fault make_fault(const Plan& plan, FaultKind kind, Random* random) {
  Fault fault;
  fault.kind = kind;
  fault.at = plan.calm_us + random->between(0, plan.faults_us);
  fault.host = static_cast<int>(random->between(0, plan.hosts() - 1));
  fault.length = random->between(50 * kMs, random->one_in(3) ? 40 * kSecond : 4 * kSecond);
  fault.ways = static_cast<int>(random->between(1, 3));
  const int first_runner = 1 + plan.relays;
  switch (kind) {
    case FaultKind::kPartition:
    case FaultKind::kBreak:
      fault.host = static_cast<int>(random->between(1, plan.hosts() - 1));
      break;
    case FaultKind::kCrashAt:
      if (random->chance(60)) fault.host = 0;
      fault.count = random->between(1, 60);
      fault.length = std::min(fault.length, 5 * kSecond);
      break;
    case FaultKind::kKill:
      fault.length = random->between(0, 8 * kSecond);
      break;
    case FaultKind::kPause:
      if (random->chance(30)) fault.host = 0;
      break;
    case FaultKind::kStop:
      fault.host = static_cast<int>(random->between(first_runner, plan.hosts() - 1));
      fault.count = random->between(0, 1);  // 1: at once
      break;
    case FaultKind::kDiskFull:
      if (random->chance(50)) fault.host = 0;
      if (fault.host > 0 && fault.host < first_runner) fault.host = first_runner;
      break;
    case FaultKind::kClockStep:
      fault.host = 0;
      fault.count = random->chance(50) ? kDayMs : -kDayMs;
      fault.length = random->between(kSecond, 60 * kSecond);
      break;
    case FaultKind::kSlowDisk:
    case FaultKind::kDiskError:
    case FaultKind::kBackup:
    case FaultKind::kRestore:
    case FaultKind::kMoveBranches:
      fault.host = 0;
      break;
  }
  return fault;
}

}  // namespace

const char* name_of(FaultKind kind) {
  return kNames[static_cast<int>(kind)];
}

std::string describe(const Fault& f) {
  return std::to_string(f.at / kMs) + " ms: " + name_of(f.kind) + " of host " +
         std::to_string(f.host) + " for " + std::to_string(f.length / kMs) + " ms" +
         (f.count != 0 ? ", count " + std::to_string(f.count) : "") +
         (f.kind == FaultKind::kPartition ? ", ways " + std::to_string(f.ways) : "");
}

Plan make_plan(uint64_t seed) {
  Random random(seed, "plan");
  Plan plan;
  plan.seed = seed;
  plan.relays = static_cast<int>(random.between(1, 2));
  plan.runners = static_cast<int>(random.between(1, 5));
  plan.clients = static_cast<int>(random.between(2, 6));
  plan.jobs_max = static_cast<uint64_t>(random.between(60, 240));
  plan.calm_us = random.chance(50) ? random.between(10, 40) * kSecond : 0;
  plan.faults_us = random.chance(85) ? random.between(20, 90) * kSecond : 0;
  if (plan.calm_us + plan.faults_us == 0) plan.calm_us = 30 * kSecond;
  plan.heal_us = 3000 * kSecond;  // one slot may have hundreds of jobs left
  if (random.chance(30)) {
    plan.turn_messages_max = static_cast<uint64_t>(random.between(2, 12));
    plan.turn_us = random.between(1, 20) * kMs;
    // Far too slow for its load: what is heard of a runner is old news.
    if (random.chance(20)) plan.turn_us = random.between(100, 300) * kMs;
  }
  if (random.chance(15)) plan.retained_jobs_max = static_cast<uint64_t>(random.between(10, 40));
  plan.delay_max = random.chance(20) ? 300 * kMs : 5 * kMs;
  if (random.chance(25)) {
    plan.wild = true;
    plan.drop_percent = static_cast<int>(random.between(0, 5));
    plan.double_percent = static_cast<int>(random.between(0, 5));
    plan.reorder_percent = static_cast<int>(random.between(0, 5));
  }
  // Swarm: each seed has its own few kinds of faults.
  std::vector<FaultKind> kinds;
  for (int k = 0; k < kFaultKinds; ++k) {
    const auto kind = static_cast<FaultKind>(k);
    const int percent = kind == FaultKind::kRestore ? 15 : kind == FaultKind::kBackup ? 30 : 50;
    if (random.chance(percent)) kinds.push_back(kind);
  }
  if (plan.faults_us > 0 && !kinds.empty()) {
    const int64_t count = random.between(2, 14);
    for (int64_t i = 0; i < count; ++i) {
      const auto kind =
          kinds[static_cast<size_t>(random.between(0, static_cast<int64_t>(kinds.size()) - 1))];
      plan.faults.push_back(make_fault(plan, kind, &random));
      if (kind != FaultKind::kRestore) continue;
      // Nothing is restored where nothing was backed up.
      Fault backup = make_fault(plan, FaultKind::kBackup, &random);
      backup.at = random.between(plan.calm_us / 2, plan.faults.back().at);
      plan.faults.push_back(backup);
    }
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return plan;
}

}  // namespace ghost::sim
