// How well a runner keeps gates in their box: its label "isolation", which the runner sets itself,
// and what a job may ask for under the same name in `requires`. A job is only given to runners of
// that level or a better one; a job that does not ask wants "full". A runner without the label says
// nothing of it and gets only jobs that do not ask. Values; any thread.
#pragma once

#include <array>
#include <string_view>

namespace ghost::wire {

inline constexpr const char* kIsolationLabel = "isolation";
// Worst first: system call filter and limits; those, and Landlock; namespaces and all.
inline constexpr std::array<const char*, 3> kIsolationLevels = {"none", "plain", "full"};

// -1: no level.
constexpr int isolation_rank(std::string_view level) {
  for (int rank = 0; rank < static_cast<int>(kIsolationLevels.size()); ++rank) {
    if (level == kIsolationLevels[static_cast<size_t>(rank)]) return rank;
  }
  return -1;
}

}  // namespace ghost::wire
