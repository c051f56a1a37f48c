// From what is stored to what clients see. Pure.
#pragma once

#include "broker/core.h"
#include "broker/store.h"

namespace ghost::broker {

wire::JobView view_of(const JobSpec& spec, const JobStatus& status, const Core& core, Now now);
inline wire::JobView view_of(const StoredJob& job, const Core& core, Now now) {
  return view_of(job.spec, job.status, core, now);
}

}  // namespace ghost::broker
