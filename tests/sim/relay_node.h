// A relay as a process: its real table of awaited replies, with the broker link's loop around it.
// Clients ask it as over HTTP: one question, one answer or none.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "relay/pending.h"
#include "relay/subject.h"
#include "sim/network.h"
#include "sim/recorder.h"

namespace ghost::sim {

// Of the broker, or an error of the relay's own ("timeout", "unavailable", "stopping").
using Answer = std::function<void(Result<wire::Message>)>;

class RelayNode {
 public:
  RelayNode(const Plan& plan, Schedule& schedule, Network& network, int host);

  void start();
  void kill();
  bool up() const { return process_ != nullptr; }
  void pause();
  void resume();

  // `answer` is called once, later; `news` for further messages on the same question.
  template <typename T>
  void ask(const T& message, wire::Frames payloads, int64_t wait_ms, bool changes, Answer answer,
           std::function<void(const wire::Message&)> news = nullptr) {
    ask(T::kKind, wire::encode(message), std::move(payloads), wait_ms, changes,
        relay::subject_of(message), std::move(answer), std::move(news));
  }

 private:
  struct Waiting {
    Answer answer;
    std::function<void(const wire::Message&)> news;
  };
  struct Process {
    std::shared_ptr<Dealer> dealer;
    std::unique_ptr<relay::Pending> pending;
    std::map<uint64_t, Waiting> waiting;
    std::map<uint64_t, std::function<void(const wire::Message&)>> news;
    bool paused = false;
    Us next_turn = -1;
  };

  void ask(std::string_view kind, std::string body, wire::Frames payloads, int64_t wait_ms,
           bool changes, const std::string& subject, Answer answer,
           std::function<void(const wire::Message&)> news);
  MonoMs mono() const { return schedule_.now() / kMs + 77; }
  void plan_turn(Us at);
  void turn();
  void receive();
  void send_due();
  void settle(uint64_t correlation, Result<wire::Message> answer);

  const Plan& plan_;
  Schedule& schedule_;
  Network& network_;
  const int host_;
  Random random_;
  uint64_t life_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace ghost::sim
