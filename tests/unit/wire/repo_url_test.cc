// Which URLs of repositories are let in, in all the ways in which a private address can be written.
#include "wire/repo_url.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace ghost::wire {
namespace {

constexpr const char* kSchemes = "file:git:https:ssh";

std::string verdict(const std::string& url, const std::string& allowed = "",
                    const std::string& schemes = kSchemes) {
  const Networks networks = *Networks::parse(allowed);
  const Status s = check_repo_url(url, schemes, networks);
  return s ? "" : s.error().message;
}

TEST(RepoUrlTest, WhatIsLetIn) {
  for (const char* url :
       {"https://example.org/a.git", "https://example.org:8443/a.git", "https://user@example.org/a",
        "ssh://git@example.org/a.git", "git@example.org:a/b.git", "example.org:a.git",
        "git://example.org/a.git", "file:///srv/a.git", "/srv/a.git", "file://localhost/srv/a.git",
        "https://93.184.216.34/a", "https://[2606:2800:220:1::1]/a",
        "git@[2606:2800:220:1::1]:a"}) {
    EXPECT_EQ(verdict(url), "") << url;
  }
}

TEST(RepoUrlTest, WhatIsNoUrlOfARepository) {
  for (const char* url : {"",
                          "-oProxyCommand=x",
                          "a/b",
                          "a",
                          "ext::sh -c id",
                          "https://-x/a",
                          "https://user:pw@h/a",
                          "https://h/\n",
                          "https:///a",
                          "https://h:99x/a",
                          "https://h:123456/a",
                          "https://h?x@127.0.0.1/",
                          "https://h#@127.0.0.1/",
                          "https://h\\@127.0.0.1/",
                          "https://a@b@127.0.0.1/",
                          "file://other/a",
                          "ftp://h/a",
                          "HTTPS://h/a",
                          "http://h/a",
                          "https://[fe80::1%25eth0]/",
                          "https://%31%32%37.0.0.1/",
                          "https://[::1/",
                          "javascript://h/a",
                          "https://h\xc3\xa4/a",
                          "::1:a"}) {
    EXPECT_NE(verdict(url), "") << url;
  }
  EXPECT_EQ(verdict("http://example.org/a", "", "http:https"), "");
  EXPECT_NE(verdict("https://user:secret@h/a").find("credential"), std::string::npos);
  EXPECT_EQ(verdict("https://user:secret@h/a").find("secret@"), std::string::npos);
}

TEST(RepoUrlTest, PrivateAddressesInEveryForm) {
  for (const char* host :
       {"127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1",
        "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]",
        "[2001:db8::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]",
        "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[2002:7f00:1::]",
        "[2002:c0a8:101::1]", "[2001::1]", "[fec0::1]",
        // Not four plain numbers.
        "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "010.0.0.1",
        "0x7F.0.0.1", "127.0.0.0x1", "127.0.0.1.", "1", "0", "00", "127.0.0.01"}) {
    EXPECT_NE(verdict("https://" + std::string(host) + "/a"), "") << host;
    EXPECT_NE(verdict("https://" + std::string(host) + ":443/a"), "") << host;
    EXPECT_NE(verdict("git@" + std::string(host) + ":a"), "") << host;
    EXPECT_NE(verdict("ssh://u@" + std::string(host) + ":22/a"), "") << host;
  }
}

TEST(RepoUrlTest, AnOperatorMayAllowNetworks) {
  EXPECT_EQ(verdict("https://10.1.2.3/a", "10.0.0.0/8"), "");
  EXPECT_NE(verdict("https://11.0.0.1/a", "10.0.0.0/8") == "", false);
  EXPECT_NE(verdict("https://10.1.2.3/a", "10.2.0.0/16"), "");
  EXPECT_EQ(verdict("https://[fd00::1]/a", "10.0.0.0/8,fd00::/8"), "");
  EXPECT_EQ(verdict("https://[::ffff:10.1.2.3]/a", "10.0.0.0/8"), "");
  EXPECT_EQ(verdict("https://127.0.0.1/a", "all"), "");
  EXPECT_EQ(verdict("https://[::1]/a", "all"), "");
  for (const char* bad : {"10.0.0.0/33", "x", "10.0.0.0/", "fd00::/129", "10.0.0.0/8;x", "10/8"}) {
    EXPECT_FALSE(Networks::parse(bad).ok()) << bad;
  }
}

TEST(RepoUrlTest, ANameIsJudgedByEachOfItsAddresses) {
  log::init({"test", "off", "text"});
  const auto address = [](const char* text) { return resolve_host(text)->front(); };
  std::vector<NetAddress> answer;
  std::string asked;
  const Resolve resolve = [&](const std::string& host) -> Result<std::vector<NetAddress>> {
    asked = host;
    return answer;
  };
  answer = {address("93.184.216.34"), address("2606:2800:220:1::1")};
  ASSERT_TRUE(vet_host("example.org", {}, resolve).ok());
  EXPECT_EQ(asked, "example.org");
  answer.push_back(address("10.0.0.7"));
  EXPECT_EQ(vet_host("example.org", {}, resolve).error().code, "url_refused");
  EXPECT_TRUE(vet_host("example.org", *Networks::parse("10.0.0.0/8"), resolve).ok());
  answer = {address("::ffff:127.0.0.1")};
  EXPECT_EQ(vet_host("example.org", {}, resolve).error().code, "url_refused");
  answer.clear();
  EXPECT_EQ(vet_host("example.org", {}, resolve).error().code, "io_error");
  asked.clear();
  EXPECT_EQ(vet_host("192.168.0.1", {}, resolve).error().code, "url_refused");
  EXPECT_EQ(asked, "") << "an address is not looked up";
  // The host's own name for itself.
  EXPECT_EQ(vet_host("localhost", {}, resolve_host).error().code, "url_refused");
}

}  // namespace
}  // namespace ghost::wire
