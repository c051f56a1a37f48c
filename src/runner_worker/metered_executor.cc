#include "runner_worker/metered_executor.h"

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>

namespace ghost::runner {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

// Passes everything on; the time between a gate's begin and its end is its own.
class MeteredHost : public JobHost {
 public:
  MeteredHost(JobHost& inner, RunnerMetrics& metrics) : inner_(inner), metrics_(metrics) {}

  void tell_base(const std::string& commit) override { inner_.tell_base(commit); }
  Result<std::string> kept_base() override { return inner_.kept_base(); }
  void progress(const std::string& type, const std::string& gate, std::string detail) override {
    if (type == "gate_started") began_ = Clock::now();
    if (type == "gate_finished") gates_ += Clock::now() - began_;
    inner_.progress(type, gate, std::move(detail));
  }
  void output(wire::Stream stream, const std::string& gate, std::string_view bytes) override {
    metrics_.output(bytes.size());
    inner_.output(stream, gate, bytes);
  }
  void output_cut(wire::Stream stream, const std::string& gate, uint64_t skipped) override {
    inner_.output_cut(stream, gate, skipped);
  }
  Status put_artifact(
      const std::string& path, uint64_t size_bytes, const std::string& sha256,
      const std::function<Result<std::string>(uint64_t offset, size_t bytes_max)>& read) override {
    return inner_.put_artifact(path, size_bytes, sha256, read);
  }
  Result<DeliveryAnswer> ask_delivery(const std::string& commit_oid) override {
    return inner_.ask_delivery(commit_oid);
  }
  int stop_fd() const override { return inner_.stop_fd(); }
  StopReason stop_reason() const override { return inner_.stop_reason(); }
  uint64_t lease_left_ms() const override { return inner_.lease_left_ms(); }
  void set_lease_listener(std::function<void(uint64_t ms)> listener) override {
    inner_.set_lease_listener(std::move(listener));
  }

  Clock::duration gates() const { return gates_; }

 private:
  JobHost& inner_;
  RunnerMetrics& metrics_;
  Clock::time_point began_;
  Clock::duration gates_{};
};

// Why something of a job was killed, beside its own wish.
const char* kill_reason(StopReason stop) {
  switch (stop) {
    case StopReason::kNone:
      return nullptr;
    case StopReason::kCancelled:
      return "cancelled";
    case StopReason::kExpired:
      return "deadline";
    case StopReason::kLeaseLost:
      return "lease_lost";
  }
  return nullptr;
}

bool is_kill(wire::GateStatus status) {
  return status == wire::GateStatus::kTimeout || status == wire::GateStatus::kOom ||
         status == wire::GateStatus::kFlood;
}

}  // namespace

struct RunnerMetrics::Impl {
  using Bounds = prometheus::Histogram::BucketBoundaries;

  template <typename Metric>
  prometheus::Family<Metric>& family(prometheus::detail::Builder<Metric> builder, const char* name,
                                     const char* help) {
    return builder.Name(name).Help(help).Register(*registry);
  }
  prometheus::Histogram& histogram(const char* name, const char* help, const Bounds& bounds) {
    return family(prometheus::BuildHistogram(), name, help).Add({}, bounds);
  }

  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  prometheus::Family<prometheus::Counter>& jobs =
      family(prometheus::BuildCounter(), "ghost_runner_jobs_total", "Attempts ended, by outcome.");
  prometheus::Family<prometheus::Counter>& gates = family(
      prometheus::BuildCounter(), "ghost_runner_gates_total", "Gates that ran, by their status.");
  prometheus::Family<prometheus::Counter>& kills = family(
      prometheus::BuildCounter(), "ghost_runner_kills_total", "Gates and jobs killed, by reason.");
  prometheus::Counter& output_bytes =
      family(prometheus::BuildCounter(), "ghost_runner_output_bytes_total",
             "Output of gates that was passed on.")
          .Add({});
  prometheus::Counter& registrations =
      family(prometheus::BuildCounter(), "ghost_runner_registrations_total",
             "Times that the broker opened or renewed the session.")
          .Add({});
  prometheus::Gauge& running =
      family(prometheus::BuildGauge(), "ghost_runner_jobs_running", "Jobs at work.").Add({});
  prometheus::Gauge& slots = family(prometheus::BuildGauge(), "ghost_runner_slots",
                                    "Jobs at a time, as this runner was started.")
                                 .Add({});
  prometheus::Histogram& job_seconds =
      histogram("ghost_runner_job_seconds", "Time of an attempt on this host.",
                {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600});
  prometheus::Histogram& gates_seconds =
      histogram("ghost_runner_gates_seconds", "Of that, the time of its gates.",
                {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600});
  prometheus::Histogram& overhead_seconds =
      histogram("ghost_runner_overhead_seconds", "Of that, what is not its gates' time.",
                {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100});
  std::unique_ptr<prometheus::Exposer> exposer;
};

RunnerMetrics::RunnerMetrics(const std::string& instance, uint64_t slots)
    : impl_(std::make_unique<Impl>()) {
  impl_->slots.Set(static_cast<double>(slots));
  impl_->family(prometheus::BuildGauge(), "ghost_runner_info", "Who this is; always 1.")
      .Add({{"instance", instance}, {"version", GHOST_VERSION}})
      .Set(1);
}

RunnerMetrics::~RunnerMetrics() = default;

Status RunnerMetrics::serve(const std::string& address) {
  try {
    impl_->exposer = std::make_unique<prometheus::Exposer>(address, 1);
    impl_->exposer->RegisterCollectable(impl_->registry);
  } catch (const std::exception& e) {
    return Error{"bad_config", "metrics: cannot listen on " + address + ": " + e.what(), ""};
  }
  return ok_status();
}

std::string RunnerMetrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry->Collect());
}

void RunnerMetrics::job_began() {
  impl_->running.Increment();
}

void RunnerMetrics::job_ended(const JobOutcome& outcome, StopReason stop, double job_seconds,
                              double gates_seconds) {
  impl_->running.Decrement();
  const char* killed = kill_reason(stop);
  const std::string ended =
      stop == StopReason::kLeaseLost ? "lease_lost" : std::string(to_string(outcome.outcome));
  impl_->jobs.Add({{"outcome", ended}}).Increment();
  if (killed != nullptr) impl_->kills.Add({{"reason", killed}}).Increment();
  for (const wire::GateReport& gate : outcome.verdict.gates) {
    if (gate.status == wire::GateStatus::kSkipped) continue;
    const std::string status(to_string(gate.status));
    impl_->gates.Add({{"status", status}}).Increment();
    if (is_kill(gate.status)) impl_->kills.Add({{"reason", status}}).Increment();
  }
  impl_->job_seconds.Observe(job_seconds);
  impl_->gates_seconds.Observe(gates_seconds);
  impl_->overhead_seconds.Observe(std::max(0.0, job_seconds - gates_seconds));
}

void RunnerMetrics::output(uint64_t bytes) {
  impl_->output_bytes.Increment(static_cast<double>(bytes));
}

void RunnerMetrics::registered() {
  impl_->registrations.Increment();
}

JobOutcome MeteredExecutor::run(const JobInput& job, JobHost& host) {
  MeteredHost metered(host, metrics_);
  metrics_.job_began();
  const Clock::time_point began = Clock::now();
  JobOutcome outcome = inner_.run(job, metered);
  const double gates = seconds(metered.gates());
  outcome.gates_ms = static_cast<uint64_t>(gates * 1000);
  metrics_.job_ended(outcome, host.stop_reason(), seconds(Clock::now() - began), gates);
  return outcome;
}

}  // namespace ghost::runner
