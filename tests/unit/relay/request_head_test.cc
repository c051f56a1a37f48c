// Heads of requests: what is taken, and every form over which two readers could disagree.
#include "relay/request_head.h"

#include <gtest/gtest.h>

namespace ghost::relay {
namespace {

std::string head(const std::string& fields, const std::string& line = "POST /v1/patches HTTP/1.1") {
  return line + "\r\n" +
         (fields.find("ost:") == fields.npos && !fields.starts_with("HOST") ? "Host: x\r\n" : "") +
         fields + "\r\n";
}

std::string code(const std::string& text) {
  const Result<Request> request = parse_head(text);
  return request ? "taken" : request.error().code;
}

TEST(RequestHead, ReadsWhatIsAskedFor) {
  const auto r =
      parse_head(head("HOST: 127.0.0.1:5050\r\nContent-Length:  12 \r\nX-A:\r\nx-a: two\r\n",
                      "GET /v1/patches/a%2Fb?wait=5&q=a+b HTTP/1.1"));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->method, "GET");
  EXPECT_EQ(r->path, "/v1/patches/a%2Fb");
  EXPECT_EQ(r->target.segments, (std::vector<std::string>{"v1", "patches", "a/b"}));
  EXPECT_EQ(r->target.query, (http::Query{{"wait", "5"}, {"q", "a b"}}));
  EXPECT_EQ(r->content_length, 12u);
  EXPECT_EQ(r->count("x-a"), 2u);
  EXPECT_EQ(*r->header("x-a"), "");
  EXPECT_TRUE(r->keep_alive);
  EXPECT_FALSE(r->chunked);
}

TEST(RequestHead, SmugglingFormsAreRefused) {
  for (const std::string& fields : std::vector<std::string>{
           // Both ways to say where the body ends.
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
           // One of them twice, also with the same value, also as a list.
           "Content-Length: 5\r\nContent-Length: 6\r\n",
           "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5, 5\r\n",
           "Content-Length: 5,6\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
           // Codings that a reader may skip or not know.
           "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, identity\r\n",
           "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: \"chunked\"\r\n", "Transfer-Encoding: chunked;q=1\r\n",
           "Transfer-Encoding:\r\n", "Transfer-Encoding: \x0b chunked\r\n",
           "Transfer-Encoding: chunked\xa0\r\n",
           // Numbers that are none.
           "Content-Length: +5\r\n", "Content-Length: -5\r\n", "Content-Length: 0x5\r\n",
           "Content-Length: 5 5\r\n", "Content-Length:\r\n", "Content-Length: 5.0\r\n",
           "Content-Length: 18446744073709551621\r\n", "Content-Length: 9999999999999999999\r\n",
           // Blanks where names end, folded lines, lines without a name.
           "Content-Length : 5\r\n", "Transfer-Encoding : chunked\r\n", "Content-Length\t: 5\r\n",
           " Content-Length: 5\r\n", "X: a\r\n Content-Length: 5\r\n",
           "X: a\r\n\tTransfer-Encoding: chunked\r\n", ": 5\r\n", "X\r\n",
           // Line ends that only some take for such.
           "X: a\nContent-Length: 5\r\n", "X: a\rContent-Length: 5\r\n", "X: a\r\r\n",
           std::string("X: a\0b\r\n", 8), "X: a\x01\r\n", "X: a\x7f\r\n",
           // Names with what has no place there.
           "X(y): a\r\n", "X@: a\r\n", "\"X\": a\r\n", "X\xc3\xa4: a\r\n"}) {
    EXPECT_EQ(code(head(fields)), "bad_request") << fields;
  }
}

TEST(RequestHead, FramingThatIsFine) {
  EXPECT_TRUE(parse_head(head("Transfer-Encoding: chunked\r\n"))->chunked);
  EXPECT_TRUE(parse_head(head("transfer-encoding:\tCHUNKED \r\n"))->chunked);
  EXPECT_EQ(parse_head(head("Content-Length: 0\r\n"))->content_length, 0u);
  EXPECT_EQ(parse_head(head("Content-Length: 000005\r\n"))->content_length, 5u);
  EXPECT_FALSE(parse_head(head(""))->content_length);
}

TEST(RequestHead, OldVersions) {
  EXPECT_EQ(code(head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0")), "bad_request");
  const auto r = parse_head("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(r);
  EXPECT_FALSE(r->keep_alive);
  EXPECT_TRUE(parse_head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse_head("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")->expect_continue);
}

TEST(RequestHead, RequestLines) {
  for (const char* line : {"GET /",
                           "GET",
                           "",
                           " GET / HTTP/1.1",
                           "GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET / HTTP/2.0",
                           "GET / http/1.1",
                           "GET / HTTP/1.1x",
                           "GET /a b HTTP/1.1",
                           "GET /a\tb HTTP/1.1",
                           "G(T / HTTP/1.1",
                           "GET v1 HTTP/1.1",
                           "GET * HTTP/1.1",
                           "GET /%00 HTTP/1.1",
                           "GET /%0a HTTP/1.1",
                           "GET /%zz HTTP/1.1",
                           "GET /% HTTP/1.1",
                           "GET http://other/v1 HTTP/1.1",
                           "GET http://x HTTP/1.1",
                           "GET ftp://x/ HTTP/1.1"}) {
    EXPECT_EQ(code(head("Host: x\r\n", line)), "bad_request") << line;
  }
  EXPECT_EQ(code(head("", "CONNECT x:80 HTTP/1.1")), "method_not_allowed");
  EXPECT_EQ(code(head("", "OPTIONS * HTTP/1.1")), "taken");
  EXPECT_EQ(code(head("Host: X\r\n", "GET http://x/v1?a=b HTTP/1.1")), "taken");
  EXPECT_EQ(code("\r\n" + head("")), "bad_request");
}

TEST(RequestHead, HostOnceAndAHost) {
  EXPECT_EQ(code("GET / HTTP/1.1\r\n\r\n"), "bad_request");
  for (const char* fields : {"Host: x\r\nHost: x\r\n", "Host:\r\n", "Host: a b\r\n",
                             "Host: x/y\r\n", "Host: x@y\r\n", "Host: x,y\r\n", "Host: x?\r\n"}) {
    EXPECT_EQ(code(head(fields)), "bad_request") << fields;
  }
  EXPECT_EQ(code(head("Host: [::1]:5050\r\n")), "taken");
}

TEST(RequestHead, ConnectionAndExpect) {
  EXPECT_FALSE(parse_head(head("Connection: keep-alive, Close\r\n"))->keep_alive);
  EXPECT_TRUE(parse_head(head("Expect: 100-Continue\r\n"))->expect_continue);
  EXPECT_EQ(code(head("Expect: 200-ok\r\n")), "expectation_failed");
}

TEST(RequestHead, HeadersAreBounded) {
  std::string fields;
  for (size_t i = 1; i < kHeadersMax; ++i) fields += "X: y\r\n";
  EXPECT_EQ(code(head(fields)), "taken");
  EXPECT_EQ(code(head(fields + "X: y\r\n")), "bad_request");
}

TEST(RequestHead, HopelessBytesAreKnownAtOnce) {
  for (const char* open : {"", "G", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\nHost"}) {
    EXPECT_TRUE(head_may_go_on(open)) << open;
  }
  for (const char* hopeless : {"\n", "GET / HTTP/1.1\n", "GET\rX", "\r\r"}) {
    EXPECT_FALSE(head_may_go_on(hopeless)) << hopeless;
  }
  EXPECT_FALSE(head_may_go_on(std::string_view("GET\0", 4)));
  // Whatever part of them was judged before.
  for (const std::string_view text :
       {"GET / HTTP/1.1\r\nA: b\r\n\r\n", "GET /\n", "GET\rX", "GET\r\r\n"}) {
    for (size_t judged = 0; judged < text.size(); ++judged) {
      if (!head_may_go_on(text.substr(0, judged))) break;
      EXPECT_EQ(head_may_go_on(text, judged), head_may_go_on(text)) << text << judged;
    }
  }
}

// No part of a head, and no head with one byte changed, does harm.
TEST(RequestHead, AnythingElseIsAnError) {
  const std::string whole = head("Content-Length: 5\r\nConnection: close\r\n");
  for (size_t i = 0; i < whole.size(); ++i) {
    (void)parse_head(whole.substr(0, i));
    for (int c = 0; c < 256; ++c) {
      std::string changed = whole;
      changed[i] = static_cast<char>(c);
      const auto r = parse_head(changed);
      if (r && r->content_length) {
        EXPECT_LT(*r->content_length, 100u);
      }
    }
  }
}

}  // namespace
}  // namespace ghost::relay
