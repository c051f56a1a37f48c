// The relay's DEALER to the broker as questions that a coroutine awaits: the shell around Pending.
// Lives on the loop's thread; made before and destroyed after everything that asks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>

#include "relay/exchange.h"
#include "relay/subject.h"
#include "wire/envelope.h"
#include "wire/keys.h"
#include "wire/messages.gen.h"

namespace ghost::relay {

struct BrokerLinkOptions {
  wire::BrokerAddress broker;
  std::string join_file;  // follows a move of the broker; empty: none
  std::string program;    // said in Hello
  int64_t timeout_ms = 15'000;
  int64_t silence_ms = 4'000;
};

// An answer of the broker: the message wanted, or an error: the broker's own (with its
// retryAfterMs) or unavailable, timeout, stopping.
template <typename T>
struct Answered {
  Result<T> value;
  wire::Frames payloads;
  uint64_t retry_after_ms = 0;

  bool ok() const { return value.ok(); }
  Response problem() const { return problem_response(value.error(), retry_after_ms); }
};

class BrokerLink {
 public:
  BrokerLink(boost::asio::any_io_executor executor, BrokerLinkOptions options);
  ~BrokerLink();
  BrokerLink(const BrokerLink&) = delete;
  BrokerLink& operator=(const BrokerLink&) = delete;

  Status connect();  // error code io_error: an endpoint that is none

  // Sends; the number is for finish(). Every begin() is followed by one finish().
  template <typename Q>
  uint64_t begin(const Q& question, wire::Frames payloads = {}, int64_t wait_ms = 0) {
    return begin_message(Q::kKind, wire::encode(question), std::move(payloads), wait_ms,
                         subject_of(question));
  }
  template <typename A>
  Task<Answered<A>> finish(uint64_t number) {
    Raw raw = co_await finish_message(number, A::kKind);
    if (!raw.error.code.empty()) co_return Answered<A>{raw.error, {}, raw.retry_after_ms};
    co_return Answered<A>{wire::decode<A>(*raw.body), std::move(raw.payloads), 0};
  }
  // `wait_ms`: how long the question itself lets the broker wait.
  template <typename A, typename Q>
  Task<Answered<A>> ask(Q question, int64_t wait_ms = 0) {
    const uint64_t number = begin(question, {}, wait_ms);
    co_return co_await finish<A>(number);
  }

  // One submission. Those that come in one turn of the loop travel in one message, each with its
  // own answer; `job` of the ack stands as it is kept.
  Task<Answered<wire::SubmitAck>> submit(wire::Submission item, Blob payload);

  bool alive() const;
  // Waits for the first word of a broker.
  Task<void> first_contact();
  // The limits in its last Welcome, and its version.
  const std::map<std::string, uint64_t>& broker_limits() const;
  const std::string& broker_version() const;

  // From now on long waits end at once with `stopping`.
  void end_waits();
  // All questions end with `stopping`; nothing more is sent.
  void stop();

  struct Figures {
    uint64_t asked = 0, answered = 0, repeated = 0, timed_out = 0, unknown_answers = 0;
    size_t pending = 0;
    uint64_t epoch = 0;
  };
  Figures figures() const;

 private:
  struct Raw {
    Error error;  // empty code: none
    uint64_t retry_after_ms = 0;
    Blob body;
    wire::Frames payloads;
  };
  uint64_t begin_message(std::string_view kind, std::string body, wire::Frames payloads,
                         int64_t wait_ms, const std::string& subject);
  Task<Raw> finish_message(uint64_t number, std::string_view answer_kind);
  struct Batch;
  Task<void> lead(std::shared_ptr<Batch> batch);

  struct Impl;
  std::shared_ptr<Impl> impl_;
  std::shared_ptr<Batch> open_batch_;
};

}  // namespace ghost::relay
