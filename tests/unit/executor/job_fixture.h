// Runs whole jobs against a repository of the test's own.
#pragma once

#include <gtest/gtest.h>

#include "fake_host.h"
#include "fake_sandbox.h"
#include "git_fixture.h"
#include "runner_worker/job_executor.h"

namespace ghost::runner::test {

struct JobTest : testing::Test {
  TempDir dir;
  Origin origin;
  FakePool pool;
  ExecutorOptions options = [this] {
    ExecutorOptions o;
    o.cache_dir = dir.path() + "/cache";
    o.secrets_file = dir.path() + "/secrets";
    o.credentials_dir = dir.path() + "/credentials";
    return o;
  }();
  std::unique_ptr<Executor> executor;
  wire::PatchRequest request;
  JobInput job;

  JobTest() {
    request.base.repo = "demo";
    job.dispatch.id = "job-1";
    job.dispatch.tenant = "default";
    job.dispatch.attempt = 1;
    job.dispatch.repo.name = "demo";
    job.dispatch.repo.url = origin.url();
    job.dispatch.accepted_ms = 1'700'000'000'123;
    job.dispatch.lease_ms = 15'000;
  }

  void use_diff(const std::string& diff) {
    request.patch = {};
    request.patch.format = wire::PatchFormat::kUnified;
    request.patch.data = diff;
  }
  // What the working clone has changed since HEAD, as a patch; the clone is clean afterwards.
  void use_working_changes() {
    origin.git("add -A");
    sh("git diff --cached --binary --full-index HEAD > ../patch.diff; git reset -q --hard",
       origin.work());
    use_diff(slurp(origin.work() + "/../patch.diff"));
  }
  wire::Gate& gate(const std::string& run, wire::GatePhase phase = wire::GatePhase::kValidate) {
    wire::Gate g;
    g.name = "g" + std::to_string(request.gates.size() + 1);
    g.phase = phase;
    g.run = run;
    request.gates.push_back(g);
    return request.gates.back();
  }
  wire::OnSuccess& push_to(const std::string& branch) {
    wire::OnSuccess& s = request.on_success.emplace();
    s.commit.emplace().message = "change things";
    s.push = true;
    s.branch = branch;
    return s;
  }

  JobOutcome run(FakeHost& host) {
    if (!executor) {
      auto made = make_job_executor(options, pool);
      EXPECT_TRUE(made.ok()) << made.error().message;
      executor = std::move(*made);
    }
    job.request = make_blob(wire::encode(request));
    JobOutcome out = executor->run(job, host);
    EXPECT_EQ(pool.open_now, 0);
    EXPECT_EQ(out.outcome, out.verdict.outcome);
    EXPECT_FALSE(host.listener);
    EXPECT_EQ(out.reason.empty(), out.outcome == wire::Outcome::kPassed);
    return out;
  }
  JobOutcome run() {
    FakeHost host;
    return run(host);
  }
};

inline std::string name(wire::Outcome outcome) {
  return std::string(wire::to_string(outcome));
}

}  // namespace ghost::runner::test
