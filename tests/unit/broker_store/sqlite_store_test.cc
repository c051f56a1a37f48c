// What only the durable store must do: recovery, locking, schema versions.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/fs.h"
#include "base/ids.h"
#include "broker/sqlite_db.h"
#include "broker/sqlite_schema.h"
#include "store_fixture.h"

namespace ghost::broker {
namespace {

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    Result<std::unique_ptr<Store>> opened = open_sqlite_store({data_, 1 << 20});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  static std::vector<RecoveredJob> load(Store& store) {
    std::vector<RecoveredJob> jobs;
    Recovery into;
    into.job = [&](RecoveredJob job) { jobs.push_back(std::move(job)); };
    EXPECT_TRUE(store.load(into).ok());
    return jobs;
  }
  ScratchDir dir_;
  std::string data_ = dir_.path() + "/new/data";
};

// A backup that is brought to machines whose clocks are behind it: each start of it takes an epoch
// of its own, above the backup's; with a clock that is right, that clock's.
TEST(NextEpoch, ARestoredBackupTakesOneThatWasNeverUsed) {
  constexpr uint64_t kBackup = 1'800'000'000'000;
  EXPECT_EQ(next_epoch(kBackup, kBackup + 1, 77), kBackup + 1);
  std::set<uint64_t> used;
  for (int start = 0; start < 50; ++start) {
    const uint64_t epoch = next_epoch(kBackup, kBackup - 86'400'000, random_u64());
    EXPECT_GT(epoch, kBackup);
    EXPECT_TRUE(used.insert(epoch).second) << epoch;
    EXPECT_GT(next_epoch(epoch, kBackup, random_u64()), epoch);
  }
}

TEST_F(SqliteStoreTest, EverythingIsThereAfterARestart) {
  std::string key;
  uint64_t epoch = 0;
  {
    auto store = open();
    load(*store);
    key = store->hash_key();
    epoch = store->epoch();
    insert_jobs(*store, 1, 5);
    JobStatus leased = make_status(wire::JobState::kLeased, 2);
    leased.token = {epoch, 9};
    commit_ok(*store, {persist::UpdateJob{2, leased}});
    commit_ok(*store, finish(3, "v"));
    commit_ok(*store, {persist::PutRepo{{"linux", "https://x/linux", "main", "", false, {}, {}}},
                       persist::PutRepo{{"git", "https://x/git", "", "", true, {}, {}}},
                       persist::PutLane{{"slow", 2, 3, true, 0, 0}},
                       persist::PutRunner{{"r1", "abc", 7, true, 4}},
                       persist::PutRunner{{"r2", "def", 8, false, 0}}});
    commit_ok(*store,
              {persist::DeleteRepo{"git"}, persist::DeleteRunner{"r2"}, persist::ForgetJobs{{5}}});
  }
  auto store = open();
  EXPECT_EQ(store->hash_key(), key);
  EXPECT_GT(store->epoch(), epoch);
  EXPECT_EQ(store->next_job_no(), 6u);  // 5 is gone and yet not given again
  std::vector<std::string> seen;
  std::vector<RecoveredJob> jobs;
  Recovery into;
  into.repo = [&](wire::Repo repo) { seen.push_back("repo " + repo.name + " " + repo.url); };
  into.lane = [&](wire::Lane lane) {
    seen.push_back("lane " + lane.name + (lane.paused ? " paused" : ""));
  };
  into.runner = [&](RunnerSettings r) {
    seen.push_back("runner " + r.instance + " " + r.secret_sha256 + " " +
                   std::to_string(r.session) + " " + std::to_string(r.slots) +
                   (r.drain ? " drain" : ""));
  };
  into.job = [&](RecoveredJob job) {
    if (jobs.empty()) seen.push_back("jobs");
    jobs.push_back(std::move(job));
  };
  ASSERT_TRUE(store->load(into).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"repo linux https://x/linux", "lane slow paused",
                                            "runner r1 abc 7 4 drain", "jobs"}));
  ASSERT_EQ(jobs.size(), 4u);
  for (size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(jobs[i].spec.no, i + 1);
  EXPECT_EQ(jobs[1].status.state, wire::JobState::kLeased);
  EXPECT_EQ(jobs[1].status.token.n, 9u);
  EXPECT_EQ(jobs[2].status.state, wire::JobState::kSucceeded);
  EXPECT_EQ(**store->request(1), "request 1");
  JobFilter filter;
  filter.states = {wire::JobState::kSucceeded};
  EXPECT_EQ(store->list(filter)->items.size(), 1u);
}

TEST_F(SqliteStoreTest, ASecondTerminalRecordBreaksTheCommit) {
  auto store = open();
  insert_jobs(*store, 1, 1);
  commit_ok(*store, finish(1, "v"));
  std::vector<Persist> again = finish(1, "w");
  EXPECT_FALSE(store->commit(&again).ok());
  std::vector<Persist> more{persist::Audit{}};
  EXPECT_FALSE(store->commit(&more).ok()) << "a store that failed takes nothing more";
  store.reset();
  EXPECT_EQ(**open()->verdict(1), "v");
}

TEST_F(SqliteStoreTest, ASecondBrokerIsRefusedByName) {
  auto store = open();
  const Result<std::unique_ptr<Store>> second = open_sqlite_store({data_, 0});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "conflict");
  EXPECT_NE(second.error().message.find(data_), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("pid " + std::to_string(getpid())), std::string::npos)
      << second.error().message;
  store.reset();
  EXPECT_TRUE(open_sqlite_store({data_, 0}).ok());
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefused) {
  open().reset();
  {
    Database db;
    ASSERT_TRUE(db.open(data_ + "/ghost.db").ok());
    ASSERT_TRUE(db.exec("PRAGMA user_version = 99").ok());
  }
  const Result<std::unique_ptr<Store>> refused = open_sqlite_store({data_, 0});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "bad_config");
  EXPECT_NE(refused.error().message.find("schema version 99"), std::string::npos);
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  ASSERT_TRUE(make_dirs(data_).ok());
  {
    Database db;
    ASSERT_TRUE(db.open(data_ + "/ghost.db").ok());
    ASSERT_TRUE(db.exec("CREATE TABLE t(x)").ok());
  }
  EXPECT_EQ(open_sqlite_store({data_, 0}).error().code, "bad_config");
  ASSERT_TRUE(write_file_atomic(data_ + "/ghost.db", std::string(10000, 'x')).ok());
  EXPECT_EQ(open_sqlite_store({data_, 0}).error().code, "io_error");
}

TEST_F(SqliteStoreTest, MigrationsRunForwardEachInItsTransaction) {
  ASSERT_TRUE(make_dirs(data_).ok());
  const std::string path = data_ + "/m.db";
  Database db;
  ASSERT_TRUE(db.open(path).ok());
  const std::string_view first[] = {"CREATE TABLE a(x); INSERT INTO a VALUES(1)"};
  ASSERT_TRUE(migrate(db, path, first).ok());
  const std::string_view broken[] = {first[0], "ALTER TABLE a ADD COLUMN y DEFAULT 5",
                                     "INSERT INTO a VALUES(2, 2); INSERT INTO nowhere VALUES(1)"};
  const Status s = migrate(db, path, broken);
  ASSERT_FALSE(s.ok());
  EXPECT_NE(s.error().message.find("schema version 3"), std::string::npos);
  EXPECT_EQ(*db.query_u64("PRAGMA user_version"), 2u);
  EXPECT_EQ(*db.query_u64("SELECT count(*) FROM a"), 1u);
  const std::string_view mended[] = {broken[0], broken[1], "INSERT INTO a VALUES(2, 2)"};
  ASSERT_TRUE(migrate(db, path, mended).ok());
  EXPECT_EQ(*db.query_u64("PRAGMA user_version"), 3u);
  EXPECT_EQ(*db.query_u64("SELECT sum(y) FROM a"), 7u);
  EXPECT_EQ(migrate(db, path, first).error().code, "bad_config");
}

TEST_F(SqliteStoreTest, TheWalIsOverwrittenNotGrown) {
  auto store = open();
  uint64_t largest = 0;
  for (JobNo no = 1; no <= 400; ++no) {
    commit_ok(*store, {make_insert(make_spec(no), std::string(100'000, 'x'))});
    ASSERT_TRUE(store->housekeep(false).ok());
    largest = std::max<uint64_t>(largest, std::filesystem::file_size(data_ + "/ghost.db-wal"));
  }
  EXPECT_LT(largest, 12u << 20);  // of 40 MB
}

}  // namespace
}  // namespace ghost::broker
