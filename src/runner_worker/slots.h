// The threads that work for the link: one a slot, made when first needed and kept, and one that
// writes the outbox, so that an fsync never delays a heartbeat. Started and stopped by the link's
// thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runner_worker/job_host.h"

namespace ghost::runner {

// Runs tasks on threads of its own, on as many as there are tasks, up to `threads_max`.
class TaskPool {
 public:
  explicit TaskPool(size_t threads_max) : threads_max_(threads_max) {}
  ~TaskPool();  // finishes what was given, then joins
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  void run(std::function<void()> task);

 private:
  void work();

  const size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  size_t idle_ = 0;                          // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;         // the link's
};

// Runs a job to its end; an exception of the executor becomes an infrastructure failure.
SlotFinished run_job(Executor& executor, const JobInput& input, SlotHost& host);

}  // namespace ghost::runner
