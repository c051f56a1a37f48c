// Whole jobs over real repositories: what is applied, gated, answered and rolled back.
#include <filesystem>

#include "job_fixture.h"

namespace ghost::runner {
namespace {

using test::FakeHost;
using test::name;
using test::sh;
using test::slurp;
using test::spit;

using JobTest = test::JobTest;

constexpr const char* kOneToTwo = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n";

TEST_F(JobTest, PatchIsAppliedGatedAndAnswered) {
  origin.write("a.txt", "one\n");
  const std::string base = origin.commit("first");
  use_diff(kOneToTwo);
  gate("grep one a.txt", wire::GatePhase::kPrecheck);
  gate("grep two a.txt && git status --porcelain && git diff --stat >&2", wire::GatePhase::kBuild);
  gate("git log --format=%s; echo $GHOST_JOB $GHOST_BASE_COMMIT");
  FakeHost host;
  const JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(host.base_told, base);
  EXPECT_EQ(host.out["g2/stdout"], "two\n M a.txt\n");
  EXPECT_NE(host.out["g2/stderr"].find("1 file changed"), std::string::npos);
  EXPECT_EQ(host.out["g3/stdout"], "first\njob-1 " + base + "\n");
  ASSERT_EQ(out.verdict.gates.size(), 3u);
  EXPECT_EQ(out.verdict.gates[1].stdout->bytes, 13u);
  EXPECT_EQ(out.verdict.gates[1].stdout->sha256, sha256_hex("two\n M a.txt\n"));
  EXPECT_FALSE(out.verdict.rollback);
  origin.write("a.txt", "two\n");
  origin.git("add -A");
  EXPECT_EQ(out.tree_oid, origin.git("write-tree"));
  ASSERT_TRUE(out.diff);
  EXPECT_EQ(*out.diff, origin.git("diff --cached --binary --full-index") + "\n");
  EXPECT_EQ(out.verdict.result->diff, *out.diff);
  EXPECT_EQ(
      host.progress_types,
      (std::vector<std::string>{"base", "gate_started", "gate_finished", "hunk", "applied",
                                "gate_started", "gate_finished", "gate_started", "gate_finished"}));
  EXPECT_EQ(sh("find . -name '*.pack' | wc -l; ls git/objects | grep -c '^..$' || true",
               dir.path() + "/cache/mirrors/" + sh("ls " + dir.path() + "/cache/mirrors")),
            "1\n0")
      << "new objects stay out of the mirror";
}

TEST_F(JobTest, WithoutGatesNoWorkspaceIsMade) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  EXPECT_EQ(name(run().outcome), "passed");
  EXPECT_EQ(pool.opened, 0);
}

TEST_F(JobTest, AFailedGateEndsTheJobAndSkipsTheRest) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  const std::string tree = origin.git("rev-parse HEAD^{tree}");
  use_diff(kOneToTwo);
  gate("exit 3").allow_failure = true;
  gate("echo no; exit 7");
  gate("true");
  push_to("main");
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "gate_failed");
  EXPECT_EQ(out.reason, "gate \"g2\" failed with exit code 7");
  ASSERT_EQ(out.verdict.gates.size(), 3u);
  EXPECT_TRUE(out.verdict.gates[0].allowed_failure);
  EXPECT_EQ(out.verdict.gates[1].exit_code, 7);
  EXPECT_EQ(out.verdict.gates[2].status, wire::GateStatus::kSkipped);
  ASSERT_TRUE(out.verdict.rollback);
  EXPECT_TRUE(out.verdict.rollback->performed);
  EXPECT_TRUE(out.verdict.rollback->verified);
  EXPECT_EQ(out.verdict.rollback->base_tree_oid, tree);
  EXPECT_FALSE(out.diff);
  EXPECT_EQ(origin.remote_ref("main"), origin.git("rev-parse HEAD"));
}

TEST_F(JobTest, APatchThatDoesNotApplyIsAnApplyFailure) {
  origin.write("a.txt", "uno\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  gate("true");
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "apply_failed") << out.reason;
  ASSERT_TRUE(out.verdict.apply);
  EXPECT_FALSE(out.verdict.apply->errors.empty());
  EXPECT_TRUE(out.verdict.rollback->verified);
  EXPECT_EQ(out.verdict.gates[0].status, wire::GateStatus::kSkipped);
}

TEST_F(JobTest, BadRequestsAndUnknownRefsAreRejected) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  job.dispatch.ref = "no/such/branch";
  JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "rejected");
  EXPECT_NE(out.reason.find("no/such/branch"), std::string::npos);
  job.dispatch.ref = "";
  gate("true").cwd = "../out";
  out = run();
  EXPECT_EQ(name(out.outcome), "rejected");
  EXPECT_NE(out.reason.find("gates[0].cwd"), std::string::npos) << out.reason;
  request.gates.clear();
  use_diff("--- a/../x\n+++ b/../x\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(name(run().outcome), "rejected");
  FakeHost host;
  job.request = make_blob("\xc1 nonsense");
  EXPECT_EQ(name(executor->run(job, host).outcome), "rejected");
  job.request = nullptr;
  EXPECT_EQ(name(executor->run(job, host).outcome), "rejected");
}

TEST_F(JobTest, AnUnreachableRepositoryIsTheFarmsFailure) {
  use_diff(kOneToTwo);
  job.dispatch.repo.url = "/nonexistent/x.git";
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "infra_error");
}

TEST_F(JobTest, TheFirstResolvedBaseIsUsed) {
  origin.write("a.txt", "one\n");
  const std::string first = origin.commit("first");
  origin.write("a.txt", "other\n");
  origin.commit("second");
  use_diff(kOneToTwo);
  FakeHost host;
  host.base_to_use = first;
  EXPECT_EQ(name(run(host).outcome), "passed");
  job.dispatch.base_commit = first;
  EXPECT_EQ(name(run().outcome), "passed");
  job.dispatch.base_commit.reset();
  EXPECT_EQ(name(run().outcome), "apply_failed");
}

TEST_F(JobTest, JobsBuildOnJobs) {
  origin.write("a.txt", "one\n");
  origin.write("bin", std::string("\0\1\2", 3));
  origin.commit("first");
  origin.write("a.txt", "two\n");
  origin.write("bin", std::string("\0\1\3", 3));
  origin.write("sub/new", "n\n");
  use_working_changes();
  const JobOutcome below = run();
  ASSERT_EQ(name(below.outcome), "passed") << below.reason;
  job.dispatch.ancestors = {{"job-0", below.tree_oid}};
  job.ancestor_diffs = {below.diff};
  job.dispatch.base_commit = origin.git("rev-parse HEAD");
  use_diff("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-two\n+three\n");
  gate("cat a.txt sub/new; od -An -tx1 bin", wire::GatePhase::kPrecheck);
  FakeHost host;
  JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(host.out["g1/stdout"], "two\nn\n 00 01 03\n");
  EXPECT_EQ(out.diff->find("bin"), std::string::npos) << "the diff is against the job below";
  job.dispatch.ancestors[0].tree_oid = std::string(40, 'a');
  out = run();
  EXPECT_EQ(name(out.outcome), "infra_error");
  EXPECT_NE(out.reason.find("job-0"), std::string::npos);
}

TEST_F(JobTest, ANearBaseIsSeenAsItself) {
  origin.write("a.txt", "one\n");
  origin.write("b.txt", "b\n");
  const std::string first = origin.commit("first");
  use_diff(kOneToTwo);
  gate("git status --porcelain; git log -1 --format=%s; cat a.txt b.txt; test ! -e c/d");
  ASSERT_EQ(name(run().outcome), "passed");
  origin.write("b.txt", "bb\n");
  origin.write("c/d", "d\n");
  const std::string second = origin.commit("second");
  request.gates.clear();
  gate("git status --porcelain; git log -1 --format=%s; cat a.txt b.txt c/d");
  for (int i = 0; i < 2; ++i) {
    FakeHost host;
    const JobOutcome out = run(host);
    EXPECT_EQ(name(out.outcome), "passed") << out.reason;
    EXPECT_EQ(host.out["g1/stdout"], " M a.txt\nsecond\ntwo\nbb\nd\n");
  }
  gate("false");
  EXPECT_TRUE(run().verdict.rollback->verified);
  // Back in time, over whatever is there.
  job.dispatch.base_commit = first;
  request.gates.pop_back();
  request.gates[0].run = "git status --porcelain; git log -1 --format=%s; ls";
  FakeHost host;
  EXPECT_EQ(name(run(host).outcome), "passed");
  EXPECT_EQ(host.out["g1/stdout"], " M a.txt\nfirst\na.txt\nb.txt\n");
}

TEST_F(JobTest, ProtectedPathsAreTheBasesForValidateGates) {
  origin.write("tests/t.sh", "exit 1\n");
  origin.write("tests/keep", "k\n");
  origin.write("a.txt", "one\n");
  origin.commit("first");
  origin.write("tests/t.sh", "exit 0\n");
  origin.write("tests/cheat", "c\n");
  sh("rm tests/keep", origin.work());
  use_working_changes();
  request.protected_paths = {"tests/**"};
  gate("test ! -e tests/keep && sh tests/t.sh && echo x > tests/made", wire::GatePhase::kBuild);
  gate("ls tests; git status --porcelain; sh tests/t.sh");
  FakeHost host;
  const JobOutcome out = run(host);
  EXPECT_EQ(name(out.outcome), "gate_failed");
  EXPECT_EQ(out.reason, "gate \"g2\" failed with exit code 1");
  EXPECT_EQ(host.out["g2/stdout"], "keep\nt.sh\n");
}

TEST_F(JobTest, RetriesMakeAFlakyPass) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  gate("test -e mark || { touch mark; exit 1; }").retries = 2;
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "passed");
  EXPECT_EQ(out.verdict.gates[0].attempts, 2u);
  EXPECT_TRUE(out.verdict.gates[0].flaky);
}

TEST_F(JobTest, TimeLimitsOfGateAndJobAreToldApart) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  gate("sleep 60").timeout_ms = 50;
  JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "gate_failed");
  EXPECT_EQ(out.verdict.gates[0].status, wire::GateStatus::kTimeout);
  request.gates.clear();
  gate("sleep 60");
  request.limits.wall_ms = 500;
  out = run();
  EXPECT_EQ(name(out.outcome), "timeout") << out.reason;
  EXPECT_EQ(out.verdict.gates[0].status, wire::GateStatus::kTimeout);
}

TEST_F(JobTest, StopEndsTheJobAsAsked) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  gate("echo started; sleep 60");
  for (const auto& [reason, outcome] :
       {std::pair(StopReason::kCancelled, "cancelled"), std::pair(StopReason::kExpired, "expired"),
        std::pair(StopReason::kLeaseLost, "infra_error")}) {
    FakeHost host;
    host.on_output = [&, why = reason] { host.stop(why); };
    EXPECT_EQ(name(run(host).outcome), outcome);
    FakeHost before;
    before.stop(reason);
    EXPECT_EQ(name(run(before).outcome), outcome);
  }
}

TEST_F(JobTest, ALostSandboxIsTheFarmsFailure) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  gate("true");
  pool.lose_gates = true;
  EXPECT_EQ(name(run().outcome), "infra_error");
}

TEST_F(JobTest, AChangedBaseCheckoutIsFoundByTheRollback) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  gate("false");
  pool.scribble_on_base = true;
  JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "infra_error");
  EXPECT_FALSE(out.verdict.rollback->verified);
  pool.scribble_on_base = false;
  out = run();
  EXPECT_EQ(name(out.outcome), "gate_failed");
  EXPECT_TRUE(out.verdict.rollback->verified) << "the broken base was made anew";
}

TEST_F(JobTest, ABrokenMirrorIsRebuiltWithinTheJob) {
  origin.write("dir/a.txt", "one\n");
  origin.commit("first");
  use_diff("--- a/dir/a.txt\n+++ b/dir/a.txt\n@@ -1 +1 @@\n-one\n+two\n");
  ASSERT_EQ(name(run().outcome), "passed");
  const std::string lost = origin.git("rev-parse HEAD:dir/a.txt");
  executor.reset();
  // Every object but the file's blob.
  sh("cd cache/mirrors/*/git && mv objects/pack/*.pack .. && rm -f objects/pack/* && "
     "cat ../*.pack | git unpack-objects -q && rm objects/" +
         lost.substr(0, 2) + "/" + lost.substr(2),
     dir.path());
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "passed") << out.reason;
}

TEST_F(JobTest, OutputIsCutInTheMiddleAndSecretsAreMasked) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  spit(options.secrets_file, "# comment\nKEY=topsecret\nOTHER=\"a\\nb\"\n");
  sh("chmod 600 secrets", dir.path());
  request.secret_env = {"KEY"};
  request.limits.output_bytes = 4096;
  gate("printf 'key %s!' $KEY; printf top; sleep 0.1; printf secret; seq 100000; echo end");
  FakeHost host;
  const JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  const std::string& text = host.out["g1/stdout"];
  EXPECT_TRUE(text.starts_with("key ***!***1\n2\n")) << text.substr(0, 80);
  EXPECT_TRUE(text.ends_with("\n100000\nend\n"));
  EXPECT_NE(text.find("[cut "), std::string::npos);
  EXPECT_EQ(text.find("topsecret"), std::string::npos);
  EXPECT_LE(text.size(), 4096u + 32);
  EXPECT_TRUE(out.verdict.gates[0].stdout->truncated);
  request.secret_env = {"MISSING"};
  EXPECT_EQ(name(run().outcome), "rejected");
}

TEST_F(JobTest, ArtifactsAreKeptOfPassedAndFailedGates) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  use_diff(kOneToTwo);
  request.artifacts = {"out/**"};
  gate(
      "mkdir -p out/d && seq 5000 > out/d/n && ln -s /etc/passwd out/link && : > out/empty; false");
  FakeHost host;
  JobOutcome out = run(host);
  EXPECT_EQ(name(out.outcome), "gate_failed");
  ASSERT_EQ(out.verdict.artifacts.size(), 2u);
  EXPECT_EQ(host.artifacts["out/d/n"].size(), 23893u);
  EXPECT_EQ(host.artifacts.count("out/empty"), 1u);
  options.artifact_bytes_max = 100;
  executor.reset();
  request.gates[0].run = "mkdir out; seq 1000 > out/n";
  out = run();
  EXPECT_EQ(name(out.outcome), "gate_failed");
  EXPECT_NE(out.reason.find("100 bytes"), std::string::npos);
}

// The conformance of the whole: every commit of a history, posted as a diff on its parent, gives
// the commit's own tree, and the diff that comes back gives it again.
TEST_F(JobTest, EachCommitOfAHistoryGivesItsTree) {
  sh("git init -q -b main h && cd h && mkdir -p d/e && seq 50 > d/e/n && printf '\\0bin' > b && "
     "printf 'no newline' > x && ln -s d link && git add -A && git commit -q -m 1 && "
     "seq 5 60 > d/e/n && printf '\\0bin2' > b && chmod +x x && git add -A && git commit -q -m 2 "
     "&& "
     "git mv d/e/n d/moved && rm link && ln -s d/moved link && git add -A && git commit -q -m 3 && "
     "rm -r d && echo file > d && printf 'no newline\\n' > x && git add -A && git commit -q -m 4 "
     "&& "
     "printf 'a\\r\\nb\\r\\n' > \"$(printf 'q u \\303\\251')\" && : > empty && git add -A && "
     "git commit -q -m 5 && rm -f empty b && chmod -x x && git add -A && git commit -q -m 6",
     dir.path());
  job.dispatch.repo.url = dir.path() + "/h";
  const std::string repo = dir.path() + "/h";
  for (int i = 4; i >= 0; --i) {
    const std::string child = "HEAD~" + std::to_string(i), parent = "HEAD~" + std::to_string(i + 1);
    sh("git diff --binary --full-index " + parent + " " + child + " > ../p.diff", repo);
    use_diff(slurp(dir.path() + "/p.diff"));
    job.dispatch.ref = sh("git rev-parse " + parent, repo);
    const JobOutcome out = run();
    ASSERT_EQ(name(out.outcome), "passed") << child << ": " << out.reason;
    EXPECT_EQ(out.tree_oid, sh("git rev-parse " + child + "^{tree}", repo)) << child;
    spit(dir.path() + "/back.diff", *out.diff);
    EXPECT_EQ(sh("export GIT_INDEX_FILE=../i; git read-tree " + parent +
                     " && git apply --cached --whitespace=nowarn ../back.diff && git write-tree",
                 repo),
              out.tree_oid)
        << child;
    use_diff(*out.diff);
    EXPECT_EQ(run().tree_oid, out.tree_oid) << child;
  }
}

}  // namespace
}  // namespace ghost::runner
