// Delivery into real repositories: commits that are the same for every attempt, branches moved by
// compare-and-swap, what was delivered already found.
#include "job_fixture.h"

namespace ghost::runner {
namespace {

using test::FakeHost;
using test::name;
using test::sh;
using test::slurp;
using test::spit;

struct DeliveryTest : test::JobTest {
  std::string first;
  DeliveryTest() {
    origin.write("a.txt", "one\n");
    origin.write("other.txt", "1\n");
    first = origin.commit("first");
    use_diff("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n");
    push_to("main");
  }
  std::string move_branch(const std::string& file, const std::string& text) {
    origin.git("fetch -q && git reset -q --hard origin/main");
    origin.write(file, text);
    return origin.commit("somebody else");
  }
};

TEST_F(DeliveryTest, BranchAndTagAreDeliveredAndTheCommitIsDeterministic) {
  request.on_success->tag = "v1";
  request.on_success->commit->author = wire::Author{"Ann Author", "ann@example.org"};
  FakeHost host;
  const JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(host.delivery_asked, std::vector<std::string>{out.commit_oid});
  EXPECT_EQ(origin.remote_ref("main"), out.commit_oid);
  EXPECT_EQ(origin.remote_ref("v1"), out.commit_oid);
  EXPECT_TRUE(out.verdict.result->pushed);
  EXPECT_EQ(out.verdict.result->branch, "main");
  EXPECT_EQ(host.progress_types.back(), "delivered");
  EXPECT_EQ(sh("git --git-dir=" + origin.url() + " cat-file commit main"),
            "tree " + out.tree_oid + "\nparent " + first +
                "\nauthor Ann Author <ann@example.org> 1700000000 +0000\n"
                "committer Ghost <ghost@localhost> 1700000000 +0000\n\nchange things");
  // Another attempt, on another runner.
  options.cache_dir = dir.path() + "/cache2";
  executor.reset();
  job.dispatch.attempt = 2;
  job.dispatch.base_commit = first;
  const JobOutcome again = run();
  EXPECT_EQ(name(again.outcome), "passed") << again.reason;
  EXPECT_EQ(again.commit_oid, out.commit_oid);
  // And when others have built on it.
  move_branch("other.txt", "2\n");
  const JobOutcome later = run();
  EXPECT_EQ(name(later.outcome), "passed") << later.reason;
  EXPECT_EQ(later.commit_oid, out.commit_oid);
}

TEST_F(DeliveryTest, ANewBranchIsMade) {
  request.on_success->branch = "topic/new";
  const JobOutcome out = run();
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(origin.remote_ref("topic/new"), out.commit_oid);
  EXPECT_EQ(origin.remote_ref("main"), first);
}

TEST_F(DeliveryTest, AMovedBranchFailsTheJob) {
  const std::string moved = move_branch("other.txt", "2\n");
  job.dispatch.base_commit = first;
  FakeHost host;
  const JobOutcome out = run(host);
  EXPECT_EQ(name(out.outcome), "base_moved");
  EXPECT_TRUE(host.delivery_asked.empty());
  EXPECT_EQ(origin.remote_ref("main"), moved);
  EXPECT_TRUE(out.verdict.rollback->verified);
}

TEST_F(DeliveryTest, ARaceIsLostToTheCompareAndSwap) {
  std::string moved;
  FakeHost host;
  host.on_delivery_asked = [&] { moved = move_branch("other.txt", "2\n"); };
  EXPECT_EQ(name(run(host).outcome), "base_moved");
  EXPECT_EQ(origin.remote_ref("main"), moved);
}

TEST_F(DeliveryTest, ReapplyFollowsTheBranchAndRunsTheGatesAgain) {
  request.on_success->on_base_moved = wire::OnBaseMoved::kReapply;
  gate("cat a.txt other.txt");
  FakeHost host;
  std::string moved;
  host.on_delivery_asked = [&] {
    if (moved.empty()) moved = move_branch("other.txt", "2\n");
  };
  const JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(host.out["g1/stdout"], "two\n1\ntwo\n2\n");
  EXPECT_EQ(host.delivery_asked.size(), 2u);
  EXPECT_EQ(origin.remote_ref("main"), out.commit_oid);
  EXPECT_EQ(origin.remote_ref("main~1"), moved);
  EXPECT_EQ(out.verdict.gates.size(), 1u);
  // A later attempt, its base the first one, finds what was delivered on the other.
  move_branch("other.txt", "3\n");
  job.dispatch.attempt = 2;
  job.dispatch.base_commit = first;
  FakeHost second;
  const JobOutcome again = run(second);
  EXPECT_EQ(name(again.outcome), "passed") << again.reason;
  EXPECT_EQ(again.commit_oid, out.commit_oid);
  EXPECT_EQ(again.tree_oid, out.tree_oid);
  EXPECT_TRUE(second.delivery_asked.empty());
}

TEST_F(DeliveryTest, ReapplyThatDoesNotFitFails) {
  request.on_success->on_base_moved = wire::OnBaseMoved::kReapply;
  job.dispatch.base_commit = first;
  const std::string moved = move_branch("a.txt", "three\n");
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "apply_failed") << out.reason;
  EXPECT_EQ(origin.remote_ref("main"), moved);
}

TEST_F(DeliveryTest, ABranchThatNeverStandsStillIsGivenUp) {
  request.on_success->on_base_moved = wire::OnBaseMoved::kReapply;
  options.reapply_max = 2;
  int n = 1;
  FakeHost host;
  host.on_delivery_asked = [&] { move_branch("other.txt", std::to_string(++n)); };
  EXPECT_EQ(name(run(host).outcome), "base_moved");
  EXPECT_EQ(host.delivery_asked.size(), 3u);
}

TEST_F(DeliveryTest, WithoutAGrantNothingIsWritten) {
  for (const auto& [reason, outcome] :
       {std::pair("cancelled", "cancelled"), std::pair("expired", "expired"),
        std::pair("stale", "infra_error")}) {
    FakeHost host;
    host.answer = {false, reason};
    EXPECT_EQ(name(run(host).outcome), outcome);
    EXPECT_EQ(origin.remote_ref("main"), first);
  }
}

TEST_F(DeliveryTest, HooksOfNobodyRunOnThisHost) {
  for (const char* hook : {"pre-receive", "update", "post-receive", "reference-transaction"}) {
    spit(origin.url() + "/hooks/" + hook, "#!/bin/sh\ntouch " + dir.path() + "/hook-ran\nexit 1\n");
  }
  sh("chmod +x hooks/*", origin.url());
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(slurp(dir.path() + "/hook-ran"), "");
  EXPECT_EQ(sh("ls | grep hook || true", dir.path()), "");
}

TEST_F(DeliveryTest, WhatTheRepositoryRefusesIsRejected) {
  sh("git config receive.denyDeletes true; git config receive.hideRefs refs/heads/closed",
     origin.url());
  request.on_success->branch = "closed/x";
  JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "rejected") << out.reason;
  request.on_success->branch = "main";
  request.on_success->tag = "taken";
  origin.git("tag taken && git push -q origin taken");
  out = run();
  EXPECT_EQ(name(out.outcome), "rejected") << out.reason;
  EXPECT_EQ(origin.remote_ref("main"), first) << "both or neither";
  request.on_success->tag.reset();
  request.on_success->branch = "refs/notes/x";
  EXPECT_EQ(name(run().outcome), "rejected");
}

TEST_F(DeliveryTest, FilesThatGatesMadeAreIncludedWhenAskedFor) {
  request.on_success->commit->include = {"gen/**", "bad*"};
  gate("mkdir gen && echo made > gen/f && ln -s f gen/l && chmod +x gen/f && echo other > dropped");
  JobOutcome out = run();
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(
      sh("git --git-dir=" + origin.url() + " ls-tree -r --format='%(objectmode) %(path)' main"),
      "100644 a.txt\n100755 gen/f\n120000 gen/l\n100644 other.txt");
  for (const char* run_text : {"ln -s /etc/passwd bad", "ln -s ../../x bad", "echo x > 'bad\\x'"}) {
    request.on_success->branch = "other";
    request.gates[0].run = run_text;
    job.dispatch.base_commit = first;
    out = run();
    EXPECT_EQ(name(out.outcome), "gate_failed") << run_text << ": " << out.reason;
  }
}

TEST_F(DeliveryTest, ASeriesOfMailsIsASeriesOfCommits) {
  origin.write("a.txt", "two\n");
  origin.git("commit -q -am 'second' -m 'Body.' --date='2020-02-03T04:05:06+0200'");
  origin.write("b.txt", "b\n");
  origin.git("add -A && git commit -q -m 'third' --author='Bea <bea@example.org>'");
  origin.git("format-patch -q --stdout HEAD~2 > ../series.mbox; git reset -q --hard HEAD~2");
  request.patch = {};
  request.patch.format = wire::PatchFormat::kMbox;
  request.patch.data = slurp(origin.work() + "/../series.mbox");
  const JobOutcome out = run();
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(sh("git --git-dir=" + origin.url() + " log --format='%an|%ae|%aI|%cn|%ct|%s|%b' " +
               first + "..main"),
            sh("git --git-dir=" + origin.url() +
               " log -1 --format='Bea|bea@example.org|%aI|Ghost|1700000000|third|' main") +
                "\nAnn|ann@example.org|2020-02-03T04:05:06+02:00|Ghost|1700000000|second|Body.");
}

}  // namespace
}  // namespace ghost::runner
