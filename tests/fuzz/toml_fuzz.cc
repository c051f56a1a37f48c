// Any text as the configuration file: values in their bounds, or a message and exit code 2.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/check.h"
#include "base/options.h"

namespace {
// The options' messages go to stderr, thousands of them.
const bool silenced = [] {
  const int null = open("/dev/null", O_WRONLY);
  return null >= 0 && dup2(null, 2) >= 0;
}();
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = "/dev/shm/ghost-fuzz-" + std::to_string(getpid()) + ".toml";
  static const bool removed_at_exit = std::atexit([] { unlink(path.c_str()); }) == 0;
  GHOST_CHECK(silenced && removed_at_exit);
  const int fd = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  GHOST_CHECK(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size));
  close(fd);

  std::string text = "a";
  bool flag = false;
  int64_t number = 5;
  std::map<std::string, std::string> labels;
  std::vector<std::string> list;
  ghost::OptionSet options("ghost-fuzz", "fuzz", "fuzzed");
  options.add("text", &text, "text");
  options.add("flag", &flag, "flag");
  options.add("number", &number, "number", 1, 10);
  options.add("label", &labels, "labels");
  options.add("list", &list, "list");
  std::string program = "ghost-fuzz", config = "--config", file = path;
  char* argv[] = {program.data(), config.data(), file.data(), nullptr};
  if (options.parse(3, argv) == ghost::OptionSet::Outcome::kRun) {
    GHOST_CHECK(number >= 1 && number <= 10);
  } else {
    GHOST_CHECK(options.exit_code() == 2);
  }
  return 0;
}
