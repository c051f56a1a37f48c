// The inside of Core: its tables and the rules over them, spread over core_*.cc by subject.
// Included by those alone.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/planted_bugs.h"
#include "broker/core.h"
#include "broker/histogram.h"
#include "broker/job_table.h"
#include "broker/keyed_hash.h"
#include "broker/lanes.h"
#include "broker/quotas.h"
#include "broker/runners_table.h"
#include "registry/registry.h"

namespace ghost::broker {

// Limits of one step, so that no event takes long however much falls due at once.
inline constexpr size_t kDueMax = 1000;         // jobs that expire, wake or are settled in a tick
inline constexpr size_t kDispatchMax = 4096;    // in a tick
inline constexpr size_t kForgetMax = 256;       // finished jobs forgotten in a tick
inline constexpr size_t kRunJobsItemsMax = 64;  // of a message
inline constexpr uint64_t kRunJobsBytesMax = 64 << 20;
inline constexpr size_t kAncestorsMax = 64;  // base jobs below a job
inline constexpr size_t kReposMax = 10'000;
inline constexpr uint64_t kEventBytesMax = uint64_t{2} << 30;     // of an attempt
inline constexpr uint64_t kArtifactBytesMax = uint64_t{4} << 30;  // of an attempt
inline constexpr size_t kArtifactsMax = 10'000;                   // of an attempt
inline constexpr size_t kArtifactChunkMax = 256 << 10;
inline constexpr int64_t kWallPollMs = 1000;  // the wall clock may be set: looked at so often
inline constexpr int64_t kRunnerKeepMs = 7 * 24 * 3600 * 1000ll;  // one that is gone
inline constexpr uint64_t kQueueFullRetryMs = 1000;
inline constexpr const char* kRunnerService = "ghost-runner";

struct RepoEntry {
  std::string name;
  std::optional<wire::Repo> repo;  // nullopt: deleted, finished jobs still name it
  uint64_t unfinished = 0;
};

// What jobs stand on a job that they depend on or build on.
struct Standing {
  std::string id;  // of the job stood on, where a dependent named it
  std::vector<JobNo> dependents;
  uint64_t pins = 0;
};

// Dependents of a finished job, not all told yet.
struct Settling {
  std::vector<JobNo> dependents;
  size_t at = 0;
  bool succeeded = false;
  std::string reason;
};

struct Counters {
  uint64_t accepted = 0, existing = 0, refused = 0;
  uint64_t dispatches = 0, heartbeats = 0, registrations = 0;
  uint64_t results_stale = 0, results_unknown = 0, attempts_returned = 0, retries = 0;
  uint64_t leases_expired = 0, runners_lost = 0, cancels = 0, grants = 0, unsent = 0;
  uint64_t event_bytes = 0, forgotten = 0;
  Histogram wait_seconds{"ghost_job_wait_seconds",
                         "From acceptance to the first dispatch.",
                         {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600, 14400}};
  Histogram run_seconds{"ghost_job_run_seconds",
                        "From dispatch to the result that counts.",
                        {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600}};
  Histogram overhead_seconds{"ghost_job_overhead_seconds",
                             "From dispatch to the result that counts, less its gates' time.",
                             {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100}};
  std::map<wire::Outcome, uint64_t> finished;
};

// What a runner said of an attempt, where it said something.
struct Verdict {
  const wire::ResultItem* item = nullptr;
  Blob verdict, diff;
};

enum class Attempt { kCounts, kGivenBack };

struct Core::Impl {
  explicit Impl(const CoreOptions& options);

  // --- core.cc: steps and time
  void step(Now at, Event&& event, Actions* actions);
  void on(event::FromClient& e);
  void on(const event::FromRunner& e);
  void on(const event::Retry& e);
  void on(const event::KeyChanged& e);
  void on(const event::TenantChanged& e);
  void on(const event::TokenChanged& e);
  void on(const event::Unsent& e);
  void on(const event::Undispatchable& e);
  void on(const event::Stalled& e);
  void on(const event::Tick& e);
  std::optional<MonoMs> next_deadline(Now at) const;
  void expire_leases();
  void expire_runners();
  void wake_jobs();
  void meet_deadlines();
  void forget_jobs();
  void forget(JobRow* row);

  // --- what every rule uses
  void reply(const Peer& to, uint64_t correlation, Reply message);
  void refuse(const Peer& to, uint64_t correlation, std::string code, std::string detail,
              std::string field = "", uint64_t retry_after_ms = 0);
  void audit(const std::string& actor, const std::string& action, const std::string& subject,
             const std::string& detail);
  MonoMs lease_now() const { return now.mono - stalled_ms; }

  // --- core_submit.cc
  struct Origin {
    JobNo request_from = 0;  // of a retry
    std::string retry_of;
    std::vector<JobNo> deps;
    JobNo base = 0;
  };
  struct Foundation {         // what a submission stands on
    std::vector<JobNo> deps;  // in the order of depends_on
    JobNo base = 0;
    uint32_t repo = kNone;
    std::string lost;  // why it can never run
  };
  // Takes the submissions that it accepts out of the event.
  void on_message(const event::FromClient& e, wire::Submit& m);
  struct Submitted {
    JobNo no = 0;
    std::shared_ptr<const JobSpec> spec;  // of a new job
  };
  wire::SubmitAck submit(wire::Submission& s, const Blob& payload, const Origin* retry,
                         Submitted* job);
  wire::SubmitAck refused(const wire::Submission& s, std::string code, std::string detail,
                          std::string field = "", uint64_t retry_after_ms = 0);
  Result<Foundation> foundation(const wire::Submission& s, const Origin* retry);
  Status find_dependencies(const wire::Submission& s, Foundation* out);
  Status find_base(const wire::Submission& s, Foundation* out);
  void fill_row(JobRow& row, const wire::Submission& s, const Foundation& on, QueueId queue);
  bool chain_is_kept(JobNo base) const;
  std::optional<QueueId> acquire_queue(const wire::Submission& s);
  void release_queue(JobRow& row);
  void stand_on(JobRow& row, const wire::Submission& s, const Foundation& on);
  uint32_t repo_id(const std::string& name);

  // --- core_jobs.cc: transitions
  JobStatus& status(JobRow& row);
  void keep(JobRow& row, bool visible = true);
  void note(JobRow& row, const std::string& type, const std::string& key = "",
            const std::string& value = "");
  void append(JobRow& row, wire::Event event);
  void enqueue(JobRow& row);
  void unqueue(JobRow& row);
  void end_lease(JobRow& row);
  void extend(JobRow& row);
  void attempt_ended(JobRow& row, Attempt attempt, const std::string& why,
                     const Verdict& result = {});
  void requeue(JobRow& row, bool backoff, const std::string& why);
  void finish(JobRow& row, wire::Outcome outcome, const std::string& reason,
              const Verdict& result = {});
  void finish_flagged(JobRow& row, const Verdict& result = {});
  void flag(JobRow& row, wire::CancelReason reason);
  void settle();
  void pin(JobNo no);
  void unpin(JobNo no);
  void on_message(const event::FromClient& e, const wire::CancelJob& m);
  int64_t backoff_ms(const JobRow& row, uint64_t attempt) const;

  // --- core_dispatch.cc
  void dispatch();
  void lease_to(JobRow& row, Runner& runner);
  size_t ancestors(JobNo no) const;
  struct OpenMessage {
    size_t at = 0;  // in out->send
    size_t frames = 0;
    uint64_t bytes = 0;
  };
  std::map<RunnerId, OpenMessage> open_;

  // --- core_runners.cc: sessions
  void on_message(const event::FromRunner& e, const wire::Register& m);
  void on_message(const event::FromRunner& e, const wire::Heartbeat& m);
  void on_message(const event::FromRunner& e, const wire::Release& m);
  void on_message(const event::FromRunner& e, const wire::Goodbye& m);
  Runner* session(const event::FromRunner& e, uint64_t session);
  Runner* admit(const event::FromRunner& e, const wire::Register& m);
  // What a runner said of what it holds; how far its word on the rest goes.
  enum class Word { kHeartbeat, kSameSession, kNewSession };
  std::vector<wire::CancelOrder> reconcile(Runner& runner, const std::vector<wire::LeaseRef>& held,
                                           uint64_t last_job_seq, Word word);
  void not_held(JobRow& row, Runner& runner, uint64_t last_job_seq, Word word);
  void seen(Runner& runner);
  void list_in_registry(const Runner& runner);
  JobRow* leased_row(const wire::LeaseRef& ref, const Runner& runner);

  // --- core_results.cc: what runners say of their jobs
  void on_message(const event::FromRunner& e, const wire::PutResults& m);
  void on_message(const event::FromRunner& e, const wire::BaseResolved& m);
  void on_message(const event::FromRunner& e, const wire::PutEvents& m);
  void on_message(const event::FromRunner& e, const wire::PutArtifact& m);
  void on_message(const event::FromRunner& e, const wire::AskDelivery& m);
  wire::ResultStatus take_result(Runner& runner, const Verdict& result);
  void measure(const JobStatus& current, const wire::ResultItem& item);
  bool take_event(JobRow& row, Lease& lease, const wire::Event& event);

  // --- core_admin.cc
  void on_message(const event::FromClient& e, const wire::PutInstance& m);
  void on_message(const event::FromClient& e, const wire::DeleteInstance& m);
  void on_message(const event::FromClient& e, const wire::NextInstance& m);
  void on_message(const event::FromClient& e, const wire::DrainRunner& m);
  void on_message(const event::FromClient& e, const wire::SetSlots& m);
  void on_message(const event::FromClient& e, const wire::PutRepo& m);
  void on_message(const event::FromClient& e, const wire::DeleteRepo& m);
  void on_message(const event::FromClient& e, const wire::PatchLane& m);
  Runner* runner_named(const event::FromClient& e, const std::string& id);
  wire::Lane view(const Lane& lane) const;

  // --- core_tenants.cc
  std::vector<wire::Tenant> tenant_views() const;

  // --- core_recover.cc
  void recover(const RecoveredJob& job, Now at);
  void recover_unfinished(JobRow& row, const RecoveredJob& job);
  void first_step();
  void give_back_leases();

  // --- core_views.cc
  std::optional<wire::Waiting> waiting(JobNo no, Now at) const;
  wire::Waiting waiting_for_runner(const JobRow& row) const;
  std::vector<wire::RunnerView> runner_views() const;
  wire::Demand demand(Now at) const;
  std::vector<wire::Metric> metrics(Now at) const;

  const CoreOptions options;
  const KeyedHash hash;
  LaneTable lanes;
  Quotas quotas;
  RunnerTable runners{&lanes};
  JobTable jobs;
  registry::Registry registry;
  std::vector<RepoEntry> repos;
  std::map<std::string, uint32_t> repo_ids;

  Now now;
  Actions* out = nullptr;
  int64_t stalled_ms = 0;  // in sum
  bool started = false, more_to_dispatch = false;
  JobNo next_no;
  uint64_t next_token = 1;
  uint64_t queued = 0, leased = 0;

  std::set<std::pair<MonoMs, JobNo>> expiries;                // leases, lease clock
  std::set<std::pair<MonoMs, RunnerId>> silences;             // runners, lease clock
  std::set<std::pair<MonoMs, JobNo>> backoffs;                // monotonic
  std::set<std::pair<WallMs, JobNo>> not_befores, deadlines;  // wall clock

  std::unordered_map<JobNo, Standing> standing;
  std::unordered_map<JobNo, JobNo> base_of;  // while either is kept
  std::deque<Settling> settling;
  std::deque<std::pair<JobNo, std::string>> doomed;  // can never run, and why

  std::deque<JobNo> finished;       // oldest first
  std::set<JobNo> held_back;        // would be forgotten, were they not stood on
  std::deque<JobNo> due_to_forget;  // no longer held back
  size_t retained = 0;

  // Where in out->persist this turn's changes of a job stand, to be changed further in place.
  struct Marks {
    size_t status = SIZE_MAX, events = SIZE_MAX;
  };
  std::unordered_map<JobNo, Marks> marks;
  Counters count;
};

JobStatus fresh_status();  // of a job that was just queued
inline Token token_of(const wire::LeaseRef& ref) {
  return {ref.epoch, ref.n};
}
inline wire::LeaseRef ref_of(JobNo no, Token token) {
  return {no, token.epoch, token.n};
}
inline wire::JobState state_of(wire::Outcome outcome) {
  switch (outcome) {
    case wire::Outcome::kPassed:
      return wire::JobState::kSucceeded;
    case wire::Outcome::kCancelled:
      return wire::JobState::kCancelled;
    case wire::Outcome::kExpired:
      return wire::JobState::kExpired;
    case wire::Outcome::kInfraError:
      return wire::JobState::kDead;
    default:
      return wire::JobState::kFailed;
  }
}

}  // namespace ghost::broker
