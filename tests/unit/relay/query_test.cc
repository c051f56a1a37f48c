// Query parameters by name, and Prefer: wait.
#include "relay/query.h"

#include <gtest/gtest.h>

namespace ghost::relay {
namespace {

std::string problem(const Status& status) {
  return status ? "ok" : status.error().code + " " + status.error().field;
}

TEST(QueryReader, TakesWhatItIsAskedFor) {
  const http::Query query{
      {"n", "5"}, {"f", ""}, {"l", "a"}, {"l", "b"}, {"t", "1970-01-01T00:00:01Z"}};
  QueryReader q(query);
  EXPECT_EQ(q.number("n", 0, 10), 5u);
  EXPECT_TRUE(q.flag("f"));
  EXPECT_FALSE(q.flag("g"));
  EXPECT_EQ(q.all("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(q.time("t"), 1000);
  EXPECT_FALSE(q.one("x"));
  EXPECT_EQ(problem(q.finish()), "ok");
}

TEST(QueryReader, NumbersWithinBounds) {
  for (const char* text :
       {"", "-1", "+1", "1.0", "0x1", " 1", "11", "99999999999999999999", "1e1"}) {
    const http::Query query{{"n", text}};
    QueryReader q(query);
    EXPECT_FALSE(q.number("n", 1, 10)) << text;
    EXPECT_EQ(problem(q.finish()), "bad_field n") << text;
  }
}

TEST(QueryReader, TheFirstErrorAndWhatNobodyAskedFor) {
  const http::Query twice{{"a", "1"}, {"a", "2"}, {"b", "x"}};
  QueryReader q(twice);
  (void)q.one("a");
  (void)q.number("b", 0, 1);
  EXPECT_EQ(problem(q.finish()), "bad_field a");
  const http::Query more{{"a", "1"}, {"wat", "2"}};
  QueryReader r(more);
  (void)r.one("a");
  EXPECT_EQ(problem(r.finish()), "unknown_field wat");
  const http::Query flag{{"f", "maybe"}};
  QueryReader s(flag);
  EXPECT_FALSE(s.flag("f"));
  EXPECT_EQ(problem(s.finish()), "bad_field f");
  const http::Query time{{"t", "yesterday"}};
  QueryReader t(time);
  EXPECT_FALSE(t.time("t"));
  EXPECT_EQ(problem(t.finish()), "bad_field t");
}

TEST(QueryReader, NamesAreShownWithoutControls) {
  const http::Query query{{"a\x1b[31m\xff", "1"}};
  QueryReader q(query);
  const Status status = q.finish();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message.find('\x1b'), std::string::npos);
}

std::optional<uint64_t> wait(std::initializer_list<const char*> values) {
  Request request;
  for (const char* value : values) request.headers.emplace_back("prefer", value);
  return preferred_wait_s(request);
}

TEST(Prefer, Wait) {
  EXPECT_EQ(wait({"wait=10"}), 10u);
  EXPECT_EQ(wait({"respond-async, wait=10"}), 10u);
  EXPECT_EQ(wait({"respond-async", "wait = \"7\""}), 7u);
  EXPECT_EQ(wait({"Wait=3"}), 3u) << "names of preferences are in any case (RFC 7240, 2)";
  EXPECT_FALSE(wait({}));
  EXPECT_FALSE(wait({"wait"}));
  EXPECT_FALSE(wait({"wait=-1"}));
  EXPECT_FALSE(wait({"wait=soon"}));
  EXPECT_FALSE(wait({"await=5"}));
}

}  // namespace
}  // namespace ghost::relay
