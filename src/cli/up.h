// `ghost up`: a whole farm on this machine, in the foreground.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ghost::cli {

// argv[0] is "up". Blocks until a stop signal; gives the exit code: 0 after a clean stop, 1 when
// the farm could not be started, 2 for wrong options.
int run_up(int argc, char** argv);

// Name and help of each of its options, for completions.
std::vector<std::pair<std::string, std::string>> up_options();

}  // namespace ghost::cli
