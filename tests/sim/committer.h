// Commits ahead in a simulation: the commit takes time, in which the broker's loop goes on. What is
// being committed becomes durable at the beginning or at the end of that time, so that a death in
// between finds either.
#pragma once

#include <optional>
#include <vector>

#include "base/check.h"
#include "broker/commit_thread.h"
#include "sim/disk.h"
#include "sim/random.h"
#include "sim/schedule.h"

namespace ghost::sim {

class SimCommitter : public broker::Committer {
 public:
  SimCommitter(SimStore& store, DiskState& state, Schedule& schedule, Random& random)
      : store_(store), state_(state), schedule_(schedule), random_(random) {}

  void start(std::vector<broker::Persist>* changes) override {
    GHOST_CHECK(!changes_);
    changes_ = changes;
    store_.lend();
    // What has gathered behind another one, gathered since its beginning.
    opened_at_ = landed_at_ == schedule_.now() ? began_at_ : schedule_.now();
    began_at_ = schedule_.now();
    lands_at_ =
        schedule_.now() + std::max<Us>(std::exchange(state_.slow, 0), random_.between(100, 30'000));
    if (random_.chance(50)) commit();
  }
  bool busy() const override { return changes_ != nullptr; }
  bool done() override { return changes_ && schedule_.now() >= lands_at_; }
  Status wait() override {
    GHOST_CHECK(changes_);
    if (!result_) commit();
    // The loop waits, too, if it has come too early.
    state_.last_commit = std::max<Us>(0, lands_at_ - schedule_.now());
    store_.give_back();
    landed_at_ = schedule_.now();
    state_.ahead = landed_at_ - began_at_;  // if the loop commits what has gathered
    changes_ = nullptr;
    return *std::exchange(result_, std::nullopt);
  }
  int fd() const override { return -1; }
  Us lands_at() const { return lands_at_; }

 private:
  void commit() {
    state_.ahead = schedule_.now() - opened_at_;
    result_ = store_.commit(changes_);
    state_.last_commit = 0;  // it is not the loop that waits
  }

  SimStore& store_;
  DiskState& state_;
  Schedule& schedule_;
  Random& random_;
  std::vector<broker::Persist>* changes_ = nullptr;
  std::optional<Status> result_;
  Us lands_at_ = 0, opened_at_ = 0, began_at_ = 0, landed_at_ = -1;
};

}  // namespace ghost::sim
