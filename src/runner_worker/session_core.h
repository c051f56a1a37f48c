// The runner's side of the session with the broker: registration, heartbeats, leases, jobs from
// dispatch to acknowledged result. A deterministic state machine: the same events at the same times
// give the same actions; no socket, thread, clock, file or random source. SEMANTICS: leases end
// here first; a result is durable before it is sent and kept until the broker has it; a job's log
// is complete before its result is sent.
//
// Owned and stepped by one thread (the link's, or a simulator's). The shell feeds what has arrived,
// then a Tick; it carries out the actions in order, and calls again no later than next_deadline().
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner_worker/event_log.h"
#include "runner_worker/session_types.h"

namespace ghost::runner {

struct SessionOptions {
  std::string instance;
  std::string secret;    // 16 to 64 bytes
  uint64_t session = 0;  // greater than any that this instance used before
  std::string host, version;
  uint64_t slots = 1;
  std::map<std::string, std::string> labels;
  std::map<std::string, uint64_t> limits;  // told to the broker, for people
  uint64_t seed = 0;                       // of the jitter

  uint64_t lease_margin_percent = 10;  // of the lease: so much earlier it ends here
  uint64_t register_wait_ms_min = 1000, register_wait_ms_max = 15000;  // for an answer
  uint64_t retry_ms = 2000;                                            // an unanswered request
  uint64_t batch_ms = 20;           // output waits so long for company
  uint64_t batch_bytes = 64 << 10;  // or until there is so much of it
  uint64_t refused_retry_ms_min = 5000, refused_retry_ms_max = 600'000;  // of an unknown result
  uint64_t outbox_items_max = 512;
  uint64_t outbox_bytes_max = 1ull << 30;
  uint64_t outbox_cooldown_ms = 30'000;  // no new jobs so long after the disk refused
  uint64_t drain_ms_max = 600'000;       // then what runs is given back; 0: no limit
  uint64_t leave_ms_max = 5000;          // for the last acks, when nothing runs any more
};

class SessionCore {
 public:
  static constexpr uint64_t kSlotsMax = 256;
  static constexpr MonoMs kNever = INT64_MAX;

  SessionCore(const SessionOptions& options, MonoMs now);

  std::vector<SessionAction> step(MonoMs now, SessionEvent event);
  // When a Tick is due; kNever after Stopped.
  MonoMs next_deadline() const;

  bool stopped() const { return state_ == State::kStopped; }
  bool registered() const { return state_ == State::kReady; }
  uint64_t slots() const { return slots_; }
  size_t running() const;

 private:
  enum class State { kRegistering, kReady, kLeaving, kStopped };
  enum class Phase {
    kPending,    // waits for a slot
    kRunning,    // an executor works on it, or is being stopped
    kWriting,    // finished: on its way to the outbox and to the broker
    kResult,     // in the outbox, until the broker has it
    kReleasing,  // given back unfinished, until the broker knows
  };
  // A request that is repeated until it is answered.
  struct Ask {
    std::string text;  // commit
    MonoMs due = 0;
  };
  struct ArtifactAsk {
    SlotArtifact chunk;
    MonoMs due = 0;
    uint64_t correlation = 0;  // of the last time it was sent
    unsigned refusals = 0;
  };
  struct Job {
    explicit Job(uint64_t attempt) : log(attempt) {}
    explicit Job(std::vector<wire::Event> events) : log(std::move(events)) {}

    LeaseRef lease;
    Phase phase = Phase::kPending;
    uint64_t arrival = 0;
    JobInput input;  // until it is started
    MonoMs lease_until = 0;
    StopReason stop = StopReason::kNone;
    bool stale = false;  // another's now: no result, nothing to give back
    bool has_result() const { return phase == Phase::kWriting || phase == Phase::kResult; }
    wire::ReleaseReason release = wire::ReleaseReason::kOutage;

    EventLog log;
    bool log_closed = false;  // the broker wants no more of it
    MonoMs log_due = kNever, log_retry = kNever;
    bool log_answered = false, log_advanced = false;  // since the last repeat
    unsigned log_stalls = 0;

    std::optional<Ask> base, delivery;
    std::optional<ArtifactAsk> artifact;

    wire::ResultItem item;
    uint64_t bytes = 0;  // in the outbox
    MonoMs due = 0;      // when to send result or release
    uint64_t wait_ms = 0;
    bool in_flight = false, refused = false, alone = false;
    bool acked = false;    // before it was written: removed once it is
    bool held_up = false;  // until results in flight are answered
  };
  enum class Kind {
    kRegister,
    kHeartbeat,
    kBase,
    kEvents,
    kArtifact,
    kDelivery,
    kResults,
    kRelease,
    kGoodbye
  };
  struct Asked {
    Kind kind;
    std::vector<LeaseRef> leases;
  };
  using Jobs = std::map<LeaseRef, Job, LeaseOrder>;

  // session_core.cc: the connection
  void on(FromBroker& event);
  void on(ConnectionReset&);
  void on(DrainAsked& event);
  void on(Tick&);
  void on_message(wire::Registered& m);
  void on_message(wire::HeartbeatAck& m);
  void on_message(wire::Done&);
  void on_message(wire::Failure& m);
  void on_register_failure(const wire::ErrorBody& error);
  void register_at(MonoMs when, bool reconnect);
  void send_register();
  void send_heartbeat();
  MonoMs beat_due() const;
  void use_slots(uint64_t slots, bool drain);
  void leave_when_done();
  void stop_session(Status status);
  bool takes_jobs() const;
  std::vector<LeaseRef> held() const;
  uint64_t send(Kind kind, RunnerMessage body, std::vector<LeaseRef> leases = {},
                wire::Frames payloads = {});
  uint64_t jitter(uint64_t ms);

  // session_jobs.cc: jobs and what they ask
  void on(SlotOutput& event);
  void on(SlotProgress& event);
  void on(SlotBase& event);
  void on(SlotDelivery& event);
  void on(SlotArtifact& event);
  void on(SlotFinished& event);
  void on_message(wire::RunJobs& m);
  void on_message(wire::Cancel& m);
  void on_message(wire::BaseKept& m);
  void on_message(wire::EventsKept& m);
  void on_message(wire::ArtifactKept& m);
  void on_message(wire::Delivery& m);
  void obey(const wire::CancelOrder& order);
  void take(wire::Dispatch dispatch, Blob request, std::vector<Blob> diffs);
  void drop_older(const LeaseRef& lease);
  void start_pending();
  void expire_leases();
  void drain_jobs();
  void stop_job(Job& job, StopReason reason);
  void lose(Job& job);
  void refuse_asks(Job& job, const Error& error);
  void close_log(Job& job);
  void logged(Job& job);
  void flush_asks(Job& job);
  void flush_log(Job& job);
  void on_job_failure(const Asked& asked, const wire::ErrorBody& error);
  Job* find(const LeaseRef& lease);

  // session_results.cc: results and releases
  void on(OutboxWritten& event);
  void on(OutboxLoaded& event);
  void on_message(wire::ResultsKept& m);
  void finish(Job& job, wire::ResultItem item, Blob verdict, Blob diff);
  void give_back(Job& job, wire::ReleaseReason reason);
  void flush_results();
  void flush_releases();
  void refuse_result(Job& job);
  void on_result_failure(const Asked& asked, const wire::ErrorBody& error);
  void resume_sending();
  void erase(const LeaseRef& lease);
  MonoMs job_deadline(const Job& job) const;

  template <typename Action>
  void act(Action action) {
    actions_.emplace_back(std::move(action));
  }

  const SessionOptions options_;
  MonoMs now_ = 0;  // of the current step
  std::vector<SessionAction> actions_;
  State state_ = State::kRegistering;
  uint64_t random_;

  // registration
  uint64_t correlation_ = 0;
  uint64_t in_answer_to_ = 0;  // correlation of the message being handled
  uint64_t register_correlation_ = 0;
  MonoMs register_sent_ = 0, register_due_ = 0, registered_ = 0;
  bool ever_registered_ = false;
  bool reconnect_first_ = false, told_silent_ = false;
  uint64_t register_wait_ms_;
  std::map<uint64_t, Asked> asked_;  // by correlation

  // what the broker said
  uint64_t epoch_ = 0, last_job_seq_ = 0;
  uint64_t heartbeat_ms_ = 5000, lease_ms_ = 15000;
  uint64_t slots_;
  bool operator_drain_ = false;

  // heartbeats not yet acked, oldest first
  struct Beat {
    MonoMs sent;
    uint64_t arrivals;  // it named the jobs that had come by then
  };
  std::deque<Beat> beats_;
  MonoMs last_beat_ = 0;
  bool beat_asked_ = false;  // to come before it is due
  bool idle_ = false;        // the last one named no job
  MonoMs renewed_ = 0;       // send time of the newest heartbeat or registration that was answered

  Jobs jobs_;
  uint64_t arrivals_ = 0;
  size_t outbox_items_ = 0;
  uint64_t outbox_bytes_ = 0;
  MonoMs outbox_sick_until_ = 0;

  // leaving
  bool draining_ = false, give_back_ = false;
  MonoMs drain_due_ = kNever, leave_due_ = kNever, goodbye_due_ = kNever;
};

}  // namespace ghost::runner
