#include "sandbox_fixture.h"

#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace ghost::runner::test {

TempDir::TempDir() {
  std::string path = ::testing::TempDir() + "ghost-sandbox-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = path;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void spit(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

bool wait_until(const std::function<bool()>& condition, int deadline_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(deadline_ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    (void)::poll(nullptr, 0, 5);
  }
  return true;
}

std::vector<int> processes_with(const std::string& mark) {
  std::vector<int> out;
  DIR* dir = ::opendir("/proc");
  while (const dirent* entry = ::readdir(dir)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0 || pid == ::getpid()) continue;
    const std::string command = slurp("/proc/" + std::to_string(pid) + "/cmdline");
    if (command.find(mark) != std::string::npos) out.push_back(pid);
  }
  ::closedir(dir);
  return out;
}

std::vector<int> descendants() {
  std::map<int, int> parents;
  DIR* dir = ::opendir("/proc");
  while (const dirent* entry = ::readdir(dir)) {
    const int pid = std::atoi(entry->d_name);
    const std::string stat = pid > 0 ? slurp("/proc/" + std::to_string(pid) + "/stat") : "";
    const size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos || stat[name_end + 2] == 'Z') continue;
    parents[pid] = std::atoi(stat.c_str() + name_end + 4);
  }
  ::closedir(dir);
  std::vector<int> out;
  for (const auto& [pid, parent] : parents) {
    int up = parent;
    while (up > 1 && up != ::getpid() && parents.count(up) != 0) up = parents[up];
    if (up == ::getpid()) out.push_back(pid);
  }
  return out;
}

std::string unique_mark() {
  static std::atomic<int> next{0};
  return "mark-" + std::to_string(::getpid()) + "-" + std::to_string(next++) + "-end";
}

namespace {
// Where these tests run as another user, it lies where that one can read it.
std::string attacker_path() {
  const char* elsewhere = std::getenv("GHOST_ATTACKER");
  return elsewhere != nullptr ? elsewhere : GHOST_ATTACKER_PATH;
}
}  // namespace

SandboxTest::SandboxTest() {
  spit(base() + "/README", "base\n");
  spit(base() + "/src/a.c", "int a;\n");
  spit(base() + "/src/deep/b.c", "int b;\n");
  spit(base() + "/run.sh", "#!/bin/sh\necho ran\n");
  ::chmod((base() + "/run.sh").c_str(), 0755);
  (void)!::symlink("src/a.c", (base() + "/link").c_str());
  // As the runner's data may be: not to be entered by others.
  ::chmod(dir_.path().c_str(), 0700);
}

SandboxOptions SandboxTest::options() const {
  SandboxOptions out;
  out.dir = scratch();
  out.hidden_dirs = {dir_.path()};
  return out;
}

void SandboxTest::SetUp() {
  auto pool = make_sandbox_pool(options());
  if (!pool.ok() && pool.error().code == "bad_config") GTEST_SKIP() << pool.error().message;
  ASSERT_TRUE(pool.ok()) << pool.error().message;
  pool_ = std::move(*pool);
}

SandboxSpec SandboxTest::spec() const {
  SandboxSpec out;
  out.base_dir = base();
  out.limits.memory_bytes = 256u << 20;
  out.limits.pids = 64;
  out.limits.disk_bytes = 16u << 20;
  out.limits.inodes = 2000;
  out.die_after_ms = 120'000;
  return out;
}

std::unique_ptr<Sandbox> SandboxTest::open(const SandboxSpec& spec) {
  auto box = pool_->open(spec);
  if (!box.ok()) throw std::runtime_error(box.error().message);
  const Status put = (*box)->publish({file("attacker", slurp(attacker_path()), 0100755)});
  if (!put.ok()) throw std::runtime_error(put.error().message);
  return std::move(*box);
}

Outcome SandboxTest::run(Sandbox& box, std::vector<std::string> argv, uint64_t timeout_ms) {
  GateCommand command;
  command.argv = std::move(argv);
  command.timeout_ms = timeout_ms;
  Outcome out;
  out.run = box.run(
      command,
      [&](bool is_stderr, std::string_view bytes) { (is_stderr ? out.err : out.out) += bytes; },
      -1);
  return out;
}

FileChange file(const std::string& path, const std::string& text, uint32_t mode) {
  return {path, mode, make_blob(text)};
}

FileChange removed(const std::string& path) {
  return {path, 0, nullptr};
}

}  // namespace ghost::runner::test
