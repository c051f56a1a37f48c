// A history: what observers of a farm saw, in the order in which it happened. Written as JSON
// lines by the simulator and by tests with real processes, judged by checker.h. README.md in this
// folder says what each line means. Plain values. Nothing here or in the checkers uses code of the
// programs under test.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <istream>
#include <map>
#include <string>
#include <vector>

namespace history {

struct Lease {  // fencing token: "epoch.n" on a line
  uint64_t epoch = 0, n = 0;
  auto operator<=>(const Lease&) const = default;
  explicit operator bool() const { return epoch != 0; }
};
std::string to_string(const Lease& lease);

enum class Kind {
  kConfig,      // lease_ms, heartbeat_ms, backoff_ms, grace_ms, idle_ms
  kSubmit,      // op tenant key job req needs labels lane max not_before deadline retry_of
  kSubmitted,   // op status job state code
  kCancel,      // op job
  kCancelled,   // op status job state version
  kRead,        // op job
  kShown,       // op job status state version outcome digest
  kRunner,      // runner ready slots labels
  kGot,         // runner job lease req attempt
  kStart,       // runner job lease req
  kBase,        // runner job lease commit
  kGranted,     // runner job lease commit
  kDeliver,     // runner job lease commit
  kAlive,       // runner job lease
  kEnd,         // runner job lease outcome log
  kResult,      // runner job lease outcome digest
  kResultAck,   // runner job lease status
  kHeard,       // runner what lease held ready
  kUnsent,      // lease
  kBroker,      // what epoch
  kBackup,      // what
  kRestore,     // what
  kKept,        // job state version attempt lease runner flag delivering commit outcome wall
                // and on the first line of a job: tenant key req
  kKeptResult,  // job digest log
  kForgotten,   // job
  kLane,        // lane paused limit
  kFault,       // what
  kCalm,        //
  kDone,        // all
  kFinal,       // job tenant key req state version lease outcome digest log
};

struct Event {
  Kind kind{};
  int64_t t = 0;  // microseconds, monotonic, never falling
  uint64_t op = 0;
  std::string job, runner, tenant, key, req, lane, status, state, outcome, code, digest, commit;
  std::string what, retry_of;
  Lease lease;
  uint64_t version = 0, attempt = 0, slots = 0, max = 0, limit = 0, epoch = 0;
  int64_t log = -1;                                // bytes; -1: not known
  int64_t wall = 0, not_before = 0, deadline = 0;  // wall clock, milliseconds
  bool ready = false, flag = false, delivering = false, paused = false, all = false;
  int64_t lease_ms = 0, heartbeat_ms = 0, backoff_ms = 0, grace_ms = 0, idle_ms = 0;
  std::vector<std::string> needs;
  std::map<std::string, std::string> labels;
  std::vector<Lease> held;
};

inline bool is_terminal(const std::string& state) {
  return !state.empty() && state != "QUEUED" && state != "LEASED";
}

// One line without its newline. Fields that are empty are left out.
std::string print(const Event& event);
// Empty on success, else what is wrong with the line. Unknown fields are ignored.
std::string parse(const std::string& line, Event* out);
// Calls `take` for every line; empty on success, else "line 7: ...".
std::string read(std::istream& in, const std::function<void(const Event&)>& take);

}  // namespace history
