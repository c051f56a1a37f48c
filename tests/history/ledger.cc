#include "history/ledger.h"

#include <algorithm>

namespace history {

const Job* Ledger::find(const std::string& job) const {
  const auto at = jobs.find(job);
  return at == jobs.end() ? nullptr : &at->second;
}

const Request* Ledger::request_of(const std::string& job) const {
  const auto req = req_of.find(job);
  if (req == req_of.end()) return nullptr;
  const auto at = requests.find(req->second);
  return at == requests.end() ? nullptr : &at->second;
}

const Op* Ledger::asked(const Event& answer) const {
  const auto at = ops.find(answer.op);
  if (at == ops.end() || at->second.restores != restores) return nullptr;
  const auto pruned = pruned_after.find(answer.job);
  if (pruned != pruned_after.end() && answer.op <= pruned->second) return nullptr;
  return &at->second;
}

void Ledger::enter_question(const Event& e) {
  Op op;
  op.asked = e;
  op.restores = restores;
  if (const Job* job = find(e.job)) {
    // Sent again, a request whose job was pruned makes a new one.
    op.version_floor = job->forgotten ? 0 : job->shown_version;
    op.was_acked = job->acked && !job->forgotten;
  }
  if (e.kind == Kind::kSubmit && !e.retry_of.empty()) {
    retries.insert(e.job);
  } else if (e.kind == Kind::kSubmit) {
    Request& request = requests[e.req];
    request.tenant = e.tenant;
    request.key = e.key;
    request.lane = e.lane;
    request.needs = e.needs;
    request.labels = e.labels;
    request.max = e.max;
    request.not_before = e.not_before;
    request.deadline = e.deadline;
    ++request.times_sent;
  }
  ops[e.op] = std::move(op);
}

void Ledger::enter_answer(const Event& e) {
  const Op* op = asked(e);
  if (op == nullptr) return;
  if (e.kind == Kind::kSubmitted) {
    if (e.status != "accepted" && e.status != "existing") return;
    Job& job = jobs[e.job];
    if (job.forgotten) return;  // an answer that was overtaken by the pruning
    job.acked = true;
    if (job.req.empty()) {
      job.req = op->asked.req;
      job.tenant = op->asked.tenant;
      job.key = op->asked.key;
    }
    req_of.emplace(e.job, op->asked.req);
    if (!op->asked.key.empty()) keys.emplace(std::pair(op->asked.tenant, op->asked.key), e.job);
  } else if (e.kind == Kind::kCancelled && e.status == "ok") {
    jobs[e.job].cancel_taken = true;
  }
  if (e.status == "ok" || e.kind == Kind::kSubmitted) {
    Job& job = jobs[e.job];
    job.shown_version = std::max(job.shown_version, e.version);
    if (is_terminal(e.state)) job.shown_end = e.state;
    // Without lines of what is kept, the lease that was last seen is the one that was to stop.
    const bool stopped = e.state == "CANCELLED" || e.state == "EXPIRED";
    if (!saw_kept && stopped && job.cancel_taken) job.stopped = last_got[e.job];
  }
}

void Ledger::enter_kept(const Event& e) {
  saw_kept = true;
  Job& job = jobs[e.job];
  if (job.forgotten) job = {};  // the same request came again, after its job was pruned
  if (!e.req.empty()) {
    job.tenant = e.tenant;
    job.key = e.key;
    job.req = e.req;
    req_of.emplace(e.job, e.req);
    if (!e.key.empty()) keys[{e.tenant, e.key}] = e.job;
  }
  if (job.state == "LEASED" && (e.state != "LEASED" || e.lease != job.lease)) {
    leases_ended.insert(job.lease);
  }
  // The lease that was granted may have ended in the commit that kept its grant.
  if (e.delivering) grants_kept[e.lease].insert(e.commit);
  if (e.delivering && job.lease) grants_kept[job.lease].insert(e.commit);
  // Where more happened in one commit, it may have been requeued first, and waited when it ended.
  const bool stopped = e.state == "CANCELLED" || e.state == "EXPIRED";
  if (job.state == "LEASED" && stopped && (job.flag || e.version == job.version + 1)) {
    job.stopped = job.lease;
  }
  if (e.state == "LEASED") {
    leases_kept.insert(e.lease);
    Lease& last = last_lease[e.job];
    last = std::max(last, e.lease);
  }
  views_kept[e.job].emplace(e.version, e.state);
  job.kept = true;
  job.state = e.state;
  job.runner = e.runner;
  job.commit = e.commit;
  job.lease = e.lease;
  job.version = e.version;
  job.attempt = e.attempt;
  job.flag = e.flag;
  job.delivering = e.delivering;
  if (e.wall > wall_by(e.t)) {
    wall_max = e.wall;
    wall_max_at = e.t;
  }
}

void Ledger::enter(const Event& e) {
  switch (e.kind) {
    case Kind::kConfig:
      config = e;
      return;
    case Kind::kSubmit:
    case Kind::kCancel:
    case Kind::kRead:
      return enter_question(e);
    case Kind::kSubmitted:
    case Kind::kCancelled:
    case Kind::kShown:
      return enter_answer(e);
    case Kind::kKept:
      return enter_kept(e);
    case Kind::kKeptResult:
      jobs[e.job].kept_digest = e.digest;
      ++jobs[e.job].results_kept;
      return;
    case Kind::kForgotten: {
      Job& job = jobs[e.job];
      job.forgotten = true;
      pruned_after[e.job] = ops.empty() ? 0 : ops.rbegin()->first;
      const auto key = keys.find({job.tenant, job.key});
      if (key != keys.end() && key->second == e.job) keys.erase(key);
      return;
    }
    case Kind::kBase:
      if (!before_restore(e.lease)) jobs[e.job].base = e.commit;
      return;
    case Kind::kGot:
      last_got[e.job] = std::max(last_got[e.job], e.lease);
      return;
    case Kind::kGranted:
      granted[e.lease].insert(e.commit);
      return;
    case Kind::kResult:
      digests[{e.job, e.lease}] = e.digest;
      return;
    case Kind::kEnd:
      if (e.log >= 0) logs[{e.job, e.lease}] = e.log;
      return;
    case Kind::kResultAck: {
      const auto at = jobs.find(e.job);
      const bool ends = e.status == "committed" && e.outcome != "infra_error" &&
                        e.outcome != "cancelled" && e.outcome != "expired";
      if (ends && at != jobs.end() && !before_restore(e.lease)) at->second.winner = e.lease;
      return;
    }
    case Kind::kBackup:
      backups_[e.what] = {jobs, keys};
      return;
    case Kind::kRestore: {
      const Backup& backup = backups_[e.what];
      jobs = backup.jobs;
      keys = backup.keys;
      ++restores;
      restored_epoch = epoch;
      return;
    }
    case Kind::kBroker:
      if (e.what == "start") epoch = std::max(epoch, e.epoch);
      return;
    case Kind::kDone:
      saw_done = true;
      all_done = e.all;
      return;
    default:
      return;
  }
}

}  // namespace history
