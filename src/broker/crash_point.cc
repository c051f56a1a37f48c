#include "broker/crash_point.h"

#ifdef GHOST_CRASH_POINTS
#include <csignal>
#include <cstdlib>
#include <string>

namespace ghost::broker {

void crash_point(const char* name) {
  static const char* wanted = std::getenv("GHOST_CRASH_AT");
  static unsigned long left = 0;
  static std::string wanted_name;
  if (wanted == nullptr) return;
  if (wanted_name.empty()) {
    const std::string text = wanted;
    const size_t colon = text.find(':');
    wanted_name = text.substr(0, colon);
    left = colon == std::string::npos ? 1 : std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  }
  if (wanted_name != name || left == 0) return;
  if (--left == 0) std::raise(SIGKILL);
}

}  // namespace ghost::broker
#endif
