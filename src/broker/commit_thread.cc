#include "broker/commit_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace ghost::broker {

CommitThread::CommitThread(Store* store)
    : store_(*store), done_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  GHOST_CHECK(done_fd_ >= 0);
  thread_ = std::thread([this] { run(); });
}

CommitThread::~CommitThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  close(done_fd_);
}

void CommitThread::start(std::vector<Persist>* changes) {
  GHOST_CHECK(!busy_);
  busy_ = true;
  {
    const std::lock_guard lock(mutex_);
    work_ = changes;
  }
  changed_.notify_all();
}

bool CommitThread::done() {
  const std::lock_guard lock(mutex_);
  return result_.has_value();
}

Status CommitThread::wait() {
  GHOST_CHECK(busy_);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return result_.has_value(); });
  busy_ = false;
  eventfd_t ignored = 0;
  eventfd_read(done_fd_, &ignored);
  Status result = std::move(*result_);
  result_.reset();
  return result;
}

void CommitThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || work_ != nullptr; });
    if (work_ == nullptr) return;
    std::vector<Persist>* const changes = std::exchange(work_, nullptr);
    lock.unlock();
    Status s = store_.housekeep(false);
    if (s) s = store_.commit(changes);
    lock.lock();
    result_ = std::move(s);
    eventfd_write(done_fd_, 1);
    changed_.notify_all();
  }
}

}  // namespace ghost::broker
