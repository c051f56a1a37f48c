#include "runner_worker/slots.h"

#include <exception>

namespace ghost::runner {

TaskPool::~TaskPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::run(std::function<void()> task) {
  size_t waiting, idle;
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    waiting = tasks_.size();
    idle = idle_;
  }
  if (waiting > idle && threads_.size() < threads_max_) {
    threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
}

void TaskPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return !tasks_.empty() || stopping_; });
    --idle_;
    if (tasks_.empty()) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

SlotFinished run_job(Executor& executor, const JobInput& input, SlotHost& host) {
  JobOutcome outcome;
  try {
    outcome = executor.run(input, host);
  } catch (const std::exception& e) {
    outcome.outcome = wire::Outcome::kInfraError;
    outcome.reason = std::string("the executor failed: ") + e.what();
  }
  host.set_lease_listener(nullptr);
  outcome.verdict.outcome = outcome.outcome;
  if (!outcome.verdict.reason && !outcome.reason.empty()) outcome.verdict.reason = outcome.reason;
  SlotFinished finished;
  finished.item.lease = input.dispatch.lease;
  finished.item.outcome = outcome.outcome;
  finished.item.reason = std::move(outcome.reason);
  finished.item.tree_oid = std::move(outcome.tree_oid);
  finished.item.commit_oid = std::move(outcome.commit_oid);
  finished.item.started_ms = outcome.started_ms;
  finished.item.gates_ms = outcome.gates_ms;
  finished.verdict = make_blob(encode(outcome.verdict));
  finished.diff = std::move(outcome.diff);
  return finished;
}

}  // namespace ghost::runner
