#include "runner_worker/job_host.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace ghost::runner {
namespace {

constexpr unsigned kArtifactStallsMax = 8;  // answers that leave the next offset where it was

}  // namespace

SlotHost::SlotHost(const LeaseRef& lease, MonoMs lease_until, Mailbox& mailbox)
    : lease_(lease),
      mailbox_(mailbox),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      lease_until_(lease_until) {
  GHOST_CHECK(stop_fd_ >= 0);
}

SlotHost::~SlotHost() {
  ::close(stop_fd_);
}

// --------------------------------------------------------------------------------- slot's thread

template <typename T>
void SlotHost::post(SessionEvent event, std::optional<Result<T>>& slot) {
  const std::lock_guard lock(mutex_);
  slot.reset();
  if (!closed_) mailbox_.post(std::move(event));
}

template <typename T>
Result<T> SlotHost::take(std::optional<Result<T>>& slot) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return slot.has_value() || closed_; });
  if (!slot) return Error{"stopping", "the runner is stopping", ""};
  Result<T> answer = std::move(*slot);
  slot.reset();
  return answer;
}

void SlotHost::tell_base(const std::string& commit) {
  post(SlotBase{lease_, commit}, base_);
}

Result<std::string> SlotHost::kept_base() {
  return take(base_);
}

Result<DeliveryAnswer> SlotHost::ask_delivery(const std::string& commit_oid) {
  return ask(SlotDelivery{lease_, commit_oid}, delivery_);
}

void SlotHost::progress(const std::string& type, const std::string& gate, std::string detail) {
  mailbox_.post(SlotProgress{lease_, type, gate, std::move(detail), wall_now_ms()});
}

void SlotHost::output(wire::Stream stream, const std::string& gate, std::string_view bytes) {
  while (!bytes.empty()) {
    put_output(stream, gate, bytes.substr(0, kChunkBytesMax));
    bytes.remove_prefix(std::min<size_t>(bytes.size(), kChunkBytesMax));
  }
}

void SlotHost::put_output(wire::Stream stream, const std::string& gate, std::string_view bytes) {
  {
    std::unique_lock lock(mutex_);
    const auto stopped = [&] { return closed_ || stop_.load() != StopReason::kNone; };
    changed_.wait(lock, [&] { return unacked_ < kWindowBytes || stopped(); });
    // A job that is being stopped does not wait; what has no room any more is marked as left out.
    if (unacked_ >= kWindowBytes) {
      lock.unlock();
      return output_cut(stream, gate, bytes.size());
    }
    unacked_ += bytes.size() + kOutputCallCost;
  }
  mailbox_.post(SlotOutput{lease_, stream, gate, std::string(bytes), 0, wall_now_ms()});
}

void SlotHost::output_cut(wire::Stream stream, const std::string& gate, uint64_t skipped) {
  if (skipped == 0) return;
  mailbox_.post(SlotOutput{lease_, stream, gate, "", skipped, wall_now_ms()});
}

Status SlotHost::put_artifact(const std::string& path, uint64_t size_bytes,
                              const std::string& sha256,
                              const std::function<Result<std::string>(uint64_t, size_t)>& read) {
  uint64_t offset = 0;
  unsigned stalls = 0;
  for (;;) {
    const uint64_t want = std::min(kChunkBytesMax, size_bytes - offset);
    std::string bytes;
    if (want > 0) {
      Result<std::string> slice = read(offset, want);
      if (!slice) return slice.error();
      bytes = std::move(*slice);
      if (bytes.size() != want) {
        return Error{"io_error", "artifact " + path + " changed its size while it was read", ""};
      }
    }
    const bool last = offset + want == size_bytes;
    SlotArtifact chunk{lease_, path, offset, make_blob(std::move(bytes)), last, last ? sha256 : ""};
    const Result<uint64_t> next = ask(std::move(chunk), artifact_);
    if (!next) return next.error();
    if (*next > size_bytes) {
      return Error{"conflict", "artifact " + path + ": the broker holds more than the file has",
                   ""};
    }
    if (last && *next == size_bytes) return ok_status();
    if (*next <= offset && ++stalls > kArtifactStallsMax) {
      return Error{"internal", "artifact " + path + ": the broker does not go on", ""};
    }
    offset = *next;
  }
}

uint64_t SlotHost::lease_left_ms() const {
  return static_cast<uint64_t>(std::max<MonoMs>(lease_until_.load() - mono_now_ms(), 0));
}

void SlotHost::set_lease_listener(std::function<void(uint64_t ms)> listener) {
  const std::lock_guard lock(listener_mutex_);
  listener_ = std::move(listener);
  // The lease may have been renewed since the listener's owner asked how much was left.
  if (listener_) listener_(lease_left_ms());
}

// --------------------------------------------------------------------------------- link's thread

template <typename T>
void SlotHost::fill(std::optional<Result<T>>& slot, Result<T> value) {
  {
    const std::lock_guard lock(mutex_);
    slot.emplace(std::move(value));
  }
  changed_.notify_all();
}

void SlotHost::answer(const AnswerBase& answer) {
  fill(base_, answer.commit);
}

void SlotHost::answer(const AnswerDelivery& answer) {
  fill(delivery_, answer.answer);
}

void SlotHost::answer(const AnswerArtifact& answer) {
  fill(artifact_, answer.next_offset);
}

void SlotHost::stop(StopReason reason) {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(reason);
  }
  ::eventfd_write(stop_fd_, 1);
  changed_.notify_all();
}

void SlotHost::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void SlotHost::kept(uint64_t cost) {
  {
    const std::lock_guard lock(mutex_);
    unacked_ -= std::min(unacked_, cost);
  }
  changed_.notify_all();
}

void SlotHost::extend(MonoMs until) {
  lease_until_.store(until);
  const uint64_t left = lease_left_ms();
  const std::lock_guard lock(listener_mutex_);
  if (listener_) listener_(left);
}

}  // namespace ghost::runner
