// A job and its verdict as a person reads them: a headline, how each hunk landed, what each gate
// said, and what came out. Pure.
#pragma once

#include <map>
#include <string>

#include "cli/text.h"
#include "http/json.h"

namespace ghost::cli {

struct ReportOptions {
  Style style;
  size_t width = 80;                         // of the summary of the diff
  size_t wrap_width = 0;                     // lines of text are broken there; 0: never
  bool hunks = true;                         // every hunk, not only those that did not land cleanly
  std::string diff;                          // the whole diff, when known
  bool show_diff = false;                    // print it, not only its summary
  std::map<std::string, std::string> tails;  // by gate: the end of its output
};

// `job` is the document of GET /v1/patches/{id}.
std::string report(const http::Json& job, const ReportOptions& options);

// "running on runner-1, attempt 1 of 3", "queued: no free slot", "succeeded"
std::string state_line(const http::Json& job);

// The name of the first gate that failed the job; empty when none did.
std::string failing_gate(const http::Json& job);

// Exit code for a job in a terminal state (ExitCode), kFailed for others.
int exit_code_of_job(const http::Json& job);
bool is_terminal(const http::Json& job);

}  // namespace ghost::cli
