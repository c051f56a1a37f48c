// GHOST_CRASH_POINT("name"): where a torture test kills the broker, with the state of the moment.
// Nothing unless built with -DGHOST_CRASH_POINTS; then GHOST_CRASH_AT=name:count in the
// environment raises SIGKILL at the count-th passing. Main thread only.
#pragma once

#ifdef GHOST_CRASH_POINTS
namespace ghost::broker {
void crash_point(const char* name);
}
#define GHOST_CRASH_POINT(name) ::ghost::broker::crash_point(name)
#else
#define GHOST_CRASH_POINT(name) ((void)0)
#endif
