// What a runner counts of its jobs, and the page that shows it to Prometheus. A decorator of the
// executor: neither it nor the session knows of it. Owner of prometheus-cpp in the runner. run() on
// any slot's thread.
#pragma once

#include <memory>
#include <string>

#include "runner_worker/executor.h"

namespace ghost::runner {

class RunnerMetrics {
 public:
  RunnerMetrics(const std::string& instance, uint64_t slots);
  ~RunnerMetrics();
  RunnerMetrics(const RunnerMetrics&) = delete;
  RunnerMetrics& operator=(const RunnerMetrics&) = delete;

  // Serves http://ADDRESS/metrics, "127.0.0.1:9469", on threads of its own. Error code bad_config.
  Status serve(const std::string& address);
  std::string text() const;

  void job_began();
  void job_ended(const JobOutcome& outcome, StopReason stop, double job_seconds,
                 double gates_seconds);
  void output(uint64_t bytes);
  void registered();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Both outlive it. Sets JobOutcome::gates_ms.
class MeteredExecutor : public Executor {
 public:
  MeteredExecutor(Executor& inner, RunnerMetrics& metrics) : inner_(inner), metrics_(metrics) {}
  JobOutcome run(const JobInput& job, JobHost& host) override;
  std::vector<std::string> isolation_gaps() const override { return inner_.isolation_gaps(); }

 private:
  Executor& inner_;
  RunnerMetrics& metrics_;
};

}  // namespace ghost::runner
