#include "broker/quotas.h"

namespace ghost::broker {
namespace {

constexpr uint64_t kFullRetryMs = 1000;  // a job of the tenant may end at any time

}  // namespace

void Quotas::set(const wire::Tenant& limits) {
  if (limits.rate == 0 && limits.in_flight == 0 && limits.payload_bytes == 0) {
    entries_.erase(limits.name);
    return;
  }
  const auto [entry, fresh] = entries_.try_emplace(limits.name);
  if (fresh || entry->second.limits.rate != limits.rate) {
    entry->second.rate = RateBucket(limits.rate);
  }
  entry->second.limits = limits;
}

Quotas::Refusal Quotas::take(const std::string& tenant, uint64_t payload_bytes, uint64_t unfinished,
                             MonoMs now) {
  const auto at = entries_.find(tenant);
  if (at == entries_.end()) return {};
  const wire::Tenant& limits = at->second.limits;
  if (limits.payload_bytes != 0 && payload_bytes > limits.payload_bytes) {
    return {"payload_quota", "the request has " + std::to_string(payload_bytes) +
                                 " bytes, the tenant may send " +
                                 std::to_string(limits.payload_bytes)};
  }
  if (limits.in_flight != 0 && unfinished >= limits.in_flight) {
    return {"quota_exceeded",
            "the tenant has " + std::to_string(unfinished) + " unfinished jobs and may have " +
                std::to_string(limits.in_flight),
            kFullRetryMs};
  }
  if (at->second.rate.take(now)) return {};
  return {"rate_limited", "the tenant may submit " + std::to_string(limits.rate) + " jobs a minute",
          static_cast<uint64_t>(at->second.rate.ms_until_one(now))};
}

const wire::Tenant* Quotas::find(const std::string& tenant) const {
  const auto at = entries_.find(tenant);
  return at == entries_.end() ? nullptr : &at->second.limits;
}

std::map<std::string, wire::Tenant> Quotas::all() const {
  std::map<std::string, wire::Tenant> out;
  for (const auto& [name, entry] : entries_) out.emplace(name, entry.limits);
  return out;
}

}  // namespace ghost::broker
