#include "broker/views.h"

namespace ghost::broker {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::optional<WallMs> unless_zero(WallMs time) {
  return time == 0 ? std::nullopt : std::optional<WallMs>(time);
}

}  // namespace

wire::JobView view_of(const JobSpec& spec, const JobStatus& status, const Core& core, Now now) {
  const wire::Submission& s = spec.submission;
  wire::JobView view;
  view.id = s.id;
  view.tenant = s.tenant;
  view.state = status.state;
  view.outcome = status.outcome;
  view.reason = unless_empty(status.reason);
  view.description = unless_empty(s.description);
  view.lane = s.lane;
  view.priority = s.priority;
  view.repo = s.repo;
  view.ref = unless_empty(s.ref);
  view.base_job = s.base_job;
  view.base_commit = unless_empty(status.base_commit);
  view.labels = s.labels;
  view.requires_ = s.requires_;
  view.depends_on = s.depends_on;
  view.attempt = status.attempt;
  view.max_attempts = s.max_attempts;
  view.runner = unless_empty(status.runner);
  view.cancel_requested = status.flag.has_value() && !is_terminal(status.state);
  view.delivering = status.delivering && !is_terminal(status.state);
  view.retry_of = unless_empty(spec.retry_of);
  if (status.state == wire::JobState::kQueued) view.waiting = core.waiting(spec.no, now);
  view.not_before = unless_zero(s.not_before_ms);
  view.deadline = unless_zero(s.deadline_ms);
  view.timestamps.accepted = spec.accepted_ms;
  view.timestamps.leased = unless_zero(status.leased_ms);
  view.timestamps.started = unless_zero(status.started_ms);
  view.timestamps.completed = unless_zero(status.completed_ms);
  view.version = status.version;
  return view;
}

}  // namespace ghost::broker
