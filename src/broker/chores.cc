#include "broker/chores.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/fs.h"
#include "base/log.h"
#include "base/notify.h"
#include "broker/crash_point.h"
#include "broker/registry_file.h"

namespace ghost::broker {
namespace {

constexpr int64_t kRegistryWriteEveryMs = 1000;

// From the broker to itself: nobody listens for the answer.
const Peer kSelf{Side::kClients, ""};

}  // namespace

Chores::Chores(const Core& core, wire::Instance self, std::string registry_path,
               std::string done_path)
    : core_(core),
      self_(std::move(self)),
      registry_path_(std::move(registry_path)),
      done_path_(std::move(done_path)),
      watchdog_ms_(notify::watchdog_interval_ms()) {}

std::vector<Event> Chores::due(Now now) {
  if (now.mono < renew_at_) return {};
  renew_at_ = now.mono + static_cast<int64_t>(self_.ttl_ms) / 3;
  return {event::FromClient{kSelf, 0, wire::PutInstance{self_}, {}}};
}

Event Chores::leave() const {
  return event::FromClient{kSelf, 0, wire::DeleteInstance{self_.service, self_.instance}, {}};
}

void Chores::committed() {
  if (!done_path_.empty()) unlink(std::exchange(done_path_, "").c_str());
}

void Chores::after_turn(Now now) {
  if (watchdog_ms_ && now.mono >= watchdog_at_) {
    notify::watchdog();
    watchdog_at_ = now.mono + *watchdog_ms_;
  }
  if (core_.registry_revision() != written_revision_ && now.mono >= write_not_before_) {
    write_registry(now);
  }
}

void Chores::write_registry(Now now) {
  written_revision_ = core_.registry_revision();
  if (registry_path_.empty()) return;
  write_not_before_ = now.mono + kRegistryWriteEveryMs;
  GHOST_CRASH_POINT("registry.begin");
  const Status s =
      write_file_atomic(registry_path_, registry_json(core_.instances({}, now), now.wall));
  GHOST_CRASH_POINT("registry.done");
  if (!s) log::warn("registry.json not written", {{"error", s.error().message}});
}

MonoMs Chores::next_deadline() const {
  MonoMs at = renew_at_;
  if (watchdog_ms_) at = std::min(at, watchdog_at_);
  if (core_.registry_revision() != written_revision_) at = std::min(at, write_not_before_);
  return at;
}

}  // namespace ghost::broker
