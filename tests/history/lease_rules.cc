// Who may work on a job, write it and deliver it; how long; and what stops it.
#include <algorithm>

#include "history/checker.h"

namespace history {
namespace {

constexpr int64_t kMs = 1000;       // in microseconds
constexpr int64_t kTick = 2 * kMs;  // clocks of whole milliseconds

bool ends_a_job(const std::string& outcome) {
  return outcome != "infra_error" && outcome != "cancelled" && outcome != "expired";
}

class LeaseRules : public Rules {
 public:
  explicit LeaseRules(Report report) : report_(std::move(report)) {}

  void on(const Event& e, const Ledger& ledger) override {
    switch (e.kind) {
      case Kind::kKept:
        return kept(e, ledger);
      case Kind::kGot:
      case Kind::kStart:
        if (ledger.saw_kept && !ledger.leases_kept.contains(e.lease)) {
          report_("I3 dispatch_uncommitted", "lease " + to_string(e.lease) + " of job " + e.job +
                                                 " is at its runner and not committed");
        }
        return;
      case Kind::kBase:
        if (const Job* job = ledger.find(e.job);
            job && !job->base.empty() && job->base != e.commit && !ledger.before_restore(e.lease)) {
          report_("S8 two_bases",
                  "job " + e.job + " had base " + job->base + " and now " + e.commit);
        }
        return;
      case Kind::kGranted:
        return granted(e, ledger);
      case Kind::kDeliver:
        return delivered(e, ledger);
      case Kind::kAlive:
      case Kind::kEnd:
        return alive(e, ledger);
      case Kind::kResultAck:
        return acked(e, ledger);
      case Kind::kHeard:
        return heard(e);
      case Kind::kUnsent:
        if (const auto at = held_.find(e.lease); at != held_.end()) at->second.let_go = true;
        return;
      case Kind::kBroker:
        return broker(e, ledger);
      case Kind::kForgotten:
        delivered_.erase(e.job);
        return;
      case Kind::kRestore:
        held_.clear();
        return;
      default:
        return;
    }
  }

 private:
  // A lease as the broker's ledger has it, and since when its runner was heard to hold it.
  struct Held {
    std::string runner;
    int64_t floor = 0;  // it may end a TTL after this, unless the runner lets go of it
    bool let_go = false;
  };

  void kept(const Event& e, const Ledger& ledger) {
    const Job* job = ledger.find(e.job);
    if (job != nullptr && job->forgotten) job = nullptr;  // the same request came again
    const bool was_leased = job != nullptr && job->state == "LEASED";
    const bool is_leased = e.state == "LEASED";
    if (was_leased && (!is_leased || e.lease != job->lease)) left(e, *job, ledger);
    if (is_leased && (!was_leased || e.lease != job->lease)) leased(e, job, ledger);
    const Request* request = ledger.request_of(e.job);
    if (e.flag && e.delivering) {
      report_("I3 cancelled_and_granted", "job " + e.job + " is to stop and may deliver");
    }
    const bool stopped = e.state == "CANCELLED" || e.state == "EXPIRED";
    if (stopped && job != nullptr && job->delivering) {
      report_("I3 cancelled_and_granted", "job " + e.job + " may deliver and became " + e.state);
    }
    if (e.state == "DEAD" && job != nullptr && (job->flag || job->cancel_taken)) {
      report_("S12 cancel_forgotten", "job " + e.job + " was to stop and became DEAD");
    }
    if (request == nullptr) return;
    const int64_t wall = std::max(ledger.wall_by(e.t), e.wall);
    if (e.state == "EXPIRED" && e.wall != 0 && wall < request->deadline) {
      report_("S14 early_deadline", "job " + e.job + " expired " +
                                        std::to_string(request->deadline - wall) + " ms early");
    }
    if (request->max != 0 && e.attempt > request->max) {
      report_("S11 attempts", "job " + e.job + " is at attempt " + std::to_string(e.attempt));
    }
    if (request->max != 0 && e.state == "DEAD" && e.attempt < request->max) {
      report_("S11 attempts", "job " + e.job + " is dead at attempt " + std::to_string(e.attempt));
    }
  }

  void leased(const Event& e, const Job* job, const Ledger& ledger) {
    held_[e.lease] = {e.runner, e.t, false};
    const auto last = ledger.last_lease.find(e.job);
    if (last != ledger.last_lease.end() && e.lease <= last->second) {
      report_("I3 token_not_rising", "job " + e.job + " got lease " + to_string(e.lease) +
                                         " after " + to_string(last->second));
    }
    if (job != nullptr && (job->flag || job->cancel_taken)) {
      report_("S12 cancel_forgotten", "job " + e.job + " was to stop and is leased again");
    }
    if (job != nullptr && job->winner) {
      report_("I1 result_lost", "job " + e.job + " is leased again, though the result of lease " +
                                    to_string(job->winner) + " was acknowledged");
    }
    const Request* request = ledger.request_of(e.job);
    if (request == nullptr) return;
    for (const std::string& need : request->needs) {
      const Job* below = ledger.find(need);
      if (below == nullptr || below->state != "SUCCEEDED") {
        report_("S13 dependency", "job " + e.job + " is leased, and job " + need + " is " +
                                      (below ? below->state : "unknown"));
      }
    }
    if (e.wall != 0 && std::max(ledger.wall_by(e.t), e.wall) < request->not_before) {
      report_("S14 too_early", "job " + e.job + " is leased before its time");
    }
  }

  void left(const Event& e, const Job& job, const Ledger& ledger) {
    const auto at = held_.find(job.lease);
    if (at == held_.end()) return;
    const Held held = at->second;
    held_.erase(at);
    const bool may_be_expiry = e.state == "QUEUED" || e.state == "DEAD" || e.state == "LEASED" ||
                               e.state == "CANCELLED" || e.state == "EXPIRED";
    if (!saw_heard_ || held.let_go || !may_be_expiry) return;
    const int64_t early = held.floor + ledger.config.lease_ms * kMs - e.t;
    if (early > kTick) {
      report_("S9 early_expiry", "lease " + to_string(job.lease) + " of job " + e.job + " ended " +
                                     std::to_string(early / kMs) + " ms early");
    }
  }

  // What has come to the socket shows that the runner holds a lease; what has been read from it may
  // give one up.
  void heard(const Event& e) {
    saw_heard_ = true;
    const bool lists = e.what == "beat" || e.what == "register";
    for (auto& [lease, held] : held_) {
      if (held.runner != e.runner) continue;
      const bool named = std::find(e.held.begin(), e.held.end(), lease) != e.held.end();
      if (!e.ready) {
        if (named && !held.let_go) held.floor = std::max(held.floor, e.t);
      } else if (lists ? !named : !e.lease || e.lease == lease) {
        held.let_go = true;
      }
    }
  }

  void broker(const Event& e, const Ledger& ledger) {
    if (e.what == "start") {
      for (auto& [lease, held] : held_) {
        held.floor = e.t;
        held.let_go = false;
      }
    } else if (e.what == "pause") {
      paused_at_ = e.t;
    } else if (e.what == "resume") {
      // What was slept anyway and what is too short to be noticed is no standstill.
      const int64_t unnoticed = 1000 * kMs + std::max(100 * kMs, ledger.config.lease_ms * kMs / 8);
      for (auto& [lease, held] : held_) {
        const int64_t stood = e.t - std::max(paused_at_, held.floor) - unnoticed;
        held.floor += std::max<int64_t>(0, stood);
      }
    }
  }

  void granted(const Event& e, const Ledger& ledger) {
    if (!ledger.saw_kept) return;
    const auto at = ledger.grants_kept.find(e.lease);
    const bool any = e.commit.empty();
    if (at == ledger.grants_kept.end() || !(any || at->second.contains(e.commit))) {
      report_("I3 grant_uncommitted", "delivery of job " + e.job + " was granted to lease " +
                                          to_string(e.lease) + ", and that is not committed");
    }
  }

  void delivered(const Event& e, const Ledger& ledger) {
    const auto at = ledger.granted.find(e.lease);
    if (at == ledger.granted.end() || !at->second.contains(e.commit)) {
      report_("I3 deliver_ungranted",
              "lease " + to_string(e.lease) + " delivered job " + e.job + " without a grant");
    }
    const auto [commit, fresh] = delivered_.emplace(e.job, e.commit);
    if (!fresh && commit->second != e.commit && ledger.restores == 0) {
      report_("S7 two_commits",
              "job " + e.job + " was delivered as " + commit->second + " and " + e.commit);
    }
    const Job* job = ledger.find(e.job);
    const bool stopped = job && (job->state == "CANCELLED" || job->state == "EXPIRED");
    if (stopped && !ledger.before_restore(e.lease)) {
      report_("I3 cancelled_and_granted", "job " + e.job + " is " + job->state + " and delivered");
    }
  }

  void alive(const Event& e, const Ledger& ledger) {
    const Job* job = ledger.find(e.job);
    if (job == nullptr || ledger.before_restore(e.lease)) return;
    // A sandbox that an earlier attempt left behind may overlap with anything.
    if (job->stopped && job->stopped == e.lease) {
      report_("S12 stopped_and_running", "job " + e.job +
                                             " is recorded as stopped, and the sandbox "
                                             "of lease " +
                                             to_string(e.lease) + " still runs");
    }
  }

  void acked(const Event& e, const Ledger& ledger) {
    const Job* job = ledger.find(e.job);
    if (e.status == "stale") {
      if (job != nullptr && is_terminal(job->state) && job->lease == e.lease) {
        report_("S6 other_ack", "the recorded result of job " + e.job + " was called stale");
      }
      return;
    }
    if (e.status != "committed") return;
    if (ledger.saw_kept && !ledger.leases_ended.contains(e.lease)) {
      report_("I1 ack_uncommitted",
              "a result of job " + e.job + " was acknowledged and is not committed");
    }
    if (!ends_a_job(e.outcome) || job == nullptr || ledger.before_restore(e.lease)) return;
    if (job->winner && job->winner != e.lease) {
      report_("I3 stale_write", "results of leases " + to_string(job->winner) + " and " +
                                    to_string(e.lease) + " of job " + e.job +
                                    " were both acknowledged");
    } else if (job->kept && (!is_terminal(job->state) || job->lease != e.lease)) {
      report_("I3 stale_write", "the result of lease " + to_string(e.lease) + " of job " + e.job +
                                    " was acknowledged, and the job is " + job->state +
                                    " under lease " + to_string(job->lease));
    }
  }

  Report report_;
  std::map<Lease, Held> held_;
  std::map<std::string, std::string> delivered_;
  int64_t paused_at_ = 0;
  bool saw_heard_ = false;
};

}  // namespace

std::unique_ptr<Rules> make_lease_rules(Report report) {
  return std::make_unique<LeaseRules>(std::move(report));
}

}  // namespace history
