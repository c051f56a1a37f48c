// The command line of `ghost`: what a person types, read into the options of commands.h. For the
// main thread. The arguments*.cc files own CLI11 together with base/options.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/commands.h"

namespace CLI {
class App;
}

namespace ghost::cli {

// Reads the arguments, runs the command and gives its exit code.
int run(int argc, char** argv);

// What was typed: the command to run once the session stands.
struct Chosen {
  std::function<int(Session&)> command;
  bool offline = false;  // needs no relay: `local` runs instead
  std::function<int()> local;
};

// Each adds its commands to `app`; `chosen` is set when one of them was typed.
void add_submit_command(CLI::App& app, Chosen* chosen);
void add_job_commands(CLI::App& app, Chosen* chosen);
void add_farm_commands(CLI::App& app, Chosen* chosen);

// A completion script for `shell` (bash or zsh), made from the commands and options of `app`.
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace ghost::cli
