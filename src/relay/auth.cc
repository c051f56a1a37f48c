#include "relay/auth.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/bytes.h"
#include "base/log.h"
#include "relay/handlers.h"
#include "wire/token_book.h"

namespace asio = boost::asio;

namespace ghost::relay {
namespace {

constexpr size_t kKnownMax = 60'000;  // more than the broker keeps
constexpr size_t kIdsMax = 1000;      // of one question

unsigned bit(wire::Scope scope) {
  return 1u << static_cast<unsigned>(scope);
}
constexpr unsigned kAllScopes = ~0u;

unsigned scopes_of(const wire::BearerToken& token) {
  unsigned out = 0;
  for (const wire::Scope scope : token.scopes) {
    out |= scope == wire::Scope::kAdmin ? kAllScopes : bit(scope);
  }
  return out;
}

// What stands behind "Bearer"; empty: no single such header.
std::string_view bearer_of(const Request& request) {
  const std::string* header = request.header("authorization");
  if (header == nullptr || request.count("authorization") > 1) return {};
  constexpr std::string_view kScheme = "bearer ";
  if (header->size() < kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = (*header)[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kScheme[i]) return {};
  }
  const size_t begin = header->find_first_not_of(' ', kScheme.size());
  return begin == header->npos ? std::string_view() : std::string_view(*header).substr(begin);
}

}  // namespace

// However slow the broker's answer was, it is good for the calls that waited for it.
bool Auth::fresh(MonoMs asked_at, const Request& request) const {
  if (asked_at == INT64_MIN) return false;
  return asked_at >= request.asked_from ||
         mono_now_ms() - asked_at < (link_.alive() ? kFreshMs : kAwayMs);
}

bool Auth::must_ask(const Request& request) const {
  const std::string_view id = wire::token_id(bearer_of(request));
  if (!fresh(asked_at_, request)) return true;
  if (id.empty()) return false;
  const auto known = known_.find(std::string(id));
  return known == known_.end() || !fresh(known->second.asked_at, request);
}

// However many calls come at a time, one question is on its way, and the next one is for those that
// came meanwhile, in their order: who makes up tokens by the thousand keeps nobody from his turn.
Task<void> Auth::ask(Request& request) {
  const std::string id(wire::token_id(bearer_of(request)));
  const auto executor = co_await asio::this_coro::executor;
  if (!answered_) answered_.emplace(executor, asio::steady_timer::time_point::max());
  request.asked_from = mono_now_ms();
  do {
    if (!id.empty() && is_wanted_.insert(id).second) wanted_.push_back(id);
    const uint64_t seen = answers_;
    if (!asking_) {
      asking_ = true;
      asio::co_spawn(executor, ask_for_all(), asio::detached);
    }
    if (answers_ != seen) continue;  // it could not even be sent
    boost::system::error_code cancelled;
    co_await answered_->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  } while (answered_well_ && must_ask(request));
}

Task<void> Auth::ask_for_all() {
  do {
    std::vector<std::string> ids;
    while (!wanted_.empty() && ids.size() < kIdsMax) {
      is_wanted_.erase(wanted_.front());
      ids.push_back(std::move(wanted_.front()));
      wanted_.pop_front();
    }
    answered_well_ = (co_await ask_broker(std::move(ids))).ok();
    ++answers_;
    answered_->cancel();
  } while (!wanted_.empty());
  asking_ = false;
}

Task<Status> Auth::ask_broker(std::vector<std::string> ids) {
  wire::CheckTokens question{ids};
  // As of when it was asked: what is revoked meanwhile counts from the next answer on.
  const MonoMs now = mono_now_ms();
  Answered<wire::TokensChecked> answer =
      co_await link_.ask<wire::TokensChecked>(std::move(question));
  if (!answer.ok()) co_return answer.value.error();
  take(ids, *answer.value, now);
  co_return ok_status();
}

void Auth::take(const std::vector<std::string>& ids, const wire::TokensChecked& answer,
                MonoMs now) {
  asked_ = answer.asked;
  asked_at_ = now;
  if (known_.size() + ids.size() > kKnownMax) make_room();
  for (const std::string& id : ids) {
    Known& known = known_[id];
    known.token.reset();
    known.scopes = 0;
    known.asked_at = now;
  }
  for (const wire::BearerToken& token : answer.items) {
    const auto known = known_.find(token.id);
    if (known == known_.end()) continue;
    known->second.token = token;
    known->second.scopes = scopes_of(token);
    const auto has_limit = [&](const wire::Tenant& tenant) { return tenant.name == token.tenant; };
    if (std::none_of(answer.tenants.begin(), answer.tenants.end(), has_limit)) {
      limits_.erase(token.tenant);
    }
  }
  for (const wire::Tenant& tenant : answer.tenants) {
    if (tenant.rate == 0) {
      limits_.erase(tenant.name);
    } else if (RateBucket& bucket = limits_[tenant.name]; bucket.limit() != tenant.rate) {
      bucket = RateBucket(tenant.rate);
    }
  }
  if (!answer.asked && answer.tenants.empty()) limits_.clear();
}

// Bad tokens are as many as a stranger makes up.
void Auth::make_room() {
  std::erase_if(known_, [](const auto& entry) { return !entry.second.token; });
  if (known_.size() > kKnownMax / 2) known_.clear();
}

Status Auth::check(Request& request) {
  const MonoMs now = mono_now_ms();
  called_at_ = now;
  const bool open = !always_ && asked_at_ != INT64_MIN && !asked_;
  if (open && (fresh(asked_at_, request) || !link_.alive())) {
    request.actor = "http:" + request.peer;
    request.scopes = kAllScopes;
    return ok_status();
  }
  if (!fresh(asked_at_, request)) {
    return Error{"unavailable", "the broker, which knows who may call, does not answer", ""};
  }
  const std::string_view text = bearer_of(request);
  if (text.empty()) return refuse(request, "no_token");
  request.token_id = std::string(wire::token_id(text));
  if (request.token_id.empty()) return refuse(request, "no_such_token");
  const auto at = known_.find(request.token_id);
  if (at == known_.end() || !fresh(at->second.asked_at, request)) {
    return Error{"unavailable", "the broker, which knows who may call, does not answer", ""};
  }
  Known& known = at->second;
  if (!known.token) return refuse(request, "no_such_token");
  if (!same_secret(known.token->sha256, wire::token_digest(text))) {
    return refuse(request, "wrong_secret");
  }
  if (known.token->expires_at && *known.token->expires_at <= wall_now_ms()) {
    return refuse(request, "expired");
  }
  known.used_at = now;
  request.actor = known.token->name;
  request.tenant = known.token->tenant;
  request.scopes = known.scopes;
  return ok_status();
}

Status Auth::allows(const Request& request, wire::Scope scope, uint64_t* retry_after_ms) {
  if ((request.scopes & bit(scope)) == 0) {
    note_refusal(request, "scope",
                 "scope " + std::string(to_string(scope)) + " is not the token's");
    return Error{"forbidden", "the token does not allow this", ""};
  }
  const auto limit = limits_.find(request.tenant);
  if (limit == limits_.end()) return ok_status();
  const MonoMs now = mono_now_ms();
  if (limit->second.take(now)) return ok_status();
  *retry_after_ms = static_cast<uint64_t>(limit->second.ms_until_one(now));
  note_refusal(request, "rate",
               "more than " + std::to_string(limit->second.limit()) + " calls a minute");
  return Error{"rate_limited", "too many calls; try again later", ""};
}

void Auth::tell_rate(const Request& request, Response* response) const {
  if (request.scopes == 0) return;  // nobody
  const auto limit = limits_.find(request.tenant);
  if (limit == limits_.end()) return;
  const RateBucket& bucket = limit->second;
  const MonoMs now = mono_now_ms();
  const int64_t reset_s = (bucket.ms_until_full(now) + 999) / 1000;
  response->headers.emplace_back("RateLimit-Limit", std::to_string(bucket.limit()));
  response->headers.emplace_back("RateLimit-Remaining", std::to_string(bucket.left(now)));
  response->headers.emplace_back("RateLimit-Reset", std::to_string(reset_s));
}

Status Auth::refuse(const Request& request, const std::string& reason) {
  note_refusal(request, reason, "");
  return Error{"unauthorized", "a valid bearer token is needed", ""};
}

void Auth::note_refusal(const Request& request, const std::string& reason,
                        const std::string& detail) {
  ++refusals_[reason];
  if (!log_.take(mono_now_ms())) return;
  log::warn("call refused", {{"reason", reason},
                             {"detail", detail},
                             {"method", request.method.substr(0, 40)},
                             {"path", log::escape_control(request.path.substr(0, 200))},
                             {"peer", request.peer},
                             {"token", request.token_id},
                             {"name", request.actor},
                             {"tenant", request.actor.empty() ? "" : request.tenant}});
}

Task<Result<bool>> Auth::farm_has_tokens() {
  const std::vector<std::string> none;
  Status asked = co_await ask_broker(none);
  if (!asked) co_return asked.error();
  co_return asked_;
}

Task<void> Auth::keep_fresh(const bool& stop, std::function<std::vector<std::string>()> in_use,
                            std::function<void(const std::string&)> refused) {
  while (!stop) {
    co_await pause_ms(kRefreshMs);
    const MonoMs now = mono_now_ms();
    for (const std::string& id : in_use()) {
      const auto known = known_.find(id);
      if (known != known_.end()) called_at_ = known->second.used_at = now;
    }
    if (now - called_at_ > 2 * kFreshMs || !link_.alive()) continue;
    std::erase_if(known_, [&](const auto& entry) {
      return now - std::max(entry.second.used_at, entry.second.asked_at) > kAwayMs;
    });
    std::vector<std::string> ids;
    for (const auto& [id, known] : known_) {
      if (known.token && now - known.used_at <= 2 * kFreshMs && ids.size() < kIdsMax) {
        ids.push_back(id);
      }
    }
    if (Status s = co_await ask_broker(ids); !s) continue;
    for (const std::string& id : ids) {
      const auto known = known_.find(id);
      if (known != known_.end() && !known->second.token) refused(id);
    }
  }
}

}  // namespace ghost::relay
