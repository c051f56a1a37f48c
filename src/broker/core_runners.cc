// Sessions of runners: who speaks, what it holds, what that means for the ledger.
#include <algorithm>

#include "base/bytes.h"
#include "broker/core_impl.h"
#include "wire/envelope.h"

namespace ghost::broker {

// A runner is known by its route only while that route's registration is the newest.
Runner* Core::Impl::session(const event::FromRunner& e, uint64_t session) {
  Runner* const runner = runners.find_route(e.peer.route);
  if (!runner || !runner->registered || session > runner->settings.session) {
    refuse(e.peer, e.correlation, "register_again", "the session is not known here");
    return nullptr;
  }
  if (session < runner->settings.session) {
    refuse(e.peer, e.correlation, "stale_session", "a newer session of this runner is open");
    return nullptr;
  }
  return runner;
}

void Core::Impl::seen(Runner& runner) {
  runner.last_seen = lease_now();
  runner.last_seen_at = now.wall;
  runner.lost = false;
  if (runner.listed_at != 0 && runner.listed_at <= runner.last_seen + options.lease_ms) return;
  if (runner.listed_at != 0) silences.erase({runner.listed_at, runner.id});
  runner.listed_at = runner.last_seen + options.lease_ms;
  silences.emplace(runner.listed_at, runner.id);
}

void Core::Impl::list_in_registry(const Runner& runner) {
  wire::Instance instance;
  instance.service = kRunnerService;
  instance.instance = runner.instance();
  instance.host = runner.host;
  instance.labels = runner.labels;
  instance.capacity = runner.slots();
  instance.version = runner.version;
  instance.state = runner.leaving() ? wire::InstanceState::kDraining : wire::InstanceState::kReady;
  instance.ttl_ms = static_cast<uint64_t>(options.lease_ms);
  // A full registry does not keep a runner from working; it is just not listed.
  (void)registry.put(instance, lease_now(), now.wall);
}

// The runner that may have this session, made where it is new; else the refusal is said.
Runner* Core::Impl::admit(const event::FromRunner& e, const wire::Register& m) {
  const std::string digest = sha256_hex(m.secret);
  Runner* const runner = runners.make(m.instance);
  if (!runner) {
    refuse(e.peer, e.correlation, "rate_limited", "too many runners are known", "",
           static_cast<uint64_t>(options.lease_ms));
    return nullptr;
  }
  RunnerSettings& settings = runner->settings;
  if (!settings.secret_sha256.empty() && settings.secret_sha256 != digest) {
    refuse(e.peer, e.correlation, "forbidden",
           "instance " + m.instance + " belongs to the owner of another secret");
    return nullptr;
  }
  if (m.session < settings.session) {
    refuse(e.peer, e.correlation, "stale_session", "a newer session of this runner is open");
    return nullptr;
  }
  return runner;
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::Register& m) {
  const std::optional<uint64_t> protocol = wire::choose_protocol(m.protocols);
  if (!protocol) {
    const Error none = wire::no_common_protocol(m.protocols);
    return refuse(e.peer, e.correlation, none.code, none.message, none.field);
  }
  Runner* const runner = admit(e, m);
  if (!runner) return;
  // One connection, one runner.
  if (Runner* other = runners.find_route(e.peer.route); other && other != runner) {
    other->registered = false;
    runners.set_route(other, "");
    runners.update(other);
  }
  const bool new_session = m.session > runner->settings.session;
  RunnerSettings& settings = runner->settings;
  if (new_session || settings.secret_sha256.empty()) {
    settings.secret_sha256 = sha256_hex(m.secret);
    settings.session = m.session;
    out->persist.push_back(persist::PutRunner{settings});
  }
  ++count.registrations;
  runners.set_route(runner, e.peer.route);
  runner->host = m.host;
  runner->version = m.version;
  runner->limits = m.limits;
  runner->own_slots = m.slots;
  runner->draining = m.draining;
  runner->joined = m.joined;
  runner->resting = false;
  if (new_session) runner->job_seq = 0;
  // A number that was not sent yet is of an earlier epoch.
  const uint64_t last_job_seq = m.last_job_seq <= runner->job_seq ? m.last_job_seq : 0;
  runner->last_job_seq = last_job_seq;
  if (runner->turn == 0) runner->turn = runners.next_turn();
  runner->registered = true;
  seen(*runner);
  runners.relabel(runner, m.labels);

  wire::Registered answer;
  answer.epoch = options.epoch;
  answer.session = m.session;
  answer.heartbeat_ms = static_cast<uint64_t>(options.heartbeat_ms);
  answer.lease_ms = static_cast<uint64_t>(options.lease_ms);
  answer.cancels = reconcile(*runner, m.held, last_job_seq,
                             new_session ? Word::kNewSession : Word::kSameSession);
  answer.slots = runner->slots();
  answer.drain = settings.drain;
  answer.protocol = *protocol;
  answer.joined = true;
  runners.update(runner);
  list_in_registry(*runner);
  reply(e.peer, e.correlation, std::move(answer));
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::Heartbeat& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  ++count.heartbeats;
  const uint64_t slots_before = runner->slots();
  runner->own_slots = m.slots;
  runner->draining = m.draining;
  runner->resting = false;
  // A number that was not sent yet is of an earlier epoch.
  const uint64_t last_job_seq = m.last_job_seq <= runner->job_seq ? m.last_job_seq : 0;
  runner->last_job_seq = std::max(runner->last_job_seq, last_job_seq);
  seen(*runner);
  wire::HeartbeatAck answer;
  answer.epoch = options.epoch;
  answer.sent_ms = m.sent_ms;
  answer.cancels = reconcile(*runner, m.held, last_job_seq, Word::kHeartbeat);
  answer.slots = runner->slots();
  answer.drain = runner->settings.drain;
  runners.update(runner);
  const auto state =
      runner->leaving() ? wire::InstanceState::kDraining : wire::InstanceState::kReady;
  const bool listed =
      slots_before == runner->slots() &&
      registry.renew(kRunnerService, runner->instance(), state, lease_now(), now.wall);
  if (!listed) list_in_registry(*runner);
  reply(e.peer, e.correlation, std::move(answer));
}

// The lease that the reference names, if it is current and this runner's.
JobRow* Core::Impl::leased_row(const wire::LeaseRef& ref, const Runner& runner) {
  JobRow* const row = jobs.find(ref.job);
  const Lease* const lease = row ? row->lease() : nullptr;
  if (!lease || lease->runner != runner.id) return nullptr;
  if (row->extra->status->token != token_of(ref) && !planted(Bug::kNoTokenCheck)) return nullptr;
  return row;
}

// Leases that the runner holds are extended; what it should not hold, or not go on with, is
// answered with orders to stop; what it does not hold though the ledger says so is taken back.
std::vector<wire::CancelOrder> Core::Impl::reconcile(Runner& runner,
                                                     const std::vector<wire::LeaseRef>& held,
                                                     uint64_t last_job_seq, Word word) {
  std::vector<wire::CancelOrder> orders;
  std::set<JobNo> kept;
  std::vector<Token> given_up;
  runner.stale_held = 0;
  for (const wire::LeaseRef& ref : held) {
    if (JobRow* row = leased_row(ref, runner)) {
      extend(*row);
      kept.insert(row->no);
      if (word == Word::kNewSession) row->lease()->job_seq = 0;
      if (const auto reason = row->extra->status->flag) orders.push_back({ref, *reason});
      continue;
    }
    orders.push_back({ref, wire::CancelReason::kStale});
    // It takes up room there until it is gone; one that the runner has ended itself is only an ack
    // that is lost or on its way, and one of an unknown job may be a result that is kept for ever.
    if (std::binary_search(runner.given_up.begin(), runner.given_up.end(), token_of(ref))) {
      given_up.push_back(token_of(ref));
      continue;
    }
    const JobRow* row = jobs.find(ref.job);
    if (row && !(is_terminal(row->state) && row->won() == token_of(ref))) ++runner.stale_held;
  }
  std::sort(given_up.begin(), given_up.end());
  runner.given_up = std::move(given_up);
  std::vector<JobNo> missing;
  std::set_difference(runner.leases.begin(), runner.leases.end(), kept.begin(), kept.end(),
                      std::back_inserter(missing));
  for (const JobNo no : missing) not_held(*jobs.find(no), runner, last_job_seq, word);
  return orders;
}

void Core::Impl::not_held(JobRow& row, Runner& runner, uint64_t last_job_seq, Word word) {
  const Lease& lease = *row.lease();
  if (lease.left_behind && word != Word::kNewSession) return;
  const bool saw = lease.job_seq != 0 && lease.job_seq <= last_job_seq;
  switch (word) {
    case Word::kHeartbeat:
      // Else the job is still on its way to the runner.
      if (saw) attempt_ended(row, Attempt::kCounts, "runner " + runner.instance() + " lost it");
      return;
    case Word::kSameSession:
      // Whether it was left behind, the broker before this one did not write down; and a
      // registration that comes late says nothing of a job that came after it. Only time tells.
      if (status(row).flag && (lease.from_earlier_epoch || !saw)) return;
      // Sent over a connection that is gone: it did not arrive, and will not.
      attempt_ended(row, saw ? Attempt::kCounts : Attempt::kGivenBack,
                    "runner " + runner.instance() + (saw ? " lost it" : " never got it"));
      return;
    case Word::kNewSession:
      // The old process is gone, but whether its sandbox is empty yet only time tells.
      row.lease()->left_behind = status(row).flag.has_value();
      if (row.lease()->left_behind) return;
      attempt_ended(row, Attempt::kCounts, "runner " + runner.instance() + " was started anew");
      return;
  }
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::Release& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  wire::ResultsKept answer;
  for (const wire::LeaseRef& ref : m.leases) {
    JobRow* const row = leased_row(ref, *runner);
    if (row) runner->give_up(token_of(ref));
    auto kept = wire::ResultStatus::kCommitted;
    if (row) {
      attempt_ended(*row, Attempt::kGivenBack,
                    "given back by its runner: " + std::string(to_string(m.reason)));
    } else {
      kept = jobs.find(ref.job) ? wire::ResultStatus::kStale : wire::ResultStatus::kUnknown;
    }
    answer.items.push_back({ref, kept});
  }
  // It says with its next heartbeat what it can take.
  runner->resting = true;
  runners.update(runner);
  reply(e.peer, e.correlation, std::move(answer));
}

void Core::Impl::on_message(const event::FromRunner& e, const wire::Goodbye& m) {
  Runner* const runner = session(e, m.session);
  if (!runner) return;
  runner->registered = false;
  runners.update(runner);
  const std::set<JobNo> left = runner->leases;
  for (const JobNo no : left) {
    JobRow& row = *jobs.find(no);
    Lease& lease = *row.lease();
    // It has emptied the sandboxes that it knows of; one of a process before it only time ends.
    const bool knew = !lease.left_behind && !lease.from_earlier_epoch && lease.job_seq != 0 &&
                      lease.job_seq <= runner->last_job_seq;
    lease.left_behind = status(row).flag && !knew;
    if (lease.left_behind) continue;
    attempt_ended(row, Attempt::kGivenBack, "runner " + runner->instance() + " left");
  }
  runner->stale_held = 0;
  runners.set_route(runner, "");
  registry.remove(kRunnerService, runner->instance());
  reply(e.peer, e.correlation, wire::Done{});
}

// The runner goes on for a while, unheard: a flagged job ends when its lease is over and nothing of
// it can run any more.
void Core::Impl::on(const event::KeyChanged& e) {
  const bool revoked = e.key.revoked_at.has_value();
  audit(e.actor, revoked ? "key_revoke" : "key_put", e.key.name,
        std::string(to_string(e.key.role)) + " " + e.key.public_key.substr(0, 16));
  if (!revoked || e.key.role != wire::KeyRole::kRunner) return;
  Runner* const runner = runners.find(e.key.name);
  if (!runner || user_of(runner->route) != e.key.public_key) return;
  runner->registered = false;
  runners.update(runner);
  for (const JobNo no : std::set<JobNo>(runner->leases)) {
    JobRow& row = *jobs.find(no);
    row.lease()->left_behind = status(row).flag.has_value();
    if (row.lease()->left_behind) continue;
    attempt_ended(row, Attempt::kCounts,
                  "the key of runner " + runner->instance() + " was revoked");
  }
  runner->stale_held = 0;
  runners.set_route(runner, "");
  registry.remove(kRunnerService, runner->instance());
}

void Core::Impl::on(const event::Unsent& e) {
  for (const wire::LeaseRef& ref : e.leases) {
    JobRow* const row = jobs.find(ref.job);
    if (!row || !row->lease() || row->extra->status->token != token_of(ref)) continue;
    ++count.unsent;
    attempt_ended(*row, Attempt::kGivenBack, "its runner could not be reached");
  }
  if (Runner* runner = runners.find_route(e.peer.route)) {
    runner->resting = true;
    runners.update(runner);
  }
}

void Core::Impl::on(const event::Undispatchable& e) {
  JobRow* const row = jobs.find(e.no);
  if (!row || !row->lease() || row->extra->status->token != e.token) return;
  finish(*row, wire::Outcome::kDependencyFailed, e.reason);
}

}  // namespace ghost::broker
