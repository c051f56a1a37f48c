// Secrets that gates may be given: they live in one file on the runner's host, reach a gate as
// environment variables and are masked in its output. Never logged, never on a command line.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

// Lines NAME=value; empty lines and lines that begin with '#' are skipped; a value in double quotes
// may hold \n, \" and \\. Read at every use, so that an edit needs no restart. Error codes:
// bad_config (missing, readable by others, a bad line: named by its number, never by its text).
Result<std::map<std::string, std::string>> read_secrets(const std::string& file);

// Replaces secrets in a stream, also those that lie across two pieces of it. One stream; one
// thread.
class Masker {
 public:
  explicit Masker(const std::vector<std::string>& secrets);
  // What of `bytes` (and of what was held back) can be shown now.
  std::string feed(std::string_view bytes);
  // The stream is at its end: what was held back.
  std::string finish();
  bool idle() const { return secrets_.empty(); }

 private:
  std::string show(bool at_end);

  std::vector<std::string> secrets_;  // longest first
  std::string held_;
};

inline constexpr std::string_view kMask = "***";

}  // namespace ghost::runner
