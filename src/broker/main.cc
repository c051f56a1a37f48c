// ghost-broker: wiring only.
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "broker/heap.h"
#include "broker/program.h"
#include "broker/restore.h"

namespace {

// SIGTERM and SIGINT as a descriptor; blocked before any thread exists, so that all inherit it.
int stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) {
  ghost::keep_memory_out_of_cores();
  using namespace ghost;
  broker::ProgramOptions options;
  OptionSet set("ghost-broker", "broker",
                "Holds the queue of patches and the registry, and hands jobs to runners.");
  broker::declare(&set, &options);
  set.set_validator([&] { return broker::validate(options); });
  if (set.parse(argc, argv) == OptionSet::Outcome::kExit) return set.exit_code();
  log::init({"broker", options.log_level, options.log_format});
  if (!options.restore.empty()) {
    const Result<std::string> told =
        broker::restore_backup(options.restore, options.data, broker::keys_folder(options));
    std::fprintf(told ? stdout : stderr, "%s%s\n",
                 told ? "" : "ghost-broker: ", told ? told->c_str() : told.error().message.c_str());
    return told ? 0 : 1;
  }
#ifdef GHOST_JEMALLOC
  broker::keep_freed_memory();
  options.return_free_memory = broker::return_free_memory;
#endif
  const int stop_fd = stop_signals();
  const Status s = broker::run_broker(options, stop_fd,
                                      [](const std::string& clients, const std::string& runners) {
                                        notify::ready({{"CLIENTS", clients}, {"RUNNERS", runners}});
                                      });
  if (!s) {
    std::fprintf(stderr, "ghost-broker: %s\n", s.error().message.c_str());
    return 1;
  }
  return 0;
}
