#include "http/url.h"

#include <gtest/gtest.h>

namespace ghost::http {
namespace {

TEST(Url, ReadsTargets) {
  const auto got = parse_target("/v1/patches/a%2Fb/?repo=R&gate=make%20test&gate=a+b&x&y=");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->segments, (std::vector<std::string>{"v1", "patches", "a/b", ""}));
  const Query query{{"repo", "R"}, {"gate", "make test"}, {"gate", "a b"}, {"x", ""}, {"y", ""}};
  EXPECT_EQ(got->query, query);
  EXPECT_EQ(got->raw_query, "repo=R&gate=make%20test&gate=a+b&x&y=");
  EXPECT_TRUE(parse_target("/")->segments.empty());
  EXPECT_TRUE(parse_target("/?")->query.empty());
  EXPECT_EQ(parse_target("/v1/patches:batch")->segments[1], "patches:batch");
  EXPECT_EQ(parse_target("//x")->segments, (std::vector<std::string>{"", "x"}));
}

TEST(Url, RefusesTargets) {
  for (const char* text : {"", "v1", "*", "http://h/x", "/a b", "/%zz", "/%4", "/a#b", "/a%00b",
                           "/%0a", "/\xc3\xa9", "/a?b=%", "h:80"}) {
    EXPECT_FALSE(parse_target(text).ok()) << text;
  }
}

TEST(Url, ReadsBaseUrls) {
  const auto got = parse_base_url("http://127.0.0.1:5050/ghost/");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->host, "127.0.0.1");
  EXPECT_EQ(got->port, "5050");
  EXPECT_EQ(got->path, "/ghost");
  EXPECT_EQ(parse_base_url("http://[::1]:80")->host, "::1");
  EXPECT_EQ(parse_base_url("http://[::1]:81")->authority(), "[::1]:81");
  EXPECT_EQ(parse_base_url("http://localhost")->port, "80");
  EXPECT_FALSE(parse_base_url("http://localhost")->tls);
  EXPECT_EQ(parse_base_url("https://localhost")->port, "443");
  EXPECT_TRUE(parse_base_url("https://localhost")->tls);
  for (const char* text : {"127.0.0.1:5050", "ftp://x", "http://", "http://u@h", "http://h:0",
                           "http://h:99999", "http://h?q", ""}) {
    EXPECT_FALSE(parse_base_url(text).ok()) << text;
  }
}

TEST(Url, Encodes) {
  EXPECT_EQ(percent_encode("a/b c\xff~"), "a%2Fb%20c%FF~");
  EXPECT_EQ(percent_encode_path("a/b c"), "a/b%20c");
  EXPECT_EQ(print_query({{"a", "1"}, {"b c", "&"}}), "a=1&b%20c=%26");
}

}  // namespace
}  // namespace ghost::http
