// Runners that mostly wait.
//   idle RUNNERS COUNT ROUNDS NAME   COUNT runners that hold no job: ROUNDS heartbeats each as fast
//                                    as they are answered (a line "warm"), then as often as a
//                                    runner that holds nothing; a line on stdin stops the first of
//                                    them for good (a line "stopped")
//   stream RUNNERS SLOTS NAME MS     one runner that keeps its jobs and says 64 bytes of output of
//                                    each every MS; a line on stdin ends them all
#include <poll.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "bench/link.h"

namespace ghost::bench {
namespace {

bool line_on_stdin(int64_t ms) {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (::poll(&in, 1, static_cast<int>(ms)) <= 0) return false;
  char bytes[64];
  if (read(STDIN_FILENO, bytes, sizeof bytes) <= 0) std::exit(0);
  return true;
}

void say(const char* word) {
  std::printf("%s\n", word);
  std::fflush(stdout);
}

struct Idler {
  Idler(wire::Context& context, const std::string& endpoint, const std::string& name)
      : link(context, endpoint), session(link, name, 1) {}
  Link link;
  Session session;
};

int idle(const std::string& endpoint, size_t count, size_t rounds, const std::string& name) {
  wire::Context context({1, static_cast<int>(count) + 16});
  std::vector<std::unique_ptr<Idler>> all;
  for (size_t i = 0; i < count; ++i) {
    all.push_back(std::make_unique<Idler>(context, endpoint, name + "-" + std::to_string(i)));
    all.back()->session.say_hello();
  }
  const auto answers = [&](Idler& idler) { idler.link.wait(); };
  int64_t interval_ms = 0;
  for (auto& idler : all) {
    const auto registered = wire::decode<wire::Registered>(*idler->link.wait().body);
    interval_ms = static_cast<int64_t>(registered->heartbeat_ms) * 3 / 2;  // who holds nothing
  }
  for (size_t round = 0; round < rounds; ++round) {
    for (auto& idler : all) idler->session.beat();
    for (auto& idler : all) answers(*idler);
  }
  say("warm");
  // Spread over the interval, as runners that began at any time are.
  MonoMs begin = mono_now_ms();
  for (size_t sent = 0;; ++sent) {
    Idler* const idler = all[sent % count].get();
    const MonoMs due = begin + static_cast<MonoMs>(sent) * interval_ms / static_cast<MonoMs>(count);
    while (mono_now_ms() < due) {
      if (!line_on_stdin(due - mono_now_ms())) continue;
      all[0].reset();
      say("stopped");
    }
    if (!idler) continue;
    while (idler->link.receive()) {
    }
    idler->session.beat();
  }
}

int stream(const std::string& endpoint, size_t slots, const std::string& name, int64_t every_ms) {
  Link link(endpoint);
  Session session(link, name, slots);
  session.register_now();
  std::vector<wire::LeaseRef> held;
  std::vector<uint64_t> attempts;
  uint64_t said = 0;
  const std::string output(64, 'o');
  std::map<uint64_t, uint64_t> offsets;
  MonoMs next = mono_now_ms();
  for (size_t at = 0;;) {
    while (auto message = link.receive()) {
      if (message->header.kind != wire::RunJobs::kKind) continue;
      const auto jobs = wire::decode<wire::RunJobs>(*message->body);
      session.saw(jobs->seq);
      for (const auto& job : jobs->items) {
        held.push_back(job.lease);
        attempts.push_back(job.attempt);
      }
    }
    session.beat_when_due(held);
    if (!held.empty() && mono_now_ms() >= next) {
      next += std::max<int64_t>(1, every_ms / static_cast<int64_t>(held.size()));
      wire::PutEvents put;
      put.session = session.number();
      put.lease = held[at % held.size()];
      wire::Event& event = put.items.emplace_back();
      event.attempt = attempts[at % held.size()];
      event.stream = wire::Stream::kStdout;
      uint64_t& offset = offsets[put.lease.job];
      event.offset = offset;
      offset += output.size();
      event.at = wall_now_ms();
      event.type = "log";
      event.data = output;
      link.send(++said, put);
      ++at;
    }
    if (line_on_stdin(1)) break;
  }
  wire::PutResults results;
  results.session = session.number();
  Frames payloads;
  for (const wire::LeaseRef& lease : held) {
    wire::ResultItem& item = results.items.emplace_back();
    item.lease = lease;
    item.outcome = wire::Outcome::kPassed;
    payloads.push_back(make_blob(std::string(64, 'r')));
    payloads.push_back(make_blob(""));
  }
  link.send(2, results, std::move(payloads));
  while (link.wait().header.kind != wire::ResultsKept::kKind) {
  }
  return 0;
}

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  using namespace ghost::bench;
  const std::string mode = argc > 5 ? argv[1] : "";
  if (mode == "idle") {
    return idle(argv[2], static_cast<size_t>(number_arg(argc, argv, 3, 100)),
                static_cast<size_t>(number_arg(argc, argv, 4, 300)), argv[5]);
  }
  if (mode == "stream") {
    return stream(argv[2], static_cast<size_t>(number_arg(argc, argv, 3, 50)), argv[4],
                  number_arg(argc, argv, 5, 1000));
  }
  fail("usage: idle RUNNERS COUNT ROUNDS NAME | stream RUNNERS SLOTS NAME MS");
}
