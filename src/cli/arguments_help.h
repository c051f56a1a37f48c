// What the arguments*.cc files share: forms of options. For the main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace ghost::cli {

// Takes one value each time it is given.
inline CLI::Option* add_list(CLI::App* app, const std::string& names,
                             std::vector<std::string>* target, const std::string& help,
                             const std::string& type) {
  return app->add_option(names, *target, help)->allow_extra_args(false)->type_name(type);
}

inline CLI::Option* add_text(CLI::App* app, const std::string& names, std::string* target,
                             const std::string& help, const std::string& type = "TEXT") {
  return app->add_option(names, *target, help)->type_name(type);
}

// "90", "90s", "10m": stored as milliseconds.
template <typename Target>
CLI::Option* add_duration(CLI::App* app, const std::string& names, Target* target,
                          const std::string& help) {
  return app
      ->add_option_function<std::string>(
          names,
          [names, target](const std::string& text) {
            const auto ms = parse_duration_ms(text);
            if (!ms) throw CLI::ValidationError(names, ms.error().message);
            *target = *ms;
          },
          help)
      ->type_name("TIME");
}

inline void add_job_id(CLI::App* app, std::string* target) {
  app->add_option("job", *target, "Job id")->required()->type_name("JOB");
}

// Options of every command that waits for a job or shows one.
inline void add_show_options(CLI::App* app, WaitOptions* wait) {
  app->add_flag("--show-diff", wait->show_diff, "Print the resulting diff, not only its summary");
}
inline void add_wait_options(CLI::App* app, WaitOptions* wait) {
  add_show_options(app, wait);
  add_duration(app, "--timeout", &wait->timeout_ms, "Stop waiting after this time (exit code 6)");
  app->add_flag("-l,--logs", wait->logs, "Show the output of the gates as it comes");
  app->add_flag("-q,--quiet", wait->quiet, "No progress and no report: the exit code says it");
}

}  // namespace ghost::cli
