// Whole jobs in real sandboxes: prepared layers, incremental builds, git in the workspace. Skips
// where the host gives no full isolation.
#include <filesystem>

#include "job_fixture.h"

namespace ghost::runner::test {
namespace {

namespace fs = std::filesystem;

struct RealJobTest : JobTest {
  std::unique_ptr<SandboxPool> real;

  void SetUp() override {
    origin.write("first", "x\n");
    origin.commit("first");
    options.near_files_max = 1000;
    start();
  }
  // A runner on the same cache, as after a restart.
  void start() {
    executor.reset();
    if (!real) {
      SandboxOptions sandbox;
      sandbox.dir = dir.path() + "/sandbox";
      sandbox.ready_max = 1;
      auto made = make_sandbox_pool(sandbox);
      if (!made) GTEST_SKIP() << made.error().message;
      real = std::move(*made);
    }
    auto made = make_job_executor(options, *real);
    ASSERT_TRUE(made.ok()) << made.error().message;
    executor = std::move(*made);
  }
  void TearDown() override {
    executor.reset();
    real.reset();
  }

  // Runs one gate on a change of `path` and gives what it printed.
  std::string printed(const std::string& script, const std::string& path, const std::string& text) {
    origin.write(path, text);
    use_working_changes();
    request.gates.clear();
    gate(script);
    FakeHost host;
    const JobOutcome out = run(host);
    EXPECT_EQ(name(out.outcome), "passed") << out.reason << host.out["g1/stderr"];
    return host.out["g1/stdout"];
  }
  // The one entry of the cache's layers.
  fs::path layer() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(options.cache_dir + "/layers")) {
      EXPECT_TRUE(found.empty());
      found = entry.path() / "layer";
    }
    return found;
  }
  void write_build() const {
    origin.write("Makefile",
                 "all: app\n"
                 "app: a.o b.o c.o\n\t@cat $^ > app; echo link\n"
                 "%.o: %.c h.h\n\t@cp $< $@; echo compile $<\n");
    for (const char* file : {"a.c", "b.c", "c.c", "h.h"}) {
      origin.write(file, std::string(file) + " first\n");
    }
    origin.write(".gitignore", "*.o\napp\n");
  }
};

TEST_F(RealJobTest, IncrementalBuildsBuildWhatThePatchTouched) {
  write_build();
  origin.commit("a build");
  job.dispatch.repo.prepare = {"make"};
  EXPECT_EQ(printed("make", "b.c", "b.c second\n"), "compile b.c\nlink\n");
  EXPECT_EQ(printed("make; cat app", "c.c", "c.c second\n"),
            "compile c.c\nlink\na.c first\nb.c first\nc.c second\n");
  EXPECT_EQ(printed("make", "README", "nothing of the build\n"),
            "make: Nothing to be done for 'all'.\n");
  EXPECT_EQ(printed("make | sort", "h.h", "h.h second\n"),
            "compile a.c\ncompile b.c\ncompile c.c\nlink\n");

  // The next commit, over the checkout of the first: what it changed is as old as all else.
  origin.write("a.c", "a.c of the next commit\n");
  origin.commit("next");
  EXPECT_EQ(printed("make; head -1 app", "b.c", "b.c third\n"),
            "compile b.c\nlink\na.c of the next commit\n");
}

TEST_F(RealJobTest, ALayerServesEveryBaseWithItsKey) {
  origin.write("deps", "one\n");
  origin.commit("dependencies");
  job.dispatch.repo.prepare = {"mkdir -p cache; cat /proc/sys/kernel/random/uuid > cache/id"};
  job.dispatch.repo.prepare_files = {"deps"};
  const std::string first = printed("cat cache/id", "x", "1\n");
  EXPECT_EQ(first.size(), 37u);
  EXPECT_EQ(printed("cat cache/id", "x", "2\n"), first);
  origin.write("other", "changed\n");
  origin.commit("nothing that prepare reads");
  EXPECT_EQ(printed("cat cache/id other", "x", "3\n"), first + "changed\n");
  origin.write("deps", "two\n");
  origin.commit("other dependencies");
  const std::string second = printed("cat cache/id", "x", "4\n");
  EXPECT_NE(second, first);
  // A patch of what prepare reads does not prepare anew: layers are the bases'.
  EXPECT_EQ(printed("cat cache/id", "deps", "three\n"), second);
  job.dispatch.repo.prepare.push_back("true");
  EXPECT_NE(printed("cat cache/id", "x", "5\n"), second);
}

TEST_F(RealJobTest, ALayerOnlyAddsToItsBase) {
  origin.write("tracked/file", "base\n");
  origin.write("gone", "base\n");
  origin.commit("files");
  job.dispatch.repo.prepare = {
      "echo prepared > tracked/file; rm gone; rm -rf tracked/../d; echo new > tracked/new",
      "mkfifo pipe; ln -s /etc/hostname link; mkdir empty; echo x > .git/prepared"};
  job.dispatch.repo.prepare_files = {"nothing"};
  const std::string look =
      "cat tracked/file gone tracked/new; readlink link; ls -d empty; ls pipe .git/prepared 2>&1 | "
      "wc -l;"
      "git status --porcelain";
  EXPECT_EQ(printed(look, "x", "1\n"),
            "base\nbase\nnew\n/etc/hostname\nempty\n2\n?? link\n?? tracked/new\n?? x\n");
  // A later base tracks what the layer has made: the base's counts.
  origin.write("tracked/new", "of the base\n");
  origin.commit("tracks it");
  EXPECT_EQ(printed("cat tracked/new", "x", "2\n"), "of the base\n");
}

TEST_F(RealJobTest, ABaseThatCannotBePreparedIsNotThePatchsFault) {
  job.dispatch.repo.prepare = {"true",
                               "cat /proc/sys/kernel/random/uuid; echo no luck >&2; exit 3"};
  origin.write("x", "1\n");
  use_working_changes();
  gate("true");
  const JobOutcome out = run();
  EXPECT_EQ(name(out.outcome), "rejected");
  EXPECT_NE(out.reason.find("the base cannot be prepared"), std::string::npos) << out.reason;
  EXPECT_NE(out.reason.find("exit code 3"), std::string::npos);
  EXPECT_NE(out.reason.find("no luck"), std::string::npos);
  EXPECT_EQ(out.verdict.gates.at(0).status, wire::GateStatus::kSkipped);
  // Not tried again for every job that waits.
  EXPECT_EQ(run().reason, out.reason);
  EXPECT_TRUE(fs::is_empty(options.cache_dir + "/layers"));
}

TEST_F(RealJobTest, ABrokenLayerIsFoundAndMadeAnew) {
  job.dispatch.repo.prepare = {"mkdir -p sub; echo one > sub/one; echo two > two; ln -s two link"};
  const std::string look = "cat sub/one two link";
  EXPECT_EQ(printed(look, "x", "1\n"), "one\ntwo\ntwo\n");
  const auto breaks = {
      +[](const fs::path& l) { fs::remove(l / "two"); },
      +[](const fs::path& l) { fs::remove_all(l); },
      +[](const fs::path& l) { spit((l / "two").string(), "two, tampered with\n"); },
      +[](const fs::path& l) { spit((l / "sub/more").string(), "x"); },
      +[](const fs::path& l) {
        fs::remove(l / "link");
        fs::create_symlink("sub/one", l / "link");
      },
      +[](const fs::path& l) { fs::resize_file(l / "sub/one", 0); },
      +[](const fs::path& l) { fs::remove(l.parent_path() / "digest"); },
      +[](const fs::path& l) { fs::remove(l.parent_path() / "use.lock"); }};
  for (const auto& damage : breaks) {
    damage(layer());
    start();
    EXPECT_EQ(printed(look, "x", "2\n"), "one\ntwo\ntwo\n");
  }
}

TEST_F(RealJobTest, GatesSeeAndKeepWhatALayerHas) {
  job.dispatch.repo.prepare = {"mkdir dist; echo built > dist/app; echo built > dist/lib"};
  origin.write("x", "1\n");
  use_working_changes();
  gate("echo again > dist/lib; echo dropping > dist.log");
  request.artifacts = {"dist/**"};
  FakeHost host;
  const JobOutcome plain = run(host);
  ASSERT_EQ(name(plain.outcome), "passed") << plain.reason;
  EXPECT_EQ(host.artifacts,
            (std::map<std::string, std::string>{{"dist/app", "built\n"}, {"dist/lib", "again\n"}}));
  // Neither what gates nor what prepare left is part of the result, unless it is asked for.
  EXPECT_EQ(plain.diff->find("dist"), std::string::npos);
  auto& commit = request.on_success.emplace().commit.emplace();
  commit.message = "with what was built";
  commit.include = {"dist/*"};
  const JobOutcome with = run();
  ASSERT_EQ(name(with.outcome), "passed") << with.reason;
  EXPECT_NE(with.diff->find("+built"), std::string::npos);
  EXPECT_NE(with.diff->find("+again"), std::string::npos);
  EXPECT_EQ(with.diff->find("dropping"), std::string::npos);
}

TEST_F(RealJobTest, GitWorksInTheWorkspace) {
  origin.write("kept", "kept\n");
  origin.write("edited", "one\ntwo\n");
  origin.write("removed", "x\n");
  origin.commit("the base");
  const std::string look =
      "git log -1 --format=%s; git status --porcelain; git diff --stat | tail -1; git diff edited "
      "| tail -2;"
      "git rev-parse HEAD | cut -c1-4 | wc -c; git stash -q -u && git status --porcelain && git "
      "stash pop -q";
  for (const char* message : {"the base", "a near one"}) {
    if (message != std::string("the base")) {
      origin.write("kept", "changed between the two\n");
      origin.commit(message);
    }
    origin.write("edited", "one\n2\n");
    origin.write("made", "new\n");
    fs::remove(origin.work() + "/removed");
    EXPECT_EQ(printed(look, "also", "new\n"),
              std::string(message) +
                  "\n M edited\n D removed\n?? also\n?? made\n"
                  " 2 files changed, 1 insertion(+), 2 deletions(-)\n-two\n+2\n5\n");
  }
}

TEST_F(RealJobTest, ProtectedPathsAreTheBasesWhateverGatesAndLayersDo) {
  origin.write("tests/check", "base\n");
  origin.commit("tests");
  job.dispatch.repo.prepare = {"echo from-prepare > tests/extra"};
  request.protected_paths = {"tests/**"};
  origin.write("tests/check", "patched\n");
  origin.write("x", "1\n");
  use_working_changes();
  gate("cat tests/check; echo from-build > tests/more", wire::GatePhase::kBuild);
  gate("cat tests/check; ls tests");
  FakeHost host;
  const JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  EXPECT_EQ(host.out["g1/stdout"], "patched\n");
  EXPECT_EQ(host.out["g2/stdout"], "base\ncheck\n");
  // What the gates saw is one thing; the result is what the patch says.
  EXPECT_NE(out.diff->find("+patched"), std::string::npos);
}

// A gate of the validate phase is no more to be trusted than one before it.
TEST_F(RealJobTest, ProtectedPathsAreRestoredBeforeEachValidateGateAndAttempt) {
  origin.write("tests/check", "base\n");
  origin.write("tests/gone", "base\n");
  origin.commit("tests");
  request.protected_paths = {"tests/**"};
  origin.write("x", "1\n");
  use_working_changes();
  const std::string alter =
      "cat tests/*; ls tests; echo altered > tests/check; rm tests/gone; touch tests/more; ";
  gate(alter);
  gate(alter + "exit 1").allow_failure = true;
  request.gates.back().retries = 2;
  gate(alter);
  FakeHost host;
  const JobOutcome out = run(host);
  ASSERT_EQ(name(out.outcome), "passed") << out.reason;
  const std::string seen = "base\nbase\ncheck\ngone\n";
  EXPECT_EQ(host.out["g1/stdout"], seen);
  EXPECT_EQ(host.out["g2/stdout"], seen + seen + seen);
  EXPECT_EQ(host.out["g3/stdout"], seen);
}

}  // namespace
}  // namespace ghost::runner::test
