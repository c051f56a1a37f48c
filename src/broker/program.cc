#include "broker/program.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "broker/registry_file.h"
#include "broker/restore.h"
#include "broker/server.h"

namespace ghost::broker {
namespace {

constexpr uint64_t kBrokerTtlMs = 15'000;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

bool has_broker_key(const ProgramOptions& o) {
  return ::access(wire::KeyFolder{keys_folder(o)}.broker().c_str(), F_OK) == 0;
}

std::string instance_name(const ProgramOptions& options) {
  if (!options.name.empty()) return options.name;
  const std::string name = "broker-" + host_name();
  return is_name(name) ? name : "broker";
}

// A peer costs a descriptor: with the usual soft limit of 1,024 a farm of a thousand stands still
// without an error (pyzmq #1642).
rlim_t raise_descriptor_limit() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

Result<std::unique_ptr<Store>> open_store(const ProgramOptions& o) {
  if (o.store == "memory") return make_memory_store();
  return open_sqlite_store({o.data, static_cast<uint64_t>(o.reserve_bytes)});
}

CoreOptions core_options(const ProgramOptions& o, const Store& store) {
  CoreOptions core;
  core.epoch = store.epoch();
  core.hash_key = store.hash_key();
  core.next_job_no = store.next_job_no();
  core.lease_ms = o.lease_ms;
  core.heartbeat_ms = o.heartbeat_ms > 0 ? o.heartbeat_ms : o.lease_ms / 3;
  core.backoff_ms_min = o.backoff_ms_min;
  core.backoff_ms_max = o.backoff_ms_max;
  core.queued_jobs_max = static_cast<uint64_t>(o.queued_jobs_max);
  core.payload_bytes_max = static_cast<uint64_t>(o.payload_bytes_max);
  core.retention_ms = o.retention_ms;
  core.retained_jobs_max = static_cast<uint64_t>(o.retained_jobs_max);
  core.seed = random_u64();
  core.restored = ::access(RestoreMarks{o.data}.restored().c_str(), F_OK) == 0;
  core.repo_protocols = o.protocols;
  core.repo_networks = *wire::Networks::parse(o.allow_private);
  return core;
}

ServerOptions server_options(const ProgramOptions& o, const CoreOptions& core) {
  ServerOptions server;
  ShellOptions& shell = server.shell;
  server.doors = {o.clients, o.runners, keys_folder(o),
                  o.advertise.empty() ? host_name() : o.advertise};
  shell.lease_ms = o.lease_ms;
  if (o.return_free_memory != nullptr) shell.return_free_memory = o.return_free_memory;
  server.gather_ms = std::min(server.gather_ms, core.heartbeat_ms / 4);
  server.frame_bytes_max = std::max<uint64_t>(64 << 20, core.payload_bytes_max + (1 << 20));
  shell.waits_max = static_cast<size_t>(o.waits_max);
  const auto u64 = [](int64_t v) { return static_cast<uint64_t>(v); };
  shell.limits = {{"lease-ms", u64(core.lease_ms)},
                  {"heartbeat-ms", u64(core.heartbeat_ms)},
                  {"backoff-ms-min", u64(core.backoff_ms_min)},
                  {"backoff-ms-max", u64(core.backoff_ms_max)},
                  {"queued-jobs-max", core.queued_jobs_max},
                  {"payload-bytes-max", core.payload_bytes_max},
                  {"frame-bytes-max", server.frame_bytes_max},
                  {"retention-ms", u64(core.retention_ms)},
                  {"retained-jobs-max", core.retained_jobs_max},
                  {"waits-max", u64(o.waits_max)}};
  shell.registry_path = o.data + "/registry.json";
  if (core.restored) shell.restored_path = RestoreMarks{o.data}.restored();
  if (o.store == "sqlite") shell.backups = {backups_folder(o), keys_folder(o)};
  shell.self.service = "ghost-broker";
  shell.self.instance = instance_name(o);
  shell.self.host = host_name();
  shell.self.version = GHOST_VERSION;
  shell.self.ttl_ms = kBrokerTtlMs;
  return server;
}

Status recover(Core& core, Store& store, const std::string& registry_path) {
  const Now now{mono_now_ms(), wall_now_ms()};
  uint64_t jobs = 0;
  Recovery into;
  into.repo = [&](const wire::Repo& repo) { core.recover(repo); };
  into.lane = [&](const wire::Lane& lane) { core.recover(lane); };
  into.runner = [&](const RunnerSettings& settings) { core.recover(settings); };
  into.job = [&](const RecoveredJob& job) {
    ++jobs;
    core.recover(job, now);
  };
  if (Status s = store.load(into); !s) return s;
  const Result<std::string> text = read_file(registry_path);
  if (text) {
    // Only a convenience: instances that are not in it register again.
    const auto instances = parse_registry_json(*text);
    if (!instances) log::warn("registry.json not read", {{"error", instances.error().message}});
    if (instances) {
      for (const wire::Instance& instance : *instances) core.recover(instance, now);
    }
  }
  log::info("recovered", {{"jobs", jobs}, {"ms", mono_now_ms() - now.mono}});
  return ok_status();
}

}  // namespace

std::string keys_folder(const ProgramOptions& o) {
  return o.keys.empty() ? o.data + "/keys" : o.keys;
}

std::string backups_folder(const ProgramOptions& o) {
  return o.backups.empty() ? o.data + "/backups" : o.backups;
}

void declare(OptionSet* set, ProgramOptions* o) {
  constexpr int64_t kHour = 3600 * 1000;
  set->add("data", &o->data, "Directory of the store and registry.json");
  set->add(
      "clients", &o->clients,
      "Endpoints for clients and relays, separated by commas; beyond loopback and ipc with keys");
  set->add("runners", &o->runners, "Endpoints for runners, likewise");
  set->add("keys", &o->keys, "Key folder, see ghost keys; empty: keys in the data directory");
  set->add("advertise", &o->advertise,
           "Host that others are told instead of a wildcard address; empty: this host's name");
  set->add("protocols", &o->protocols, "Protocols of repository URLs, separated by colons");
  set->add("allow-private", &o->allow_private,
           "Private networks in which repositories may be, as in 10.0.0.0/8,fd00::/8, or all");
  set->add("store", &o->store, "sqlite (durable) or memory (nothing survives the broker)");
  set->add("backups", &o->backups,
           "Folder for the backups that `ghost backup` asks for; empty: backups in the data "
           "directory");
  set->add_flag_only("restore", &o->restore,
                     "Bring this backup into the data directory, and leave; see `ghost restore`");
  set->add("name", &o->name, "Instance name in the registry; broker-HOST when empty");
  set->add("lease-ms", &o->lease_ms, "TTL of a lease, milliseconds", 300, kHour);
  set->add("heartbeat-ms", &o->heartbeat_ms,
           "How often runners say that they live, milliseconds; 0: a third of the lease", 0, kHour);
  set->add("backoff-ms-min", &o->backoff_ms_min, "First wait after a failed attempt, milliseconds",
           1, kHour);
  set->add("backoff-ms-max", &o->backoff_ms_max, "Longest such wait, milliseconds", 1, 24 * kHour);
  set->add("queued-jobs-max", &o->queued_jobs_max, "Unfinished jobs; more are refused", 1,
           100'000'000);
  set->add("payload-bytes-max", &o->payload_bytes_max, "Size of one patch request, bytes", 1024,
           1 << 30);
  set->add("retention-ms", &o->retention_ms,
           "Finished jobs are forgotten after so long, milliseconds; 0: never", 0, INT64_MAX / 4);
  set->add("retained-jobs-max", &o->retained_jobs_max, "Finished jobs that are kept", 1,
           100'000'000);
  set->add("reserve-bytes", &o->reserve_bytes,
           "Disk space kept for the results of running jobs, bytes", 1 << 20, int64_t{1} << 40);
  set->add("waits-max", &o->waits_max, "Long polls at a time; more are answered at once", 1,
           10'000'000);
  set->add("io-threads", &o->io_threads, "Threads of ZeroMQ", 1, 16);
  set->add("log-level", &o->log_level, "debug, info, warn or error");
  set->add("log-format", &o->log_format, "text or json");
}

Status validate(const ProgramOptions& o) {
  const auto wrong = [](const std::string& message) { return Error{"bad_config", message, ""}; };
  if (o.store != "sqlite" && o.store != "memory") {
    return wrong("store: expected sqlite or memory, got \"" + o.store + "\"");
  }
  for (const auto& [name, endpoints] : {std::pair("clients", o.clients), {"runners", o.runners}}) {
    std::istringstream list(endpoints);
    std::string endpoint;
    size_t count = 0;
    for (; std::getline(list, endpoint, ','); ++count) {
      if (endpoint.rfind("tcp://", 0) != 0 && endpoint.rfind("ipc://", 0) != 0) {
        return wrong(std::string(name) + ": expected tcp://HOST:PORT or ipc://PATH, got \"" +
                     endpoint + "\"");
      }
      if (wire::is_local_endpoint(endpoint) || has_broker_key(o)) continue;
      return wrong(std::string(name) + ": " + endpoint +
                   " is not a loopback address: without keys the broker listens only there and on "
                   "ipc (`ghost keys init` makes keys in " +
                   keys_folder(o) + ")");
    }
    if (count == 0) return wrong(std::string(name) + ": expected an endpoint");
  }
  if (const auto networks = wire::Networks::parse(o.allow_private); !networks) {
    return wrong("allow-private: " + networks.error().message);
  }
  if (!o.name.empty() && !is_name(o.name)) return wrong("name: not a name: \"" + o.name + "\"");
  if (o.heartbeat_ms >= o.lease_ms) return wrong("heartbeat-ms: must be below lease-ms");
  if (o.backoff_ms_max < o.backoff_ms_min) {
    return wrong("backoff-ms-max: must not be below backoff-ms-min");
  }
  return log::check({"broker", o.log_level, o.log_format});
}

Status run_broker(
    const ProgramOptions& options, int stop_fd,
    const std::function<void(const std::string& clients, const std::string& runners)>& ready) {
  const rlim_t descriptors = raise_descriptor_limit();
  if (Status s = make_dirs(options.data, 0700); !s) return s;
  if (Status s = refuse_half_restored(options.data); !s) return s;
  Result<std::unique_ptr<Store>> store = open_store(options);
  if (!store) return store.error();
  const CoreOptions core_opts = core_options(options, **store);
  Core core(core_opts);
  ServerOptions server_opts = server_options(options, core_opts);
  if (Status s = recover(core, **store, server_opts.shell.registry_path); !s) return s;

  wire::Context context({static_cast<int>(options.io_threads), 1023});
  Server server(std::move(server_opts), context, core, **store);
  if (Status s = server.bind(); !s) return s;
  log::info("serving", {{"clients", server.clients_endpoint()},
                        {"runners", server.runners_endpoint()},
                        {"epoch", (*store)->epoch()},
                        {"store", options.store},
                        {"descriptors", static_cast<uint64_t>(descriptors)}});
  ready(server.clients_endpoint(), server.runners_endpoint());
  return server.run(stop_fd);
}

}  // namespace ghost::broker
