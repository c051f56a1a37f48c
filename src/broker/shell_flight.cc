// Commits ahead: a large transaction is on its way on another thread while the shell goes on.
#include <algorithm>

#include "broker/crash_point.h"
#include "broker/shell.h"

namespace ghost::broker {
namespace {

// What may gather behind a flight; then it is waited for.
constexpr size_t kOpenChangesMax = 32'768;
constexpr uint64_t kOpenBytesMax = 8 << 20;
constexpr uint64_t kSpaceAhead = 16 << 20;

// True where what is sent is made without looking at what only the turn's own commit has changed.
bool stands_alone(const Send& send) {
  if (std::holds_alternative<send::JobView>(send)) return false;
  const auto* submitted = std::get_if<send::Submitted>(&send);
  return submitted == nullptr || !submitted->view;
}

}  // namespace

// What is read at the landing, the next turn's steps must not have changed: reads, waits and views
// of jobs stay with the turns that commit by themselves, and so do the slices of a backup.
bool Shell::can_fly() const {
  return options_.committer && !winding_up_ && backups_.wait_ms() > 0 &&
         actions_.persist.size() >= options_.flight_changes_min && pending_reads_.empty() &&
         waiters_.empty() && std::all_of(actions_.send.begin(), actions_.send.end(), stands_alone);
}

// Whether more can be taken in before the flight has landed.
bool Shell::can_wait() const {
  return !winding_up_ && pending_reads_.empty() && waiters_.empty() &&
         open_messages_ < options_.turn_messages_max && counts_.payload_bytes < kOpenBytesMax &&
         actions_.persist.size() < kOpenChangesMax;
}

// What a lease lasts, it lasts from when its job can be sent.
void Shell::step_delayed(const Actions& actions) {
  event::Delayed delayed;
  for (const Send& send : actions.send) {
    const auto* jobs = std::get_if<send::Jobs>(&send);
    if (jobs == nullptr) continue;
    for (const send::Jobs::Item& item : jobs->items) delayed.nos.push_back(item.no);
  }
  if (!delayed.nos.empty()) step(std::move(delayed));
}

void Shell::take_off() {
  flight_space_ = store_.has_space(kSpaceAhead) ? kSpaceAhead : 0;
  flight_.start = std::chrono::steady_clock::now();
  commit_rows_.add(static_cast<double>(actions_.persist.size()));
  changes_since_trim_ += actions_.persist.size();
  std::swap(flight_.actions, actions_);
  std::swap(flight_.answers, answers_);
  std::swap(flight_.changes, changes_);
  housekeeping_due_ = true;
  GHOST_CRASH_POINT("turn.commit");
  options_.committer->start(&flight_.actions.persist);
}

// Waits for the commit, then sends what it was waited with. An Error: the store has failed.
Status Shell::land() {
  if (Status s = options_.committer->wait(); !s) return s;
  chores_.committed();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - flight_.start;
  commit_seconds_.add(took.count());
  flight_.actions.persist.clear();
  step_delayed(flight_.actions);
  if (Status s = send_all(&flight_.actions, &flight_.answers); !s) return s;
  wake_waiters(flight_.changes);
  flight_.changes.clear();
  return ok_status();
}

// For `bytes` more than those that this turn was given `before`. During a flight the store is not
// asked: some space was set aside at its start.
bool Shell::has_space(uint64_t before, uint64_t bytes) {
  if (!in_flight()) return store_.has_space(before + bytes);
  if (bytes <= flight_space_) {
    flight_space_ -= bytes;
    return true;
  }
  landed_ = land();
  return landed_ && store_.has_space(before + bytes);
}

}  // namespace ghost::broker
