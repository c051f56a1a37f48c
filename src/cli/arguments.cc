#include "cli/arguments.h"

#include <cstdlib>
#include <iostream>

#include "base/options.h"
#include "cli/arguments_help.h"
#include "cli/up.h"
#include "wire/keys.h"

namespace ghost::cli {
namespace {

// What was given for options of every command, to be read together with environment and file.
struct GivenGlobals {
  std::string url, token, ca_file, config;
  bool json = false;
};

void add_global_options(CLI::App* app, GivenGlobals* given) {
  app->add_option("--url", given->url, "Where the relay is [env GHOST_URL]")
      ->type_name("URL")
      ->group("Every command");
  app->add_option("--token", given->token, "Bearer token, or @FILE that holds it [env GHOST_TOKEN]")
      ->type_name("TOKEN")
      ->group("Every command");
  app->add_option("--ca-file", given->ca_file,
                  "PEM file of who signs the relay's certificate, for https; the system's when "
                  "absent [env GHOST_CA_FILE]")
      ->type_name("FILE")
      ->group("Every command");
  app->add_option("--config", given->config, "TOML file with [cli] url, token [env GHOST_CONFIG]")
      ->type_name("FILE")
      ->group("Every command");
  app->add_flag("--json", given->json, "Machine-readable output")->group("Every command");
}

// Flag, environment, file, default: by the rules of every program of Ghost.
bool resolve_globals(const GivenGlobals& given, Globals* globals) {
  // An empty variable is how shells switch one off for a command.
  for (const char* name : {"GHOST_URL", "GHOST_TOKEN"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value == '\0') unsetenv(name);
  }
  OptionSet set("ghost", "cli", "");
  set.add("url", &globals->url, "Where the relay is");
  set.add("token", &globals->token, "Bearer token");
  set.add("ca-file", &globals->ca_file, "Who signs the relay's certificate");
  std::vector<std::string> arguments{"ghost"};
  for (const auto& [name, value] :
       {std::pair("--url=", &given.url), std::pair("--token=", &given.token),
        std::pair("--ca-file=", &given.ca_file), std::pair("--config=", &given.config)}) {
    if (!value->empty()) arguments.push_back(name + *value);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  globals->json = given.json;
  return set.parse(static_cast<int>(argv.size()), argv.data()) == OptionSet::Outcome::kRun;
}

void add_local_commands(CLI::App& app, Chosen* chosen) {
  CLI::App* up = app.add_subcommand("up", "Run a whole farm on this machine, in the foreground");
  up->prefix_command();
  up->callback([chosen, up] {
    chosen->offline = true;
    std::vector<std::string> rest = up->remaining();
    chosen->local = [rest]() mutable {
      std::string name = "up";
      std::vector<char*> argv{name.data()};
      for (std::string& argument : rest) argv.push_back(argument.data());
      return run_up(static_cast<int>(argv.size()), argv.data());
    };
  });
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "Print a completion script for a shell");
  completion->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("SHELL");
  completion->footer("Example: source <(ghost completion bash)");
  completion->callback([chosen, shell, &app] {
    chosen->offline = true;
    chosen->local = [shell, &app] {
      print(completion_script(app, *shell));
      return static_cast<int>(kPassed);
    };
  });
}

// The command that was typed as far as it was understood: "ghost repo add".
std::string typed_command(const CLI::App& app) {
  std::string out = app.get_name();
  const auto inner = app.get_subcommands();
  return inner.empty() ? out : out + " " + typed_command(*inner.front());
}

int say_wrong_usage(const CLI::App& app, const CLI::ParseError& error, bool json) {
  std::string text = error.what();
  // CLI11's "Could not convert: --priority = x": the option first, as everywhere.
  constexpr std::string_view kConvert = "Could not convert: ";
  if (const size_t is = text.find(" = "); text.starts_with(kConvert) && is != std::string::npos) {
    text = text.substr(kConvert.size(), is - kConvert.size()) +
           ": expected a whole number, got \"" + text.substr(is + 3) + "\"";
  }
  if (text.starts_with("A subcommand is required")) {
    const std::vector<std::string> rest = app.remaining(true);
    text = rest.empty() ? "a command is missing" : "there is no command \"" + rest.front() + "\"";
  }
  const int code = usage_error(text, json);
  std::cerr << "See " << typed_command(app) << " --help\n";
  return code;
}

}  // namespace

int run(int argc, char** argv) {
  // `ghost up` reads its options like the services that it starts.
  if (argc > 1 && std::string_view(argv[1]) == "up") return run_up(argc - 1, argv + 1);
  CLI::App app("A patch execution farm: submit patches, gate them, get verdicts", "ghost");
  GivenGlobals given;
  Chosen chosen;
  app.fallthrough();
  app.require_subcommand(1);
  app.set_version_flag("--version", "ghost " GHOST_VERSION);
  app.get_formatter()->column_width(34);
  app.footer("`ghost COMMAND --help` tells the options of a command.");
  add_global_options(&app, &given);
  add_local_commands(app, &chosen);
  add_submit_command(app, &chosen);
  add_job_commands(app, &chosen);
  add_farm_commands(app, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const auto is_json = [](const char* a) { return std::string_view(a) == "--json"; };
    return say_wrong_usage(app, error, std::any_of(argv + 1, argv + argc, is_json));
  }
  if (chosen.offline) return chosen.local();
  Globals globals;
  if (!resolve_globals(given, &globals)) return kUsage;
  wire::hide_secrets(argc, argv);
  auto session = Session::open(globals);
  if (!session) return usage_error(session.error().message, given.json);
  return chosen.command(**session);
}

}  // namespace ghost::cli
