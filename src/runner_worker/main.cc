// ghost-runner: works on the jobs of a Ghost farm.
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>
#include <thread>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/options.h"
#include "runner_worker/data_dir.h"
#include "runner_worker/job_executor.h"
#include "runner_worker/link.h"

namespace {

using namespace ghost;
using namespace ghost::runner;

struct RunnerOptions {
  std::string broker = "tcp://127.0.0.1:5052";
  std::string data = "./ghost-data/runner";
  std::string name;
  int64_t slots = std::max(1u, std::thread::hardware_concurrency());
  std::map<std::string, std::string> labels;
  int64_t drain_timeout_ms = 600'000;
  std::string cache;
  int64_t cache_bytes_max = int64_t{20} << 30;
  std::string protocols = "file:git:https:ssh";
  std::string credentials, secrets;
  SandboxOptions sandbox;
  ExecutorOptions executor;
};

// Written by the signal handler: how many orders to leave came.
int stop_fd = -1;

void on_signal(int) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(stop_fd, &one, sizeof one);
}

int fail(const Error& error) {
  std::cerr << "ghost-runner: " << error.message << "\n";
  return error.code == "bad_config" ? 2 : 1;
}

std::string host_name() {
  char name[256] = "";
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

void declare(OptionSet& set, RunnerOptions* o, log::Options* log_options) {
  set.add("broker", &o->broker, "the broker's endpoint for runners");
  set.add("data", &o->data, "folder for identity, cache and outbox; one runner each");
  set.add("name", &o->name, "instance id; empty: the one kept in the data folder");
  set.add("slots", &o->slots, "jobs at a time", 1, SessionCore::kSlotsMax);
  set.add("label", &o->labels, "labels that jobs may require, key=value");
  set.add("drain-timeout-ms", &o->drain_timeout_ms,
          "a drain gives back what still runs after so many ms; 0: never", 0, 86'400'000);
  set.add("cache", &o->cache,
          "folder of mirrors and base checkouts; empty: cache in the data folder");
  set.add("cache-bytes-max", &o->cache_bytes_max, "size of the cache, bytes", 1 << 20,
          int64_t{1} << 50);
  set.add("protocols", &o->protocols, "protocols of repository URLs, separated by colons");
  set.add("credentials", &o->credentials, "folder of the credentials that repositories name");
  set.add("secrets", &o->secrets, "file of NAME=value lines for the secretEnv of jobs");
  set.add("isolation", &o->sandbox.isolation, "full, or best-effort: take what this host has");
  set.add("root", &o->sandbox.root, "root filesystem that gates see; empty: this host's /usr");
  set.add("log-level", &log_options->level, "debug, info, warn or error");
  set.add("log-format", &log_options->format, "text or json");
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

SessionOptions session_of(const RunnerOptions& o, const Identity& identity) {
  SessionOptions session;
  session.instance = identity.instance;
  session.secret = identity.secret;
  session.session = identity.session;
  session.host = host_name();
  session.version = GHOST_VERSION;
  session.slots = static_cast<uint64_t>(o.slots);
  session.labels = o.labels;
  session.seed = random_u64();
  session.drain_ms_max = static_cast<uint64_t>(o.drain_timeout_ms);
  return session;
}

Result<std::string> absolute(const std::string& path) {
  if (Status made = make_dirs(path, 0700); !made) return made.error();
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return Error{"io_error", "there is no folder " + path, ""};
  std::string out = real;
  free(real);
  return out;
}

int run(RunnerOptions o) {
  // The data folder is not for gates, and git and the sandbox need paths that hold anywhere.
  auto data = absolute(o.data);
  if (!data) return fail(data.error());
  auto dir = DataDir::open(*data);
  if (!dir) return fail(dir.error());
  o.sandbox.dir = *data + "/sandbox";
  o.sandbox.hidden_dirs.push_back(*data);
  // Forks its helper: before any other thread is there.
  auto pool = make_sandbox_pool(o.sandbox);
  if (!pool) return fail(pool.error());
  for (const std::string& gap : (*pool)->gaps()) log::warn("isolation", {{"lacks", gap}});

  o.executor.cache_dir = o.cache.empty() ? *data + "/cache" : o.cache;
  o.executor.cache_bytes_max = static_cast<uint64_t>(o.cache_bytes_max);
  o.executor.protocols = o.protocols;
  o.executor.credentials_dir = o.credentials;
  o.executor.secrets_file = o.secrets;
  auto executor = make_job_executor(o.executor, **pool);
  if (!executor) return fail(executor.error());
  auto outbox = Outbox::open(*data + "/outbox");
  if (!outbox) return fail(outbox.error());
  const auto identity = (*dir)->begin_session(o.name, host_name(), wall_now_ms());
  if (!identity) return fail(identity.error());

  raise_descriptor_limit();
  wire::Context context;
  LinkOptions link_options;
  link_options.broker = o.broker;
  link_options.stop_fd = stop_fd;
  if (const auto watchdog = notify::watchdog_interval_ms()) {
    link_options.turn_ms_max = std::min(link_options.turn_ms_max, *watchdog);
  }
  link_options.on_turn = [] { notify::watchdog(); };
  link_options.on_registered = [&] { notify::ready({{"INSTANCE", identity->instance}}); };
  log::info("runner", {{"instance", identity->instance}, {"broker", o.broker}, {"slots", o.slots}});
  Link link(context, link_options, session_of(o, *identity), **executor, **outbox);
  const Status end = link.run();
  notify::stopping();
  return end ? 0 : fail(end.error());
}

}  // namespace

int main(int argc, char** argv) {
  RunnerOptions options;
  log::Options log_options{"runner"};
  OptionSet set(
      "ghost-runner", "runner",
      "Works on the jobs of a Ghost farm. SIGTERM or SIGINT: finish what runs, take nothing "
      "new; a second one gives back what runs.");
  declare(set, &options, &log_options);
  set.set_validator([&]() -> Status {
    if (!options.name.empty() && !is_name(options.name)) {
      return Error{"bad_config", "name: letters, digits, '.', '_' and '-' only", ""};
    }
    if (options.sandbox.isolation != "full" && options.sandbox.isolation != "best-effort") {
      return Error{"bad_config", "isolation: expected full or best-effort", ""};
    }
    if (!wire::is_local_endpoint(options.broker)) {
      return Error{"bad_config",
                   "broker: " + options.broker +
                       " is not on this host, and there are no keys to speak with it",
                   ""};
    }
    return ok_status();
  });
  if (set.parse(argc, argv) == OptionSet::Outcome::kExit) return set.exit_code();
  log::init(log_options);
  stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  return run(std::move(options));
}
