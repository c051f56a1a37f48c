#include "runner_worker/sandbox_probe.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include "base/fs.h"
#include "runner_worker/landlock.h"
#include "runner_worker/sandbox_wire.h"
#include "runner_worker/workspace.h"

namespace ghost::runner {
namespace {

constexpr int kRuns = 15;
constexpr int kFiles = 200;  // of the base: about what a small repository has

struct Steps {
  static constexpr std::array<const char*, 5> kNames = {"open a sandbox", "publish 10 files",
                                                        "run `true`", "find changes", "close"};
  std::array<std::vector<int64_t>, kNames.size()> us;
};

std::vector<FileChange> ten_files() {
  std::vector<FileChange> out;
  for (int i = 0; i < 10; ++i) {
    out.push_back({"d" + std::to_string(i) + "/f", 0100644, make_blob("changed\n")});
  }
  return out;
}

Status measure(SandboxPool& pool, const std::string& base, Steps* steps) {
  SandboxSpec spec;
  spec.base_dir = base;
  spec.limits.disk_bytes = 64 << 20;
  spec.die_after_ms = 60'000;
  const std::vector<FileChange> changes = ten_files();
  for (int run = 0; run < kRuns; ++run) {
    std::array<int64_t, Steps::kNames.size() + 1> at{};
    at[0] = monotonic_us();
    auto box = pool.open(spec);
    if (!box.ok()) return box.error();
    at[1] = monotonic_us();
    if (Status s = (*box)->publish(changes); !s.ok()) return s;
    at[2] = monotonic_us();
    GateCommand command;
    command.argv = {"true"};
    const GateRun done = (*box)->run(command, {}, -1);
    if (done.end != GateEnd::kExited || done.exit_code != 0) {
      return Error{"io_error", "`true` failed: " + done.error, ""};
    }
    at[3] = monotonic_us();
    const auto found = (*box)->find({"**"}, false, 1000);
    if (!found.ok()) return found.error();
    at[4] = monotonic_us();
    if (Status s = (*box)->close(); !s.ok()) return s;
    at[5] = monotonic_us();
    for (size_t i = 0; i < steps->us.size(); ++i) steps->us[i].push_back(at[i + 1] - at[i]);
  }
  return ok_status();
}

std::string ms(int64_t us) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << std::setw(8) << static_cast<double>(us) / 1000;
  return out.str();
}

void print_steps(Steps steps, std::ostream& out) {
  out << "  step                median ms    least     most   (" << kRuns << " runs, base of "
      << kFiles << " files)\n";
  for (size_t i = 0; i < steps.us.size(); ++i) {
    auto& us = steps.us[i];
    std::sort(us.begin(), us.end());
    out << "  " << std::left << std::setw(18) << Steps::kNames[i] << std::right << "  "
        << ms(us[us.size() / 2]) << "  " << ms(us.front()) << " " << ms(us.back()) << "\n";
  }
}

Status make_base(const std::string& folder) {
  for (int i = 0; i < kFiles; ++i) {
    const std::string dir = folder + "/d" + std::to_string(i % 20);
    if (Status s = make_dirs(dir); !s.ok()) return s;
    if (Status s = write_file_atomic(dir + "/f" + std::to_string(i), std::string(2000, 'x'));
        !s.ok()) {
      return s;
    }
  }
  return ok_status();
}

}  // namespace

bool print_probe(const SandboxOptions& options, std::ostream& out) {
  utsname host{};
  (void)::uname(&host);
  out << "kernel " << host.release << ", " << (::geteuid() == 0 ? "root" : "ordinary user")
      << ", Landlock version " << landlock_version() << "\n";
  const std::string base = options.dir + "/base-" + std::to_string(::getpid());
  if (Status s = make_base(base); !s.ok()) {
    out << s.error().message << "\n";
    return false;
  }
  bool wanted = false;
  std::string best;
  for (const char* level : {"full", "plain", "none"}) {
    SandboxOptions one = options;
    one.isolation = one.isolation_max = level;
    out << "\nisolation " << level << ": ";
    auto pool = make_sandbox_pool(one);
    if (!pool.ok()) {
      out << "no\n  " << pool.error().message << "\n";
    } else {
      out << "yes" << (best.empty() ? ", what a runner here takes" : "") << "\n";
      for (const std::string& gap : (*pool)->gaps()) out << "  lacks: " << gap << "\n";
      if (best.empty()) best = level;
      Steps steps;
      if (Status s = measure(**pool, base, &steps); s.ok()) {
        print_steps(std::move(steps), out);
      } else {
        out << "  " << s.error().message << "\n";
      }
    }
    if (level == options.isolation) wanted = !best.empty();
  }
  const Fd parent(::open(options.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.ok()) (void)remove_tree(parent.get(), base.substr(base.rfind('/') + 1));
  out << "\na runner started with --isolation " << options.isolation
      << (wanted ? " would work here" : " would not start here") << "\n";
  return wanted;
}

}  // namespace ghost::runner
