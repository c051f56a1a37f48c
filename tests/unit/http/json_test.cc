#include "http/json.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "http/problem.h"

namespace ghost::http {
namespace {

std::string code_of(std::string_view text, const JsonLimits& limits = {}) {
  const Result<Json> got = parse_json(text, limits);
  return got ? "" : got.error().code;
}

TEST(Json, PrintsWhatItParsed) {
  for (const std::string text :
       {"{}", "[]", "null", "true", "-1", "18446744073709551615", "9223372036854775807", "5E-1",
        R"({"a":[1,2,{"b":"x\ny"}],"c":null})", R"("\u0000")"}) {
    const Result<Json> parsed = parse_json(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(print_json(*parsed), text);
    EXPECT_EQ(print_json(*parse_json(print_json_pretty(*parsed))), text);
  }
  EXPECT_EQ(print_json_pretty(*parse_json(R"({"a":[1],"b":{}})")),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}\n");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const std::string text : {"", "{", "{\"a\":1,}", "[1] 2", "NaN", "'a'", "{a:1}", "\"\xff\"",
                                 "\"\\ud800\"", "// x\n1", "01", "\"a\nb\"", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(code_of(text), "bad_json") << text;
  }
  EXPECT_EQ(parse_json("{\n  \"a\": x}").error().message.substr(0, 17), "line 2, column 8:");
}

TEST(Json, RefusesKeysThatStandTwice) {
  const Result<Json> got = parse_json(R"({"a":[{"b":1},{"b":1,"c":{},"b":2}]})");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, "bad_field");
  EXPECT_EQ(got.error().field, "a[1].b");
  EXPECT_EQ(code_of(R"({"a":1,"\u0061":2})"), "bad_field");
}

TEST(Json, RefusesAnyOfManyKeysThatStandsTwice) {
  for (int twice = -1; twice < 40; ++twice) {
    std::string text = "{";
    for (int i = 0; i < 40; ++i) text += "\"k" + std::to_string(i) + "\":{},";
    text += "\"k" + std::to_string(twice) + "\":0}";
    const Result<Json> got = parse_json(text);
    EXPECT_EQ(got.ok(), twice < 0) << twice;
    if (!got) {
      EXPECT_EQ(got.error().field, "k" + std::to_string(twice));
    }
  }
}

TEST(Json, IsBounded) {
  EXPECT_EQ(code_of(std::string(28, '[') + std::string(28, ']')), "");
  EXPECT_EQ(code_of(std::string(29, '[') + std::string(29, ']')), "bad_json");
  EXPECT_EQ(code_of(std::string(1000000, '[')), "bad_json");
  EXPECT_EQ(code_of("[1,2,3]", {.bytes_max = 6}), "too_large");
  EXPECT_EQ(code_of("[1,2,3]", {.values_max = 4}), "");
  EXPECT_EQ(code_of("[1,2,3]", {.values_max = 3}), "too_large");
}

TEST(Json, GoesThroughMsgpackUnchanged) {
  for (const std::string text :
       {R"({"a":[1,-2,18446744073709551615,1.5E0,true,null,"é"],"b":{}})", "[]", "\"\""}) {
    EXPECT_EQ(print_json(*from_msgpack(to_msgpack(*parse_json(text)))),
              print_json(*parse_json(text)));
  }
  EXPECT_FALSE(from_msgpack("\xdd\xff\xff\xff\xff").ok());
  EXPECT_FALSE(from_msgpack("").ok());
  EXPECT_EQ(print_json(*from_msgpack(std::string("\xc4\x03"
                                                 "a\xff"
                                                 "b",
                                                 5))),
            "\"a\xef\xbf\xbd"
            "b\"");
}

TEST(Json, PrintsMsgpackAsItPrintsTheValue) {
  for (const std::string text :
       {R"({"a":[1,-2,18446744073709551615,1.5E0,true,false,null,"é"],"b":{},"c\"\n":[]})", "[]",
        R"("a\"b\\c\u0000\u001f\u007f\n")", R"([[],{"a":{"b":-9223372036854775808}},"",1e300])",
        R"("plain text, 0 to ~")"}) {
    const std::string bytes = to_msgpack(*parse_json(text));
    EXPECT_EQ(print_msgpack(bytes), print_json(*from_msgpack(bytes)));
  }
  const std::string binary(
      "\xc4\x03"
      "a\xff"
      "b",
      5);
  EXPECT_EQ(print_msgpack(binary), print_json(*from_msgpack(binary)));
  const wire::Repo repo{"r",  "https://x/y", "main",  "",
                        true, {"make"},      {"*.c"}, wire::Network::kNone};
  EXPECT_EQ(print_struct(repo), print_json(to_json(repo)));
}

TEST(Json, PrintsEveryByteWhereverItStands) {
  for (size_t before = 0; before < 9; ++before) {
    for (size_t behind = 0; behind < 9; ++behind) {
      for (int byte = 0; byte < 256; ++byte) {
        const std::string text =
            std::string(before, 'a') + static_cast<char>(byte) + std::string(behind, '~');
        const std::string bytes = static_cast<char>(0xa0 + text.size()) + text;
        ASSERT_EQ(print_msgpack(bytes), print_json(*from_msgpack(bytes))) << byte;
        const std::string key = "\x81" + bytes + "\xc0";
        ASSERT_EQ(print_msgpack(key), print_json(*from_msgpack(key))) << byte;
      }
    }
  }
}

TEST(Json, ReadsWireStructsWithPaths) {
  const Json request = *parse_json(
      R"({"base":{"repo":"r"},"patch":{"data":"x"},"gates":[{"name":"a","run":"b"},
          {"name":"c","run":"d","timeoutMs":"soon"}]})");
  const auto got = from_json<wire::PatchRequest>(request);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().message, "gates[1].timeoutMs: expected a positive integer, got \"soon\"");
  EXPECT_EQ(got.error().field, "gates[1].timeoutMs");
}

TEST(Json, WritesWireStructs) {
  const wire::Repo repo{"r",  "https://x/y", "main",  "",
                        true, {"make"},      {"*.c"}, wire::Network::kNone};
  EXPECT_EQ(print_json(to_json(repo)),
            R"({"name":"r","url":"https://x/y","defaultBranch":"main","credential":"",)"
            R"("allowGitlinks":true,"prepare":["make"],"prepareFiles":["*.c"],)"
            R"("prepareNetwork":"none"})");
}

TEST(Json, Utf8IsJudgedWhereverItStands) {
  for (size_t before = 0; before < 20; ++before) {
    for (size_t behind = 0; behind < 20; ++behind) {
      const auto among = [&](const std::string& middle) {
        return is_utf8(std::string(before, 'a') + middle + std::string(behind, 'z'));
      };
      EXPECT_TRUE(among(""));
      EXPECT_TRUE(among("\xc3\xa9"));
      EXPECT_TRUE(among("\xc3\xa9 \xf0\x9f\x98\x80"));
      EXPECT_FALSE(among("\xff"));
      EXPECT_FALSE(among("\xc3"));
      EXPECT_FALSE(among("\xa9"));
      EXPECT_FALSE(among("\xed\xa0\x80"));  // a surrogate
      EXPECT_FALSE(among("\xc3\xa9\x80"));
    }
  }
}

TEST(Json, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(to_utf8_lossy("a\xc3\xa9\xf0\x9f\x98\x80"), "a\xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(to_utf8_lossy("\xf0\x9f"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(to_utf8_lossy("\xc3(\x80"), "\xef\xbf\xbd(\xef\xbf\xbd");
}

TEST(Problem, RoundTrips) {
  const Error error{"bad_field", "gates[2].timeoutMs: expected", "gates[2].timeoutMs"};
  const Json problem = problem_json(error, 1500);
  EXPECT_EQ(get_int(problem, "status"), 400);
  EXPECT_EQ(get_string(problem, "type"), "urn:ghost:error:bad_field");
  const Error back = parse_problem(400, print_json(problem));
  EXPECT_EQ(back.code, error.code);
  EXPECT_EQ(back.message, error.message);
  EXPECT_EQ(back.field, error.field);
  EXPECT_EQ(parse_problem(502, "<html>").code, "unavailable");
}

}  // namespace
}  // namespace ghost::http
