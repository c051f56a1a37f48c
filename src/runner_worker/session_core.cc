#include "runner_worker/session_core.h"

#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "wire/envelope.h"
#include "wire/errors.gen.h"

namespace ghost::runner {
namespace {

constexpr size_t kBeatsMax = 64;    // unacked heartbeats remembered
constexpr size_t kAskedMax = 8192;  // requests whose failure could still be told apart
constexpr size_t kHeldMax = 1024;   // what a message may name
constexpr uint64_t kHeartbeatMsMin = 10, kLeaseMsMin = 30;
constexpr uint64_t kGoodbyeWaitMs = 1000;

}  // namespace

SessionCore::SessionCore(const SessionOptions& options, MonoMs now)
    : options_(options),
      now_(now),
      random_(options.seed),
      register_due_(now),
      register_wait_ms_(options.register_wait_ms_min),
      slots_(std::min(options.slots, kSlotsMax)),
      renewed_(now) {
  GHOST_CHECK(options.session > 0);
}

std::vector<SessionAction> SessionCore::step(MonoMs now, SessionEvent event) {
  GHOST_CHECK(now >= now_);
  now_ = now;
  if (state_ != State::kStopped) {
    std::visit([this](auto& e) { on(e); }, event);
  }
  return std::exchange(actions_, {});
}

void SessionCore::on(FromBroker& event) {
  in_answer_to_ = event.correlation;
  if (auto* jobs = std::get_if<wire::RunJobs>(&event.body)) {
    // Payloads are told apart here, so that the jobs' handler sees whole jobs only.
    size_t frames = 0;
    for (const wire::Dispatch& d : jobs->items) frames += 1 + d.ancestors.size();
    if (frames != event.payloads.size()) {
      return act(Notice{true, "jobs with wrong number of payloads ignored",
                        std::to_string(event.payloads.size())});
    }
    if (state_ != State::kReady || jobs->epoch != epoch_ || jobs->seq <= last_job_seq_) return;
    last_job_seq_ = jobs->seq;
    size_t at = 0;
    for (wire::Dispatch& d : jobs->items) {
      const size_t diffs = d.ancestors.size();
      const auto begin = event.payloads.begin() + static_cast<ptrdiff_t>(at);
      take(std::move(d), *begin, {begin + 1, begin + 1 + static_cast<ptrdiff_t>(diffs)});
      at += 1 + diffs;
    }
    return start_pending();
  }
  std::visit([this](auto& m) { on_message(m); }, event.body);
  if (!std::holds_alternative<wire::Failure>(event.body)) asked_.erase(event.correlation);
}

void SessionCore::on(ConnectionReset&) {
  if (state_ == State::kReady) register_at(now_, false);
}

void SessionCore::on(DrainAsked& event) {
  if (!draining_) {
    act(Notice{false, "draining", event.now ? "giving back what runs" : "finishing what runs"});
    draining_ = true;
    if (options_.drain_ms_max > 0) drain_due_ = now_ + static_cast<MonoMs>(options_.drain_ms_max);
    beat_asked_ = true;
  }
  if (event.now) give_back_ = true;
}

void SessionCore::on(Tick&) {
  if (now_ >= drain_due_) give_back_ = true;
  expire_leases();
  drain_jobs();
  if (state_ == State::kReady && !beats_.empty() &&
      now_ >= beats_.front().sent + static_cast<MonoMs>(2 * heartbeat_ms_)) {
    act(Notice{true, "broker is silent, connecting anew", ""});
    told_silent_ = true;
    register_at(now_, true);
  }
  if (state_ == State::kRegistering && now_ >= register_due_) send_register();
  if (state_ == State::kReady) {
    if (now_ >= beat_due()) send_heartbeat();
    for (auto& [lease, job] : jobs_) {
      // What the gates said is told before the delivery that follows from it.
      if (job.delivery) flush_log(job);
      flush_asks(job);
      flush_log(job);
    }
    flush_releases();
    flush_results();
  }
  leave_when_done();
}

// ---------------------------------------------------------------------------------- registration

void SessionCore::register_at(MonoMs when, bool reconnect) {
  state_ = State::kRegistering;
  register_due_ = when;
  reconnect_first_ = reconnect;
  register_wait_ms_ = options_.register_wait_ms_min;
  register_correlation_ = 0;
  beats_.clear();
  asked_.clear();
}

void SessionCore::send_register() {
  if (reconnect_first_) act(Reconnect{});
  if (reconnect_first_ && !told_silent_) {
    act(Notice{true, "broker does not answer, trying on", ""});
    told_silent_ = true;
  }
  wire::Register m;
  m.instance = options_.instance;
  m.secret = options_.secret;
  m.session = options_.session;
  m.host = options_.host;
  m.version = options_.version;
  m.slots = std::min(options_.slots, kSlotsMax);
  m.labels = options_.labels;
  m.limits = options_.limits;
  m.protocols.assign(wire::kProtocolsSpoken.begin(), wire::kProtocolsSpoken.end());
  m.joined = true;
  m.held = held();
  m.last_job_seq = last_job_seq_;
  m.draining = !takes_jobs();
  register_sent_ = now_;
  register_correlation_ = send(Kind::kRegister, std::move(m));
  register_due_ = now_ + static_cast<MonoMs>(jitter(register_wait_ms_));
  register_wait_ms_ = std::min(register_wait_ms_ * 2, options_.register_wait_ms_max);
  // An unanswered registration is not left in the old connection's queue.
  reconnect_first_ = true;
}

void SessionCore::on_message(wire::Registered& m) {
  if (state_ != State::kRegistering || in_answer_to_ != register_correlation_ ||
      m.session != options_.session) {
    return;
  }
  if (!wire::choose_protocol({m.protocol})) {
    return stop_session(wire::no_common_protocol({m.protocol}));
  }
  if (m.epoch != epoch_) last_job_seq_ = 0;
  act(Notice{false, "registered", "epoch " + std::to_string(m.epoch)});
  state_ = State::kReady;
  epoch_ = m.epoch;
  heartbeat_ms_ = std::max(m.heartbeat_ms, kHeartbeatMsMin);
  lease_ms_ = std::max(m.lease_ms, kLeaseMsMin);
  registered_ = now_;
  ever_registered_ = true;
  told_silent_ = false;
  // Jobs sent from now on were leased after this registration; leases held from before are renewed
  // by heartbeats alone, so one is sent at once.
  renewed_ = register_sent_;
  beat_asked_ = true;
  use_slots(m.slots, m.drain);
  for (const wire::CancelOrder& order : m.cancels) obey(order);
  resume_sending();
}

void SessionCore::on_register_failure(const wire::ErrorBody& error) {
  if (error.code == "stale_session") {
    return stop_session(Error{error.code,
                              "another process runs as instance " + options_.instance +
                                  " with a newer session: " + error.detail,
                              ""});
  }
  if (!wire::error_info(error.code).retry) {
    return stop_session(
        Error{error.code, "the broker refuses instance " + options_.instance + ": " + error.detail,
              error.field});
  }
  if (!told_silent_) {
    act(Notice{true, "broker refuses registration for now", error.code + ": " + error.detail});
    told_silent_ = true;
  }
  // The broker answered: this connection is good, and the wait for the answer becomes the backoff.
  reconnect_first_ = false;
}

void SessionCore::on_message(wire::Failure& m) {
  const auto found = asked_.find(in_answer_to_);
  if (found == asked_.end()) return;  // of an earlier connection, or of nothing we asked
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  if (asked.kind == Kind::kRegister) {
    if (state_ == State::kRegistering && in_answer_to_ == register_correlation_) {
      on_register_failure(m.error);
    }
    return;
  }
  if (m.error.code == "stale_session") return on_register_failure(m.error);
  if (m.error.code == "register_again") {
    if (state_ == State::kLeaving) return stop_session(ok_status());
    // Not more often than unanswered registrations would come, whatever the broker says.
    const MonoMs soonest = registered_ + static_cast<MonoMs>(options_.register_wait_ms_min);
    return register_at(std::max(now_, soonest), false);
  }
  switch (asked.kind) {
    case Kind::kBase:
    case Kind::kEvents:
    case Kind::kArtifact:
    case Kind::kDelivery:
      return on_job_failure(asked, m.error);
    case Kind::kResults:
    case Kind::kRelease:
      return on_result_failure(asked, m.error);
    case Kind::kGoodbye:
      return stop_session(ok_status());
    case Kind::kRegister:
    case Kind::kHeartbeat:
      return act(Notice{true, "broker refused a heartbeat", m.error.code + ": " + m.error.detail});
  }
}

// ------------------------------------------------------------------------------------ heartbeats

void SessionCore::send_heartbeat() {
  wire::Heartbeat m;
  m.session = options_.session;
  m.sent_ms = now_;
  m.slots = std::min(options_.slots, kSlotsMax);
  m.held = held();
  m.last_job_seq = last_job_seq_;
  m.draining = !takes_jobs();
  send(Kind::kHeartbeat, std::move(m));
  if (beats_.size() < kBeatsMax && (beats_.empty() || beats_.back().sent != now_)) {
    beats_.push_back({now_, arrivals_});
  }
  last_beat_ = now_;
  beat_asked_ = false;
  idle_ = jobs_.empty();
}

// Who holds nothing, and said so, has no lease to renew and beats less often, though twice in the
// time after which it would be lost. A job that comes then asks for the beat that renews its lease.
MonoMs SessionCore::beat_due() const {
  if (beat_asked_) return now_;
  uint64_t ms = heartbeat_ms_;
  if (idle_ && jobs_.empty()) ms = std::max(ms, std::min(ms + ms / 2, lease_ms_ / 2));
  return last_beat_ + static_cast<MonoMs>(ms);
}

void SessionCore::on_message(wire::HeartbeatAck& m) {
  if (state_ != State::kReady) return;
  if (m.epoch != epoch_) return register_at(now_, false);
  // An ack of nothing that was sent renews nothing.
  const auto beat = std::find_if(beats_.begin(), beats_.end(),
                                 [&](const Beat& each) { return each.sent == m.sent_ms; });
  if (beat == beats_.end()) return;
  const uint64_t arrivals = beat->arrivals;
  beats_.erase(beats_.begin(), beat + 1);
  renewed_ = std::max(renewed_, m.sent_ms);
  const MonoMs margin = static_cast<MonoMs>(lease_ms_ * options_.lease_margin_percent / 100);
  const MonoMs until = m.sent_ms + static_cast<MonoMs>(lease_ms_) - margin;
  for (auto& [lease, job] : jobs_) {
    // A job that came after the heartbeat was sent was not named in it.
    if (job.arrival > arrivals || until <= job.lease_until) continue;
    job.lease_until = until;
    if (job.phase == Phase::kRunning && job.stop != StopReason::kLeaseLost) {
      act(LeaseExtended{lease, until});
    }
  }
  use_slots(m.slots, m.drain);
  for (const wire::CancelOrder& order : m.cancels) obey(order);
  start_pending();
}

void SessionCore::use_slots(uint64_t slots, bool drain) {
  slots_ = std::min(slots, kSlotsMax);
  if (drain != operator_drain_) {
    act(Notice{false, drain ? "drained by an operator" : "no longer drained by an operator", ""});
  }
  operator_drain_ = drain;
}

bool SessionCore::takes_jobs() const {
  return !draining_ && now_ >= outbox_sick_until_ && outbox_items_ < options_.outbox_items_max &&
         outbox_bytes_ < options_.outbox_bytes_max;
}

std::vector<LeaseRef> SessionCore::held() const {
  std::vector<LeaseRef> leases;
  // Results that the broker did not know come last: naming them keeps no lease alive.
  for (const bool refused : {false, true}) {
    for (const auto& [lease, job] : jobs_) {
      if (job.refused == refused && leases.size() < kHeldMax) leases.push_back(lease);
    }
  }
  return leases;
}

// --------------------------------------------------------------------------------------- leaving

void SessionCore::leave_when_done() {
  if (state_ == State::kStopped) return;
  if (state_ == State::kLeaving) {
    if (now_ >= goodbye_due_) stop_session(ok_status());
    return;
  }
  if (!draining_) return;
  bool waits_for_broker = false;
  for (const auto& [lease, job] : jobs_) {
    const bool at_work = job.phase != Phase::kResult && job.phase != Phase::kReleasing;
    if (at_work) return;
    if (!job.refused) waits_for_broker = true;
  }
  if (leave_due_ == kNever) leave_due_ = now_ + static_cast<MonoMs>(options_.leave_ms_max);
  if (waits_for_broker && now_ < leave_due_) return;
  if (state_ != State::kReady || waits_for_broker) {
    // What is unacked stays in the outbox; a Goodbye would have the broker run it again.
    return stop_session(ok_status());
  }
  send(Kind::kGoodbye, wire::Goodbye{options_.session});
  state_ = State::kLeaving;
  goodbye_due_ = now_ + static_cast<MonoMs>(kGoodbyeWaitMs);
}

void SessionCore::on_message(wire::Done&) {
  if (state_ == State::kLeaving) stop_session(ok_status());
}

void SessionCore::stop_session(Status status) {
  for (auto& [lease, job] : jobs_) {
    if (job.phase == Phase::kRunning) stop_job(job, StopReason::kLeaseLost);
  }
  state_ = State::kStopped;
  act(Stopped{std::move(status)});
}

// --------------------------------------------------------------------------------------- helpers

uint64_t SessionCore::send(Kind kind, RunnerMessage body, std::vector<LeaseRef> leases,
                           wire::Frames payloads) {
  const uint64_t correlation = ++correlation_;
  asked_.emplace(correlation, Asked{kind, std::move(leases)});
  if (asked_.size() > kAskedMax) asked_.erase(asked_.begin());
  act(Send{correlation, std::move(body), std::move(payloads)});
  return correlation;
}

// Three quarters to five quarters of ms (SplitMix64).
uint64_t SessionCore::jitter(uint64_t ms) {
  uint64_t z = (random_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return ms - ms / 4 + z % (ms / 2 + 1);
}

MonoMs SessionCore::next_deadline() const {
  if (state_ == State::kStopped) return kNever;
  MonoMs due = std::min(give_back_ ? kNever : drain_due_, goodbye_due_);
  if (draining_ && state_ != State::kLeaving) due = std::min(due, leave_due_);
  if (state_ == State::kRegistering) due = std::min(due, register_due_);
  if (state_ == State::kReady) {
    due = std::min(due, beat_due());
    if (!beats_.empty()) {
      due = std::min(due, beats_.front().sent + static_cast<MonoMs>(2 * heartbeat_ms_));
    }
  }
  for (const auto& [lease, job] : jobs_) due = std::min(due, job_deadline(job));
  return due;
}

size_t SessionCore::running() const {
  return static_cast<size_t>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& entry) {
    return entry.second.phase == Phase::kRunning;
  }));
}

}  // namespace ghost::runner
