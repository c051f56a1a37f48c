// The broker as a process: its real shell and core over the simulated disk, network and clocks.
#pragma once

#include <memory>
#include <string>

#include "broker/shell.h"
#include "sim/crash.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/recorder.h"

namespace ghost::sim {

class BrokerNode : private broker::Ports {
 public:
  BrokerNode(const Plan& plan, Schedule& schedule, Network& network, Recorder& recorder);

  void start();
  void kill();  // and nothing more, until start()
  bool up() const { return process_ != nullptr; }
  void pause();
  void resume();
  void arm(int64_t actions) { fuse_.arm(actions); }
  void disarm() { fuse_.disarm(); }
  void be_slow(Us turn) { turn_us_ = turn; }  // so long takes a turn
  void be_quick() { turn_us_ = 20; }
  // Called when it has died of itself.
  void on_death(std::function<void()> call) { on_death_ = std::move(call); }

  Disk& disk() { return disk_; }
  DiskState& disk_state() { return disk_state_; }
  void step_clock(int64_t ms) { wall_offset_ms_ += ms; }
  int64_t clock_offset_ms() const { return wall_offset_ms_; }

 private:
  struct Process {
    std::unique_ptr<SimStore> store;
    std::unique_ptr<broker::Core> core;
    std::unique_ptr<broker::Shell> shell;
    MonoMs slept_from = 0;
    int64_t wanted_ms = 0;
    bool paused = false;
    Us busy_until = 0;
    Us next_turn = -1;
  };

  std::optional<wire::Incoming> receive(broker::Side side) override;
  wire::SendStatus send(const broker::Peer& peer, const wire::Frames& frames) override;

  broker::Now now() const;
  void recover(Process* process);
  void said(const wire::Frames& frames);
  // A runner's message has come to the socket, or has been read from it.
  void heard(const broker::Peer& peer, const wire::Frames& frames, bool read);
  void plan_turn(Us at);
  void turn();
  void died();
  void stand_still(Us length);

  const Plan& plan_;
  Schedule& schedule_;
  Network& network_;
  Recorder& recorder_;
  Random random_;
  Disk disk_;
  DiskState disk_state_;
  CrashFuse fuse_;
  Us turn_us_ = 20;
  int64_t wall_offset_ms_ = 0;
  uint64_t life_ = 0;
  std::unique_ptr<Process> process_;
  std::function<void()> on_death_;
  std::map<std::string, std::string> runner_of_route_;
};

}  // namespace ghost::sim
