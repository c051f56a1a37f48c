// Every command of `ghost` as a function of its options. arguments.cc fills the options in; each
// function talks to the relay through the session, writes to the terminal, and gives the exit code
// (session.h). For the main thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace ghost::cli {

// How a job is waited for and shown.
struct WaitOptions {
  bool wait = false;
  int64_t timeout_ms = 0;  // 0: as long as it takes
  bool logs = false;       // show the gates' output as it comes
  bool show_diff = false;
  bool quiet = false;  // no progress, no report: the exit code says it
};

struct SubmitOptions {
  std::string file;  // "-": standard input
  bool no_patch = false;
  std::string format, mode, whitespace, eol;
  std::optional<uint64_t> strip, max_fuzz, max_offset;
  std::string repo, base, on_job;
  std::vector<std::string> gates, prechecks, builds;  // "COMMAND" or "@NAME COMMAND"
  std::vector<std::string> gate_env;                  // "NAME=value"
  std::string gate_cwd;
  std::optional<int64_t> gate_timeout_ms, wall_ms;
  std::optional<uint64_t> gate_retries;
  std::vector<std::string> limits;  // "memoryBytes=..."
  std::vector<std::string> labels, requires_, depends_on, artifacts, protect, secret_env, include;
  std::string lane, key, id, description, network, deadline, not_before;
  std::optional<uint64_t> priority, max_attempts;
  std::string commit, author, branch, tag, on_base_moved;
  bool push = false;
  bool dry_run = false;  // print the request instead of sending it
  WaitOptions wait;
};
int run_submit(Session& session, const SubmitOptions& options);

struct JobOptions {
  std::vector<std::string> ids;
  WaitOptions wait;
};
int run_get(Session& session, const JobOptions& options);
int run_wait(Session& session, const JobOptions& options);
int run_cancel(Session& session, const JobOptions& options);
int run_retry(Session& session, const JobOptions& options);

struct LogsOptions {
  std::string id, stream, gate;
  bool follow = false;
  std::optional<uint64_t> attempt, offset;
};
int run_logs(Session& session, const LogsOptions& options);

struct EventsOptions {
  std::string id, after;
  std::vector<std::string> streams;
  bool follow = false;
};
int run_events(Session& session, const EventsOptions& options);

struct ListOptions {
  std::vector<std::string> states, labels;
  std::string repo, lane, since, until;
  uint64_t limit = 20;
  bool all = false;
};
int run_list(Session& session, const ListOptions& options);

struct FileOptions {
  std::string id, path, output;  // output empty: standard output
};
int run_diff(Session& session, const FileOptions& options);
int run_mbox(Session& session, const FileOptions& options);
int run_artifacts_list(Session& session, const FileOptions& options);
int run_artifacts_get(Session& session, const FileOptions& options);

int run_runners(Session& session);
int run_drain(Session& session, const std::string& runner, bool undo, bool wait);
int run_slots(Session& session, const std::string& runner, uint64_t slots);

struct RepoOptions {
  std::string name, url, default_branch, credential;
  bool allow_gitlinks = false;
  std::vector<std::string> prepare, prepare_files;
  std::string prepare_network;
};
int run_repo_list(Session& session);
int run_repo_add(Session& session, const RepoOptions& options);
int run_repo_remove(Session& session, const std::string& name);

struct LaneOptions {
  std::string name;
  std::optional<uint64_t> weight, limit;
  std::optional<bool> paused;
};
int run_lanes_list(Session& session);
int run_lanes_set(Session& session, const LaneOptions& options);

struct KeysOptions {
  std::string role, name, tenant = "default";
  std::string folder;            // the broker's key folder; empty: ask the relay
  std::string endpoint;          // add: where the new member reaches the broker
  std::string clients, runners;  // rotate: second addresses
  bool finish = false;
  bool force = false;  // rotate: all have moved, however young the next key is
};
int run_keys_init(const KeysOptions& options);
int run_keys_add(Session& session, const KeysOptions& options);
int run_keys_list(Session& session, const KeysOptions& options);
int run_keys_revoke(Session& session, const KeysOptions& options);
int run_keys_rotate(const KeysOptions& options);

int run_demand(Session& session);
int run_backup(Session& session);
struct RestoreOptions {
  std::string backup, data, keys;  // keys empty: in the data directory
};
int run_restore(const RestoreOptions& options);
struct TokenOptions {
  std::string name, tenant = "default";
  std::string folder;  // the broker's key folder; empty: ask the relay
  std::vector<std::string> scopes;
  std::optional<int64_t> expires_ms;  // from now
};
int run_token_create(Session& session, const TokenOptions& options);
int run_token_list(Session& session, const TokenOptions& options);
int run_token_revoke(Session& session, const TokenOptions& options);

struct TenantOptions {
  std::string name;
  std::string folder;  // likewise
  std::optional<uint64_t> rate, in_flight, payload_bytes;
};
int run_tenant_list(Session& session);
int run_tenant_set(Session& session, const TenantOptions& options);

int run_limits(Session& session);
int run_audit(Session& session, uint64_t limit);

struct RegistryOptions {
  std::string service, instance, host, version, state;
  std::vector<std::string> endpoints, labels;
  std::optional<uint64_t> capacity;
  std::optional<int64_t> ttl_ms;
  bool ready_only = false;
  bool keep = false;  // put: renew until interrupted, then delete
};
int run_registry_list(Session& session, const RegistryOptions& options);
int run_registry_resolve(Session& session, const RegistryOptions& options);
int run_registry_next(Session& session, const RegistryOptions& options);
int run_registry_put(Session& session, const RegistryOptions& options);
int run_registry_delete(Session& session, const RegistryOptions& options);
int run_registry_watch(Session& session, const RegistryOptions& options);

struct TopOptions {
  int64_t interval_ms = 1000;
  bool once = false;
};
int run_top(Session& session, const TopOptions& options);

int run_version(Session& session);
int run_doctor(Session& session, const std::string& data);

// Path of a job's calls: "/v1/patches/ID" + `rest`.
std::string job_path(const std::string& id, const std::string& rest = "");
// "k=v" texts as a JSON object; error code bad_field that names the option.
Result<http::Json> pairs_to_json(const std::vector<std::string>& texts, const char* option);

}  // namespace ghost::cli
