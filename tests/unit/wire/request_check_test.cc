#include "wire/request_check.h"

#include <gtest/gtest.h>

#include "http/json.h"

namespace ghost::wire {
namespace {

Status checked(std::string_view json) {
  const auto value = http::parse_json(json);
  EXPECT_TRUE(value.ok()) << json;
  const auto request = http::from_json<PatchRequest>(*value);
  if (!request) return request.error();
  return check_request(*request);
}

std::string field_of(std::string_view json) {
  const Status s = checked(json);
  return s ? "accepted" : s.error().field;
}

TEST(RequestCheck, TakesTheBriefsExamples) {
  EXPECT_TRUE(checked(R"({"base":{"repo":"r","ref":"main"},"patch":{"format":"none"},
    "gates":[{"name":"t","run":"make test"}]})"));
  EXPECT_TRUE(checked(R"({"base":{"job":"abc"},"patch":{"format":"mutations","items":[
    {"op":"create","path":"a","contents":"x"},{"op":"delete","path":"b"},
    {"op":"replace","path":"c","regex":"a+","replacement":"b"},
    {"op":"insert","path":"d","contents":"x","anchor":{"after":"y"}},{"op":"chmod","path":"e","mode":"100755"}]}})"));
}

TEST(RequestCheck, RulesAcrossFieldsNameTheField) {
  EXPECT_EQ(field_of(R"({"base":{},"patch":{"format":"none"}})"), "base");
  EXPECT_EQ(field_of(R"({"base":{"repo":"r","job":"j"},"patch":{"format":"none"}})"), "base");
  EXPECT_EQ(field_of(R"({"base":{"repo":"r"},"patch":{"format":"unified"}})"), "patch.data");
  EXPECT_EQ(field_of(R"({"base":{"repo":"r"},"patch":{"format":"none"},"gates":[{"name":"t"}]})")
                .substr(0, 8),
            "gates[0]");
  EXPECT_EQ(field_of(R"({"base":{"repo":"r"},"patch":{"format":"none"},
    "gates":[{"name":"t","run":"a"},{"name":"t","run":"b"}]})"),
            "gates[1].name");
  EXPECT_EQ(field_of(R"({"base":{"repo":"r"},"patch":{"format":"none"},
    "onSuccess":{"commit":{"message":"m"},"branch":"x"}})")
                .substr(0, 9),
            "onSuccess");
  EXPECT_EQ(field_of(R"({"base":{"repo":"r"},"patch":{"format":"none"},
    "gates":[{"name":"t","run":"a","cwd":"../x"}]})"),
            "gates[0].cwd");
}

TEST(RefName, FollowsGitCheckRefFormat) {
  for (const char* good : {"main", "a/b", "v1.0", "feature/x-y_z", "A@b"})
    EXPECT_TRUE(is_ref_name(good)) << good;
  for (const char* bad :
       {"",    "-x", ".a", "a..b", "a.lock", "a/", "/a",   "a//b", "a b",  "a~1",  "a^",
        "a:b", "a?", "a*", "a[b",  "a\\b",   "@",  "a@{b", "a.",   "a/.b", "a\x7f"}) {
    EXPECT_FALSE(is_ref_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace ghost::wire
