#include "sim/shrink.h"

#include <algorithm>
#include <cstdio>

#include "sim/world.h"

namespace ghost::sim {
namespace {

constexpr size_t kTriesMax = 300;

bool breaks(const Plan& plan, const std::string& rule) {
  const Outcome outcome = play(plan, false);
  return std::any_of(outcome.violations.begin(), outcome.violations.end(),
                     [&](const history::Violation& v) { return v.rule == rule; });
}

}  // namespace

Plan shrink(Plan plan, const std::string& rule) {
  size_t tries = 0;
  const auto attempt = [&](const Plan& smaller) {
    if (tries >= kTriesMax) return false;
    ++tries;
    if (!breaks(smaller, rule)) return false;
    plan = smaller;
    return true;
  };
  for (bool better = true; better;) {
    better = false;
    for (size_t i = plan.faults.size(); i-- > 0;) {
      Plan smaller = plan;
      smaller.faults.erase(smaller.faults.begin() + static_cast<ptrdiff_t>(i));
      better |= attempt(smaller);
    }
    for (const uint64_t jobs : {plan.jobs_max / 2, plan.jobs_max * 3 / 4, plan.jobs_max - 1}) {
      Plan smaller = plan;
      smaller.jobs_max = jobs;
      if (jobs > 0 && jobs < plan.jobs_max && attempt(smaller)) {
        better = true;
        break;
      }
    }
    for (const Us faults : {plan.faults_us / 2, plan.faults_us * 3 / 4}) {
      Plan smaller = plan;
      smaller.faults_us = faults;
      if (faults >= kSecond && attempt(smaller)) {
        better = true;
        break;
      }
    }
    Plan tame = plan;
    tame.wild = false;
    if (plan.wild) better |= attempt(tame);
    Plan few = plan;
    few.clients = plan.clients - 1;
    if (few.clients > 0) better |= attempt(few);
  }
  return plan;
}

void print_shrunk(const Plan& plan, const std::string& rule) {
  const Plan small = shrink(plan, rule);
  const Outcome outcome = play(small, true);
  size_t last = outcome.events.size();
  std::string text;
  for (const history::Violation& v : outcome.violations) {
    if (v.rule != rule) continue;
    last = std::min(v.event, outcome.events.size());
    text = v.text;
    break;
  }
  std::printf("cut down to %llu submissions, %d clients, %d runners%s and these faults:\n",
              static_cast<unsigned long long>(small.jobs_max), small.clients, small.runners,
              small.wild ? ", a wild network" : "");
  for (const Fault& fault : small.faults) std::printf("  %s\n", describe(fault).c_str());
  // Where the rule names a job, what befell that job; else the last of all.
  std::string job;
  if (const size_t at = text.find("job "); at != std::string::npos) {
    job = text.substr(at + 4, text.find_first_of(" ,:", at + 4) - at - 4);
  }
  std::printf("history of %s up to the violation:\n", job.empty() ? "the end" : job.c_str());
  const size_t from = job.empty() && last > 60 ? last - 60 : 0;
  for (size_t i = from; i < outcome.events.size() && i <= last; ++i) {
    const Event& e = outcome.events[i];
    const bool world = e.kind == Kind::kBroker || e.kind == Kind::kFault ||
                       e.kind == Kind::kRestore || e.kind == Kind::kRunner ||
                       e.kind == Kind::kBackup || e.kind == Kind::kCalm;
    if (!job.empty() && !world && e.job != job) continue;
    std::printf("%s\n", history::print(e).c_str());
  }
  std::printf("  %s: %s\n", rule.c_str(), text.c_str());
}

}  // namespace ghost::sim
