// ghost-runner: works on the jobs of a Ghost farm.
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/options.h"
#include "base/process.h"
#include "runner_worker/data_dir.h"
#include "runner_worker/job_executor.h"
#include "runner_worker/link.h"
#include "runner_worker/metered_executor.h"
#include "runner_worker/sandbox_probe.h"
#include "runner_worker/secrets.h"
#include "wire/isolation.h"

namespace {

using namespace ghost;
using namespace ghost::runner;

// What a job gets that asks for nothing, and the most that one may ask for.
struct JobLimits {
  int64_t wall_ms = 3'600'000, wall_ms_max = 6 * 3'600'000;
  int64_t cpu_ms = 0, cpu_ms_max = 0;
  int64_t memory_bytes = int64_t{2} << 30, memory_bytes_max = int64_t{8} << 30;
  int64_t pids = 512, pids_max = 4096;
  int64_t disk_bytes = int64_t{4} << 30, disk_bytes_max = int64_t{16} << 30;
  int64_t inodes = 1'000'000, inodes_max = 4'000'000;
  int64_t output_bytes = int64_t{4} << 20, output_bytes_max = int64_t{64} << 20;
  int64_t artifacts_max = 1000, artifact_bytes_max = int64_t{256} << 20;
  int64_t diff_bytes_max = int64_t{64} << 20, include_bytes_max = int64_t{64} << 20;
  int64_t fetch_ms_max = 1'800'000;
};

struct LimitOption {
  const char* name;
  int64_t JobLimits::*value;
  const char* help;
  int64_t min;
};

constexpr LimitOption kLimitOptions[] = {
    {"job-wall-ms", &JobLimits::wall_ms, "time of a whole attempt that asks for none, ms", 1},
    {"job-wall-ms-max", &JobLimits::wall_ms_max, "the most that a job may ask for, ms", 1},
    {"job-cpu-ms", &JobLimits::cpu_ms, "processor time of its gates, ms; 0: no limit", 0},
    {"job-cpu-ms-max", &JobLimits::cpu_ms_max, "the most; 0: no limit", 0},
    {"job-memory-bytes", &JobLimits::memory_bytes, "memory of its gates", 1 << 20},
    {"job-memory-bytes-max", &JobLimits::memory_bytes_max, "the most", 1 << 20},
    {"job-pids", &JobLimits::pids, "processes of its gates at a time", 1},
    {"job-pids-max", &JobLimits::pids_max, "the most", 1},
    {"job-disk-bytes", &JobLimits::disk_bytes, "what its gates may write", 1 << 20},
    {"job-disk-bytes-max", &JobLimits::disk_bytes_max, "the most", 1 << 20},
    {"job-inodes", &JobLimits::inodes, "files and folders that they may make", 1000},
    {"job-inodes-max", &JobLimits::inodes_max, "the most", 1000},
    {"job-output-bytes", &JobLimits::output_bytes, "log; the middle of more is cut out", 1024},
    {"job-output-bytes-max", &JobLimits::output_bytes_max, "the most", 1024},
    {"artifacts-max", &JobLimits::artifacts_max, "files that a job may keep", 0},
    {"artifact-bytes-max", &JobLimits::artifact_bytes_max, "bytes of these files together", 0},
    {"diff-bytes-max", &JobLimits::diff_bytes_max, "bytes of a result's diff", 1024},
    {"include-bytes-max", &JobLimits::include_bytes_max, "gate-made files in a commit", 0},
    {"fetch-ms-max", &JobLimits::fetch_ms_max, "time for fetching a base, ms", 1000},
};

constexpr int64_t kReadyMax = 16;  // sandboxes kept prepared, one a slot

struct RunnerOptions : JobLimits {
  std::string broker = "tcp://127.0.0.1:5052";
  std::string join;
  std::string data = "./ghost-data/runner";
  std::string name;
  int64_t slots = std::max(1u, std::thread::hardware_concurrency());
  std::map<std::string, std::string> labels;
  int64_t drain_timeout_ms = 600'000;
  std::string cache;
  int64_t cache_bytes_max = int64_t{20} << 30;
  std::string protocols = "file:git:https:ssh", allow_private;
  std::string credentials, secrets;
  SandboxOptions sandbox;
  ExecutorOptions executor;
  std::string metrics;
  bool probe = false;
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
  set.add(
      "join", &o->join,
      "join string of `ghost keys add runner`, or @FILE that holds it; kept in the data folder");
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
  set.add("allow-private", &o->allow_private,
          "private networks in which repositories may be, as in 10.0.0.0/8,fd00::/8, or all");
  set.add("credentials", &o->credentials, "folder of the credentials that repositories name");
  set.add("secrets", &o->secrets, "file of NAME=value lines for the secretEnv of jobs");
  set.add("isolation", &o->sandbox.isolation,
          "the least that will do: full (namespaces), plain (no namespaces, Landlock) or none");
  set.add("root", &o->sandbox.root, "root filesystem that gates see; empty: this host's /usr");
  for (const LimitOption& limit : kLimitOptions) {
    set.add(limit.name, &(o->*limit.value), limit.help, limit.min, int64_t{1} << 50);
  }
  set.add("metrics", &o->metrics,
          "address that serves /metrics to Prometheus, 127.0.0.1:9469; empty: none");
  set.add_flag_only("probe", &o->probe,
                    "print which isolation this host gives and what each step costs; then leave");
  set.add("log-level", &log_options->level, "debug, info, warn or error");
  set.add("log-format", &log_options->format, "text or json");
}

Status check_limits(const JobLimits& o) {
  for (const auto& [name, value, most] :
       {std::tuple("job-wall-ms", o.wall_ms, o.wall_ms_max),
        std::tuple("job-cpu-ms", o.cpu_ms_max == 0 ? 0 : o.cpu_ms, o.cpu_ms_max),
        std::tuple("job-memory-bytes", o.memory_bytes, o.memory_bytes_max),
        std::tuple("job-pids", o.pids, o.pids_max),
        std::tuple("job-disk-bytes", o.disk_bytes, o.disk_bytes_max),
        std::tuple("job-output-bytes", o.output_bytes, o.output_bytes_max)}) {
    if (value <= most) continue;
    return Error{"bad_config", std::string(name) + ": must not be above " + name + "-max", ""};
  }
  return ok_status();
}

// What can be wrong on this host, so that --check-config finds it and not the first job.
Status check_paths(const RunnerOptions& o) {
  for (const auto& [name, path] :
       {std::pair("credentials", &o.credentials), std::pair("root", &o.sandbox.root)}) {
    if (!path->empty() && !std::filesystem::is_directory(*path)) {
      return Error{"bad_config", std::string(name) + ": there is no folder " + *path, ""};
    }
  }
  if (!o.secrets.empty()) {
    if (const auto secrets = read_secrets(o.secrets); !secrets) {
      return Error{"bad_config", "secrets: " + secrets.error().message, ""};
    }
  }
  if (const auto networks = wire::Networks::parse(o.allow_private); !networks) {
    return Error{"bad_config", "allow-private: " + networks.error().message, ""};
  }
  std::istringstream names(o.protocols);
  for (std::string name; std::getline(names, name, ':');) {
    if (name != "file" && name != "git" && name != "http" && name != "https" && name != "ssh") {
      return Error{"bad_config",
                   "protocols: expected file, git, http, https or ssh, got \"" + name + "\"", ""};
    }
  }
  return ok_status();
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
  for (const LimitOption& limit : kLimitOptions) {
    session.limits[limit.name] = static_cast<uint64_t>(o.*limit.value);
  }
  session.drain_ms_max = static_cast<uint64_t>(o.drain_timeout_ms);
  return session;
}

void grant(const JobLimits& o, ExecutorOptions* out) {
  const auto u = [](int64_t value) { return static_cast<uint64_t>(value); };
  out->limits = {u(o.wall_ms),    u(o.cpu_ms), u(o.memory_bytes), u(o.pids),
                 u(o.disk_bytes), u(o.inodes), u(o.output_bytes)};
  out->ceilings = {u(o.wall_ms_max),    u(o.cpu_ms_max), u(o.memory_bytes_max), u(o.pids_max),
                   u(o.disk_bytes_max), u(o.inodes_max), u(o.output_bytes_max)};
  out->artifacts_max = u(o.artifacts_max);
  out->artifact_bytes_max = u(o.artifact_bytes_max);
  out->diff_bytes_max = u(o.diff_bytes_max);
  out->include_bytes_max = u(o.include_bytes_max);
  out->fetch_ms_max = u(o.fetch_ms_max);
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
  o.sandbox.dir = *data + "/sandbox";
  o.sandbox.hidden_dirs.push_back(*data);
  o.sandbox.ready_max = static_cast<uint64_t>(std::min<int64_t>(o.slots, kReadyMax));
  if (o.probe) return print_probe(o.sandbox, std::cout) ? 0 : 1;
  auto dir = DataDir::open(*data);
  if (!dir) return fail(dir.error());
  const std::string join_file = *data + "/join";
  const auto broker = wire::broker_address(wire::KeyRole::kRunner, o.join, join_file, o.broker);
  if (!broker) return fail(broker.error());
  if (!broker->name.empty() && !o.name.empty() && o.name != broker->name) {
    return fail({"bad_config", "name: the join string is that of " + broker->name, ""});
  }
  if (!broker->name.empty()) o.name = broker->name;
  // Forks its helper: before any other thread is there.
  auto pool = make_sandbox_pool(o.sandbox);
  if (!pool) return fail(pool.error());
  o.labels[wire::kIsolationLabel] = (*pool)->level();
  log::info("isolation", {{"level", std::string((*pool)->level())}});
  for (const std::string& gap : (*pool)->gaps()) log::warn("isolation", {{"lacks", gap}});

  o.executor.cache_dir = o.cache.empty() ? *data + "/cache" : o.cache;
  o.executor.cache_bytes_max = static_cast<uint64_t>(o.cache_bytes_max);
  o.executor.protocols = o.protocols;
  o.executor.allow_private = *wire::Networks::parse(o.allow_private);
  o.executor.credentials_dir = o.credentials;
  o.executor.secrets_file = o.secrets;
  grant(o, &o.executor);
  auto executor = make_job_executor(o.executor, **pool);
  if (!executor) return fail(executor.error());
  auto outbox = Outbox::open(*data + "/outbox");
  if (!outbox) return fail(outbox.error());
  const auto identity = (*dir)->begin_session(o.name, host_name(), wall_now_ms());
  if (!identity) return fail(identity.error());

  raise_descriptor_limit();
  wire::Context context;
  LinkOptions link_options;
  link_options.broker = *broker;
  link_options.on_moved = [&](const wire::Address& to) {
    if (Status s = wire::follow_move(join_file, to); !s) {
      log::error("the broker's new address is not kept", {{"reason", s.error().message}});
    }
  };
  link_options.stop_fd = stop_fd;
  if (const auto watchdog = notify::watchdog_interval_ms()) {
    link_options.turn_ms_max = std::min(link_options.turn_ms_max, *watchdog);
  }
  // Each word can block where nobody listens, and a busy link turns often: no more than needed.
  link_options.on_turn = [every_ms = notify::watchdog_interval_ms(), due = MonoMs{0}]() mutable {
    const MonoMs now = mono_now_ms();
    if (!every_ms || now < due) return;
    notify::watchdog();
    due = now + *every_ms / 2;
  };
  RunnerMetrics metrics(identity->instance, static_cast<uint64_t>(o.slots));
  if (!o.metrics.empty()) {
    if (Status s = metrics.serve(o.metrics); !s) return fail(s.error());
    log::info("metrics", {{"http", o.metrics}});
  }
  link_options.on_registered = [&] {
    metrics.registered();
    notify::ready({{"INSTANCE", identity->instance}});
  };
  MeteredExecutor metered(**executor, metrics);
  log::info("runner",
            {{"instance", identity->instance}, {"broker", broker->endpoint}, {"slots", o.slots}});
  Link link(context, link_options, session_of(o, *identity), metered, **outbox);
  const Status end = link.run();
  notify::stopping();
  return end ? 0 : fail(end.error());
}

}  // namespace

int main(int argc, char** argv) {
  ghost::keep_memory_out_of_cores();
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
    if (wire::isolation_rank(options.sandbox.isolation) < 0) {
      return Error{
          "bad_config",
          "isolation: expected full, plain or none, got \"" + options.sandbox.isolation + "\"", ""};
    }
    if (options.labels.contains(wire::kIsolationLabel)) {
      return Error{"bad_config", "label: isolation is set by the runner itself", ""};
    }
    if (!options.join.empty()) {
      if (const auto member = wire::load_membership(options.join); !member) return member.error();
    }
    if (Status good = check_limits(options); !good) return good;
    if (Status good = check_paths(options); !good) return good;
    return log::check(log_options);
  });
  if (set.parse(argc, argv) == OptionSet::Outcome::kExit) return set.exit_code();
  wire::hide_secrets(argc, argv);
  log::init(log_options);
  stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  return run(std::move(options));
}
