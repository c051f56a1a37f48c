#include "sim/sandbox.h"

namespace ghost::sim {

using runner::StopReason;

Sandbox::Sandbox(Schedule& schedule, Recorder& recorder, Random& random, Remote& remote,
                 std::string runner, runner::StartJob start, Us mono_offset, Post post)
    : schedule_(schedule),
      recorder_(recorder),
      random_(random),
      remote_(remote),
      runner_(std::move(runner)),
      dispatch_(start.input.dispatch),
      req_(*start.input.request),
      mono_offset_(mono_offset),
      post_(std::move(post)),
      lease_until_(start.lease_until),
      pieces_(random.between(0, 4)) {}

Event Sandbox::event(Kind kind) const {
  Event e = Recorder::make(kind, dispatch_.id, lease_of(dispatch_.lease));
  e.runner = runner_;
  return e;
}

void Sandbox::later(Us wait, std::function<void(Sandbox&)> what) {
  schedule_.after(wait, [self = shared_from_this(), what = std::move(what)] {
    if (self->alive_) what(*self);
  });
}

void Sandbox::begin() {
  Event e = event(Kind::kStart);
  e.req = req_;
  recorder_.add(std::move(e));
  watch_timer();
  later(random_.between(1, 300) * kMs, [](Sandbox& s) { s.ask_base(); });
}

// The timer of the sandbox's first process, which needs nobody.
void Sandbox::watch_timer() {
  if (timer_set_ || !alive_) return;
  timer_set_ = true;
  schedule_.at(due(), [self = shared_from_this()] {
    self->timer_set_ = false;
    if (!self->alive_) return;
    if (self->schedule_.now() < self->due()) return self->watch_timer();
    self->end(wire::Outcome::kInfraError);
  });
}

void Sandbox::ask_base() {
  if (dispatch_.base_commit) {
    base_ = *dispatch_.base_commit;
  } else {
    base_ = "";
    if (post_) post_(runner::SlotBase{dispatch_.lease, remote_.head});
    return;
  }
  work();
}

void Sandbox::answer(const runner::AnswerBase& a) {
  if (!alive_) return;
  if (!a.commit) {
    if (stop_ == StopReason::kNone) end(wire::Outcome::kInfraError);
    return;
  }
  base_ = *a.commit;
  work();
}

void Sandbox::work() {
  if (commit_.empty()) {
    Event e = event(Kind::kBase);
    e.commit = base_;
    recorder_.add(std::move(e));
    commit_ = oid(dispatch_.id + " on " + base_);
  }
  if (pieces_-- > 0) {
    const auto bytes = static_cast<size_t>(random_.between(1, 400));
    log_ += static_cast<int64_t>(bytes);
    if (post_) {
      post_(runner::SlotOutput{dispatch_.lease, wire::Stream::kStdout, "g", std::string(bytes, 'x'),
                               0, 0});
    }
    const Us wait =
        random_.one_in(8) ? random_.between(1, 12) * kSecond : random_.between(10, 900) * kMs;
    return later(wait, [](Sandbox& s) { s.work(); });
  }
  const bool wants_delivery = req_.back() == 'd';
  if (wants_delivery && random_.chance(90)) {
    if (post_) post_(runner::SlotDelivery{dispatch_.lease, commit_});
    return;
  }
  const int64_t luck = random_.between(0, 99);
  end(luck < 70   ? wire::Outcome::kPassed
      : luck < 85 ? wire::Outcome::kGateFailed
      : luck < 90 ? wire::Outcome::kApplyFailed
                  : wire::Outcome::kInfraError);
}

void Sandbox::answer(const runner::AnswerDelivery& a) {
  if (!alive_) return;
  if (!a.answer || !a.answer->granted) {
    if (stop_ == StopReason::kNone) end(wire::Outcome::kInfraError);
    return;
  }
  Event e = event(Kind::kGranted);
  e.commit = commit_;
  recorder_.add(std::move(e));
  later(random_.between(1, 400) * kMs, [](Sandbox& s) { s.deliver(); });
}

// Found there already counts as delivered; a branch that has moved on is not written.
void Sandbox::deliver() {
  if (!remote_.commits.contains(commit_)) {
    if (remote_.head != base_ && random_.chance(50)) return end(wire::Outcome::kBaseMoved);
    Event e = event(Kind::kDeliver);
    e.commit = commit_;
    recorder_.add(std::move(e));
    remote_.push(commit_);
  }
  later(random_.between(1, 100) * kMs, [](Sandbox& s) { s.end(wire::Outcome::kPassed); });
}

void Sandbox::stop(StopReason reason) {
  if (!alive_) return;
  stop_ = reason;
  later(random_.between(0, 300) * kMs, [](Sandbox& s) {
    s.end(s.stop_ == StopReason::kExpired     ? wire::Outcome::kExpired
          : s.stop_ == StopReason::kCancelled ? wire::Outcome::kCancelled
                                              : wire::Outcome::kInfraError);
  });
}

void Sandbox::extend(MonoMs until) {
  lease_until_ = until;
  watch_timer();
}

void Sandbox::orphan() {
  post_ = nullptr;
  // Killed with its runner, or left to its timer.
  if (random_.chance(50))
    later(random_.between(0, 200) * kMs, [](Sandbox& s) { s.end(wire::Outcome::kInfraError); });
}

void Sandbox::end(wire::Outcome outcome) {
  alive_ = false;
  Event e = event(Kind::kEnd);
  e.outcome = std::string(to_string(outcome));
  e.log = log_;
  recorder_.add(e);
  if (!post_) return;
  wire::ResultItem item;
  item.lease = dispatch_.lease;
  item.outcome = outcome;
  item.tree_oid = oid("tree");
  item.commit_oid = commit_;
  const std::string verdict = to_string(lease_of(dispatch_.lease)) + " " + e.outcome;
  post_(runner::SlotFinished{item, make_blob(verdict), nullptr});
}

}  // namespace ghost::sim
