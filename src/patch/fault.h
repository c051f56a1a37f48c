// What can be wrong with a patch, and what a patch may cost. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ghost::patch {

// A reason why a patch is not applied. `refused` tells a patch that Ghost takes under no base
// (outcome "rejected") from one that does not fit this base ("apply_failed").
struct Fault {
  std::string code;   // stable short name: "bad_path", "hunk_failed", ...
  std::string path;   // file concerned, empty when none
  uint64_t line = 0;  // 1-based line of the patch text (or mutation number), 0 when none
  std::string message;
  bool refused = true;
};

inline Fault refusal(std::string code, std::string path, uint64_t line, std::string message) {
  return {std::move(code), std::move(path), line, std::move(message), true};
}
inline Fault misfit(std::string code, std::string path, uint64_t line, std::string message) {
  return {std::move(code), std::move(path), line, std::move(message), false};
}

// Faults in the order found; the first one is decisive. Past `kFaultsMax` they are only counted.
class Faults {
 public:
  static constexpr size_t kFaultsMax = 100;
  // Always false, so that a failing check reads `return faults.add(...)`.
  bool add(Fault fault) {
    ++count_;
    if (list_.size() < kFaultsMax) list_.push_back(std::move(fault));
    return false;
  }
  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }
  const std::vector<Fault>& list() const { return list_; }

 private:
  std::vector<Fault> list_;
  size_t count_ = 0;
};

struct Limits {
  size_t patch_bytes_max = 32u << 20;
  size_t files_max = 10'000;
  size_t hunks_max = 100'000;
  size_t line_bytes_max = 1u << 20;
  size_t file_bytes_max = 48u << 20;        // one file, before or after
  size_t file_lines_max = 4'000'000;        // one file that hunks are placed in
  size_t touched_bytes_max = 144u << 20;    // all files read and written together
  size_t path_parts_max = 200'000;          // components of all changed paths together
  size_t tolerant_lines_max = 1'000'000;    // lines of one hunk in a tolerant mode
  uint64_t search_steps_max = 400'000'000;  // lines looked at while placing all hunks
};

// What the base's owner allows beyond the defaults.
struct Policy {
  bool allow_gitlinks = false;  // gitlinks (mode 160000) and .gitmodules
};

// Counts down what one job may still cost.
struct Budget {
  uint64_t search_steps_left = 0;
  size_t touched_bytes_left = 0;
  bool take_steps(uint64_t n) {
    if (n > search_steps_left) {
      search_steps_left = 0;
      return false;
    }
    search_steps_left -= n;
    return true;
  }
  bool take_bytes(size_t n) {
    if (n > touched_bytes_left) return false;
    touched_bytes_left -= n;
    return true;
  }
};

}  // namespace ghost::patch
