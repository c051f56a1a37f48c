// The session core by scripts, and what scripts say badly: large numbers and random orders.
#include "runner_worker/session_core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/fs.h"
#include "session_script.h"

namespace ghost::runner {
namespace {

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  const std::string folder = GHOST_SOURCE_DIR "/tests/scripts/session";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class SessionScript : public testing::TestWithParam<std::string> {};

TEST_P(SessionScript, GivesTheWrittenActions) {
  Result<std::string> script = read_file(GetParam());
  ASSERT_TRUE(script.ok()) << script.error().message;
  const std::string played = play_session_script(*script);
  EXPECT_EQ(played.find("BAD LINE"), std::string::npos) << played;
  if (std::getenv("GHOST_REWRITE") != nullptr) {
    ASSERT_TRUE(write_file_atomic(GetParam(), played).ok());
  } else {
    EXPECT_EQ(played, *script);
  }
}

INSTANTIATE_TEST_SUITE_P(Scripts, SessionScript, testing::ValuesIn(scripts()),
                         [](const auto& script) {
                           return std::filesystem::path(script.param).stem().string();
                         });

}  // namespace
}  // namespace ghost::runner
