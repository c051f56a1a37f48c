// The broker's rules: one deterministic state machine over jobs, lanes, leases, runners and the
// registry. No socket, file, clock, random source or log inside: time is an argument, the same
// events give the same actions. One owner, one thread. What a job promises is in SEMANTICS terms:
// see proto_schemas/PROTOCOL.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/types.h"
#include "wire/repo_url.h"

namespace ghost::broker {

struct CoreOptions {
  uint64_t epoch = 1;
  std::string hash_key;  // 16 bytes: keys the digests of idempotency keys and ids
  JobNo next_job_no = 1;
  int64_t lease_ms = 15'000;
  int64_t heartbeat_ms = 5'000;
  int64_t backoff_ms_min = 1'000, backoff_ms_max = 60'000;
  uint64_t queued_jobs_max = 2'000'000;
  uint64_t payload_bytes_max = 32 << 20;
  int64_t retention_ms =
      7 * 24 * 3600 * 1000ll;              // finished jobs are forgotten after so long, 0: never
  uint64_t retained_jobs_max = 1'000'000;  // and the oldest beyond so many
  uint64_t seed = 1;                       // of the backoff's jitter
  // The store is a backup's: whoever held a lease then may be done, gone, or at work on it.
  bool restored = false;
  std::string repo_protocols = "file:git:https:ssh";  // of repository URLs
  wire::Networks repo_networks;                       // private ones in which they may be
};

class Core {
 public:
  explicit Core(const CoreOptions& options);
  ~Core();

  // Before the first step, as the store tells it.
  void recover(const wire::Repo& repo);
  void recover(const wire::Lane& lane);
  void recover(const RunnerSettings& settings);
  void recover(const RecoveredJob& job, Now now);
  void recover(const wire::Instance& instance, Now now);  // of registry.json: one full TTL

  // Appends to *out.
  void step(Now now, Event&& event, Actions* out);
  void step(Now now, const Event& event, Actions* out) { step(now, Event(event), out); }
  // When to tick next though nothing comes in; nullopt: only when something does.
  std::optional<MonoMs> next_deadline(Now now) const;

  bool is_idle() const;  // no job waits, and no runner holds one

  // Tenants that have limits or unfinished jobs, by name.
  std::vector<wire::Tenant> tenants() const;

  // Views for reads, as of the last step. All bounded by what is in memory.
  // By the keyed hash of (tenant, id): every job that is queued, leased or retained.
  std::optional<JobNo> find_job(const std::string& tenant, const std::string& id) const;
  // What the store holds of a job that has not ended, once the last step's changes are kept.
  std::optional<JobStatus> unfinished_status(JobNo no) const;
  std::optional<wire::Waiting> waiting(JobNo no, Now now) const;  // of a QUEUED job
  const wire::Repo* repo(const std::string& name) const;
  std::vector<wire::Repo> repos() const;
  std::vector<wire::Lane> lanes() const;
  // RunnerView::jobs stays empty; jobs_of gives the numbers, and the shell the ids.
  std::vector<wire::RunnerView> runners(Now now) const;
  std::vector<JobNo> jobs_of(const std::string& instance) const;
  wire::Instances instances(const wire::ListInstances& request, Now now) const;
  uint64_t registry_revision() const;
  wire::Demand demand(Now now) const;
  std::vector<wire::Metric> metrics(Now now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ghost::broker
