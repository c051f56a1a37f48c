// Load for Ghost, in the protocol that every client and runner speaks.
//   submit CLIENTS JOBS IN_FLIGHT [BATCH]  jobs of 1 KiB; ends when all have ended
//   fill CLIENTS JOBS IN_FLIGHT [BATCH]    jobs that no worker may take; ends when all are accepted
//   work RUNNERS SLOTS NAME                gives a 64-byte result at once, until killed
// The repository "bench" must be in the catalogue (`submit` and `fill` put it there).
#include <cstring>
#include <map>

#include "base/ids.h"
#include "base/time.h"
#include "bench/measure.h"
#include "wire/socket.h"

namespace ghost::bench {
namespace {

using wire::Frames;
using wire::Message;
using wire::Socket;

class Link {
 public:
  explicit Link(const std::string& endpoint) : socket_(context_, Socket::Type::kDealer) {
    if (!socket_.connect(endpoint)) fail("cannot connect to " + endpoint);
  }
  template <typename T>
  void send(uint64_t correlation, const T& message, Frames payloads = {}) {
    if (socket_.send("", wire::pack(correlation, message, std::move(payloads))) !=
        wire::SendStatus::kSent) {
      fail("cannot send");
    }
  }
  std::optional<Message> receive() {
    auto incoming = socket_.receive();
    if (!incoming) return std::nullopt;
    uint64_t correlation = 0;
    auto message = wire::unpack(std::move(incoming->frames), &correlation);
    if (!message) fail(message.error().message);
    if (message->header.kind == wire::Failure::kKind) {
      fail(wire::decode<wire::Failure>(*message->body)->error.detail);
    }
    return std::move(*message);
  }
  Message wait() {
    while (true) {
      if (auto message = receive()) return std::move(*message);
      wait_readable(60'000);
    }
  }
  void wait_readable(int64_t ms) {
    std::vector<wire::PollItem> items{{&socket_}};
    wire::poll(items, ms);
  }

 private:
  wire::Context context_;
  Socket socket_;
};

std::string job_id(const std::string& run, size_t index) {
  return run + "." + std::to_string(index);
}

class Submitter {
 public:
  Submitter(const std::string& endpoint, size_t jobs, size_t in_flight, size_t batch, bool follow)
      : link_(endpoint),
        jobs_(jobs),
        in_flight_(in_flight),
        batch_(batch),
        follow_(follow),
        run_(mint_ulid(wall_now_ms())),
        sent_us_(jobs),
        measure_(jobs) {}

  int run() {
    wire::PutRepo repo;
    repo.repo.name = "bench";
    repo.repo.url = "file:///nowhere";
    link_.send(1, repo);
    link_.wait();
    measure_ = Measure(jobs_);
    while (measure_.count() < jobs_) {
      fill();
      bool any = false;
      while (auto message = link_.receive()) {
        take(*message);
        any = true;
      }
      if (!any) link_.wait_readable(60'000);
    }
    measure_.print();
    return 0;
  }

 private:
  void fill() {
    while (sent_ < jobs_ && sent_ - measure_.count() < in_flight_) {
      const size_t room = in_flight_ - (sent_ - measure_.count());
      wire::Submit submit;
      submit.notify = follow_;
      Frames payloads;
      for (size_t n = std::min({batch_, room, jobs_ - sent_}); n > 0; --n, ++sent_) {
        wire::Submission& item = submit.items.emplace_back();
        item.id = job_id(run_, sent_);
        item.request_hash = std::string(32, 'h');
        item.repo = "bench";
        if (!follow_) {
          item.lane = "waiting";
          item.requires_["bench"] = "nobody";
        }
        payloads.push_back(payload_);
        sent_us_[sent_] = now_us();
      }
      link_.send(2, submit, std::move(payloads));
    }
  }

  void ended(const std::string& id) {
    measure_.done(sent_us_[std::strtoull(id.c_str() + run_.size() + 1, nullptr, 10)]);
  }

  void take(const Message& message) {
    if (message.header.kind == wire::Submitted::kKind) {
      const auto submitted = wire::decode<wire::Submitted>(*message.body);
      for (const auto& item : submitted->items) {
        if (item.status != wire::SubmitStatus::kAccepted) fail("refused: " + item.error->detail);
        if (!follow_) ended(item.id);
      }
    } else if (message.header.kind == wire::Finished::kKind) {
      const auto finished = wire::decode<wire::Finished>(*message.body);
      for (const auto& item : finished->items) ended(item.id);
    }
  }

  Link link_;
  const size_t jobs_, in_flight_, batch_;
  const bool follow_;
  const std::string run_;
  const Blob payload_ = make_blob(std::string(1024, 'x'));
  size_t sent_ = 0;
  std::vector<int64_t> sent_us_;
  Measure measure_;
};

class Worker {
 public:
  Worker(const std::string& endpoint, uint64_t slots, const std::string& name)
      : link_(endpoint),
        slots_(slots),
        name_(name),
        session_(static_cast<uint64_t>(wall_now_ms())) {}

  [[noreturn]] void run() {
    wire::Register hello;
    hello.instance = name_;
    hello.secret = random_bytes(16);
    hello.session = session_;
    hello.slots = slots_;
    link_.send(1, hello);
    const auto registered = wire::decode<wire::Registered>(*link_.wait().body);
    const int64_t heartbeat_ms = static_cast<int64_t>(registered->heartbeat_ms);
    MonoMs next = mono_now_ms() + heartbeat_ms;
    while (true) {
      while (auto message = link_.receive()) {
        if (message->header.kind == wire::RunJobs::kKind) answer(*message);
      }
      if (mono_now_ms() >= next) {
        next = mono_now_ms() + heartbeat_ms;
        beat();
      }
      link_.wait_readable(std::max<int64_t>(0, next - mono_now_ms()));
    }
  }

 private:
  void answer(const Message& message) {
    const auto jobs = wire::decode<wire::RunJobs>(*message.body);
    seq_ = jobs->seq;
    wire::PutResults results;
    results.session = session_;
    Frames payloads;
    for (const auto& job : jobs->items) {
      wire::ResultItem& item = results.items.emplace_back();
      item.lease = job.lease;
      item.outcome = wire::Outcome::kPassed;
      payloads.push_back(verdict_);
      payloads.push_back(nothing_);
    }
    link_.send(2, results, std::move(payloads));
  }

  void beat() {
    wire::Heartbeat heartbeat;
    heartbeat.session = session_;
    heartbeat.sent_ms = mono_now_ms();
    heartbeat.slots = slots_;
    heartbeat.last_job_seq = seq_;
    link_.send(3, heartbeat);
  }

  Link link_;
  const uint64_t slots_;
  const std::string name_;
  const uint64_t session_;
  uint64_t seq_ = 0;
  const Blob verdict_ = make_blob(std::string(64, 'r'));
  const Blob nothing_ = make_blob("");
};

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  using namespace ghost::bench;
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "submit" || mode == "fill") {
    const size_t in_flight = static_cast<size_t>(number_arg(argc, argv, 4, 1000));
    const size_t batch = static_cast<size_t>(number_arg(argc, argv, 5, 64));
    return Submitter(argv[2], static_cast<size_t>(number_arg(argc, argv, 3, 100000)), in_flight,
                     batch, mode == "submit")
        .run();
  }
  if (mode == "work") {
    Worker(argv[2], static_cast<uint64_t>(number_arg(argc, argv, 3, 500)),
           argc > 4 ? argv[4] : "bench-worker")
        .run();
  }
  fail("usage: submit|fill CLIENTS JOBS IN_FLIGHT [BATCH] | work RUNNERS SLOTS NAME");
}
