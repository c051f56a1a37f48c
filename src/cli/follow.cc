#include "cli/follow.h"

#include <algorithm>

#include "base/bytes.h"
#include "cli/commands.h"
#include "http/sse.h"

namespace ghost::cli {
namespace {

constexpr int64_t kIdleMs = 60'000;  // the relay says something at least every few seconds
constexpr int64_t kPauseMsMin = 100, kPauseMsMax = 2'000;

Result<JobEvent> read_event(const http::SseEvent& sse) {
  auto parsed = http::parse_json(sse.data);
  if (!parsed) return Error{"bad_request", "an event is not JSON: " + parsed.error().message, ""};
  JobEvent out;
  out.id = sse.id;
  out.kind = sse.event;
  out.stream = http::get_string(*parsed, "stream");
  out.type = http::get_string(*parsed, "type");
  out.gate = http::get_string(*parsed, "gate");
  out.attempt = static_cast<uint64_t>(http::get_int(*parsed, "attempt"));
  out.offset = static_cast<uint64_t>(http::get_int(*parsed, "offset"));
  out.skipped = static_cast<uint64_t>(http::get_int(*parsed, "skipped"));
  out.data = http::get_string(*parsed, "data");
  if (http::get_string(*parsed, "encoding") == "base64") {
    auto bytes = base64_decode(out.data);
    if (!bytes) return Error{"bad_request", "an event's data is not base64", ""};
    out.data = *bytes;
  }
  out.raw = std::move(*parsed);
  return out;
}

class Follower {
 public:
  Follower(Session& session, const FollowOptions& options,
           const std::function<bool(const JobEvent&)>& on_event)
      : session_(session), o_(options), on_event_(on_event), last_id_(options.after) {}

  Result<FollowEnd> run() {
    MonoMs heard_at = mono_now_ms();
    int64_t pause_ms = kPauseMsMin;
    for (;;) {
      const Status status = once(&heard_at, &pause_ms);
      if (ended_) return FollowEnd::kEnded;
      if (enough_) return FollowEnd::kEnough;
      if (failure_.code != "") return failure_;
      if (session_.interrupted()) return FollowEnd::kInterrupted;
      const MonoMs now = mono_now_ms();
      if (o_.until_ms != 0 && now >= o_.until_ms) return FollowEnd::kTimedOut;
      if (!status && !passes_by_itself(status.error())) return status.error();
      if (now - heard_at > o_.patience_ms) {
        return status
                   ? Error{"unavailable", "the relay closes the event stream again and again", ""}
                   : status.error();
      }
      note_loss(status);
      int64_t wait_ms = pause_ms;
      if (o_.until_ms != 0) wait_ms = std::min(wait_ms, o_.until_ms - now);
      pause_ms = std::min(kPauseMsMax, pause_ms * 2);
      if (!session_.pause_ms(wait_ms)) return FollowEnd::kInterrupted;
    }
  }

 private:
  // One connection, until it ends for whatever reason.
  Status once(MonoMs* heard_at, int64_t* pause_ms) {
    http::SseParser parser;
    http::Request request;
    request.target = job_path(o_.job, "/events");
    for (size_t i = 0; i < o_.streams.size(); ++i) {
      request.target += (i == 0 ? "?stream=" : ",") + o_.streams[i];
    }
    request.headers.emplace_back("Accept", "text/event-stream");
    if (!last_id_.empty()) request.headers.emplace_back("Last-Event-ID", last_id_);
    request.idle_ms = kIdleMs;
    request.until_ms = o_.until_ms;
    request.on_tick = o_.on_tick;
    return session_.stream(request, [&](std::string_view piece) {
      *heard_at = mono_now_ms();
      *pause_ms = kPauseMsMin;
      if (lost_ && o_.on_note) o_.on_note("connected again");
      lost_ = false;
      return parser.feed(piece, [&](const http::SseEvent& sse) { return take(sse); });
    });
  }

  bool take(const http::SseEvent& sse) {
    auto event = read_event(sse);
    if (!event) {
      failure_ = event.error();
      return false;
    }
    if (event->kind == "error") {
      const std::string code = http::get_string(event->raw, "code");
      const Error error{code, http::get_string(event->raw, "detail"), ""};
      if (!passes_by_itself(error)) failure_ = error;
      return false;
    }
    if (!sse.id.empty()) last_id_ = sse.id;
    enough_ = !on_event_(*event);
    ended_ = event->kind == "end";
    return !enough_ && !ended_;
  }

  void note_loss(const Status& status) {
    if (lost_) return;
    lost_ = true;
    if (o_.on_note) {
      o_.on_note("connection lost" +
                 (status ? std::string() : " (" + status.error().message + ")") +
                 ", connecting again");
    }
  }

  Session& session_;
  const FollowOptions& o_;
  const std::function<bool(const JobEvent&)>& on_event_;
  std::string last_id_;
  Error failure_;
  bool ended_ = false, enough_ = false, lost_ = false;
};

}  // namespace

bool passes_by_itself(const Error& error) {
  return error.code == "unavailable" || error.code == "io_error" || error.code == "timeout" ||
         error.code == "stopping" || error.code == "internal" || error.code == "rate_limited" ||
         error.code == "queue_full";
}

Result<FollowEnd> follow(Session& session, const FollowOptions& options,
                         const std::function<bool(const JobEvent&)>& on_event) {
  return Follower(session, options, on_event).run();
}

}  // namespace ghost::cli
