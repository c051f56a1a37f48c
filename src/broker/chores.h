// What the broker does beside its messages: keeps itself in the registry, writes registry.json,
// answers the service manager's watchdog. One owner, the broker's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/core.h"

namespace ghost::broker {

class Chores {
 public:
  // `registry_path` empty: no file is kept.
  // `done_path`: a file that is to go once a turn was committed; empty: none.
  Chores(const Core& core, wire::Instance self, std::string registry_path, std::string done_path);

  // Events that are due: the broker's own registration.
  std::vector<Event> due(Now now);
  void committed();  // a turn's changes are kept
  void after_turn(Now now);
  MonoMs next_deadline() const;
  // The last words: out of the registry.
  Event leave() const;
  void write_registry(Now now);

 private:
  const Core& core_;
  wire::Instance self_;
  std::string registry_path_, done_path_;
  MonoMs renew_at_ = 0;
  uint64_t written_revision_ = UINT64_MAX;
  MonoMs write_not_before_ = 0;
  std::optional<int64_t> watchdog_ms_;
  MonoMs watchdog_at_ = 0;
};

}  // namespace ghost::broker
