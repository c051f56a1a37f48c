#include <cstddef>

#include "runner_worker/launcher.h"

// GHOST_LAUNCHER_PATH is the built launcher program.
asm(".section .rodata\n"
    ".balign 16\n"
    "ghost_launcher_begin:\n"
    ".incbin \"" GHOST_LAUNCHER_PATH
    "\"\n"
    "ghost_launcher_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char ghost_launcher_begin[];
extern const char ghost_launcher_end[];
}

namespace ghost::runner {

std::string_view launcher_image() {
  return {ghost_launcher_begin, static_cast<size_t>(ghost_launcher_end - ghost_launcher_begin)};
}

}  // namespace ghost::runner
