// What was just submitted and has not been sent to a runner yet: spec and request, so that a
// dispatch soon after the submission does not read the store. Bounded in bytes; the oldest go
// first. One owner, one thread.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>

#include "broker/store.h"

namespace ghost::broker {

class FreshJobs {
 public:
  explicit FreshJobs(size_t bytes_max) : bytes_max_(bytes_max) {}

  // `soon`: it is sent once this turn is kept. Those that wait get no more than a quarter of the
  // room: it may be long until one of them is asked for.
  void put(JobNo no, DispatchRow row, bool soon) {
    const size_t size = cost(row);
    if (size > bytes_max_ / 4 || (!soon && bytes_ + size > bytes_max_ / 4)) return;
    while (bytes_ + size > bytes_max_ && !order_.empty()) {
      take(order_.front());
      order_.pop_front();
    }
    if (rows_.try_emplace(no, std::move(row)).second) {
      order_.push_back(no);
      bytes_ += size;
    }
  }
  std::optional<DispatchRow> take(JobNo no) {
    const auto at = rows_.find(no);
    if (at == rows_.end()) return std::nullopt;
    std::optional<DispatchRow> row(std::move(at->second));
    bytes_ -= cost(*row);
    rows_.erase(at);
    // Numbers of rows that were taken stay in line until the line is mostly theirs.
    if (order_.size() > 2 * rows_.size() + 1024) {
      std::erase_if(order_, [&](JobNo n) { return !rows_.contains(n); });
    }
    return row;
  }

 private:
  static size_t cost(const DispatchRow& row) { return row.request->size() + 1024; }
  size_t bytes_max_;
  size_t bytes_ = 0;
  std::unordered_map<JobNo, DispatchRow> rows_;
  std::deque<JobNo> order_;
};

}  // namespace ghost::broker
