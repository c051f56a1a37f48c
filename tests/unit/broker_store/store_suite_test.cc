// What every store must do, run over each of them.
#include <gtest/gtest.h>

#include <algorithm>

#include "store_fixture.h"

namespace ghost::broker {
namespace {

class StoreSuite : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = make_memory_store();
    } else {
      Result<std::unique_ptr<Store>> opened = open_sqlite_store({dir_.path() + "/data", 1 << 20});
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      store_ = std::move(*opened);
    }
    ASSERT_TRUE(store_->load({}).ok());
  }
  std::vector<JobNo> list(JobFilter filter, std::string* cursor = nullptr) {
    Result<JobPage> page = store_->list(filter);
    EXPECT_TRUE(page.ok());
    std::vector<JobNo> nos;
    for (const StoredJob& job : page->items) nos.push_back(job.spec.no);
    if (cursor != nullptr) *cursor = page->next_cursor;
    return nos;
  }
  ScratchDir dir_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreSuite, AJobComesBack) {
  JobSpec spec = make_spec(1);
  spec.submission.labels = {{"k", "v"}};
  commit_ok(*store_, {make_insert(spec, "the request")});
  const Result<StoredJob> job = store_->job(1);
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->spec.submission, spec.submission);
  EXPECT_EQ(job->spec.no, 1u);
  EXPECT_EQ(job->status.state, wire::JobState::kQueued);
  EXPECT_EQ(**store_->request(1), "the request");
  EXPECT_EQ(**store_->verdict(1), "");
  EXPECT_EQ(**store_->diff(1), "");
  EXPECT_EQ(store_->job(2).error().code, "not_found");
}

TEST_P(StoreSuite, DispatchReadsSpecAndRequestAsOftenAsAsked) {
  commit_ok(*store_, {make_insert(make_spec(1), "the request")});
  for (int i = 0; i < 3; ++i) {
    const Result<DispatchRow> row = store_->dispatch_row(1);
    ASSERT_TRUE(row.ok());
    EXPECT_EQ(row->spec->no, 1u);
    EXPECT_EQ(row->spec->submission.id, "job-1");
    EXPECT_EQ(*row->request, "the request");
  }
}

TEST_P(StoreSuite, UpdatesAndResultReplaceTheStatus) {
  insert_jobs(*store_, 1, 2);
  JobStatus leased = make_status(wire::JobState::kLeased, 2);
  leased.runner = "r1";
  leased.offsets = {1, 0, 0, 0};
  commit_ok(*store_, {persist::UpdateJob{1, leased}});
  EXPECT_EQ(store_->job(1)->status.runner, "r1");
  commit_ok(*store_, finish(1, "verdict"));
  EXPECT_EQ(store_->job(1)->status.state, wire::JobState::kSucceeded);
  EXPECT_EQ(**store_->verdict(1), "verdict");
  EXPECT_EQ(store_->job(2)->status.state, wire::JobState::kQueued);
}

TEST_P(StoreSuite, AllOfAJobsLifeInOneCommit) {
  std::vector<Persist> changes{make_insert(make_spec(1), "q")};
  changes.push_back(persist::UpdateJob{1, make_status(wire::JobState::kLeased, 2)});
  changes.push_back(persist::AppendEvents{1, {make_event(1, wire::Stream::kState, 0, "queued")}});
  for (Persist& change : finish(1, "v")) changes.push_back(std::move(change));
  commit_ok(*store_, std::move(changes));
  EXPECT_EQ(store_->job(1)->status.state, wire::JobState::kSucceeded);
  EXPECT_EQ(store_->events(1, 0, 1 << 20, {})->items.size(), 2u);
}

TEST_P(StoreSuite, BigBlobsComeBackInSlices) {
  std::string big(600'001, 0);
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 7 >> 3);
  insert_jobs(*store_, 1, 1);
  commit_ok(*store_, {make_insert(make_spec(2), big)});
  commit_ok(*store_, {persist::UpdateJob{2, make_status(wire::JobState::kFailed, 2)},
                      persist::PutResult{2, make_blob(big), make_blob(big)}});
  EXPECT_EQ(**store_->request(2), big);
  EXPECT_EQ(**store_->verdict(2), big);
  EXPECT_EQ(**store_->diff(2), big);
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{262'143}, uint64_t{262'144}, uint64_t{600'000}}) {
    const Result<StoredBlob> slice = store_->blob(2, "diff", offset, 300'000);
    ASSERT_TRUE(slice.ok());
    EXPECT_EQ(slice->size, big.size());
    EXPECT_EQ(slice->bytes, big.substr(offset, 300'000)) << offset;
  }
  EXPECT_EQ(store_->blob(2, "request", big.size(), 10)->bytes, "");
  EXPECT_EQ(store_->blob(1, "diff", 0, 10)->size, 0u);
  EXPECT_EQ(store_->blob(1, "nothing", 0, 10).error().code, "bad_field");
}

TEST_P(StoreSuite, ARetryCopiesTheRequest) {
  std::string big(300'000, 'x');
  commit_ok(*store_, {make_insert(make_spec(1), big)});
  persist::InsertJob copy = make_insert(make_spec(2), "");
  copy.request = nullptr;
  copy.request_from = 1;
  commit_ok(*store_, {copy});
  EXPECT_EQ(**store_->request(2), big);
  EXPECT_EQ(*store_->dispatch_row(2)->request, big);
}

TEST_P(StoreSuite, EventsComeInWindows) {
  insert_jobs(*store_, 1, 3);
  std::vector<wire::Event> logs;
  for (uint64_t i = 0; i < 100; ++i) {
    logs.push_back(
        make_event(2 + i, wire::Stream::kStdout, i * 1000, "log", std::string(1000, 'o')));
  }
  commit_ok(*store_, {persist::AppendEvents{2, logs}});
  commit_ok(*store_, {persist::AppendEvents{
                         2, {make_event(102, wire::Stream::kProgress, 0, "gate_finished")}}});
  std::vector<Persist> end = finish(2, "v");
  std::get<persist::AppendEvents>(end[1]).events[0].seq = 103;
  commit_ok(*store_, std::move(end));

  std::vector<uint64_t> seqs;
  uint64_t after = 0;
  for (bool more = true; more;) {
    const Result<EventWindow> window = store_->events(2, after, 10'000, {});
    ASSERT_TRUE(window.ok());
    ASSERT_FALSE(window->items.empty());
    EXPECT_FALSE(window->gap);
    for (const wire::Event& event : window->items) seqs.push_back(event.seq);
    after = window->last_seq;
    more = window->more;
  }
  ASSERT_EQ(seqs.size(), 103u);
  for (size_t i = 0; i < seqs.size(); ++i) EXPECT_EQ(seqs[i], i + 1);

  const Result<EventWindow> some =
      store_->events(2, 50, 1 << 20, {wire::Stream::kState, wire::Stream::kProgress});
  ASSERT_EQ(some->items.size(), 2u);
  EXPECT_EQ(some->items[0].type, "gate_finished");
  EXPECT_EQ(some->last_seq, 103u);
  EXPECT_EQ(store_->events(2, 103, 1 << 20, {})->items.size(), 0u);
  EXPECT_EQ(store_->events(3, 0, 1 << 20, {})->items.size(), 1u);
}

TEST_P(StoreSuite, AnEventIsFoundByItsIdAndByAPositionInside) {
  insert_jobs(*store_, 1, 1);
  commit_ok(*store_,
            {persist::AppendEvents{1,
                                   {make_event(2, wire::Stream::kStdout, 0, "log", "0123456789"),
                                    make_event(3, wire::Stream::kStdout, 10, "log", "abc"),
                                    make_event(4, wire::Stream::kProgress, 0, "applied")}}});
  EXPECT_EQ(*store_->event_seq(1, "1.stdout.0"), 2u);
  EXPECT_EQ(*store_->event_seq(1, "1.stdout.9"), 2u);
  EXPECT_EQ(*store_->event_seq(1, "1.stdout.10"), 3u);
  EXPECT_EQ(*store_->event_seq(1, "1.progress.0"), 4u);
  EXPECT_EQ(store_->event_seq(1, "1.stdout.13").error().code, "not_found");
  EXPECT_EQ(store_->event_seq(1, "2.stdout.0").error().code, "not_found");
  for (const char* wrong : {"", "1", "1.stdout", "x.stdout.1", "1.nowhere.1", "1.stdout.", "1..1",
                            "1.stdout.-1", "1.stdout.1x"}) {
    EXPECT_EQ(store_->event_seq(1, wrong).error().code, "bad_field") << wrong;
  }
}

TEST_P(StoreSuite, ListsFilterAndPageNewestFirst) {
  std::vector<Persist> changes;
  for (JobNo no = 1; no <= 3000; ++no) {
    JobSpec spec = make_spec(no);
    spec.submission.tenant = no % 100 == 0 ? "other" : "default";
    spec.submission.lane = no % 3 == 0 ? "slow" : "default";
    spec.submission.repo = no % 5 == 0 ? "linux" : "git";
    if (no % 2 == 0) spec.submission.labels["even"] = "yes";
    if (no % 7 == 0) spec.submission.labels["seven"] = "yes";
    spec.submission.labels["all"] = "x";
    changes.push_back(make_insert(spec, ""));
  }
  commit_ok(*store_, std::move(changes));
  changes.clear();
  for (JobNo no = 11; no <= 3000; no += 10) {
    for (Persist& change : finish(no, "v")) changes.push_back(std::move(change));
  }
  commit_ok(*store_, std::move(changes));

  const auto expect = [&](JobFilter filter, auto wanted) {
    std::vector<JobNo> right;
    for (JobNo no = 3000; no >= 1; --no) {
      if (no % 100 != 0 && wanted(no)) right.push_back(no);
    }
    filter.limit = 37;
    std::vector<JobNo> got;
    do {
      const std::vector<JobNo> page = list(filter, &filter.cursor);
      got.insert(got.end(), page.begin(), page.end());
      ASSERT_LE(page.size(), 37u);
    } while (!filter.cursor.empty());
    EXPECT_EQ(got, right);
  };
  expect({}, [](JobNo) { return true; });
  JobFilter f;
  f.states = {wire::JobState::kSucceeded, wire::JobState::kDead};
  expect(f, [](JobNo no) { return no % 10 == 1 && no > 10; });
  f = {};
  f.lane = "slow";
  f.repo = "linux";
  expect(f, [](JobNo no) { return no % 15 == 0; });
  f = {};
  f.labels = {{"all", "x"}, {"even", "yes"}, {"seven", "yes"}};
  expect(f, [](JobNo no) { return no % 14 == 0; });
  f.labels["seven"] = "no";
  expect(f, [](JobNo) { return false; });
  f.labels = {{"seven", "yes"}};
  f.states = {wire::JobState::kQueued};
  f.lane = "slow";
  expect(f, [](JobNo no) { return no % 21 == 0 && (no % 10 != 1 || no <= 10); });
  f = {};
  f.since_ms = make_spec(500).accepted_ms;
  f.until_ms = make_spec(1500).accepted_ms;
  expect(f, [](JobNo no) { return no >= 500 && no < 1500; });
  f = {};
  f.cursor = "nonsense";
  EXPECT_EQ(store_->list(f).error().code, "bad_field");
}

TEST_P(StoreSuite, ACursorStandsStillWhileJobsCome) {
  insert_jobs(*store_, 1, 100);
  JobFilter filter;
  filter.limit = 10;
  EXPECT_EQ(list(filter, &filter.cursor).front(), 100u);
  insert_jobs(*store_, 101, 120);
  EXPECT_EQ(list(filter).front(), 90u);
}

TEST_P(StoreSuite, AFullLastPageHasNoCursor) {
  insert_jobs(*store_, 1, 10);
  JobFilter filter;
  filter.limit = 10;
  EXPECT_EQ(list(filter, &filter.cursor).size(), 10u);
  EXPECT_EQ(filter.cursor, "");
}

// Small ones and one that is big: a store may keep them in another way than those that wait.
TEST_P(StoreSuite, AFinishedJobStillSaysAllThatItSaid) {
  for (const JobNo no : {JobNo{1}, JobNo{2}}) {
    const std::string big(no == 1 ? 0 : 100'000, 'b');
    JobSpec spec = make_spec(no);
    spec.submission.labels = {{"k", "v"}};
    spec.submission.description = "why";
    spec.base_job_no = 1;
    commit_ok(*store_, {make_insert(spec, "the request" + big)});
    const wire::Event event = make_event(1, wire::Stream::kStdout, 0, "log", "some output");
    commit_ok(*store_, {persist::AppendEvents{no, {event}}});
    std::vector<Persist> end = finish(no, "the verdict");
    std::get<persist::PutResult>(end.back()).diff = make_blob("the diff" + big);
    commit_ok(*store_, std::move(end));
    const Result<StoredJob> job = store_->job(no);
    ASSERT_TRUE(job.ok());
    EXPECT_EQ(job->spec.no, no);
    EXPECT_EQ(job->spec.submission, spec.submission);
    EXPECT_EQ(job->spec.base_job_no, 1u);
    EXPECT_EQ(job->status.state, wire::JobState::kSucceeded);
    EXPECT_EQ(**store_->request(no), "the request" + big);
    EXPECT_EQ(**store_->diff(no), "the diff" + big);
    EXPECT_EQ(**store_->verdict(no), "the verdict");
    EXPECT_EQ(store_->blob(no, "diff", 4, 4)->bytes, "diff");
    EXPECT_EQ(*store_->event_seq(no, "1.stdout.5"), 1u);
    const std::vector<wire::Event> events = store_->events(no, 0, 1000, {})->items;
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events[0], event);
  }
  JobFilter filter;
  filter.labels = {{"k", "v"}};
  filter.states = {wire::JobState::kSucceeded};
  EXPECT_EQ(list(filter), (std::vector<JobNo>{2, 1}));

  // It is taken up again: by a retry, and by a file that is told late.
  persist::InsertJob again = make_insert(make_spec(3), "");
  again.request = nullptr;
  again.request_from = 1;
  commit_ok(*store_, {again});
  EXPECT_EQ(**store_->request(3), "the request");
  commit_ok(*store_, {persist::PutArtifactChunk{1, 1, "out/a", 0, make_blob("late"), true, "s"}});
  EXPECT_EQ(store_->blob(1, "artifact:out/a", 0, 10)->bytes, "late");
  EXPECT_EQ(**store_->diff(1), "the diff");
  commit_ok(*store_, {persist::ForgetJobs{{1, 2}}});
  EXPECT_EQ(store_->job(1).error().code, "not_found");
  EXPECT_EQ(list({}), std::vector<JobNo>{3});
}

TEST_P(StoreSuite, ForgottenJobsLeaveNothing) {
  JobSpec spec = make_spec(1);
  spec.submission.labels = {{"k", "v"}};
  commit_ok(*store_, {make_insert(spec, std::string(300'000, 'q'))});
  insert_jobs(*store_, 2, 2);
  commit_ok(*store_,
            {persist::PutArtifactChunk{1, 1, "out/a", 0, make_blob("bytes"), true, "sum"}});
  commit_ok(*store_, {persist::AppendEvents{
                         1, {make_event(1, wire::Stream::kStdout, 0, "log", "some output")}}});
  commit_ok(*store_, finish(1, std::string(300'000, 'v')));
  commit_ok(*store_, {persist::ForgetJobs{{1, 77}}});
  EXPECT_EQ(store_->job(1).error().code, "not_found");
  EXPECT_EQ(**store_->request(1), "");
  EXPECT_EQ(**store_->verdict(1), "");
  EXPECT_EQ(store_->events(1, 0, 1000, {})->items.size(), 0u);
  EXPECT_EQ(store_->blob(1, "artifact:out/a", 0, 10).error().code, "not_found");
  JobFilter filter;
  filter.labels = {{"k", "v"}};
  EXPECT_TRUE(list(filter).empty());
  EXPECT_EQ(list({}), std::vector<JobNo>{2});
}

TEST_P(StoreSuite, ArtifactsGrowByChunksAndALaterAttemptReplacesThem) {
  insert_jobs(*store_, 1, 1);
  const auto put = [&](uint64_t attempt, const std::string& path, uint64_t offset,
                       const std::string& bytes, bool last) {
    commit_ok(*store_, {persist::PutArtifactChunk{1, attempt, path, offset, make_blob(bytes), last,
                                                  last ? "digest" : ""}});
  };
  put(1, "a", 0, "hello ", false);
  put(1, "a", 6, "world", true);
  put(1, "b", 0, "bee", true);
  Result<StoredBlob> blob = store_->blob(1, "artifact:a", 0, 100);
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(blob->bytes, "hello world");
  EXPECT_EQ(blob->size, 11u);
  EXPECT_EQ(blob->sha256, "digest");
  EXPECT_EQ(store_->blob(1, "artifact:a", 4, 4)->bytes, "o wo");
  put(2, "a", 0, "new", false);
  EXPECT_EQ(store_->blob(1, "artifact:a", 0, 100)->bytes, "new");
  EXPECT_EQ(store_->blob(1, "artifact:a", 0, 100)->sha256, "");
  EXPECT_EQ(store_->blob(1, "artifact:b", 0, 100).error().code, "not_found");
}

TEST_P(StoreSuite, TheAuditTrailIsNewestFirst) {
  for (int i = 0; i < 5; ++i) {
    commit_ok(*store_, {persist::Audit{{i, "me", "cancel", "job-" + std::to_string(i), ""}}});
  }
  const Result<std::vector<wire::AuditEntry>> entries = store_->audit(3);
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].subject, "job-4");
  EXPECT_EQ((*entries)[2].subject, "job-2");
}

TEST_P(StoreSuite, EpochAndKeyAreThere) {
  EXPECT_GT(store_->epoch(), 0u);
  EXPECT_EQ(store_->hash_key().size(), 16u);
  EXPECT_EQ(store_->next_job_no(), 1u);
  EXPECT_TRUE(store_->has_space(1000));
  EXPECT_TRUE(store_->housekeep(true).ok());
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreSuite, ::testing::Values("memory", "sqlite"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace ghost::broker
