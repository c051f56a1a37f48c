#include "sim/runner_node.h"

#include <algorithm>

#include "base/check.h"

namespace ghost::sim {

using namespace runner;

namespace {

constexpr Us kNoTime = 20;

template <typename T>
bool decode_as(const wire::Message& message, BrokerMessage* out) {
  if (message.header.kind != T::kKind) return false;
  *out = std::move(*wire::decode<T>(*message.body));
  return true;
}

template <typename... T>
void decode_one_of(const wire::Message& message, std::variant<T...>* out) {
  GHOST_CHECK((decode_as<T>(message, out) || ...));
}

}  // namespace

RunnerNode::RunnerNode(const Plan& plan, Schedule& schedule, Network& network, Recorder& recorder,
                       Remote& remote, int host)
    : plan_(plan),
      schedule_(schedule),
      network_(network),
      recorder_(recorder),
      remote_(remote),
      host_(host),
      name_("r" + std::to_string(host - plan.relays)),
      random_(plan.seed, name_),
      mono_offset_(random_.between(0, 1000) * kSecond),
      slots_(static_cast<uint64_t>(random_.between(1, 4))) {
  // The first can do all that is ever asked for.
  if (host == 1 + plan.relays || random_.chance(50)) labels_["os"] = "linux";
  if (host == 1 + plan.relays || random_.chance(30)) labels_["gpu"] = "a";
}

void RunnerNode::start() {
  ++life_;
  process_ = std::make_unique<Process>();
  SessionOptions options;
  options.instance = name_;
  options.secret = std::string(16, 's') + name_;
  options.session = ++session_;
  options.slots = slots_;
  options.labels = labels_;
  options.seed = random_.next();
  process_->core = std::make_unique<SessionCore>(options, mono());
  connect();
  try {
    for (const auto& [lease, bytes] : outbox_) {
      Result<OutboxItem> item = decode_outbox_item(bytes);
      GHOST_CHECK(item.ok());
      step(OutboxLoaded{item->item, item->verdict->size(), item->events});
    }
    step(Tick{});
  } catch (const Crash&) {
    return died();
  }
  plan_turn(schedule_.now());
}

void RunnerNode::kill() {
  if (!process_) return;
  ++life_;
  for (auto& [lease, sandbox] : process_->running) sandbox->orphan();
  process_.reset();
  fuse_.disarm();
  recorder_.runner_says(name_, false, 0, labels_);
}

void RunnerNode::died() {
  kill();
  if (on_death_) on_death_();
}

void RunnerNode::pause() {
  if (process_) process_->paused = true;
}

void RunnerNode::resume() {
  if (!process_ || !process_->paused) return;
  process_->paused = false;
  plan_turn(schedule_.now());
}

void RunnerNode::stop(bool now) {
  if (!process_) return;
  post(DrainAsked{false});
  if (now) post(DrainAsked{true});
}

bool RunnerNode::idle() const {
  return process_ && process_->running.empty() && outbox_.empty() && process_->in_memory.empty();
}

// ------------------------------------------------------------------------ the loop, as Link's

void RunnerNode::connect() {
  process_->dealer.reset();
  process_->connections = 0;
  process_->dealer = network_.open(host_, broker::Side::kRunners, [this, life = life_] {
    if (life == life_) plan_turn(schedule_.now() + kNoTime);
  });
}

void RunnerNode::plan_turn(Us at) {
  if (!process_ || process_->paused) return;
  at = std::max(at, schedule_.now());
  if (process_->next_turn >= 0 && process_->next_turn <= at) return;
  process_->next_turn = at;
  schedule_.at(at, [this, at, life = life_] {
    if (life == life_ && process_->next_turn == at) {
      process_->next_turn = -1;
      turn();
    }
  });
}

void RunnerNode::turn() {
  Process& p = *process_;
  if (p.paused) return;
  try {
    for (int made = p.dealer->take_connections(); made > 0; --made) {
      if (++p.connections > 1) step(ConnectionReset{});
    }
    read_broker();
    for (SessionEvent& event : std::exchange(p.mailbox, {})) {
      if (const auto* finished = std::get_if<SlotFinished>(&event)) {
        p.running.erase(finished->item.lease);
      }
      step(std::move(event));
    }
    step(Tick{});
  } catch (const Crash&) {
    return died();
  }
  if (p.stopped) return died();
  const MonoMs due = p.core->next_deadline();
  if (due != SessionCore::kNever) plan_turn(due * kMs - mono_offset_);
  if (p.dealer->readable() || !p.mailbox.empty()) plan_turn(schedule_.now() + kNoTime);
}

void RunnerNode::read_broker() {
  while (!process_->stopped) {
    auto frames = process_->dealer->receive();
    if (!frames) return;
    uint64_t correlation = 0;
    auto message = wire::unpack(std::move(*frames), &correlation);
    GHOST_CHECK(message.ok());
    BrokerMessage body;
    decode_one_of(*message, &body);
    if (const auto* jobs = std::get_if<wire::RunJobs>(&body)) {
      size_t at = 0;
      for (const wire::Dispatch& d : jobs->items) {
        ids_[d.lease] = d.id;
        Event e = Recorder::make(Kind::kGot, d.id, lease_of(d.lease));
        e.runner = name_;
        e.req = *message->payloads[at];
        e.attempt = d.attempt;
        recorder_.add(std::move(e));
        at += 1 + d.ancestors.size();
      }
    } else if (const auto* acks = std::get_if<wire::ResultsKept>(&body)) {
      for (const wire::ResultAckItem& item : acks->items) {
        const std::optional<OutboxItem> result = result_of(item.lease);
        if (!result) continue;  // given back
        Event e = Recorder::make(Kind::kResultAck, ids_[item.lease], lease_of(item.lease));
        e.runner = name_;
        e.status = std::string(to_string(item.status));
        e.outcome = std::string(to_string(result->item.outcome));
        recorder_.add(std::move(e));
      }
    }
    step(FromBroker{correlation, std::move(body), std::move(message->payloads)});
  }
}

void RunnerNode::step(SessionEvent event) {
  for (SessionAction& action : process_->core->step(mono(), std::move(event))) {
    if (fuse_.burns()) throw Crash{};
    std::visit([this](auto& a) { on(a); }, action);
  }
}

Sandbox* RunnerNode::sandbox(const Lease& lease) {
  const auto at = process_->running.find(lease);
  return at == process_->running.end() ? nullptr : at->second.get();
}

void RunnerNode::post(SessionEvent event) {
  process_->mailbox.push_back(std::move(event));
  plan_turn(schedule_.now() + kNoTime);
}

// ---------------------------------------------------------------------------- what is to be done

void RunnerNode::on(Send& a) {
  if (const auto* m = std::get_if<wire::Heartbeat>(&a.body))
    recorder_.runner_says(name_, !m->draining, m->slots, labels_);
  if (const auto* m = std::get_if<wire::Register>(&a.body))
    recorder_.runner_says(name_, !m->draining, m->slots, labels_);
  if (std::holds_alternative<wire::Goodbye>(a.body))
    recorder_.runner_says(name_, false, 0, labels_);
  wire::Frames payloads = std::move(a.payloads);
  if (auto* results = std::get_if<wire::PutResults>(&a.body)) {
    for (const wire::ResultItem& item : results->items) {
      const OutboxItem kept = result_of(item.lease).value();
      Event e = Recorder::make(Kind::kResult, ids_[item.lease], lease_of(item.lease));
      e.runner = name_;
      e.outcome = std::string(to_string(item.outcome));
      e.digest = *kept.verdict;
      recorder_.add(std::move(e));
      payloads.push_back(kept.verdict);
      payloads.push_back(make_blob(""));
    }
  }
  process_->dealer->send(std::visit(
      [&](const auto& m) { return wire::pack(a.correlation, m, std::move(payloads)); }, a.body));
}

void RunnerNode::on(StartJob& a) {
  const Lease lease = a.input.dispatch.lease;
  const auto post_to = [this, life = life_](SessionEvent event) {
    if (life == life_) post(std::move(event));
  };
  auto made = std::make_shared<Sandbox>(schedule_, recorder_, random_, remote_, name_, std::move(a),
                                        mono_offset_, post_to);
  process_->running[lease] = made;
  made->begin();
}

void RunnerNode::on(StopJob& a) {
  if (Sandbox* s = sandbox(a.lease)) s->stop(a.reason);
}

void RunnerNode::on(LeaseExtended& a) {
  if (Sandbox* s = sandbox(a.lease)) s->extend(a.until);
}

void RunnerNode::on(AnswerBase& a) {
  if (Sandbox* s = sandbox(a.lease)) s->answer(a);
}

void RunnerNode::on(AnswerDelivery& a) {
  if (Sandbox* s = sandbox(a.lease)) s->answer(a);
}

std::optional<OutboxItem> RunnerNode::result_of(const Lease& lease) const {
  const auto held = process_->in_memory.find(lease);
  if (held != process_->in_memory.end()) return held->second;
  const auto file = outbox_.find(lease);
  if (file == outbox_.end()) return std::nullopt;
  return *decode_outbox_item(file->second);
}

// Written by a thread of its own, as a whole or not at all.
void RunnerNode::on(WriteOutbox& a) {
  OutboxItem item{a.item, a.verdict, a.diff, a.events};
  process_->in_memory[item.item.lease] = item;
  schedule_.after(random_.between(1, 20) * kMs, [this, item, life = life_] {
    if (life != life_) return;
    if (!disk_full_) {
      outbox_[item.item.lease] = encode_outbox_item(item);
      process_->in_memory.erase(item.item.lease);
    }
    post(OutboxWritten{item.item.lease, !disk_full_});
  });
}

void RunnerNode::on(RemoveOutbox& a) {
  outbox_.erase(a.lease);
  process_->in_memory.erase(a.lease);
}

}  // namespace ghost::sim
