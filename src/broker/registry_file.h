// registry.json beside the store: the registry for people and scripts, and what a restarted broker
// begins with. Not durable in the sense of jobs: instances renew themselves. Blocking.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "wire/messages.gen.h"

namespace ghost::broker {

std::string registry_json(const wire::Instances& instances, WallMs now);  // indented, one newline
// Those instances that can be read; an Error only when the text is no such document.
Result<std::vector<wire::Instance>> parse_registry_json(const std::string& text);

}  // namespace ghost::broker
