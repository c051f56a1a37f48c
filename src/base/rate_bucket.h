// Calls a minute as a bucket that holds a minute's worth and fills evenly. A value; one owner.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace ghost {

class RateBucket {
 public:
  // 0: no limit. At most 1,000,000.
  explicit RateBucket(uint64_t per_minute = 0) : rate_(static_cast<int64_t>(per_minute)) {}

  // Takes one; false: there is none.
  bool take(MonoMs now) {
    if (rate_ == 0) return true;
    if (over(now) > 0) return false;
    full_at_ = std::max(full_at_, now * rate_) + kMinuteMs;
    return true;
  }
  uint64_t limit() const { return static_cast<uint64_t>(rate_); }
  uint64_t left(MonoMs now) const {
    return static_cast<uint64_t>(std::max<int64_t>(0, kMinuteMs * rate_ - missing(now)) /
                                 kMinuteMs);
  }
  int64_t ms_until_one(MonoMs now) const {
    return rate_ == 0 ? 0 : up(std::max<int64_t>(0, over(now)));
  }
  int64_t ms_until_full(MonoMs now) const { return rate_ == 0 ? 0 : up(missing(now)); }

 private:
  static constexpr int64_t kMinuteMs = 60'000;
  // Times are in units of ms/rate, so that no rate loses anything to rounding: one call is worth
  // kMinuteMs of them.
  int64_t missing(MonoMs now) const { return std::max<int64_t>(0, full_at_ - now * rate_); }
  int64_t over(MonoMs now) const { return missing(now) + kMinuteMs - kMinuteMs * rate_; }
  int64_t up(int64_t units) const { return (units + rate_ - 1) / rate_; }

  int64_t rate_;
  int64_t full_at_ = 0;  // when it will be full again
};

}  // namespace ghost
