// The seam between a runner's session (which talks to the broker) and the execution of one job. An
// Executor is shared by all slots: run() is called on one thread a slot, many at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/messages.gen.h"

namespace ghost::runner {

struct JobInput {
  wire::Dispatch dispatch;
  Blob request;                      // msgpack of wire::PatchRequest, not yet checked
  std::vector<Blob> ancestor_diffs;  // full-index binary diffs, one for each dispatch.ancestors
};

enum class StopReason {
  kNone,
  kCancelled,  // by a client: outcome cancelled once the sandbox is empty
  kExpired,    // past the deadline: outcome expired
  kLeaseLost,  // the lease ended, is another's or is given back: stop, nothing is reported
};

struct DeliveryAnswer {
  bool granted = false;
  std::string reason;  // when not granted: stale, cancelled, expired
};

// What a running job may ask of its session. Called on the slot's thread; the calls that wait for
// the broker return early, with an Error, when the job is to stop.
class JobHost {
 public:
  virtual ~JobHost() = default;

  // Tells the broker what the ref was resolved to. Never waits.
  virtual void tell_base(const std::string& commit) = 0;
  // After tell_base: the commit to use, which is another's where an earlier attempt told one. Waits
  // for the broker.
  virtual Result<std::string> kept_base() = 0;

  // Progress ("base", "hunk", "applied", "gate_started", "gate_finished", "delivered") with further
  // facts as msgpack map, empty for none. Never waits.
  virtual void progress(const std::string& type, const std::string& gate, std::string detail) = 0;

  // Output of a gate; `stream` is kStdout or kStderr. At most 256 KiB a call. Waits while the
  // runner's buffer of unacked output is full.
  virtual void output(wire::Stream stream, const std::string& gate, std::string_view bytes) = 0;
  // `skipped` bytes of the stream were left out here.
  virtual void output_cut(wire::Stream stream, const std::string& gate, uint64_t skipped) = 0;

  // Sends a file as an artifact, `read(offset, bytes_max)` gives its slices. Waits until it is
  // durable.
  virtual Status put_artifact(
      const std::string& path, uint64_t size_bytes, const std::string& sha256,
      const std::function<Result<std::string>(uint64_t offset, size_t bytes_max)>& read) = 0;

  // May `commit_oid` be delivered? Waits for the broker.
  virtual Result<DeliveryAnswer> ask_delivery(const std::string& commit_oid) = 0;

  // An eventfd that becomes and stays readable when the job is to stop; stop_reason() tells why.
  virtual int stop_fd() const = 0;
  virtual StopReason stop_reason() const = 0;

  // How long the lease still stands by the runner's own, careful clock; 0 when it is over.
  virtual uint64_t lease_left_ms() const = 0;
  // `listener(ms)` is called at once, and on any thread whenever the lease is extended: it stands
  // `ms` from now.
  // It must not call back into the host. Null removes it; on return the old one is not running.
  virtual void set_lease_listener(std::function<void(uint64_t ms)> listener) = 0;
};

struct JobOutcome {
  wire::Outcome outcome = wire::Outcome::kInfraError;
  std::string reason;  // one sentence when not passed
  std::string tree_oid, commit_oid;
  wire::Verdict verdict;
  Blob diff;  // full-index binary diff base to result, null when there is none
  WallMs started_ms = 0;
  std::optional<uint64_t> gates_ms;  // of that, in its gates
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs a job to its end: never throws, leaves no process and no workspace behind. The sandbox is
  // empty when it returns, whatever the outcome.
  virtual JobOutcome run(const JobInput& job, JobHost& host) = 0;
  // What this host's isolation lacks, for people ("no cgroup: memory limited by rlimit").
  virtual std::vector<std::string> isolation_gaps() const = 0;
};

}  // namespace ghost::runner
