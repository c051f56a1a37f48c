#include "cli/report.h"

#include "base/time.h"
#include "cli/session.h"

namespace ghost::cli {
namespace {

using http::get_bool;
using http::get_int;
using http::get_string;
using http::Json;

constexpr size_t kHunksMax = 40;
constexpr size_t kNearestLinesMax = 12;
constexpr size_t kTailLinesMax = 25;

const http::JsonArray& list(const Json& object, std::string_view key) {
  static const http::JsonArray kEmpty;
  const Json* found = http::find_member(object, key);
  return found != nullptr && found->is_array() ? found->get_array() : kEmpty;
}

const Json& child(const Json& object, std::string_view key) {
  static const Json kNull;
  const Json* found = http::find_member(object, key);
  return found != nullptr ? *found : kNull;
}

std::string text(const Json& object, std::string_view key) {
  return safe_line(get_string(object, key));
}

std::string short_oid(const std::string& oid) {
  return oid.substr(0, 12);
}

// Milliseconds between two members of `timestamps`, -1 when one is missing.
int64_t span_ms(const Json& job, std::string_view from, std::string_view to) {
  const Json& times = child(job, "timestamps");
  const auto a = parse_rfc3339(get_string(times, from));
  const auto b = parse_rfc3339(get_string(times, to));
  return a && b ? std::max<int64_t>(0, *b - *a) : -1;
}

class Report {
 public:
  Report(const Json& job, const ReportOptions& options) : job_(job), o_(options) {}

  std::string write() {
    headline();
    facts();
    apply();
    gates();
    outcome();
    return std::move(out_);
  }

 private:
  // "  gates     text", the label only on the first line of its part.
  void row(std::string_view label, const std::string& line) {
    std::string head = "  " + std::string(label);
    head.resize(12, ' ');
    const bool block = line.find('\n') != std::string::npos;
    out_ += o_.style.dim(head) + (block ? line : wrap(line, 12, o_.wrap_width)) + "\n";
  }

  // A line of a file or of a gate's output stays as it is.
  void quoted(std::string_view line) {
    out_ += std::string(16, ' ') + o_.style.cyan("| ") + safe_block(line) + "\n";
  }

  void headline() {
    const std::string state = get_string(job_, "state");
    const bool good = state == "SUCCEEDED";
    const std::string painted = good                                   ? o_.style.green(state)
                                : state == "FAILED" || state == "DEAD" ? o_.style.red(state)
                                                                       : o_.style.yellow(state);
    out_ += painted + "  " + o_.style.bold(text(job_, "id"));
    if (const std::string outcome = text(job_, "outcome"); !outcome.empty()) out_ += "  " + outcome;
    const int64_t took = span_ms(job_, "accepted", "completed");
    if (took >= 0) out_ += " in " + show_ms(took);
    out_ += "\n";
    if (const std::string why = text(job_, "reason");
        !why.empty() && why != text(job_, "outcome")) {
      row("reason", why);
    }
    if (!is_terminal(job_)) row("now", state_line(job_));
    if (const std::string d = text(job_, "description"); !d.empty()) row("about", d);
  }

  void facts() {
    std::string base = text(job_, "repo");
    if (const std::string ref = text(job_, "ref"); !ref.empty()) base += " " + ref;
    if (const std::string of = text(job_, "baseJob"); !of.empty()) base = "result of job " + of;
    if (const std::string at = text(job_, "baseCommit"); !at.empty()) base += " @ " + short_oid(at);
    if (!base.empty()) row("base", base);
    if (const std::string runner = text(job_, "runner"); !runner.empty()) {
      std::string line = runner + ", attempt " + std::to_string(get_int(job_, "attempt")) + " of " +
                         std::to_string(get_int(job_, "maxAttempts"));
      if (const int64_t waited = span_ms(job_, "accepted", "leased"); waited >= 0) {
        line += ", waited " + show_ms(waited);
      }
      row("runner", line);
    }
    if (const std::string of = text(job_, "retryOf"); !of.empty()) row("retry of", of);
    std::string label = "isolation";
    for (const Json& lack : list(job_, "isolation")) {
      if (lack.is_string()) row(std::exchange(label, ""), safe_line(lack.get_string()));
    }
  }

  void apply() {
    const Json& apply = child(job_, "apply");
    if (!apply.is_object()) return;
    const auto& files = list(apply, "files");
    const auto& hunks = list(apply, "hunks");
    if (files.empty() && hunks.empty() && text(apply, "status") == "clean") {
      row("patch", "none: the base as it is");
      return;
    }
    row("patch", text(apply, "status") + ": " +
                     show_count(static_cast<int64_t>(files.size()), "file") + ", " +
                     show_count(static_cast<int64_t>(hunks.size()), "hunk"));
    size_t shown = 0, clean = 0, left_out = 0;
    for (const Json& hunk : hunks) {
      const std::string status = get_string(hunk, "status");
      const bool plain = status == "clean";
      clean += plain ? 1 : 0;
      if ((plain && !o_.hunks) || shown >= kHunksMax) {
        left_out += 1;
        continue;
      }
      ++shown;
      one_hunk(hunk, status);
    }
    if (left_out > 0 && o_.hunks)
      row("", "... and " + show_count(static_cast<int64_t>(left_out), "more hunk"));
    for (const Json& error : list(apply, "errors")) {
      if (o_.hunks && said_by_a_hunk(hunks, error)) continue;
      std::string where = text(error, "path");
      if (get_string(error, "message").starts_with(get_string(error, "path"))) where.clear();
      if (const int64_t line = get_int(error, "line"); line > 0) {
        where += (where.empty() ? "patch line " : " (patch line ") + std::to_string(line) +
                 (where.empty() ? "" : ")");
      }
      row("", where + (where.empty() ? "" : ": ") + o_.style.red("error: ") +
                  text(error, "message") + " [" + text(error, "code") + "]");
    }
  }

  // Whether an error only repeats what stands beside one of the hunks shown.
  static bool said_by_a_hunk(const http::JsonArray& hunks, const Json& error) {
    for (size_t i = 0; i < hunks.size() && i < kHunksMax; ++i) {
      const std::string why = get_string(hunks[i], "error");
      if (!why.empty() && get_string(hunks[i], "file") == get_string(error, "path") &&
          get_string(error, "message").ends_with(": " + why)) {
        return true;
      }
    }
    return false;
  }

  void one_hunk(const Json& hunk, const std::string& status) {
    const int64_t expected = get_int(hunk, "expectedLine");
    const int64_t matched = get_int(hunk, "matchedLine");
    const int64_t offset = get_int(hunk, "offset");
    const int64_t fuzz = get_int(hunk, "fuzz");
    const bool placed = matched > 0 && (status == "clean" || status == "offset" ||
                                        status == "fuzz" || status == "merged");
    const int64_t at = placed ? matched : expected;
    std::string line = text(hunk, "file") + ":" + (at > 0 ? std::to_string(at) + ":" : "") +
                       " hunk " + std::to_string(get_int(hunk, "index")) + " ";
    if (placed) {
      line += status == "clean" ? o_.style.green(status) : o_.style.yellow(status);
      if (offset != 0) {
        line += ", " + show_count(std::abs(offset), "line") + (offset > 0 ? " below" : " above") +
                " line " + std::to_string(expected);
      }
      if (fuzz != 0) line += ", " + show_count(fuzz, "context line") + " differed";
      if (const std::string how = text(hunk, "strategy");
          !how.empty() && how != "exact" && how != status) {
        line += " (" + how + ")";
      }
    } else {
      line += o_.style.red(safe_line(status));
    }
    if (const std::string why = text(hunk, "error"); !why.empty()) line += ": " + why;
    row("", line);
    size_t count = 0;
    const std::string nearest = get_string(hunk, "nearest");
    for (const std::string_view l : lines_of(nearest)) {
      if (++count > kNearestLinesMax) {
        row("", "    " + o_.style.dim("..."));
        break;
      }
      quoted(l);
    }
  }

  void gates() {
    std::string label = "gates";
    size_t name_width = 0;
    for (const Json& gate : list(job_, "gates")) {
      name_width = std::max(name_width, display_width(text(gate, "name")));
    }
    // Status, phase, times, exit code and memory take about 66 columns.
    const size_t room = o_.wrap_width == 0 ? 48 : o_.wrap_width > 82 ? o_.wrap_width - 66 : 16;
    name_width = std::min(name_width, room);
    for (const Json& gate : list(job_, "gates")) {
      row(std::exchange(label, ""), gate_line(gate, name_width));
      const auto tail = o_.tails.find(get_string(gate, "name"));
      if (tail == o_.tails.end()) continue;
      const auto lines = lines_of(tail->second);
      const size_t from = lines.size() > kTailLinesMax ? lines.size() - kTailLinesMax : 0;
      for (size_t i = from; i < lines.size(); ++i) {
        quoted(lines[i]);
      }
    }
  }

  std::string gate_line(const Json& gate, size_t name_width) const {
    const std::string status = get_string(gate, "status");
    const bool allowed = get_bool(gate, "allowedFailure");
    std::string painted = safe_line(status);
    painted.resize(std::max<size_t>(painted.size(), 7), ' ');
    painted = status == "pass"                 ? o_.style.green(painted)
              : status == "skipped" || allowed ? o_.style.yellow(painted)
                                               : o_.style.red(painted);
    std::string name = clip(text(gate, "name"), name_width);
    name += std::string(name_width - display_width(name), ' ');
    std::string phase = text(gate, "phase");
    phase.resize(std::max<size_t>(phase.size(), 8), ' ');
    std::string line = painted + " " + phase + "  " + name;
    if (status == "skipped") return line;
    line += "  " + show_ms(get_int(gate, "wallMs"));
    const int64_t code = get_int(gate, "exitCode", -1), number = get_int(gate, "signal");
    if (number > 0) line += ", signal " + std::to_string(number);
    if (number <= 0 && code > 0) line += ", exit " + std::to_string(code);
    if (get_int(gate, "cpuMs") > 0) line += ", cpu " + show_ms(get_int(gate, "cpuMs"));
    if (get_int(gate, "maxRssBytes") > 0) line += ", " + show_bytes(get_int(gate, "maxRssBytes"));
    if (get_int(gate, "attempts") > 1) {
      line += ", " + std::to_string(get_int(gate, "attempts")) + " attempts";
    }
    if (get_bool(gate, "flaky")) line += ", " + o_.style.yellow("flaky");
    if (allowed) line += ", may fail";
    if (const std::string why = text(gate, "error"); !why.empty()) line += ": " + why;
    return line;
  }

  void outcome() {
    const Json& result = child(job_, "result");
    if (result.is_object()) {
      if (const std::string tree = text(result, "treeOid"); !tree.empty()) row("tree", tree);
      if (const std::string commit = text(result, "commitOid"); !commit.empty()) {
        std::string line = commit;
        if (const std::string b = text(result, "branch"); !b.empty()) line += ", branch " + b;
        if (const std::string t = text(result, "tag"); !t.empty()) line += ", tag " + t;
        if (get_bool(result, "pushed")) line += ", pushed";
        row("commit", line);
      }
      const std::string& diff =
          o_.diff.empty() ? inline_diff_ = get_string(result, "diff") : o_.diff;
      if (!diff.empty()) {
        std::string stat = show_diff_stat(diff_stat(diff), "            ", o_.width, 20, o_.style);
        stat.pop_back();
        row("diff", stat);
      } else if (get_int(result, "diffBytes") > 0) {
        row("diff", show_bytes(get_int(result, "diffBytes")) + "; ghost diff " + text(job_, "id"));
      }
      if (o_.show_diff && !diff.empty()) out_ += "\n" + show_diff(diff, o_.style);
    }
    std::string label = "artifacts";
    for (const Json& artifact : list(job_, "artifacts")) {
      row(std::exchange(label, ""),
          text(artifact, "path") + ", " + show_bytes(get_int(artifact, "sizeBytes")));
    }
    const Json& rollback = child(job_, "rollback");
    if (get_bool(rollback, "performed")) {
      row("rollback", get_bool(rollback, "verified")
                          ? "nothing left behind: tree " +
                                short_oid(text(rollback, "baseTreeOid")) + " verified"
                          : o_.style.red("not verified"));
    }
  }

  const Json& job_;
  const ReportOptions& o_;
  std::string out_, inline_diff_;
};

}  // namespace

std::string report(const Json& job, const ReportOptions& options) {
  return Report(job, options).write();
}

std::string state_line(const Json& job) {
  const std::string state = get_string(job, "state");
  if (state == "QUEUED") {
    const std::string why = text(child(job, "waiting"), "detail");
    return "queued" + (why.empty() ? "" : ": " + why);
  }
  if (state == "LEASED") {
    return std::string(get_bool(job, "cancelRequested") ? "being cancelled"
                       : get_bool(job, "delivering")    ? "delivering"
                                                        : "running") +
           " on " + text(job, "runner") + ", attempt " + std::to_string(get_int(job, "attempt")) +
           " of " + std::to_string(get_int(job, "maxAttempts"));
  }
  std::string lower = safe_line(state);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string failing_gate(const Json& job) {
  for (const Json& gate : list(job, "gates")) {
    const std::string status = get_string(gate, "status");
    if (status != "pass" && status != "skipped" && !get_bool(gate, "allowedFailure")) {
      return get_string(gate, "name");
    }
  }
  return "";
}

bool is_terminal(const Json& job) {
  const std::string state = get_string(job, "state");
  return state == "SUCCEEDED" || state == "FAILED" || state == "CANCELLED" || state == "EXPIRED" ||
         state == "DEAD";
}

int exit_code_of_job(const Json& job) {
  const std::string state = get_string(job, "state");
  if (state == "SUCCEEDED") return kPassed;
  if (state == "CANCELLED" || state == "EXPIRED") return kStopped;
  if (state == "DEAD") return kDead;
  return kFailed;
}

}  // namespace ghost::cli
