// Judges a history by what Ghost promises. Each rule has a name and the invariant that it stands
// for; README.md lists them. The rules know nothing of how the programs work, and share no code
// with them. One owner, one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "history/history.h"
#include "history/ledger.h"

namespace history {

struct Violation {
  std::string rule;  // "I3 stale_write"
  std::string text;
  int64_t t = 0;
  size_t event = 0;  // index in the history, from 0; SIZE_MAX: its end
};

using Report = std::function<void(const char* rule, std::string text)>;

// Rules of one subject. `on` sees the ledger as it was before the event.
class Rules {
 public:
  virtual ~Rules() = default;
  virtual void on(const Event& e, const Ledger& ledger) = 0;
  virtual void finish(const Ledger&) {}
};
std::unique_ptr<Rules> make_promise_rules(Report report);
std::unique_ptr<Rules> make_lease_rules(Report report);
std::unique_ptr<Rules> make_fairness_rules(Report report);

class Checker {
 public:
  Checker();
  void take(const Event& e);
  // After the last event. At most `kViolationsMax` are kept.
  const std::vector<Violation>& finish();
  const std::vector<Violation>& violations() const { return violations_; }
  size_t events() const { return events_; }

  static constexpr size_t kViolationsMax = 100;

 private:
  Ledger ledger_;
  std::vector<std::unique_ptr<Rules>> rules_;
  std::vector<Violation> violations_;
  size_t events_ = 0;
  int64_t now_ = 0;
  bool ended_ = false;
};

}  // namespace history
