// Words to the service manager behind NOTIFY_SOCKET (systemd, or `ghost up`): see sd_notify(3).
// Without that variable they do nothing. Any thread. Owner of libsystemd.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghost::notify {

// READY=1 and, in the same datagram, one line `X_GHOST_<NAME>=<value>` for each address:
// ready({{"CLIENTS", "tcp://127.0.0.1:5051"}}).
void ready(const std::vector<std::pair<std::string, std::string>>& addresses);
void stopping();
void watchdog();
// How often watchdog() must be called at least; nullopt: nobody watches.
std::optional<int64_t> watchdog_interval_ms();

}  // namespace ghost::notify
