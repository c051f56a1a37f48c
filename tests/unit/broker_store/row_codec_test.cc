#include "broker/row_codec.h"

#include <gtest/gtest.h>

namespace ghost::broker {
namespace {

JobSpec full_spec() {
  JobSpec spec;
  spec.no = 7;
  wire::Submission& s = spec.submission;
  s.id = "a-job";
  s.tenant = "acme";
  s.idempotency_key = "";
  s.request_hash = std::string("\0\1\2\3", 4) + std::string(12, 'x');
  s.lane = "fast";
  s.priority = 9;
  s.repo = "linux";
  s.ref = "main";
  s.base_job = "below";
  s.requires_ = {{"arch", "arm64"}};
  s.labels = {{"a", ""}, {"team", "x"}};
  s.depends_on = {"one", "two"};
  s.max_attempts = 100;
  s.not_before_ms = -5;
  s.deadline_ms = INT64_MAX;
  s.description = "text";
  spec.accepted_ms = 1'700'000'000'123;
  spec.base_job_no = 3;
  spec.depends_on_nos = {1, UINT64_MAX};
  spec.retry_of = "old";
  return spec;
}

TEST(RowCodec, SpecComesBackWhole) {
  const JobSpec spec = full_spec();
  std::string bytes;
  rows::encode(spec, &bytes);
  JobSpec back;
  ASSERT_TRUE(rows::decode(bytes, &back));
  EXPECT_EQ(back.submission, spec.submission);
  EXPECT_EQ(back.accepted_ms, spec.accepted_ms);
  EXPECT_EQ(back.base_job_no, spec.base_job_no);
  EXPECT_EQ(back.depends_on_nos, spec.depends_on_nos);
  EXPECT_EQ(back.retry_of, spec.retry_of);
}

TEST(RowCodec, StatusComesBackWhole) {
  JobStatus status;
  status.state = wire::JobState::kDead;
  status.version = 300;
  status.attempt = 2;
  status.dispatches = 5;
  status.token = {1'700'000'000'000, UINT64_MAX};
  status.runner = "r1";
  status.base_commit = std::string(40, 'a');
  status.flag = wire::CancelReason::kExpired;
  status.delivering = true;
  status.delivery_commit = std::string(40, 'b');
  status.backoff_until_ms = 1;
  status.leased_ms = 2;
  status.started_ms = 3;
  status.completed_ms = 4;
  status.outcome = wire::Outcome::kInfraError;
  status.reason = "lost";
  status.tree_oid = "t";
  status.commit_oid = "c";
  status.next_event_seq = 9;
  status.offsets = {1, 2, 3, UINT64_MAX};
  std::string bytes;
  rows::encode(status, &bytes);
  JobStatus back;
  ASSERT_TRUE(rows::decode(bytes, &back));
  std::string again;
  rows::encode(back, &again);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(back.token, status.token);
  EXPECT_EQ(back.flag, status.flag);
  EXPECT_EQ(back.outcome, status.outcome);
  EXPECT_EQ(back.offsets, status.offsets);
}

TEST(RowCodec, EventsFollowEachOther) {
  wire::Event log;
  log.seq = 5;
  log.attempt = 2;
  log.stream = wire::Stream::kStderr;
  log.offset = 1 << 20;
  log.at = 1'700'000'000'000;
  log.type = "log";
  log.gate = "unit";
  log.data = std::string("\0out", 4);
  wire::Event odd;
  odd.seq = 6;
  odd.type = "never heard of";
  odd.detail = "\x80";
  odd.skipped = 12;
  std::string bytes;
  rows::encode(log, &bytes);
  rows::encode(odd, &bytes);
  std::string_view left = bytes;
  wire::Event back;
  uint64_t data_bytes = 0;
  ASSERT_TRUE(rows::decode_next(&left, &back, true, &data_bytes));
  EXPECT_EQ(back, log);
  EXPECT_EQ(data_bytes, 4u);
  ASSERT_TRUE(rows::decode_next(&left, &back, true, &data_bytes));
  EXPECT_EQ(back, odd);
  EXPECT_TRUE(left.empty());
}

// Every prefix and every single wrong byte is either refused or read as something; never a crash.
TEST(RowCodec, DamagedBytesAreRefused) {
  std::string spec_bytes;
  rows::encode(full_spec(), &spec_bytes);
  for (size_t size = 0; size < spec_bytes.size(); ++size) {
    JobSpec back;
    EXPECT_FALSE(rows::decode(spec_bytes.substr(0, size), &back)) << size;
  }
  std::string status_bytes;
  rows::encode(JobStatus(), &status_bytes);
  for (size_t at = 0; at < status_bytes.size(); ++at) {
    std::string wrong = status_bytes;
    wrong[at] = '\xff';
    JobStatus back;
    (void)rows::decode(wrong, &back);
  }
  for (size_t size = 0; size < status_bytes.size(); ++size) {
    JobStatus back;
    EXPECT_FALSE(rows::decode(status_bytes.substr(0, size), &back)) << size;
  }
}

}  // namespace
}  // namespace ghost::broker
