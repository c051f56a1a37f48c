// What the decoder does with bytes that no honest peer sends.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "http/json.h"
#include "wire/envelope.h"

namespace ghost::wire {
namespace {

Error error_of(std::string_view json) {
  const auto value = http::parse_json(json);
  EXPECT_TRUE(value.ok()) << json;
  const auto request = http::from_json<PatchRequest>(*value);
  EXPECT_FALSE(request.ok()) << json;
  return request.ok() ? Error{} : request.error();
}

TEST(Codec, ErrorsNameTheFieldAndWhatWasExpected) {
  const Error timeout = error_of(
      R"({"base":{"repo":"r"},"patch":{},"gates":[{"name":"a","run":"x"},{"name":"b","run":"x"},
          {"name":"c","run":"x","timeoutMs":"soon"}]})");
  EXPECT_EQ(timeout.field, "gates[2].timeoutMs");
  EXPECT_NE(timeout.message.find("gates[2].timeoutMs: expected a positive integer, got \"soon\""),
            std::string::npos)
      << timeout.message;
  EXPECT_EQ(error_of(R"({"patch":{}})").code, "missing_field");
  EXPECT_EQ(error_of(R"({"base":{"repo":"r"},"patch":{},"colour":1})").code, "unknown_field");
  EXPECT_EQ(error_of(R"({"base":{"repo":"r"},"patch":{},"labels":{"a":1}})").field, "labels.a");
}

TEST(Codec, ARequestSurvivesBeingWrittenAndRead) {
  PatchRequest request;
  request.base.repo = "r";
  request.patch.data = std::string("\0\xff bytes", 8);
  request.gates.push_back({});
  request.gates[0].name = "t";
  request.gates[0].run = "true";
  request.deadline = 1769850300123;
  const auto again = decode<PatchRequest>(encode(request));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, request);
}

// Every prefix, and every byte set to each of a few values: an answer, never a crash.
TEST(Codec, DamagedBytesGiveErrors) {
  PatchRequest request;
  request.base.repo = "r";
  request.labels = {{"a", "b"}};
  request.patch.items.resize(3);
  for (auto& item : request.patch.items) item.path = "f";
  const std::string good = encode(request);
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(decode<PatchRequest>(good.substr(0, n)).ok()) << n;
    for (const char c : {'\x00', '\x7f', '\x81', '\x9f', '\xc1', '\xdd', '\xdf', '\xff'}) {
      std::string bad = good;
      bad[n] = c;
      const auto decoded = decode<PatchRequest>(bad);
      EXPECT_TRUE(!decoded || decode<PatchRequest>(encode(*decoded)).ok());
    }
  }
}

// Counts that the bytes cannot hold must not be believed: with 256 MiB of address space to spare,
// an allocation by a declared count of 2^32 would fail the program.
TEST(Codec, DeclaredCountsAllocateNothing) {
  for (const std::string bomb :
       {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff",
        "\xdb\xff\xff\xff\xff", "\xdc\xff\xff", "\xc9\xff\xff\xff\xff"}) {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    EXPECT_FALSE(decode<PatchRequest>(bomb).ok());
    getrusage(RUSAGE_SELF, &after);
    EXPECT_LE(after.ru_maxrss - before.ru_maxrss, 1024);  // KiB
  }
}

TEST(Envelope, FailureAnswersTheCorrelation) {
  uint64_t correlation = 0;
  const auto message = unpack(pack_failure(77, {"not_found", "no job x", ""}), &correlation);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(correlation, 77u);
  const auto failure = decode<Failure>(*message->body);
  ASSERT_TRUE(failure.ok());
  EXPECT_EQ(failure->error.code, "not_found");
}

std::vector<std::string> payloads_of(const Frames& frames) {
  uint64_t correlation = 0;
  const auto message = unpack(frames, &correlation);
  EXPECT_TRUE(message.ok() && correlation == 5) << message.error().message;
  std::vector<std::string> bytes;
  for (const Blob& payload : message->payloads) bytes.push_back(*payload);
  return bytes;
}

TEST(Envelope, SmallPayloadsTravelInOneFrame) {
  const std::string biggest(kJoinedPayloadMax, 'b');
  const std::vector<std::string> bytes{"one", "", biggest};
  Frames payloads;
  for (const std::string& each : bytes) payloads.push_back(make_blob(each));
  const Frames joined = pack("Submit", 5, encode(Submit{}), payloads, Payloads::kJoined);
  EXPECT_EQ(joined.size(), 3u);
  EXPECT_EQ(payloads_of(joined), bytes);
  const Frames apart = pack("Submit", 5, encode(Submit{}), payloads);
  EXPECT_EQ(apart.size(), 5u);
  EXPECT_EQ(payloads_of(apart), bytes);
}

TEST(Envelope, OneThatIsBigOrAloneIsAFrame) {
  const std::string big(kJoinedPayloadMax + 1, 'b');
  for (const std::vector<std::string>& bytes :
       {std::vector<std::string>{"one", big}, std::vector<std::string>{"one"}, {}}) {
    Frames payloads;
    for (const std::string& each : bytes) payloads.push_back(make_blob(each));
    const Frames frames = pack("Submit", 5, encode(Submit{}), payloads, Payloads::kJoined);
    EXPECT_EQ(frames.size(), 2 + bytes.size());
    EXPECT_EQ(payloads_of(frames), bytes);
  }
}

TEST(Envelope, JoinedPayloadsThatAreNoneAreRefused) {
  using namespace std::string_literals;
  const Blob header = make_blob("\x83\xa1v\x01\xa1k\xa6Submit\xa1j\xc3"s);
  const Blob body = make_blob("\x80"s);
  const auto code = [&](Frames frames) {
    uint64_t correlation = 0;
    const auto message = unpack(std::move(frames), &correlation);
    return message ? "" : message.error().code;
  };
  std::string most = "\xdc\x10\x00"s;
  for (int i = 0; i < 4096; ++i) most += "\xc4\x00"s;
  std::string more = "\xdc\x10\x01"s;
  for (int i = 0; i < 4097; ++i) more += "\xc4\x00"s;
  EXPECT_EQ(code({header, body, make_blob("\x91\xc4\x01x"s)}), "");
  EXPECT_EQ(code({header, body, make_blob(most)}), "");
  for (const std::string& bad : {""s, "\xc0"s, "\x91\xa1x"s, "\x91\xc4\x02x"s, "\x91\xc4\x01x\x00"s,
                                 "\xdd\xff\xff\xff\xff"s, more}) {
    EXPECT_EQ(code({header, body, make_blob(bad)}), "bad_request") << to_hex(bad.substr(0, 9));
  }
  EXPECT_EQ(code({header, body}), "bad_request");
  EXPECT_EQ(code({header, body, make_blob("\x90"s), make_blob("x"s)}), "bad_request");
}

}  // namespace
}  // namespace ghost::wire
