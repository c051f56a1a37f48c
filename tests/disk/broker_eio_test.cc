// A broker whose disk fails at one write, sync or change of a directory after the other: it stops
// there, says why, has told nobody anything that is not kept, and starts again on what is left.
#include "../unit/broker_shell/shell_fixture.h"
#include "simulated_disk.h"

namespace ghost::disk {
namespace {

using namespace broker;

constexpr int kJobs = 5;

struct Told {  // by the broker, before it ended
  std::set<std::string> accepted, finished;
};

class BrokerOnAFailingDisk : public ShellTest {
 protected:
  // Sends and waits for the answer; none when the broker has ended.
  template <typename T>
  std::optional<wire::Message> ask(TestPeer& peer, const T& message, wire::Frames payloads = {}) {
    const uint64_t number = peer.send(message, std::move(payloads));
    for (const MonoMs until = mono_now_ms() + kPatienceMs; mono_now_ms() < until;) {
      const bool ended = broker_->ended();
      if (auto answer = peer.answer_to(number, ended ? 0 : 5)) return answer;
      if (ended) return std::nullopt;
    }
    ADD_FAILURE() << "no answer, and the broker has not ended";
    return std::nullopt;
  }

  bool submit(TestPeer& client, const std::string& id, Told* told) {
    const auto answer = ask(client, wire::Submit{{TestClient::submission(id)}, false},
                            {make_blob(std::string(60'000, 'r'))});
    if (!answer) return false;
    const auto submitted = wire::decode<wire::Submitted>(*answer->body);
    EXPECT_TRUE(submitted.ok());
    if (submitted.ok() && submitted->items[0].status == wire::SubmitStatus::kAccepted) {
      told->accepted.insert(id);
    }
    return true;
  }

  // Takes a job and finishes it; false when the broker has ended.
  bool finish_one(TestPeer& runner, uint64_t session, Told* told) {
    std::optional<wire::Message> order;
    while (!order && !broker_->ended()) order = runner.next_of<wire::RunJobs>(5);
    if (!order) return false;
    const auto jobs = wire::decode<wire::RunJobs>(*order->body);
    for (const wire::Dispatch& job : jobs->items) {
      wire::PutResults results;
      results.session = session;
      wire::ResultItem& item = results.items.emplace_back();
      item.lease = job.lease;
      item.outcome = wire::Outcome::kPassed;
      const auto answer = ask(runner, results, {make_blob(std::string(3000, 'v')), make_blob("")});
      if (!answer) return false;
      const auto kept = wire::decode<wire::ResultsKept>(*answer->body);
      if (kept.ok() && kept->items[0].status == wire::ResultStatus::kCommitted) {
        told->finished.insert(job.id);
      }
    }
    return true;
  }

  // What every broker does in a day, in short; ends early when the broker does.
  void work(Told* told) {
    TestPeer client(broker_->clients());
    wire::PutRepo put;
    put.repo.name = "r";
    put.repo.url = "file:///nowhere";
    if (!ask(client, put)) return;
    TestPeer runner(broker_->runners());
    wire::Register hello;
    hello.instance = "runner-1";
    hello.secret = std::string(16, 's');
    hello.session = 1;
    hello.slots = 1;
    if (!ask(runner, hello)) return;
    for (int i = 0; i < kJobs; ++i) {
      if (!submit(client, "job-" + std::to_string(i), told)) return;
      if (i % 2 == 0 && !finish_one(runner, 1, told)) return;
    }
  }

  void expect_all_there(const Told& told) {
    TestClient client(broker_->clients());
    for (const std::string& id : told.accepted) {
      wire::Frames got;
      const auto answer = client.ask<wire::Job>(wire::GetJob{"default", id, 0, 0}, {}, &got);
      EXPECT_EQ(answer.job.id, id);
      if (!told.finished.contains(id)) continue;
      EXPECT_EQ(answer.job.state, wire::JobState::kSucceeded) << id;
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0]->size(), 3000u);
    }
    client.put_repo("r");
    EXPECT_EQ(client.submit(TestClient::submission("next")).status, wire::SubmitStatus::kAccepted);
  }

  // A broker's life on a disk that fails at its n-th operation; false when it ended before that.
  bool live_and_fail(uint64_t n, bool forever) {
    std::filesystem::create_directories(dir_ + "/data");
    std::filesystem::create_directories(dir_ + "/left");
    std::mt19937_64 random(n);
    Told told;
    Disk disk(dir_ + "/data"), left(dir_ + "/left");
    disk.fail_at(n, forever);
    options_.data = dir_ + "/data";
    options_.lease_ms = 60'000;
    broker_.reset();
    broker_.emplace(options_);
    if (broker_->error().message.empty()) work(&told);
    if (broker_->ended()) {
      const std::string& message = broker_->error().message;
      EXPECT_NE(message.find(dir_ + "/data/ghost.db"), std::string::npos) << message;
      EXPECT_TRUE(message.find("disk I/O error") != std::string::npos ||
                  message.find("Input/output error") != std::string::npos)
          << message;
    }
    broker_.reset();
    if (!disk.has_failed()) return false;
    disk.crash(disk.moment(), Loss::kAll, random, &left);
    options_.data = dir_ + "/left";
    start();
    expect_all_there(told);
    broker_.reset();
    return true;
  }
};

// GHOST_EIO_EVERY=1 tries each operation; the default is a slice of them.
TEST_F(BrokerOnAFailingDisk, StopsSaysWhyAndRecovers) {
  const char* every = std::getenv("GHOST_EIO_EVERY");
  const uint64_t step = every != nullptr ? std::strtoull(every, nullptr, 10) : 2;
  uint64_t failed = 0;
  for (uint64_t n = 0; live_and_fail(n, n / step % 2 == 1); n += step) {
    ++failed;
    if (HasFailure()) FAIL() << "the disk failed at operation " << n;
  }
  EXPECT_GT(failed, 20u);
  std::printf("the disk failed at %llu operations\n", static_cast<unsigned long long>(failed));
}

}  // namespace
}  // namespace ghost::disk
