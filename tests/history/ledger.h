// What a history has said so far, as the rules need it: facts of each job that a restored backup
// takes back, and facts that nothing takes back. One owner: the Checker; rules look at it before
// the event that they judge is entered.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "history/history.h"

namespace history {

struct Job {
  std::string tenant, key, req;
  bool kept = false;  // a line said that it was committed
  std::string state, runner, commit;
  Lease lease;
  uint64_t version = 0, attempt = 0;
  bool flag = false, delivering = false, forgotten = false;
  bool acked = false;          // its submission was acknowledged
  bool cancel_taken = false;   // a cancel was answered with success
  uint64_t shown_version = 0;  // greatest that a client has seen
  std::string shown_end;       // terminal state that a client has seen
  std::string base;
  Lease stopped;  // was to stop, and the job is recorded as stopped
  Lease winner;   // whose result was acknowledged as the job's end
  uint64_t results_kept = 0;
  std::string kept_digest;
};

struct Request {
  std::string tenant, key, lane;
  std::vector<std::string> needs;
  std::map<std::string, std::string> labels;
  uint64_t max = 0;
  int64_t not_before = 0, deadline = 0;
  uint64_t times_sent = 0;
};

struct Op {  // a question of a client
  Event asked;
  uint64_t restores = 0;  // that had been when it was asked
  uint64_t version_floor = 0;
  bool was_acked = false;
};

struct Ledger {
  // Taken back by a restore.
  std::map<std::string, Job> jobs;
  std::map<std::pair<std::string, std::string>, std::string> keys;  // (tenant, key) -> job

  // For ever.
  std::map<std::string, Request> requests;    // by req
  std::map<std::string, std::string> req_of;  // job -> req
  std::set<std::string> retries;              // jobs that repeat others
  std::map<uint64_t, Op> ops;
  std::map<std::string, uint64_t> pruned_after;  // job -> newest question when it was pruned
  std::map<std::string, Lease> last_lease;       // greatest ever kept, of a job
  std::map<std::string, Lease> last_got;         // by a runner
  std::set<Lease> leases_kept;
  std::set<Lease> leases_ended;                        // left LEASED, committed
  std::map<Lease, std::set<std::string>> grants_kept;  // commits
  std::map<std::string, std::set<std::pair<uint64_t, std::string>>> views_kept;  // version, state
  std::map<std::pair<std::string, Lease>, std::string> digests;                  // of results sent
  std::map<std::pair<std::string, Lease>, int64_t> logs;  // bytes written by a sandbox
  std::map<Lease, std::set<std::string>> granted;         // heard by the runner
  bool saw_kept = false, saw_done = false, all_done = false;
  uint64_t restores = 0, restored_epoch = 0, epoch = 0;
  int64_t wall_max = 0, wall_max_at = 0;  // the greatest wall time told, and when that was
  Event config;

  void enter(const Event& e);
  const Job* find(const std::string& job) const;
  const Request* request_of(const std::string& job) const;
  // Of a lease that a restore has made unheard of: what its runner says may be out of the ledger.
  bool before_restore(const Lease& lease) const {
    return restores > 0 && lease.epoch <= restored_epoch;
  }
  // The latest that the broker's wall clock can have shown by `t`, however it was set since.
  int64_t wall_by(int64_t t) const { return wall_max + (t - wall_max_at) / 1000; }
  // The question that an answer belongs to; nullptr where the broker's state was taken back since,
  // or the job pruned.
  const Op* asked(const Event& answer) const;

 private:
  struct Backup {
    std::map<std::string, Job> jobs;
    std::map<std::pair<std::string, std::string>, std::string> keys;
  };
  std::map<std::string, Backup> backups_;

  void enter_kept(const Event& e);
  void enter_answer(const Event& e);
  void enter_question(const Event& e);
};

}  // namespace history
