// The JobHost of one running job: turns the executor's calls into events for the session core and
// its answers back. The JobHost calls come from the slot's thread, the others from the link's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "runner_worker/mailbox.h"

namespace ghost::runner {

class SlotHost final : public JobHost {
 public:
  // Output that the broker has not acked, with kOutputCallCost a call.
  static constexpr uint64_t kWindowBytes = 1 << 20;

  // `mailbox` outlives the host.
  SlotHost(const LeaseRef& lease, MonoMs lease_until, Mailbox& mailbox);
  ~SlotHost() override;
  SlotHost(const SlotHost&) = delete;
  SlotHost& operator=(const SlotHost&) = delete;

  void tell_base(const std::string& commit) override;
  Result<std::string> kept_base() override;
  void progress(const std::string& type, const std::string& gate, std::string detail) override;
  void output(wire::Stream stream, const std::string& gate, std::string_view bytes) override;
  void output_cut(wire::Stream stream, const std::string& gate, uint64_t skipped) override;
  Status put_artifact(const std::string& path, uint64_t size_bytes, const std::string& sha256,
                      const std::function<Result<std::string>(uint64_t, size_t)>& read) override;
  Result<DeliveryAnswer> ask_delivery(const std::string& commit_oid) override;
  int stop_fd() const override { return stop_fd_; }
  StopReason stop_reason() const override { return stop_.load(); }
  uint64_t lease_left_ms() const override;
  void set_lease_listener(std::function<void(uint64_t ms)> listener) override;

  // From the link.
  void answer(const AnswerBase& answer);
  void answer(const AnswerDelivery& answer);
  void answer(const AnswerArtifact& answer);
  void stop(StopReason reason);
  void close();  // no answer will come any more: the session is over
  void kept(uint64_t cost);
  void extend(MonoMs until);

 private:
  template <typename T>
  void post(SessionEvent event, std::optional<Result<T>>& slot);
  // Waits until `slot` has a value.
  template <typename T>
  Result<T> take(std::optional<Result<T>>& slot);
  template <typename T>
  Result<T> ask(SessionEvent event, std::optional<Result<T>>& slot) {
    post(std::move(event), slot);
    return take(slot);
  }
  template <typename T>
  void fill(std::optional<Result<T>>& slot, Result<T> value);
  void put_output(wire::Stream stream, const std::string& gate, std::string_view bytes);

  const LeaseRef lease_;
  Mailbox& mailbox_;
  const int stop_fd_;
  std::atomic<StopReason> stop_{StopReason::kNone};
  std::atomic<MonoMs> lease_until_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool closed_ = false;
  uint64_t unacked_ = 0;
  std::optional<Result<std::string>> base_;
  std::optional<Result<DeliveryAnswer>> delivery_;
  std::optional<Result<uint64_t>> artifact_;

  std::mutex listener_mutex_;
  std::function<void(uint64_t)> listener_;  // guarded by listener_mutex_
};

}  // namespace ghost::runner
