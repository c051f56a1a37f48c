#include "base/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#define TOML_EXCEPTIONS 0
// toml++ 3.0 asserts on a table name that begins with a wrong character ("[>x]") before it reports
// it.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "base/fs.h"

namespace ghost {
namespace {

std::string env_name(const std::string& name) {
  std::string out = "GHOST_";
  for (const char c : name) out += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return out;
}

// toml++ 3.0 has undefined behaviour on some letters outside strings and comments: they are found
// before it. Gives the line from 1, or 0. A file with strings over
// several lines is searched throughout.
size_t line_with_stray_character(std::string_view text) {
  const bool blocks = text.find("\"\"\"") != text.npos || text.find("'''") != text.npos;
  size_t line = 1;
  char quote = 0;
  bool comment = false, escaped = false;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      quote = 0;
      comment = escaped = false;
    } else if (blocks && static_cast<unsigned char>(c) >= 0x80) {
      return line;
    } else if (comment) {
      continue;
    } else if (quote != 0) {
      if (!escaped && c == quote) quote = 0;
      escaped = quote == '"' && !escaped && c == '\\';
    } else if (c == '#') {
      comment = true;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return line;
    }
  }
  return 0;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::string part;
  for (const char c : text + separator) {
    if (c != separator) {
      part += c;
    } else if (!part.empty()) {
      out.push_back(std::exchange(part, ""));
    }
  }
  return out;
}

// The TOML value as the texts that a flag would have been given.
Result<std::vector<std::string>> texts_of(const toml::node& node) {
  if (const auto* s = node.as_string()) return std::vector<std::string>{s->get()};
  if (const auto* i = node.as_integer()) return std::vector<std::string>{std::to_string(i->get())};
  if (const auto* b = node.as_boolean()) {
    return std::vector<std::string>{b->get() ? "true" : "false"};
  }
  std::vector<std::string> out;
  if (const auto* array = node.as_array()) {
    for (const auto& item : *array) {
      if (!item.is_string()) return Error{"bad_field", "expected an array of strings", ""};
      out.push_back(item.as_string()->get());
    }
    return out;
  }
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) {
      if (!value.is_string()) return Error{"bad_field", "expected a table of strings", ""};
      out.push_back(std::string(key.str()) + "=" + value.as_string()->get());
    }
    return out;
  }
  return Error{"bad_field", "expected a string, a number, a boolean, an array or a table", ""};
}

// "[name]" with its lines, unlike an inline table that is a value.
bool is_section(const toml::node& node) {
  return node.is_table() && !node.as_table()->is_inline();
}

bool is_program(std::string_view table) {
  return table == "broker" || table == "relay" || table == "runner" || table == "cli" ||
         table == "up";
}

}  // namespace

struct OptionSet::Impl {
  struct Entry {
    std::string name;
    CLI::Option* flag;
    bool environment_and_file;
    bool list;  // a comma separates values in the environment
    std::function<Status(const std::vector<std::string>&)> set;
    std::function<std::string()> show;
  };

  std::string program, table;
  CLI::App app;
  std::vector<Entry> entries;
  std::function<Status()> validator;
  std::string config_path;
  bool check_config = false;
  int exit_code = 0;

  Entry& declare(const std::string& name, const std::string& help, bool is_flag, bool list) {
    const std::string text = help + " [env " + env_name(name) + "]";
    // CLI11 only collects the texts; `set` converts them for all three sources alike.
    CLI::Option* flag =
        is_flag ? app.add_flag("--" + name + "{true}", text) : app.add_option("--" + name, text);
    if (!is_flag) flag->expected(1, list ? 1000 : 1)->type_name(list ? "TEXT..." : "TEXT");
    if (list) flag->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    entries.push_back({name, flag, true, list, {}, {}});
    return entries.back();
  }

  Status load_file(toml::table* out) {
    if (config_path.empty()) return ok_status();
    const Result<std::string> text = read_file(config_path);
    if (!text) return Error{"bad_config", "read configuration: " + text.error().message, ""};
    if (const size_t line = line_with_stray_character(*text); line > 0) {
      return Error{"bad_config",
                   "read configuration " + config_path + ":" + std::to_string(line) +
                       ": a character outside ASCII where only a string or a comment may have one",
                   ""};
    }
    toml::parse_result parsed = toml::parse(*text, config_path);
    if (!parsed) {
      const auto& error = parsed.error();
      return Error{"bad_config",
                   "read configuration " + config_path + ":" +
                       std::to_string(error.source().begin.line) + ": " +
                       std::string(error.description()),
                   ""};
    }
    *out = std::move(parsed).table();
    return ok_status();
  }

  // A key of our own table that no option has is a typing error, as is a table of no program;
  // other programs' tables and keys of the top level, which all programs share, may hold what we do
  // not know.
  Status refuse_unknown(const toml::table& file) {
    for (const auto& [key, value] : file) {
      if (!is_section(value) || key.str() == table || is_program(key.str())) continue;
      return Error{"bad_config",
                   config_path + ": [" + std::string(key.str()) +
                       "]: no program reads such a table; expected [broker], [relay], [runner], "
                       "[cli] or [up]",
                   ""};
    }
    const toml::table* own = file[table].as_table();
    if (own == nullptr) return ok_status();
    for (const auto& [key, value] : *own) {
      bool known = false;
      for (const Entry& e : entries) known |= e.environment_and_file && e.name == key.str();
      if (!known) {
        return Error{"bad_config",
                     config_path + ": [" + table + "] " + std::string(key.str()) +
                         ": no such option; see " + program + " --help",
                     ""};
      }
    }
    return ok_status();
  }

  Status apply(const toml::table& file) {
    for (Entry& e : entries) {
      std::vector<std::string> texts;
      std::string source;
      const char* env = std::getenv(env_name(e.name).c_str());
      if (e.flag->count() > 0) {
        source = "--" + e.name;
        texts = e.flag->results();
      } else if (e.environment_and_file && env != nullptr) {
        source = env_name(e.name);
        texts = e.list ? split(env, ',') : std::vector<std::string>{env};
      } else if (e.environment_and_file) {
        const toml::node* node = nullptr;
        if (const auto* own = file[table].as_table()) node = own->get(e.name);
        // [broker] is the broker's table, not the value of another program's --broker.
        const toml::node* shared = file.get(e.name);
        if (node == nullptr && shared != nullptr && !is_section(*shared)) node = shared;
        if (node == nullptr) continue;
        source = config_path + ": " + e.name;
        auto converted = texts_of(*node);
        if (!converted) return Error{"bad_config", source + ": " + converted.error().message, ""};
        texts = std::move(converted).value();
      } else {
        continue;
      }
      if (Status set = e.set(texts); !set) {
        return Error{"bad_config", source + ": " + set.error().message, ""};
      }
    }
    return ok_status();
  }
};

OptionSet::OptionSet(std::string program, std::string table, std::string description)
    : impl_(std::make_unique<Impl>()) {
  impl_->program = program;
  impl_->table = std::move(table);
  impl_->app.name(std::move(program));
  impl_->app.description(std::move(description));
  impl_->app.get_formatter()->column_width(34);
  impl_->app.set_version_flag("--version", "ghost " GHOST_VERSION);
  impl_->app.add_option("--config", impl_->config_path, "TOML file to read options from")
      ->envname("GHOST_CONFIG");
  impl_->app.add_flag("--check-config", impl_->check_config,
                      "Validate the options, print them and exit");
}

OptionSet::~OptionSet() = default;

void OptionSet::add(const std::string& name, std::string* target, const std::string& help) {
  auto& e = impl_->declare(name, help + (target->empty() ? "" : " (default " + *target + ")"),
                           false, false);
  e.set = [target](const auto& texts) -> Status {
    *target = texts.back();
    return ok_status();
  };
  e.show = [target] { return *target; };
}

void OptionSet::add(const std::string& name, bool* target, const std::string& help) {
  auto& e = impl_->declare(name, help, true, false);
  e.set = [target](const auto& texts) -> Status {
    const std::string& t = texts.back();
    if (t != "true" && t != "false" && t != "1" && t != "0") {
      return Error{"bad_config", "expected true or false, got \"" + t + "\"", ""};
    }
    *target = t == "true" || t == "1";
    return ok_status();
  };
  e.show = [target] { return std::string(*target ? "true" : "false"); };
}

void OptionSet::add(const std::string& name, int64_t* target, const std::string& help, int64_t min,
                    int64_t max) {
  auto& e = impl_->declare(name, help + " (default " + std::to_string(*target) + ")", false, false);
  e.set = [target, min, max](const auto& texts) -> Status {
    const std::string& t = texts.back();
    char* end = nullptr;
    errno = 0;
    const long long value = std::strtoll(t.c_str(), &end, 10);
    if (t.empty() || *end != '\0' || errno != 0 || value < min || value > max) {
      return Error{"bad_config",
                   "expected an integer from " + std::to_string(min) + " to " +
                       std::to_string(max) + ", got \"" + t + "\"",
                   ""};
    }
    *target = value;
    return ok_status();
  };
  e.show = [target] { return std::to_string(*target); };
}

void OptionSet::add(const std::string& name, std::map<std::string, std::string>* target,
                    const std::string& help) {
  auto& e = impl_->declare(name, help, false, true);
  e.set = [target](const auto& texts) -> Status {
    target->clear();
    for (const std::string& text : texts) {
      for (const std::string& pair : split(text, ',')) {
        const size_t equals = pair.find('=');
        if (equals == 0 || equals == std::string::npos) {
          return Error{"bad_config", "expected key=value, got \"" + pair + "\"", ""};
        }
        (*target)[pair.substr(0, equals)] = pair.substr(equals + 1);
      }
    }
    return ok_status();
  };
  e.show = [target] {
    std::string out;
    for (const auto& [k, v] : *target) out += (out.empty() ? "" : ",") + k + "=" + v;
    return out;
  };
}

void OptionSet::add(const std::string& name, std::vector<std::string>* target,
                    const std::string& help) {
  auto& e = impl_->declare(name, help, false, true);
  e.set = [target](const auto& texts) -> Status {
    *target = texts;
    return ok_status();
  };
  e.show = [target] {
    std::string out;
    for (const auto& v : *target) out += (out.empty() ? "" : ",") + v;
    return out;
  };
}

void OptionSet::add_flag_only(const std::string& name, bool* target, const std::string& help) {
  add(name, target, help);
  impl_->entries.back().environment_and_file = false;
  impl_->entries.back().flag->description(help);
}

void OptionSet::add_flag_only(const std::string& name, std::string* target,
                              const std::string& help) {
  add(name, target, help);
  impl_->entries.back().environment_and_file = false;
  impl_->entries.back().flag->description(help);
}

void OptionSet::set_validator(std::function<Status()> validator) {
  impl_->validator = std::move(validator);
}

OptionSet::Outcome OptionSet::parse(int argc, char** argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      impl_->exit_code = impl_->app.exit(error);
      return Outcome::kExit;
    }
    std::cerr << impl_->program << ": " << error.what() << "\nSee " << impl_->program
              << " --help\n";
    impl_->exit_code = 2;
    return Outcome::kExit;
  }
  toml::table file;
  Status status = impl_->load_file(&file);
  if (status) status = impl_->refuse_unknown(file);
  if (status) status = impl_->apply(file);
  if (status && impl_->validator) status = impl_->validator();
  if (!status) {
    std::cerr << impl_->program << ": " << status.error().message << "\n";
    impl_->exit_code = 2;
    return Outcome::kExit;
  }
  if (!impl_->check_config) return Outcome::kRun;
  for (const auto& [name, value] : values()) std::cout << name << " = " << value << "\n";
  return Outcome::kExit;
}

int OptionSet::exit_code() const {
  return impl_->exit_code;
}

std::vector<std::pair<std::string, std::string>> OptionSet::values() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& e : impl_->entries) {
    if (e.environment_and_file) out.emplace_back(e.name, e.show());
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> OptionSet::described() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& e : impl_->entries) out.emplace_back(e.name, e.flag->get_description());
  return out;
}

}  // namespace ghost
