#include "runner_worker/gate_runner.h"

#include <algorithm>

#include "wire/detail.h"

namespace ghost::runner {
namespace {

GateCommand command_of(const wire::Gate& gate, const GateContext& context) {
  GateCommand command;
  command.argv = gate.run ? std::vector<std::string>{"/bin/sh", "-c", *gate.run} : gate.argv;
  command.cwd = gate.cwd.value_or("");
  command.env = context.env;
  command.env["GHOST_GATE"] = gate.name;
  for (const auto& [name, value] : gate.env) command.env[name] = value;
  command.timeout_ms = context.cutoff.left_ms(gate.timeout_ms);
  command.output_bytes_max = context.flood_bytes;
  return command;
}

wire::GateStatus status_of(const GateRun& run) {
  switch (run.end) {
    case GateEnd::kExited:
      return run.exit_code == 0 ? wire::GateStatus::kPass : wire::GateStatus::kFail;
    case GateEnd::kSignalled:
      return wire::GateStatus::kSignal;
    case GateEnd::kTimeout:
      return wire::GateStatus::kTimeout;
    case GateEnd::kOom:
      return wire::GateStatus::kOom;
    case GateEnd::kFlood:
      return wire::GateStatus::kFlood;
    case GateEnd::kFailedToStart:
      return wire::GateStatus::kFail;
    case GateEnd::kStopped:
      return wire::GateStatus::kSkipped;
    case GateEnd::kLost:
      return wire::GateStatus::kInfra;
  }
  return wire::GateStatus::kInfra;
}

std::string sentence(const wire::GateReport& report) {
  std::string text = "gate \"" + report.name + "\" ";
  switch (report.status) {
    case wire::GateStatus::kTimeout:
      text += "ran out of time";
      break;
    case wire::GateStatus::kOom:
      text += "ran out of memory";
      break;
    case wire::GateStatus::kFlood:
      text += "wrote too much";
      break;
    case wire::GateStatus::kSignal:
      text += "was ended by signal " + std::to_string(report.signal.value_or(0));
      break;
    case wire::GateStatus::kInfra:
      text += "could not be run to its end";
      break;
    default:
      text += report.exit_code ? "failed with exit code " + std::to_string(*report.exit_code)
                               : "could not be started";
  }
  if (report.error && !report.error->empty()) text += ": " + *report.error;
  return text;
}

void tell_finished(const GateContext& context, const wire::GateReport& r) {
  context.host.progress("gate_finished", r.name,
                        wire::pack_detail({{"phase", wire::to_string(r.phase)},
                                           {"status", wire::to_string(r.status)},
                                           {"exitCode", r.exit_code.value_or(-1)},
                                           {"signal", r.signal.value_or(0)},
                                           {"wallMs", r.wall_ms},
                                           {"attempt", r.attempts}}));
}

GateRun run_once(GateContext& context, const wire::Gate& gate, wire::GateReport* report) {
  ++report->attempts;
  context.host.progress(
      "gate_started", gate.name,
      wire::pack_detail({{"phase", wire::to_string(gate.phase)}, {"attempt", report->attempts}}));
  GateOutput output(context.host, context.budget, gate.name, context.secrets);
  const GateRun run = context.sandbox.run(
      command_of(gate, context),
      [&](bool is_stderr, std::string_view bytes) { output.take(is_stderr, bytes); },
      context.cutoff.stop_fd);
  output.finish();
  report->status = status_of(run);
  report->exit_code.reset();
  report->signal.reset();
  report->error.reset();
  if (run.end == GateEnd::kExited) report->exit_code = run.exit_code;
  if (run.signal != 0) report->signal = run.signal;
  if (!run.error.empty()) report->error = run.error;
  report->wall_ms = run.wall_us / 1000;
  report->cpu_ms = run.cpu_ms;
  report->max_rss_bytes = run.rss_bytes_max;
  report->written_bytes = run.written_bytes;
  report->stdout = output.report(false);
  report->stderr = output.report(true);
  return run;
}

GatesResult run_gate(GateContext& context, const wire::Gate& gate, wire::GateReport* report) {
  report->name = gate.name;
  report->phase = gate.phase;
  for (uint64_t attempt = 0; attempt <= gate.retries; ++attempt) {
    if (Status s = context.cutoff.check(); !s) {
      // Between two attempts; the report tells of the last one.
      const bool stopped = s.error().code == "stopping";
      return {stopped ? GatesEnd::kStopped : GatesEnd::kWallLimit, {}};
    }
    if (context.before_attempt && !context.before_attempt()) return {GatesEnd::kUnready, {}};
    const wire::GateStatus before = report->status;
    const GateRun run = run_once(context, gate, report);
    if (attempt > 0 && report->status != before) report->flaky = true;
    tell_finished(context, *report);
    if (run.end == GateEnd::kStopped) return {GatesEnd::kStopped, {}};
    if (run.end == GateEnd::kLost) return {GatesEnd::kLost, sentence(*report)};
    if (report->status == wire::GateStatus::kPass) return {};
    if (run.end == GateEnd::kTimeout && context.cutoff.left_ms(1) == 0) {
      return {GatesEnd::kWallLimit, {}};
    }
  }
  report->allowed_failure = gate.allow_failure;
  if (gate.allow_failure) return {};
  return {GatesEnd::kFailed, sentence(*report)};
}

}  // namespace

GatesResult run_gates(GateContext& context, const std::vector<wire::Gate>& gates,
                      wire::GatePhase phase, std::vector<wire::GateReport>* reports) {
  for (const wire::Gate& gate : gates) {
    if (gate.phase != phase) continue;
    wire::GateReport report;
    GatesResult result = run_gate(context, gate, &report);
    if (report.attempts > 0) reports->push_back(std::move(report));
    if (result.end != GatesEnd::kPassed) return result;
  }
  return {};
}

void add_skipped(const std::vector<wire::Gate>& gates, std::vector<wire::GateReport>* reports) {
  for (const auto phase :
       {wire::GatePhase::kPrecheck, wire::GatePhase::kBuild, wire::GatePhase::kValidate}) {
    for (const wire::Gate& gate : gates) {
      if (gate.phase != phase) continue;
      const bool ran = std::any_of(reports->begin(), reports->end(),
                                   [&](const auto& r) { return r.name == gate.name; });
      if (ran) continue;
      wire::GateReport report;
      report.name = gate.name;
      report.phase = gate.phase;
      report.status = wire::GateStatus::kSkipped;
      reports->push_back(std::move(report));
    }
  }
}

}  // namespace ghost::runner
