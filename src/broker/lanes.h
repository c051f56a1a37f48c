// The queue: shares by smooth weighted round robin, in a share its tenants in rotation, of a tenant
// the highest priority, then the oldest job. A lane that an operator has set is a share; all others
// are one together with lane `default`, or a tenant would have as many turns as it makes up names.
// Only jobs that some runner could take at this moment are looked at: what a job requires is a
// label set, and sets without a free runner are out of sight. Nothing is scanned: a pick costs the
// lanes and the ready sets of one lane, never the depth. Pure; one owner, the core.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/job_table.h"

namespace ghost::broker {

using SetId = uint32_t;
using QueueId = uint32_t;
inline constexpr int kPriorities = 10;

struct LaneTenant;
struct LaneSet;

struct Lane {
  wire::Lane as_set;        // name, weight, limit, paused
  bool configured = false;  // by an operator: kept though empty, and a share of its own
  uint64_t queued = 0;      // QUEUED jobs, those that wait for something else too
  uint64_t leased = 0;
  int64_t current = 0;          // of smooth weighted round robin
  size_t filled = 0;            // sets that hold jobs
  std::vector<LaneSet*> ready;  // hold a job, and a runner is free for it
  std::unordered_map<SetId, std::unique_ptr<LaneSet>> sets;
  std::unordered_map<uint32_t, std::unique_ptr<LaneTenant>> tenants;

  bool full() const { return as_set.limit != 0 && leased >= as_set.limit; }
  bool may_go() const { return !ready.empty() && !as_set.paused && !full(); }
};

// Jobs of one lane, tenant and label set.
struct TenantQueue {
  QueueId id = kNone;
  LaneSet* set = nullptr;
  LaneTenant* tenant = nullptr;
  uint64_t refs = 0;    // unfinished jobs
  uint64_t count = 0;   // jobs in here, ready to go
  unsigned filled = 0;  // bit by priority
  struct Fifo {
    JobRow *head = nullptr, *tail = nullptr;
    std::map<JobNo, JobRow*> returned;  // came back, older than the tail
    JobRow* front() const;
    bool empty() const { return !head && returned.empty(); }
  };
  std::array<Fifo, kPriorities> fifos;
};

struct LaneSet {
  Lane* lane = nullptr;
  SetId set = kNone;
  size_t ready_at = SIZE_MAX;                 // in lane->ready
  std::map<uint64_t, TenantQueue*> rotation;  // that hold jobs, by the tenant's turn
  std::unordered_map<uint32_t, std::unique_ptr<TenantQueue>> queues;  // by tenant
};

struct LaneTenant {
  Lane* lane = nullptr;
  uint32_t tenant = kNone;
  uint64_t turn = 0;    // least of a share: next
  uint64_t served = 0;  // turn at which it last gave a job: least of a tenant's lanes, next
  size_t filled = 0;    // queues that hold jobs
  std::vector<TenantQueue*> queues;
};

class LaneTable {
 public:
  // Queues live as long as something refers to them. nullopt: lanes_max are in use.
  std::optional<QueueId> acquire(const std::string& lane, const std::string& tenant, SetId set);
  void release(QueueId id);
  const TenantQueue& queue(QueueId id) const { return *queues_[id]; }
  // Every queue, null where there is none.
  const std::vector<TenantQueue*>& queues() const { return queues_; }
  Lane& lane_of(const JobRow& row) { return *queues_[row.queue]->set->lane; }
  SetId set_of(const JobRow& row) const { return queues_[row.queue]->set->set; }
  const std::string& tenant_of(const JobRow& row) const;
  uint64_t unfinished(const std::string& tenant) const;
  // (name, unfinished jobs) of those that have any.
  template <typename Visit>
  void each_tenant(Visit visit) const {
    for (const auto& [name, id] : tenant_ids_) visit(name, tenants_[id].unfinished);
  }

  void push(JobRow* row);
  void remove(JobRow* row);
  // The job whose turn it is among those that a free runner could take; it stays where it is until
  // it is removed. Moves the rotations on.
  JobRow* pick();

  // Whether a runner is free for jobs of this set.
  void set_ready(SetId set, bool ready);

  Lane* find(const std::string& name);
  // Finds or makes. nullptr: lanes_max are in use.
  Lane* make(const std::string& name);
  // An operator has set something of it.
  void configure(Lane* lane);
  const std::map<std::string, std::unique_ptr<Lane>>& lanes() const { return lanes_; }

  static constexpr size_t kLanesMax = 1000;

 private:
  LaneSet* lane_set(Lane* lane, SetId set);
  LaneTenant* lane_tenant(Lane* lane, uint32_t tenant);
  void fill(TenantQueue* queue);
  void drain(TenantQueue* queue);
  void make_ready(LaneSet* set);
  void make_unready(LaneSet* set);
  bool same_share(const Lane& a, const Lane& b) const;
  void join(LaneTenant* tenant);
  template <typename Visit>
  void each_lane_of(Lane* share, Visit visit);
  Lane* pick_share();
  LaneTenant* pick_tenant(Lane* share);
  LaneTenant* pick_lane(Lane* share, uint32_t tenant);
  void serve(Lane* share, LaneTenant* chosen);
  void drop_idle_lane();

  struct Tenant {
    std::string name;
    uint64_t refs = 0;        // queues
    uint64_t unfinished = 0;  // jobs
    std::vector<LaneTenant*> lanes;
  };
  struct SetState {
    bool ready = false;
    std::vector<LaneSet*> filled;  // that hold jobs
  };
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
  std::vector<TenantQueue*> queues_;
  std::vector<QueueId> free_queues_;
  std::unordered_map<std::string, uint32_t> tenant_ids_;
  std::vector<Tenant> tenants_;
  std::vector<uint32_t> free_tenants_;
  std::vector<SetState> sets_;
  uint64_t turns_ = 0;
  Lane* default_ = nullptr;   // leads the share of those below
  std::vector<Lane*> loose_;  // not configured
  size_t loose_filled_ = 0;   // their sets that hold jobs
};

}  // namespace ghost::broker
