// Makes a failing plan smaller while it still breaks the same rule: less load, fewer faults, a
// shorter time. Prints what is left and the end of its history.
#pragma once

#include <string>

#include "sim/plan.h"

namespace ghost::sim {

Plan shrink(Plan plan, const std::string& rule);
void print_shrunk(const Plan& plan, const std::string& rule);

}  // namespace ghost::sim
