// ghost top: runners, lanes and jobs, again and again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/report.h"
#include "cli/tables.h"

namespace ghost::cli {
namespace {

constexpr int kJobsShown = 15;

// A bar of a runner's slots: "##.." when 2 of 4 are busy.
std::string slot_bar(int64_t busy, int64_t slots) {
  constexpr int64_t kMax = 16;
  const int64_t shown = std::min(slots, kMax);
  std::string out;
  for (int64_t i = 0; i < shown; ++i) out += i < busy ? '#' : '.';
  return out + (slots > kMax ? "+" : "");
}

std::string runners_part(const http::Json& runners, const Session& session) {
  Table table({"RUNNER", "STATE", "SLOTS", "", "GIVEN", "HOST", "JOBS"});
  for (const http::Json& r : items_of(runners)) {
    const int64_t busy = http::get_int(r, "busy"), slots = http::get_int(r, "slots");
    std::string jobs;
    if (const http::Json* held = http::find_member(r, "jobs");
        held != nullptr && held->is_array()) {
      for (const http::Json& job : held->get_array()) {
        if (!job.is_string()) continue;
        const auto& id = job.get_string();
        jobs += (jobs.empty() ? "" : " ") + safe_line(std::string_view(id.data(), id.size()));
      }
    }
    table.add({safe_member(r, "id"), safe_member(r, "state"), slot_bar(busy, slots),
               std::to_string(busy) + "/" + std::to_string(slots), number_member(r, "dispatched"),
               safe_member(r, "host"), jobs});
  }
  return table.empty() ? "no runners\n" : table.print(session.table_width(), session.out_style());
}

std::string lanes_part(const http::Json& lanes, const Session& session) {
  Table table({"LANE", "QUEUED", "RUNNING", "WEIGHT", ""});
  for (const http::Json& lane : items_of(lanes)) {
    table.add({safe_member(lane, "name"), number_member(lane, "queued"),
               number_member(lane, "leased"), number_member(lane, "weight"),
               http::get_bool(lane, "paused") ? "paused" : ""});
  }
  return table.empty() ? "" : "\n" + table.print(session.table_width(), session.out_style());
}

std::string jobs_part(const http::Json& jobs, const Session& session) {
  Table table({"JOB", "REPO", "AGE", "STATE"});
  for (const http::Json& job : items_of(jobs)) {
    const http::Json* times = http::find_member(job, "timestamps");
    table.add({safe_member(job, "id"), safe_member(job, "repo"),
               times == nullptr ? "" : age_member(*times, "accepted"), state_line(job)});
  }
  return table.empty() ? "" : "\n" + table.print(session.table_width(), session.out_style());
}

// The sum of a metric's samples on a Prometheus page.
double sum_of(const std::string& page, const std::string& metric, const std::string& label = "") {
  double sum = 0;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const char after = line.size() > metric.size() ? line[metric.size()] : '\0';
    if (!line.starts_with(metric) || (after != '{' && after != ' ')) continue;
    if (line.find(label) == line.npos) continue;
    sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return sum;
}

struct Look {
  http::Json runners, lanes, jobs;
  double accepted = 0, finished = 0;  // in sum, since the broker's start
  double oldest_wait = 0;             // seconds
  bool counted = false;
  MonoMs at = 0;
};

std::string rate(double now, double before, int64_t ms) {
  if (now < before) return "-";  // the broker was started anew
  char text[32];
  std::snprintf(text, sizeof text, "%.1f/s",
                (now - before) * 1000 / static_cast<double>(std::max<int64_t>(1, ms)));
  return text;
}

// "queued 3  running 2  in 12.0/s  out 11.5/s  oldest wait 3.2 s"
std::string summary_part(const Look& now, const std::optional<Look>& before) {
  int64_t queued = 0, running = 0;
  for (const http::Json& lane : items_of(now.lanes)) {
    queued += http::get_int(lane, "queued");
    running += http::get_int(lane, "leased");
  }
  std::string out = "queued " + std::to_string(queued) + "  running " + std::to_string(running);
  if (now.counted && before && before->counted) {
    const int64_t ms = now.at - before->at;
    out += "  in " + rate(now.accepted, before->accepted, ms) + "  out " +
           rate(now.finished, before->finished, ms);
  }
  if (now.oldest_wait > 0) {
    out += "  oldest wait " + show_ms(static_cast<int64_t>(now.oldest_wait * 1000));
  }
  return out + "\n\n";
}

Result<Look> look(Session& session) {
  Look out;
  const std::string jobs = "/v1/patches?limit=" + std::to_string(kJobsShown);
  for (const auto& [target, into] :
       {std::pair<std::string, http::Json*>("/v1/runners", &out.runners),
        std::pair<std::string, http::Json*>("/v1/lanes", &out.lanes),
        std::pair<std::string, http::Json*>(jobs, &out.jobs)}) {
    auto answer = session.call("GET", target);
    if (!answer) return answer.error();
    *into = std::move(*answer);
  }
  // Not everyone may see the metrics; the rest stands without them.
  if (const auto page = session.get("/metrics")) {
    out.accepted = sum_of(page->body, "ghost_submissions_total", "status=\"accepted\"");
    out.finished = sum_of(page->body, "ghost_jobs_finished_total");
    std::istringstream lines(page->body);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("ghost_job_oldest_wait_seconds{")) continue;
      const double wait = std::strtod(line.c_str() + line.rfind(' '), nullptr);
      out.oldest_wait = std::max(out.oldest_wait, wait);
    }
    out.counted = true;
  }
  out.at = mono_now_ms();
  return out;
}

// The terminal would scroll the head away.
std::string first_lines(const std::string& text, size_t count) {
  size_t end = 0;
  for (size_t i = 0; i < count && end < text.size(); ++i) {
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  }
  return text.substr(0, end);
}

}  // namespace

int run_top(Session& session, const TopOptions& options) {
  session.catch_interrupts();
  std::optional<Look> before;
  for (;;) {
    auto seen = look(session);
    if (session.interrupted()) return kPassed;
    if (!seen && (options.once || !passes_by_itself(seen.error()))) {
      return session.fail(seen.error());
    }
    std::string text;
    if (!seen) {
      text = "cannot reach " + safe_line(session.url()) + ": " + safe_line(seen.error().message) +
             "\n";
    } else if (session.json()) {
      text = http::print_json(http::JsonObject{{"at", format_rfc3339(wall_now_ms())},
                                               {"runners", items_of(seen->runners)},
                                               {"lanes", items_of(seen->lanes)},
                                               {"jobs", items_of(seen->jobs)}}) +
             "\n";
    } else {
      text = safe_line(session.url()) + "  " + format_rfc3339(wall_now_ms()) + "\n\n" +
             summary_part(*seen, before) + runners_part(seen->runners, session) +
             lanes_part(seen->lanes, session) + jobs_part(seen->jobs, session);
    }
    const bool redraw = session.out_is_terminal() && !options.once && !session.json();
    print(redraw ? "\x1b[H\x1b[2J" + first_lines(text, session.height() - 1) : text);
    if (options.once) return kPassed;
    if (seen) before = std::move(*seen);
    if (!session.pause_ms(std::max<int64_t>(100, options.interval_ms))) return kPassed;
  }
}

}  // namespace ghost::cli
