// Events for the session core from other threads. post() is thread-safe and wakes the link's poll;
// take() is the link's alone. Bounded by what posts: each slot waits for its window or its answer.
#pragma once

#include <mutex>
#include <vector>

#include "runner_worker/session_types.h"

namespace ghost::runner {

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(SessionEvent event);
  std::vector<SessionEvent> take();
  int fd() const { return fd_; }  // readable while something is there

 private:
  int fd_;
  std::mutex mutex_;
  std::vector<SessionEvent> events_;  // guarded by mutex_
};

}  // namespace ghost::runner
