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

bool Mailbox::can_wait(const SessionEvent& event) {
  if (link_looks_at_ > mono_now_ms() + kPatienceMs) return false;
  if (std::holds_alternative<SlotProgress>(event)) return true;
  const auto* output = std::get_if<SlotOutput>(&event);
  if (output == nullptr) return false;
  waiting_bytes_ += output->bytes.size();
  return waiting_bytes_ < kPatienceBytes;
}

void Mailbox::post(SessionEvent event) {
  const std::lock_guard lock(mutex_);
  const bool wake = !woken_ && !can_wait(event);
  events_.push_back(std::move(event));
  if (!wake) return;
  woken_ = true;
  ::eventfd_write(fd_, 1);
}

std::vector<SessionEvent> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  if (woken_) {
    eventfd_t count;
    ::eventfd_read(fd_, &count);
  }
  woken_ = false;
  waiting_bytes_ = 0;
  link_looks_at_ = 0;  // it is awake, and looks again before it sleeps
  return std::exchange(events_, {});
}

bool Mailbox::sleep_until(MonoMs at) {
  const std::lock_guard lock(mutex_);
  link_looks_at_ = at;
  return events_.empty();
}

}  // namespace ghost::runner
