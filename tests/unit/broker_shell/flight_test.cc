// Commits ahead: what is taken in during a commit is not said before its own.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/fs.h"
#include "broker/shell.h"

namespace ghost::broker {
namespace {

constexpr int kPatienceMs = 20'000;
constexpr size_t kMany = 200;  // a transaction that flies

// A store in memory whose larger commits wait for a word, or fail.
class HeldStore : public Store {
 public:
  Status commit(std::vector<Persist>* changes) override {
    std::unique_lock lock(mutex_);
    if (changes->size() >= kMany) {
      EXPECT_TRUE(opened_.wait_for(lock, std::chrono::milliseconds(kPatienceMs),
                                   [this] { return open_ > 0; }));
      --open_;
      if (fail_) return Error{"io_error", "the disk is gone", ""};
    }
    return inner_->commit(changes);
  }
  void open(bool fail = false) {
    const std::lock_guard lock(mutex_);
    ++open_;
    fail_ = fail;
    opened_.notify_all();
  }

  uint64_t epoch() const override { return inner_->epoch(); }
  std::string hash_key() const override { return inner_->hash_key(); }
  JobNo next_job_no() const override { return inner_->next_job_no(); }
  Status load(const Recovery& into) override { return inner_->load(into); }
  Result<StoredJob> job(JobNo no) override { return inner_->job(no); }
  Result<DispatchRow> dispatch_row(JobNo no) override { return inner_->dispatch_row(no); }
  Result<Blob> request(JobNo no) override { return inner_->request(no); }
  Result<Blob> verdict(JobNo no) override { return inner_->verdict(no); }
  Result<Blob> diff(JobNo no) override { return inner_->diff(no); }
  Result<JobPage> list(const JobFilter& filter) override { return inner_->list(filter); }
  Result<EventWindow> events(JobNo no, uint64_t after, size_t bytes,
                             const std::vector<wire::Stream>& streams) override {
    return inner_->events(no, after, bytes, streams);
  }
  Result<uint64_t> event_seq(JobNo no, const std::string& id) override {
    return inner_->event_seq(no, id);
  }
  Result<StoredBlob> blob(JobNo no, const std::string& name, uint64_t at, size_t bytes) override {
    return inner_->blob(no, name, at, bytes);
  }
  Result<std::vector<wire::AuditEntry>> audit(size_t count) override {
    return inner_->audit(count);
  }
  bool has_space(uint64_t bytes) override { return inner_->has_space(bytes); }
  Status housekeep(bool quiet) override { return inner_->housekeep(quiet); }

 private:
  std::unique_ptr<Store> inner_ = make_memory_store();
  std::mutex mutex_;
  std::condition_variable opened_;
  int open_ = 0;
  bool fail_ = false;
};

class FakePorts : public Ports {
 public:
  std::optional<wire::Incoming> receive(Side side) override {
    std::deque<wire::Incoming>& from = side == Side::kClients ? clients : runners;
    if (from.empty()) return std::nullopt;
    wire::Incoming in = std::move(from.front());
    from.pop_front();
    return in;
  }
  wire::SendStatus send(const Peer&, const wire::Frames& frames) override {
    uint64_t correlation = 0;
    sent.push_back(*wire::unpack(frames, &correlation));
    return wire::SendStatus::kSent;
  }
  std::deque<wire::Incoming> clients, runners;
  std::vector<wire::Message> sent;
};

class Flights : public ::testing::Test {
 protected:
  Flights() {
    ShellOptions options;
    options.committer = &committer_.emplace(&store_);
    CoreOptions core;
    core.epoch = store_.epoch();
    core.hash_key = store_.hash_key();
    core_.emplace(core);
    shell_.emplace(options, ports_, *core_, store_, Now{1, 1});
    wire::PutRepo repo;
    repo.repo.name = "repo";
    repo.repo.url = "file:///nowhere";
    ask(1, repo);
    EXPECT_TRUE(shell_->turn().ok());
    ports_.sent.clear();
  }
  ~Flights() override { store_.open(); }

  template <typename T>
  void ask(uint64_t correlation, const T& message, wire::Frames payloads = {}) {
    ports_.clients.push_back({"client", "", wire::pack(correlation, message, std::move(payloads))});
  }
  void submit(uint64_t correlation, size_t count) {
    wire::Submit submit;
    wire::Frames payloads;
    for (size_t i = 0; i < count; ++i) {
      wire::Submission& item = submit.items.emplace_back();
      item.id = "job-" + std::to_string(correlation) + "-" + std::to_string(i);
      item.request_hash = std::string(32, 'h');
      item.repo = "repo";
      payloads.push_back(make_blob("patch"));
    }
    ask(correlation, submit, std::move(payloads));
  }
  std::vector<uint64_t> answered() const {
    std::vector<uint64_t> out;
    for (const wire::Message& message : ports_.sent) out.push_back(message.header.correlation);
    return out;
  }
  void wait_for_commit() {
    pollfd done{shell_->flight_fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&done, 1, kPatienceMs), 1);
  }

  HeldStore store_;
  FakePorts ports_;
  std::optional<Core> core_;
  std::optional<Shell> shell_;
  std::optional<CommitThread> committer_;
};

using Numbers = std::vector<uint64_t>;

TEST_F(Flights, NothingIsSaidBeforeItsCommit) {
  submit(2, kMany);
  ASSERT_TRUE(shell_->turn().ok());
  EXPECT_EQ(answered(), Numbers{});
  submit(3, kMany);
  ASSERT_TRUE(shell_->turn().ok());  // taken in, behind the flight
  submit(4, 1);
  ASSERT_TRUE(shell_->turn().ok());
  EXPECT_TRUE(ports_.clients.empty());
  EXPECT_EQ(answered(), Numbers{});
  store_.open();
  wait_for_commit();
  ASSERT_TRUE(shell_->turn().ok());  // lands, and the next takes off
  EXPECT_EQ(answered(), Numbers{2});
  store_.open();
  wait_for_commit();
  ASSERT_TRUE(shell_->turn().ok());
  EXPECT_EQ(answered(), (Numbers{2, 3, 4}));
}

TEST_F(Flights, AReadWaitsForTheLandingAndSeesAllOfIt) {
  submit(2, kMany);
  ASSERT_TRUE(shell_->turn().ok());
  wire::GetJob get;
  get.id = "job-2-0";
  ask(3, get);
  store_.open();
  ASSERT_TRUE(shell_->turn().ok());
  ASSERT_EQ(answered(), (Numbers{2, 3}));
  EXPECT_EQ(ports_.sent[1].header.kind, wire::Job::kKind);
}

TEST_F(Flights, TheCatalogueChangesAfterTheLanding) {
  submit(2, kMany);
  ASSERT_TRUE(shell_->turn().ok());
  wire::PutRepo repo;
  repo.repo.name = "repo";
  repo.repo.url = "file:///elsewhere";
  ask(3, repo);
  store_.open();
  ASSERT_TRUE(shell_->turn().ok());
  EXPECT_EQ(answered(), (Numbers{2, 3}));
}

TEST_F(Flights, AFailedCommitIsTheEndAndNothingIsSaid) {
  submit(2, kMany);
  ASSERT_TRUE(shell_->turn().ok());
  submit(3, 1);
  store_.open(true);
  wait_for_commit();
  EXPECT_FALSE(shell_->turn().ok());
  EXPECT_EQ(answered(), Numbers{});
}

// A broker that is killed before must void the leases of before the restore again.
TEST_F(Flights, TheMarkOfARestoreStaysUntilTheCommit) {
  const std::string mark = ::testing::TempDir() + "restored-" + std::to_string(getpid());
  ASSERT_TRUE(write_file_atomic(mark, "backup\n", 0600).ok());
  CommitThread committer(&store_);
  ShellOptions options;
  options.committer = &committer;
  options.restored_path = mark;
  CoreOptions core_options;
  core_options.hash_key = store_.hash_key();
  Core core(core_options);
  core.recover(core_->repos()[0]);
  Shell shell(options, ports_, core, store_, Now{1, 1});
  submit(2, kMany);
  ASSERT_TRUE(shell.turn().ok());
  EXPECT_EQ(access(mark.c_str(), F_OK), 0);
  store_.open();
  pollfd done{shell.flight_fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&done, 1, kPatienceMs), 1);
  ASSERT_TRUE(shell.turn().ok());
  EXPECT_EQ(answered(), Numbers{2});
  EXPECT_NE(access(mark.c_str(), F_OK), 0);
}

TEST_F(Flights, TheLastTurnWaitsForTheLanding) {
  submit(2, kMany);
  ASSERT_TRUE(shell_->turn().ok());
  submit(3, 1);
  store_.open();
  ASSERT_TRUE(shell_->last_turn().ok());
  EXPECT_EQ(answered(), (Numbers{2, 3}));
}

}  // namespace
}  // namespace ghost::broker
