#include <gtest/gtest.h>

#include "runner_worker/sandbox.h"

namespace ghost::runner::test {
namespace {

struct Case {
  const char* glob;
  const char* path;
  bool matches;
};

TEST(GlobTest, Table) {
  constexpr Case kCases[] = {
      {"a", "a", true},
      {"a", "b", false},
      {"a", "aa", false},
      {"", "", true},
      {"", "a", false},
      {"*", "a", true},
      {"*", "", true},
      {"*", "a/b", false},
      {"*.c", "a.c", true},
      {"*.c", ".c", true},
      {"*.c", "d/a.c", false},
      {"d/*.c", "d/a.c", true},
      {"d/*.c", "d/e/a.c", false},
      {"**", "a/b/c", true},
      {"**/a", "a", true},
      {"**/a", "x/a", true},
      {"**/a", "x/y/a", true},
      {"**/a", "xa", false},
      {"**/a", "x/ba", false},
      {"a/**", "a/b", true},
      {"a/**", "a/b/c", true},
      {"a/**", "a", false},
      {"a/**", "ab/c", false},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "ab", false},
      {"a/**/b", "a/xb", false},
      {"a**b", "a/x/b", true},
      {"?", "a", true},
      {"?", "/", false},
      {"?", "", false},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"[a]", "a", false},
      {"[a]", "[a]", true},
      {"\\*", "*", false},
      {"*a*b*", "xaybz", true},
      {"*a*b*", "xbya", false},
      {"***", "a/b", true},
      {".*", ".git", true},
      {"*", ".git", true},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(glob_match(c.glob, c.path), c.matches) << c.glob << " on " << c.path;
  }
}

TEST(GlobTest, HostileGlobsCostNoMoreThanTheirLength) {
  std::string stars, folders;
  for (int i = 0; i < 1000; ++i) stars += "*a", folders += "**/";
  EXPECT_FALSE(glob_match(stars + "b", std::string(4000, 'a')));
  EXPECT_TRUE(glob_match(folders + "b", "x/y/b"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "**/";
  EXPECT_TRUE(glob_match(deep + "b", "b"));
}

}  // namespace
}  // namespace ghost::runner::test
