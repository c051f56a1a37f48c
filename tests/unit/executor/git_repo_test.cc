// Reading objects of a repository, with what is kept of earlier reads.
#include "runner_worker/git_repo.h"

#include <gtest/gtest.h>

#include "git_fixture.h"

namespace ghost::runner {
namespace {

struct GitRepoTest : testing::Test {
  test::Origin origin;
  std::unique_ptr<GitRepo> repo;

  GitRepoTest() {
    origin.write("a.txt", "one\ntwo\n");
    origin.write("folder/b.txt", std::string(5000, 'b'));
    origin.commit("base");
    auto opened = GitRepo::open(origin.url());
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    repo = std::move(*opened);
  }
  Oid id(const std::string& spec) const {
    return *Oid::parse(origin.git("rev-parse " + spec).substr(0, 40));
  }
};

TEST_F(GitRepoTest, ABlobIsTheSameEachTimeAndItsLimitCountsEachTime) {
  const Oid blob = id("HEAD:folder/b.txt");
  EXPECT_EQ(repo->read_blob(blob, 4999).error().code, "too_large");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(**repo->read_blob(blob, 5000), std::string(5000, 'b'));
  EXPECT_EQ(repo->read_blob(blob, 4999).error().code, "too_large");
}

TEST_F(GitRepoTest, MoreBlobsThanAreKeptAreReadAsTheyAre) {
  for (int i = 0; i < 40; ++i) {
    origin.write("n/" + std::to_string(i), std::string(200'000, static_cast<char>('A' + i)));
  }
  origin.commit("many");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40; ++i) {
      const auto blob = repo->read_blob(id("HEAD:n/" + std::to_string(i)), 1 << 20);
      ASSERT_TRUE(blob.ok()) << blob.error().message;
      EXPECT_EQ(**blob, std::string(200'000, static_cast<char>('A' + i)));
    }
  }
}

TEST_F(GitRepoTest, WhatWasMadeIsForgottenAndWhatWasReadIsNot) {
  const Oid old = id("HEAD:a.txt");
  ASSERT_TRUE(repo->read_blob(old, 100).ok());
  const auto made = repo->write_blob("new\n");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(**repo->read_blob(*made, 100), "new\n");
  repo->forget_new();
  EXPECT_EQ(repo->read_blob(*made, 100).error().code, "not_found");
  EXPECT_EQ(**repo->read_blob(old, 100), "one\ntwo\n");
}

TEST_F(GitRepoTest, ATreeIsNoBlobAndABlobNoTree) {
  const Oid tree = id("HEAD^{tree}"), blob = id("HEAD:a.txt");
  ASSERT_TRUE(repo->read_blob(blob, 100).ok());
  EXPECT_EQ(repo->read_blob(tree, 100).error().code, "not_found");
  EXPECT_EQ(repo->read_tree(blob).error().code, "not_found");
  EXPECT_EQ(repo->read_tree(tree)->size(), 2u);
}

}  // namespace
}  // namespace ghost::runner
