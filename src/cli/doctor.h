// What `ghost doctor` found, one line each: of this machine (doctor_host.cc) and of the farm that a
// relay shows (doctor_farm.cc). A finding that is not good says what to do.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace ghost::cli {

struct Finding {
  enum Level { kOk, kWarning, kBad } level;
  std::string what, detail;
};

std::vector<Finding> check_host(const std::string& data);
std::vector<Finding> check_farm(Session& session);

}  // namespace ghost::cli
