// The session core against a small model of the broker, over connections that break, with a broker
// that restarts and executors of random length. The model shares no code with the core. The seed is
// printed with every failure; GHOST_SEED runs one seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "runner_worker/session_core.h"

namespace ghost::runner {
namespace {

constexpr uint64_t kSlots = 3;
constexpr MonoMs kCalmMs = 120'000;  // faults end; everything must come to its end

struct ModelJob {
  uint64_t log_bytes = 0;  // durable at the broker
  bool open = true;        // leased to the runner
  MonoMs expires = 0;
};

struct Running {
  uint64_t produced = 0;
  MonoMs ends = 0, lease_until = 0;
  StopReason stop = StopReason::kNone;
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    SessionOptions options;
    options.instance = "r";
    options.secret = std::string(16, 's');
    options.session = 1;
    options.slots = kSlots;
    options.seed = seed;
    core_ = std::make_unique<SessionCore>(options, 0);
  }

  void play() {
    turn();
    while (now_ < 2 * kCalmMs && !testing::Test::HasFailure()) {
      MonoMs next = std::min(core_->next_deadline(), now_ + 1 + pick(200));
      next = std::max(next, now_ + 1);
      now_ = next;
      if (now_ < kCalmMs) {
        faults();
        if (connected_ && pick(10) == 0) dispatch();
      } else {
        connected_ = true;
      }
      executors();
      deliver();
      turn();
    }
    settled();
  }

 private:
  MonoMs pick(MonoMs below) {
    return static_cast<MonoMs>(random_() % static_cast<uint64_t>(below));
  }

  void turn() {
    step(Tick{});
    for (const auto& [lease, job] : running_) {
      // Past the lease the sandbox has been told to die, in the very turn that it ended.
      EXPECT_TRUE(now_ < job.lease_until || job.stop != StopReason::kNone) << lease.job;
    }
    EXPECT_LE(running_.size(), kSlots);
    EXPECT_GT(core_->next_deadline(), now_) << "the core would spin";
  }

  void step(SessionEvent event) {
    for (SessionAction& action : core_->step(now_, std::move(event))) {
      std::visit([this](auto& a) { on(a); }, action);
    }
  }

  // ------------------------------------------------------------------------------- faults

  void faults() {
    if (pick(300) == 0) {
      connected_ = false;
      lose_connection();
      back_at_ = now_ + pick(pick(3) == 0 ? 40000 : 3000);
    }
    if (pick(500) == 0) {
      // A broker that was killed: it knows its leases, and nothing of the session.
      ++epoch_;
      jobs_seq_ = 0;
      session_known_ = false;
      lose_connection();
    }
    if (!connected_ && now_ >= back_at_) {
      connected_ = true;
      if (pick(2) == 0) step(ConnectionReset{});
    }
  }

  void lose_connection() {
    to_broker_.clear();
    to_runner_.clear();
  }

  void dispatch() {
    size_t open = 0;
    for (const auto& [lease, job] : jobs_) open += job.open ? 1 : 0;
    if (!session_known_ || draining_ || open >= kSlots) return;
    wire::RunJobs m;
    m.seq = ++jobs_seq_;
    m.epoch = epoch_;
    wire::Dispatch d;
    d.lease = {++job_count_, epoch_, ++lease_count_};
    d.attempt = 1;
    d.lease_ms = 15000;
    jobs_[d.lease].expires = now_ + 15000;
    m.items.push_back(d);
    answer(0, std::move(m), {make_blob("r")});
  }

  // ------------------------------------------------------------------------------- broker

  struct InFlight {
    MonoMs at;
    FromBroker message;
  };

  void answer(uint64_t correlation, BrokerMessage body, wire::Frames payloads = {}) {
    if (!connected_) return;
    to_runner_.push_back(
        {now_ + pick(30), FromBroker{correlation, std::move(body), std::move(payloads)}});
  }

  void deliver() {
    while (!to_broker_.empty() && connected_) {
      Send m = std::move(to_broker_.front());
      to_broker_.pop_front();
      std::visit([&](auto& body) { serve(m.correlation, body); }, m.body);
    }
    while (!to_runner_.empty() && to_runner_.front().at <= now_) {
      FromBroker m = std::move(to_runner_.front().message);
      to_runner_.pop_front();
      step(std::move(m));
    }
  }

  bool known(uint64_t correlation) {
    if (!session_known_) answer(correlation, wire::Failure{{"register_again", "", "", 0}});
    return session_known_;
  }
  bool open(const LeaseRef& lease) {
    const auto found = jobs_.find(lease);
    return found != jobs_.end() && found->second.open;
  }

  void serve(uint64_t c, wire::Register& m) {
    session_known_ = true;
    draining_ = m.draining;
    answer(c, wire::Registered{epoch_, m.session, 5000, 15000, {}, kSlots, false, {}});
    requeue_not_held(m.held);
  }
  void serve(uint64_t c, wire::Heartbeat& m) {
    if (!known(c)) return;
    draining_ = m.draining;
    if (m.last_job_seq == jobs_seq_) requeue_not_held(m.held);
    wire::HeartbeatAck ack{epoch_, m.sent_ms, {}, kSlots, false, {}};
    for (const LeaseRef& lease : m.held) {
      if (!open(lease)) {
        ack.cancels.push_back({lease, wire::CancelReason::kStale});
      } else {
        jobs_[lease].expires = now_ + 15000;
      }
    }
    for (auto& [lease, job] : jobs_) job.open = job.open && now_ < job.expires;
    answer(c, std::move(ack));
  }
  void requeue_not_held(const std::vector<LeaseRef>& held) {
    const std::set<LeaseRef, LeaseOrder> names(held.begin(), held.end());
    for (auto& [lease, job] : jobs_) {
      if (job.open && names.count(lease) == 0) job.open = false;
    }
  }
  void serve(uint64_t c, wire::PutEvents& m) {
    if (!known(c)) return;
    if (!open(m.lease)) return answer(c, wire::EventsKept{m.lease, true, {}});
    uint64_t& kept = jobs_[m.lease].log_bytes;
    for (const wire::Event& e : m.items) {
      const uint64_t end = e.offset + e.data->size();
      if (e.offset > kept) continue;  // what came before was lost with a connection
      EXPECT_TRUE(e.offset == kept || end <= kept) << "an event changed its bounds";
      if (e.offset == kept) kept = end;
    }
    answer(c, wire::EventsKept{m.lease, false, {{"stdout", kept}}});
  }
  void serve(uint64_t c, wire::PutResults& m) {
    if (!known(c)) return;
    wire::ResultsKept ack;
    for (const wire::ResultItem& item : m.items) {
      const bool is_being_written =
          std::find(writing_.begin(), writing_.end(), item.lease) != writing_.end();
      EXPECT_TRUE(durable_.count(item.lease) || is_being_written) << "never went to the outbox";
      ModelJob& job = jobs_.at(item.lease);
      if (job.open) {
        EXPECT_EQ(job.log_bytes, produced_[item.lease]) << "result before its log";
        committed_.insert(item.lease);
      }
      job.open = false;
      const bool ours = committed_.count(item.lease) != 0;
      ack.items.push_back(
          {item.lease, ours ? wire::ResultStatus::kCommitted : wire::ResultStatus::kStale});
    }
    answer(c, std::move(ack));
  }
  void serve(uint64_t c, wire::Release& m) {
    if (!known(c)) return;
    wire::ResultsKept ack;
    for (const LeaseRef& lease : m.leases) {
      EXPECT_EQ(running_.count(lease), 0u) << "given back while it runs";
      jobs_.at(lease).open = false;
      ack.items.push_back({lease, wire::ResultStatus::kCommitted});
    }
    answer(c, std::move(ack));
  }
  template <typename T>
  void serve(uint64_t, T&) {
    ADD_FAILURE() << "unexpected " << T::kKind;
  }

  // ----------------------------------------------------------------------------- the shell

  void executors() {
    std::vector<LeaseRef> ended;
    for (auto& [lease, job] : running_) {
      if (job.stop == StopReason::kNone && pick(3) == 0) {
        const std::string bytes(1 + pick(5000), 'x');
        job.produced += bytes.size();
        step(SlotOutput{lease, wire::Stream::kStdout, "g", bytes, 0, 0});
      }
      if (now_ >= job.ends || (job.stop != StopReason::kNone && pick(5) == 0)) {
        ended.push_back(lease);
      }
    }
    for (const LeaseRef& lease : ended) {
      produced_[lease] = running_.at(lease).produced;
      running_.erase(lease);
      wire::ResultItem item;
      item.lease = lease;
      step(SlotFinished{item, make_blob("v"), nullptr});
    }
    while (!writing_.empty() && pick(2) == 0) {
      const LeaseRef lease = writing_.front();
      writing_.pop_front();
      durable_.insert(lease);
      step(OutboxWritten{lease, true});
    }
  }

  void on(Send& a) { to_broker_.push_back(std::move(a)); }
  void on(Reconnect&) { lose_connection(); }
  void on(StartJob& a) {
    const LeaseRef lease = a.input.dispatch.lease;
    EXPECT_TRUE(started_.insert(lease).second) << "started twice";
    running_[lease] = {0, now_ + pick(20'000), a.lease_until};
  }
  void on(StopJob& a) {
    if (running_.count(a.lease) != 0) running_[a.lease].stop = a.reason;
  }
  void on(LeaseExtended& a) { running_.at(a.lease).lease_until = a.until; }
  void on(WriteOutbox& a) { writing_.push_back(a.item.lease); }
  void on(RemoveOutbox& a) { EXPECT_EQ(durable_.erase(a.lease), 1u); }
  void on(Stopped&) { ADD_FAILURE() << "stopped"; }
  template <typename T>
  void on(T&) {}

  void settled() {
    EXPECT_TRUE(running_.empty());
    EXPECT_TRUE(durable_.empty()) << "results left in the outbox";
    for (const auto& [lease, job] : jobs_) EXPECT_FALSE(job.open) << lease.job;
    EXPECT_GT(committed_.size(), 10u) << "the world stood still";
  }

  std::mt19937_64 random_;
  MonoMs now_ = 0, back_at_ = 0;
  std::unique_ptr<SessionCore> core_;
  bool connected_ = true, session_known_ = false, draining_ = false;
  uint64_t epoch_ = 1, jobs_seq_ = 0, job_count_ = 0, lease_count_ = 0;
  std::deque<Send> to_broker_;
  std::deque<InFlight> to_runner_;
  std::map<LeaseRef, ModelJob, LeaseOrder> jobs_;
  std::map<LeaseRef, Running, LeaseOrder> running_;
  std::map<LeaseRef, uint64_t, LeaseOrder> produced_;
  std::set<LeaseRef, LeaseOrder> started_, durable_, committed_;
  std::deque<LeaseRef> writing_;
};

TEST(SessionRandom, KeepsItsPromisesWhateverBreaks) {
  const char* one = std::getenv("GHOST_SEED");
  const uint64_t first = one == nullptr ? 1 : std::strtoull(one, nullptr, 10);
  const uint64_t last = one == nullptr ? 60 : first;
  for (uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE("GHOST_SEED=" + std::to_string(seed));
    World(seed).play();
  }
}

}  // namespace
}  // namespace ghost::runner
