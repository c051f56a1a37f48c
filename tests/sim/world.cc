#include "sim/world.h"

#include <algorithm>

namespace ghost::sim {
namespace {

constexpr Us kRestart = 500 * kMs;

}  // namespace

World::World(const Plan& plan, bool keep_events)
    : plan_(plan),
      recorder_(schedule_, keep_events),
      network_(plan_, schedule_),
      broker_(plan_, schedule_, network_, recorder_),
      back_after_(static_cast<size_t>(plan.hosts()), kRestart) {
  for (int host = 1; host <= plan_.relays; ++host) {
    relays_.push_back(std::make_unique<RelayNode>(plan_, schedule_, network_, host));
  }
  std::vector<std::string> names;
  for (int host = 1 + plan_.relays; host < plan_.hosts(); ++host) {
    runners_.push_back(
        std::make_unique<RunnerNode>(plan_, schedule_, network_, recorder_, remote_, host));
    names.push_back(runners_.back()->name());
    runners_.back()->on_death(
        [this, host] { start_later(host, back_after_[static_cast<size_t>(host)]); });
  }
  broker_.on_death([this] { start_later(0, back_after_[0]); });
  clients_ = std::make_unique<Clients>(plan_, schedule_, recorder_, relays_, names);
}

Outcome World::play() {
  say_config(5'000);
  const Us begin = schedule_.now();
  if (plan_.calm_us > 0) note(Kind::kCalm);
  for (int host = 0; host < plan_.hosts(); ++host) start(host);
  clients_->start();
  schedule_faults();
  const Us heal_at = begin + plan_.calm_us + plan_.faults_us;
  while (schedule_.run_one(heal_at)) {
  }
  heal();
  const Us end_at = heal_at + plan_.heal_us;
  for (Us until = heal_at + kSecond; until <= end_at; until += kSecond) {
    while (schedule_.run_one(until)) {
    }
    if (at_rest()) break;
  }
  Event done = Recorder::make(Kind::kDone);
  done.all = true;
  recorder_.add(std::move(done));
  record_finals(broker_.disk(), &recorder_);

  Outcome outcome;
  outcome.violations = recorder_.checker().finish();
  outcome.events = recorder_.events();
  outcome.event_count = recorder_.checker().events();
  outcome.simulated = schedule_.now() - begin;
  outcome.reached = recorder_.reached();
  for (const auto& [no, row] : broker_.disk().rows) {
    outcome.jobs += broker::is_terminal(row.status.state) ? 1 : 0;
  }
  return outcome;
}

void World::note(Kind kind, const std::string& what) {
  Event e = Recorder::make(kind);
  e.what = what;
  recorder_.add(std::move(e));
}

void World::say_config(int64_t grace_ms) {
  Event e = Recorder::make(Kind::kConfig);
  e.lease_ms = plan_.lease_ms;
  e.heartbeat_ms = plan_.heartbeat_ms;
  e.backoff_ms = 11'000;
  e.grace_ms = grace_ms;
  e.idle_ms = 3'000;
  recorder_.add(std::move(e));
}

bool World::at_rest() const {
  if (!clients_->settled() || !broker_.up()) return false;
  const auto& rows = const_cast<BrokerNode&>(broker_).disk().rows;
  return std::all_of(rows.begin(), rows.end(), [](const auto& entry) {
    return broker::is_terminal(entry.second.status.state);
  });
}

// --------------------------------------------------------------------------------------- faults

void World::schedule_faults() {
  if (plan_.faults_us == 0) return;
  schedule_.at(kSecond + plan_.calm_us, [this] {
    note(Kind::kFault, "begin");
    network_.go_wild(true);
    broker_.be_slow(plan_.turn_us);
  });
  for (const Fault& fault : plan_.faults) {
    schedule_.at(kSecond + fault.at, [this, fault] { strike(fault); });
  }
}

void World::strike(const Fault& f) {
  if (healed_) return;
  note(Kind::kFault, describe(f));
  recorder_.reach(std::string("fault ") + name_of(f.kind));
  const int host = f.host;
  const auto after = [this](Us wait, std::function<void()> what) {
    schedule_.after(wait, [this, what = std::move(what)] {
      if (!healed_) what();
    });
  };
  switch (f.kind) {
    case FaultKind::kPartition:
      network_.block(host, f.ways);
      return after(f.length, [this, host] { network_.unblock(host); });
    case FaultKind::kBreak:
      return network_.break_connections(host);
    case FaultKind::kPause:
      set_paused(host, true);
      return after(f.length, [this, host] { set_paused(host, false); });
    case FaultKind::kKill:
      kill(host);
      return start_later(host, f.length);
    case FaultKind::kCrashAt:
      back_after_[static_cast<size_t>(host)] = f.length;
      if (host == 0) return broker_.arm(f.count);
      if (!is_relay(host)) return runner(host).arm(f.count);
      kill(host);
      return start_later(host, f.length);
    case FaultKind::kStop:
      back_after_[static_cast<size_t>(host)] = f.length;
      return runner(host).stop(f.count == 1);
    case FaultKind::kDiskFull:
      if (host == 0) {
        broker_.disk_state().full = true;
        return after(f.length, [this] { broker_.disk_state().full = false; });
      }
      runner(host).disk_full(true);
      return after(f.length, [this, host] { runner(host).disk_full(false); });
    case FaultKind::kSlowDisk:
      broker_.disk_state().slow = f.length;
      return;
    case FaultKind::kDiskError:
      broker_.disk_state().fails = true;
      return;
    case FaultKind::kClockStep:
      if (broker_.clock_offset_ms() != 0 || !broker_.up()) return;
      broker_.step_clock(f.count);
      return after(f.length, [this] { broker_.step_clock(-broker_.clock_offset_ms()); });
    case FaultKind::kBackup:
      return back_up();
    case FaultKind::kRestore:
      return restore(f.length);
    case FaultKind::kMoveBranches:
      return remote_.move();
  }
}

void World::kill(int host) {
  if (host == 0) return broker_.kill();
  is_relay(host) ? relay(host).kill() : runner(host).kill();
}

void World::start(int host) {
  if (host == 0) {
    if (!broker_.up()) broker_.start();
  } else if (is_relay(host)) {
    if (!relay(host).up()) relay(host).start();
  } else if (!runner(host).up()) {
    runner(host).start();
  }
}

void World::start_later(int host, Us wait) {
  schedule_.after(wait, [this, host] { start(host); });
}

void World::set_paused(int host, bool paused) {
  if (host == 0) return paused ? broker_.pause() : broker_.resume();
  if (is_relay(host)) return paused ? relay(host).pause() : relay(host).resume();
  paused ? runner(host).pause() : runner(host).resume();
}

void World::back_up() {
  if (!broker_.up()) return;
  backup_ = std::make_unique<Disk>(broker_.disk());
  note(Kind::kBackup, std::to_string(++backups_));
}

void World::restore(Us length) {
  if (!backup_) return;
  broker_.kill();
  broker_.disk() = *backup_;
  note(Kind::kRestore, std::to_string(backups_));
  for (const auto& [name, settings] : backup_->runners) {
    recorder_.operator_says(name, settings.drain, settings.slots);
  }
  start_later(0, length);
}

// Everything works again; from here on all has to come to its end.
void World::heal() {
  healed_ = true;
  network_.heal();
  broker_.disk_state().full = broker_.disk_state().fails = false;
  broker_.disk_state().slow = 0;
  broker_.step_clock(-broker_.clock_offset_ms());
  broker_.disarm();
  broker_.be_quick();
  for (auto& r : runners_) {
    r->disarm();
    r->disk_full(false);
  }
  for (int host = 0; host < plan_.hosts(); ++host) {
    back_after_[static_cast<size_t>(host)] = kRestart;
    set_paused(host, false);
    start(host);
  }
  clients_->heal();
  say_config(60'000);
  note(Kind::kCalm);
}

Outcome play(const Plan& plan, bool keep_events) {
  return World(plan, keep_events).play();
}

}  // namespace ghost::sim
