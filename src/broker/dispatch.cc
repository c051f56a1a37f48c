#include "broker/dispatch.h"

#include <algorithm>
#include <optional>

namespace ghost::broker {
namespace {

constexpr size_t kAncestorsMax = 64;
constexpr size_t kAncestorBytesMax = size_t{256} << 20;  // diffs below one job

struct Ancestry {
  std::vector<wire::Ancestor> jobs;  // oldest first
  wire::Frames diffs;
  std::optional<JobSpec> oldest;
  std::string base_commit;  // of the oldest
};

Error undispatchable(std::string why) {
  return {"conflict", std::move(why), ""};
}

// Walks down base.job to the job that stands on a commit. Error code conflict: it cannot be sent.
Result<Ancestry> ancestry_of(const JobSpec& spec, Store& store) {
  Ancestry a;
  size_t bytes = 0;
  for (JobNo no = spec.base_job_no; no != 0;) {
    Result<StoredJob> job = store.job(no);
    if (!job && job.error().code == "not_found") {
      return undispatchable("the result of a job below this one is no longer kept");
    }
    if (!job) return job.error();
    const std::string& id = job->spec.submission.id;
    if (job->status.state != wire::JobState::kSucceeded) {
      return undispatchable("job " + id + " below this one has not succeeded");
    }
    Result<Blob> diff = store.diff(no);
    if (!diff) return diff.error();
    bytes += (*diff)->size();
    if (a.jobs.size() == kAncestorsMax || bytes > kAncestorBytesMax) {
      return undispatchable("the diffs of the jobs below this one are too many or too large");
    }
    a.jobs.push_back({id, job->status.tree_oid});
    a.diffs.push_back(std::move(*diff));
    a.base_commit = std::move(job->status.base_commit);
    no = job->spec.base_job_no;
    a.oldest = std::move(job->spec);
  }
  std::reverse(a.jobs.begin(), a.jobs.end());
  std::reverse(a.diffs.begin(), a.diffs.end());
  return a;
}

}  // namespace

Result<RunJobsMessage> make_run_jobs(const send::Jobs& jobs, const Core& core, Store& store,
                                     uint64_t epoch, uint64_t lease_ms) {
  RunJobsMessage made;
  wire::RunJobs message{jobs.seq, epoch, {}};
  message.items.reserve(jobs.items.size());
  wire::Frames payloads;
  for (const send::Jobs::Item& item : jobs.items) {
    const auto fail = [&](std::string why) {
      made.failed.push_back({item.no, item.token, std::move(why)});
    };
    Result<DispatchRow> row = store.dispatch_row(item.no);
    if (!row) return row.error();
    const JobSpec& spec = *row->spec;
    Result<Ancestry> ancestry = ancestry_of(spec, store);
    if (!ancestry && ancestry.error().code != "conflict") return ancestry.error();
    if (!ancestry) {
      fail(ancestry.error().message);
      continue;
    }
    const wire::Submission& base = (ancestry->oldest ? *ancestry->oldest : spec).submission;
    const wire::Repo* repo = base.repo ? core.repo(*base.repo) : nullptr;
    if (repo == nullptr) {
      fail("repository " + base.repo.value_or("") + " is no longer in the catalogue");
      continue;
    }
    wire::Dispatch& d = message.items.emplace_back();
    d.lease = {item.no, item.token.epoch, item.token.n};
    d.id = spec.submission.id;
    d.tenant = spec.submission.tenant;
    d.attempt = item.attempt;
    d.repo = *repo;
    d.ref = base.ref;
    const std::string& commit = item.base_commit.empty() ? ancestry->base_commit : item.base_commit;
    if (!commit.empty()) d.base_commit = commit;
    d.ancestors = std::move(ancestry->jobs);
    d.accepted_ms = spec.accepted_ms;
    d.lease_ms = lease_ms;
    made.leases.push_back(d.lease);
    payloads.push_back(std::move(row->request));
    std::move(ancestry->diffs.begin(), ancestry->diffs.end(), std::back_inserter(payloads));
  }
  if (!message.items.empty()) {
    made.frames = wire::pack(0, message, std::move(payloads),
                             jobs.joined ? wire::Payloads::kJoined : wire::Payloads::kApart);
  }
  return made;
}

}  // namespace ghost::broker
