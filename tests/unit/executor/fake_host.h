// A JobHost that remembers what it was told, and can stop a job.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "runner_worker/executor.h"

namespace ghost::runner::test {

struct FakeHost : JobHost {
  int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  StopReason reason = StopReason::kNone;
  std::string base_told, base_to_use;
  std::vector<std::string> progress_types, delivery_asked;
  std::map<std::string, std::string> out;  // by "gate/stdout": bytes, a cut as "[cut N]"
  std::map<std::string, std::string> artifacts;
  DeliveryAnswer answer{true, ""};
  std::function<void()> on_delivery_asked;
  std::function<void()> on_output;
  std::function<void(uint64_t)> listener;

  ~FakeHost() override { ::close(fd); }
  void stop(StopReason why) {
    reason = why;
    ::eventfd_write(fd, 1);
  }

  void tell_base(const std::string& commit) override { base_told = commit; }
  Result<std::string> kept_base() override { return base_to_use.empty() ? base_told : base_to_use; }
  void progress(const std::string& type, const std::string&, std::string) override {
    progress_types.push_back(type);
  }
  void output(wire::Stream stream, const std::string& gate, std::string_view bytes) override {
    out[gate + "/" + std::string(wire::to_string(stream))] += bytes;
    if (on_output) on_output();
  }
  void output_cut(wire::Stream stream, const std::string& gate, uint64_t skipped) override {
    out[gate + "/" + std::string(wire::to_string(stream))] +=
        "[cut " + std::to_string(skipped) + "]";
  }
  Status put_artifact(const std::string& path, uint64_t size_bytes, const std::string&,
                      const std::function<Result<std::string>(uint64_t, size_t)>& read) override {
    std::string bytes;
    while (bytes.size() < size_bytes) {
      auto slice = read(bytes.size(), 1000);
      if (!slice) return slice.error();
      bytes += *slice;
    }
    artifacts[path] = bytes;
    return ok_status();
  }
  Result<DeliveryAnswer> ask_delivery(const std::string& commit) override {
    delivery_asked.push_back(commit);
    if (on_delivery_asked) on_delivery_asked();
    return answer;
  }
  int stop_fd() const override { return fd; }
  StopReason stop_reason() const override { return reason; }
  uint64_t lease_left_ms() const override { return 15'000; }
  void set_lease_listener(std::function<void(uint64_t)> l) override { listener = std::move(l); }
};

}  // namespace ghost::runner::test
