// Load for Ghost, in the protocol that every client and runner speaks.
//   submit CLIENTS JOBS IN_FLIGHT [BATCH]       jobs of 1 KiB; ends when all have ended
//   fill CLIENTS JOBS IN_FLIGHT [BATCH] [ready] ends when all are accepted; jobs that no worker may
//                                               take, or ("ready") any
//   burst CLIENTS JOBS SECONDS                  sends evenly over SECONDS whatever comes back;
//                                               ends when all are answered
//   work RUNNERS SLOTS NAME [JOBS]              gives a 64-byte result at once, until killed; after
//                                               JOBS it tells how long a slot waited for its next
// The repository "bench" is put into the catalogue by whoever submits.
#include <cstring>
#include <map>

#include "bench/link.h"

namespace ghost::bench {
namespace {

std::string job_id(const std::string& run, size_t index) {
  return run + "." + std::to_string(index);
}

enum class Mode { kFollow, kFill, kFillReady, kBurst };

class Submitter {
 public:
  Submitter(const std::string& endpoint, size_t jobs, size_t in_flight, size_t batch, Mode mode)
      : link_(endpoint),
        jobs_(jobs),
        in_flight_(in_flight),
        batch_(batch),
        mode_(mode),
        run_(mint_ulid(wall_now_ms())),
        sent_us_(jobs),
        ended_(jobs),
        measure_(jobs) {}

  int run() {
    put_repo(link_);
    measure_ = Measure(jobs_);
    while (measure_.count() < jobs_) {
      while (sent_ < jobs_ && sent_ - measure_.count() < in_flight_) {
        send(std::min({batch_, in_flight_ - (sent_ - measure_.count()), jobs_ - sent_}));
      }
      if (!take_all()) link_.wait_readable(60'000);
    }
    measure_.print();
    return 0;
  }

  int burst(double seconds) {
    put_repo(link_);
    measure_ = Measure(jobs_);
    const int64_t begin = now_us();
    int64_t sent_all = 0;
    while (measure_.count() < jobs_) {
      const double passed = static_cast<double>(now_us() - begin) / 1e6;
      const size_t due = std::min(
          jobs_, static_cast<size_t>(static_cast<double>(jobs_) * passed / seconds) + batch_);
      while (sent_ < due) send(std::min(batch_, due - sent_));
      if (sent_ == jobs_ && sent_all == 0) sent_all = now_us() - begin;
      if (!take_all()) link_.wait_readable(sent_ < jobs_ ? 1 : 60'000);
    }
    std::printf("{\"sent_s\": %.3f, \"answered_s\": %.3f, \"accepted\": %zu, \"refused\": %zu, ",
                static_cast<double>(sent_all) / 1e6, static_cast<double>(now_us() - begin) / 1e6,
                jobs_ - refused_, refused_);
    std::printf("\"max_us\": %ld}\n", measure_.at(1.0));
    return 0;
  }

 private:
  void send(size_t count) {
    wire::Submit submit;
    submit.notify = mode_ == Mode::kFollow;
    submit.items.reserve(count);
    Frames payloads;
    payloads.reserve(count);
    for (; count > 0; --count, ++sent_) {
      wire::Submission& item = submit.items.emplace_back();
      item.id = job_id(run_, sent_);
      item.request_hash = std::string(32, 'h');
      item.repo = "bench";
      if (mode_ == Mode::kFill) {
        item.lane = "waiting";
        item.requires_["bench"] = "nobody";
      }
      payloads.push_back(payload_);
      sent_us_[sent_] = now_us();
    }
    link_.send(2, submit, std::move(payloads));
  }

  void ended(const std::string& id) {
    const size_t index = std::strtoull(id.c_str() + run_.size() + 1, nullptr, 10);
    if (ended_.at(index)) fail("job " + id + " was told of twice");
    ended_[index] = true;
    measure_.done(sent_us_[index]);
  }

  bool take_all() {
    bool any = false;
    while (auto message = link_.receive()) {
      take(*message);
      any = true;
    }
    return any;
  }

  void take(const Message& message) {
    if (message.header.kind == wire::Submitted::kKind) {
      const auto submitted = wire::decode<wire::Submitted>(*message.body);
      for (const auto& item : submitted->items) {
        if (item.status != wire::SubmitStatus::kAccepted) refused(item);
        if (mode_ != Mode::kFollow) ended(item.id);
      }
    } else if (message.header.kind == wire::Finished::kKind) {
      const auto finished = wire::decode<wire::Finished>(*message.body);
      for (const auto& item : finished->items) {
        if (item.state != wire::JobState::kSucceeded) fail("job " + item.id + " did not succeed");
        ended(item.id);
      }
    }
  }

  void refused(const wire::SubmitAck& item) {
    const bool later = item.error && item.error->retry_after_ms > 0;
    if (mode_ != Mode::kBurst || !later) fail("refused: " + item.error->detail);
    ++refused_;
  }

  Link link_;
  const size_t jobs_, in_flight_, batch_;
  const Mode mode_;
  const std::string run_;
  const Blob payload_ = make_blob(std::string(1024, 'x'));
  size_t sent_ = 0, refused_ = 0;
  std::vector<int64_t> sent_us_;
  std::vector<bool> ended_;
  Measure measure_;
};

class Worker {
 public:
  Worker(const std::string& endpoint, uint64_t slots, const std::string& name, size_t jobs)
      : link_(endpoint), session_(link_, name, slots), jobs_(jobs), waits_(jobs) {}

  int run() {
    session_.register_now();
    while (jobs_ == 0 || waits_.count() < jobs_) {
      while (auto message = link_.receive()) {
        if (message->header.kind == wire::RunJobs::kKind) answer(*message);
      }
      session_.beat_when_due();
      link_.wait_readable(session_.ms_to_beat());
    }
    waits_.print();
    return 0;
  }

 private:
  void answer(const Message& message) {
    const auto jobs = wire::decode<wire::RunJobs>(*message.body);
    session_.saw(jobs->seq);
    wire::PutResults results;
    results.session = session_.number();
    results.items.reserve(jobs->items.size());
    Frames payloads;
    payloads.reserve(2 * jobs->items.size());
    for (const auto& job : jobs->items) {
      wire::ResultItem& item = results.items.emplace_back();
      item.lease = job.lease;
      item.outcome = wire::Outcome::kPassed;
      payloads.push_back(verdict_);
      payloads.push_back(nothing_);
      if (jobs_ != 0 && freed_us_ != 0) waits_.done(freed_us_);
    }
    freed_us_ = now_us();
    link_.send(2, results, std::move(payloads));
  }

  Link link_;
  Session session_;
  const size_t jobs_;
  Measure waits_;
  int64_t freed_us_ = 0;
  const Blob verdict_ = make_blob(std::string(64, 'r'));
  const Blob nothing_ = make_blob("");
};

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  using namespace ghost::bench;
  const std::string mode = argc > 2 ? argv[1] : "";
  const auto size = [&](int index, int64_t fallback) {
    return static_cast<size_t>(number_arg(argc, argv, index, fallback));
  };
  if (mode == "submit" || mode == "fill") {
    const bool ready = argc > 6 && std::strcmp(argv[6], "ready") == 0;
    const Mode how = mode == "submit" ? Mode::kFollow : ready ? Mode::kFillReady : Mode::kFill;
    return Submitter(argv[2], size(3, 100000), size(4, 1000), size(5, 64), how).run();
  }
  if (mode == "burst") {
    return Submitter(argv[2], size(3, 100000), 0, 64, Mode::kBurst)
        .burst(argc > 4 ? std::atof(argv[4]) : 2);
  }
  if (mode == "work") {
    return Worker(argv[2], size(3, 500), argc > 4 ? argv[4] : "bench-worker", size(5, 0)).run();
  }
  fail(
      "usage: submit|fill CLIENTS JOBS IN_FLIGHT [BATCH] | burst CLIENTS JOBS SECONDS |"
      " work RUNNERS SLOTS NAME [JOBS]");
}
