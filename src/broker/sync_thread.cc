#include "broker/sync_thread.h"

#include <signal.h>

#include <system_error>
#include <utility>

#include "base/check.h"

namespace ghost::broker {

SyncThread::~SyncThread() {
  if (!thread_.joinable()) return;
  if (goes_on_) (void)wait();
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool SyncThread::start() {
  if (thread_.joinable()) return true;
  sigset_t all, before;  // signals are the owner's
  sigfillset(&all);
  GHOST_CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
  }
  GHOST_CHECK(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  return thread_.joinable();
}

void SyncThread::begin(std::function<int()> sync) {
  GHOST_CHECK(thread_.joinable() && !goes_on_);
  goes_on_ = true;
  {
    const std::lock_guard lock(mutex_);
    sync_ = std::move(sync);
    done_ = false;
  }
  changed_.notify_all();
}

bool SyncThread::is_done() {
  const std::lock_guard lock(mutex_);
  return goes_on_ && done_;
}

int SyncThread::wait() {
  GHOST_CHECK(goes_on_);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_; });
  goes_on_ = false;
  return code_;
}

void SyncThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return sync_ != nullptr || ends_; });
    if (sync_ == nullptr) return;
    const std::function<int()> sync = std::exchange(sync_, nullptr);
    lock.unlock();
    const int code = sync();
    lock.lock();
    code_ = code;
    done_ = true;
    changed_.notify_all();
  }
}

}  // namespace ghost::broker
