// No runner holds more than its slots; while all is calm no job waits beside a free runner that
// fits, and runners and tenants take turns. What a runner looks like to the broker is guessed to
// its disadvantage: it counts as free only where nothing can speak against it.
#include <algorithm>
#include <optional>

#include "history/checker.h"

namespace history {
namespace {

constexpr int64_t kMs = 1000;
constexpr int64_t kNever = -1;
constexpr int64_t kLookEvery = 50 * kMs;

bool fits(const std::map<std::string, std::string>& wanted,
          const std::map<std::string, std::string>& has) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& want) {
    const auto at = has.find(want.first);
    return at != has.end() && at->second == want.second;
  });
}

class FairnessRules : public Rules {
 public:
  explicit FairnessRules(Report report) : report_(std::move(report)) {}

  void on(const Event& e, const Ledger& ledger) override {
    // The lines of one commit are no order of what happened in it.
    if (!batch_.empty() && e.t != batch_.front().t) flush(ledger);
    if (calm_at_ != kNever && e.t >= look_at_) look(e.t, ledger);
    switch (e.kind) {
      case Kind::kKept:
        return kept(e, ledger);
      case Kind::kRunner:
        return runner_said(e);
      case Kind::kGot:
      case Kind::kEnd: {
        Runner& r = runners_[e.runner];
        e.kind == Kind::kGot ? (void)r.own.insert(e.lease) : (void)r.own.erase(e.lease);
        return settle(r, e.t);
      }
      case Kind::kHeard:
        return heard(e);
      case Kind::kUnsent:
        for (auto& [name, r] : runners_) disturb(r);
        return;
      case Kind::kLane:
        lanes_[e.lane.empty() ? "default" : e.lane] = e;
        changed_at_ = e.t;
        return;
      case Kind::kCalm:
        calm_at_ = e.t;
        return;
      case Kind::kFault:
        calm_at_ = kNever;
        return;
      case Kind::kBroker:
        changed_at_ = e.t;
        for (auto& [name, r] : runners_) disturb(r);
        return;
      case Kind::kRestore:
        waiting_.clear();
        waits_as_.clear();
        restored_ = true;
        return;
      default:
        return;
    }
  }

  void finish(const Ledger& ledger) override { flush(ledger); }

 private:
  struct Runner {
    bool ready = false, disturbed = true;
    uint64_t slots = 0, slots_max = 0;
    std::map<std::string, std::string> labels;
    std::set<Lease> own;         // by its own account
    std::set<std::string> held;  // jobs, by the broker's
    int64_t free_since = kNever;
    uint64_t last_turn = 0;  // of its last dispatch, in the order of all dispatches
    int64_t last_dispatch = kNever;
  };
  using Group = std::pair<std::string, std::map<std::string, std::string>>;  // lane, labels

  void settle(Runner& r, int64_t t) {
    const bool is_free = r.ready && !r.disturbed && std::max(r.own.size(), r.held.size()) < r.slots;
    if (!is_free) r.free_since = kNever;
    if (is_free && r.free_since == kNever) r.free_since = t;
  }
  // Whatever the broker thinks of it is known again with its next heartbeat.
  void disturb(Runner& r) {
    r.disturbed = true;
    r.free_since = kNever;
  }

  void runner_said(const Event& e) {
    Runner& r = runners_[e.runner];
    r.ready = e.ready;
    r.slots = e.slots;
    r.slots_max = std::max(r.slots_max, e.slots);
    if (!e.labels.empty()) r.labels = e.labels;
    disturb(r);
  }

  void heard(const Event& e) {
    Runner& r = runners_[e.runner];
    if (e.what == "beat" && !e.ready) return;
    if (e.what == "beat") {
      r.disturbed = false;
      r.own = {e.held.begin(), e.held.end()};
      return settle(r, e.t);
    }
    if (e.what != "result") disturb(r);
  }

  void kept(const Event& e, const Ledger& ledger) {
    const Job* job = ledger.find(e.job);
    stop_waiting(e.job);
    if (e.state == "QUEUED") {
      const bool again = job != nullptr && job->state == "LEASED";
      wait(e.job, e.req.empty() ? ledger.request_of(e.job) : request_of(e, ledger),
           e.t + (again ? ledger.config.backoff_ms * kMs : 0));
    }
    if (e.state == "LEASED" && (job == nullptr || job->lease != e.lease || job->state != e.state)) {
      batch_.push_back(e);
      return;
    }
    if (e.state != "LEASED") let_go(e.job, e.t);
    if (e.state == "SUCCEEDED") succeeded_at_ = e.t;
  }
  static const Request* request_of(const Event& e, const Ledger& ledger) {
    const auto at = ledger.requests.find(e.req);
    return at == ledger.requests.end() ? nullptr : &at->second;
  }

  void let_go(const std::string& job, int64_t t) {
    const auto at = holder_.find(job);
    if (at == holder_.end()) return;
    Runner& r = runners_[at->second];
    r.held.erase(job);
    settle(r, t);
    holder_.erase(at);
  }

  // The dispatches of one commit, in the order of their fencing tokens.
  void flush(const Ledger& ledger) {
    std::sort(batch_.begin(), batch_.end(),
              [](const Event& a, const Event& b) { return a.lease < b.lease; });
    // A job that is here came back before it was dispatched again.
    for (const Event& e : batch_) let_go(e.job, e.t);
    for (const Event& e : batch_) dispatched(e, ledger);
    batch_.clear();
  }

  void dispatched(const Event& e, const Ledger& ledger) {
    Runner& r = runners_[e.runner];
    const Request* request = ledger.request_of(e.job);
    if (request != nullptr && settled(r.last_dispatch, ledger)) {
      for (const auto& [name, other] : runners_) {
        if (name == e.runner || other.free_since == kNever) continue;
        if (other.free_since >= r.last_dispatch || other.last_turn >= r.last_turn) continue;
        if (!fits(request->labels, other.labels)) continue;
        report_("I6 rotation", "runner " + e.runner + " got job " + e.job + ", and " + name +
                                   " was free since before it got the one before");
      }
    }
    if (request != nullptr) tenant_served(e, *request, ledger);
    r.last_turn = ++turns_;
    r.last_dispatch = e.t;
    holder_[e.job] = e.runner;
    r.held.insert(e.job);
    settle(r, e.t);
    if (r.held.size() > r.slots_max && r.slots_max > 0 && !restored_) {
      report_("I6 slots", "runner " + e.runner + " of " + std::to_string(r.slots_max) +
                              " slots holds " + std::to_string(r.held.size()) + " jobs");
    }
  }

  // Between two jobs of one tenant in a lane, with the same labels, every other tenant whose job
  // waits there since before the first of them has been given one, in this lane or another.
  void tenant_served(const Event& e, const Request& request, const Ledger& ledger) {
    const Group group{request.lane.empty() ? "default" : request.lane, request.labels};
    Turn& own = tenant_turns_[{group, request.tenant}];
    const bool judged = own.t != kNever && settled(own.t, ledger);
    for (const auto& [since, job] : judged ? waiting_[group] : std::set<Waiting>()) {
      if (since >= own.t) break;
      const Request* other = ledger.request_of(job);
      if (other == nullptr || other->tenant == request.tenant || !other->needs.empty()) continue;
      const auto served = last_of_tenant_.find(other->tenant);
      if (served != last_of_tenant_.end() && served->second >= own.turn) continue;
      report_("I6 tenants", "job " + e.job + " of tenant " + request.tenant +
                                " went, its second while job " + job + " of tenant " +
                                other->tenant + " waits");
    }
    own = {e.t, ++tenant_clock_};
    last_of_tenant_[request.tenant] = tenant_clock_;
  }

  // Since a moment at which all had been calm for long enough.
  bool settled(int64_t since, const Ledger& ledger) const {
    const int64_t from = std::max(calm_at_, changed_at_) + ledger.config.grace_ms * kMs;
    return calm_at_ != kNever && since != kNever && since >= from;
  }

  void wait(const std::string& job, const Request* request, int64_t since) {
    if (request == nullptr || request->not_before != 0) return;
    const Group group{request->lane.empty() ? "default" : request->lane, request->labels};
    waits_as_[job] = {group, since};
    waiting_[group].emplace(since, job);
  }
  void stop_waiting(const std::string& job) {
    const auto at = waits_as_.find(job);
    if (at == waits_as_.end()) return;
    waiting_[at->second.first].erase({at->second.second, job});
    waits_as_.erase(at);
  }

  bool may_go(const std::string& job, const Ledger& ledger) const {
    const Request* request = ledger.request_of(job);
    return request != nullptr &&
           std::all_of(request->needs.begin(), request->needs.end(), [&](const std::string& need) {
             const Job* below = ledger.find(need);
             return below != nullptr && below->state == "SUCCEEDED";
           });
  }

  void look(int64_t t, const Ledger& ledger) {
    look_at_ = t + kLookEvery;
    if (ledger.config.idle_ms == 0) return;
    const int64_t bound = ledger.config.idle_ms * kMs;
    const int64_t from = std::max(calm_at_, changed_at_) + ledger.config.grace_ms * kMs;
    if (t < from + bound) return;
    for (const auto& [group, jobs] : waiting_) {
      const auto lane = lanes_.find(group.first);
      if (lane != lanes_.end() && (lane->second.paused || lane->second.limit != 0)) continue;
      std::optional<std::string> free_runner;
      for (const auto& [name, r] : runners_) {
        if (r.free_since == kNever || t - std::max(r.free_since, from) <= bound) continue;
        if (fits(group.second, r.labels)) free_runner = name;
      }
      if (!free_runner) continue;
      for (const auto& [since, job] : jobs) {
        if (t - std::max(since, from) <= bound) break;
        // A dependency may have been met only now.
        if (!ledger.find(job) || !may_go(job, ledger)) continue;
        const Request* request = ledger.request_of(job);
        if (!request->needs.empty() && t - succeeded_at_ <= bound) continue;
        report_("I6 idle", "job " + job + " waits, and runner " + *free_runner + " is free");
        return;
      }
    }
  }

  Report report_;
  std::map<std::string, Runner> runners_;
  std::map<std::string, std::string> holder_;  // job -> runner
  std::map<std::string, Event> lanes_;
  using Waiting = std::pair<int64_t, std::string>;  // since, job
  std::map<Group, std::set<Waiting>> waiting_;
  struct Turn {
    int64_t t = kNever;
    uint64_t turn = 0;
  };
  std::map<std::pair<Group, std::string>, Turn> tenant_turns_;
  std::map<std::string, uint64_t> last_of_tenant_;  // its last dispatch, by tenant_clock_
  uint64_t tenant_clock_ = 0;
  std::map<std::string, std::pair<Group, int64_t>> waits_as_;
  std::vector<Event> batch_;
  int64_t calm_at_ = kNever, changed_at_ = 0, look_at_ = 0, succeeded_at_ = 0;
  uint64_t turns_ = 0;
  bool restored_ = false;
};

}  // namespace

std::unique_ptr<Rules> make_fairness_rules(Report report) {
  return std::make_unique<FairnessRules>(std::move(report));
}

}  // namespace history
