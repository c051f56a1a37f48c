// A job at work on a runner's host: what an executor and its sandbox do, with invented work. It
// lives as long as its own timer lets it, whatever becomes of the runner that started it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "runner_worker/session_types.h"
#include "sim/random.h"
#include "sim/recorder.h"
#include "sim/schedule.h"

namespace ghost::sim {

// What git would name something.
inline std::string oid(const std::string& of) {
  return to_hex(sha1("", of));
}

// The remote repository: its branch moves, by deliveries and by others.
struct Remote {
  std::string head = oid("first");
  std::set<std::string> commits{head};
  uint64_t pushes = 0;

  void move() { push(oid("other" + std::to_string(++pushes))); }
  void push(const std::string& commit) {
    head = commit;
    commits.insert(commit);
  }
};

class Sandbox : public std::enable_shared_from_this<Sandbox> {
 public:
  using Post = std::function<void(runner::SessionEvent)>;
  Sandbox(Schedule& schedule, Recorder& recorder, Random& random, Remote& remote,
          std::string runner, runner::StartJob start, Us mono_offset, Post post);

  void begin();
  void stop(runner::StopReason reason);
  void extend(MonoMs until);
  void answer(const runner::AnswerBase& a);
  void answer(const runner::AnswerDelivery& a);
  // The runner's process is gone: nobody hears it any more.
  void orphan();
  bool alive() const { return alive_; }

 private:
  enum class Stage { kBase, kWork, kDelivery, kEnd };
  void later(Us wait, std::function<void(Sandbox&)> what);
  void ask_base();
  void work();
  void deliver();
  void end(wire::Outcome outcome);
  void watch_timer();
  Event event(Kind kind) const;
  Us due() const { return lease_until_ * kMs - mono_offset_; }

  Schedule& schedule_;
  Recorder& recorder_;
  Random& random_;
  Remote& remote_;
  const std::string runner_;
  const wire::Dispatch dispatch_;
  const std::string req_;
  const Us mono_offset_;
  Post post_;
  MonoMs lease_until_;
  bool alive_ = true;
  runner::StopReason stop_ = runner::StopReason::kNone;
  std::string base_, commit_;
  int64_t pieces_, log_ = 0;
  bool timer_set_ = false;
};

}  // namespace ghost::sim
