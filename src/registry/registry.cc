#include "registry/registry.h"

#include <algorithm>

namespace ghost::registry {
namespace {

using wire::Instance;
using wire::InstanceState;

// Of a map by service name, those that the pattern names.
template <typename Map>
auto matching(Map& services, const std::string& pattern) {
  using Iterator = decltype(services.begin());
  if (pattern.empty()) return std::pair<Iterator, Iterator>(services.begin(), services.end());
  if (pattern.back() != '*') {
    const Iterator found = services.find(pattern);
    return std::pair<Iterator, Iterator>(found, found == services.end() ? found : std::next(found));
  }
  const std::string prefix = pattern.substr(0, pattern.size() - 1);
  const Iterator first = services.lower_bound(prefix);
  Iterator last = first;
  while (last != services.end() && last->first.starts_with(prefix)) ++last;
  return std::pair<Iterator, Iterator>(first, last);
}

bool same_data(const Instance& a, const Instance& b) {
  return a.host == b.host && a.endpoints == b.endpoints && a.labels == b.labels &&
         a.capacity == b.capacity && a.version == b.version && a.ttl_ms == b.ttl_ms;
}

}  // namespace

Registry::Entry* Registry::entry(const std::string& service, const std::string& instance) {
  const auto of = services_.find(service);
  if (of == services_.end()) return nullptr;
  const auto found = of->second.entries.find(instance);
  return found == of->second.entries.end() ? nullptr : &found->second;
}

Registry::Entry& Registry::add(const Instance& instance) {
  Service& service = services_[instance.service];
  Entry& entry = service.entries[instance.instance];
  entry.instance = instance;
  entry.turn = ++turns_;
  if (instance.state == InstanceState::kReady) service.ready[entry.turn] = &entry;
  ++by_state_[instance.state];
  ++size_;
  ++revision_;
  return entry;
}

void Registry::set_state(Service* service, Entry* entry, InstanceState state) {
  if (entry->instance.state == state) return;
  --by_state_[entry->instance.state];
  ++by_state_[state];
  if (entry->instance.state == InstanceState::kReady) service->ready.erase(entry->turn);
  if (state == InstanceState::kReady) {
    entry->turn = ++turns_;
    service->ready[entry->turn] = entry;
  }
  entry->instance.state = state;
  ++revision_;
}

// Later ones are not moved in the list: they are looked at when their old time comes.
void Registry::set_due(Entry* entry, MonoMs due) {
  entry->due = due;
  if (entry->listed != 0 && entry->listed <= due) return;
  const Key key{entry->instance.service, entry->instance.instance};
  if (entry->listed != 0) due_.erase({entry->listed, key});
  entry->listed = std::max<MonoMs>(due, 1);
  due_.insert({entry->listed, key});
}

Result<Registry::Put> Registry::put(const Instance& instance, MonoMs now, WallMs wall) {
  if (instance.state == InstanceState::kLost) {
    return Error{"bad_field", "instance.state: lost is set by the registry alone",
                 "instance.state"};
  }
  Entry* known = entry(instance.service, instance.instance);
  if (!known && size_ >= options_.instances_max) {
    return Error{"rate_limited",
                 "the registry holds " + std::to_string(size_) + " instances and takes no more",
                 ""};
  }
  const bool created = !known;
  if (known) {
    set_state(&services_[instance.service], known, instance.state);
    if (!same_data(known->instance, instance)) ++revision_;
    const auto registered_at = known->instance.registered_at;
    known->instance = instance;
    known->instance.registered_at = registered_at;
  } else {
    known = &add(instance);
    known->instance.registered_at = wall;
  }
  known->instance.last_seen_at = wall;
  set_due(known, now + static_cast<MonoMs>(instance.ttl_ms));
  return Put{&known->instance, created};
}

bool Registry::renew(const std::string& service, const std::string& instance, InstanceState state,
                     MonoMs now, WallMs wall) {
  Entry* const known = entry(service, instance);
  if (!known) return false;
  set_state(&services_[service], known, state);
  known->instance.last_seen_at = wall;
  set_due(known, now + static_cast<MonoMs>(known->instance.ttl_ms));
  return true;
}

bool Registry::remove(const std::string& service, const std::string& instance) {
  const auto of = services_.find(service);
  if (of == services_.end()) return false;
  const auto found = of->second.entries.find(instance);
  if (found == of->second.entries.end()) return false;
  Entry& gone = found->second;
  if (gone.instance.state == InstanceState::kReady) of->second.ready.erase(gone.turn);
  --by_state_[gone.instance.state];
  if (gone.listed != 0) due_.erase({gone.listed, {service, instance}});
  of->second.entries.erase(found);
  if (of->second.entries.empty()) services_.erase(of);
  --size_;
  ++revision_;
  return true;
}

void Registry::recover(const Instance& instance, MonoMs now) {
  if (size_ >= options_.instances_max || entry(instance.service, instance.instance)) return;
  Entry& back = add(instance);
  set_due(&back, now + static_cast<MonoMs>(instance.ttl_ms));
}

const Instance* Registry::find(const std::string& service, const std::string& instance) const {
  const Entry* known = const_cast<Registry*>(this)->entry(service, instance);
  return known ? &known->instance : nullptr;
}

std::vector<Instance> Registry::list(const std::string& pattern, bool ready_only) const {
  std::vector<Instance> out;
  const auto [first, last] = matching(services_, pattern);
  for (auto service = first; service != last; ++service) {
    for (const auto& [name, entry] : service->second.entries) {
      if (ready_only && entry.instance.state != InstanceState::kReady) continue;
      out.push_back(entry.instance);
    }
  }
  return out;
}

const Instance* Registry::next(const std::string& pattern) {
  Service* from = nullptr;
  const auto [first, last] = matching(services_, pattern);
  for (auto service = first; service != last; ++service) {
    const auto& ready = service->second.ready;
    if (ready.empty()) continue;
    if (!from || ready.begin()->first < from->ready.begin()->first) from = &service->second;
  }
  if (!from) return nullptr;
  Entry* const chosen = from->ready.begin()->second;
  from->ready.erase(from->ready.begin());
  chosen->turn = ++turns_;
  from->ready[chosen->turn] = chosen;
  return &chosen->instance;
}

void Registry::expire(MonoMs now, size_t count_max) {
  for (; count_max > 0 && !due_.empty() && due_.begin()->first <= now; --count_max) {
    const Key key = due_.begin()->second;
    due_.erase(due_.begin());
    Entry* const at = entry(key.first, key.second);
    at->listed = 0;
    if (at->due > now) {
      set_due(at, at->due);
    } else if (at->instance.state != InstanceState::kLost) {
      set_state(&services_[key.first], at, InstanceState::kLost);
      set_due(at, now + options_.lost_keep_ms);
    } else {
      remove(key.first, key.second);
    }
  }
}

std::optional<MonoMs> Registry::next_deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

}  // namespace ghost::registry
