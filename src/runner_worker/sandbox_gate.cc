// A gate that runs in a LocalSandbox, as its runner sees it: started, its output passed on, watched
// for limits that the sandbox's first process cannot see, ended, and told of.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "runner_worker/sandbox_box.h"

namespace ghost::runner {
namespace {

constexpr int kMemoryLookMs = 40;
constexpr uint64_t kGateMsMax = 1ull << 40;
constexpr size_t kLeftInPipeMax = 4u << 20;  // more than an unprivileged gate's pipe can hold

Error failed(const std::string& what) {
  return {"io_error", "sandbox: " + what + ": " + std::strerror(errno), ""};
}

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

Result<GateRequest> gate_request(const GateCommand& command) {
  GateRequest request;
  request.argv = command.argv;
  request.cwd = command.cwd;
  bool bad = command.argv.empty() || command.argv[0].empty() || has_nul(command.cwd);
  for (const std::string& arg : command.argv) bad = bad || has_nul(arg);
  for (const auto& [name, value] : command.env) {
    bad = bad || name.empty() || name.find('=') != std::string::npos || has_nul(name + value);
    request.env.push_back(name + "=" + value);
  }
  if (bad) return Error{"bad_request", "no command, or NUL in it", ""};
  request.timeout_ms = std::min(command.timeout_ms, kGateMsMax);
  return request;
}

}  // namespace

struct LocalSandbox::Watched {
  std::array<Fd, 2> output;  // read ends: stdout, stderr
  const OutputSink* sink = nullptr;
  int stop_fd = -1;
  bool stopped = false;
  uint64_t oom_kills_before = 0, refused_forks_before = 0;
  uint64_t output_bytes = 0, output_bytes_max = 0;
  uint64_t memory_bytes_max = 0;  // of all its processes together, as looked at
  int64_t lost_at_ms = 0;         // without an answer by then the sandbox is lost
  int64_t memory_look_ms = 0;

  // Passes on what one read gives; 0 when there is nothing (any more).
  size_t pass_on(size_t stream) {
    std::array<char, 65536> buffer;
    ssize_t n;
    do {
      n = ::read(output[stream].get(), buffer.data(), buffer.size());
    } while (n < 0 && errno == EINTR);
    if (n == 0) output[stream].reset();
    if (n <= 0) return 0;
    output_bytes += static_cast<uint64_t>(n);
    if (*sink) (*sink)(stream == 1, {buffer.data(), static_cast<size_t>(n)});
    return static_cast<size_t>(n);
  }
};

GateRun LocalSandbox::run(const GateCommand& command, const OutputSink& output, int stop_fd) {
  GateRun done;
  auto request = gate_request(command);
  if (!request.ok()) {
    done.error = request.error().message;
    return done;
  }
  done.end = GateEnd::kLost;
  done.error = "the sandbox has ended";
  if (broken_ || closed_) return done;
  const bool group = cgroup_ && cgroup_->has_memory();
  request->cpu_ms = limits_.cpu_ms;
  request->memory_watch_bytes = group ? 0 : limits_.memory_bytes;
  request->pids = limits_.pids;
  request->file_bytes_max = limits_.disk_bytes;
  request->host_network = host_network_;

  Watched gate;
  std::array<Fd, 2> inner;
  for (size_t i = 0; i < 2; ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      done.error = failed("pipe").message;
      return done;
    }
    gate.output[i].reset(ends[0]);
    inner[i].reset(ends[1]);
    (void)::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  gate.sink = &output;
  gate.stop_fd = stop_fd;
  gate.oom_kills_before = group ? cgroup_->oom_kills() : 0;
  gate.refused_forks_before = cgroup_ ? cgroup_->refused_forks() : 0;
  gate.output_bytes_max = command.output_bytes_max;
  gate.lost_at_ms = monotonic_ms() + static_cast<int64_t>(request->timeout_ms) + kEndMs;
  if (!send_frame(box_.control.get(), BoxMessage::kRun, encode(*request),
                  {inner[0].get(), inner[1].get()})) {
    broken_ = true;
    return done;
  }
  for (Fd& fd : inner) fd.reset();
  while (!attend(&gate, &done)) {
  }
  finish(&gate, &done);
  return done;
}

void LocalSandbox::stop_gate(Watched* gate, GateStop why) {
  if (gate->stopped) return;
  gate->stopped = true;
  gate->lost_at_ms = monotonic_ms() + kEndMs;
  (void)send_frame(box_.control.get(), BoxMessage::kStop,
                   BoxWriter().u64(static_cast<uint64_t>(why)).bytes());
}

bool LocalSandbox::attend(Watched* gate, GateRun* done) {
  const bool group = cgroup_ && cgroup_->has_memory() && !gate->stopped;
  pollfd polled[4] = {{gate->output[0].get(), POLLIN, 0},
                      {gate->output[1].get(), POLLIN, 0},
                      {box_.control.get(), POLLIN, 0},
                      {gate->stopped ? -1 : gate->stop_fd, POLLIN, 0}};
  const int64_t now_ms = monotonic_ms();
  const int64_t left_ms = std::clamp<int64_t>(gate->lost_at_ms - now_ms, 0, 1 << 30);
  const int n = ::poll(
      polled, 4, static_cast<int>(group ? std::min<int64_t>(left_ms, kMemoryLookMs) : left_ms));
  if ((n == 0 || polled[2].revents == 0) && monotonic_ms() >= gate->lost_at_ms) {
    broken_ = true;
    done->error = "the sandbox did not end its gate in time";
    return true;
  }
  if (group && monotonic_ms() - gate->memory_look_ms >= kMemoryLookMs) {
    gate->memory_look_ms = monotonic_ms();
    const uint64_t used = cgroup_->anonymous_bytes();
    gate->memory_bytes_max = std::max(gate->memory_bytes_max, used);
    if (used > limits_.memory_bytes) stop_gate(gate, GateStop::kMemory);
  }
  if (n <= 0) return false;
  if (polled[3].revents != 0) stop_gate(gate, GateStop::kAsked);
  for (size_t stream = 0; stream < 2; ++stream) {
    if (polled[stream].revents != 0) (void)gate->pass_on(stream);
  }
  if (gate->output_bytes_max > 0 && gate->output_bytes > gate->output_bytes_max) {
    stop_gate(gate, GateStop::kOutput);
  }
  if (polled[2].revents == 0) return false;
  BoxFrame frame;
  GateReport report;
  if (!receive_frame(box_.control.get(), &frame, monotonic_ms() + kEndMs) ||
      frame.type != BoxMessage::kGateEnd || !decode(frame.payload, &report)) {
    broken_ = true;
    return true;
  }
  done->end = static_cast<GateEnd>(report.end);
  done->exit_code = static_cast<int>(report.exit_code);
  done->signal = static_cast<int>(report.signal);
  done->wall_us = report.wall_us;
  done->cpu_ms = report.cpu_us / 1000;
  done->rss_bytes_max = std::max(report.rss_bytes_max, gate->memory_bytes_max);
  done->written_bytes = report.written_bytes;
  done->error = report.error;
  return true;
}

void LocalSandbox::finish(Watched* gate, GateRun* done) {
  if (broken_ && !kill_all()) done->error = "processes of the sandbox could not be ended";
  // Every writer is dead, unless a gate has found a way to hand its pipe on.
  for (size_t stream = 0; stream < 2; ++stream) {
    size_t taken = 0, more = 1;
    while (more > 0 && taken < kLeftInPipeMax && gate->output[stream].ok()) {
      more = gate->pass_on(stream);
      taken += more;
    }
  }
  const bool passed = done->end == GateEnd::kExited && done->exit_code == 0;
  const bool own_end = done->end == GateEnd::kExited || done->end == GateEnd::kSignalled ||
                       done->end == GateEnd::kLost;
  if (!passed && own_end && cgroup_ && cgroup_->oom_kills() > gate->oom_kills_before) {
    done->end = GateEnd::kOom;
    done->error = "memory limit";
  }
  if (done->end == GateEnd::kFlood && done->error.empty()) {
    done->error = "output limit of " + std::to_string(gate->output_bytes_max) + " bytes";
  }
  if (!passed && cgroup_ && cgroup_->refused_forks() > gate->refused_forks_before) {
    done->error += (done->error.empty() ? "" : ", ") + std::string("process limit of ") +
                   std::to_string(limits_.pids);
  }
}

}  // namespace ghost::runner
