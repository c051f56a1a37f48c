// Event streams (server-sent events) and logs: pulled from the broker in windows, the next one only
// when the client has taken the last, so that a slow client holds a window and nothing else.
#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"
#include "relay/handlers.h"
#include "relay/job_json.h"
#include "relay/query.h"

namespace ghost::relay {
namespace {

constexpr int64_t kAwayPauseMs = 500;
constexpr uint64_t kWindowBytes = 256 << 10;

// A place among the streams that may be open at a time.
class Watch {
 public:
  explicit Watch(RelayContext& context) : context_(context) { ++context_.watches; }
  ~Watch() { --context_.watches; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  RelayContext& context_;
};

struct Watching {
  explicit Watching(RelayContext& c) : context(c), watch(c) {}
  RelayContext& context;
  Watch watch;
  wire::GetEvents question;
  wire::Events first;
  uint64_t attempt = 0;  // log: only this one, or this one and later
  bool later_attempts = false;
  bool follow = false;
  uint64_t offset = 0;  // log: bytes to leave out in front
};

Status read_streams(QueryReader& query, std::vector<wire::Stream>* out) {
  for (const std::string& text : query.all("stream")) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const std::string name = text.substr(begin, end - begin);
      const auto stream = wire::parse_stream(name);
      if (!stream) {
        return Error{"bad_field",
                     "stream: expected one of state, progress, stdout or stderr, got \"" +
                         log::escape_control(http::to_utf8_lossy(name.substr(0, 60))) + "\"",
                     "stream"};
      }
      if (std::find(out->begin(), out->end(), *stream) == out->end()) out->push_back(*stream);
      begin = end + 1;
    }
  }
  return ok_status();
}

// A number is a seq, anything else the id of the last event seen.
Status read_position(const std::string& text, const char* field, wire::GetEvents* out) {
  if (is_event_id(text)) {
    out->after_id = text;
    return ok_status();
  }
  const bool number =
      !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == text.npos;
  if (!number) {
    return Error{"bad_field",
                 std::string(field) + ": expected the id of an event, such as 1.stdout.4096",
                 field};
  }
  out->after_seq = std::stoull(text);
  return ok_status();
}

void go_on_behind(const wire::Events& window, wire::GetEvents* question) {
  question->after_id.clear();
  question->after_seq = window.last_seq;
}

std::string sse(std::string_view id, std::string_view event, const http::Json& data) {
  std::string out;
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("event: ").append(event).append("\ndata: ");
  // JSON on one line: the serialiser escapes every line break.
  return out + http::print_json(data) + "\n\n";
}

// state and progress by their stream, output by its type: log or cut.
std::string sse(const wire::Event& event) {
  const bool output =
      event.stream == wire::Stream::kStdout || event.stream == wire::Stream::kStderr;
  const std::string name =
      output ? (event.type == "cut" ? "cut" : "log") : std::string(wire::to_string(event.stream));
  return sse(event_id(event), name, event_json(event));
}

std::string sse(const wire::Events& window) {
  std::string out;
  if (window.gap) {
    out += sse("", "gap",
               http::JsonObject{{"detail", "events after the asked position are no longer kept"}});
  }
  for (const wire::Event& event : window.items) out += sse(event);
  return out;
}

Task<std::string> end_event(RelayContext& context, std::string tenant, std::string id) {
  Answered<wire::Job> job = co_await fetch_job(context, std::move(tenant), id, 0, 0);
  http::JsonObject data{{"id", id}};
  if (job.ok()) {
    const wire::JobView& view = job.value->job;
    data["state"] = std::string(wire::to_string(view.state));
    if (view.outcome) data["outcome"] = std::string(wire::to_string(*view.outcome));
    if (view.reason) data["reason"] = *view.reason;
  }
  co_return sse("", "end", std::move(data));
}

// The next window; rides out a broker that is away, saying so with a comment.
Task<Answered<wire::Events>> next_window(std::shared_ptr<Watching> watching, BodySink& sink,
                                         bool comments) {
  for (;;) {
    const auto wait_ms = static_cast<int64_t>(watching->question.wait_ms);
    Answered<wire::Events> answer =
        co_await watching->context.link.ask<wire::Events>(watching->question, wait_ms);
    if (answer.ok() || sink.stopping()) co_return answer;
    const std::string& code = answer.value.error().code;
    if (code != "unavailable" && code != "timeout" && code != "internal") co_return answer;
    if (comments && !co_await sink.write(": the broker does not answer\n\n")) co_return answer;
    co_await pause_ms(kAwayPauseMs);
  }
}

Task<void> stream_events(std::shared_ptr<Watching> watching, BodySink& sink) {
  if (!co_await sink.write("retry: 2000\n\n")) co_return;
  wire::Events window = std::move(watching->first);
  for (;;) {
    std::string text = sse(window);
    if (window.done) {
      text +=
          co_await end_event(watching->context, watching->question.tenant, watching->question.id);
    } else if (window.items.empty()) {
      text += ": keep-alive\n\n";
    }
    if (!co_await sink.write(text) || window.done) co_return;
    go_on_behind(window, &watching->question);
    watching->question.wait_ms = static_cast<uint64_t>(watching->context.options.keepalive_ms);
    Answered<wire::Events> next = co_await next_window(watching, sink, true);
    if (sink.stopping()) {
      co_await sink.write(": the relay is stopping\n\n");
      co_return;
    }
    if (!next.ok()) {
      const std::string event = sse("", "error",
                                    http::JsonObject{{"code", next.value.error().code},
                                                     {"detail", next.value.error().message}});
      co_await sink.write(event);
      co_return;
    }
    window = std::move(*next.value);
  }
}

Response page_of(const wire::Events& window) {
  http::JsonArray items;
  for (const wire::Event& event : window.items) {
    http::Json item = event_json(event);
    item.get_object()["id"] = event_id(event);
    items.push_back(std::move(item));
  }
  return json_response(200, http::JsonObject{{"items", std::move(items)},
                                             {"lastSeq", window.last_seq},
                                             {"done", window.done},
                                             {"gap", window.gap}});
}

Response too_many_watches() {
  return problem_response({"unavailable", "too many event streams are open", ""}, 5000);
}

}  // namespace

Task<Response> get_events(RelayContext& context, Request& request) {
  if (context.watches >= static_cast<size_t>(context.options.watches_max)) {
    co_return too_many_watches();
  }
  auto watching = std::make_shared<Watching>(context);
  wire::GetEvents& question = watching->question;
  QueryReader query(request.target.query);
  Status s = read_streams(query, &question.streams);
  const auto after = query.one("after");
  const auto wait_s = query.number("wait", 0, 60);
  if (s) s = query.finish();
  if (s) s = named(request.params[0], "job");
  const std::string* last_id = request.header("last-event-id");
  if (s && last_id != nullptr && !last_id->empty()) {
    s = read_position(*last_id, "Last-Event-ID", &question);
  } else if (s && after) {
    s = read_position(*after, "after", &question);
  }
  if (!s) co_return problem_response(s.error());
  question.tenant = request.tenant;
  question.id = request.params[0];
  question.bytes_max = kWindowBytes;
  const bool page = request.accepts("application/json") && !request.accepts("text/event-stream");
  if (page) question.wait_ms = wait_s.value_or(0) * 1000;
  const auto wait_ms = static_cast<int64_t>(question.wait_ms);
  Answered<wire::Events> first = co_await context.link.ask<wire::Events>(question, wait_ms);
  if (!first.ok()) co_return first.problem();
  if (page) co_return page_of(*first.value);

  watching->first = std::move(*first.value);
  Response out;
  out.content_type = "text/event-stream";
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would hold events back
  out.stream = [watching](BodySink& sink) { return stream_events(watching, sink); };
  co_return out;
}

namespace {

// What of an event belongs to the log asked for.
std::string log_text(Watching& watching, const wire::Event& event) {
  const bool wanted = event.attempt == watching.attempt ||
                      (watching.later_attempts && event.attempt > watching.attempt);
  if (!wanted) return "";
  if (event.type == "cut") {
    if (event.offset + event.skipped <= watching.offset) return "";
    return "\n[" + std::to_string(event.skipped) + " bytes left out]\n";
  }
  if (!event.data) return "";
  const uint64_t skip = std::min<uint64_t>(
      event.data->size(), watching.offset > event.offset ? watching.offset - event.offset : 0);
  return event.data->substr(skip);
}

Task<void> stream_log(std::shared_ptr<Watching> watching, BodySink& sink) {
  wire::Events window = std::move(watching->first);
  for (;;) {
    std::string text;
    if (window.gap) text += "[earlier output is no longer kept]\n";
    for (const wire::Event& event : window.items) text += log_text(*watching, event);
    if (!co_await sink.write(text)) co_return;
    if (window.done || (!watching->follow && window.items.empty())) co_return;
    go_on_behind(window, &watching->question);
    watching->question.wait_ms =
        watching->follow ? static_cast<uint64_t>(watching->context.options.keepalive_ms) : 0;
    Answered<wire::Events> next = co_await next_window(watching, sink, false);
    if (!next.ok()) co_return sink.fail();
    window = std::move(*next.value);
  }
}

// Events count attempts by dispatch, the job only those that are not given back: the events know.
Task<Result<uint64_t>> last_attempt(RelayContext& context, std::string tenant, std::string id) {
  wire::GetEvents question;
  question.tenant = std::move(tenant);
  question.id = std::move(id);
  question.streams = {wire::Stream::kState};
  uint64_t attempt = 0;
  for (;;) {
    Answered<wire::Events> window = co_await context.link.ask<wire::Events>(question);
    if (!window.ok()) co_return window.value.error();
    for (const wire::Event& event : window.value->items) {
      attempt = std::max(attempt, event.attempt);
    }
    if (window.value->items.empty() || window.value->done) co_return attempt;
    go_on_behind(*window.value, &question);
  }
}

}  // namespace

Task<Response> get_log(RelayContext& context, Request& request) {
  if (context.watches >= static_cast<size_t>(context.options.watches_max)) {
    co_return too_many_watches();
  }
  auto watching = std::make_shared<Watching>(context);
  wire::GetEvents& question = watching->question;
  QueryReader query(request.target.query);
  const auto stream = query.one("stream");
  const auto attempt = query.number("attempt", 1, 1'000'000'000);
  const auto offset = query.number("offset", 0, uint64_t{1} << 50);
  watching->follow = query.flag("follow");
  Status s = query.finish();
  if (s) s = named(request.params[0], "job");
  if (s && stream && *stream != "stdout" && *stream != "stderr") {
    s = Error{"bad_field", "stream: expected stdout or stderr", "stream"};
  }
  if (s && offset && !stream) {
    s = Error{"bad_field", "offset: needs stream=stdout or stream=stderr", "offset"};
  }
  if (!s) co_return problem_response(s.error());
  if (attempt) {
    watching->attempt = *attempt;
  } else {
    const Result<uint64_t> last = co_await last_attempt(context, request.tenant, request.params[0]);
    if (!last) co_return problem_response(last.error());
    watching->attempt = std::max<uint64_t>(1, *last);
    watching->later_attempts = watching->follow;
  }
  watching->offset = offset.value_or(0);
  question.tenant = request.tenant;
  question.id = request.params[0];
  question.bytes_max = kWindowBytes;
  question.streams = {wire::Stream::kStdout, wire::Stream::kStderr};
  if (stream) question.streams = {*wire::parse_stream(*stream)};
  Answered<wire::Events> first = co_await context.link.ask<wire::Events>(question);
  if (!first.ok()) co_return first.problem();
  watching->first = std::move(*first.value);
  Response out;
  out.content_type = "text/plain; charset=utf-8";
  out.headers.emplace_back("Cache-Control", "no-cache");
  out.headers.emplace_back("X-Accel-Buffering", "no");
  out.headers.emplace_back("Ghost-Attempt", std::to_string(watching->attempt));
  out.stream = [watching](BodySink& sink) { return stream_log(watching, sink); };
  co_return out;
}

}  // namespace ghost::relay
