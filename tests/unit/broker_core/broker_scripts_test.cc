// Runs tests/scripts/broker: each file is a story of events and what the core makes of them. With
// GHOST_REWRITE=1 the files are written anew from what happens now: read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "script_broker.h"

namespace ghost::broker::test {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string play(const std::string& script) {
  ScriptBroker broker;
  std::string out;
  std::stringstream in(script);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("  ")) continue;
    out += line + "\n";
    if (!line.empty() && line[0] != '#') out += broker.run(line);
  }
  return out;
}

class BrokerScripts : public testing::TestWithParam<std::string> {};

TEST_P(BrokerScripts, SaysWhatItSaid) {
  const auto path = std::filesystem::path(GHOST_SOURCE_DIR) / "tests/scripts/broker" / GetParam();
  const std::string script = read(path);
  ASSERT_FALSE(script.empty());
  const std::string played = play(script);
  EXPECT_EQ(played, play(script)) << "the same events gave other actions";
  if (std::getenv("GHOST_REWRITE") != nullptr) {
    std::ofstream(path) << played;
    return;
  }
  EXPECT_EQ(script, played);
}

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  const auto folder = std::filesystem::path(GHOST_SOURCE_DIR) / "tests/scripts/broker";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, BrokerScripts, testing::ValuesIn(scripts()), [](const auto& test) {
  std::string name = test.param.substr(0, test.param.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace ghost::broker::test
