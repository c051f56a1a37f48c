// A runner as a process: its real session core, with the link's loop around it, over the simulated
// network and disk, and invented work in its sandboxes. The outbox and the session's number outlive
// the process.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runner_worker/outbox.h"
#include "runner_worker/session_core.h"
#include "sim/crash.h"
#include "sim/network.h"
#include "sim/sandbox.h"

namespace ghost::sim {

class RunnerNode {
 public:
  RunnerNode(const Plan& plan, Schedule& schedule, Network& network, Recorder& recorder,
             Remote& remote, int host);

  void start();
  void kill();
  bool up() const { return process_ != nullptr; }
  void pause();
  void resume();
  void arm(int64_t actions) { fuse_.arm(actions); }
  void disarm() { fuse_.disarm(); }
  void stop(bool now);  // told to leave; it dies of itself when done
  void on_death(std::function<void()> call) { on_death_ = std::move(call); }
  void disk_full(bool full) { disk_full_ = full; }
  const std::string& name() const { return name_; }
  bool idle() const;  // nothing runs, nothing waits in the outbox

 private:
  using Lease = wire::LeaseRef;
  struct Process {
    std::shared_ptr<Dealer> dealer;
    std::unique_ptr<runner::SessionCore> core;
    std::vector<runner::SessionEvent> mailbox;
    std::map<Lease, std::shared_ptr<Sandbox>, runner::LeaseOrder> running;
    std::map<Lease, runner::OutboxItem, runner::LeaseOrder>
        in_memory;  // not written yet, or refused by the disk
    int connections = 0;
    bool paused = false, stopped = false;
    Us next_turn = -1;
  };

  MonoMs mono() const { return schedule_.now() / kMs + mono_offset_ / kMs; }
  void plan_turn(Us at);
  void turn();
  void died();
  void connect();
  void read_broker();
  void step(runner::SessionEvent event);
  std::optional<runner::OutboxItem> result_of(const Lease& lease) const;
  Sandbox* sandbox(const Lease& lease);
  void post(runner::SessionEvent event);

  void on(runner::Send& a);
  void on(runner::Reconnect&) { connect(); }
  void on(runner::StartJob& a);
  void on(runner::StopJob& a);
  void on(runner::LeaseExtended& a);
  void on(runner::OutputKept&) {}
  void on(runner::AnswerBase& a);
  void on(runner::AnswerDelivery& a);
  void on(runner::AnswerArtifact&) {}
  void on(runner::WriteOutbox& a);
  void on(runner::RemoveOutbox& a);
  void on(runner::Notice&) {}
  void on(runner::Stopped&) { process_->stopped = true; }

  const Plan& plan_;
  Schedule& schedule_;
  Network& network_;
  Recorder& recorder_;
  Remote& remote_;
  const int host_;
  const std::string name_;
  Random random_;
  const Us mono_offset_;
  CrashFuse fuse_;
  uint64_t life_ = 0, session_ = 0, slots_;
  std::map<std::string, std::string> labels_;
  bool disk_full_ = false;
  std::map<Lease, std::string, runner::LeaseOrder> outbox_;  // files
  std::map<Lease, std::string, runner::LeaseOrder> ids_;     // of jobs, for the history
  std::unique_ptr<Process> process_;
  std::function<void()> on_death_;
};

}  // namespace ghost::sim
