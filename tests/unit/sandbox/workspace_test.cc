// publish, find and read against what hostile gates leave in the workspace.
#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class WorkspaceTest : public SandboxTest {
 protected:
  static std::vector<std::string> paths(const Result<std::vector<WorkspaceFile>>& found) {
    if (!found.ok()) return {found.error().code};
    std::vector<std::string> out;
    for (const WorkspaceFile& f : *found) out.push_back(f.path);
    return out;
  }
};

using Paths = std::vector<std::string>;

TEST_F(WorkspaceTest, PublishesFilesLinksAndRemovals) {
  auto box = open();
  const std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(
      box->publish({file("new/dir/f", "text"), file("new/run", "#!/bin/sh\necho hi\n", 0100755),
                    file("src/a.c", binary), file("l", "/etc/passwd", 0120000),
                    removed("src/deep/b.c"), removed("never/was")})
          .ok());
  EXPECT_EQ(
      shell(*box, "cat new/dir/f; ./new/run; readlink l; ls src; stat -c %a new/run new/dir/f").out,
      "texthi\n/etc/passwd\na.c\n755\n644\n");
  EXPECT_EQ(*box->read("src/a.c", 0, 100), binary);
  // A file becomes a folder and the other way round.
  ASSERT_TRUE(box->publish({removed("README"), file("README/in", "x"), removed("new/dir/f"),
                            file("new/dir", "y")})
                  .ok());
  EXPECT_EQ(shell(*box, "cat README/in new/dir").out, "xy");
}

TEST_F(WorkspaceTest, PublishFollowsNoLinkOfAGate) {
  auto box = open();
  ASSERT_EQ(shell(*box,
                  "echo kept > /tmp/target; mkdir /tmp/dir; rm -rf src; ln -s /tmp/dir src; "
                  "rm README; ln -s /tmp/target README; ln -s loop loop; "
                  "mkfifo fifo; mkfifo pipe; ln run.sh hard")
                .run.exit_code,
            0);
  ASSERT_TRUE(box->publish({file("src/a.c", "new"), file("README", "new"), file("loop/f", "new"),
                            file("fifo", "new"), file("pipe/f", "new"), file("run.sh", "new"),
                            removed("nothing/here")})
                  .ok());
  EXPECT_EQ(shell(*box,
                  "cat src/a.c README loop/f fifo pipe/f run.sh; ls -A /tmp/dir; cat /tmp/target; "
                  "cat hard")
                .out,
            "newnewnewnewnewnewkept\n#!/bin/sh\necho ran\n");
}

TEST_F(WorkspaceTest, RemovalFollowsNoLinkOfAGate) {
  auto box = open();
  ASSERT_EQ(shell(*box,
                  "mkdir /tmp/dir; echo kept > /tmp/dir/a.c; rm -rf src; ln -s /tmp/dir src; "
                  "rm README; mkdir -p README/deep/er; : > README/deep/f; chmod 000 README/deep")
                .run.exit_code,
            0);
  ASSERT_TRUE(box->publish({removed("src/a.c"), removed("README")}).ok());
  EXPECT_EQ(shell(*box, "cat /tmp/dir/a.c; ls -d README 2>/dev/null").out, "kept\n");
}

TEST_F(WorkspaceTest, BadPathsAreRefused) {
  auto box = open();
  for (const std::string& bad :
       {std::string(), std::string("/etc/x"), std::string("../x"), std::string("a/../../x"),
        std::string("a//b"), std::string("./a"), std::string("a/."), std::string("a/"),
        std::string("a\0b", 3), std::string(5000, 'x'), std::string(300, 'x')}) {
    const Status put = box->publish({file(bad, "x")});
    ASSERT_FALSE(put.ok()) << bad;
    EXPECT_EQ(put.error().code, "bad_request");
    EXPECT_EQ(box->publish({removed(bad)}).error().code, "bad_request") << bad;
    EXPECT_EQ(box->read(bad, 0, 1).error().code, "bad_request") << bad;
  }
  EXPECT_EQ(box->publish({file("a", "x", 0104755)}).error().code, "bad_request");
  EXPECT_EQ(box->publish({file("a", "", 0120000)}).error().code, "bad_request");
  // A failed change among others leaves the sandbox usable.
  EXPECT_FALSE(box->publish({file("ok1", "1"), file("../x", "x"), file("ok2", "2")}).ok());
  EXPECT_EQ(shell(*box, "cat ok1").out, "1");
}

TEST_F(WorkspaceTest, AWorkspaceWithoutRightsIsStillReadAndWritten) {
  auto box = open();
  ASSERT_EQ(shell(*box, "mkdir d; echo x > d/f; chmod 000 d/f d src run.sh .").run.exit_code, 0);
  EXPECT_TRUE(box->publish({file("d/g", "new"), file("src/a.c", "new")}).ok());
  EXPECT_EQ(*box->read("d/f", 0, 10), "x\n");
  EXPECT_EQ(paths(box->find({"d/*"}, false, 10)), (Paths{"d/f", "d/g"}));
}

TEST_F(WorkspaceTest, FindsWhatDiffersFromTheBase) {
  auto box = open();
  ASSERT_TRUE(box->publish({removed("attacker")}).ok());
  EXPECT_EQ(paths(box->find({"**"}, false, 100)), Paths{});
  EXPECT_EQ(paths(box->find({"**"}, true, 100)),
            (Paths{"README", "link", "run.sh", "src/a.c", "src/deep/b.c"}));
  ASSERT_EQ(shell(*box,
                  "echo changed > README; touch src/a.c; cat src/deep/b.c > t; "
                  "mv t src/deep/b.c; mkdir out; echo 1 > out/r; chmod +x out/r; ln -s r out/l; "
                  "chmod -x run.sh; ln -sf src/deep/b.c link")
                .run.exit_code,
            0);
  const auto found = box->find({"**"}, false, 100);
  EXPECT_EQ(paths(found), (Paths{"README", "link", "out/l", "out/r", "run.sh"}));
  EXPECT_EQ((*found)[2].mode, 0120000u);
  EXPECT_EQ((*found)[3].mode, 0100755u);
  EXPECT_EQ((*found)[3].size_bytes, 2u);
  EXPECT_EQ((*found)[4].mode, 0100644u);
  // A folder made anew over one of the base.
  ASSERT_EQ(
      shell(*box, "rm -rf src; mkdir src; echo 'int a;' > src/a.c; echo n > src/n").run.exit_code,
      0);
  EXPECT_EQ(paths(box->find({"src/**"}, false, 100)), Paths{"src/n"});
  EXPECT_EQ(paths(box->find({"src/**"}, true, 100)), (Paths{"src/a.c", "src/n"}));
}

TEST_F(WorkspaceTest, FindHasABoundAndFollowsNothing) {
  auto box = open();
  ASSERT_EQ(shell(*box,
                  "mkdir o; cd o; mkfifo p; ln -s / root; ln -s /proc/self/fd/0 d; "
                  "ln -s ../o self; for i in 1 2 3 4; do : > f$i; done; mkdir -p a/b/c")
                .run.exit_code,
            0);
  EXPECT_EQ(paths(box->find({"o/**"}, false, 100)),
            (Paths{"o/d", "o/f1", "o/f2", "o/f3", "o/f4", "o/root", "o/self"}));
  EXPECT_EQ(paths(box->find({"o/**"}, false, 6)), Paths{"too_large"});
  EXPECT_EQ(paths(box->find({"o/**"}, false, 7)).size(), 7u);
  EXPECT_EQ(paths(box->find({}, true, 7)), Paths{});
}

TEST_F(WorkspaceTest, ReadsNothingButFilesAndLinks) {
  auto box = open();
  ASSERT_EQ(shell(*box,
                  "mkdir o; cd o; mkfifo fifo; ln -s /etc/passwd l; ln -s /etc dir; "
                  "printf 0123456789 > f; ln -s f rel; truncate -s 15M sparse; "
                  "python3 -c \"import socket;socket.socket(socket.AF_UNIX).bind('s')\" || :")
                .run.exit_code,
            0);
  EXPECT_EQ(*box->read("o/f", 0, 4), "0123");
  EXPECT_EQ(*box->read("o/f", 8, 100), "89");
  EXPECT_EQ(*box->read("o/f", 10, 100), "");
  EXPECT_EQ(*box->read("o/f", UINT64_MAX, 100), "");
  EXPECT_EQ(*box->read("o/l", 0, 100), "/etc/passwd");
  EXPECT_EQ(*box->read("o/rel", 0, 100), "f");
  EXPECT_EQ(box->read("o/sparse", 0, SIZE_MAX)->size(), 15u << 20);
  EXPECT_EQ(box->read("o/dir/passwd", 0, 100).error().code, "not_found");
  EXPECT_EQ(box->read("o/none", 0, 100).error().code, "not_found");
  EXPECT_EQ(box->read("o/f/x", 0, 100).error().code, "not_found");
  EXPECT_EQ(box->read("o/fifo", 0, 100).error().code, "bad_request");
  EXPECT_EQ(box->read("o", 0, 100).error().code, "bad_request");
}

TEST_F(WorkspaceTest, DeepFoldersAreBorne) {
  auto box = open();
  ASSERT_EQ(shell(*box, "./attacker deep dddddddd && : > top").run.exit_code, 0);
  EXPECT_EQ(paths(box->find({"top", "**/f"}, false, 100)), Paths{"top"});
  EXPECT_TRUE(box->publish({removed("dddddddd")}).ok());
  EXPECT_EQ(shell(*box, "ls -d dddddddd 2>/dev/null").out, "");
}

TEST_F(WorkspaceTest, ManyAndLargeFiles) {
  auto box = open();
  std::vector<FileChange> changes;
  for (int i = 0; i < 500; ++i)
    changes.push_back(file("m/" + std::to_string(i), std::to_string(i)));
  const std::string large(6u << 20, 'x');
  changes.push_back(file("large", large));
  ASSERT_TRUE(box->publish(changes).ok());
  EXPECT_EQ(shell(*box, "ls m | wc -l; cat m/499; wc -c < large").out, "500\n4996291456\n");
  EXPECT_EQ(*box->read("large", 0, large.size()), large);
}

}  // namespace
}  // namespace ghost::runner::test
