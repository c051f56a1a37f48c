// Commands about jobs: get, wait, cancel, retry, list, logs, events, diff, mbox, artifacts.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "cli/follow.h"
#include "cli/report.h"
#include "cli/tables.h"
#include "cli/watch.h"
#include "http/url.h"

namespace ghost::cli {
namespace {

// The exit code that says the most about several jobs: the first that is not "passed".
template <typename Each>
int for_each_job(Session& session, const std::vector<std::string>& ids, Each each) {
  int code = kPassed;
  if (ids.size() > 1) session.set_one_a_line();
  for (const std::string& id : ids) {
    const int one = each(id);
    if (one == kInterrupted || one == kUnreachable) return one;
    if (code == kPassed) code = one;
  }
  return code;
}

std::string age_of(const std::string& rfc3339) {
  const auto at = parse_rfc3339(rfc3339);
  return at ? show_ms(wall_now_ms() - *at) : "";
}

std::string painted_state(const std::string& state, const Style& style) {
  if (state == "SUCCEEDED") return style.green(state);
  if (state == "FAILED" || state == "DEAD") return style.red(state);
  if (state == "LEASED") return style.cyan(state);
  return style.yellow(state);
}

}  // namespace

std::string job_path(const std::string& id, const std::string& rest) {
  return "/v1/patches/" + http::percent_encode(id) + rest;
}

Result<http::Json> pairs_to_json(const std::vector<std::string>& texts, const char* option) {
  http::JsonObject out;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error{"bad_field", std::string(option) + ": expected name=value, got \"" + text + "\"",
                   ""};
    }
    out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return http::Json(std::move(out));
}

int run_get(Session& session, const JobOptions& options) {
  return for_each_job(session, options.ids, [&](const std::string& id) {
    auto job = session.call_job("GET", job_path(id));
    if (!job) return session.fail(job.error());
    show_job(session, *job, options.wait);
    return is_terminal(*job) ? exit_code_of_job(*job) : static_cast<int>(kPassed);
  });
}

int run_wait(Session& session, const JobOptions& options) {
  return for_each_job(session, options.ids,
                      [&](const std::string& id) { return watch_job(session, id, options.wait); });
}

int run_cancel(Session& session, const JobOptions& options) {
  return for_each_job(session, options.ids, [&](const std::string& id) {
    auto job = session.call_job("DELETE", job_path(id));
    if (!job) return session.fail(job.error());
    if (options.wait.wait && !is_terminal(*job)) {
      WaitOptions quiet = options.wait;
      quiet.quiet = !session.json();
      const int code = watch_job(session, id, quiet);
      if (code != kStopped) return code;  // it ended before the cancel reached it
      if (!session.json()) print(id + " cancelled\n");
      return static_cast<int>(kPassed);
    }
    if (session.json()) {
      session.print_document(*job);
    } else {
      print(id + " " + state_line(*job) + "\n");
    }
    return static_cast<int>(kPassed);
  });
}

int run_retry(Session& session, const JobOptions& options) {
  return for_each_job(session, options.ids, [&](const std::string& id) {
    http::Request request{.method = "POST", .target = job_path(id, "/retry")};
    request.headers.emplace_back("Idempotency-Key", "ghost-" + mint_ulid(wall_now_ms()));
    auto answer = session.send(request);
    if (!answer) return session.fail(answer.error());
    auto job = http::parse_json(answer->body);
    const std::string new_id = job ? http::get_string(*job, "id") : "";
    if (new_id.empty()) return session.fail(session.not_a_relay("expected a job"));
    if (options.wait.wait) return watch_job(session, new_id, options.wait);
    if (session.json()) {
      session.print_document(*job);
    } else {
      print(new_id + "\n");
    }
    return static_cast<int>(kPassed);
  });
}

int run_list(Session& session, const ListOptions& options) {
  http::Query query;
  for (const std::string& state : options.states) query.emplace_back("state", state);
  for (const std::string& label : options.labels) query.emplace_back("label", label);
  if (!options.repo.empty()) query.emplace_back("repo", options.repo);
  if (!options.lane.empty()) query.emplace_back("lane", options.lane);
  for (const auto& [name, text] :
       {std::pair("since", &options.since), std::pair("until", &options.until)}) {
    if (text->empty()) continue;
    const auto ago = parse_duration_ms(*text);
    query.emplace_back(name, ago ? format_rfc3339(wall_now_ms() - *ago) : *text);
  }
  http::JsonArray items;
  std::string cursor;
  do {
    http::Query page = query;
    const uint64_t left = options.all ? 500 : options.limit - items.size();
    page.emplace_back("limit", std::to_string(std::min<uint64_t>(left, 500)));
    if (!cursor.empty()) page.emplace_back("cursor", cursor);
    auto answer = session.call("GET", "/v1/patches?" + http::print_query(page));
    if (!answer) return session.fail(answer.error());
    for (const http::Json& item : items_of(*answer)) items.push_back(item);
    cursor = http::get_string(*answer, "nextCursor");
  } while (!cursor.empty() && (options.all || items.size() < options.limit));
  if (session.json()) {
    http::JsonObject document{{"items", std::move(items)}};
    if (!cursor.empty()) document["nextCursor"] = cursor;
    print_json_document(document);
    return kPassed;
  }
  Table table({"JOB", "STATE", "OUTCOME", "REPO", "LANE", "AGE", "RUNNER", "ABOUT"});
  for (const http::Json& job : items) {
    const http::Json* times = http::find_member(job, "timestamps");
    const std::string state = http::get_string(job, "state");
    std::string about = safe_line(http::get_string(job, "description"));
    if (about.empty() && !is_terminal(job)) about = state_line(job);
    table.add({safe_line(http::get_string(job, "id")), painted_state(state, session.out_style()),
               http::get_string(job, "outcome"), safe_line(http::get_string(job, "repo")),
               safe_line(http::get_string(job, "lane")),
               times == nullptr ? "" : age_of(http::get_string(*times, "accepted")),
               safe_line(http::get_string(job, "runner")), about});
  }
  if (table.empty()) {
    std::cerr << "no jobs\n";
    return kPassed;
  }
  print(table.print(session.table_width(), session.out_style()));
  if (!cursor.empty()) std::cerr << "there are more: --limit N or --all\n";
  return kPassed;
}

namespace {

// Output of one or all gates: the events hold it with its gate's name.
int follow_logs(Session& session, const LogsOptions& options) {
  session.catch_interrupts();
  FollowOptions f{.job = options.id, .streams = {"stdout", "stderr"}};
  if (!options.stream.empty()) f.streams = {options.stream};
  if (!options.follow) f.patience_ms = 10'000;
  f.on_note = [](const std::string& text) { std::cerr << "ghost: " << text << "\n"; };
  TerminalFilter filter;
  uint64_t attempt = options.attempt.value_or(0);
  auto end = follow(session, f, [&](const JobEvent& event) {
    if (event.kind == "gap") std::cerr << "ghost: earlier output is no longer kept\n";
    if (event.kind != "log" && event.kind != "cut") return true;
    if (options.attempt && event.attempt != *options.attempt) return true;
    if (!options.attempt && event.attempt > attempt) {
      if (attempt > 0) std::cerr << "ghost: attempt " << event.attempt << "\n";
      attempt = event.attempt;
    }
    if (!options.gate.empty() && event.gate != options.gate) return true;
    if (session.json()) {
      print(http::print_json(event.raw) + "\n");
      return true;
    }
    if (event.kind == "cut") {
      std::cerr << "\nghost: " << event.skipped << " bytes left out\n";
      return true;
    }
    std::string_view data = event.data;
    if (options.offset && event.offset < *options.offset) {
      data.remove_prefix(std::min<size_t>(data.size(), *options.offset - event.offset));
    }
    print(session.out_is_terminal() ? filter.feed(data) : std::string(data));
    return true;
  });
  if (!end) return session.fail(end.error());
  return *end == FollowEnd::kInterrupted ? kInterrupted : kPassed;
}

}  // namespace

int run_logs(Session& session, const LogsOptions& options) {
  if (options.follow || !options.gate.empty() || session.json()) {
    return follow_logs(session, options);
  }
  http::Query query;
  if (!options.stream.empty()) query.emplace_back("stream", options.stream);
  if (options.attempt) query.emplace_back("attempt", std::to_string(*options.attempt));
  if (options.offset) query.emplace_back("offset", std::to_string(*options.offset));
  std::string target = job_path(options.id, "/log");
  if (!query.empty()) target += "?" + http::print_query(query);
  TerminalFilter filter;
  const Status done = session.stream({.target = target}, [&](std::string_view piece) {
    print(session.out_is_terminal() ? filter.feed(piece) : std::string(piece));
    return true;
  });
  return done ? static_cast<int>(kPassed) : session.fail(done.error());
}

int run_events(Session& session, const EventsOptions& options) {
  auto show = [&](const http::Json& raw, const std::string& kind) {
    if (session.json()) {
      print(http::print_json(raw) + "\n");
      return;
    }
    std::string line = safe_line(http::get_string(raw, "at")) + "  " + kind;
    line.resize(std::max<size_t>(line.size(), 36), ' ');
    line += safe_line(http::get_string(raw, "type"));
    if (const auto gate = http::get_string(raw, "gate"); !gate.empty()) {
      line += "  " + safe_line(gate);
    }
    if (const http::Json* detail = http::find_member(raw, "detail")) {
      line += "  " + http::print_json(*detail);
    }
    const std::string data = http::get_string(raw, "data");
    if (!data.empty()) line += "  " + safe_line(data);
    print((session.out_is_terminal() ? clip(line, session.width()) : line) + "\n");
  };
  if (options.follow) {
    session.catch_interrupts();
    FollowOptions f{.job = options.id, .streams = options.streams, .after = options.after};
    f.on_note = [](const std::string& text) { std::cerr << "ghost: " << text << "\n"; };
    auto end = follow(session, f, [&](const JobEvent& event) {
      http::Json raw = event.raw;
      if (!event.id.empty()) raw.get_object()["id"] = event.id;
      if (event.kind != "end") show(raw, event.stream.empty() ? event.kind : event.stream);
      return true;
    });
    if (!end) return session.fail(end.error());
    return *end == FollowEnd::kInterrupted ? kInterrupted : kPassed;
  }
  std::string after = options.after;
  for (bool done = false; !done;) {
    http::Query query;
    for (const std::string& stream : options.streams) query.emplace_back("stream", stream);
    if (!after.empty()) query.emplace_back("after", after);
    http::Request request{.target = job_path(options.id, "/events")};
    if (!query.empty()) request.target += "?" + http::print_query(query);
    request.headers.emplace_back("Accept", "application/json");
    auto answer = session.send(request);
    if (!answer) return session.fail(answer.error());
    auto page = http::parse_json(answer->body);
    if (!page) return session.fail(session.not_a_relay(page.error().message));
    const http::Json* items = http::find_member(*page, "items");
    if (items == nullptr || !items->is_array()) break;
    if (http::get_bool(*page, "gap")) std::cerr << "ghost: earlier events are no longer kept\n";
    for (const http::Json& item : items->get_array()) show(item, http::get_string(item, "stream"));
    const std::string next = std::to_string(http::get_int(*page, "lastSeq"));
    done = http::get_bool(*page, "done") || items->get_array().empty() || next == after;
    after = next;
  }
  return kPassed;
}

namespace {

// Streams a stored file to standard output or to `output`, which appears only when it is whole.
int fetch_file(Session& session, const std::string& target, const std::string& output,
               bool as_diff) {
  if (output.empty() || output == "-") {
    std::string whole;
    const bool as_json = session.json() && output.empty();
    const bool colour = as_diff && session.out_style().colour && !as_json;
    const Status done = session.stream({.target = target}, [&](std::string_view piece) {
      if (colour || as_json) {
        whole += piece;
      } else {
        print(piece);
      }
      return true;
    });
    if (!done) return session.fail(done.error());
    if (colour) print(show_diff(whole, session.out_style()));
    if (as_json) {
      const bool text = is_utf8(whole);
      http::JsonObject document{{"data", text ? whole : base64_encode(whole)}};
      if (!text) document["encoding"] = "base64";
      print_json_document(document);
    }
    return kPassed;
  }
  const std::string part = output + ".part";
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  if (!file) return session.usage_error("cannot write " + part + ": " + std::strerror(errno));
  const Status done = session.stream({.target = target}, [&](std::string_view piece) {
    file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return file.good();
  });
  file.close();
  if (!done || !file || rename(part.c_str(), output.c_str()) != 0) {
    unlink(part.c_str());
    return done ? session.usage_error("cannot write " + output) : session.fail(done.error());
  }
  return kPassed;
}

}  // namespace

int run_diff(Session& session, const FileOptions& options) {
  return fetch_file(session, job_path(options.id, "/diff"), options.output, true);
}

int run_mbox(Session& session, const FileOptions& options) {
  return fetch_file(session, job_path(options.id, "/mbox"), options.output, false);
}

int run_artifacts_list(Session& session, const FileOptions& options) {
  auto answer = session.call("GET", job_path(options.id, "/artifacts"));
  if (!answer) return session.fail(answer.error());
  if (session.json()) {
    print_json_document(*answer);
    return kPassed;
  }
  Table table({"PATH", "SIZE", "SHA-256"});
  for (const http::Json& item : items_of(*answer)) {
    table.add({safe_line(http::get_string(item, "path")),
               show_bytes(http::get_int(item, "sizeBytes")),
               safe_line(http::get_string(item, "sha256"))});
  }
  if (table.empty()) {
    std::cerr << "no artifacts\n";
  } else {
    print(table.print(session.table_width(), session.out_style()));
  }
  return kPassed;
}

int run_artifacts_get(Session& session, const FileOptions& options) {
  std::string output = options.output;
  if (output.empty()) output = options.path.substr(options.path.rfind('/') + 1);
  const int code = fetch_file(
      session, job_path(options.id, "/artifacts/" + http::percent_encode_path(options.path)),
      output, false);
  if (code != kPassed || output == "-") return code;
  if (session.json()) {
    print_json_document(http::JsonObject{{"path", options.path}, {"output", output}});
  } else {
    std::cerr << "wrote " << safe_line(output) << "\n";
  }
  return code;
}

}  // namespace ghost::cli
