// What the load programs share: latencies of single jobs and one line of JSON at the end. One
// thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace ghost::bench {

inline int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Measure {
 public:
  explicit Measure(size_t jobs) : begin_us_(now_us()) { latencies_us_.reserve(jobs); }
  void done(int64_t sent_us) { latencies_us_.push_back(now_us() - sent_us); }
  size_t count() const { return latencies_us_.size(); }
  // The quantile q of what was done.
  int64_t at(double q) {
    if (latencies_us_.empty()) return 0;
    std::sort(latencies_us_.begin(), latencies_us_.end());
    return latencies_us_[static_cast<size_t>(q * static_cast<double>(count() - 1))];
  }
  void print() {
    const double seconds = static_cast<double>(now_us() - begin_us_) / 1e6;
    std::printf(
        "{\"jobs\": %zu, \"seconds\": %.6f, \"per_s\": %.1f, \"p50_us\": %ld, \"p99_us\": %ld}\n",
        count(), seconds, static_cast<double>(count()) / seconds, at(0.5), at(0.99));
  }

 private:
  int64_t begin_us_;
  std::vector<int64_t> latencies_us_;
};

// program MODE ENDPOINT [NUMBER...]: the numbers, with defaults.
inline int64_t number_arg(int argc, char** argv, int index, int64_t fallback) {
  return index < argc ? std::atoll(argv[index]) : fallback;
}

[[noreturn]] inline void fail(const std::string& message) {
  std::fprintf(stderr, "bench: %s\n", message.c_str());
  std::exit(1);
}

}  // namespace ghost::bench
