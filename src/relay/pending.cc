#include "relay/pending.h"

#include <algorithm>

namespace ghost::relay {

Pending::Pending(const PendingOptions& options, MonoMs now)
    : options_(options), hello_at_(now), heard_at_(now) {}

Status Pending::add(MonoMs now, uint64_t correlation, wire::Frames frames, int64_t wait_ms,
                    bool changes, const std::string& subject) {
  // At the start the broker gets as long to answer as it would have later.
  if (now - heard_at_ >= options_.silence_ms) {
    return Error{"unavailable", "the broker does not answer", ""};
  }
  if (questions_.size() >= options_.questions_max) {
    return Error{"unavailable", "too many calls wait for the broker", ""};
  }
  Question q{std::move(frames), now + wait_ms + options_.timeout_ms,
             now + wait_ms + options_.resend_ms, changes, subject};
  if (!subject.empty()) supersede(subject, correlation);
  deadlines_.emplace(q.deadline, correlation);
  resends_.emplace(q.resend_at, correlation);
  questions_.emplace(correlation, std::move(q));
  to_send_.push_back(correlation);
  return ok_status();
}

// Its answer may be lost, but it was taken or will never be: repeated behind a newer one it would
// undo that.
void Pending::supersede(const std::string& subject, uint64_t by) {
  const auto [at, first] = newest_.emplace(subject, by);
  if (first) return;
  Question& older = questions_.at(at->second);
  resends_.erase({older.resend_at, at->second});
  older.resend_at = kNever;
  at->second = by;
}

void Pending::forget(uint64_t correlation) {
  const auto at = questions_.find(correlation);
  if (at == questions_.end()) return;
  const auto newest = newest_.find(at->second.subject);
  if (newest != newest_.end() && newest->second == correlation) newest_.erase(newest);
  deadlines_.erase({at->second.deadline, correlation});
  resends_.erase({at->second.resend_at, correlation});
  questions_.erase(at);
}

bool Pending::on_answer(MonoMs now, uint64_t correlation) {
  heard_at_ = std::max(heard_at_, now);
  if (questions_.find(correlation) == questions_.end()) return false;
  forget(correlation);
  return true;
}

void Pending::on_welcome(MonoMs now, uint64_t epoch) {
  const bool renewed = epoch_ != 0 && epoch != epoch_;
  // Two Hellos unanswered: the connection may have broken, and with it what was under way.
  const bool was_silent = now - heard_at_ > 2 * options_.hello_ms;
  heard_at_ = std::max(heard_at_, now);
  epoch_ = epoch;
  if (!renewed && !was_silent) return;
  const MonoMs at = renewed ? now : now + options_.settle_ms;
  for (auto& [correlation, question] : questions_) {
    if (at < question.resend_at && question.resend_at != kNever) {
      schedule_resend(correlation, &question, at);
    }
  }
}

void Pending::schedule_resend(uint64_t correlation, Question* question, MonoMs at) {
  resends_.erase({question->resend_at, correlation});
  question->resend_at = at;
  resends_.emplace(at, correlation);
}

std::vector<Pending::Expired> Pending::tick(MonoMs now) {
  std::vector<Expired> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const uint64_t correlation = deadlines_.begin()->second;
    const bool changes = questions_.at(correlation).changes;
    forget(correlation);
    expired.push_back(
        {correlation,
         changes ? Error{"timeout", "the broker did not answer; the outcome is not known", ""}
                 : Error{"unavailable", "the broker did not answer", ""}});
  }
  while (!resends_.empty() && resends_.begin()->first <= now) {
    const uint64_t correlation = resends_.begin()->second;
    schedule_resend(correlation, &questions_.at(correlation), now + options_.resend_ms);
    to_send_.push_back(correlation);
    ++repeats_;
  }
  if (hello_at_ <= now) {
    hello_to_send_ = true;
    hello_at_ = now + options_.hello_ms;
  }
  return expired;
}

std::vector<std::optional<wire::Frames>> Pending::take_sends() {
  std::vector<std::optional<wire::Frames>> out;
  if (std::exchange(hello_to_send_, false)) out.emplace_back(std::nullopt);
  for (const uint64_t correlation : to_send_) {
    const auto at = questions_.find(correlation);
    if (at != questions_.end()) out.emplace_back(at->second.frames);
  }
  to_send_.clear();
  return out;
}

MonoMs Pending::next_deadline() const {
  MonoMs next = hello_at_;
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (!resends_.empty()) next = std::min(next, resends_.begin()->first);
  return next;
}

}  // namespace ghost::relay
