// The system call filter is a list of what is allowed: what people build and test with must find
// all that it needs on it. Programs that this host does not have are skipped by name.
#include <unistd.h>

#include "runner_worker/seccomp.h"
#include "sandbox_fixture.h"

namespace ghost::runner::test {
namespace {

class ToolchainTest : public SandboxTest {
 protected:
  // The program as the sandbox has it; its own folders count, not the runner's PATH.
  bool has(const std::string& program) {
    if (!box_) {
      SandboxSpec roomy = spec();
      roomy.limits.disk_bytes = 256u << 20;
      roomy.limits.inodes = 20'000;
      roomy.limits.memory_bytes = 1u << 30;
      roomy.limits.pids = 256;
      box_ = open(roomy);
    }
    return shell(*box_, "command -v " + program).run.exit_code == 0;
  }
  void works(const std::string& script, const std::string& expected) {
    const Outcome done = shell(*box_, "set -e; " + script, 100'000);
    EXPECT_EQ(done.run.end, GateEnd::kExited) << done.run.error;
    EXPECT_EQ(done.run.exit_code, 0) << script << "\n" << done.err;
    EXPECT_EQ(done.out, expected) << done.err;
    EXPECT_EQ(done.err.find("Bad system call"), std::string::npos);
  }

  std::unique_ptr<Sandbox> box_;
};

constexpr const char* kProgram =
    "mkdir -p p; cat > p/m.c <<'X'\n"
    "#include <pthread.h>\n#include <stdio.h>\n"
    "static void *f(void *p) { *(int *)p = 7; return p; }\n"
    "int main(void) { int v = 0; pthread_t t; pthread_create(&t, 0, f, &v); pthread_join(t, 0);\n"
    "printf(\"%d\\n\", v); return v != 7; }\nX\n";

TEST_F(ToolchainTest, CompilerAndMake) {
  if (!has("gcc") || !has("make")) GTEST_SKIP() << "no gcc or make here";
  works(std::string(kProgram) +
            "printf 'm: m.o\\n\\t@gcc -pthread -o $@ $^\\n%%.o: %%.c\\n\\t@gcc -O2 -c $<\\n' > "
            "p/Makefile;"
            "make -s -C p -j4; p/m; gcc -shared -fPIC -flto -o p/l.so p/m.c",
        "7\n");
  if (has("g++")) {
    works(
        "printf '#include <thread>\\n#include <iostream>\\nint main() { std::thread t([] { "
        "std::cout << 8 << std::endl; }); t.join(); }' > p/n.cc; g++ -pthread p/n.cc -o p/n; p/n",
        "8\n");
  }
  if (has("clang")) works("clang -pthread p/m.c -o p/c; p/c", "7\n");
}

TEST_F(ToolchainTest, CmakeAndNinja) {
  if (!has("cmake") || !has("ninja") || !has("gcc")) GTEST_SKIP() << "no cmake or ninja here";
  works(std::string(kProgram) +
            "printf 'cmake_minimum_required(VERSION 3.13)\\nproject(p C)\\nadd_executable(m m.c)\\n"
            "enable_testing()\\nadd_test(NAME t COMMAND m)\\n' > p/CMakeLists.txt;"
            "export LDFLAGS=-pthread; cmake -S p -B b -G Ninja >/dev/null; ninja -C b >/dev/null;"
            "ctest --test-dir b >/dev/null; b/m",
        "7\n");
}

TEST_F(ToolchainTest, Git) {
  if (!has("git")) GTEST_SKIP() << "no git here";
  works(
      "git init -q -b main r; cd r; git config user.email a@b; git config user.name n; echo 1 > f;"
      "git add f; git commit -q -m one; git checkout -q -b two; echo 2 > f; git commit -qam two;"
      "git log --format=%s; git diff --stat main | tail -1; git gc -q; git clone -q . ../c;"
      "git -C ../c status --short; git stash -q; git worktree add -q ../w main; cat ../w/f",
      "two\none\n 1 file changed, 1 insertion(+), 1 deletion(-)\n1\n");
}

TEST_F(ToolchainTest, Python) {
  if (!has("python3")) GTEST_SKIP() << "no python3 here";
  works(R"(cat > t.py <<'X'
import asyncio, multiprocessing, socket, sqlite3, subprocess, tempfile, threading
def twice(n): return 2 * n
async def loop():
    server = await asyncio.start_server(lambda r, w: w.close(), '127.0.0.1', 0)
    reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b''
    out = await asyncio.create_subprocess_exec('true')
    return await out.wait()
if __name__ == '__main__':
    with multiprocessing.Pool(2) as pool: assert pool.map(twice, [1, 2]) == [2, 4]
    assert asyncio.run(loop()) == 0
    thread = threading.Thread(target=twice, args=(1,)); thread.start(); thread.join()
    with tempfile.NamedTemporaryFile() as f: sqlite3.connect(f.name).execute('create table t(a)')
    print(subprocess.run(['echo', 'ran'], capture_output=True, text=True).stdout, end='')
X
/usr/bin/python3 t.py; python3 -m venv --without-pip v; v/bin/python -c 'print(3)')",
        "ran\n3\n");
}

TEST_F(ToolchainTest, Node) {
  if (!has("node")) GTEST_SKIP() << "no node here";
  works(R"(cat > t.js <<'X'
const { Worker, isMainThread, parentPort } = require('worker_threads');
if (!isMainThread) parentPort.postMessage(4);
else new Worker(__filename).on('message', v => {
  const server = require('http').createServer((q, r) => r.end('http')).listen(0, '127.0.0.1', () =>
    require('http').get({ port: server.address().port, host: '127.0.0.1' }, r => r.on('data', d => {
      console.log(v, String(d), require('child_process').execSync('echo sub').toString().trim());
      server.close(); process.exit(0); })));
});
X
node t.js)",
        "4 http sub\n");
}

TEST_F(ToolchainTest, PerlAndBash) {
  if (has("perl"))
    works("perl -e 'my $p = fork; if (!$p) { exit 5 } waitpid $p, 0; print $? >> 8, \"\\n\"'",
          "5\n");
  if (has("bash")) {
    works(
        "bash -c 'diff <(echo a) <(echo a) && coproc cat && echo hi >&${COPROC[1]} && "
        "read -r x <&${COPROC[0]} && echo $x; kill %1; shopt -s globstar; set -o pipefail; "
        "cat <<< here | tee >(cat >/dev/null)'",
        "hi\nhere\n");
  }
}

TEST_F(ToolchainTest, JavaGoAndRustWhereTheyAre) {
  size_t found = 0;
  if (has("javac")) {
    ++found;
    works(
        "printf 'class T { public static void main(String[] a) throws Exception { Thread t = new "
        "Thread(() -> System.out.println(6)); t.start(); t.join(); } }' > T.java; javac T.java; "
        "java -Xmx128m T",
        "6\n");
  }
  if (has("go")) {
    ++found;
    works(
        "printf 'package main\\nfunc main() { println(1) }' > g.go; GOFLAGS=-mod=mod "
        "GOCACHE=/tmp/g go run g.go 2>&1",
        "1\n");
  }
  if (has("rustc")) {
    ++found;
    works("echo 'fn main() { println!(\"9\") }' > r.rs; rustc r.rs; ./r", "9\n");
  }
  if (found == 0) GTEST_SKIP() << "none of javac, go and rustc here";
}

// Whatever is not on the list is answered with "no such call", numbers of the future included.
TEST_F(ToolchainTest, TheFilterIsAListOfWhatIsAllowed) {
  ASSERT_TRUE(has("sh"));
  const Outcome done = run(*box_, {"./attacker", "numbers"});
  EXPECT_EQ(done.run.end, GateEnd::kExited) << done.run.error;
  EXPECT_EQ(done.out, "");
}

}  // namespace
}  // namespace ghost::runner::test
