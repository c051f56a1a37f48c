#include "broker/runners_table.h"

#include <algorithm>

#include "base/check.h"
#include "wire/isolation.h"

namespace ghost::broker {
namespace {

void spell(const std::string& part, std::string* out) {
  out->append(std::to_string(part.size()));
  out->push_back(':');
  out->append(part);
}
std::string spelled(const std::string& label, const std::string& value) {
  std::string out;
  spell(label, &out);
  spell(value, &out);
  return out;
}
std::string spelled(const Labels& labels) {
  std::string out;
  for (const auto& [label, value] : labels) {
    spell(label, &out);
    spell(value, &out);
  }
  return out;
}

// The keys of all that a runner of these labels can be asked for: who gives a level of isolation
// gives the lesser ones.
template <class Visit>
void for_each_key(const Labels& labels, Visit visit) {
  for (const auto& [label, value] : labels) {
    visit(spelled(label, value));
    if (label != wire::kIsolationLabel) continue;
    for (int rank = 0; rank < wire::isolation_rank(value); ++rank) {
      visit(spelled(label, wire::kIsolationLevels[static_cast<size_t>(rank)]));
    }
  }
}

bool gives(const std::string& label, const std::string& has, const std::string& want) {
  if (label != wire::kIsolationLabel || wire::isolation_rank(want) < 0) return has == want;
  return wire::isolation_rank(has) >= wire::isolation_rank(want);
}

bool has_all(const Labels& required, const Labels& has) {
  return std::all_of(required.begin(), required.end(), [&](const auto& want) {
    const auto found = has.find(want.first);
    return found != has.end() && gives(want.first, found->second, want.second);
  });
}

bool fits(const Labels& required, const Labels& has) {
  const auto isolation = has.find(wire::kIsolationLabel);
  // Who does not ask for less wants the best.
  if (isolation != has.end() && !required.contains(wire::kIsolationLabel) &&
      wire::isolation_rank(isolation->second) >= 0 &&
      wire::isolation_rank(isolation->second) < wire::isolation_rank("full")) {
    return false;
  }
  return has_all(required, has);
}

}  // namespace

RunnerTable::RunnerTable(LaneTable* lanes) : lanes_(lanes) {}

Runner* RunnerTable::find(const std::string& instance) const {
  const auto found = by_instance_.find(instance);
  return found == by_instance_.end() ? nullptr : runners_[found->second].get();
}

Runner* RunnerTable::find_route(const std::string& route) const {
  const auto found = by_route_.find(route);
  return found == by_route_.end() ? nullptr : runners_[found->second].get();
}

Runner* RunnerTable::make(const std::string& instance) {
  if (Runner* known = find(instance)) return known;
  if (by_instance_.size() >= kRunnersMax) return nullptr;
  if (free_ids_.empty()) {
    free_ids_.push_back(static_cast<RunnerId>(runners_.size()));
    runners_.emplace_back();
  }
  auto runner = std::make_unique<Runner>();
  runner->id = free_ids_.back();
  free_ids_.pop_back();
  runner->settings.instance = instance;
  by_instance_[instance] = runner->id;
  return (runners_[runner->id] = std::move(runner)).get();
}

void RunnerTable::forget(Runner* runner) {
  GHOST_CHECK(runner->leases.empty());
  runner->registered = false;
  update(runner);
  set_route(runner, "");
  const RunnerId id = runner->id;
  by_instance_.erase(runner->instance());
  runners_[id].reset();
  free_ids_.push_back(id);
}

void RunnerTable::set_route(Runner* runner, const std::string& route) {
  if (runner->route == route) return;
  if (!runner->route.empty()) by_route_.erase(runner->route);
  runner->route = route;
  if (!route.empty()) by_route_[route] = runner->id;
}

void RunnerTable::update(Runner* runner) {
  const bool listed = alive_.contains(runner->id);
  if (listed != runner->alive()) listed ? delist(runner) : enlist(runner);
  const uint64_t turn = runner->can_take() ? runner->turn : 0;
  if (turn == runner->offered_turn) return;
  // Both at once, so that a set with this free runner alone is never seen without one.
  for (const SetId id : runner->sets) {
    auto& free = sets_[id]->free;
    const bool before = !free.empty();
    if (auto place = free.extract(runner->offered_turn); place && turn != 0) {
      place.key() = turn;  // its new turn is the last
      free.insert(free.end(), std::move(place));
    } else if (turn != 0) {
      free.emplace_hint(free.end(), turn, runner->id);
    }
    if (before != !free.empty()) lanes_->set_ready(id, !before);
  }
  runner->offered_turn = turn;
}

void RunnerTable::relabel(Runner* runner, Labels labels) {
  if (labels == runner->labels) return;
  const bool listed = alive_.contains(runner->id);
  if (listed) delist(runner);
  runner->labels = std::move(labels);
  if (listed) enlist(runner);
  update(runner);
}

void RunnerTable::served(Runner* runner) {
  runner->turn = next_turn();
  update(runner);
}

// Out of the rotation of every set, before the list of its sets changes.
void RunnerTable::withdraw(Runner* runner) {
  if (runner->offered_turn == 0) return;
  for (const SetId id : runner->sets) {
    auto& free = sets_[id]->free;
    free.erase(runner->offered_turn);
    if (free.empty()) lanes_->set_ready(id, false);
  }
  runner->offered_turn = 0;
}

void RunnerTable::enlist(Runner* runner) {
  alive_.insert(runner->id);
  runner->sets.clear();
  const auto take = [&](SetId id) {
    if (!fits(sets_[id]->labels, runner->labels)) return;
    runner->sets.push_back(id);
    ++sets_[id]->runners;
  };
  if (const auto any = set_ids_.find(""); any != set_ids_.end()) take(any->second);
  for_each_key(runner->labels, [&](const std::string& key) {
    alive_by_label_[key].insert(runner->id);
    if (const auto sets = sets_by_label_.find(key); sets != sets_by_label_.end()) {
      for (const SetId id : sets->second) take(id);
    }
  });
}

void RunnerTable::delist(Runner* runner) {
  withdraw(runner);
  alive_.erase(runner->id);
  for (const SetId id : runner->sets) --sets_[id]->runners;
  runner->sets.clear();
  for_each_key(runner->labels, [&](const std::string& key) {
    const auto with = alive_by_label_.find(key);
    with->second.erase(runner->id);
    if (with->second.empty()) alive_by_label_.erase(with);
  });
}

// Few runners among which all that fit are.
const std::set<RunnerId>& RunnerTable::candidates(const Labels& labels) const {
  static const std::set<RunnerId> kNobody;
  const std::set<RunnerId>* fewest = &alive_;
  for (const auto& [label, value] : labels) {
    const auto with = alive_by_label_.find(spelled(label, value));
    if (with == alive_by_label_.end()) return kNobody;
    if (with->second.size() < fewest->size()) fewest = &with->second;
  }
  return *fewest;
}

std::optional<SetId> RunnerTable::acquire_set(const Labels& labels) {
  const std::string key = spelled(labels);
  if (const auto known = set_ids_.find(key); known != set_ids_.end()) {
    LabelSet& set = *sets_[known->second];
    if (set.refs++ == 0) idle_sets_.erase(set.idle_since);
    return known->second;
  }
  if (set_ids_.size() >= kSetsMax + kIdleSetsMax) return std::nullopt;
  if (free_sets_.empty()) {
    free_sets_.push_back(static_cast<SetId>(sets_.size()));
    sets_.emplace_back();
  }
  const SetId id = free_sets_.back();
  free_sets_.pop_back();
  sets_[id] = std::make_unique<LabelSet>();
  LabelSet& set = *sets_[id];
  set.labels = labels;
  set.refs = 1;
  set_ids_[key] = id;
  if (!labels.empty()) {
    sets_by_label_[spelled(labels.begin()->first, labels.begin()->second)].insert(id);
  }
  for (const RunnerId runner_id : candidates(labels)) {
    Runner& runner = *runners_[runner_id];
    if (!fits(labels, runner.labels)) continue;
    runner.sets.push_back(id);
    ++set.runners;
    if (runner.offered_turn != 0) set.free.emplace(runner.offered_turn, runner_id);
  }
  lanes_->set_ready(id, !set.free.empty());
  return id;
}

void RunnerTable::release_set(SetId id) {
  LabelSet& set = *sets_[id];
  GHOST_CHECK(set.refs > 0);
  if (--set.refs > 0) return;
  set.idle_since = ++idle_counter_;
  idle_sets_[set.idle_since] = id;
  if (idle_sets_.size() > kIdleSetsMax) drop_set(idle_sets_.begin()->second);
}

void RunnerTable::drop_set(SetId id) {
  LabelSet& set = *sets_[id];
  for (const RunnerId runner_id : candidates(set.labels)) {
    std::erase(runners_[runner_id]->sets, id);
  }
  lanes_->set_ready(id, false);
  idle_sets_.erase(set.idle_since);
  if (!set.labels.empty()) {
    const auto by_label =
        sets_by_label_.find(spelled(set.labels.begin()->first, set.labels.begin()->second));
    by_label->second.erase(id);
    if (by_label->second.empty()) sets_by_label_.erase(by_label);
  }
  set_ids_.erase(spelled(set.labels));
  sets_[id].reset();
  free_sets_.push_back(id);
}

Runner* RunnerTable::next_free(SetId id) const {
  const auto& free = sets_[id]->free;
  return free.empty() ? nullptr : runners_[free.begin()->second].get();
}

const std::pair<const std::string, std::string>* RunnerTable::missing_label(SetId id) const {
  for (const auto& want : sets_[id]->labels) {
    if (!alive_by_label_.contains(spelled(want.first, want.second))) return &want;
  }
  return nullptr;
}

bool RunnerTable::lacks_isolation_only(SetId id) const {
  const Labels& labels = sets_[id]->labels;
  const auto& some = candidates(labels);
  return std::any_of(some.begin(), some.end(), [&](RunnerId runner) {
    return has_all(labels, runners_[runner]->labels) && !fits(labels, runners_[runner]->labels);
  });
}

}  // namespace ghost::broker
