// The relay's table of awaited replies, and what it knows of the broker's health: a pure core. It
// says what to send (questions, repeats after a reconnect or a new epoch, Hellos) and which
// questions have waited too long. No socket, clock or log inside; time is an argument. One owner.
//
// Repeats keep their correlation and bytes; every request of the protocol may safely be repeated,
// as long as nobody has changed the same thing since: a change with a subject is repeated only
// while it is this table's newest of that subject.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wire/envelope.h"

namespace ghost::relay {

struct PendingOptions {
  int64_t hello_ms = 1'000;     // between Hellos; each is a heartbeat
  int64_t silence_ms = 4'000;   // without any word of the broker: it counts as away
  int64_t resend_ms = 5'000;    // a question without an answer is repeated after so long
  int64_t settle_ms = 500;      // after a silence, time for answers that are on their way
  int64_t timeout_ms = 15'000;  // for an answer, on top of the time that it may wait by itself
  size_t questions_max = 100'000;
};

class Pending {
 public:
  explicit Pending(const PendingOptions& options, MonoMs now);

  uint64_t next_correlation() { return ++last_correlation_; }

  // A question to send: `frames` carry `correlation`; `wait_ms` is how long the broker may take of
  // itself; `changes`: it is no mere read, so that without an answer the outcome is unknown.
  // `subject` names what is set to a new value, if anything is.
  // Error codes: unavailable (the broker is away or the table full); nothing is kept then.
  Status add(MonoMs now, uint64_t correlation, wire::Frames frames, int64_t wait_ms, bool changes,
             const std::string& subject = "");

  // Any message of the broker: true where it answers a question, which is then forgotten.
  bool on_answer(MonoMs now, uint64_t correlation);
  // The answer to a Hello.
  void on_welcome(MonoMs now, uint64_t epoch);

  struct Expired {
    uint64_t correlation;
    Error error;  // timeout or unavailable
  };
  // What has waited too long; also arranges repeats and the next Hello.
  std::vector<Expired> tick(MonoMs now);
  // What is to be sent now, oldest question first. A Hello is a null entry: the shell packs it.
  std::vector<std::optional<wire::Frames>> take_sends();
  // When to tick next.
  MonoMs next_deadline() const;

  // Forgets a question.
  void forget(uint64_t correlation);
  // The broker has spoken lately.
  bool alive(MonoMs now) const { return epoch_ != 0 && now - heard_at_ < options_.silence_ms; }
  uint64_t epoch() const { return epoch_; }  // 0: never heard of one
  size_t size() const { return questions_.size(); }
  uint64_t repeats() const { return repeats_; }

 private:
  struct Question {
    wire::Frames frames;
    MonoMs deadline, resend_at;  // kNever: not repeated any more
    bool changes;
    std::string subject;
  };
  using Due = std::pair<MonoMs, uint64_t>;
  static constexpr MonoMs kNever = INT64_MAX;

  void supersede(const std::string& subject, uint64_t by);
  void schedule_resend(uint64_t correlation, Question* question, MonoMs at);

  PendingOptions options_;
  uint64_t last_correlation_ = 0;
  std::map<uint64_t, Question> questions_;
  std::map<std::string, uint64_t> newest_;  // question of each subject
  std::set<Due> deadlines_, resends_;
  std::vector<uint64_t> to_send_;
  bool hello_to_send_ = false;
  MonoMs hello_at_;
  MonoMs heard_at_;
  uint64_t epoch_ = 0;
  uint64_t repeats_ = 0;
};

}  // namespace ghost::relay
