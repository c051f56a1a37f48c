// GHOST_CHECK(condition): ends the program with file and line when a programmer's assumption is
// false. Kept in release builds. Never for what a peer or a person sent: those get an Error.
#pragma once

namespace ghost {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace ghost

#define GHOST_CHECK(condition)                                               \
  do {                                                                       \
    if (!(condition)) ::ghost::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
