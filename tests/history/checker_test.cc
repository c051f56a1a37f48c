// Each rule of the checkers catches what it is for, in a history that is clean but for that.
#include "history/checker.h"

#include <gtest/gtest.h>

#include <sstream>

namespace history {
namespace {

std::string judge(const std::string& lines) {
  std::istringstream in(lines);
  Checker checker;
  const std::string wrong = read(in, [&](const Event& e) { checker.take(e); });
  if (!wrong.empty()) return wrong;
  std::string rules;
  for (const Violation& v : checker.finish()) rules += (rules.empty() ? "" : ", ") + v.rule;
  return rules;
}

const std::string kConfig =
    R"({"t":0,"e":"config","lease_ms":15000,"heartbeat_ms":5000,"grace_ms":1000,"idle_ms":2000})"
    "\n"
    R"({"t":1,"e":"broker","what":"start","epoch":1})"
    "\n";
const std::string kAccepted =
    R"({"t":2,"e":"submit","op":1,"tenant":"t","key":"k","req":"a","max":3}
{"t":3,"e":"kept","job":"j1","tenant":"t","key":"k","req":"a","state":"QUEUED","version":1}
{"t":4,"e":"submitted","op":1,"status":"accepted","job":"j1","state":"QUEUED"}
)";
const std::string kRunning =
    R"({"t":5,"e":"runner","runner":"r","ready":true,"slots":1}
{"t":6,"e":"kept","job":"j1","state":"LEASED","version":2,"attempt":1,"lease":"1.1","runner":"r"}
{"t":7,"e":"got","runner":"r","job":"j1","lease":"1.1","req":"a"}
{"t":8,"e":"start","runner":"r","job":"j1","lease":"1.1","req":"a"}
)";
const std::string kEnded =
    R"({"t":20,"e":"end","runner":"r","job":"j1","lease":"1.1","outcome":"passed","log":7}
{"t":21,"e":"result","runner":"r","job":"j1","lease":"1.1","outcome":"passed","digest":"d"}
{"t":22,"e":"kept_result","job":"j1","digest":"d"}
{"t":22,"e":"kept","job":"j1","state":"SUCCEEDED","version":3,"attempt":1,"lease":"1.1","runner":"r","outcome":"passed"}
{"t":23,"e":"result_ack","runner":"r","job":"j1","lease":"1.1","outcome":"passed","status":"committed"}
)";
const std::string kFinal =
    R"({"t":90,"e":"done","all":true}
{"t":91,"e":"final","job":"j1","tenant":"t","key":"k","req":"a","state":"SUCCEEDED","version":3,"lease":"1.1","outcome":"passed","digest":"d","log":7}
)";
const std::string kStart = kConfig + kAccepted + kRunning;

TEST(Checker, FindsNothingWrongWithAWholeLife) {
  EXPECT_EQ(judge(kStart + kEnded + kFinal), "");
}

// Its client chose the id, and sends the request again after the job was pruned.
TEST(Checker, APrunedJobMayBeMadeAgain) {
  const std::string again = R"({"t":30,"e":"read","op":2,"job":"j1"}
{"t":31,"e":"shown","op":2,"job":"j1","status":"ok","state":"SUCCEEDED","version":3}
{"t":32,"e":"forgotten","job":"j1"}
{"t":33,"e":"read","op":3,"job":"j1"}
{"t":34,"e":"submit","op":4,"tenant":"t","key":"k","req":"a","max":3}
{"t":35,"e":"kept","job":"j1","tenant":"t","key":"k","req":"a","state":"QUEUED","version":1}
{"t":36,"e":"shown","op":3,"job":"j1","status":"ok","state":"QUEUED","version":1}
)";
  EXPECT_EQ(judge(kStart + kEnded + again), "");
}

TEST(Checker, KnowsALineThatIsNone) {
  EXPECT_EQ(judge("{}"), "line 1: e: unknown kind \"\"");
  EXPECT_EQ(judge("{\"e\":\"got\",\"lease\":\"7\"}"), "line 1: lease: expected \"epoch.n\"");
}

TEST(Checker, LinesAreReadAsWritten) {
  std::istringstream in(kStart + kEnded + kFinal);
  std::string line;
  while (std::getline(in, line)) {
    Event event, again;
    ASSERT_EQ(parse(line, &event), "");
    ASSERT_EQ(parse(print(event), &again), "") << print(event);
    EXPECT_EQ(print(event), print(again));
  }
}

struct Case {
  const char* rule;
  std::string lines;
};
class Rule : public testing::TestWithParam<Case> {};

TEST_P(Rule, Catches) {
  const std::string found = judge(GetParam().lines);
  EXPECT_NE(found.find(GetParam().rule), std::string::npos) << "found: " << found;
}

std::string edited(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::vector<Case> cases() {
  const std::string no_insert =
      R"({"t":2,"e":"submit","op":1,"tenant":"t","key":"k","req":"a"}
{"t":3,"e":"kept","job":"other","tenant":"t","key":"k2","req":"a","state":"QUEUED","version":1}
{"t":4,"e":"submitted","op":1,"status":"accepted","job":"j1","state":"QUEUED"}
)";
  const std::string cancel =
      R"({"t":9,"e":"cancel","op":2,"job":"j1"}
{"t":10,"e":"kept","job":"j1","state":"LEASED","version":3,"attempt":1,"lease":"1.1","runner":"r","flag":true}
{"t":11,"e":"cancelled","op":2,"job":"j1","status":"ok","state":"LEASED","version":3}
)";
  const std::string calm = R"({"t":5,"e":"calm"}
{"t":6,"e":"runner","runner":"r","ready":true,"slots":2}
{"t":6,"e":"runner","runner":"q","ready":true,"slots":2}
{"t":7,"e":"heard","what":"beat","runner":"r","ready":true}
{"t":7,"e":"heard","what":"beat","runner":"q","ready":true}
)";
  const std::string second =
      R"({"t":2000000,"e":"submit","op":7,"tenant":"t","key":"k7","req":"b"}
{"t":2000001,"e":"kept","job":"j2","tenant":"t","key":"k7","req":"b","state":"QUEUED","version":1}
)";
  return {
      {"I1 ack_uncommitted", kConfig + no_insert},
      {"I1 lost", kStart + kEnded + edited(kFinal, "j1", "j9")},
      {"I1 lost", kStart + R"({"t":9,"e":"read","op":3,"job":"j1"}
{"t":10,"e":"shown","op":3,"job":"j1","status":"not_found"})"},
      {"I1 undone", kStart + kEnded + edited(kFinal, "SUCCEEDED", "FAILED")},
      {"I1 ack_uncommitted",
       kStart +
           R"({"t":9,"e":"result_ack","job":"j1","lease":"1.1","outcome":"passed","status":"committed"})"},
      {"I1 result_lost",
       kStart + kEnded +
           R"({"t":30,"e":"kept","job":"j1","state":"LEASED","version":5,"attempt":2,"lease":"1.2","runner":"r"})"},
      {"I2 two_ends",
       kStart + kEnded +
           R"({"t":30,"e":"kept","job":"j1","state":"FAILED","version":4,"lease":"1.1"})"},
      {"I2 two_results", kStart + kEnded + R"({"t":30,"e":"kept_result","job":"j1","digest":"e"})"},
      {"I2 never_ended", kStart + edited(kFinal, "SUCCEEDED", "LEASED")},
      {"I3 token_not_rising",
       kStart + kEnded +
           R"({"t":30,"e":"kept","job":"j1","state":"LEASED","version":5,"lease":"1.1","runner":"q"}
{"t":31,"e":"kept","job":"j1","state":"LEASED","version":5,"lease":"0.9","runner":"q"})"},
      {"I3 stale_write",
       kStart +
           R"({"t":9,"e":"kept","job":"j1","state":"LEASED","version":4,"attempt":2,"lease":"1.2","runner":"q"}
{"t":10,"e":"kept","job":"j1","state":"FAILED","version":5,"attempt":2,"lease":"1.2","runner":"q"}
{"t":11,"e":"result_ack","job":"j1","lease":"1.1","outcome":"gate_failed","status":"committed"})"},
      {"I3 foreign_result", kStart + kEnded + edited(kFinal, "\"d\"", "\"x\"")},
      {"I3 dispatch_uncommitted",
       kStart + R"({"t":9,"e":"start","runner":"r","job":"j1","lease":"1.2"})"},
      {"I3 grant_uncommitted",
       kStart + R"({"t":9,"e":"granted","runner":"r","job":"j1","lease":"1.1","commit":"c"})"},
      {"I3 deliver_ungranted",
       kStart + R"({"t":9,"e":"deliver","runner":"r","job":"j1","lease":"1.1","commit":"c"})"},
      {"I3 cancelled_and_granted",
       kStart + cancel +
           R"({"t":12,"e":"kept","job":"j1","state":"LEASED","version":4,"attempt":1,"lease":"1.1","runner":"r","flag":true,"delivering":true,"commit":"c"})"},
      {"S7 two_commits",
       kStart +
           R"({"t":9,"e":"deliver","runner":"r","job":"j1","lease":"1.1","commit":"c"}
{"t":9,"e":"deliver","runner":"r","job":"j1","lease":"1.1","commit":"d"})"},
      {"S8 two_bases", kStart +
                           R"({"t":9,"e":"base","runner":"r","job":"j1","lease":"1.1","commit":"c"}
{"t":9,"e":"base","runner":"r","job":"j1","lease":"1.1","commit":"d"})"},
      {"I4 invented",
       kConfig +
           R"({"t":3,"e":"kept","job":"j1","tenant":"t","req":"nobody","state":"QUEUED","version":1})"},
      {"I4 invented",
       edited(kStart, "\"lease\":\"1.1\",\"req\":\"a\"", "\"lease\":\"1.1\",\"req\":\"z\"")},
      {"I4 shown_uncommitted", kStart + R"({"t":9,"e":"read","op":3,"job":"j1"}
{"t":10,"e":"shown","op":3,"job":"j1","status":"ok","state":"SUCCEEDED","version":3})"},
      {"I4 went_back", kStart + R"({"t":9,"e":"read","op":3,"job":"j1"}
{"t":10,"e":"shown","op":3,"job":"j1","status":"ok","state":"LEASED","version":2}
{"t":11,"e":"read","op":4,"job":"j1"}
{"t":12,"e":"shown","op":4,"job":"j1","status":"ok","state":"QUEUED","version":1})"},
      {"I5 key_twice",
       kConfig + kAccepted +
           R"({"t":5,"e":"kept","job":"j2","tenant":"t","key":"k","req":"a","state":"QUEUED","version":1})"},
      {"I5 other_request", kConfig + kAccepted +
                               R"({"t":5,"e":"submit","op":2,"tenant":"t","key":"k","req":"b"}
{"t":6,"e":"submitted","op":2,"status":"existing","job":"j1","state":"QUEUED"})"},
      {"I6 slots",
       kStart + second +
           R"({"t":2000002,"e":"kept","job":"j2","state":"LEASED","version":2,"attempt":1,"lease":"1.2","runner":"r"}
{"t":2000003,"e":"calm"})"},
      {"I6 idle", kConfig + kAccepted + calm +
                      R"({"t":4000000,"e":"calm"}
{"t":4000001,"e":"alive","job":"x"})"
                      "\n"
                      R"({"t":5000000,"e":"alive","job":"x"})"
                      "\n" +
                      R"({"t":9000000,"e":"alive","job":"x"})"},
      {"I6 rotation",
       kConfig + kAccepted + calm +
           R"({"t":1999999,"e":"kept","job":"j1","state":"LEASED","version":2,"attempt":1,"lease":"1.1","runner":"r"})"
           "\n" +
           second +
           R"({"t":2000002,"e":"kept","job":"j2","state":"LEASED","version":2,"attempt":1,"lease":"1.2","runner":"r"}
{"t":2000003,"e":"alive","job":"x"})"},
      {"I6 tenants",
       kConfig + kAccepted +
           R"({"t":5,"e":"submit","op":2,"tenant":"u","key":"k","req":"b","max":3}
{"t":6,"e":"kept","job":"j2","tenant":"u","key":"k","req":"b","state":"QUEUED","version":1}
{"t":7,"e":"submit","op":3,"tenant":"t","key":"l","req":"c","max":3}
{"t":8,"e":"kept","job":"j3","tenant":"t","key":"l","req":"c","state":"QUEUED","version":1}
)" + calm +
           R"({"t":1999999,"e":"kept","job":"j1","state":"LEASED","version":2,"attempt":1,"lease":"1.1","runner":"r"}
{"t":2000002,"e":"kept","job":"j3","state":"LEASED","version":2,"attempt":1,"lease":"1.2","runner":"r"}
{"t":2000003,"e":"alive","job":"x"})"},
      {"S6 other_ack",
       kStart + kEnded + edited(kEnded.substr(kEnded.find("{\"t\":23")), "committed", "stale")},
      {"S9 early_expiry", kStart +
                              R"({"t":8000000,"e":"heard","what":"beat","runner":"r","held":["1.1"]}
{"t":16000000,"e":"kept","job":"j1","state":"QUEUED","version":3,"attempt":1,"lease":"1.1","runner":"r"})"},
      {"S9 early_expiry", kStart +
                              R"({"t":8000000,"e":"heard","what":"beat","runner":"r","held":["1.1"]}
{"t":9000000,"e":"broker","what":"pause"}
{"t":29000000,"e":"broker","what":"resume"}
{"t":30000000,"e":"kept","job":"j1","state":"QUEUED","version":3,"attempt":1,"lease":"1.1","runner":"r"})"},
      {"S11 attempts",
       kStart +
           R"({"t":9,"e":"kept","job":"j1","state":"DEAD","version":3,"attempt":1,"lease":"1.1"})"},
      {"S12 cancel_forgotten",
       kStart + cancel +
           R"({"t":12,"e":"kept","job":"j1","state":"LEASED","version":4,"attempt":2,"lease":"1.2","runner":"r"})"},
      {"S12 stopped_and_running",
       kStart + cancel +
           R"({"t":12,"e":"kept","job":"j1","state":"CANCELLED","version":4,"attempt":1,"outcome":"cancelled"}
{"t":13,"e":"alive","runner":"r","job":"j1","lease":"1.1"})"},
      {"S13 dependency", edited(kStart, "\"max\":3", "\"needs\":[\"j0\"]")},
      {"S14 early_deadline",
       edited(kStart, "\"max\":3", "\"deadline\":1000") +
           R"({"t":9,"e":"kept","job":"j1","state":"EXPIRED","version":3,"wall":999})"},
      {"S14 too_early", edited(edited(kStart, "\"max\":3", "\"not_before\":1000"), "\"attempt\":1",
                               "\"attempt\":1,\"wall\":9")},
      {"S15 log_lost", kStart + kEnded + edited(kFinal, "\"log\":7", "\"log\":6")},
  };
}

INSTANTIATE_TEST_SUITE_P(All, Rule, testing::ValuesIn(cases()));

TEST(Checker, ARestoredBackupTakesBackWhatCameAfterIt) {
  const std::string before = kConfig + kAccepted +
                             R"({"t":5,"e":"backup","what":"b"})"
                             "\n";
  const std::string after = R"({"t":40,"e":"restore","what":"b"}
{"t":41,"e":"broker","what":"start","epoch":2}
{"t":42,"e":"kept","job":"j1","state":"LEASED","version":2,"attempt":1,"lease":"2.1","runner":"r"}
{"t":43,"e":"kept","job":"j1","state":"FAILED","version":3,"attempt":1,"lease":"2.1","runner":"r"}
{"t":90,"e":"done","all":true}
{"t":91,"e":"final","job":"j1","tenant":"t","key":"k","req":"a","state":"FAILED","lease":"2.1"}
)";
  EXPECT_EQ(judge(before + kRunning + kEnded + after), "");
  // What was acknowledged before the backup must still be there.
  EXPECT_EQ(judge(before + kRunning + kEnded +
                  edited(after, "\"final\",\"job\":\"j1\"", "\"final\",\"job\":\"j0\"")),
            "I1 lost");
}

}  // namespace
}  // namespace history
