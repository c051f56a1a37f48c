// A whole farm and what befalls it: runs a plan to its end and has its history judged.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/broker_node.h"
#include "sim/clients.h"
#include "sim/plan.h"
#include "sim/relay_node.h"
#include "sim/runner_node.h"

namespace ghost::sim {

struct Outcome {
  std::vector<history::Violation> violations;
  std::vector<Event> events;  // where they were to be kept
  uint64_t jobs = 0;          // that came to their end
  uint64_t event_count = 0;
  Us simulated = 0;
  std::map<std::string, uint64_t> reached;  // states, outcomes, faults: how often
};
Outcome play(const Plan& plan, bool keep_events);

class World {
 public:
  World(const Plan& plan, bool keep_events);
  Outcome play();

 private:
  void schedule_faults();
  void strike(const Fault& fault);
  void kill(int host);
  void start(int host);
  void start_later(int host, Us wait);
  void set_paused(int host, bool paused);
  void back_up();
  void restore(Us length);
  void heal();
  bool at_rest() const;
  void note(Kind kind, const std::string& what = "");
  void say_config(int64_t grace_ms);
  RunnerNode& runner(int host) { return *runners_[static_cast<size_t>(host - 1 - plan_.relays)]; }
  RelayNode& relay(int host) { return *relays_[static_cast<size_t>(host - 1)]; }
  bool is_relay(int host) const { return host >= 1 && host <= plan_.relays; }

  const Plan plan_;
  Schedule schedule_;
  Recorder recorder_;
  Network network_;
  Remote remote_;
  BrokerNode broker_;
  std::vector<std::unique_ptr<RelayNode>> relays_;
  std::vector<std::unique_ptr<RunnerNode>> runners_;
  std::unique_ptr<Clients> clients_;
  std::vector<Us> back_after_;  // a process that dies of itself
  std::unique_ptr<Disk> backup_;
  uint64_t backups_ = 0;
  bool healed_ = false;
};

}  // namespace ghost::sim
