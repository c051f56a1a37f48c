// What a runner adds to a patch. The whole runner works here (session, executor, sandbox), against
// a broker that answers at once; patches are files 0.diff, 1.diff, ... of a folder, used in turn.
//   jobs SCRATCH ORIGIN REF PATCHES COUNT SLOTS
//     the jobs' times, and how many a second; one line of JSON
//   base SCRATCH ORIGIN PATCHES WARM_REF FRESH_REF
//     one job on each, the second on a base that was never used before
//   memory SCRATCH ORIGIN REF PATCHES RUNNER SLOTS
//     memory of the program RUNNER and of all that it started, idle after two jobs a slot
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "bench/measure.h"
#include "bench/patch_broker.h"
#include "runner_worker/job_executor.h"
#include "runner_worker/link.h"

namespace ghost::bench {
namespace {

using namespace ghost::runner;

// Adds up what the gates of each job took themselves, as their sandbox measured it.
class GateTimes {
 public:
  void add(const std::string& job, uint64_t us) {
    const std::lock_guard lock(mutex_);
    us_[job] += static_cast<int64_t>(us);
  }
  int64_t take(uint64_t job) {
    const std::lock_guard lock(mutex_);
    return std::exchange(us_[std::to_string(job)], 0);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int64_t> us_;
};

class TimedSandbox : public Sandbox {
 public:
  TimedSandbox(std::unique_ptr<Sandbox> inner, GateTimes& times)
      : inner_(std::move(inner)), times_(times) {}
  std::vector<std::string> restored() const override { return inner_->restored(); }
  Status publish(const std::vector<FileChange>& changes) override {
    return inner_->publish(changes);
  }
  GateRun run(const GateCommand& command, const OutputSink& output, int stop) override {
    GateRun done = inner_->run(command, output, stop);
    times_.add(command.env.at("GHOST_JOB"), done.wall_us);
    return done;
  }
  Result<std::vector<WorkspaceFile>> find(const std::vector<std::string>& globs, bool with_base,
                                          size_t count_max) override {
    return inner_->find(globs, with_base, count_max);
  }
  Result<std::string> read(const std::string& path, uint64_t offset, size_t bytes_max) override {
    return inner_->read(path, offset, bytes_max);
  }
  Status capture(const std::string& folder) override { return inner_->capture(folder); }
  void extend(uint64_t ms) override { inner_->extend(ms); }
  void end() override { inner_->end(); }
  Status close() override { return inner_->close(); }

 private:
  std::unique_ptr<Sandbox> inner_;
  GateTimes& times_;
};

class TimedPool : public SandboxPool {
 public:
  TimedPool(std::unique_ptr<SandboxPool> inner, GateTimes& times)
      : inner_(std::move(inner)), times_(times) {}
  Result<std::unique_ptr<Sandbox>> open(const SandboxSpec& spec) override {
    auto box = inner_->open(spec);
    if (!box) return box.error();
    return std::unique_ptr<Sandbox>(std::make_unique<TimedSandbox>(std::move(*box), times_));
  }
  std::string_view level() const override { return inner_->level(); }
  std::vector<std::string> gaps() const override { return inner_->gaps(); }

 private:
  std::unique_ptr<SandboxPool> inner_;
  GateTimes& times_;
};

SandboxOptions sandbox_options(const std::string& scratch, size_t slots) {
  SandboxOptions options;
  options.dir = scratch + "/sandbox";
  options.hidden_dirs = {scratch};
  options.ready_max = slots;
  return options;
}

template <typename T>
T need(Result<T> result) {
  if (!result) fail(result.error().message);
  return std::move(*result);
}

// A runner, as main.cc of the runner puts it together, on threads of this process.
class Runner {
 public:
  // `pool` was made before there was any thread.
  Runner(wire::Context& context, const std::string& endpoint, const std::string& scratch,
         std::unique_ptr<SandboxPool> pool, size_t slots)
      : pool_(std::move(pool), times_), stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    ExecutorOptions executor;
    executor.cache_dir = scratch + "/cache";
    executor_ = need(make_job_executor(executor, pool_));
    outbox_ = need(Outbox::open(scratch + "/outbox"));
    SessionOptions session;
    session.instance = "bench";
    session.secret = random_bytes(32);
    session.session = static_cast<uint64_t>(wall_now_ms());
    session.slots = slots;
    LinkOptions link;
    link.broker.endpoint = endpoint;
    link.stop_fd = stop_fd_;
    link_ = std::make_unique<Link>(context, link, session, *executor_, *outbox_);
    thread_ = std::thread([this] { (void)link_->run(); });
  }
  ~Runner() {
    link_->drain(true);
    thread_.join();
    ::close(stop_fd_);
  }
  GateTimes& gate_times() { return times_; }

 private:
  GateTimes times_;
  TimedPool pool_;
  int stop_fd_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Link> link_;
  std::thread thread_;
};

class Jobs {
 public:
  Jobs(const std::string& origin, std::string ref, const std::string& patches)
      : ref_(std::move(ref)) {
    repo_.name = "bench";
    repo_.url = origin;
    for (int i = 0;; ++i) {
      auto text = read_file(patches + "/" + std::to_string(i) + ".diff");
      if (!text) break;
      patches_.push_back(std::move(*text));
    }
    if (patches_.empty()) fail("no patches in " + patches);
  }
  PatchJob operator()(size_t index) const {
    PatchJob job;
    job.repo = repo_;
    job.ref = ref_;
    job.request.base.repo = repo_.name;
    job.request.base.ref = ref_;
    job.request.patch.format = wire::PatchFormat::kUnified;
    job.request.patch.data = patches_[index % patches_.size()];
    wire::Gate& gate = job.request.gates.emplace_back();
    gate.name = "gate";
    gate.phase = wire::GatePhase::kValidate;
    gate.run = "true";
    job.request.on_success.emplace().commit.emplace().message = "a patch";
    return job;
  }

 private:
  wire::Repo repo_;
  const std::string ref_;
  std::vector<std::string> patches_;
};

void check(const PatchDone& done) {
  if (done.item.outcome != wire::Outcome::kPassed || done.item.commit_oid.empty() ||
      done.verdict.gates.size() != 1 || done.verdict.gates[0].exit_code != 0) {
    fail("job " + std::to_string(done.job) + " did not pass: " + done.item.reason);
  }
}

int64_t at(std::vector<int64_t>& values, double quantile) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(quantile * static_cast<double>(values.size() - 1))];
}

int jobs(const std::string& scratch, const std::string& origin, const std::string& ref,
         const std::string& patches, size_t count, size_t slots) {
  auto pool = need(make_sandbox_pool(sandbox_options(scratch, slots)));
  for (const auto& gap : pool->gaps()) std::fprintf(stderr, "isolation: %s\n", gap.c_str());
  wire::Context context;
  PatchBroker broker(context);
  Runner runner(context, broker.endpoint(), scratch, std::move(pool), slots);
  broker.wait_for_runner();
  const Jobs next(origin, ref, patches);
  broker.run(4 * slots + 4, slots, next, check);
  std::vector<int64_t> overhead_us, total_us;
  const int64_t began_us = now_us();
  broker.run(count, slots, next, [&](const PatchDone& done) {
    check(done);
    total_us.push_back(done.total_us);
    overhead_us.push_back(done.total_us - runner.gate_times().take(done.job));
  });
  const double seconds = static_cast<double>(now_us() - began_us) / 1e6;
  std::printf(
      "{\"jobs\": %zu, \"per_s\": %.2f, \"overhead_p50_us\": %ld, \"overhead_p99_us\": %ld, "
      "\"total_p50_us\": %ld}\n",
      count, static_cast<double>(count) / seconds, at(overhead_us, 0.5), at(overhead_us, 0.99),
      at(total_us, 0.5));
  return 0;
}

int base(const std::string& scratch, const std::string& origin, const std::string& patches,
         const std::string& warm_ref, const std::string& fresh_ref) {
  auto pool = need(make_sandbox_pool(sandbox_options(scratch, 1)));
  wire::Context context;
  PatchBroker broker(context);
  Runner runner(context, broker.endpoint(), scratch, std::move(pool), 1);
  broker.wait_for_runner();
  int64_t us[2];
  size_t index = 0;
  for (const std::string& ref : {warm_ref, warm_ref, fresh_ref}) {
    broker.run(1, 1, Jobs(origin, ref, patches), [&](const PatchDone& done) {
      check(done);
      us[index / 2] = done.total_us - runner.gate_times().take(done.job);
    });
    ++index;
  }
  std::printf("{\"warm_us\": %ld, \"fresh_us\": %ld}\n", us[0], us[1]);
  return 0;
}

uint64_t pss_bytes(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  const size_t found = text ? text->find("\nPss:") : std::string::npos;
  return found == std::string::npos ? 0
                                    : std::strtoull(text->c_str() + found + 5, nullptr, 10) << 10;
}

pid_t parent_of(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const size_t found = text ? text->rfind(')') : std::string::npos;
  return found == std::string::npos ? 0 : std::atoi(text->c_str() + found + 4);
}

// Of a process and all below it, shared pages by their part.
uint64_t family_bytes(pid_t root, size_t* processes) {
  uint64_t bytes = 0;
  *processes = 0;
  DIR* dir = ::opendir("/proc");
  while (const dirent* entry = dir ? ::readdir(dir) : nullptr) {
    const pid_t pid = std::atoi(entry->d_name);
    pid_t up = pid;
    while (up > 1 && up != root) up = parent_of(up);
    if (pid <= 0 || up != root) continue;
    bytes += pss_bytes(pid);
    ++*processes;
  }
  if (dir) ::closedir(dir);
  return bytes;
}

int memory(const std::string& scratch, const std::string& origin, const std::string& ref,
           const std::string& patches, const std::string& program, size_t slots) {
  wire::Context context;
  PatchBroker broker(context);
  const std::string data = scratch + "/runner", count = std::to_string(slots);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(program.c_str(), program.c_str(), "--broker", broker.endpoint().c_str(), "--data",
            data.c_str(), "--slots", count.c_str(), "--log-level", "error", nullptr);
    ::_exit(127);
  }
  broker.wait_for_runner();
  broker.run(2 * slots, slots, Jobs(origin, ref, patches), check);
  // Idle: nothing changes any more.
  size_t processes = 0, before = 1;
  uint64_t bytes = 0, last = 1;
  for (int look = 0; look < 50 && (bytes != last || processes != before); ++look) {
    last = bytes;
    before = processes;
    ::usleep(200'000);
    bytes = family_bytes(pid, &processes);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  std::printf("{\"bytes\": %lu, \"processes\": %zu}\n", bytes, processes);
  return 0;
}

}  // namespace
}  // namespace ghost::bench

int main(int argc, char** argv) {
  using namespace ghost::bench;
  ghost::log::Options log_options{"bench"};
  log_options.level = "error";
  ghost::log::init(log_options);
  const std::vector<std::string> a(argv, argv + argc);
  const std::string mode = argc > 1 ? a[1] : "";
  const auto number = [](const std::string& text) { return std::stoul(text); };
  if (mode == "jobs" && argc == 8) {
    return jobs(a[2], a[3], a[4], a[5], number(a[6]), number(a[7]));
  }
  if (mode == "base" && argc == 7) return base(a[2], a[3], a[4], a[5], a[6]);
  if (mode == "memory" && argc == 8) return memory(a[2], a[3], a[4], a[5], a[6], number(a[7]));
  fail("usage: see bench/patch.cc");
}
