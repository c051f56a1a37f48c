// From what is stored to what clients see. Pure.
#pragma once

#include "broker/core.h"
#include "broker/store.h"

namespace ghost::broker {

wire::JobView view_of(const StoredJob& job, const Core& core, Now now);

}  // namespace ghost::broker
