// The runners that the broker knows, and what jobs may require of them. A runner is its instance id
// and its secret; its route is only where to answer. Label sets (what jobs require) know which
// runners fit and which of those are free, in rotation. Pure; one owner, the core.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/lanes.h"

namespace ghost::broker {

using Labels = std::map<std::string, std::string>;

struct Runner {
  RunnerId id = kNone;
  RunnerSettings settings;
  std::string host, version, route;
  Labels labels;
  std::map<std::string, uint64_t> limits;  // for people
  bool registered = false;                 // in this epoch, and did not say goodbye
  bool lost = false;                       // not heard of for a lease's time
  bool draining = false;                   // by its own wish
  bool joined = false;                     // takes joined payloads
  bool resting = false;  // gets nothing until its next heartbeat: it could not take a job
  uint64_t own_slots = 0;
  uint64_t stale_held = 0;    // leases that it works on though they are no longer its own
  uint64_t job_seq = 0;       // of the last RunJobs sent in this session
  uint64_t last_job_seq = 0;  // that it said it saw
  uint64_t turn = 0;          // least: next
  uint64_t dispatched = 0;
  MonoMs last_seen = 0, listed_at = 0;  // lease clock; place in the list of silences
  WallMs last_seen_at = 0;
  std::set<JobNo> leases;
  // Leases that it ended itself, while its heartbeats may still name them; in order.
  std::vector<Token> given_up;
  std::vector<SetId> sets;    // label sets that it fits, while alive
  uint64_t offered_turn = 0;  // under which it stands in the sets' rotation; 0: it does not

  const std::string& instance() const { return settings.instance; }
  uint64_t slots() const { return settings.slots != 0 ? settings.slots : own_slots; }
  uint64_t busy() const { return leases.size() + stale_held; }
  bool alive() const { return registered && !lost; }
  void give_up(Token token) {
    const auto before = std::upper_bound(given_up.begin(), given_up.end(), token);
    given_up.insert(before, token);
  }
  bool leaving() const { return draining || settings.drain; }
  bool can_take() const { return alive() && !leaving() && !resting && busy() < slots(); }
};

// What jobs require, each distinct set of labels once.
struct LabelSet {
  Labels labels;
  uint64_t refs = 0;                  // queues and jobs
  uint64_t waiting = 0;               // QUEUED jobs
  uint64_t idle_since = 0;            // order of becoming unused
  size_t runners = 0;                 // alive ones that fit
  std::map<uint64_t, RunnerId> free;  // by turn
};

class RunnerTable {
 public:
  explicit RunnerTable(LaneTable* lanes);

  Runner* find(const std::string& instance) const;
  Runner* find_route(const std::string& route) const;
  Runner& at(RunnerId id) const { return *runners_[id]; }
  // nullptr: kRunnersMax are known.
  Runner* make(const std::string& instance);
  void forget(Runner* runner);
  void set_route(Runner* runner, const std::string& route);  // empty: none
  const std::map<std::string, RunnerId>& by_instance() const { return by_instance_; }

  // After anything that Runner::can_take or alive() looks at; `labels` when they changed.
  void update(Runner* runner);
  void relabel(Runner* runner, Labels labels);
  // To the end of the rotation.
  void served(Runner* runner);
  uint64_t next_turn() { return ++turns_; }

  // Sets live as long as something refers to them, and a while longer. nullopt: kSetsMax in use.
  std::optional<SetId> acquire_set(const Labels& labels);
  void release_set(SetId id);
  LabelSet& set(SetId id) { return *sets_[id]; }
  const LabelSet& set(SetId id) const { return *sets_[id]; }
  const std::map<std::string, SetId>& sets() const { return set_ids_; }
  Runner* next_free(SetId id) const;
  // The first label that no live runner has; nullptr when each is had by some.
  const std::pair<const std::string, std::string>* missing_label(SetId id) const;
  // Some live runner has all the labels, but its isolation is less than full.
  bool lacks_isolation_only(SetId id) const;
  size_t alive() const { return alive_.size(); }

  static constexpr size_t kRunnersMax = 50'000;
  static constexpr size_t kSetsMax = 16'384;
  static constexpr size_t kIdleSetsMax = 256;

 private:
  void enlist(Runner* runner);
  void delist(Runner* runner);
  void withdraw(Runner* runner);
  void drop_set(SetId id);
  const std::set<RunnerId>& candidates(const Labels& labels) const;

  LaneTable* lanes_;
  std::vector<std::unique_ptr<Runner>> runners_;
  std::vector<RunnerId> free_ids_;
  std::map<std::string, RunnerId> by_instance_;
  std::unordered_map<std::string, RunnerId> by_route_;
  std::set<RunnerId> alive_;
  std::unordered_map<std::string, std::set<RunnerId>> alive_by_label_;

  std::vector<std::unique_ptr<LabelSet>> sets_;
  std::vector<SetId> free_sets_;
  std::map<std::string, SetId> set_ids_;                            // by labels, spelled out
  std::unordered_map<std::string, std::set<SetId>> sets_by_label_;  // by their first label
  std::map<uint64_t, SetId> idle_sets_;
  uint64_t turns_ = 0, idle_counter_ = 0;
};

}  // namespace ghost::broker
