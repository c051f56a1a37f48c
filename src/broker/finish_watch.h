// Who asked to be told when its jobs end (Submit with notify): a convenience that is lost with the
// broker, and bounded. Pure; one owner, the broker's thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/types.h"

namespace ghost::broker {

class FinishWatch {
 public:
  explicit FinishWatch(size_t jobs_max) : jobs_max_(jobs_max) {}

  bool empty() const { return jobs_.empty(); }
  // One Submit message: watch its jobs by the handle.
  size_t open(const Peer& peer, uint64_t correlation);
  void watch(size_t handle, JobNo no, std::string id);
  void close_if_unused(size_t handle);

  // A job's end. What one turn tells goes out together, by flush().
  void finished(JobNo no, wire::JobState state, wire::Outcome outcome);
  void flush(
      const std::function<void(const Peer&, uint64_t correlation, const wire::Finished&)>& tell);

 private:
  struct Submission {
    Peer peer;
    uint64_t correlation = 0;
    size_t watched = 0;
    wire::Finished news;
  };
  struct Job {
    size_t handle = 0;
    std::string id;
  };
  size_t jobs_max_;
  std::unordered_map<JobNo, Job> jobs_;
  std::vector<Submission> submissions_;
  std::vector<size_t> free_, touched_;
};

}  // namespace ghost::broker
