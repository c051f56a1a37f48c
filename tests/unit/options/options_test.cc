// Options from flags, environment and one file: which one counts, and what is refused.
#include "base/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/log.h"

namespace ghost {
namespace {

struct Values {
  std::string broker = "default";
  int64_t lease_ms = 15'000;
  std::map<std::string, std::string> labels;
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    char name[] = "/tmp/ghost-options-test-XXXXXX";
    dir_ = mkdtemp(name);
    unsetenv("GHOST_LEASE_MS");
    unsetenv("GHOST_CONFIG");
  }
  ~OptionsTest() override {
    unsetenv("GHOST_LEASE_MS");
    std::filesystem::remove_all(dir_);
  }

  // Parses as the program of table [runner] with this file; the message when it is refused.
  std::string parse(const std::string& file, std::vector<std::string> flags = {}) {
    std::ofstream(dir_ + "/ghost.toml") << file;
    values_ = {};
    OptionSet set("ghost-runner", "runner", "");
    set.add("broker", &values_.broker, "endpoint");
    set.add("lease-ms", &values_.lease_ms, "lease", 300, 3'600'000);
    set.add("label", &values_.labels, "labels");
    flags.insert(flags.begin(), {"ghost-runner", "--config", dir_ + "/ghost.toml"});
    std::vector<char*> argv;
    for (std::string& flag : flags) argv.push_back(flag.data());
    testing::internal::CaptureStderr();
    const auto outcome = set.parse(static_cast<int>(argv.size()), argv.data());
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(outcome == OptionSet::Outcome::kRun, said.empty()) << said;
    if (outcome != OptionSet::Outcome::kRun) {
      EXPECT_EQ(set.exit_code(), 2);
    }
    return said;
  }

  std::string dir_;
  Values values_;
};

TEST_F(OptionsTest, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
  const std::string file = "lease-ms = 20000\n[runner]\nlease-ms = 30000\n";
  EXPECT_EQ(parse(file), "");
  EXPECT_EQ(values_.lease_ms, 30'000);
  EXPECT_EQ(parse("lease-ms = 20000\n"), "");
  EXPECT_EQ(values_.lease_ms, 20'000);
  setenv("GHOST_LEASE_MS", "40000", 1);
  EXPECT_EQ(parse(file), "");
  EXPECT_EQ(values_.lease_ms, 40'000);
  EXPECT_EQ(parse(file, {"--lease-ms", "50000"}), "");
  EXPECT_EQ(values_.lease_ms, 50'000);
}

TEST_F(OptionsTest, TheTableOfAnotherProgramIsNoValue) {
  EXPECT_EQ(parse("[broker]\nclients = 'tcp://127.0.0.1:1'\nport = 3\n[up]\nx = 1\n"), "");
  EXPECT_EQ(values_.broker, "default");
  EXPECT_EQ(parse("broker = 'here'\n"), "");
  EXPECT_EQ(values_.broker, "here");
}

TEST_F(OptionsTest, LabelsAreATableOrAList) {
  EXPECT_EQ(parse("label = { os = 'debian' }\n"), "");
  EXPECT_EQ(values_.labels, (std::map<std::string, std::string>{{"os", "debian"}}));
  EXPECT_EQ(parse("[runner]\nlabel = ['a=b', 'c=d']\n"), "");
  EXPECT_EQ(values_.labels, (std::map<std::string, std::string>{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(parse("[runner.label]\nos = 'debian'\n"), "");
  EXPECT_EQ(values_.labels.size(), 1u);
}

TEST_F(OptionsTest, TypingErrorsAreNamed) {
  EXPECT_NE(parse("[runner]\nleases-ms = 3\n").find("[runner] leases-ms: no such option"),
            std::string::npos);
  EXPECT_NE(parse("[runners]\nlease-ms = 3000\n").find("[runners]: no program reads"),
            std::string::npos);
  EXPECT_NE(
      parse("[runner]\nlease-ms = 'soon'\n").find("lease-ms: expected an integer from 300 to"),
      std::string::npos);
  EXPECT_NE(parse("[runner\n").find("ghost.toml:1"), std::string::npos);
}

TEST(LogOptionsTest, LevelAndFormatMustExist) {
  EXPECT_TRUE(log::check({"x", "warn", "json"}).ok());
  EXPECT_FALSE(log::check({"x", "loud", "json"}).ok());
  EXPECT_FALSE(log::check({"x", "warn", "yaml"}).ok());
}

}  // namespace
}  // namespace ghost
