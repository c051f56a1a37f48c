// Script tests of the session core: a file of blocks, each one turn of the link. A block is
//
//   @TIME                  monotonic ms
//   command args...        any number, fed in order; a Tick follows the last
//   ----
//   expected output        actions in order, then the next deadline; ends at an empty line
//
// '#' begins a comment line. With GHOST_REWRITE=1 in the environment the expected output is written
// anew.
#pragma once

#include <string>

namespace ghost::runner {

// The script with the output that the core really gives. A broken line says so in the output.
std::string play_session_script(const std::string& script);

}  // namespace ghost::runner
