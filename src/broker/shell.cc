#include "broker/shell.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/planted_bugs.h"
#include "broker/crash_point.h"
#include "broker/dispatch.h"
#include "broker/views.h"

namespace ghost::broker {
namespace {

// What one turn takes at most, beside a number of messages: its commit and its answers stay short,
// and expiry waits for a turn that found both ports empty.
constexpr size_t kBytesMax = 8 << 20;
constexpr size_t kReadsMax = 256;
constexpr size_t kAskEmptyEvery = 32;  // messages of the other socket

constexpr int64_t kSleepMsMax = 1000;
constexpr int64_t kQuietMs = 20;       // without a message: the time for housekeeping
constexpr size_t kTrimChanges = 1000;  // then freed memory is given back, when all is quiet
constexpr uint64_t kFullRetryMs = 5000;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Shell::Shell(ShellOptions options, Ports& ports, Core& core, Store& store, Now now)
    : options_(std::move(options)),
      core_(core),
      store_(store),
      ports_(ports),
      sender_(&ports),
      reads_(core, store, {store.epoch(), options_.limits, [this] { return move(Side::kClients); }},
             [this](std::vector<wire::Metric>* out) { add_metrics(out); }),
      waiters_(options_.waits_max),
      watch_(options_.notify_jobs_max),
      chores_(core_, options_.self, options_.registry_path, options_.restored_path),
      backups_(options_.backups, store),
      now_(now),
      turn_began_(now.mono),
      commit_seconds_("ghost_broker_commit_seconds", "Time of a turn's transaction with its sync.",
                      {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1}),
      commit_rows_("ghost_broker_commit_changes", "Changes kept by one transaction.",
                   {1, 4, 16, 64, 256, 1024, 4096}) {}

int64_t Shell::wait_ms(MonoMs now) const {
  if (!drained_ || !next_events_.empty()) return 0;
  MonoMs until = now_.mono + (housekeeping_due_ ? kQuietMs : kSleepMsMax);
  until = std::min(until, chores_.next_deadline());
  if (options_.access != nullptr) until = std::min(until, options_.access->next_deadline());
  if (options_.tokens != nullptr) until = std::min(until, options_.tokens->next_deadline());
  if (const auto at = core_.next_deadline(now_)) until = std::min(until, *at);
  until = std::min(until, now_.mono + backups_.wait_ms());
  if (const auto at = waiters_.next_deadline()) until = std::min(until, *at);
  return std::max<int64_t>(0, until - now);
}

void Shell::woke(Now now, MonoMs slept_from, int64_t wanted_ms, bool message_waits) {
  now_ = now;
  notice_stall(slept_from, wanted_ms);
  if (!message_waits && housekeeping_due_ && wanted_ms > 0) {
    housekeeping_due_ = false;
    if (Status s = store_.housekeep(true); !s) next_events_.clear();  // the next commit says it
    if (changes_since_trim_ >= kTrimChanges) {
      changes_since_trim_ = 0;
      if (actions_.persist.empty() && actions_.send.empty()) actions_ = {};
      options_.return_free_memory();
    }
  }
}

// Everything between two turns but the sleep that was wanted is time in which nobody was heard: a
// stopped process, a slow disk. Leases must not run out in it.
void Shell::notice_stall(MonoMs slept_from, int64_t wanted_ms) {
  const int64_t slept = std::min(now_.mono - slept_from, wanted_ms);
  const int64_t stood = now_.mono - turn_began_ - slept;
  turn_began_ = now_.mono;
  if (stood < std::max<int64_t>(100, options_.lease_ms / 8)) return;
  ++counts_.stalls;
  log::warn("the loop stood still", {{"ms", stood}});
  next_events_.insert(next_events_.begin(), event::Stalled{stood});
}

Status Shell::turn() {
  ++counts_.turns;
  submitted_bytes_ = 0;
  for (Event& event : std::exchange(next_events_, {})) step(std::move(event));
  for (Event& event : chores_.due(now_)) step(std::move(event));
  follow_books();
  drained_ = drain();
  step(event::Tick{drained_});
  collect_changes();
  if (planted(Bug::kAckBeforeCommit)) {
    for (Send& send : actions_.send) {
      if (auto* message = std::get_if<send::Message>(&send)) send_message(*message);
    }
  }
  if (planted(Bug::kNewsBeforeCommit)) wake_waiters();
  if (Status s = commit(); !s) return s;
  chores_.committed();
  if (Status s = send_all(); !s) return s;
  answer_reads();
  GHOST_CRASH_POINT("turn.read");
  wake_waiters();
  GHOST_CRASH_POINT("turn.woken");
  chores_.after_turn(now_);
  backups_.turn();
  return store_.housekeep(false);
}

Status Shell::last_turn() {
  step(chores_.leave());
  if (Status s = turn(); !s) return s;
  chores_.write_registry(now_);
  return ok_status();
}

// --- In
// ------------------------------------------------------------------------------------------

// Takes what is there, from both sockets in turn; true: both were empty. To ask an empty one is a
// system call: while the other one has messages it is asked now and then.
bool Shell::drain() {
  size_t messages = 0;
  counts_.payload_bytes = 0;
  struct Port {
    Side side;
    size_t rest = 0;  // not asked for so many rounds
  };
  Port ports[] = {{Side::kRunners}, {Side::kClients}};
  const auto take_one = [&](Port& port) {
    std::optional<wire::Incoming> in = ports_.receive(port.side);
    port.rest = in ? 0 : kAskEmptyEvery;
    if (!in) return false;
    ++messages;
    take(port.side, std::move(*in));
    return true;
  };
  while (messages < options_.turn_messages_max && counts_.payload_bytes < kBytesMax &&
         pending_reads_.size() < kReadsMax) {
    bool any = false;
    Port* rested = nullptr;
    for (Port& port : ports) {
      if (port.rest == 0) {
        any |= take_one(port);
      } else {
        --port.rest;
        rested = &port;
      }
    }
    if (!any && (rested == nullptr || !take_one(*rested))) return true;
  }
  return false;
}

void Shell::take(Side side, wire::Incoming in) {
  ++counts_.messages;
  Peer peer{side, std::move(in.peer)};
  for (const Blob& frame : in.frames) counts_.payload_bytes += frame->size();
  uint64_t correlation = 0;
  Result<wire::Message> message = wire::unpack(std::move(in.frames), &correlation);
  if (!message) return fail(peer, correlation, message.error());
  Result<Inbound> inbound = decode_inbound(side, *message);
  if (!inbound) return fail(peer, correlation, inbound.error());
  if (options_.access != nullptr) {
    if (Status s = options_.access->allows(peer.route, &*inbound); !s) {
      return fail(peer, correlation, s.error());
    }
  }
  std::visit([&](auto&& request) { on(std::move(peer), std::move(*message), std::move(request)); },
             std::move(*inbound));
}

void Shell::on(Peer peer, wire::Message&& message, ClientRequest&& request) {
  const uint64_t correlation = message.header.correlation;
  if (std::holds_alternative<wire::Submit>(request)) {
    uint64_t bytes = 0;
    for (const Blob& payload : message.payloads) bytes += payload->size() + 1024;
    if (!store_.has_space(submitted_bytes_ + bytes)) {
      ++counts_.refused_full;
      return fail(peer, correlation,
                  {"storage_full", "too little free space in the broker's data directory", ""},
                  kFullRetryMs);
    }
    submitted_bytes_ += bytes;
    const bool notify = std::get<wire::Submit>(request).notify;
    Peer asker = notify ? peer : Peer{};
    step(event::FromClient{std::move(peer), correlation, std::move(request),
                           std::move(message.payloads)});
    if (notify) watch_submitted(std::move(asker), correlation);
    return;
  }
  step(event::FromClient{std::move(peer), correlation, std::move(request), {}});
}

void Shell::on(Peer peer, wire::Message&& message, RunnerRequest&& request) {
  step(event::FromRunner{std::move(peer), message.header.correlation, std::move(request),
                         std::move(message.payloads)});
}

void Shell::on(Peer peer, wire::Message&& message, wire::RetryJob&& request) {
  const uint64_t correlation = message.header.correlation;
  const std::optional<JobNo> no = core_.find_job(request.tenant, request.id);
  if (!no) return fail(peer, correlation, {"not_found", "no job " + request.id, "id"});
  Result<StoredJob> of = store_.job(*no);
  if (!of && of.error().code == "not_found") {
    // Accepted in this very turn: it cannot have finished.
    return fail(peer, correlation, {"conflict", "job " + request.id + " is not finished", "id"});
  }
  if (!of) return fail(peer, correlation, of.error());
  if (!store_.has_space(submitted_bytes_ + 1024)) {
    ++counts_.refused_full;
    return fail(peer, correlation,
                {"storage_full", "too little free space in the broker's data directory", ""},
                kFullRetryMs);
  }
  step(event::Retry{std::move(peer), correlation, std::move(request), std::move(of->spec)});
}

void Shell::on(Peer peer, wire::Message&& message, ReadRequest&& request) {
  pending_reads_.push_back({std::move(peer), message.header.correlation, std::move(request)});
}

void Shell::step(Event&& event) {
  core_.step(now_, std::move(event), &actions_);
}

void Shell::fail(const Peer& peer, uint64_t correlation, const Error& error,
                 uint64_t retry_after_ms) {
  ++counts_.failures[error.code];
  answers_.emplace_back(peer, wire::pack_failure(correlation, error, retry_after_ms));
}

// The answer to a Submit is the last thing that its step wanted sent. It names each job that it
// does not leave to the store to name.
void Shell::watch_submitted(Peer asker, uint64_t correlation) {
  if (actions_.send.empty()) return;
  const wire::Submitted* answer = nullptr;
  if (const auto* filled = std::get_if<send::Submitted>(&actions_.send.back())) {
    answer = &filled->reply;
  } else if (const auto* said = std::get_if<send::Message>(&actions_.send.back())) {
    answer = std::get_if<wire::Submitted>(&said->reply);
  }
  if (answer == nullptr) return;
  const size_t handle = watch_.open(asker, correlation);
  for (size_t i = 0; i < answer->items.size(); ++i) {
    if (actions_.submitted[i] == 0 || answer->items[i].id.empty()) continue;
    watch_.watch(handle, actions_.submitted[i], answer->items[i].id);
  }
  watch_.close_if_unused(handle);
}

// --- Kept
// ----------------------------------------------------------------------------------------

Status Shell::commit() {
  if (actions_.persist.empty()) return ok_status();
  const auto start = std::chrono::steady_clock::now();
  commit_rows_.add(static_cast<double>(actions_.persist.size()));
  changes_since_trim_ += actions_.persist.size();
  GHOST_CRASH_POINT("turn.commit");
  Status s = store_.commit(&actions_.persist);
  actions_.persist.clear();
  commit_seconds_.add(seconds_since(start));
  housekeeping_due_ = true;
  return s;
}

// Before the commit, which may move out of the rows.
void Shell::collect_changes() {
  changes_.clear();
  if (waiters_.empty() && watch_.empty()) return;
  for (const Persist& row : actions_.persist) {
    if (const auto* update = std::get_if<persist::UpdateJob>(&row)) {
      changes_.push_back({update->no, update->status.state, update->status.outcome});
    } else if (const auto* append = std::get_if<persist::AppendEvents>(&row)) {
      changes_.push_back({append->no, std::nullopt, std::nullopt});
    } else if (const auto* insert = std::get_if<persist::InsertJob>(&row)) {
      changes_.push_back({insert->spec->no, insert->status.state, insert->status.outcome});
    }
  }
}

// --- Out
// -----------------------------------------------------------------------------------------

Status Shell::send_all() {
  for (Send& send : std::exchange(actions_.send, {})) {
    GHOST_CRASH_POINT("turn.send");
    if (auto* message = std::get_if<send::Message>(&send)) {
      send_message(*message);
    } else if (auto* submitted = std::get_if<send::Submitted>(&send)) {
      send_submitted(*submitted);
    } else if (auto* view = std::get_if<send::JobView>(&send)) {
      sender_.send(view->peer, reads_.job(view->correlation, view->no, now_));
    } else if (auto* jobs = std::get_if<send::Jobs>(&send)) {
      if (Status s = send_jobs(*jobs); !s) return s;
    }
  }
  for (const auto& [peer, frames] : std::exchange(answers_, {})) sender_.send(peer, frames);
  GHOST_CRASH_POINT("turn.sent");
  return ok_status();
}

void Shell::send_message(send::Message& message) {
  const auto packed = [&](auto& m) {
    if constexpr (requires { m.move; }) m.move = move(message.peer.side);
    return wire::pack(message.correlation, m);
  };
  sender_.send(message.peer, std::visit(packed, message.reply));
}

void Shell::send_submitted(send::Submitted& submitted) {
  for (const send::Submitted::Fill& fill : submitted.fills) {
    wire::SubmitAck& ack = submitted.reply.items[fill.item];
    if (const auto status = fill.spec ? core_.unfinished_status(fill.no) : std::nullopt) {
      ack.id = fill.spec->submission.id;
      if (submitted.view) ack.job = view_of(*fill.spec, *status, core_, now_);
      continue;
    }
    const Result<StoredJob> job = store_.job(fill.no);
    if (!job) {  // pruned in this very turn: sent again, it is a new one
      ack = {};
      ack.status = wire::SubmitStatus::kRefused;
      ack.error = wire::ErrorBody{"unavailable", "the job has just been pruned", "", 0};
      continue;
    }
    ack.id = job->spec.submission.id;
    if (submitted.view) ack.job = view_of(*job, core_, now_);
  }
  sender_.send(submitted.peer, wire::pack(submitted.correlation, submitted.reply));
}

Status Shell::send_jobs(const send::Jobs& jobs) {
  Result<RunJobsMessage> made =
      make_run_jobs(jobs, core_, store_, store_.epoch(), static_cast<uint64_t>(options_.lease_ms));
  if (!made) return made.error();
  for (event::Undispatchable& failed : made->failed) next_events_.push_back(std::move(failed));
  if (made->frames.empty()) return ok_status();
  GHOST_CRASH_POINT("turn.jobs");
  if (sender_.send(jobs.peer, made->frames) != wire::SendStatus::kSent) {
    next_events_.push_back(event::Unsent{jobs.peer, std::move(made->leases)});
  }
  return ok_status();
}

void Shell::answer_reads() {
  for (PendingRead& read : std::exchange(pending_reads_, {})) answer_or_wait(std::move(read));
}

void Shell::answer_or_wait(PendingRead&& read) {
  const uint64_t wait = Reads::wait_ms(read.request);
  if (auto frames = reads_.answer(read.correlation, read.request, now_, wait == 0)) {
    sender_.send(read.peer, *frames);
    return;
  }
  const JobNo job = reads_.job_of(read.request);
  const MonoMs deadline = now_.mono + static_cast<MonoMs>(wait);
  if (waiters_.add({read.peer, read.correlation, read.request, job, deadline})) return;
  if (auto frames = reads_.answer(read.correlation, read.request, now_, true)) {
    sender_.send(read.peer, *frames);
  }
}

void Shell::wake_waiters() {
  const auto settle = [this](const Waiter& waiter) {
    const auto frames = reads_.answer(waiter.correlation, waiter.request, now_, false);
    if (!frames) return false;
    sender_.send(waiter.peer, *frames);
    return true;
  };
  for (const Change& change : changes_) {
    if (change.state && is_terminal(*change.state)) {
      watch_.finished(change.no, *change.state,
                      change.outcome.value_or(wire::Outcome::kInfraError));
    }
    if (!waiters_.empty()) waiters_.wake(change.no, settle);
  }
  watch_.flush([this](const Peer& peer, uint64_t correlation, const wire::Finished& news) {
    sender_.send(peer, wire::pack(correlation, news));
  });
  if (core_.registry_revision() != registry_revision_) {
    registry_revision_ = core_.registry_revision();
    waiters_.wake(0, settle);
  }
  for (const Waiter& waiter : waiters_.expired(now_.mono)) {
    if (auto frames = reads_.answer(waiter.correlation, waiter.request, now_, true)) {
      sender_.send(waiter.peer, *frames);
    }
  }
}

void Shell::add_metrics(std::vector<wire::Metric>* out) const {
  const auto add = [&](const char* name, const char* help, wire::MetricType type, double value,
                       std::map<std::string, std::string> labels = {}) {
    out->push_back({name, help, type, std::move(labels), value});
  };
  using wire::MetricType;
  const auto n = [](auto v) { return static_cast<double>(v); };
  add("ghost_broker_turns_total", "Turns of the broker's loop.", MetricType::kCounter,
      n(counts_.turns));
  add("ghost_broker_messages_received_total", "Messages taken from both sockets.",
      MetricType::kCounter, n(counts_.messages));
  add("ghost_broker_messages_sent_total", "Messages handed to the sockets.", MetricType::kCounter,
      n(sender_.counts().sent));
  for (const auto& [reason, count] : {std::pair("no_such_peer", sender_.counts().no_such_peer),
                                      std::pair("would_block", sender_.counts().would_block)}) {
    add("ghost_broker_messages_dropped_total", "Messages that could not be handed over.",
        MetricType::kCounter, n(count), {{"reason", reason}});
  }
  for (const auto& [code, count] : counts_.failures) {
    add("ghost_broker_requests_refused_total", "Messages answered with Failure by the shell.",
        MetricType::kCounter, n(count), {{"code", code}});
  }
  const std::map<std::string, uint64_t> none;
  for (const auto& [reason, count] :
       options_.access != nullptr ? options_.access->refused() : none) {
    add("ghost_broker_peers_refused_total", "Connections and messages of peers not let in.",
        MetricType::kCounter, n(count), {{"reason", reason}});
  }
  add("ghost_broker_stalls_total", "Times that the loop stood still.", MetricType::kCounter,
      n(counts_.stalls));
  add("ghost_broker_waits", "Long polls that wait.", MetricType::kGauge, n(waiters_.count()));
  backups_.append_metrics(out);
  commit_seconds_.append_to(out);
  commit_rows_.append_to(out);
}

}  // namespace ghost::broker
