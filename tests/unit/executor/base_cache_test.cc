// The base cache over real repositories: what refs resolve to, what is fetched, and that checkouts
// are byte for byte the commit, work with git, heal and are evicted.
#include "runner_worker/base_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "git_fixture.h"
#include "runner_worker/checkout.h"

namespace ghost::runner {
namespace {

using test::Origin;
using test::sh;
using test::slurp;
using test::spit;
using test::TempDir;

struct BaseCacheTest : testing::Test {
  TempDir dir;
  Origin origin;
  uint64_t near_files_max = 1000;
  std::unique_ptr<BaseCache> cache = open();
  const Cutoff none;

  std::unique_ptr<BaseCache> open(uint64_t bytes_max = 1ull << 30) {
    BaseCacheOptions options;
    options.dir = dir.path() + "/cache";
    options.bytes_max = bytes_max;
    options.credentials_dir = dir.path() + "/credentials";
    options.near_files_max = near_files_max;
    auto opened = BaseCache::open(options);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(*opened);
  }
  wire::Repo repo(bool local = true) const {
    wire::Repo r;
    r.name = "demo";
    r.url = local ? origin.url() : "file://" + origin.url() + "/%2e";
    return r;
  }
  std::unique_ptr<BaseRepo> open_repo(bool local = true) {
    auto opened = cache->open_repo(repo(local), none);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(*opened);
  }
  std::string resolve(const std::string& ref, bool local = true) {
    auto opened = open_repo(local);
    auto oid = cache->resolve(*opened, ref, none);
    return oid ? oid->hex() : oid.error().code;
  }
  Result<BaseCheckout> checkout(const std::string& commit) {
    auto opened = open_repo();
    if (Status s = cache->bring(*opened, *Oid::parse(commit), none); !s) return s.error();
    return cache->checkout(*opened, *Oid::parse(commit), none);
  }
};

TEST_F(BaseCacheTest, RefsOfEveryKindResolve) {
  origin.write("a.txt", "one\n");
  const std::string first = origin.commit("first");
  origin.git("tag light && git tag -a heavy -m heavy && git push -q origin light heavy");
  origin.git("checkout -q -b topic/x");
  origin.write("a.txt", "two\n");
  const std::string second = origin.commit("second");
  for (const bool local : {true, false}) {
    EXPECT_EQ(resolve("", local), first);
    EXPECT_EQ(resolve("main", local), first);
    EXPECT_EQ(resolve("topic/x", local), second);
    EXPECT_EQ(resolve("refs/heads/topic/x", local), second);
    EXPECT_EQ(resolve("light", local), first);
    EXPECT_EQ(resolve("heavy", local), first);
    EXPECT_EQ(resolve(first, local), first);
    EXPECT_EQ(resolve(second.substr(0, 10), local), second);
    EXPECT_EQ(resolve("nowhere", local), "not_found");
    EXPECT_EQ(resolve("deadbeef", local), "not_found");
    EXPECT_EQ(resolve(std::string(40, 'd'), local), "not_found");
  }
}

TEST_F(BaseCacheTest, AnUnknownCommitIsFetchedByItsId) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  EXPECT_NE(resolve("main"), "not_found");
  origin.write("a.txt", "two\n");
  const std::string second = origin.commit("second");
  EXPECT_EQ(resolve(second), second);
  origin.write("a.txt", "three\n");
  const std::string third = origin.commit("third");
  EXPECT_EQ(resolve(third.substr(0, 8)), third);
}

TEST_F(BaseCacheTest, ABranchThatBecameAFolderOfBranchesIsFetched) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  origin.git("push -q origin HEAD:refs/heads/a");
  EXPECT_NE(resolve("a"), "not_found");
  origin.git("push -q origin :refs/heads/a");
  origin.write("a.txt", "two\n");
  const std::string second = origin.commit("second");
  origin.git("push -q origin HEAD:refs/heads/a/b");
  EXPECT_EQ(resolve("a/b"), second);
  EXPECT_EQ(resolve("a"), "not_found");
}

TEST_F(BaseCacheTest, CheckoutIsTheCommitByteForByteAndGitWorksInIt) {
  origin.write(".gitattributes", "*.txt text eol=crlf ident\n*.lfs filter=lfs\n");
  origin.write("dir/deep/a.txt", "one $Id$\n");
  origin.write("b.lfs", "pointer\n");
  origin.write("bin", std::string("\0\1\r\n", 4));
  origin.write("empty", "");
  origin.write("run.sh", "#!/bin/sh\n");
  sh("chmod +x run.sh && ln -s dir/deep link && ln -s /etc/passwd out && "
     "printf 'a\\tb' > \"$(printf 'ta\\tb \\303\\244')\"",
     origin.work());
  const std::string commit = origin.commit("first");
  auto base = checkout(commit);
  ASSERT_TRUE(base.ok()) << base.error().message;
  EXPECT_EQ(slurp(base->dir + "/dir/deep/a.txt"), "one $Id$\n");
  EXPECT_EQ(slurp(base->dir + "/bin"), std::string("\0\1\r\n", 4));
  EXPECT_EQ(std::filesystem::read_symlink(base->dir + "/link"), "dir/deep");
  EXPECT_EQ(std::filesystem::read_symlink(base->dir + "/out"), "/etc/passwd");
  struct stat st;
  ASSERT_EQ(::stat((base->dir + "/run.sh").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0755u);
  EXPECT_EQ(sh("git status --porcelain", base->dir), "");
  EXPECT_EQ(sh("git rev-parse HEAD", base->dir), commit);
  EXPECT_EQ(sh("git log --format=%s", base->dir), "first");
  EXPECT_EQ(sh("git diff --stat HEAD", base->dir), "");
  EXPECT_EQ(sh("git fsck --no-dangling 2>&1 | grep -v notice || true", base->dir), "");
  // The index is fresh and not racy: no file is read to know that nothing changed.
  EXPECT_EQ(sh("git diff-files --name-only", base->dir), "");
  EXPECT_TRUE(verify_checkout(base->dir, *Oid::parse(commit)).ok());
}

TEST_F(BaseCacheTest, ABrokenCheckoutIsFoundAndMadeAnew) {
  origin.write("a.txt", "one\n");
  origin.write("b.txt", "one\n");
  const std::string commit = origin.commit("first");
  const std::string damage[] = {"rm a.txt",      "echo more >> b.txt", "echo x > new",
                                "rm .git/index", "rm -r .git",         "chmod +x a.txt"};
  for (const auto& hurt : damage) {
    {
      auto base = checkout(commit);
      ASSERT_TRUE(base.ok()) << base.error().message;
      sh(hurt, base->dir);
    }
    cache = open();  // another life of the process
    auto base = checkout(commit);
    ASSERT_TRUE(base.ok()) << hurt << ": " << base.error().message;
    EXPECT_EQ(sh("git status --porcelain && ls", base->dir), "a.txt\nb.txt") << hurt;
  }
}

TEST_F(BaseCacheTest, ACheckoutThatVanishedIsMadeAnew) {
  origin.write("a.txt", "one\n");
  const std::string commit = origin.commit("first");
  { ASSERT_TRUE(checkout(commit).ok()); }
  sh("rm -rf cache/bases/*/tree", dir.path());
  auto base = checkout(commit);
  ASSERT_TRUE(base.ok()) << base.error().message;
  EXPECT_EQ(slurp(base->dir + "/a.txt"), "one\n");
  sh("rm -rf cache/bases/*", dir.path());
  base = checkout(commit);
  ASSERT_TRUE(base.ok()) << base.error().message;
  EXPECT_EQ(slurp(base->dir + "/a.txt"), "one\n");
}

TEST_F(BaseCacheTest, ABrokenMirrorIsMadeAnew) {
  origin.write("a.txt", "one\n");
  const std::string commit = origin.commit("first");
  EXPECT_EQ(resolve("main"), commit);
  sh("rm -rf cache/mirrors/*/git/HEAD cache/mirrors/*/git/objects", dir.path());
  cache = open();
  EXPECT_EQ(resolve("main"), commit);
}

TEST_F(BaseCacheTest, SlotsShareOneMaking) {
  for (int i = 0; i < 200; ++i) origin.write("f" + std::to_string(i), "x\n");
  const std::string commit = origin.commit("first");
  std::vector<std::thread> slots;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    slots.emplace_back([&] {
      auto opened = cache->open_repo(repo(), {});
      if (!opened || !cache->resolve(**opened, "main", {})) return;
      auto base = cache->checkout(**opened, *Oid::parse(commit), {});
      if (base && slurp(base->dir + "/f199") == "x\n") ++good;
    });
  }
  for (auto& slot : slots) slot.join();
  EXPECT_EQ(good, 4);
  EXPECT_EQ(sh("ls cache/bases | wc -l", dir.path()), "1");
}

TEST_F(BaseCacheTest, ANewBaseNearACachedOneIsUsedOverItAndThenCloned) {
  for (int i = 0; i < 50; ++i) origin.write("d/f" + std::to_string(i), std::to_string(i));
  origin.write("x/gone", "gone\n");
  const std::string first = origin.commit("first");
  origin.write("d/f7", "changed\n");
  origin.write("new/file", "new\n");
  sh("rm -r x && chmod +x d/f8", origin.work());
  const std::string second = origin.commit("second");
  { ASSERT_TRUE(checkout(first).ok()); }
  for (int use = 1; use <= 2; ++use) {
    auto near = checkout(second);
    ASSERT_TRUE(near.ok()) << near.error().message;
    EXPECT_EQ(near->commit.hex(), first);
    // What a workspace over it would be.
    TempDir workspace;
    sh("cp -a '" + near->dir + "' w && cd w && cp " + near->index_file + " .git/index && echo " +
           second +
           " > .git/HEAD && git status --porcelain > ../status; git checkout -q -f . && "
           "rm -rf x && git status --porcelain > ../after",
       workspace.path());
    EXPECT_EQ(slurp(workspace.path() + "/status"), " M d/f7\n M d/f8\n D new/file\n?? x/\n");
    EXPECT_EQ(slurp(workspace.path() + "/after"), "");
  }
  cache->settle();
  auto own = checkout(second);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->commit.hex(), second);
  EXPECT_TRUE(own->index_file.empty());
  EXPECT_EQ(sh("git status --porcelain; git rev-parse HEAD; cat d/f7 new/file", own->dir),
            second + "\nchanged\nnew");
  EXPECT_TRUE(verify_checkout(own->dir, *Oid::parse(second)).ok());
  struct stat a, b;
  ::stat((own->dir + "/d/f1").c_str(), &a);
  ::stat((checkout(first)->dir + "/d/f1").c_str(), &b);
  EXPECT_EQ(a.st_ino, b.st_ino) << "what both have is there once";
}

TEST_F(BaseCacheTest, EvictionTakesTheLeastRecentlyUsedAndNeverOneInUse) {
  std::vector<std::string> commits;
  for (int i = 0; i < 4; ++i) {
    origin.write("big", std::string(1 << 20, static_cast<char>('a' + i)));
    commits.push_back(origin.commit("c" + std::to_string(i)));
  }
  near_files_max = 0;
  cache = open(2'600'000);
  auto in_use = checkout(commits[0]);
  ASSERT_TRUE(in_use.ok());
  for (int i = 1; i < 4; ++i) ASSERT_TRUE(checkout(commits[i]).ok());
  cache->store().enforce_budget();
  EXPECT_EQ(slurp(in_use->dir + "/big"), std::string(1 << 20, 'a'));
  const auto there = [&](int i) {
    return !sh("ls cache/bases | grep " + commits[i] + " || true", dir.path()).empty();
  };
  EXPECT_TRUE(there(0));
  EXPECT_FALSE(there(1));
  EXPECT_TRUE(there(3));
}

TEST_F(BaseCacheTest, TreesThatLeadOutOfTheCheckoutAreRefused) {
  origin.write("a.txt", "one\n");
  origin.commit("first");
  const std::string evil = origin.git(
      "-c core.protectNTFS=false rev-parse --verify -q HEAD >/dev/null; b=$(echo hook | git "
      "hash-object -w --stdin); t=$(printf '100644 blob %s\\tconfig\\n' $b | git mktree); "
      "t=$(printf '040000 tree %s\\t.GIT\\n' $t | git mktree); "
      "git commit-tree -m evil $t");
  origin.git("push -q origin " + evil + ":refs/heads/evil");
  auto base = checkout(evil);
  ASSERT_FALSE(base.ok());
  EXPECT_EQ(base.error().code, "bad_request");
}

TEST_F(BaseCacheTest, UrlsAndCredentialsAreChecked) {
  const auto code = [&](const std::string& url, const std::string& credential = "") {
    wire::Repo r;
    r.name = "demo";
    r.url = url;
    r.credential = credential;
    auto opened = cache->open_repo(r, none);
    return opened ? std::string("ok") : opened.error().code;
  };
  EXPECT_EQ(code("ext::sh -c date"), "url_refused");
  EXPECT_EQ(code("--upload-pack=date"), "url_refused");
  EXPECT_EQ(code("http://example.org/a"), "url_refused");
  EXPECT_EQ(code("https://u:secret@example.org/a"), "url_refused");
  EXPECT_EQ(code("relative/path"), "url_refused");
  EXPECT_EQ(code(origin.url(), "absent"), "bad_config");
  EXPECT_EQ(code(origin.url(), "../x"), "bad_config");
  spit(dir.path() + "/credentials/key", "username=u\npassword=p\n");
  sh("chmod 644 credentials/key", dir.path());
  EXPECT_EQ(code(origin.url(), "key"), "bad_config");
  sh("chmod 600 credentials/key", dir.path());
  EXPECT_EQ(code(origin.url(), "key"), "ok");
}

TEST_F(BaseCacheTest, Sha256RepositoriesAreRefusedByName) {
  sh("git init -q --object-format=sha256 -b main r && cd r && git commit -q --allow-empty -m x",
     dir.path());
  wire::Repo r;
  r.name = "modern";
  r.url = dir.path() + "/r";
  auto opened = cache->open_repo(r, none);
  ASSERT_TRUE(opened.ok());
  auto oid = cache->resolve(**opened, "main", none);
  ASSERT_FALSE(oid.ok());
  EXPECT_EQ(oid.error().code, "bad_request");
  EXPECT_NE(oid.error().message.find("SHA-256"), std::string::npos) << oid.error().message;
}

}  // namespace
}  // namespace ghost::runner
