#include "broker/finish_watch.h"

namespace ghost::broker {

size_t FinishWatch::open(const Peer& peer, uint64_t correlation) {
  size_t handle = submissions_.size();
  if (free_.empty()) {
    submissions_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  submissions_[handle] = {peer, correlation, 0, {}};
  return handle;
}

void FinishWatch::watch(size_t handle, JobNo no, std::string id) {
  if (jobs_.size() >= jobs_max_) return;
  const auto [at, fresh] = jobs_.try_emplace(no);
  if (!fresh && at->second.handle == handle) return;
  if (!fresh) {
    // Submitted again, by another connection perhaps: the newest asker is told.
    Submission& before = submissions_[at->second.handle];
    if (--before.watched == 0 && before.news.items.empty()) free_.push_back(at->second.handle);
  }
  at->second = {handle, std::move(id)};
  ++submissions_[handle].watched;
}

void FinishWatch::close_if_unused(size_t handle) {
  if (submissions_[handle].watched == 0) free_.push_back(handle);
}

void FinishWatch::finished(JobNo no, wire::JobState state, wire::Outcome outcome) {
  const auto found = jobs_.find(no);
  if (found == jobs_.end()) return;
  Submission& submission = submissions_[found->second.handle];
  if (submission.news.items.empty()) touched_.push_back(found->second.handle);
  submission.news.items.push_back({std::move(found->second.id), state, outcome});
  --submission.watched;
  jobs_.erase(found);
}

void FinishWatch::flush(
    const std::function<void(const Peer&, uint64_t correlation, const wire::Finished&)>& tell) {
  for (const size_t handle : touched_) {
    Submission& submission = submissions_[handle];
    tell(submission.peer, submission.correlation, submission.news);
    submission.news.items.clear();
    if (submission.watched == 0) free_.push_back(handle);
  }
  touched_.clear();
}

}  // namespace ghost::broker
