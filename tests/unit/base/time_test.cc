#include "base/time.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <random>

namespace ghost {
namespace {

constexpr WallMs kFirst = -62'167'219'200'000, kLast = 253'402'300'799'999;

TEST(Time, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(1'709'210'096'007), "2024-02-29T12:34:56.007Z");
  EXPECT_EQ(format_rfc3339(kFirst), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(kLast), "9999-12-31T23:59:59.999Z");
}

TEST(Time, BeyondFourDigitsOfYearsIsTheLastThatHasThem) {
  EXPECT_EQ(format_rfc3339(INT64_MAX), format_rfc3339(kLast));
  EXPECT_EQ(format_rfc3339(INT64_MIN), format_rfc3339(kFirst));
}

TEST(Time, IsWhatTheCLibrarySays) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<WallMs> any(kFirst, kLast);
  for (int i = 0; i < 100'000; ++i) {
    const WallMs t = any(random);
    const time_t seconds = static_cast<time_t>((t - ((t % 1000) + 1000) % 1000) / 1000);
    tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%m-%dT%H:%M:%S", &parts);
    const std::string said = format_rfc3339(t);
    ASSERT_EQ(std::stoi(said.substr(0, 4)), parts.tm_year + 1900) << said;
    ASSERT_EQ(said.substr(5, 14), text) << t;
    ASSERT_EQ(std::stoi(said.substr(20, 3)), ((t % 1000) + 1000) % 1000) << said;
  }
}

TEST(Time, IsReadAsItWasWritten) {
  std::mt19937_64 random(2);
  std::uniform_int_distribution<WallMs> any(0, kLast);
  for (int i = 0; i < 10'000; ++i) {
    const WallMs t = any(random);
    const Result<WallMs> read = parse_rfc3339(format_rfc3339(t));
    ASSERT_TRUE(read.ok()) << format_rfc3339(t);
    ASSERT_EQ(*read, t);
  }
}

}  // namespace
}  // namespace ghost
