#include "history/history.h"

#include <boost/json.hpp>
#include <charconv>
#include <string_view>
#include <utility>

namespace history {
namespace {

namespace json = boost::json;

constexpr std::pair<Kind, std::string_view> kNames[] = {
    {Kind::kConfig, "config"},
    {Kind::kSubmit, "submit"},
    {Kind::kSubmitted, "submitted"},
    {Kind::kCancel, "cancel"},
    {Kind::kCancelled, "cancelled"},
    {Kind::kRead, "read"},
    {Kind::kShown, "shown"},
    {Kind::kRunner, "runner"},
    {Kind::kGot, "got"},
    {Kind::kStart, "start"},
    {Kind::kBase, "base"},
    {Kind::kGranted, "granted"},
    {Kind::kDeliver, "deliver"},
    {Kind::kAlive, "alive"},
    {Kind::kEnd, "end"},
    {Kind::kResult, "result"},
    {Kind::kResultAck, "result_ack"},
    {Kind::kHeard, "heard"},
    {Kind::kUnsent, "unsent"},
    {Kind::kBroker, "broker"},
    {Kind::kBackup, "backup"},
    {Kind::kRestore, "restore"},
    {Kind::kKept, "kept"},
    {Kind::kKeptResult, "kept_result"},
    {Kind::kForgotten, "forgotten"},
    {Kind::kLane, "lane"},
    {Kind::kFault, "fault"},
    {Kind::kCalm, "calm"},
    {Kind::kDone, "done"},
    {Kind::kFinal, "final"},
};

// Calls f(name, member) for every field of an event: the one list that printing and parsing share.
template <typename E, typename F>
void each_field(E& e, F&& f) {
  f("op", e.op);
  f("job", e.job);
  f("runner", e.runner);
  f("tenant", e.tenant);
  f("key", e.key);
  f("req", e.req);
  f("lane", e.lane);
  f("status", e.status);
  f("state", e.state);
  f("outcome", e.outcome);
  f("code", e.code);
  f("digest", e.digest);
  f("commit", e.commit);
  f("what", e.what);
  f("retry_of", e.retry_of);
  f("lease", e.lease);
  f("version", e.version);
  f("attempt", e.attempt);
  f("slots", e.slots);
  f("max", e.max);
  f("limit", e.limit);
  f("epoch", e.epoch);
  f("log", e.log);
  f("wall", e.wall);
  f("not_before", e.not_before);
  f("deadline", e.deadline);
  f("ready", e.ready);
  f("flag", e.flag);
  f("delivering", e.delivering);
  f("paused", e.paused);
  f("all", e.all);
  f("lease_ms", e.lease_ms);
  f("heartbeat_ms", e.heartbeat_ms);
  f("backoff_ms", e.backoff_ms);
  f("grace_ms", e.grace_ms);
  f("idle_ms", e.idle_ms);
  f("needs", e.needs);
  f("labels", e.labels);
  f("held", e.held);
}

struct Printer {
  std::string out;
  void name(const char* n) {
    out += ",\"";
    out += n;
    out += "\":";
  }
  void text(std::string_view s) { out += json::serialize(json::string(s)); }

  void operator()(const char* n, const std::string& v) {
    if (v.empty()) return;
    name(n);
    text(v);
  }
  void operator()(const char* n, uint64_t v) {
    if (v == 0) return;
    name(n);
    out += std::to_string(v);
  }
  void operator()(const char* n, int64_t v) {
    const bool log = std::string_view(n) == "log";
    if (v == (log ? -1 : 0)) return;
    name(n);
    out += std::to_string(v);
  }
  void operator()(const char* n, bool v) {
    if (!v) return;
    name(n);
    out += "true";
  }
  void operator()(const char* n, const Lease& v) {
    if (!v) return;
    name(n);
    text(to_string(v));
  }
  template <typename T, typename Text>
  void list(const char* n, const std::vector<T>& v, Text&& text_of) {
    if (v.empty()) return;
    name(n);
    char before = '[';
    for (const T& item : v) {
      out += before;
      text(text_of(item));
      before = ',';
    }
    out += ']';
  }
  void operator()(const char* n, const std::vector<std::string>& v) {
    list(n, v, [](const std::string& s) { return s; });
  }
  void operator()(const char* n, const std::vector<Lease>& v) {
    list(n, v, [](const Lease& l) { return to_string(l); });
  }
  void operator()(const char* n, const std::map<std::string, std::string>& v) {
    if (v.empty()) return;
    name(n);
    char before = '{';
    for (const auto& [key, value] : v) {
      out += before;
      text(key);
      out += ':';
      text(value);
      before = ',';
    }
    out += '}';
  }
};

bool parse_lease(std::string_view text, Lease* out) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return false;
  const auto number = [](std::string_view s, uint64_t* v) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), *v);
    return error == std::errc() && end == s.data() + s.size();
  };
  return number(text.substr(0, dot), &out->epoch) && number(text.substr(dot + 1), &out->n);
}

struct Reader {
  const json::object& from;
  std::string wrong;

  const json::value* find(const char* n) {
    const json::value* v = from.if_contains(n);
    return v == nullptr || v->is_null() ? nullptr : v;
  }
  void fail(const char* n, const char* wanted) {
    if (wrong.empty()) wrong = std::string(n) + ": expected " + wanted;
  }
  void operator()(const char* n, std::string& v) {
    const json::value* found = find(n);
    if (found == nullptr) return;
    if (!found->is_string()) return fail(n, "a string");
    v = std::string(found->get_string());
  }
  template <typename Number>
  void number(const char* n, Number& v) {
    const json::value* found = find(n);
    if (found == nullptr) return;
    json::error_code ec;
    v = found->to_number<Number>(ec);
    if (ec) fail(n, "a whole number");
  }
  void operator()(const char* n, uint64_t& v) { number(n, v); }
  void operator()(const char* n, int64_t& v) { number(n, v); }
  void operator()(const char* n, bool& v) {
    const json::value* found = find(n);
    if (found == nullptr) return;
    if (!found->is_bool()) return fail(n, "true or false");
    v = found->get_bool();
  }
  void operator()(const char* n, Lease& v) {
    const json::value* found = find(n);
    if (found == nullptr) return;
    if (!found->is_string() || !parse_lease(found->get_string(), &v)) fail(n, "\"epoch.n\"");
  }
  template <typename Take>
  void list(const char* n, Take&& take) {
    const json::value* found = find(n);
    if (found == nullptr) return;
    if (!found->is_array()) return fail(n, "an array");
    for (const json::value& item : found->get_array()) {
      if (!item.is_string()) return fail(n, "strings");
      take(std::string(item.get_string()));
    }
  }
  void operator()(const char* n, std::vector<std::string>& v) {
    list(n, [&](std::string s) { v.push_back(std::move(s)); });
  }
  void operator()(const char* n, std::vector<Lease>& v) {
    list(n, [&](const std::string& s) {
      if (!parse_lease(s, &v.emplace_back())) fail(n, "\"epoch.n\"");
    });
  }
  void operator()(const char* n, std::map<std::string, std::string>& v) {
    const json::value* found = find(n);
    if (found == nullptr) return;
    if (!found->is_object()) return fail(n, "an object");
    for (const auto& [key, value] : found->get_object()) {
      if (!value.is_string()) return fail(n, "strings");
      v[std::string(key)] = std::string(value.get_string());
    }
  }
};

}  // namespace

std::string to_string(const Lease& lease) {
  return std::to_string(lease.epoch) + "." + std::to_string(lease.n);
}

std::string print(const Event& event) {
  Printer printer;
  printer.out = "{\"t\":" + std::to_string(event.t);
  for (const auto& [kind, name] : kNames) {
    if (kind == event.kind) printer.out += ",\"e\":\"" + std::string(name) + "\"";
  }
  each_field(event, printer);
  return std::move(printer.out) + "}";
}

std::string parse(const std::string& line, Event* out) {
  *out = {};
  json::error_code ec;
  const json::value value = json::parse(line, ec);
  if (ec || !value.is_object()) return "not a JSON object";
  Reader reader{value.get_object(), ""};
  std::string kind;
  reader("e", kind);
  bool known = false;
  for (const auto& [k, name] : kNames) {
    if (name != kind) continue;
    out->kind = k;
    known = true;
  }
  if (!known) return "e: unknown kind \"" + kind + "\"";
  reader("t", out->t);
  each_field(*out, reader);
  return reader.wrong;
}

std::string read(std::istream& in, const std::function<void(const Event&)>& take) {
  std::string line;
  Event event;
  for (size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    std::string wrong = parse(line, &event);
    if (!wrong.empty()) return "line " + std::to_string(number) + ": " + wrong;
    take(event);
  }
  return "";
}

}  // namespace history
