// Two clocks that must not be mixed up. Monotonic time is for leases, heartbeats and timeouts; wall
// time is for people, deadlines and notBefore. Both in whole milliseconds. Cores take them as
// arguments.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ghost {

using MonoMs = int64_t;  // CLOCK_MONOTONIC, milliseconds
using WallMs = int64_t;  // since 1970-01-01T00:00:00Z, milliseconds

MonoMs mono_now_ms();
WallMs wall_now_ms();

// "2026-01-31T09:05:00.123Z" (RFC 3339, always UTC and milliseconds; years 0 to 9999).
std::string format_rfc3339(WallMs t);
// Accepts any RFC 3339 date-time with an offset; error code "bad_field".
Result<WallMs> parse_rfc3339(const std::string& text);

}  // namespace ghost
