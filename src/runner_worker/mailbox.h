// Events for the session core from other threads. post() is thread-safe and wakes the link's poll,
// unless the link will look soon enough anyway for what can wait; the rest is the link's alone.
// Bounded by what posts: each slot waits for its window or its answer.
#pragma once

#include <mutex>
#include <vector>

#include "runner_worker/session_types.h"

namespace ghost::runner {

class Mailbox {
 public:
  // Progress and small output may lie so long: the core lets them wait for company anyway.
  static constexpr MonoMs kPatienceMs = 20;
  static constexpr size_t kPatienceBytes = 64 << 10;

  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(SessionEvent event);
  std::vector<SessionEvent> take();
  // The link is going to sleep until `at`. False: something is there already.
  bool sleep_until(MonoMs at);
  int fd() const { return fd_; }  // readable when the link is to wake

 private:
  bool can_wait(const SessionEvent& event);

  int fd_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<SessionEvent> events_;
  size_t waiting_bytes_ = 0;
  bool woken_ = false;
  MonoMs link_looks_at_ = 0;
};

}  // namespace ghost::runner
