// A broker in a thread of its own, and peers that speak to it over real sockets.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/ids.h"
#include "base/time.h"
#include "broker/program.h"
#include "wire/socket.h"

namespace ghost::broker {

inline constexpr int64_t kPatienceMs = 20'000;

class BrokerThread {
 public:
  explicit BrokerThread(const ProgramOptions& options) : stop_fd_(eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::thread([this, options] {
      const Status s =
          run_broker(options, stop_fd_, [this](const std::string& c, const std::string& r) {
            std::lock_guard lock(mutex_);
            clients_ = c;
            runners_ = r;
            changed_.notify_all();
          });
      std::lock_guard lock(mutex_);
      if (!s) error_ = s.error();
      ended_ = true;
      changed_.notify_all();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !clients_.empty(); });
  }
  ~BrokerThread() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    EXPECT_EQ(eventfd_write(stop_fd_, 1), 0);
    thread_.join();
    close(stop_fd_);
  }
  const std::string& clients() const { return clients_; }
  const std::string& runners() const { return runners_; }
  const Error& error() const { return error_; }
  bool ended() {
    std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  int stop_fd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string clients_, runners_;
  Error error_;
  bool ended_ = false;
  std::thread thread_;
};

// A DEALER that keeps what it was not asked for.
class TestPeer {
 public:
  explicit TestPeer(const std::string& endpoint, const wire::ClientKeys* keys = nullptr)
      : socket_(context_, wire::Socket::Type::kDealer) {
    EXPECT_TRUE(socket_.connect(endpoint, keys).ok());
  }
  void send_frames(const wire::Frames& frames) {
    EXPECT_EQ(socket_.send("", frames), wire::SendStatus::kSent);
  }
  template <typename T>
  uint64_t send(const T& message, wire::Frames payloads = {}) {
    send_frames(wire::pack(++correlation_, message, std::move(payloads)));
    return correlation_;
  }
  // The next message that fits; others stay for later.
  template <typename Fits>
  std::optional<wire::Message> next(Fits fits, int64_t wait_ms = kPatienceMs) {
    const MonoMs until = mono_now_ms() + wait_ms;
    for (;;) {
      for (auto at = kept_.begin(); at != kept_.end(); ++at) {
        if (!fits(*at)) continue;
        wire::Message found = std::move(*at);
        kept_.erase(at);
        return found;
      }
      const int64_t left = until - mono_now_ms();
      if (left < 0) return std::nullopt;
      std::vector<wire::PollItem> items{{&socket_}};
      wire::poll(items, std::max<int64_t>(left, 1));
      while (auto in = socket_.receive()) {
        uint64_t ignored = 0;
        Result<wire::Message> message = wire::unpack(std::move(in->frames), &ignored);
        EXPECT_TRUE(message.ok());
        if (message) kept_.push_back(std::move(*message));
      }
    }
  }
  std::optional<wire::Message> answer_to(uint64_t correlation, int64_t wait_ms = kPatienceMs) {
    return next([&](const wire::Message& m) { return m.header.correlation == correlation; },
                wait_ms);
  }
  template <typename T>
  std::optional<wire::Message> next_of(int64_t wait_ms = kPatienceMs) {
    return next([](const wire::Message& m) { return m.header.kind == T::kKind; }, wait_ms);
  }
  // Asks and decodes the answer; the test fails when another kind comes.
  template <typename Answer, typename Question>
  Answer ask(const Question& question, wire::Frames payloads = {}, wire::Frames* got = nullptr) {
    const auto message = answer_to(send(question, std::move(payloads)));
    EXPECT_TRUE(message.has_value()) << "no answer to " << Question::kKind;
    if (!message) return {};
    if (message->header.kind != Answer::kKind) {
      ADD_FAILURE() << Question::kKind << " was answered with " << message->header.kind << " "
                    << failure_text(*message);
      return {};
    }
    if (got != nullptr) *got = message->payloads;
    Result<Answer> answer = wire::decode<Answer>(*message->body);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer ? std::move(*answer) : Answer{};
  }
  // The code of the Failure that answers; "" for another kind.
  std::string failure_code(const std::optional<wire::Message>& message) {
    if (!message || message->header.kind != wire::Failure::kKind) return "";
    return wire::decode<wire::Failure>(*message->body)->error.code;
  }
  static std::string failure_text(const wire::Message& message) {
    if (message.header.kind != wire::Failure::kKind) return "";
    const wire::ErrorBody error = wire::decode<wire::Failure>(*message.body)->error;
    return error.code + ": " + error.detail;
  }

 private:
  wire::Context context_;
  wire::Socket socket_;
  uint64_t correlation_ = 0;
  std::deque<wire::Message> kept_;
};

class TestClient : public TestPeer {
 public:
  explicit TestClient(const std::string& endpoint, const wire::ClientKeys* keys = nullptr)
      : TestPeer(endpoint, keys) {}
  void put_repo(const std::string& name) {
    wire::PutRepo put;
    put.repo.name = name;
    put.repo.url = "file:///nowhere/" + name;
    ask<wire::Done>(put);
  }
  static wire::Submission submission(const std::string& id) {
    wire::Submission s;
    s.id = id;
    s.request_hash = std::string(32, 'h');
    s.repo = "r";
    return s;
  }
  wire::SubmitAck submit(const wire::Submission& s, const std::string& request = "the request") {
    const auto submitted = ask<wire::Submitted>(wire::Submit{{s}, false}, {make_blob(request)});
    EXPECT_EQ(submitted.items.size(), 1u);
    return submitted.items.empty() ? wire::SubmitAck{} : submitted.items[0];
  }
  wire::JobView job(const std::string& id, uint64_t wait_ms = 0, uint64_t after_version = 0) {
    return ask<wire::Job>(wire::GetJob{"default", id, wait_ms, after_version}).job;
  }
};

class TestRunner : public TestPeer {
 public:
  TestRunner(const std::string& endpoint, const std::string& name, uint64_t slots,
             std::vector<wire::LeaseRef> held = {}, const wire::ClientKeys* keys = nullptr)
      : TestPeer(endpoint, keys), name_(name), slots_(slots) {
    hello(std::move(held));
  }
  wire::Registered hello(std::vector<wire::LeaseRef> held = {}) {
    wire::Register message;
    message.instance = name_;
    message.secret = std::string(16, 's');
    message.session = session_;
    message.slots = slots_;
    message.held = std::move(held);
    return ask<wire::Registered>(message);
  }
  // The next job, with its payload frames.
  wire::Dispatch take(wire::Frames* payloads = nullptr) {
    if (jobs_.empty()) {
      const auto message = next_of<wire::RunJobs>();
      EXPECT_TRUE(message.has_value()) << "no job came";
      if (!message) return {};
      const auto jobs = wire::decode<wire::RunJobs>(*message->body);
      EXPECT_TRUE(jobs.ok());
      size_t at = 0;
      for (const wire::Dispatch& job : jobs->items) {
        wire::Frames own;
        for (size_t n = 0; n <= job.ancestors.size(); ++n) own.push_back(message->payloads[at++]);
        jobs_.emplace_back(job, std::move(own));
      }
      EXPECT_EQ(at, message->payloads.size());
    }
    auto [job, frames] = std::move(jobs_.front());
    jobs_.pop_front();
    if (payloads != nullptr) *payloads = std::move(frames);
    return job;
  }
  wire::ResultStatus finish(const wire::Dispatch& job, wire::Outcome outcome,
                            const std::string& verdict = "verdict", const std::string& diff = "") {
    wire::PutResults results;
    results.session = session_;
    wire::ResultItem& item = results.items.emplace_back();
    item.lease = job.lease;
    item.outcome = outcome;
    item.tree_oid = std::string(40, 'e');
    const auto kept = ask<wire::ResultsKept>(results, {make_blob(verdict), make_blob(diff)});
    return kept.items.empty() ? wire::ResultStatus::kUnknown : kept.items[0].status;
  }
  wire::EventsKept put_events(const wire::Dispatch& job, std::vector<wire::Event> events) {
    for (wire::Event& event : events) event.attempt = job.attempt;
    return ask<wire::EventsKept>(wire::PutEvents{session_, job.lease, std::move(events)});
  }
  uint64_t session() const { return session_; }

 private:
  std::string name_;
  uint64_t slots_;
  uint64_t session_ = static_cast<uint64_t>(wall_now_ms());
  std::deque<std::pair<wire::Dispatch, wire::Frames>> jobs_;
};

// A broker on free ports with a scratch directory, over each kind of store.
class ShellTest : public ::testing::Test {
 protected:
  ShellTest() {
    std::string name = (std::filesystem::temp_directory_path() / "ghost-shell-XXXXXX").string();
    dir_ = mkdtemp(name.data());
    options_.data = dir_ + "/data";
    options_.clients = "tcp://127.0.0.1:0";
    options_.runners = "tcp://127.0.0.1:0";
    options_.reserve_bytes = 1 << 20;
    options_.log_level = "error";
  }
  ~ShellTest() override {
    broker_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  void start() {
    broker_.reset();
    broker_.emplace(options_);
    ASSERT_EQ(broker_->error().message, "");
  }
  std::string dir_;
  ProgramOptions options_;
  std::optional<BrokerThread> broker_;
};

}  // namespace ghost::broker
