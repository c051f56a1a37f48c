// As much of a broker as one runner needs, for measuring the runner alone: it gives jobs, answers
// at once and keeps nothing. One thread, that of its caller.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "wire/socket.h"

namespace ghost::bench {

// What a job is made of, and what became of it.
struct PatchJob {
  wire::PatchRequest request;
  wire::Repo repo;
  std::string ref;
};

struct PatchDone {
  uint64_t job = 0;      // 1, 2, ... in the order given; its id is the number
  int64_t total_us = 0;  // from the message with the job sent to the one with the result here
  wire::ResultItem item;
  wire::Verdict verdict;
};

class PatchBroker {
 public:
  explicit PatchBroker(wire::Context& context);
  const std::string& endpoint() const { return endpoint_; }

  // Waits for the runner to register; fails after a while.
  void wait_for_runner();
  // Runs `count` jobs, `next(i)` gives the i-th, at most `in_flight` at a time.
  void run(size_t count, size_t in_flight, const std::function<PatchJob(size_t)>& next,
           const std::function<void(const PatchDone&)>& done);

 private:
  void give(PatchJob job);
  void receive(int64_t timeout_ms);
  void handle(const wire::Message& message);
  template <typename T>
  void answer(uint64_t correlation, const T& body, wire::Frames payloads = {});

  wire::Socket socket_;
  std::string endpoint_, runner_;
  uint64_t seq_ = 0, jobs_ = 0;
  std::map<uint64_t, int64_t> sent_us_;
  std::deque<PatchDone> done_;
};

}  // namespace ghost::bench
