// ghost-sim: simulates farms from seeds, one after the other, and judges their histories.
//
//   ghost-sim --seconds 30            seeds from 1, as many as the time allows
//   ghost-sim --seed 7                one seed; a failure is cut down and its history printed
//   ghost-sim --seed 7 --history      the history of one seed, as JSON lines
//   ghost-sim --from 1 --to 500       these seeds
//   ... --all                         goes on after a failure, and cuts nothing down
//
// Exit 0: nothing found; 1: violations; 2: wrong usage.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "base/log.h"
#include "sim/shrink.h"
#include "sim/world.h"

namespace {

using namespace ghost::sim;

struct Arguments {
  uint64_t from = 1, to = UINT64_MAX;
  double seconds = 1e9;
  bool history = false, all = false;
};

bool parse(int argc, char** argv, Arguments* out) {
  bool bounded = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--history") {
      out->history = true;
      continue;
    }
    if (name == "--all") {
      out->all = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    bounded = true;
    if (name == "--seed") {
      out->from = out->to = std::strtoull(value, nullptr, 10);
    } else if (name == "--from") {
      out->from = std::strtoull(value, nullptr, 10);
    } else if (name == "--to") {
      out->to = std::strtoull(value, nullptr, 10);
    } else if (name == "--seconds") {
      out->seconds = std::strtod(value, nullptr);
    } else {
      return false;
    }
  }
  return bounded;
}

void print_history(const Outcome& outcome) {
  for (const Event& e : outcome.events) std::printf("%s\n", history::print(e).c_str());
}

void report(uint64_t seed, const Outcome& outcome) {
  std::printf("seed %llu: %zu violations\n", static_cast<unsigned long long>(seed),
              outcome.violations.size());
  for (size_t i = 0; i < outcome.violations.size() && i < 5; ++i) {
    const auto& v = outcome.violations[i];
    std::printf("  %s: %s (at %.3f s)\n", v.rule.c_str(), v.text.c_str(),
                static_cast<double>(v.t) / kSecond);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, &arguments)) {
    std::fprintf(stderr, "usage: %s --seconds N | --seed N [--history] | --from N --to N\n",
                 argv[0]);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  ghost::log::init({"sim", "off", "text"});
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  uint64_t seeds = 0, failed = 0, jobs = 0, events = 0;
  Us simulated = 0;
  std::map<std::string, uint64_t> reached;
  for (uint64_t seed = arguments.from; seed <= arguments.to; ++seed) {
    if (elapsed() >= arguments.seconds) break;
    const Plan plan = make_plan(seed);
    const Outcome outcome = play(plan, arguments.history);
    if (arguments.history) print_history(outcome);
    ++seeds;
    jobs += outcome.jobs;
    events += outcome.event_count;
    simulated += outcome.simulated;
    for (const auto& [what, count] : outcome.reached) reached[what] += count;
    if (outcome.violations.empty()) continue;
    report(seed, outcome);
    ++failed;
    if (arguments.all) continue;
    if (arguments.history) return 1;
    print_shrunk(plan, outcome.violations.front().rule);
    std::printf("again: make sim SEED=%llu\n", static_cast<unsigned long long>(seed));
    return 1;
  }
  const double took = elapsed();
  if (arguments.history) return 0;
  std::printf(
      "%llu seeds, %llu job lives, %llu events, %.1f h simulated in %.1f s: %.0f job lives/s, %llu "
      "seeds with violations\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(jobs),
      static_cast<unsigned long long>(events), static_cast<double>(simulated) / kSecond / 3600,
      took, static_cast<double>(jobs) / took, static_cast<unsigned long long>(failed));
  std::string line = "reached:";
  for (const auto& [what, count] : reached) line += " " + what + " " + std::to_string(count) + ",";
  line.pop_back();
  std::printf("%s\n", line.c_str());
  return failed == 0 ? 0 : 1;
}
