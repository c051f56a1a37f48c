// Makes RunJobs messages of what the core decided: each job's request, the repository and the
// results below it, read from the store. One owner, the broker's thread.
#pragma once

#include <vector>

#include "broker/core.h"
#include "broker/store.h"
#include "wire/envelope.h"

namespace ghost::broker {

struct RunJobsMessage {
  wire::Frames frames;  // empty: none of the jobs could be put in
  std::vector<wire::LeaseRef> leases;
  std::vector<event::Undispatchable> failed;
};

// An Error only where the store cannot be read.
Result<RunJobsMessage> make_run_jobs(const send::Jobs& jobs, const Core& core, Store& store,
                                     uint64_t epoch, uint64_t lease_ms);

}  // namespace ghost::broker
