#include "cli/watch.h"

#include <iostream>

#include "cli/follow.h"
#include "cli/report.h"

namespace ghost::cli {
namespace {

constexpr int64_t kAskWhyMs = 3'000;
constexpr int64_t kPatienceMs = 30'000;
constexpr size_t kTailBytesMax = 16 << 10;
constexpr int64_t kDiffBytesMax = 4 << 20;

// One line that is written over again and again on a terminal; plain lines elsewhere.
class Progress {
 public:
  Progress(const Session& session, bool quiet)
      : session_(session),
        quiet_(quiet),
        live_(session.err_is_terminal()),
        started_ms_(mono_now_ms()) {}
  ~Progress() { clear(); }

  void say(const std::string& what) {
    if (quiet_ || what.empty() || what == now_) return;
    now_ = what;
    since_ms_ = mono_now_ms();
    if (live_) {
      draw();
    } else {
      std::cerr << "[" << show_ms(since_ms_ - started_ms_) << "] " << what << std::endl;
    }
  }
  // A line that stays, such as a loss of the connection.
  void keep(const std::string& what) {
    if (quiet_) return;
    clear();
    std::cerr << session_.err_style().dim("ghost: " + what) << std::endl;
  }
  void draw() {
    if (quiet_ || !live_ || now_.empty()) return;
    static const char* const kFrames[] = {"|", "/", "-", "\\"};
    const MonoMs now = mono_now_ms();
    const std::string line = std::string(kFrames[now / 200 % 4]) + " " + now_ + "  " +
                             show_ms((now - since_ms_) / 1000 * 1000);
    std::cerr << "\r\x1b[K" << clip(line, session_.width() - 1) << std::flush;
    drawn_ = true;
  }
  void clear() {
    if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
    drawn_ = false;
  }

 private:
  const Session& session_;
  bool quiet_, live_, drawn_ = false;
  MonoMs started_ms_, since_ms_ = 0;
  std::string now_;
};

const http::Json& detail_of(const JobEvent& event) {
  static const http::Json kNull;
  const http::Json* found = http::find_member(event.raw, "detail");
  return found == nullptr ? kNull : *found;
}

std::string state_text(const JobEvent& event) {
  const http::Json& detail = detail_of(event);
  std::string out = safe_line(event.type);
  for (char& c : out) c = c == '_' ? ' ' : c;
  if (event.type == "leased") {
    out = "running";
    if (const auto runner = http::get_string(detail, "runner"); !runner.empty()) {
      out += " on " + safe_line(runner);
    }
    if (event.attempt > 1) out += ", attempt " + std::to_string(event.attempt);
  }
  const std::string why = http::get_string(detail, "reason");
  return why.empty() || why == out ? out : out + ": " + safe_line(why);
}

std::string progress_text(const JobEvent& event) {
  const http::Json& detail = detail_of(event);
  const std::string gate = safe_line(event.gate);
  if (event.type == "base") {
    return "base " + safe_line(http::get_string(detail, "commit")).substr(0, 12);
  }
  if (event.type == "hunk") {
    return "hunk " + std::to_string(http::get_int(detail, "index")) + " of " +
           safe_line(http::get_string(detail, "file")) + ": " +
           safe_line(http::get_string(detail, "status"));
  }
  if (event.type == "applied") {
    const std::string status = safe_line(http::get_string(detail, "status"));
    return "patch applied" + (status.empty() ? "" : ": " + status);
  }
  if (event.type == "gate_started") return "gate " + gate;
  if (event.type == "gate_finished") {
    const int64_t wall = http::get_int(detail, "wallMs", -1);
    return "gate " + gate + ": " + safe_line(http::get_string(detail, "status")) +
           (wall >= 0 ? " in " + show_ms(wall) : "");
  }
  if (event.type == "delivered") return "delivered";
  std::string out = safe_line(event.type);
  for (char& c : out) c = c == '_' ? ' ' : c;
  return out;
}

// What a gate has written so far, its end only.
struct Tail {
  std::string text;
  void add(std::string_view piece) {
    text += piece;
    if (text.size() > 2 * kTailBytesMax) text.erase(0, text.size() - kTailBytesMax);
  }
};

// The end of one gate's output, from the kept events.
std::string fetch_tail(Session& session, const std::string& id, int64_t attempt,
                       const std::string& gate) {
  Tail tail;
  FollowOptions options{.job = id, .streams = {"stdout", "stderr"}};
  options.patience_ms = 5'000;
  options.until_ms = mono_now_ms() + 20'000;
  auto done = follow(session, options, [&](const JobEvent& event) {
    if (static_cast<int64_t>(event.attempt) > attempt) {  // an attempt that was given back
      attempt = static_cast<int64_t>(event.attempt);
      tail.text.clear();
    }
    if (event.gate != gate || static_cast<int64_t>(event.attempt) < attempt) return true;
    if (event.kind == "cut") {
      tail.add("\n[" + std::to_string(event.skipped) + " bytes left out]\n");
    }
    tail.add(event.data);
    return true;
  });
  (void)done;  // the report stands without it
  return tail.text;
}

void say_how_to_look(const Session& session, const std::string& id) {
  if (session.json()) return;
  std::cerr << "ghost: the job goes on\n"
            << "  ghost wait " << id << "     takes it up again\n"
            << "  ghost logs -f " << id << "  shows its output\n"
            << "  ghost cancel " << id << "   stops it\n";
}

// Feeds the progress display; with `logs` the gates' output goes to standard error as it comes.
bool is_running(const http::Json& job) {
  return http::get_string(job, "state") == "LEASED";
}

class Watcher {
 public:
  Watcher(Session& session, const std::string& id, const WaitOptions& options)
      : session_(session), id_(id), o_(options), progress_(session, options.quiet) {}

  Result<FollowEnd> run(const http::Json& job) {
    // The events tell at once what a running job does.
    if (!is_running(job)) progress_.say(state_line(job));
    const MonoMs until = o_.timeout_ms > 0 ? mono_now_ms() + o_.timeout_ms : 0;
    FollowOptions options{.job = id_};
    options.streams = {"state", "progress"};
    if (o_.logs) options.streams.insert(options.streams.end(), {"stdout", "stderr"});
    options.on_tick = [this] { progress_.draw(); };
    options.on_note = [this](const std::string& text) { progress_.keep(text); };
    for (;;) {
      options.until_ms = until;
      // Why a job waits is no event: while it is queued, it is asked now and then.
      if (!leased_) {
        const MonoMs next = mono_now_ms() + kAskWhyMs;
        options.until_ms = until == 0 ? next : std::min(until, next);
      }
      auto end = follow(session_, options, [&](const JobEvent& event) {
        if (!event.id.empty()) options.after = event.id;
        take(event);
        return true;
      });
      if (!end || *end != FollowEnd::kTimedOut) return end;
      if (until != 0 && mono_now_ms() >= until) return end;
      if (leased_) continue;
      if (auto now = session_.call("GET", job_path(id_))) progress_.say(state_line(*now));
    }
  }

 private:
  void take(const JobEvent& event) {
    if (event.kind == "state") {
      if (event.type == "queued") return;  // the document says more: why it waits
      leased_ = event.type != "requeued";
      progress_.say(state_text(event));
    } else if (event.kind == "progress") {
      progress_.say(progress_text(event));
    } else if (event.kind == "log") {
      progress_.clear();
      const std::string text = session_.err_is_terminal() ? filter_.feed(event.data) : event.data;
      std::cerr << text << std::flush;
    } else if (event.kind == "cut") {
      progress_.keep(std::to_string(event.skipped) + " bytes of output left out");
    }
  }

  Session& session_;
  const std::string& id_;
  const WaitOptions& o_;
  Progress progress_;
  TerminalFilter filter_;
  bool leased_ = false;
};

}  // namespace

namespace {

// The document of a job that has ended, over a relay that is away for a moment.
Result<http::Json> fetch_ended(Session& session, const std::string& id) {
  const MonoMs until = mono_now_ms() + kPatienceMs;
  for (;;) {
    auto job = session.call_job("GET", job_path(id));
    if (job || !passes_by_itself(job.error()) || mono_now_ms() > until || session.interrupted()) {
      return job;
    }
    session.pause_ms(500);
  }
}

}  // namespace

void show_job(Session& session, const http::Json& job, const WaitOptions& options) {
  if (session.json()) {
    session.print_document(job);
    return;
  }
  ReportOptions r;
  r.style = session.out_style();
  r.width = session.width();
  r.wrap_width = session.table_width();
  r.show_diff = options.show_diff;
  const std::string id = http::get_string(job, "id");
  const std::string gate = failing_gate(job);
  if (!gate.empty() && is_terminal(job) && !options.logs) {
    if (std::string tail = fetch_tail(session, id, http::get_int(job, "attempt"), gate);
        !tail.empty()) {
      r.tails[gate] = std::move(tail);
    }
  }
  const http::Json* result = http::find_member(job, "result");
  if (result != nullptr && http::get_string(*result, "diff").empty()) {
    const int64_t bytes = http::get_int(*result, "diffBytes");
    if (bytes > 0 && bytes <= kDiffBytesMax) {
      if (auto diff = session.get(job_path(id, "/diff"))) r.diff = std::move(diff->body);
    }
  }
  print(report(job, r));
}

int watch_job(Session& session, const std::string& id, const WaitOptions& options) {
  session.catch_interrupts();
  auto job = session.call_job("GET", job_path(id));
  if (!job) return session.fail(job.error());
  if (!is_terminal(*job)) {
    auto end = Watcher(session, id, options).run(*job);
    if (!end) {
      say_how_to_look(session, id);
      return session.fail(end.error());
    }
    if (*end == FollowEnd::kInterrupted) {
      std::cerr << "\n";
      say_how_to_look(session, id);
      return kInterrupted;
    }
    if (*end == FollowEnd::kTimedOut) {
      std::cerr << "ghost: job " << id << " has not ended within " << show_ms(options.timeout_ms)
                << "\n";
      say_how_to_look(session, id);
      if (session.json()) {
        if (auto last = session.call("GET", job_path(id))) session.print_document(*last);
      }
      return kWaitTimedOut;
    }
    job = fetch_ended(session, id);
    if (!job) return session.fail(job.error());
  }
  if (!options.quiet || session.json()) show_job(session, *job, options);
  return exit_code_of_job(*job);
}

}  // namespace ghost::cli
