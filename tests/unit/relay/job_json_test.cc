// Jobs and events as HTTP shows them, and their tags.
#include "relay/job_json.h"

#include <gtest/gtest.h>

namespace ghost::relay {
namespace {

wire::JobView job() {
  wire::JobView j;
  j.id = "j1";
  j.tenant = "default";
  j.state = wire::JobState::kDead;
  j.outcome = wire::Outcome::kInfraError;
  j.version = 17;
  return j;
}

TEST(JobJson, TheRecordRulesOverTheVerdict) {
  const std::string verdict = http::to_msgpack(
      http::parse_json(
          R"({"outcome":"passed","id":"evil","state":"SUCCEEDED","treeOid":"tttt","startedAt":"x"})")
          .value());
  const http::Json shown = job_json(job(), verdict);
  EXPECT_EQ(http::get_string(shown, "outcome"), "infra_error");
  EXPECT_EQ(http::get_string(shown, "id"), "j1");
  EXPECT_EQ(http::get_string(shown, "state"), "DEAD");
  EXPECT_EQ(http::get_string(shown, "treeOid"), "tttt");
  EXPECT_EQ(http::find_member(shown, "startedAt"), nullptr);
}

TEST(JobJson, AVerdictThatIsNoneIsLeftOut) {
  const std::string plain = http::print_json(job_json(job(), ""));
  EXPECT_EQ(http::print_json(job_json(job(), "\xc1garbage")), plain);
  EXPECT_EQ(http::print_json(job_json(job(), "\x93\x01\x02\x03")), plain);
}

TEST(JobJson, Tags) {
  const std::string tag = job_etag(job(), "document");
  EXPECT_TRUE(tag.starts_with("\"17-") && tag.ends_with("\"")) << tag;
  EXPECT_NE(tag, job_etag(job(), "another"));
  EXPECT_EQ(etag_version(tag), 17u);
  EXPECT_EQ(etag_version("W/" + tag), 17u);
  for (const char* none :
       {"", "*", "\"\"", "\"x-1\"", "17-ab", "\"-1\"", "\"99999999999999999999-a\""}) {
    EXPECT_FALSE(etag_version(none)) << none;
  }
  EXPECT_TRUE(etag_matches(tag, tag));
  EXPECT_TRUE(etag_matches("\"a\", W/" + tag, tag));
  EXPECT_TRUE(etag_matches(" * ", tag));
  EXPECT_FALSE(etag_matches("", tag));
  EXPECT_FALSE(etag_matches("\"17-\"", tag));
}

TEST(EventJson, TextAndBytes) {
  wire::Event e;
  e.seq = 3;
  e.attempt = 2;
  e.stream = wire::Stream::kStdout;
  e.offset = 5;
  e.type = "log";
  e.data = "hello";
  EXPECT_EQ(event_id(e), "2.stdout.5");
  EXPECT_EQ(http::get_string(event_json(e), "data"), "hello");
  EXPECT_EQ(http::find_member(event_json(e), "encoding"), nullptr);
  EXPECT_EQ(http::find_member(event_json(e), "skipped"), nullptr);
  e.data = "\xff\xfe";
  EXPECT_EQ(http::get_string(event_json(e), "data"), "//4=");
  EXPECT_EQ(http::get_string(event_json(e), "encoding"), "base64");
}

TEST(EventJson, Ids) {
  for (const char* id : {"1.stdout.0", "0.state.12", "3.progress.7"}) EXPECT_TRUE(is_event_id(id));
  for (const char* id :
       {"", ".", "..", "1.stdout", "1..0", "1.other.0", "-1.stdout.0", "1.stdout.x", "1.stdout.0.0",
        "1.stdout.", ".stdout.1", "1.stdout.99999999999999999999"}) {
    EXPECT_FALSE(is_event_id(id)) << id;
  }
}

}  // namespace
}  // namespace ghost::relay
