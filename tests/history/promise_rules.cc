// What is acknowledged stays, what is shown is committed, what ends ends once, a key names one job.
#include <algorithm>

#include "history/checker.h"

namespace history {
namespace {

class PromiseRules : public Rules {
 public:
  explicit PromiseRules(Report report) : report_(std::move(report)) {}

  void on(const Event& e, const Ledger& ledger) override {
    switch (e.kind) {
      case Kind::kSubmitted:
        return submitted(e, ledger);
      case Kind::kShown:
      case Kind::kCancelled:
        return shown(e, ledger);
      case Kind::kGot:
      case Kind::kStart:
        if (!e.req.empty() && !ledger.requests.contains(e.req)) {
          report_("I4 invented", "job " + e.job + " is no request that was submitted: " + e.req);
        }
        return;
      case Kind::kKept:
        return kept(e, ledger);
      case Kind::kKeptResult:
        if (const Job* job = ledger.find(e.job); job && job->results_kept > 0) {
          report_("I2 two_results", "job " + e.job + " got another result");
        }
        return;
      case Kind::kFinal:
        return last(e, ledger);
      default:
        return;
    }
  }

  void finish(const Ledger& ledger) override {
    if (!ledger.saw_done) return;
    for (const auto& [id, job] : ledger.jobs) {
      if ((job.acked || job.kept) && !job.forgotten && !finals_.contains(id)) {
        report_("I1 lost", "job " + id + (job.acked ? " was acknowledged" : " was committed") +
                               " and is not there at the end");
      }
    }
    for (const auto& [req, ids] : finals_of_req_) {
      const auto at = ledger.requests.find(req);
      if (at == ledger.requests.end()) {
        report_("I4 invented", "job " + ids.front() + " at the end is of no request: " + req);
        continue;
      }
      const uint64_t most = at->second.key.empty() ? at->second.times_sent : 1;
      if (ids.size() > most) {
        report_("I5 key_twice", "request " + req + " made " + std::to_string(ids.size()) + " jobs");
      }
    }
  }

 private:
  void submitted(const Event& e, const Ledger& ledger) {
    const Op* op = ledger.asked(e);
    if (op == nullptr || (e.status != "accepted" && e.status != "existing")) return;
    const Job* job = ledger.find(e.job);
    if (ledger.saw_kept && (job == nullptr || !job->kept)) {
      report_("I1 ack_uncommitted", "job " + e.job + " was acknowledged and is not committed");
    }
    if (job != nullptr && job->forgotten) return;
    const auto req = ledger.req_of.find(e.job);
    if (req != ledger.req_of.end() && req->second != op->asked.req) {
      report_("I5 other_request", "request " + op->asked.req + " was answered with job " + e.job +
                                      " of request " + req->second);
    }
    if (!op->asked.key.empty()) {
      const auto key = ledger.keys.find({op->asked.tenant, op->asked.key});
      if (key != ledger.keys.end() && key->second != e.job) {
        report_("I5 key_twice", "key " + op->asked.key + " names " + key->second + " and " + e.job);
      }
    }
    if (!op->asked.job.empty() && op->asked.key.empty() && op->asked.job != e.job) {
      report_("I5 other_id", "job " + op->asked.job + " was acknowledged as " + e.job);
    }
    if (is_terminal(e.state)) terminal_shown(e, job, ledger);
  }

  void terminal_shown(const Event& e, const Job* job, const Ledger& ledger) {
    if (ledger.saw_kept && (job == nullptr || job->state != e.state)) {
      report_("I4 shown_uncommitted", "job " + e.job + " was shown " + e.state + ", committed is " +
                                          (job ? job->state : "nothing"));
    }
    if (job != nullptr && !job->shown_end.empty() && job->shown_end != e.state) {
      report_("I2 two_ends",
              "job " + e.job + " was shown " + job->shown_end + " and then " + e.state);
    }
  }

  void shown(const Event& e, const Ledger& ledger) {
    const Op* op = ledger.asked(e);
    if (op == nullptr) return;
    const Job* job = ledger.find(e.job);
    if (e.status == "not_found" && op->was_acked && job != nullptr && !job->forgotten) {
      report_("I1 lost", "job " + e.job + " was acknowledged and is not found");
    }
    if (e.status != "ok") return;
    if (is_terminal(e.state)) terminal_shown(e, job, ledger);
    if (e.version == 0) return;
    if (e.version < op->version_floor) {
      report_("I4 went_back", "job " + e.job + " was shown at version " +
                                  std::to_string(op->version_floor) + " and later at " +
                                  std::to_string(e.version));
    }
    const auto views = ledger.views_kept.find(e.job);
    const bool committed =
        views != ledger.views_kept.end() && views->second.contains({e.version, e.state});
    if (ledger.saw_kept && !committed) {
      report_("I4 shown_uncommitted", "job " + e.job + " was shown " + e.state + " at version " +
                                          std::to_string(e.version) + ", which is not committed");
    }
  }

  void kept(const Event& e, const Ledger& ledger) {
    const Job* job = ledger.find(e.job);
    const bool known = job != nullptr && job->kept && !job->forgotten;
    if (e.req.empty() != known) {
      report_("I4 invented", known ? "job " + e.job + " was made twice"
                                   : "job " + e.job + " changes and was never made");
    }
    if (!e.req.empty() && !ledger.requests.contains(e.req)) {
      report_("I4 invented", "job " + e.job + " is no request that was submitted: " + e.req);
    }
    if (!e.req.empty() && !e.key.empty()) {
      const auto key = ledger.keys.find({e.tenant, e.key});
      if (key != ledger.keys.end() && key->second != e.job) {
        report_("I5 key_twice", "key " + e.key + " names " + key->second + " and " + e.job);
      }
    }
    if (!known) return;
    if (is_terminal(job->state) && job->state != e.state) {
      report_("I2 two_ends", "job " + e.job + " was " + job->state + " and became " + e.state);
    }
    if (e.version < job->version) {
      report_("I4 went_back", "job " + e.job + " fell to version " + std::to_string(e.version));
    }
  }

  void last(const Event& e, const Ledger& ledger) {
    finals_.insert(e.job);
    const auto req = ledger.req_of.find(e.job);
    const std::string name = !e.req.empty() ? e.req : req != ledger.req_of.end() ? req->second : "";
    if (name.empty()) {
      report_("I4 invented", "job " + e.job + " at the end was submitted by nobody");
    } else if (!ledger.retries.contains(e.job)) {
      finals_of_req_[name].push_back(e.job);
    }
    if (ledger.all_done && !is_terminal(e.state)) {
      report_("I2 never_ended", "job " + e.job + " is " + e.state + " at the end");
    }
    const Job* job = ledger.find(e.job);
    if (job == nullptr) return;
    if (job->kept && job->state != e.state) {
      report_("I1 undone", "job " + e.job + " was committed " + job->state + " and is " + e.state);
    }
    if (!job->shown_end.empty() && job->shown_end != e.state) {
      report_("I2 two_ends",
              "job " + e.job + " was shown " + job->shown_end + " and is " + e.state);
    }
    if (job->winner && e.lease && job->winner != e.lease) {
      report_("I3 stale_write", "job " + e.job + ": the result of lease " + to_string(job->winner) +
                                    " was acknowledged, recorded is " + to_string(e.lease));
    }
    const auto digest = ledger.digests.find({e.job, e.lease});
    if (e.lease && digest != ledger.digests.end() && digest->second != e.digest) {
      report_("I3 foreign_result", "job " + e.job + ": the record is not what lease " +
                                       to_string(e.lease) + " reported");
    }
    const auto log = ledger.logs.find({e.job, e.lease});
    const bool by_result = e.outcome != "cancelled" && e.outcome != "expired";
    // What was kept of it after a backup is gone with a restore.
    if (e.lease && !ledger.before_restore(e.lease) && by_result && e.log >= 0 &&
        log != ledger.logs.end() && log->second != e.log) {
      report_("S15 log_lost", "job " + e.job + ": its log has " + std::to_string(e.log) + " of " +
                                  std::to_string(log->second) + " bytes");
    }
  }

  Report report_;
  std::set<std::string> finals_;
  std::map<std::string, std::vector<std::string>> finals_of_req_;
};

}  // namespace

std::unique_ptr<Rules> make_promise_rules(Report report) {
  return std::make_unique<PromiseRules>(std::move(report));
}

}  // namespace history
