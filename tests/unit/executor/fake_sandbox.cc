#include "fake_sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/time.h"
#include "git_fixture.h"

namespace ghost::runner::test {
namespace {

namespace fs = std::filesystem;

class FakeSandbox : public Sandbox {
 public:
  FakeSandbox(FakePool& pool, const SandboxSpec& spec) : pool_(pool), spec_(spec) {
    root_ = dir_.path() + "/w";
    sh("cp -a '" + spec.base_dir + "' '" + root_ + "'");
    ++pool_.open_now;
    ++pool_.opened;
  }
  ~FakeSandbox() override { --pool_.open_now; }

  Status publish(const std::vector<FileChange>& changes) override {
    for (const FileChange& c : changes) {
      const fs::path path = root_ + "/" + c.path;
      std::error_code ignored;
      fs::remove_all(path, ignored);
      if (!c.bytes) {
        for (fs::path p = path.parent_path(); p != root_ && fs::is_empty(p, ignored);
             p = p.parent_path()) {
          fs::remove(p, ignored);
        }
        continue;
      }
      fs::create_directories(path.parent_path());
      if (c.mode == 0120000) {
        fs::create_symlink(*c.bytes, path);
      } else {
        spit(path, *c.bytes);
        ::chmod(path.c_str(), c.mode & 0777);
      }
    }
    return ok_status();
  }

  GateRun run(const GateCommand& command, const OutputSink& output, int stop_fd) override;

  Result<std::vector<WorkspaceFile>> find(const std::vector<std::string>& globs, bool with_base,
                                          size_t count_max) override {
    std::vector<WorkspaceFile> found;
    for (auto it = fs::recursive_directory_iterator(root_); it != fs::end(it); ++it) {
      const std::string path = it->path().string().substr(root_.size() + 1);
      struct stat st, base;
      ::lstat(it->path().c_str(), &st);
      if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) continue;
      bool match = false;
      for (const auto& glob : globs) match = match || glob_match(glob, path);
      if (!match) continue;
      const bool same = ::lstat((spec_.base_dir + "/" + path).c_str(), &base) == 0 &&
                        base.st_mode == st.st_mode && base.st_size == st.st_size &&
                        base.st_mtime == st.st_mtime;
      if (same && !with_base) continue;
      const uint32_t mode = S_ISLNK(st.st_mode) ? 0120000 : (st.st_mode & 0100 ? 0100755 : 0100644);
      found.push_back({path, mode, static_cast<uint64_t>(st.st_size)});
    }
    if (found.size() > count_max) return Error{"too_large", "too many", {}};
    return found;
  }

  Result<std::string> read(const std::string& path, uint64_t offset, size_t bytes_max) override {
    const std::string full = root_ + "/" + path;
    if (fs::is_symlink(full)) return fs::read_symlink(full).string().substr(offset, bytes_max);
    if (!fs::is_regular_file(full)) return Error{"not_found", path, {}};
    const std::string text = slurp(full);
    return text.substr(std::min<size_t>(offset, text.size()), bytes_max);
  }

  Status capture(const std::string&) override { return Error{"unsupported", "no layers here", {}}; }
  void extend(uint64_t) override { ++pool_.extended; }
  Status close() override { return ok_status(); }

 private:
  FakePool& pool_;
  const SandboxSpec spec_;
  TempDir dir_;
  std::string root_;
};

GateRun FakeSandbox::run(const GateCommand& command, const OutputSink& output, int stop_fd) {
  GateRun result;
  if (pool_.lose_gates) {
    result.end = GateEnd::kLost;
    result.error = "the sandbox went away";
    return result;
  }
  if (pool_.scribble_on_base) spit(spec_.base_dir + "/a.txt", "scribbled\n");
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) return result;
  const MonoMs begin = mono_now_ms();
  // Nothing is allocated in the child: another thread may hold the allocator's lock.
  const std::string folder = root_ + "/" + command.cwd;
  std::vector<std::string> env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
  for (const auto& [k, v] : command.env) env.push_back(k + "=" + v);
  std::vector<char*> argp, envp;
  for (const auto& a : command.argv) argp.push_back(const_cast<char*>(a.c_str()));
  for (const auto& e : env) envp.push_back(const_cast<char*>(e.c_str()));
  argp.push_back(nullptr);
  envp.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setpgid(0, 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    if (::chdir(folder.c_str()) != 0) ::_exit(127);
    ::execvpe(argp[0], argp.data(), envp.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  result.end = GateEnd::kExited;
  bool open_out = true, open_err = true;
  while (open_out || open_err) {
    pollfd p[3] = {{open_out ? out[0] : -1, POLLIN, 0},
                   {open_err ? err[0] : -1, POLLIN, 0},
                   {stop_fd, POLLIN, 0}};
    const MonoMs left = begin + static_cast<MonoMs>(command.timeout_ms) - mono_now_ms();
    const int ready = left <= 0 ? 0 : ::poll(p, 3, static_cast<int>(left));
    if (ready == 0 || p[2].revents) {
      result.end = ready == 0 ? GateEnd::kTimeout : GateEnd::kStopped;
      ::kill(-pid, SIGKILL);
      break;
    }
    for (int i = 0; i < 2; ++i) {
      if (!p[i].revents) continue;
      char buffer[64 << 10];
      const ssize_t n = ::read(p[i].fd, buffer, sizeof buffer);
      if (n > 0) output(i == 1, {buffer, static_cast<size_t>(n)});
      if (n <= 0) (i == 0 ? open_out : open_err) = false;
    }
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::kill(-pid, SIGKILL);
  ::close(out[0]);
  ::close(err[0]);
  result.wall_us = static_cast<uint64_t>(mono_now_ms() - begin) * 1000;
  if (result.end != GateEnd::kExited) return result;
  if (WIFSIGNALED(status)) {
    result.end = GateEnd::kSignalled;
    result.signal = WTERMSIG(status);
  } else {
    result.exit_code = WEXITSTATUS(status);
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Sandbox>> FakePool::open(const SandboxSpec& spec) {
  return std::unique_ptr<Sandbox>(std::make_unique<FakeSandbox>(*this, spec));
}

}  // namespace ghost::runner::test
