// Known bugs that only tests can switch on, to show that their checkers catch them. In a program
// this is nothing: `planted` is a constant false. Built with GHOST_PLANTED_BUGS, one bug at a time
// is active: what a test sets, or what GHOST_PLANTED_BUG in the environment of a program names.
// Single-threaded.
#pragma once

#ifdef GHOST_PLANTED_BUGS
#include <cstdlib>
#include <string_view>
#endif

namespace ghost {

enum class Bug {
  kNoBug,
  kNoTokenCheck,         // any fencing token of the holder is good enough
  kTwoResults,           // a terminal job takes another result
  kLostRequeue,          // an expired lease leaves the job leased for ever
  kKeyNotUnique,         // idempotency keys are not looked up
  kCreditLeak,           // slots are not looked at
  kEarlyExpiry,          // leases expire though input was not drained
  kCancelTooEarly,       // cancelled as soon as asked for, while the sandbox still runs
  kGrantToFlagged,       // a cancelled job is granted delivery
  kGrantToAnyone,        // a delivery grant needs no current lease
  kResultNotKept,        // a result is acknowledged and not written
  kJobNotKept,           // an accepted job is acknowledged and not written
  kDispatchNotKept,      // a fencing token is sent and not written
  kRotationStuck,        // the first free runner gets everything
  kTenantsStuck,         // the first tenant's jobs go before all others
  kDependencyIgnored,    // a job does not wait for its dependencies
  kStallNotCounted,      // leases run on while the broker stood still
  kAckBeforeCommit,      // answers leave before what they say is committed
  kNewsBeforeCommit,     // ends of jobs are told before they are committed
  kEpochAgain,           // a start of the broker takes the epoch of the one before
  kDependentsForgotten,  // who waits for a job is not told that it ended
  kConfirmTooEarly,      // a runner confirms a cancel while the sandbox still runs
  kGrantUnasked,         // a runner grants deliveries itself
};

#ifdef GHOST_PLANTED_BUGS
// Those that clients of real processes can notice (tests/torture).
inline Bug bug_of_environment() {
  const char* set = std::getenv("GHOST_PLANTED_BUG");
  const std::string_view name = set != nullptr ? set : "";
  if (name == "job_not_kept") return Bug::kJobNotKept;
  if (name == "result_not_kept") return Bug::kResultNotKept;
  if (name == "key_not_unique") return Bug::kKeyNotUnique;
  return Bug::kNoBug;
}
inline Bug active_bug = bug_of_environment();
inline bool planted(Bug bug) {
  return active_bug == bug;
}
#else
constexpr bool planted(Bug) {
  return false;
}
#endif

}  // namespace ghost
