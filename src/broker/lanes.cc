#include "broker/lanes.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/planted_bugs.h"

namespace ghost::broker {
namespace {

constexpr const char* kDefaultLane = "default";

}  // namespace

JobRow* TenantQueue::Fifo::front() const {
  if (returned.empty()) return head;
  JobRow* const back_again = returned.begin()->second;
  return head && head->no < back_again->no ? head : back_again;
}

const std::string& LaneTable::tenant_of(const JobRow& row) const {
  return tenants_[queues_[row.queue]->tenant->tenant].name;
}

uint64_t LaneTable::unfinished(const std::string& tenant) const {
  const auto at = tenant_ids_.find(tenant);
  return at == tenant_ids_.end() ? 0 : tenants_[at->second].unfinished;
}

Lane* LaneTable::find(const std::string& name) {
  const auto found = lanes_.find(name);
  return found == lanes_.end() ? nullptr : found->second.get();
}

Lane* LaneTable::make(const std::string& name) {
  if (Lane* lane = find(name)) return lane;
  if (lanes_.size() >= kLanesMax) drop_idle_lane();
  if (lanes_.size() >= kLanesMax) return nullptr;
  auto& lane = lanes_[name] = std::make_unique<Lane>();
  lane->as_set.name = name;
  if (name == kDefaultLane) {
    default_ = lane.get();
    lane->configured = true;
  } else {
    loose_.push_back(lane.get());
  }
  return lane.get();
}

void LaneTable::configure(Lane* lane) {
  if (std::exchange(lane->configured, true)) return;
  std::erase(loose_, lane);
  loose_filled_ -= lane->filled;
}

void LaneTable::drop_idle_lane() {
  for (auto it = lanes_.begin(); it != lanes_.end(); ++it) {
    const Lane& lane = *it->second;
    if (lane.configured || lane.queued != 0 || lane.leased != 0 || !lane.sets.empty()) continue;
    std::erase(loose_, it->second.get());
    lanes_.erase(it);
    return;
  }
}

LaneSet* LaneTable::lane_set(Lane* lane, SetId set) {
  auto& entry = lane->sets[set];
  if (!entry) {
    entry = std::make_unique<LaneSet>();
    entry->lane = lane;
    entry->set = set;
    if (sets_.size() <= set) sets_.resize(set + 1);
  }
  return entry.get();
}

LaneTenant* LaneTable::lane_tenant(Lane* lane, uint32_t tenant) {
  auto& entry = lane->tenants[tenant];
  if (!entry) {
    entry = std::make_unique<LaneTenant>();
    entry->lane = lane;
    entry->tenant = tenant;
    tenants_[tenant].lanes.push_back(entry.get());
  }
  return entry.get();
}

std::optional<QueueId> LaneTable::acquire(const std::string& lane_name, const std::string& tenant,
                                          SetId set) {
  Lane* const lane = make(lane_name);
  if (!lane) return std::nullopt;
  const auto [known, fresh] = tenant_ids_.try_emplace(tenant, 0);
  if (fresh) {
    if (free_tenants_.empty()) {
      free_tenants_.push_back(static_cast<uint32_t>(tenants_.size()));
      tenants_.emplace_back();
    }
    known->second = free_tenants_.back();
    free_tenants_.pop_back();
    tenants_[known->second] = {tenant, 0, 0, {}};
  }
  const uint32_t tenant_id = known->second;
  LaneSet* const in = lane_set(lane, set);
  auto& queue = in->queues[tenant_id];
  if (!queue) {
    queue = std::make_unique<TenantQueue>();
    if (free_queues_.empty()) {
      free_queues_.push_back(static_cast<QueueId>(queues_.size()));
      queues_.push_back(nullptr);
    }
    queue->id = free_queues_.back();
    free_queues_.pop_back();
    queues_[queue->id] = queue.get();
    queue->set = in;
    queue->tenant = lane_tenant(lane, tenant_id);
    queue->tenant->queues.push_back(queue.get());
    ++tenants_[tenant_id].refs;
  }
  ++queue->refs;
  ++tenants_[tenant_id].unfinished;
  return queue->id;
}

void LaneTable::release(QueueId id) {
  TenantQueue* const queue = queues_[id];
  GHOST_CHECK(queue && queue->refs > 0);
  --tenants_[queue->tenant->tenant].unfinished;
  if (--queue->refs > 0) return;
  GHOST_CHECK(queue->count == 0);
  LaneSet* const set = queue->set;
  LaneTenant* const tenant = queue->tenant;
  Lane* const lane = set->lane;
  const uint32_t tenant_id = tenant->tenant;
  queues_[id] = nullptr;
  free_queues_.push_back(id);
  std::erase(tenant->queues, queue);
  if (tenant->queues.empty()) {
    std::erase(tenants_[tenant_id].lanes, tenant);
    lane->tenants.erase(tenant_id);
  }
  set->queues.erase(tenant_id);
  if (set->queues.empty()) lane->sets.erase(set->set);
  if (--tenants_[tenant_id].refs == 0) {
    tenant_ids_.erase(tenants_[tenant_id].name);
    free_tenants_.push_back(tenant_id);
  }
}

void LaneTable::push(JobRow* row) {
  TenantQueue* const queue = queues_[row->queue];
  TenantQueue::Fifo& fifo = queue->fifos[row->priority];
  if (!fifo.tail || row->no > fifo.tail->no) {
    row->link = {fifo.tail, nullptr};
    (fifo.tail ? fifo.tail->link.next : fifo.head) = row;
    fifo.tail = row;
    row->place = Place::kFifo;
  } else {
    fifo.returned.emplace(row->no, row);
    row->place = Place::kReturned;
  }
  queue->filled |= 1u << row->priority;
  if (++queue->count == 1) fill(queue);
}

void LaneTable::remove(JobRow* row) {
  if (row->place == Place::kNowhere) return;
  TenantQueue* const queue = queues_[row->queue];
  TenantQueue::Fifo& fifo = queue->fifos[row->priority];
  if (row->place == Place::kFifo) {
    (row->link.prev ? row->link.prev->link.next : fifo.head) = row->link.next;
    (row->link.next ? row->link.next->link.prev : fifo.tail) = row->link.prev;
    row->link = {nullptr, nullptr};
  } else {
    fifo.returned.erase(row->no);
  }
  row->place = Place::kNowhere;
  if (fifo.empty()) queue->filled &= ~(1u << row->priority);
  if (--queue->count == 0) drain(queue);
}

// The queue holds its first job.
void LaneTable::fill(TenantQueue* queue) {
  LaneTenant* const tenant = queue->tenant;
  if (++tenant->filled == 1) join(tenant);
  LaneSet* const set = queue->set;
  set->rotation.emplace(tenant->turn, queue);
  if (set->rotation.size() > 1) return;
  SetState& state = sets_[set->set];
  state.filled.push_back(set);
  ++set->lane->filled;
  if (!set->lane->configured) ++loose_filled_;
  if (state.ready) make_ready(set);
}

// Who comes back to the share joins at the end, or it could pass others for ever; who is in it has
// one turn, whatever its lanes.
void LaneTable::join(LaneTenant* tenant) {
  tenant->turn = tenant->served = ++turns_;
  for (const LaneTenant* own : tenants_[tenant->tenant].lanes) {
    if (own == tenant || own->filled == 0 || !same_share(*own->lane, *tenant->lane)) continue;
    tenant->turn = own->turn;
    return;
  }
}

// The queue's last job is gone.
void LaneTable::drain(TenantQueue* queue) {
  LaneSet* const set = queue->set;
  --queue->tenant->filled;
  set->rotation.erase(queue->tenant->turn);
  if (!set->rotation.empty()) return;
  std::erase(sets_[set->set].filled, set);
  make_unready(set);
  Lane* const lane = set->lane;
  --lane->filled;
  if (!lane->configured) --loose_filled_;
  // A share that runs empty saves up nothing.
  if (lane->configured && lane != default_ && lane->filled == 0) lane->current = 0;
  const bool of_default = lane == default_ || !lane->configured;
  if (of_default && default_ && default_->filled + loose_filled_ == 0) default_->current = 0;
}

void LaneTable::make_ready(LaneSet* set) {
  if (set->ready_at != SIZE_MAX) return;
  set->ready_at = set->lane->ready.size();
  set->lane->ready.push_back(set);
}

void LaneTable::make_unready(LaneSet* set) {
  if (set->ready_at == SIZE_MAX) return;
  std::vector<LaneSet*>& ready = set->lane->ready;
  ready[set->ready_at] = ready.back();
  ready[set->ready_at]->ready_at = set->ready_at;
  ready.pop_back();
  set->ready_at = SIZE_MAX;
}

void LaneTable::set_ready(SetId set, bool ready) {
  if (sets_.size() <= set) sets_.resize(set + 1);
  SetState& state = sets_[set];
  state.ready = ready;
  for (LaneSet* lane_set : state.filled) ready ? make_ready(lane_set) : make_unready(lane_set);
}

bool LaneTable::same_share(const Lane& a, const Lane& b) const {
  const auto loose = [&](const Lane& lane) { return &lane == default_ || !lane.configured; };
  return &a == &b || (loose(a) && loose(b));
}

template <typename Visit>
void LaneTable::each_lane_of(Lane* share, Visit visit) {
  visit(share);
  if (share != default_) return;
  for (Lane* lane : loose_) visit(lane);
}

// Smooth weighted round robin, as nginx does it: everyone gains its weight, the richest pays all.
Lane* LaneTable::pick_share() {
  Lane* best = nullptr;
  int64_t total = 0;
  const auto may_go = [](const Lane* lane) { return lane->may_go(); };
  for (auto& [name, lane] : lanes_) {
    if (!lane->configured) continue;
    const bool loose_may_go =
        lane.get() == default_ && std::any_of(loose_.begin(), loose_.end(), may_go);
    if (!lane->may_go() && !loose_may_go) continue;
    lane->current += static_cast<int64_t>(lane->as_set.weight);
    total += static_cast<int64_t>(lane->as_set.weight);
    if (!best || lane->current > best->current) best = lane.get();
  }
  if (best) best->current -= total;
  return best;
}

// The one that waits longest for its turn.
LaneTenant* LaneTable::pick_tenant(Lane* share) {
  LaneTenant* best = nullptr;
  each_lane_of(share, [&](Lane* lane) {
    if (!lane->may_go()) return;
    for (const LaneSet* set : lane->ready) {
      LaneTenant* const first = set->rotation.begin()->second->tenant;
      if (!best || first->turn < best->turn) best = first;
    }
  });
  return best;
}

// A tenant's own lanes in a share take turns.
LaneTenant* LaneTable::pick_lane(Lane* share, uint32_t tenant) {
  LaneTenant* best = nullptr;
  for (LaneTenant* own : tenants_[tenant].lanes) {
    Lane* const lane = own->lane;
    if (!same_share(*lane, *share) || !lane->may_go() || (best && own->served > best->served))
      continue;
    const auto can_go = [](const TenantQueue* queue) {
      return queue->count > 0 && queue->set->ready_at != SIZE_MAX;
    };
    if (std::any_of(own->queues.begin(), own->queues.end(), can_go)) best = own;
  }
  return best;
}

JobRow* LaneTable::pick() {
  Lane* const share = pick_share();
  if (!share) return nullptr;
  LaneTenant* const chosen = pick_lane(share, pick_tenant(share)->tenant);
  JobRow* best = nullptr;
  for (const TenantQueue* queue : chosen->queues) {
    if (queue->count == 0 || queue->set->ready_at == SIZE_MAX) continue;
    JobRow* const front = queue->fifos[std::bit_width(queue->filled) - 1].front();
    const bool better = !best || front->priority > best->priority ||
                        (front->priority == best->priority && front->no < best->no);
    if (better) best = front;
  }
  serve(share, chosen);
  return best;
}

// The tenant had its turn: to the end of the rotation, in all of its queues of the share.
void LaneTable::serve(Lane* share, LaneTenant* chosen) {
  const uint64_t turn = planted(Bug::kTenantsStuck) ? chosen->turn : ++turns_;
  chosen->served = turn;
  for (LaneTenant* own : tenants_[chosen->tenant].lanes) {
    if (!same_share(*own->lane, *share)) continue;
    for (TenantQueue* queue : own->queues) {
      if (queue->count == 0) continue;
      auto place = queue->set->rotation.extract(own->turn);
      place.key() = turn;
      queue->set->rotation.insert(queue->set->rotation.end(), std::move(place));
    }
    own->turn = turn;
  }
}

}  // namespace ghost::broker
