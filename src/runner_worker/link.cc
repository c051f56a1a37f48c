#include "runner_worker/link.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "base/log.h"

namespace ghost::runner {
namespace {

constexpr int kMessagesATurn = 1000;

template <typename T>
std::optional<Result<BrokerMessage>> decode_if(const wire::Message& message) {
  if (message.header.kind != T::kKind) return std::nullopt;
  auto body = wire::decode<T>(*message.body);
  if (!body) return Result<BrokerMessage>(body.error());
  return Result<BrokerMessage>(BrokerMessage(std::move(*body)));
}

template <typename... T>
Result<BrokerMessage> decode_one_of(const wire::Message& message, std::variant<T...>*) {
  std::optional<Result<BrokerMessage>> found;
  ((found = decode_if<T>(message), found.has_value()) || ...);
  if (found) return std::move(*found);
  return Error{"unknown_kind", "a runner does not take " + message.header.kind, ""};
}

std::string text(const LeaseRef& lease) {
  return std::to_string(lease.epoch) + "." + std::to_string(lease.n);
}

}  // namespace

Link::Link(wire::Context& context, const LinkOptions& options, const SessionOptions& session,
           Executor& executor, Outbox& outbox)
    : context_(context),
      options_(options),
      broker_(options.broker),
      executor_(executor),
      outbox_(outbox),
      core_(session, mono_now_ms()),
      writer_(1),
      slots_(SessionCore::kSlotsMax) {}

Link::~Link() {
  for (auto& [lease, job] : running_) {
    job.host->stop(StopReason::kLeaseLost);
    job.host->close();
  }
}

Status Link::run() {
  if (Status connected = connect(); !connected) return connected;
  std::vector<std::string> bad;
  for (OutboxLoaded& item : outbox_.load(&bad)) {
    log::info("result of an earlier run", {{"job", item.item.lease.job}});
    step(std::move(item));
  }
  for (const std::string& file : bad) log::warn("outbox file set aside", {{"file", file}});
  step(Tick{});
  while (!stopped_) {
    wait();
    // What the broker said is heard before anything is given up for lack of hearing.
    if (connection_changed_) read_connections();
    if (broker_spoke_) read_broker();
    read_mailbox();
    read_stop_orders();
    step(Tick{});
    if (options_.on_turn) options_.on_turn();
  }
  return *stopped_;
}

void Link::wait() {
  MonoMs timeout = options_.turn_ms_max;
  const MonoMs now = mono_now_ms();
  if (core_.next_deadline() != SessionCore::kNever) {
    timeout = std::clamp<MonoMs>(core_.next_deadline() - now, 0, timeout);
  }
  if (!mailbox_.sleep_until(now + timeout)) timeout = 0;
  std::vector<wire::PollItem> items{{&*socket_}, {&socket_->watched()}, {nullptr, mailbox_.fd()}};
  if (options_.stop_fd >= 0) items.push_back({nullptr, options_.stop_fd});
  wire::poll(items, timeout);
  // Asking a socket that has nothing costs more than most turns do.
  broker_spoke_ = items[0].readable;
  connection_changed_ = items[1].readable;
}

// ------------------------------------------------------------------------------------ what comes

Status Link::connect() {
  socket_.reset();
  wire::SocketOptions options;
  options.linger_ms = 200;  // for a Goodbye; everything else is said again
  socket_.emplace(context_, wire::Socket::Type::kDealer, options);
  connections_ = 0;
  if (Status watched = socket_->watch_connections(context_); !watched) return watched;
  return socket_->connect(broker_.endpoint, broker_.keys ? &*broker_.keys : nullptr);
}

void Link::move(const wire::Address& to) {
  if (!broker_.keys) return;
  if (broker_.endpoint == to.endpoint && broker_.keys->broker_key == to.broker_key) return;
  log::info("the broker moves", {{"endpoint", to.endpoint}, {"key", to.broker_key.substr(0, 16)}});
  if (options_.on_moved) options_.on_moved(to);
  broker_.endpoint = to.endpoint;
  broker_.keys->broker_key = to.broker_key;
  if (Status s = connect(); !s) log::error("cannot connect", {{"reason", s.error().message}});
  step(ConnectionReset{});
}

void Link::read_connections() {
  while (socket_->watched().receive()) {
    if (++connections_ > 1) step(ConnectionReset{});
  }
}

void Link::read_broker() {
  for (int i = 0; i < kMessagesATurn && !stopped_; ++i) {
    std::optional<wire::Incoming> in = socket_->receive();
    if (!in) return;
    uint64_t correlation = 0;
    auto message = wire::unpack(std::move(in->frames), &correlation);
    if (!message) {
      log::warn("message ignored", {{"reason", message.error().message}});
      continue;
    }
    auto body = decode_one_of(*message, static_cast<BrokerMessage*>(nullptr));
    if (!body) {
      log::warn("message ignored",
                {{"kind", message->header.kind}, {"reason", body.error().message}});
      continue;
    }
    std::optional<wire::Address> to;
    std::visit(
        [&](auto& m) {
          if constexpr (requires { m.move; }) to = std::move(m.move);
          if constexpr (requires { m.joined; }) joined_ = m.joined;
        },
        *body);
    step(FromBroker{correlation, std::move(*body), std::move(message->payloads)});
    if (to) move(*to);
  }
}

void Link::read_stop_orders() {
  eventfd_t orders = 0;
  if (options_.stop_fd < 0 || ::eventfd_read(options_.stop_fd, &orders) != 0) return;
  for (; orders > 0; --orders) {
    step(DrainAsked{drain_asked_});
    drain_asked_ = true;
  }
}

void Link::read_mailbox() {
  for (SessionEvent& event : mailbox_.take()) {
    if (const auto* finished = std::get_if<SlotFinished>(&event)) {
      const auto job = running_.find(finished->item.lease);
      log::info("job finished", {{"job", job->second.id},
                                 {"lease", text(finished->item.lease)},
                                 {"outcome", to_string(finished->item.outcome)}});
      running_.erase(job);
    }
    step(std::move(event));
  }
}

void Link::step(SessionEvent event) {
  for (SessionAction& action : core_.step(mono_now_ms(), std::move(event))) {
    std::visit([this](auto& a) { on(a); }, action);
  }
  if (core_.registered() && !was_registered_ && options_.on_registered) options_.on_registered();
  was_registered_ = core_.registered();
}

// ----------------------------------------------------------------------------------- what is done

void Link::on(Send& action) {
  wire::Frames frames;
  if (auto* results = std::get_if<wire::PutResults>(&action.body)) {
    frames = result_frames(action.correlation, *results);
    if (frames.empty()) return;
  } else {
    frames = std::visit(
        [&](const auto& m) {
          return wire::pack(action.correlation, m, std::move(action.payloads));
        },
        action.body);
  }
  // A queue that is full means a connection that is stuck: the session repeats what matters.
  if (socket_->send("", frames) != wire::SendStatus::kSent) {
    log::warn("connection takes no more messages");
  }
}

// An item whose payloads cannot be read is left out and tried again with the next repeat.
wire::Frames Link::result_frames(uint64_t correlation, wire::PutResults& message) {
  wire::Frames payloads;
  std::vector<wire::ResultItem> items;
  for (wire::ResultItem& item : message.items) {
    auto found = outbox_.payloads(item.lease);
    if (!found) {
      log::error("result cannot be read back",
                 {{"job", item.lease.job}, {"reason", found.error().message}});
      continue;
    }
    payloads.push_back(std::move(found->verdict));
    payloads.push_back(std::move(found->diff));
    items.push_back(std::move(item));
  }
  if (items.empty()) return {};
  message.items = std::move(items);
  return wire::pack(correlation, message, std::move(payloads),
                    joined_ ? wire::Payloads::kJoined : wire::Payloads::kApart);
}

void Link::on(Reconnect&) {
  if (Status connected = connect(); !connected) {
    log::error("cannot connect", {{"reason", connected.error().message}});
  }
}

void Link::on(StartJob& action) {
  const wire::Dispatch& dispatch = action.input.dispatch;
  auto host = std::make_shared<SlotHost>(dispatch.lease, action.lease_until, mailbox_);
  running_[dispatch.lease] = {dispatch.id, host};
  log::info("job started",
            {{"job", dispatch.id}, {"lease", text(dispatch.lease)}, {"attempt", dispatch.attempt}});
  auto input = std::make_shared<JobInput>(std::move(action.input));
  slots_.run([this, host, input] { mailbox_.post(run_job(executor_, *input, *host)); });
}

SlotHost* Link::host_of(const LeaseRef& lease) {
  const auto found = running_.find(lease);
  return found == running_.end() ? nullptr : found->second.host.get();
}

void Link::on(StopJob& action) {
  const auto found = running_.find(action.lease);
  if (found == running_.end()) return;
  const char* reason = action.reason == StopReason::kCancelled ? "cancelled"
                       : action.reason == StopReason::kExpired ? "deadline"
                                                               : "lease over";
  log::info("job is stopped", {{"job", found->second.id}, {"reason", reason}});
  found->second.host->stop(action.reason);
}

void Link::on(LeaseExtended& action) {
  if (SlotHost* host = host_of(action.lease)) host->extend(action.until);
}

void Link::on(OutputKept& action) {
  if (SlotHost* host = host_of(action.lease)) host->kept(action.cost);
}

void Link::on(AnswerBase& action) {
  if (SlotHost* host = host_of(action.lease)) host->answer(action);
}

void Link::on(AnswerDelivery& action) {
  if (SlotHost* host = host_of(action.lease)) host->answer(action);
}

void Link::on(AnswerArtifact& action) {
  if (SlotHost* host = host_of(action.lease)) host->answer(action);
}

void Link::on(WriteOutbox& action) {
  auto item =
      std::make_shared<OutboxItem>(OutboxItem{std::move(action.item), std::move(action.verdict),
                                              std::move(action.diff), std::move(action.events)});
  outbox_.hold(*item);
  writer_.run([this, item] {
    const Status written = outbox_.put(*item);
    if (!written) log::error("outbox", {{"reason", written.error().message}});
    mailbox_.post(OutboxWritten{item->item.lease, written.ok()});
  });
}

void Link::on(RemoveOutbox& action) {
  outbox_.remove(action.lease);
}

void Link::on(Notice& action) {
  const auto write = action.warn ? log::warn : log::info;
  if (action.detail.empty()) {
    write(action.event, {});
  } else {
    write(action.event, {{"detail", action.detail}});
  }
}

void Link::on(Stopped& action) {
  stopped_ = std::move(action.status);
  // Nothing answers any more; the executors leave by their stop_fd and are joined.
  for (auto& [lease, job] : running_) job.host->close();
}

}  // namespace ghost::runner
