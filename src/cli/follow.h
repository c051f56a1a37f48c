// A job's events as they come, without a gap or a repetition over lost connections.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/session.h"

namespace ghost::cli {

struct JobEvent {
  std::string id;      // attempt.stream.offset
  std::string kind;    // state, progress, log, cut, gap, end
  std::string stream;  // state, progress, stdout, stderr; empty for gap and end
  std::string type;    // queued, gate_started, ...
  std::string gate;
  std::string data;  // output bytes
  uint64_t attempt = 0, offset = 0, skipped = 0;
  http::Json raw;  // as the relay sent it
};

struct FollowOptions {
  std::string job;
  std::vector<std::string> streams = {};  // empty: all
  std::string after = {};                 // id of the last event seen
  MonoMs until_ms = 0;                    // 0: as long as it takes
  int64_t patience_ms = 120'000;          // without any word of the relay
  std::function<void()> on_tick = {};     // a few times a second
  // Told once when the connection was lost, and once when it stands again.
  std::function<void(const std::string&)> on_note = {};
};

// Whether trying again may help: the relay or its broker is away, stopping or too busy.
bool passes_by_itself(const Error& error);

enum class FollowEnd { kEnded, kEnough, kTimedOut, kInterrupted };

// Calls `on_event` for every event until the job's last one, or until it returns false.
Result<FollowEnd> follow(Session& session, const FollowOptions& options,
                         const std::function<bool(const JobEvent&)>& on_event);

}  // namespace ghost::cli
