// The registry: which instances of which services there are, and which of them are ready. Instances
// stay by renewing themselves within their TTL; one that does not is lost, and after a while
// forgotten. Pure: time is an argument (a monotonic clock for TTLs, wall time for people). One
// owner, one thread; pointers that it gives hold until the next change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "wire/messages.gen.h"

namespace ghost::registry {

struct Options {
  int64_t lost_keep_ms = 3'600'000;  // lost instances are shown so long
  size_t instances_max = 100'000;
  uint64_t first_revision = 1;  // the broker's epoch, so that revisions grow over its restarts
};

class Registry {
 public:
  explicit Registry(const Options& options)
      : options_(options), revision_(options.first_revision) {}

  struct Put {
    const wire::Instance* instance = nullptr;
    bool created = false;
  };
  // Registers or renews. Error codes: bad_field (state lost), rate_limited (instances_max).
  Result<Put> put(const wire::Instance& instance, MonoMs now, WallMs wall);
  // Renews as it is, but with this state. False: not there.
  bool renew(const std::string& service, const std::string& instance, wire::InstanceState state,
             MonoMs now, WallMs wall);
  bool remove(const std::string& service, const std::string& instance);
  // After a restart: as it was, with one full TTL.
  void recover(const wire::Instance& instance, MonoMs now);

  const wire::Instance* find(const std::string& service, const std::string& instance) const;
  // `pattern`: a service, or a prefix that ends in *; empty: everything. By service and instance.
  std::vector<wire::Instance> list(const std::string& pattern, bool ready_only) const;
  // Everything, to write down.
  std::vector<wire::Instance> snapshot() const { return list("", false); }
  // The ready one that was not given out for longest; nullptr: none is ready.
  const wire::Instance* next(const std::string& pattern);

  // Makes lost what was not renewed, forgets what was lost long ago; at most `count_max` of them.
  void expire(MonoMs now, size_t count_max);
  std::optional<MonoMs> next_deadline() const;

  // Grows with every change of membership, state or data; renewals alone change nothing.
  uint64_t revision() const { return revision_; }
  size_t size() const { return size_; }
  std::map<wire::InstanceState, size_t> count_by_state() const { return by_state_; }

 private:
  using Key = std::pair<std::string, std::string>;  // service, instance
  struct Entry {
    wire::Instance instance;
    MonoMs due = 0;     // when it is lost; or forgotten, when it is lost
    MonoMs listed = 0;  // under which it stands in due_, never later than `due`
    uint64_t turn = 0;  // least: next
  };
  struct Service {
    std::map<std::string, Entry> entries;
    std::map<uint64_t, Entry*> ready;  // by turn
  };

  Entry* entry(const std::string& service, const std::string& instance);
  Entry& add(const wire::Instance& instance);
  void set_state(Service* service, Entry* entry, wire::InstanceState state);
  void set_due(Entry* entry, MonoMs due);

  Options options_;
  std::map<std::string, Service> services_;
  std::set<std::pair<MonoMs, Key>> due_;
  std::map<wire::InstanceState, size_t> by_state_;
  size_t size_ = 0;
  uint64_t turns_ = 0, revision_;
};

}  // namespace ghost::registry
