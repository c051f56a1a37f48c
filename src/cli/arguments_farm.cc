// Options of the commands about the farm: runners, repositories, lanes, registry, itself.
#include "cli/arguments.h"
#include "cli/arguments_help.h"

namespace ghost::cli {
namespace {

CLI::App* add_plain(CLI::App* parent, Chosen* chosen, const char* name, const char* about,
                    std::function<int(Session&)> command) {
  CLI::App* c = parent->add_subcommand(name, about);
  c->callback([=] { chosen->command = command; });
  return c;
}

void add_runner_commands(CLI::App& app, Chosen* chosen) {
  add_plain(&app, chosen, "runners", "Show the runners and what they do", run_runners);

  struct Drain {
    std::string runner;
    bool undo = false, wait = false;
    uint64_t slots = 0;
  };
  auto d = std::make_shared<Drain>();
  CLI::App* c = add_plain(&app, chosen, "drain", "Let a runner finish and take nothing new",
                          [d](Session& s) { return run_drain(s, d->runner, d->undo, d->wait); });
  c->add_option("runner", d->runner, "Runner id")->required()->type_name("RUNNER");
  c->add_flag("--undo", d->undo, "Let it take jobs again");
  c->add_flag("-w,--wait", d->wait, "Wait until it holds no job");

  auto s = std::make_shared<Drain>();
  c = add_plain(&app, chosen, "slots", "Change how many jobs a runner takes at a time",
                [s](Session& session) { return run_slots(session, s->runner, s->slots); });
  c->add_option("runner", s->runner, "Runner id")->required()->type_name("RUNNER");
  c->add_option("slots", s->slots, "Number of slots")->required()->type_name("N");
}

void add_repo_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* repo = app.add_subcommand("repo", "The catalogue of repositories");
  repo->require_subcommand(1);
  add_plain(repo, chosen, "list", "List them", run_repo_list);

  auto o = std::make_shared<RepoOptions>();
  CLI::App* add = add_plain(repo, chosen, "add", "Add a repository or change one",
                            [o](Session& s) { return run_repo_add(s, *o); });
  add->add_option("name", o->name, "Name that jobs use")->required()->type_name("NAME");
  add->add_option("url", o->url, "Where git fetches it from")->required()->type_name("URL");
  add_text(add, "--default-branch", &o->default_branch, "For jobs that name no base", "BRANCH");
  add_text(add, "--credential", &o->credential, "Credential on the runner hosts", "NAME");
  add->add_flag("--allow-gitlinks", o->allow_gitlinks, "Patches may touch submodules");
  add->add_option("--prepare", o->prepare,
                  "Shell command run on a base before any patch, its effect kept; repeatable")
      ->type_name("COMMAND")
      ->allow_extra_args(false);
  add->add_option("--prepare-files", o->prepare_files,
                  "Glob of files that those commands read; repeatable; default: the whole base")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  add_text(add, "--prepare-network", &o->prepare_network, "none or host, for those commands",
           "NETWORK");

  auto name = std::make_shared<std::string>();
  CLI::App* remove = add_plain(repo, chosen, "remove", "Take a repository out of the catalogue",
                               [name](Session& s) { return run_repo_remove(s, *name); });
  remove->add_option("name", *name, "Repository")->required()->type_name("NAME");
}

void add_lane_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* lanes = app.add_subcommand("lanes", "The queues and their shares");
  lanes->require_subcommand(1);
  add_plain(lanes, chosen, "list", "List them", run_lanes_list);

  auto o = std::make_shared<LaneOptions>();
  CLI::App* set = add_plain(lanes, chosen, "set", "Change a lane",
                            [o](Session& s) { return run_lanes_set(s, *o); });
  set->add_option("name", o->name, "Lane")->required()->type_name("NAME");
  set->add_option("--weight", o->weight, "Share against other lanes")->type_name("N");
  set->add_option("--limit", o->limit, "Jobs at a time, 0: no limit")->type_name("N");
  auto* pause = set->add_flag_callback(
      "--pause", [o] { o->paused = true; }, "Hand out nothing");
  set->add_flag_callback(
         "--resume", [o] { o->paused = false; }, "Hand out jobs again")
      ->excludes(pause);
}

constexpr const char* kFolderHelp = "Key folder of a broker on this host, instead of a relay";
constexpr const char* kKeysDefault = "./ghost-data/broker/keys";

void add_keys_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* keys = app.add_subcommand("keys", "Who may join the farm from other hosts");
  keys->require_subcommand(1);
  const auto options = [] { return std::make_shared<KeysOptions>(); };
  const auto offline = [&](const char* name, const char* about, int (*command)(const KeysOptions&),
                           const std::shared_ptr<KeysOptions>& o) {
    CLI::App* c = keys->add_subcommand(name, about);
    c->callback([=] {
      chosen->offline = true;
      chosen->local = [=] { return command(*o); };
    });
    o->folder = kKeysDefault;
    add_text(c, "--keys", &o->folder, "Key folder of the broker", "DIR")->capture_default_str();
    return c;
  };
  const auto folder = [](CLI::App* c, const std::shared_ptr<KeysOptions>& o) {
    add_text(c, "--keys", &o->folder, kFolderHelp, "DIR");
  };

  auto o = options();
  offline("init", "Make a broker's key, so that it may listen beyond its own host", run_keys_init,
          o);

  o = options();
  CLI::App* c = add_plain(keys, chosen, "add", "Accept a new member and print its join string",
                          [o](Session& s) { return run_keys_add(s, *o); });
  c->add_option("role", o->role, "runner, relay or client")
      ->required()
      ->check(CLI::IsMember({"runner", "relay", "client"}))
      ->type_name("ROLE");
  c->add_option("name", o->name, "Name of the member; a runner's instance")
      ->required()
      ->type_name("NAME");
  add_text(c, "--tenant", &o->tenant, "Tenant of a client", "NAME")->capture_default_str();
  add_text(c, "--endpoint", &o->endpoint, "Where it reaches the broker", "tcp://HOST:PORT");
  folder(c, o);

  o = options();
  c = add_plain(keys, chosen, "list", "Show the keys",
                [o](Session& s) { return run_keys_list(s, *o); });
  folder(c, o);

  o = options();
  c = add_plain(keys, chosen, "revoke", "Refuse a member from now on, its open connections too",
                [o](Session& s) { return run_keys_revoke(s, *o); });
  c->add_option("name", o->name, "Member")->required()->type_name("NAME");
  folder(c, o);

  o = options();
  c = offline("rotate", "Change the broker's key while the farm works", run_keys_rotate, o);
  add_text(c, "--clients", &o->clients, "Second address for clients", "tcp://ADDRESS:PORT");
  add_text(c, "--runners", &o->runners, "Second address for runners", "tcp://ADDRESS:PORT");
  c->add_flag("--finish", o->finish, "All have moved: the next key is the broker's key");
  c->add_flag("--force", o->force, "With --finish: even where some may not have moved yet");
}

void add_backup_commands(CLI::App& app, Chosen* chosen) {
  add_plain(&app, chosen, "backup",
            "Let the broker copy its state into a folder of its host, and wait until it has",
            run_backup);
  auto o = std::make_shared<RestoreOptions>();
  CLI::App* c = app.add_subcommand(
      "restore", "Bring a backup into a data directory on this host; its broker is stopped");
  c->callback([=] {
    chosen->offline = true;
    chosen->local = [=] { return run_restore(*o); };
  });
  c->add_option("backup", o->backup, "Folder of the backup")->required()->type_name("BACKUP");
  o->data = "./ghost-data/broker";
  add_text(c, "--data", &o->data, "The broker's data directory", "DIR")->capture_default_str();
  add_text(c, "--keys", &o->keys, "Its key folder, where that is elsewhere", "DIR");
}

void add_token_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* tokens = app.add_subcommand("token", "Who may call over HTTP");
  tokens->require_subcommand(1);
  const auto command = [&](const char* name, const char* about,
                           int (*run)(Session&, const TokenOptions&)) {
    auto o = std::make_shared<TokenOptions>();
    CLI::App* c = add_plain(tokens, chosen, name, about, [=](Session& s) { return run(s, *o); });
    add_text(c, "--keys", &o->folder, kFolderHelp, "DIR");
    return std::pair(c, o);
  };
  auto [create, o] = command("create", "Make a bearer token and print it, once", run_token_create);
  create->add_option("name", o->name, "Who its owner is")->required()->type_name("NAME");
  add_text(create, "--tenant", &o->tenant, "Whose jobs", "NAME")->capture_default_str();
  add_list(create, "--scope", &o->scopes,
           "What it allows: submit, read, operate, admin (all of these); submit and read when "
           "absent",
           "SCOPE,...");
  add_duration(create, "--expires", &o->expires_ms,
               "Refused after so long, 90d; never when absent");
  command("list", "Show the tokens", run_token_list);
  auto [revoke, r] = command("revoke", "Refuse a token from now on", run_token_revoke);
  revoke->add_option("name", r->name, "Owner")->required()->type_name("NAME");
}

void add_tenant_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* tenants = app.add_subcommand("tenant", "What each tenant may use");
  tenants->require_subcommand(1);
  add_plain(tenants, chosen, "list", "Show tenants that have limits or unfinished jobs",
            run_tenant_list);
  auto o = std::make_shared<TenantOptions>();
  CLI::App* set = add_plain(tenants, chosen, "set", "Change the limits of a tenant, 0: none",
                            [o](Session& s) { return run_tenant_set(s, *o); });
  set->add_option("name", o->name, "Tenant")->required()->type_name("NAME");
  set->add_option("--rate", o->rate, "Calls a minute")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000));
  set->add_option("--in-flight", o->in_flight, "Unfinished jobs")
      ->type_name("N")
      ->check(CLI::Range(0, 100'000'000));
  set->add_option("--payload-bytes", o->payload_bytes, "Size of one patch request")
      ->type_name("N")
      ->check(CLI::Range(0, 1'073'741'824));
  add_text(set, "--keys", &o->folder, kFolderHelp, "DIR");
}

CLI::App* add_registry_command(CLI::App* registry, Chosen* chosen, const char* name,
                               const char* about, int (*command)(Session&, const RegistryOptions&),
                               std::shared_ptr<RegistryOptions> o) {
  return add_plain(registry, chosen, name, about,
                   [=](Session& session) { return command(session, *o); });
}

void add_registry_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* registry = app.add_subcommand("registry", "The service registry");
  registry->require_subcommand(1);
  const auto options = [] { return std::make_shared<RegistryOptions>(); };
  const auto service = [](CLI::App* c, RegistryOptions& o, const char* help, bool required) {
    c->add_option("service", o.service, help)->required(required)->type_name("SERVICE");
  };
  const char* prefix = "Service, or a prefix that ends in *";

  auto o = options();
  CLI::App* c = add_registry_command(registry, chosen, "list", "List the instances of all services",
                                     run_registry_list, o);
  service(c, *o, prefix, false);
  c->add_flag("--ready", o->ready_only, "Only those that are ready");

  o = options();
  c = add_registry_command(registry, chosen, "resolve", "Print the endpoints of a service",
                           run_registry_resolve, o);
  service(c, *o, prefix, true);

  o = options();
  c = add_registry_command(registry, chosen, "next", "Print the next instance in rotation",
                           run_registry_next, o);
  service(c, *o, prefix, true);

  o = options();
  c = add_registry_command(registry, chosen, "put", "Register an instance, or renew it",
                           run_registry_put, o);
  service(c, *o, "Service", true);
  c->add_option("instance", o->instance, "Instance")->required()->type_name("INSTANCE");
  add_list(c, "--endpoint", &o->endpoints, "Address by purpose, http=http://10.0.0.5:80", "K=V");
  add_list(c, "--label", &o->labels, "Label", "K=V");
  add_text(c, "--host", &o->host, "Host name; this machine's when absent", "NAME");
  add_text(c, "--instance-version", &o->version, "Version of the service");
  add_text(c, "--state", &o->state, "State")->check(CLI::IsMember({"ready", "draining"}));
  c->add_option("--capacity", o->capacity, "What it can take at a time")->type_name("N");
  add_duration(c, "--ttl", &o->ttl_ms, "Lost when not renewed for so long");
  c->add_flag("--keep", o->keep, "Renew until interrupted, then delete it");

  o = options();
  c = add_registry_command(registry, chosen, "delete", "Take an instance out", run_registry_delete,
                           o);
  service(c, *o, "Service", true);
  c->add_option("instance", o->instance, "Instance")->required()->type_name("INSTANCE");

  o = options();
  c = add_registry_command(registry, chosen, "watch", "Print the instances at every change",
                           run_registry_watch, o);
  service(c, *o, prefix, false);
}

}  // namespace

void add_farm_commands(CLI::App& app, Chosen* chosen) {
  add_runner_commands(app, chosen);
  add_repo_commands(app, chosen);
  add_lane_commands(app, chosen);
  add_registry_commands(app, chosen);
  add_keys_commands(app, chosen);
  add_token_commands(app, chosen);
  add_tenant_commands(app, chosen);
  add_plain(&app, chosen, "limits",
            "Show every limit of relay, broker and runners, and what a request asks for by itself",
            run_limits);

  add_plain(&app, chosen, "demand", "Show what waits for which runners, as an autoscaler sees it",
            run_demand);
  add_backup_commands(app, chosen);

  auto entries = std::make_shared<uint64_t>(50);
  CLI::App* audit = add_plain(&app, chosen, "audit", "Show who cancelled, drained or changed what",
                              [entries](Session& session) { return run_audit(session, *entries); });
  audit->add_option("-n,--limit", *entries, "How many entries")
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();

  auto top = std::make_shared<TopOptions>();
  CLI::App* c = add_plain(&app, chosen, "top", "Watch runners, lanes and jobs",
                          [top](Session& session) { return run_top(session, *top); });
  add_duration(c, "--interval", &top->interval_ms, "Time between two looks");
  c->add_flag("--once", top->once, "One look");

  add_plain(&app, chosen, "version", "Show the versions of this program and of the farm",
            run_version);
  auto data = std::make_shared<std::string>();
  c = add_plain(&app, chosen, "doctor", "Check this machine and the farm",
                [data](Session& session) { return run_doctor(session, *data); });
  add_text(c, "--data", data.get(), "Folder of a farm to check", "DIR");
}

}  // namespace ghost::cli
