// Who may call, and how often: bearer tokens (RFC 6750) that the broker keeps, in the relay only as
// long as kFreshMs, so that any number of relays agree and a revoked token is refused within a
// second. While the broker is away, what was known last counts for kAwayMs. The loop's thread only.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/rate_bucket.h"
#include "relay/broker_link.h"

namespace ghost::relay {

class Auth {
 public:
  // `always`: even where the farm has no tokens, nobody may call without one.
  Auth(BrokerLink& link, bool always) : link_(link), always_(always) {}

  // Whether check() could only say "unavailable" yet: ask() first. Cheap.
  bool must_ask(const Request& request) const;
  Task<void> ask(Request& request);

  // Sets the request's actor, tenant and scopes. Error codes unauthorized, unavailable; what is
  // really wrong is in the log alone.
  Status check(Request& request);
  // Error codes forbidden, rate_limited, with *retry_after_ms.
  Status allows(const Request& request, wire::Scope scope, uint64_t* retry_after_ms);
  // RateLimit-Limit, -Remaining and -Reset, where the tenant has a rate: the fields of
  // draft-ietf-httpapi-ratelimit-headers up to version 07, which is what clients read today.
  void tell_rate(const Request& request, Response* response) const;
  // Writes down what was refused and why; what is said to the client is less.
  void note_refusal(const Request& request, const std::string& reason, const std::string& detail);

  // Whether the farm has tokens. Error codes of the question to the broker.
  Task<Result<bool>> farm_has_tokens();
  // Asks again what was used lately and what `in_use` names (tokens of calls that go on). `refused`
  // gets each of these that is good no more. Until `stop` is true.
  Task<void> keep_fresh(const bool& stop, std::function<std::vector<std::string>()> in_use,
                        std::function<void(const std::string&)> refused);

  // Calls refused, by reason.
  const std::map<std::string, uint64_t>& refusals() const { return refusals_; }

  static constexpr int64_t kFreshMs = 500, kRefreshMs = 250, kAwayMs = 60'000;

 private:
  struct Known {
    std::optional<wire::BearerToken> token;  // none: it is no good
    unsigned scopes = 0;
    MonoMs asked_at = 0, used_at = 0;
  };
  bool fresh(MonoMs asked_at, const Request& request) const;
  Task<void> ask_for_all();
  Task<Status> ask_broker(std::vector<std::string> ids);
  void take(const std::vector<std::string>& ids, const wire::TokensChecked& answer, MonoMs now);
  void make_room();
  Status refuse(const Request& request, const std::string& reason);

  BrokerLink& link_;
  const bool always_;
  bool asked_ = true;                                   // the farm has tokens
  MonoMs asked_at_ = INT64_MIN;                         // when the broker said so
  std::unordered_map<std::string, Known> known_;        // by public part
  std::unordered_map<std::string, RateBucket> limits_;  // by tenant
  MonoMs called_at_ = INT64_MIN / 2;
  std::deque<std::string> wanted_;  // for the next questions, each id once, as they came
  std::unordered_set<std::string> is_wanted_;
  bool asking_ = false, answered_well_ = true;
  uint64_t answers_ = 0;
  std::optional<boost::asio::steady_timer> answered_;  // cancelled with each answer
  std::map<std::string, uint64_t> refusals_;
  RateBucket log_{600};
};

}  // namespace ghost::relay
