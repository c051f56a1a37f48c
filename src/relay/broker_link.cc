#include "relay/broker_link.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <unordered_map>

#include "base/log.h"
#include "relay/pending.h"
#include "wire/errors.gen.h"
#include "wire/socket.h"

namespace ghost::relay {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kMessagesATurn = 1000;  // then HTTP gets its turn
// Of one message; the broker works on one while the next is made.
constexpr size_t kBatchItemsMax = 32;
constexpr size_t kBatchBytesMax = 1 << 20;
constexpr std::chrono::milliseconds kHeldMax{5};
constexpr MonoMs kNever = INT64_MAX;
constexpr MonoMs kConnectAgainMs = 5'000;

// Only these are mere reads: for all others a missing answer means that the outcome is unknown.
bool is_read(std::string_view kind) {
  return kind.starts_with("Get") || kind.starts_with("List") || kind.starts_with("Next") ||
         kind.starts_with("Check");
}

struct Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : signal(executor) {
    signal.expires_at(asio::steady_timer::time_point::max());
  }
  asio::steady_timer signal;  // cancelled when the answer is there
  bool done = false;
  bool long_wait = false;
  Error error;
  wire::Message answer;

  void fail(Error e) {
    error = std::move(e);
    finish();
  }
  void finish() {
    done = true;
    signal.cancel();
  }
};

}  // namespace

struct BrokerLink::Impl : std::enable_shared_from_this<BrokerLink::Impl> {
  Impl(asio::any_io_executor e, BrokerLinkOptions o)
      : executor(std::move(e)),
        options(std::move(o)),
        socket(context, wire::Socket::Type::kDealer),
        pending(pending_options(options), mono_now_ms()),
        descriptor(executor),
        timer(executor),
        contact(executor) {
    contact.expires_at(asio::steady_timer::time_point::max());
  }

  static PendingOptions pending_options(const BrokerLinkOptions& o) {
    PendingOptions out;
    out.timeout_ms = o.timeout_ms;
    out.silence_ms = o.silence_ms;
    out.hello_ms = std::min<int64_t>(out.hello_ms, std::max<int64_t>(50, o.silence_ms / 4));
    return out;
  }

  void watch_socket();
  void arm_timer();
  void turn();
  void send_due();
  wire::Frames hello() const;
  void receive_some();
  void on_message(wire::Frames frames);
  void on_welcome(const wire::Message& message);
  Status connect_socket();
  void connect_again();
  void move(const wire::Address& to);

  asio::any_io_executor executor;
  BrokerLinkOptions options;
  wire::Context context;
  wire::Socket socket;
  Pending pending;
  asio::posix::stream_descriptor descriptor;  // libzmq's: released, never closed
  asio::steady_timer timer;
  MonoMs armed_for = kNever;
  MonoMs connect_again_at = 0;  // with keys: libzmq does not try again after a refusal
  asio::steady_timer contact;   // cancelled at the first Welcome
  std::unordered_map<uint64_t, std::shared_ptr<Waiter>> waiters;
  std::map<std::string, uint64_t> limits;
  bool joined = false;   // the broker takes joined payloads
  size_t items_out = 0;  // in batches that wait for their answer
  std::deque<std::shared_ptr<Batch>> held;
  std::string version;
  bool stopped = false, waits_ended = false, turn_posted = false, was_alive = false;
  Figures figures;
};

// The descriptor is edge-triggered: after each wake, and after each send, readable() is asked until
// it says no (libzmq #3641).
void BrokerLink::Impl::watch_socket() {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](error_code ec) {
                          if (ec || self->stopped) return;
                          self->turn();
                          self->watch_socket();
                        });
}

void BrokerLink::Impl::arm_timer() {
  const MonoMs next = pending.next_deadline();
  if (next >= armed_for) return;
  armed_for = next;
  timer.expires_after(std::chrono::milliseconds(std::max<int64_t>(0, next - mono_now_ms())));
  timer.async_wait([self = shared_from_this()](error_code ec) {
    if (ec || self->stopped) return;
    self->armed_for = kNever;
    self->turn();
  });
}

void BrokerLink::Impl::turn() {
  receive_some();
  for (Pending::Expired& expired : pending.tick(mono_now_ms())) {
    ++figures.timed_out;
    const auto at = waiters.find(expired.correlation);
    if (at != waiters.end()) at->second->fail(std::move(expired.error));
  }
  connect_again();
  send_due();
  const bool is_alive = pending.alive(mono_now_ms());
  if (was_alive && !is_alive)
    log::warn("broker is silent", {{"endpoint", options.broker.endpoint}});
  was_alive = is_alive;
  arm_timer();
}

wire::Frames BrokerLink::Impl::hello() const {
  return wire::pack(0, wire::Hello{options.program,
                                   {wire::kProtocolsSpoken.begin(), wire::kProtocolsSpoken.end()}});
}

void BrokerLink::Impl::send_due() {
  for (const auto& frames : pending.take_sends()) {
    // What cannot be sent now is repeated later, like everything that gets lost.
    (void)socket.send("", frames ? *frames : hello());
  }
  if (!socket.readable() || turn_posted) return;
  turn_posted = true;
  asio::post(executor, [self = shared_from_this()] {
    self->turn_posted = false;
    if (!self->stopped) self->turn();
  });
}

void BrokerLink::Impl::receive_some() {
  for (int i = 0; i < kMessagesATurn; ++i) {
    std::optional<wire::Incoming> in = socket.receive();
    if (!in) return;
    on_message(std::move(in->frames));
  }
}

void BrokerLink::Impl::on_message(wire::Frames frames) {
  uint64_t correlation = 0;
  Result<wire::Message> message = wire::unpack(std::move(frames), &correlation);
  if (!message) {
    log::warn("unreadable message of the broker", {{"error", message.error().message}});
    return;
  }
  if (message->header.kind == wire::Welcome::kKind) return on_welcome(*message);
  if (correlation == 0 && message->header.kind == wire::Failure::kKind) {
    const auto failure = wire::decode<wire::Failure>(*message->body);
    log::warn("the broker refuses this relay",
              {{"error", failure ? failure->error.detail : failure.error().message}});
    return;
  }
  if (!pending.on_answer(mono_now_ms(), correlation)) {
    ++figures.unknown_answers;  // of a question that was repeated or given up
    return;
  }
  ++figures.answered;
  const auto at = waiters.find(correlation);
  if (at == waiters.end()) return;
  at->second->answer = std::move(*message);
  at->second->finish();
}

void BrokerLink::Impl::on_welcome(const wire::Message& message) {
  Result<wire::Welcome> welcome = wire::decode<wire::Welcome>(*message.body);
  if (!welcome) {
    log::warn("unreadable Welcome of the broker", {{"error", welcome.error().message}});
    return;
  }
  const MonoMs now = mono_now_ms();
  if (welcome->epoch != pending.epoch() || !was_alive) {
    log::info("broker answers", {{"endpoint", options.broker.endpoint},
                                 {"epoch", welcome->epoch},
                                 {"version", welcome->version}});
  }
  pending.on_welcome(now, welcome->epoch);
  was_alive = true;
  limits = std::move(welcome->limits);
  joined = welcome->joined;
  version = std::move(welcome->version);
  contact.cancel();
  if (welcome->move) move(*welcome->move);
}

Status BrokerLink::Impl::connect_socket() {
  const wire::BrokerAddress& broker = options.broker;
  return socket.connect(broker.endpoint, broker.keys ? &*broker.keys : nullptr);
}

void BrokerLink::Impl::connect_again() {
  const MonoMs now = mono_now_ms();
  if (!options.broker.keys || now < connect_again_at) return;
  if (connect_again_at != 0 && !pending.alive(now)) {
    (void)socket.disconnect(options.broker.endpoint);
    (void)connect_socket();
  }
  connect_again_at = now + kConnectAgainMs;
}

// Questions that were on their way are repeated, like all that get lost.
void BrokerLink::Impl::move(const wire::Address& to) {
  wire::BrokerAddress& broker = options.broker;
  if (!broker.keys) return;
  if (broker.endpoint == to.endpoint && broker.keys->broker_key == to.broker_key) return;
  log::info("the broker moves", {{"endpoint", to.endpoint}, {"key", to.broker_key.substr(0, 16)}});
  if (Status s = wire::follow_move(options.join_file, to); !s) {
    log::error("the broker's new address is not kept", {{"reason", s.error().message}});
  }
  (void)socket.disconnect(broker.endpoint);
  broker.endpoint = to.endpoint;
  broker.keys->broker_key = to.broker_key;
  if (Status s = connect_socket(); !s) {
    log::error("cannot connect", {{"reason", s.error().message}});
  }
}

BrokerLink::BrokerLink(asio::any_io_executor executor, BrokerLinkOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}

BrokerLink::~BrokerLink() {
  stop();
}

Status BrokerLink::connect() {
  if (Status s = impl_->connect_socket(); !s) return s;
  impl_->descriptor.assign(impl_->socket.fd());
  impl_->watch_socket();
  impl_->turn();
  return ok_status();
}

uint64_t BrokerLink::begin_message(std::string_view kind, std::string body, wire::Frames payloads,
                                   int64_t wait_ms, const std::string& subject) {
  Impl& link = *impl_;
  const uint64_t number = link.pending.next_correlation();
  auto waiter = std::make_shared<Waiter>(link.executor);
  waiter->long_wait = wait_ms > 0;
  link.waiters.emplace(number, waiter);
  if (link.stopped || (link.waits_ended && wait_ms > 0)) {
    waiter->fail({"stopping", "the relay is stopping", ""});
    return number;
  }
  ++link.figures.asked;
  const auto as = link.joined ? wire::Payloads::kJoined : wire::Payloads::kApart;
  wire::Frames frames = wire::pack(kind, number, std::move(body), std::move(payloads), as);
  Status added =
      link.pending.add(mono_now_ms(), number, std::move(frames), wait_ms, !is_read(kind), subject);
  if (!added) {
    waiter->fail(added.error());
    return number;
  }
  link.send_due();
  link.arm_timer();
  return number;
}

Task<BrokerLink::Raw> BrokerLink::finish_message(uint64_t number, std::string_view answer_kind) {
  const std::shared_ptr<Impl> link = impl_;
  const auto at = link->waiters.find(number);
  GHOST_CHECK(at != link->waiters.end());
  const std::shared_ptr<Waiter> waiter = at->second;
  if (!waiter->done) {
    error_code ec;
    co_await waiter->signal.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
  link->waiters.erase(number);
  Raw raw;
  raw.error = waiter->error;
  if (!raw.error.code.empty()) {
    if (raw.error.code != "timeout") raw.retry_after_ms = 1000;
    co_return raw;
  }
  wire::Message& answer = waiter->answer;
  if (answer.header.kind == wire::Failure::kKind) {
    Result<wire::Failure> failure = wire::decode<wire::Failure>(*answer.body);
    const wire::ErrorBody body =
        failure ? failure->error : wire::ErrorBody{"internal", "an unreadable failure", "", 0};
    raw.error = {body.code, body.detail, body.field};
    raw.retry_after_ms = body.retry_after_ms;
  } else if (answer.header.kind != answer_kind) {
    raw.error = {"internal", "the broker answered with " + answer.header.kind, ""};
  } else {
    raw.body = std::move(answer.body);
    raw.payloads = std::move(answer.payloads);
  }
  co_return raw;
}

struct BrokerLink::Batch {
  explicit Batch(const asio::any_io_executor& executor) : signal(executor), turn(executor) {
    submit.view = true;
    signal.expires_at(asio::steady_timer::time_point::max());
  }
  void close() {
    full = true;
    turn.cancel();
  }
  wire::Submit submit;
  wire::Frames payloads;
  size_t bytes = 0;
  bool full = false;
  asio::steady_timer signal;  // cancelled when the answer is there
  asio::steady_timer turn;    // while it is held; cancelled when it is to go
  std::optional<Answered<wire::Submitted>> answer;
};

// Who opened a batch sends it, after whoever is ready now has had the time to join. While the
// broker has a full one to work on, a smaller one is held until it is full too or an answer comes,
// as Nagle's algorithm does with segments (RFC 896), though never for long.
Task<void> BrokerLink::lead(std::shared_ptr<Batch> batch) {
  const std::shared_ptr<Impl> link = impl_;
  co_await asio::post(link->executor, asio::use_awaitable);
  if (!batch->full && link->items_out >= kBatchItemsMax) {
    link->held.push_back(batch);
    batch->turn.expires_after(kHeldMax);
    error_code ec;
    co_await batch->turn.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    std::erase(link->held, batch);
  }
  if (open_batch_ == batch) open_batch_ = nullptr;
  const size_t items = batch->submit.items.size();
  link->items_out += items;
  const uint64_t number = begin(batch->submit, batch->payloads);
  batch->answer = co_await finish<wire::Submitted>(number);
  link->items_out -= items;
  if (!link->held.empty()) {
    link->held.front()->turn.cancel();
    link->held.pop_front();
  }
  batch->signal.cancel();
}

namespace {

Answered<wire::SubmitAck> ack_at(Answered<wire::Submitted>& answer, size_t place) {
  if (!answer.ok()) return {answer.value.error(), {}, answer.retry_after_ms};
  if (place >= answer.value->items.size()) {
    return {Error{"internal", "the broker's answer does not fit", ""}, {}, 0};
  }
  return {std::move(answer.value->items[place]), {}, 0};
}

}  // namespace

Task<Answered<wire::SubmitAck>> BrokerLink::submit(wire::Submission item, Blob payload) {
  const size_t bytes = payload->size();
  const bool fits =
      open_batch_ && !open_batch_->full && open_batch_->bytes + bytes <= kBatchBytesMax;
  if (!fits) {
    if (open_batch_) open_batch_->close();
    open_batch_ = std::make_shared<Batch>(impl_->executor);
  }
  const std::shared_ptr<Batch> batch = open_batch_;
  const size_t place = batch->submit.items.size();
  batch->bytes += bytes;
  batch->submit.items.push_back(std::move(item));
  batch->payloads.push_back(std::move(payload));
  if (batch->submit.items.size() == kBatchItemsMax) batch->close();
  if (!fits) {
    co_await lead(batch);
  } else if (!batch->answer) {
    error_code ec;
    co_await batch->signal.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
  Answered<wire::Submitted>& all = *batch->answer;
  if (!all.ok() && batch->submit.items.size() > 1 &&
      !wire::error_info(all.value.error().code).retry) {
    // The message was refused as a whole, perhaps for another's sake: alone it is only its own.
    wire::Submit own;
    own.view = true;
    own.items.push_back(batch->submit.items[place]);
    const uint64_t number = begin(own, {batch->payloads[place]});
    Answered<wire::Submitted> answer = co_await finish<wire::Submitted>(number);
    co_return ack_at(answer, 0);
  }
  co_return ack_at(all, place);
}

bool BrokerLink::alive() const {
  return !impl_->stopped && impl_->pending.alive(mono_now_ms());
}

Task<void> BrokerLink::first_contact() {
  const std::shared_ptr<Impl> link = impl_;
  if (link->pending.epoch() != 0 || link->stopped) co_return;
  error_code ec;
  co_await link->contact.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

const std::map<std::string, uint64_t>& BrokerLink::broker_limits() const {
  return impl_->limits;
}

const std::string& BrokerLink::broker_version() const {
  return impl_->version;
}

void BrokerLink::end_waits() {
  impl_->waits_ended = true;
  for (auto& [number, waiter] : impl_->waiters) {
    if (!waiter->long_wait || waiter->done) continue;
    impl_->pending.forget(number);
    waiter->fail({"stopping", "the relay is stopping", ""});
  }
}

void BrokerLink::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  for (auto& [number, waiter] : impl_->waiters) {
    if (!waiter->done) waiter->fail({"stopping", "the relay is stopping", ""});
  }
  impl_->contact.cancel();
  impl_->timer.cancel();
  if (impl_->descriptor.is_open()) impl_->descriptor.release();
}

BrokerLink::Figures BrokerLink::figures() const {
  Figures out = impl_->figures;
  out.pending = impl_->pending.size();
  out.repeated = impl_->pending.repeats();
  out.epoch = impl_->pending.epoch();
  return out;
}

}  // namespace ghost::relay
