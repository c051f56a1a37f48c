// Waiting for a job with progress, and showing how it ended. For the main thread.
#pragma once

#include "cli/commands.h"

namespace ghost::cli {

// Shows progress on standard error until the job has ended (or the time is up, or Ctrl-C), then its
// report on standard output. Gives the exit code.
int watch_job(Session& session, const std::string& id, const WaitOptions& options);

// The report of a job (its document with --json); fetches the end of the failing gate's output and
// the diff where they help.
void show_job(Session& session, const http::Json& job, const WaitOptions& options);

}  // namespace ghost::cli
