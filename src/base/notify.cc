#include "base/notify.h"

#include <systemd/sd-daemon.h>

namespace ghost::notify {

void ready(const std::vector<std::pair<std::string, std::string>>& addresses) {
  std::string state = "READY=1";
  for (const auto& [name, value] : addresses) state += "\nX_GHOST_" + name + "=" + value;
  sd_notify(0, state.c_str());
}

void stopping() {
  sd_notify(0, "STOPPING=1");
}

void watchdog() {
  sd_notify(0, "WATCHDOG=1");
}

std::optional<int64_t> watchdog_interval_ms() {
  uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) <= 0) return std::nullopt;
  // Half the time allowed, as sd_watchdog_enabled(3) advises.
  return static_cast<int64_t>(limit_us / 2000);
}

}  // namespace ghost::notify
