#include "sim/relay_node.h"

#include <algorithm>

namespace ghost::sim {
namespace {

constexpr Us kNoTime = 20;

}  // namespace

RelayNode::RelayNode(const Plan& plan, Schedule& schedule, Network& network, int host)
    : plan_(plan),
      schedule_(schedule),
      network_(network),
      host_(host),
      random_(plan.seed, "relay" + std::to_string(host)) {}

void RelayNode::start() {
  ++life_;
  process_ = std::make_unique<Process>();
  process_->pending = std::make_unique<relay::Pending>(relay::PendingOptions{}, mono());
  process_->dealer = network_.open(host_, broker::Side::kClients, [this, life = life_] {
    if (life == life_) plan_turn(schedule_.now() + kNoTime);
  });
  plan_turn(schedule_.now());
}

// Whoever waits for an answer learns that there will be none.
void RelayNode::kill() {
  if (!process_) return;
  ++life_;
  const std::unique_ptr<Process> gone = std::move(process_);
  for (auto& [correlation, waiting] : gone->waiting) {
    schedule_.after(random_.between(1, 50) * kMs, [answer = std::move(waiting.answer)] {
      answer(Error{"timeout", "the connection broke", ""});
    });
  }
}

void RelayNode::pause() {
  if (process_) process_->paused = true;
}

void RelayNode::resume() {
  if (!process_ || !process_->paused) return;
  process_->paused = false;
  plan_turn(schedule_.now());
}

void RelayNode::ask(std::string_view kind, std::string body, wire::Frames payloads, int64_t wait_ms,
                    bool changes, const std::string& subject, Answer answer,
                    std::function<void(const wire::Message&)> news) {
  if (!process_) {
    schedule_.after(kMs, [answer = std::move(answer)] {
      answer(Error{"timeout", "nobody listens", ""});
    });
    return;
  }
  Process& p = *process_;
  const uint64_t correlation = p.pending->next_correlation();
  p.waiting[correlation] = {std::move(answer), std::move(news)};
  const Status added = p.pending->add(
      mono(), correlation, wire::pack(kind, correlation, std::move(body), std::move(payloads)),
      wait_ms, changes, subject);
  if (!added) return settle(correlation, added.error());
  plan_turn(schedule_.now() + kNoTime);
}

void RelayNode::settle(uint64_t correlation, Result<wire::Message> answer) {
  const auto at = process_->waiting.find(correlation);
  if (at == process_->waiting.end()) return;
  Waiting waiting = std::move(at->second);
  process_->waiting.erase(at);
  if (waiting.news) process_->news[correlation] = std::move(waiting.news);
  schedule_.after(random_.between(100, 2000),
                  [call = std::move(waiting.answer), answer = std::move(answer)] { call(answer); });
}

void RelayNode::plan_turn(Us at) {
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

// As BrokerLink's.
void RelayNode::turn() {
  if (process_->paused) return;
  process_->dealer->take_connections();
  receive();
  for (relay::Pending::Expired& expired : process_->pending->tick(mono())) {
    settle(expired.correlation, std::move(expired.error));
  }
  send_due();
  plan_turn((process_->pending->next_deadline() - 77) * kMs);
}

void RelayNode::send_due() {
  for (const auto& frames : process_->pending->take_sends()) {
    process_->dealer->send(frames ? *frames : wire::pack(0, wire::Hello{"sim"}));
  }
}

void RelayNode::receive() {
  while (auto frames = process_->dealer->receive()) {
    uint64_t correlation = 0;
    Result<wire::Message> message = wire::unpack(std::move(*frames), &correlation);
    if (!message) continue;
    if (message->header.kind == wire::Welcome::kKind) {
      const auto welcome = wire::decode<wire::Welcome>(*message->body);
      process_->pending->on_welcome(mono(), welcome->epoch);
      continue;
    }
    if (message->header.kind == wire::Finished::kKind) {
      const auto news = process_->news.find(correlation);
      if (news != process_->news.end()) news->second(*message);
      continue;
    }
    if (process_->pending->on_answer(mono(), correlation)) {
      settle(correlation, std::move(*message));
    }
  }
}

}  // namespace ghost::sim
