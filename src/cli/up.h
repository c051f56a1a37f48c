// `ghost up`: a whole farm on this machine, in the foreground.
#pragma once

namespace ghost::cli {

// argv[0] is "up". Blocks until a stop signal; gives the exit code: 0 after a clean stop, 1 when
// the farm could not be started, 2 for wrong options.
int run_up(int argc, char** argv);

}  // namespace ghost::cli
