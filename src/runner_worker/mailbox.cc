#include "runner_worker/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace ghost::runner {

Mailbox::Mailbox() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  GHOST_CHECK(fd_ >= 0);
}

Mailbox::~Mailbox() {
  ::close(fd_);
}

void Mailbox::post(SessionEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  if (events_.size() == 1) ::eventfd_write(fd_, 1);
}

std::vector<SessionEvent> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  eventfd_t count;
  ::eventfd_read(fd_, &count);
  return std::exchange(events_, {});
}

}  // namespace ghost::runner
