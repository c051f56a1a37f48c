#include "bench/patch_broker.h"

#include "base/time.h"
#include "bench/measure.h"

namespace ghost::bench {
namespace {

constexpr uint64_t kEpoch = 1, kLeaseMs = 60'000;
constexpr int64_t kPatienceMs = 120'000;

}  // namespace

PatchBroker::PatchBroker(wire::Context& context) : socket_(context, wire::Socket::Type::kRouter) {
  auto bound = socket_.bind("tcp://127.0.0.1:0");
  if (!bound) fail(bound.error().message);
  endpoint_ = *bound;
}

template <typename T>
void PatchBroker::answer(uint64_t correlation, const T& body, wire::Frames payloads) {
  if (socket_.send(runner_, wire::pack(correlation, body, std::move(payloads))) !=
      wire::SendStatus::kSent) {
    fail("the runner takes no message");
  }
}

void PatchBroker::wait_for_runner() {
  const int64_t deadline_us = now_us() + kPatienceMs * 1000;
  while (runner_.empty()) {
    if (now_us() > deadline_us) fail("no runner has registered");
    receive(1000);
  }
}

void PatchBroker::give(PatchJob job) {
  wire::RunJobs message;
  message.seq = ++seq_;
  message.epoch = kEpoch;
  wire::Dispatch& d = message.items.emplace_back();
  d.lease = {++jobs_, kEpoch, jobs_};
  d.id = std::to_string(jobs_);
  d.tenant = "default";
  d.attempt = 1;
  d.repo = std::move(job.repo);
  d.ref = std::move(job.ref);
  d.accepted_ms = wall_now_ms();
  d.lease_ms = kLeaseMs;
  const Blob request = make_blob(encode(job.request));
  sent_us_[jobs_] = now_us();
  answer(0, message, {request});
}

void PatchBroker::run(size_t count, size_t in_flight, const std::function<PatchJob(size_t)>& next,
                      const std::function<void(const PatchDone&)>& done) {
  size_t given = 0, ended = 0;
  while (ended < count) {
    while (given < count && given - ended < in_flight) give(next(given++));
    receive(1000);
    for (; !done_.empty(); done_.pop_front(), ++ended) done(done_.front());
    for (const auto& [job, sent_us] : sent_us_) {
      if (now_us() - sent_us > kPatienceMs * 1000) fail("a job does not end");
    }
  }
}

void PatchBroker::receive(int64_t timeout_ms) {
  std::vector<wire::PollItem> items{{&socket_}};
  wire::poll(items, timeout_ms);
  while (auto in = socket_.receive()) {
    runner_ = in->peer;
    uint64_t correlation = 0;
    auto message = wire::unpack(std::move(in->frames), &correlation);
    if (!message) fail(message.error().message);
    handle(*message);
  }
}

void PatchBroker::handle(const wire::Message& message) {
  const uint64_t correlation = message.header.correlation;
  const std::string& kind = message.header.kind;
  if (kind == wire::Register::kKind) {
    const auto m = wire::decode<wire::Register>(*message.body);
    wire::Registered out;
    out.epoch = kEpoch;
    out.session = m->session;
    out.heartbeat_ms = kLeaseMs / 3;
    out.lease_ms = kLeaseMs;
    out.slots = m->slots;
    answer(correlation, out);
  } else if (kind == wire::Heartbeat::kKind) {
    const auto m = wire::decode<wire::Heartbeat>(*message.body);
    wire::HeartbeatAck out;
    out.epoch = kEpoch;
    out.sent_ms = m->sent_ms;
    out.slots = m->slots;
    answer(correlation, out);
  } else if (kind == wire::BaseResolved::kKind) {
    const auto m = wire::decode<wire::BaseResolved>(*message.body);
    answer(correlation, wire::BaseKept{m->lease, m->commit});
  } else if (kind == wire::PutEvents::kKind) {
    const auto m = wire::decode<wire::PutEvents>(*message.body);
    wire::EventsKept out;
    out.lease = m->lease;
    for (const wire::Event& e : m->items) {
      const uint64_t size = e.data ? e.data->size() : 0;
      const bool output = e.stream == wire::Stream::kStdout || e.stream == wire::Stream::kStderr;
      out.offsets[std::string(to_string(e.stream))] = e.offset + (output ? size + e.skipped : 1);
    }
    answer(correlation, out);
  } else if (kind == wire::PutResults::kKind) {
    const auto m = wire::decode<wire::PutResults>(*message.body);
    const int64_t at_us = now_us();
    wire::ResultsKept out;
    for (size_t i = 0; i < m->items.size(); ++i) {
      const wire::ResultItem& item = m->items[i];
      out.items.push_back({item.lease, wire::ResultStatus::kCommitted});
      const auto sent = sent_us_.find(item.lease.job);
      if (sent == sent_us_.end()) continue;  // said again
      auto verdict = wire::decode<wire::Verdict>(*message.payloads[2 * i]);
      if (!verdict) fail(verdict.error().message);
      done_.push_back({item.lease.job, at_us - sent->second, item, std::move(*verdict)});
      sent_us_.erase(sent);
    }
    answer(correlation, out);
  } else {
    fail("unexpected message " + kind);
  }
}

}  // namespace ghost::bench
