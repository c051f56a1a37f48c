// A program's options, read and validated once at start: the same name as flag (--lease-ms), as
// environment variable (GHOST_LEASE_MS) and in one TOML file (lease-ms under the program's table,
// or at the top level). A flag beats the environment, which beats the file, which beats the
// default. Used on the main thread only. Owner of CLI11 for the services and of toml++.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace ghost {

class OptionSet {
 public:
  // `program` is the binary's name ("ghost-broker"), `table` its TOML table ("broker").
  OptionSet(std::string program, std::string table, std::string description);
  ~OptionSet();
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  // `name` without dashes in front; *target holds the default and receives the value.
  // The help text names the unit. A number outside [min, max] is refused by name.
  void add(const std::string& name, std::string* target, const std::string& help);
  void add(const std::string& name, bool* target, const std::string& help);
  void add(const std::string& name, int64_t* target, const std::string& help, int64_t min,
           int64_t max);
  // "k=v,k=v" or repeated; in TOML an array of strings or an inline table.
  void add(const std::string& name, std::map<std::string, std::string>* target,
           const std::string& help);
  // Repeatable; in the environment separated by commas; in TOML an array of strings.
  void add(const std::string& name, std::vector<std::string>* target, const std::string& help);
  // A flag that is only a flag: no environment, no file (--check-config).
  void add_flag_only(const std::string& name, bool* target, const std::string& help);
  void add_flag_only(const std::string& name, std::string* target, const std::string& help);

  // Every program also has --help, --version, --config FILE (GHOST_CONFIG) and --check-config.
  enum class Outcome { kRun, kExit };
  // kExit: what was asked (help, version, check) is done or an error was printed to stderr; leave
  // with exit_code() (0, or 2 for usage).
  Outcome parse(int argc, char** argv);
  // Runs after all values are set; an Error is printed as a usage error.
  void set_validator(std::function<Status()> validator);
  int exit_code() const;
  // name = value of every option, in order of declaration, for --check-config and `ghost limits`.
  std::vector<std::pair<std::string, std::string>> values() const;
  // Every option's name and help, for completions.
  std::vector<std::pair<std::string, std::string>> described() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ghost
