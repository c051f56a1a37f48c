#include "history/checker.h"

#include <algorithm>

namespace history {

Checker::Checker() {
  const Report report = [this](const char* rule, std::string text) {
    if (violations_.size() >= kViolationsMax) return;
    violations_.push_back({rule, std::move(text), now_, ended_ ? SIZE_MAX : events_});
  };
  rules_.push_back(make_promise_rules(report));
  rules_.push_back(make_lease_rules(report));
  rules_.push_back(make_fairness_rules(report));
}

void Checker::take(const Event& e) {
  now_ = std::max(now_, e.t);
  for (const auto& rules : rules_) rules->on(e, ledger_);
  ledger_.enter(e);
  ++events_;
}

const std::vector<Violation>& Checker::finish() {
  ended_ = true;
  for (const auto& rules : rules_) rules->finish(ledger_);
  return violations_;
}

}  // namespace history
