// What each tenant may submit: how often, and how large. How many jobs it has unfinished the lanes
// know. Empty as long as no tenant has a limit, and then asked nothing. Pure; one owner, the core.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "base/rate_bucket.h"
#include "wire/messages.gen.h"

namespace ghost::broker {

class Quotas {
 public:
  bool empty() const { return entries_.empty(); }
  // Limits that are all 0 end what was set.
  void set(const wire::Tenant& limits);

  // An error code of a submission that is one too many: rate_limited, quota_exceeded,
  // payload_quota. Empty: it may come, and is counted.
  struct Refusal {
    std::string code, detail;
    uint64_t retry_after_ms = 0;
  };
  Refusal take(const std::string& tenant, uint64_t payload_bytes, uint64_t unfinished, MonoMs now);

  const wire::Tenant* find(const std::string& tenant) const;
  std::map<std::string, wire::Tenant> all() const;

 private:
  struct Entry {
    wire::Tenant limits;
    RateBucket rate;
  };
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace ghost::broker
