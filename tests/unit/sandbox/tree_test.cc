// The tree functions by themselves, as the runner uses them outside of any sandbox.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner_worker/sandbox_wire.h"
#include "runner_worker/workspace.h"
#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class TreeTest : public ::testing::Test {
 protected:
  TreeTest() : root_(::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  std::string at(const std::string& path) const { return dir_.path() + "/" + path; }

  TempDir dir_;
  Fd root_;
};

TEST_F(TreeTest, RemovesWithoutFollowingAndWhateverTheModes) {
  const TempDir outside;
  spit(outside.path() + "/kept", "x");
  spit(at("t/a/b/c/f"), "x");
  ASSERT_EQ(::symlink(outside.path().c_str(), at("t/a/link").c_str()), 0);
  ASSERT_EQ(::mkfifo(at("t/fifo").c_str(), 0), 0);
  ASSERT_EQ(::chmod(at("t/a/b/c").c_str(), 0), 0);
  ASSERT_EQ(::chmod(at("t/a").c_str(), 0), 0);
  EXPECT_TRUE(remove_tree(root_.get(), "t").ok());
  EXPECT_EQ(::access(at("t").c_str(), F_OK), -1);
  EXPECT_EQ(slurp(outside.path() + "/kept"), "x");
  EXPECT_TRUE(remove_tree(root_.get(), "t").ok());
  ASSERT_EQ(::symlink(outside.path().c_str(), at("l").c_str()), 0);
  EXPECT_TRUE(remove_tree(root_.get(), "l").ok());
  EXPECT_EQ(slurp(outside.path() + "/kept"), "x");
}

TEST_F(TreeTest, CopiesWhatItIsAndLeavesOutTheRest) {
  spit(at("from/d/f"), "text");
  ASSERT_EQ(::chmod(at("from/d/f").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("/etc/passwd", at("from/l").c_str()), 0);
  ASSERT_EQ(::mkfifo(at("from/p").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(at("to").c_str(), 0700), 0);
  const Fd from(::open(at("from").c_str(), O_RDONLY | O_DIRECTORY));
  const Fd to(::open(at("to").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_TRUE(copy_tree(from.get(), to.get()).ok());
  EXPECT_EQ(slurp(at("to/d/f")), "text");
  struct stat one {
  }, two{};
  ASSERT_EQ(::stat(at("from/d/f").c_str(), &one), 0);
  ASSERT_EQ(::stat(at("to/d/f").c_str(), &two), 0);
  EXPECT_NE(one.st_ino, two.st_ino);
  EXPECT_EQ(one.st_mode, two.st_mode);
  EXPECT_EQ(one.st_mtim.tv_nsec, two.st_mtim.tv_nsec);
  ASSERT_EQ(::lstat(at("to/l").c_str(), &two), 0);
  EXPECT_TRUE(S_ISLNK(two.st_mode));
  EXPECT_EQ(::access(at("to/p").c_str(), F_OK), -1);
}

TEST_F(TreeTest, AFileThatIsRightStaysAsItIs) {
  ASSERT_TRUE(put_file(root_.get(), "d/f", 0100644, "x").ok());
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(at("d/f").c_str(), &before), 0);
  ASSERT_TRUE(put_file(root_.get(), "d/f", 0100644, "x").ok());
  ASSERT_EQ(::stat(at("d/f").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  // One with a second name is replaced, lest a change through that name reach it.
  ASSERT_EQ(::link(at("d/f").c_str(), at("other").c_str()), 0);
  ASSERT_TRUE(put_file(root_.get(), "d/f", 0100644, "x").ok());
  ASSERT_EQ(::stat(at("d/f").c_str(), &after), 0);
  EXPECT_NE(before.st_ino, after.st_ino);
}

TEST_F(TreeTest, DevicesAreNeverOpened) {
  if (::mknod(at("null").c_str(), S_IFCHR | 0666, 0x103) != 0) GTEST_SKIP() << "no mknod";
  EXPECT_EQ(read_slice(root_.get(), "null", 0, 10).error().code, "bad_request");
  EXPECT_TRUE(find_files(root_.get(), -1, -1, -1, {"**"}, 10)->empty());
  EXPECT_TRUE(put_file(root_.get(), "null", 0100644, "x").ok());
  EXPECT_EQ(slurp(at("null")), "x");
}

TEST_F(TreeTest, RemovingTakesEmptyParentsAlong) {
  ASSERT_TRUE(put_file(root_.get(), "a/b/c", 0100644, "x").ok());
  ASSERT_TRUE(put_file(root_.get(), "a/d", 0100644, "x").ok());
  ASSERT_TRUE(remove_file(root_.get(), "a/b/c").ok());
  EXPECT_EQ(::access(at("a/b").c_str(), F_OK), -1);
  EXPECT_EQ(::access(at("a/d").c_str(), F_OK), 0);
  ASSERT_TRUE(remove_file(root_.get(), "a/d").ok());
  EXPECT_EQ(::access(at("a").c_str(), F_OK), -1);
}

}  // namespace
}  // namespace ghost::runner::test
