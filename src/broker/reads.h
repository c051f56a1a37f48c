// Answers to requests that change nothing, from committed state. One owner, the broker's thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/core.h"
#include "broker/inbound.h"
#include "broker/store.h"

namespace ghost::broker {

class Reads {
 public:
  struct Facts {
    uint64_t epoch = 0;
    std::map<std::string, uint64_t> limits;
    std::function<std::optional<wire::Address>()> move;  // for clients; null: never
  };
  // `metrics` adds what the shell itself counts.
  Reads(const Core& core, Store& store, Facts facts,
        std::function<void(std::vector<wire::Metric>*)> metrics);

  // The answer as frames, a Failure among them. nullopt: nothing to tell yet, and the request is
  // willing to wait; never when `final`.
  std::optional<wire::Frames> answer(uint64_t correlation, const ReadRequest& request, Now now,
                                     bool final);
  // The Job message of one job, as an answer to CancelJob and RetryJob.
  wire::Frames job(uint64_t correlation, JobNo no, Now now);

  // For waits: how long, and on what. 0: it does not wait.
  static uint64_t wait_ms(const ReadRequest& request);
  JobNo job_of(const ReadRequest& request) const;  // 0: on the registry

 private:
  using Answer = Result<std::optional<wire::Frames>>;
  Answer on(uint64_t c, const wire::Hello& m);
  Answer on(uint64_t c, const wire::GetJob& m);
  Answer on(uint64_t c, const wire::ListJobs& m);
  Answer on(uint64_t c, const wire::GetEvents& m);
  Answer on(uint64_t c, const wire::GetBlob& m);
  Answer on(uint64_t c, const wire::ListInstances& m);
  Answer on(uint64_t c, const wire::ListRunners& m);
  Answer on(uint64_t c, const wire::ListRepos& m);
  Answer on(uint64_t c, const wire::ListLanes& m);
  Answer on(uint64_t c, const wire::GetStats& m);
  Answer on(uint64_t c, const wire::GetDemand& m);
  Answer on(uint64_t c, const wire::ListAudit& m);
  Result<JobNo> find(const std::string& tenant, const std::string& id) const;
  Result<wire::Frames> job_message(uint64_t c, const StoredJob& job);

  const Core& core_;
  Store& store_;
  Facts facts_;
  std::function<void(std::vector<wire::Metric>*)> metrics_;
  Now now_;
  bool final_ = true;
};

}  // namespace ghost::broker
