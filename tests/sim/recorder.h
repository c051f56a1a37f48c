// Takes down the history of a simulation and has it judged as it goes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "history/checker.h"
#include "sim/schedule.h"
#include "wire/messages.gen.h"

namespace ghost::sim {

using history::Event;
using history::Kind;

inline history::Lease lease_of(const wire::LeaseRef& ref) {
  return {ref.epoch, ref.n};
}

class Recorder {
 public:
  // `keep`: the lines too, else only the verdict.
  Recorder(const Schedule& schedule, bool keep) : schedule_(schedule), keep_(keep) {}

  void add(Event event) {
    event.t = schedule_.now();
    count(event);
    if (keep_) events_.push_back(event);
    checker_.take(event);
  }
  // An event of the kind with these, to be filled further.
  static Event make(Kind kind, std::string job = "", history::Lease lease = {}) {
    Event event;
    event.kind = kind;
    event.job = std::move(job);
    event.lease = lease;
    return event;
  }
  // What a runner says of itself, and what an operator has set for it; written down when what the
  // two come to has changed.
  void runner_says(const std::string& runner, bool ready, uint64_t slots,
                   const std::map<std::string, std::string>& labels) {
    RunnerFacts& facts = runners_[runner];
    facts.ready = ready;
    facts.slots = slots;
    facts.labels = labels;
    tell(runner, &facts);
  }
  void operator_says(const std::string& runner, bool drain, uint64_t slots) {
    RunnerFacts& facts = runners_[runner];
    facts.set_drain = drain;
    facts.set_slots = slots;
    tell(runner, &facts);
  }
  uint64_t next_op() { return ++ops_; }

  // How often what was reached: a simulation in which nothing happens finds nothing.
  void reach(const std::string& what) { ++reached_[what]; }
  const std::map<std::string, uint64_t>& reached() const { return reached_; }

  history::Checker& checker() { return checker_; }
  const std::vector<Event>& events() const { return events_; }

 private:
  void count(const Event& e) {
    switch (e.kind) {
      case Kind::kKept:
        if (!history::is_terminal(e.state)) return;
        reach(e.state);
        return e.outcome.empty() ? void() : reach(e.outcome);
      case Kind::kDeliver:
        return reach("delivered");
      case Kind::kResultAck:
        return reach("result " + e.status);
      case Kind::kSubmitted:
        return e.status == "refused" ? reach("refused " + e.code) : void();
      case Kind::kUnsent:
        return reach("unsent");
      case Kind::kForgotten:
        return reach("forgotten");
      case Kind::kRestore:
        return reach("restored");
      case Kind::kBroker:
        return reach("broker " + e.what);
      default:
        return;
    }
  }

  struct RunnerFacts {
    bool ready = false, set_drain = false, told_ready = false;
    uint64_t slots = 0, set_slots = 0, told_slots = 0;
    std::map<std::string, std::string> labels;
  };
  void tell(const std::string& runner, RunnerFacts* facts) {
    const bool ready = facts->ready && !facts->set_drain;
    const uint64_t slots = facts->set_slots != 0 ? facts->set_slots : facts->slots;
    if (ready == facts->told_ready && slots == facts->told_slots) return;
    facts->told_ready = ready;
    facts->told_slots = slots;
    Event e = make(Kind::kRunner);
    e.runner = runner;
    e.ready = ready;
    e.slots = slots;
    e.labels = facts->labels;
    add(std::move(e));
  }

  const Schedule& schedule_;
  const bool keep_;
  history::Checker checker_;
  std::vector<Event> events_;
  uint64_t ops_ = 0;
  std::map<std::string, uint64_t> reached_;
  std::map<std::string, RunnerFacts> runners_;
};

}  // namespace ghost::sim
