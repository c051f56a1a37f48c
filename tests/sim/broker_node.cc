#include "sim/broker_node.h"

#include <algorithm>

#include "base/check.h"
#include "broker/inbound.h"

namespace ghost::sim {

using namespace broker;

namespace {

constexpr WallMs kWallBegin = 1'800'000'000'000;
constexpr Us kOneMessage = 20;  // of the loop's time

Event broker_event(const char* what) {
  Event event = Recorder::make(Kind::kBroker);
  event.what = what;
  return event;
}

}  // namespace

BrokerNode::BrokerNode(const Plan& plan, Schedule& schedule, Network& network, Recorder& recorder)
    : plan_(plan),
      schedule_(schedule),
      network_(network),
      recorder_(recorder),
      random_(plan.seed, "broker") {
  disk_.repos["r"] = {"r", "git://r", "main", "", false, {}, {}};
}

Now BrokerNode::now() const {
  const MonoMs ms = schedule_.now() / kMs;
  return {ms + 5000, kWallBegin + ms + wall_offset_ms_};
}

void BrokerNode::start() {
  ++life_;
  auto process = std::make_unique<Process>();
  process->store = std::make_unique<SimStore>(disk_, disk_state_, fuse_, recorder_, random_,
                                              [this] { return now().wall; });
  CoreOptions core;
  core.epoch = process->store->epoch();
  core.hash_key = process->store->hash_key();
  core.next_job_no = process->store->next_job_no();
  core.lease_ms = plan_.lease_ms;
  core.heartbeat_ms = plan_.heartbeat_ms;
  core.backoff_ms_max = 10'000;
  core.retained_jobs_max = plan_.retained_jobs_max;
  core.seed = random_.next();
  process->core = std::make_unique<Core>(core);
  recover(process.get());

  ShellOptions shell;
  shell.lease_ms = plan_.lease_ms;
  shell.turn_messages_max = plan_.turn_messages_max;
  shell.self.service = "ghost-broker";
  shell.self.instance = "b";
  process->shell = std::make_unique<Shell>(shell, static_cast<Ports&>(*this), *process->core,
                                           *process->store, now());
  process->slept_from = now().mono;
  process_ = std::move(process);
  Event event = broker_event("start");
  event.epoch = core.epoch;
  recorder_.add(std::move(event));
  network_.broker_up(
      [this](const Peer& peer, const wire::Frames& frames) { heard(peer, frames, false); },
      [this] { plan_turn(schedule_.now() + kOneMessage); });
  plan_turn(schedule_.now());
}

void BrokerNode::recover(Process* process) {
  Recovery into;
  Core& core = *process->core;
  const Now at = now();
  into.repo = [&](const wire::Repo& repo) { core.recover(repo); };
  into.lane = [&](const wire::Lane& lane) { core.recover(lane); };
  into.runner = [&](const RunnerSettings& settings) { core.recover(settings); };
  into.job = [&](const RecoveredJob& job) { core.recover(job, at); };
  GHOST_CHECK(process->store->load(into).ok());
}

void BrokerNode::kill() {
  if (!process_) return;
  ++life_;
  process_.reset();
  fuse_.disarm();
  runner_of_route_.clear();
  network_.broker_down();
  recorder_.add(broker_event("kill"));
}

void BrokerNode::died() {
  kill();
  if (on_death_) on_death_();
}

void BrokerNode::pause() {
  if (!process_ || process_->paused) return;
  process_->paused = true;
  recorder_.add(broker_event("pause"));
}

void BrokerNode::resume() {
  if (!process_ || !process_->paused) return;
  process_->paused = false;
  recorder_.add(broker_event("resume"));
  plan_turn(schedule_.now());
}

// For a slow disk: what is sent in this turn leaves late, and nothing is done meanwhile.
void BrokerNode::stand_still(Us length) {
  process_->busy_until = schedule_.now() + length;
  if (length < kSecond) return;
  recorder_.add(broker_event("pause"));
  schedule_.at(process_->busy_until, [this, life = life_] {
    if (life == life_) recorder_.add(broker_event("resume"));
  });
}

void BrokerNode::plan_turn(Us at) {
  if (!process_ || process_->paused) return;
  at = std::max({at, process_->busy_until, schedule_.now()});
  if (process_->next_turn >= 0 && process_->next_turn <= at) return;
  process_->next_turn = at;
  schedule_.at(at, [this, at, life = life_] {
    if (life == life_ && process_->next_turn == at) {
      process_->next_turn = -1;
      turn();
    }
  });
}

// As Server::wait and Server::run do it.
void BrokerNode::turn() {
  Process& p = *process_;
  if (p.paused) return;
  const bool message_waits = network_.broker_readable();
  const MonoMs due = p.slept_from + p.wanted_ms;
  if (!message_waits && now().mono < due)
    return plan_turn(schedule_.now() + (due - now().mono) * kMs);
  disk_state_.last_commit = 0;
  try {
    p.shell->woke(now(), p.slept_from, p.wanted_ms, message_waits);
    if (!p.shell->turn()) return died();
  } catch (const Crash&) {
    return died();
  }
  stand_still(disk_state_.last_commit + turn_us_);
  p.slept_from = std::max(now().mono, p.busy_until / kMs + 5000);
  p.wanted_ms = p.shell->wait_ms(p.slept_from);
  plan_turn(std::max(schedule_.now(), p.busy_until) + std::max<Us>(p.wanted_ms * kMs, kOneMessage));
  if (network_.broker_readable()) plan_turn(schedule_.now() + kOneMessage);
}

std::optional<wire::Incoming> BrokerNode::receive(Side side) {
  std::optional<wire::Incoming> in = network_.broker_receive(side);
  if (in) heard({side, in->peer}, in->frames, true);
  return in;
}

wire::SendStatus BrokerNode::send(const Peer& peer, const wire::Frames& frames) {
  if (fuse_.burns()) throw Crash{};
  said(frames);
  const wire::SendStatus status = network_.broker_send(peer, frames, disk_state_.last_commit);
  if (status != wire::SendStatus::kSent && peer.side == Side::kRunners) {
    uint64_t correlation = 0;
    const auto message = wire::unpack(frames, &correlation);
    if (message && message->header.kind == wire::RunJobs::kKind) {
      const auto jobs = wire::decode<wire::RunJobs>(*message->body);
      for (const wire::Dispatch& d : jobs->items) {
        recorder_.add(Recorder::make(Kind::kUnsent, d.id, lease_of(d.lease)));
      }
    }
  }
  return status;
}

// A grant counts from the moment that it is said, whether it is heard or not.
void BrokerNode::said(const wire::Frames& frames) {
  uint64_t correlation = 0;
  const auto message = wire::unpack(frames, &correlation);
  if (!message || message->header.kind != wire::Delivery::kKind) return;
  const auto m = wire::decode<wire::Delivery>(*message->body);
  if (m->granted) recorder_.add(Recorder::make(Kind::kGranted, "", lease_of(m->lease)));
}

// ------------------------------------------------------------------- what came to the socket

void BrokerNode::heard(const Peer& peer, const wire::Frames& frames, bool read) {
  if (peer.side != Side::kRunners) return;
  uint64_t correlation = 0;
  const auto message = wire::unpack(frames, &correlation);
  if (!message) return;
  const std::string& kind = message->header.kind;
  Event event = Recorder::make(Kind::kHeard);
  event.ready = read;
  const auto tell = [&](const char* what, const std::vector<wire::LeaseRef>& held) {
    event.what = what;
    event.held.clear();
    for (const wire::LeaseRef& ref : held) event.held.push_back(lease_of(ref));
    recorder_.add(event);
  };
  if (kind == wire::Register::kKind) {
    const auto m = wire::decode<wire::Register>(*message->body);
    event.runner = runner_of_route_[peer.route] = m->instance;
    return tell("register", m->held);
  }
  event.runner = runner_of_route_[peer.route];
  if (event.runner.empty()) return;
  if (kind == wire::Heartbeat::kKind) {
    return tell("beat", wire::decode<wire::Heartbeat>(*message->body)->held);
  }
  if (kind == wire::Goodbye::kKind) return tell("goodbye", {});
  const auto tell_each = [&](const char* what, const std::vector<wire::LeaseRef>& leases) {
    for (const wire::LeaseRef& ref : leases) {
      event.lease = lease_of(ref);
      tell(what, {});
    }
  };
  if (kind == wire::Release::kKind) {
    tell_each("release", wire::decode<wire::Release>(*message->body)->leases);
  } else if (kind == wire::PutResults::kKind) {
    std::vector<wire::LeaseRef> leases;
    const auto m = wire::decode<wire::PutResults>(*message->body);
    for (const wire::ResultItem& item : m->items) leases.push_back(item.lease);
    tell_each("result", leases);
  }
}

}  // namespace ghost::sim
