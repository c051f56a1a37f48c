#include "http/sse.h"

#include <gtest/gtest.h>

#include <vector>

namespace ghost::http {
namespace {

std::vector<std::string> read_all(SseParser* parser, std::string_view text, size_t step) {
  std::vector<std::string> out;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    parser->feed(text.substr(0, step), [&](const SseEvent& e) {
      out.push_back(e.id + "|" + e.event + "|" + e.data);
      return true;
    });
  }
  return out;
}

const char kText[] =
    "\xEF\xBB\xBF: hello\nid: 1\nevent: log\ndata: a\ndata:b\n\n"
    "data: second\r\n\r\nid\ndata\n\n"
    "id: 4\nretry: 250\n\nnonsense: x\ndata:  two blanks\rid: 5\r\r"
    "data: never finished\n";

TEST(Sse, GivesTheSameEventsHoweverTheTextIsCut) {
  const std::vector<std::string> expected{"1|log|a\nb", "1|message|second", "|message|",
                                          "5|message| two blanks"};
  for (size_t step = 1; step < sizeof kText; ++step) {
    SseParser parser;
    EXPECT_EQ(read_all(&parser, kText, step), expected) << step;
    EXPECT_EQ(parser.retry_ms(), 250);
    EXPECT_EQ(parser.last_id(), "5");
  }
}

TEST(Sse, ALostConnectionForgetsWhatWasHalfRead) {
  SseParser parser;
  read_all(&parser, "id: 7\ndata: x\n\nid: 8\ndata: half", 100);
  EXPECT_EQ(parser.last_id(), "7");
  parser.restart();
  EXPECT_EQ(read_all(&parser, "data: y\n\n", 100), std::vector<std::string>{"7|message|y"});
}

TEST(Sse, StopsWhenTheReaderHasEnough) {
  SseParser parser;
  int seen = 0;
  EXPECT_FALSE(parser.feed("data: 1\n\ndata: 2\n\n", [&](const SseEvent&) {
    ++seen;
    return false;
  }));
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace ghost::http
