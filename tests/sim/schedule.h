// Simulated time and what is to happen when: the one loop of a simulation. Microseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace ghost::sim {

using Us = int64_t;
inline constexpr Us kMs = 1000, kSecond = 1'000'000;

class Schedule {
 public:
  Us now() const { return now_; }
  void at(Us when, std::function<void()> what) {
    queue_.push({when < now_ ? now_ : when, ++count_, std::move(what)});
  }
  void after(Us wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }
  // The next thing that is due up to `until`; false: there is none, and it is `until` now.
  bool run_one(Us until) {
    if (queue_.empty() || queue_.top().when > until) {
      now_ = until;
      return false;
    }
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    now_ = entry.when;
    entry.what();
    return true;
  }
  uint64_t count() const { return count_; }

 private:
  struct Entry {
    Us when;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Entry& o) const {
      return when != o.when ? when > o.when : order > o.order;  // the queue gives the greatest
    }
  };
  std::priority_queue<Entry> queue_;
  uint64_t count_ = 0;
  Us now_ = kSecond;
};

}  // namespace ghost::sim
