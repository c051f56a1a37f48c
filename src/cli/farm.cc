// Commands about the farm's operation: runners, drain, slots, repo, lanes, limits, audit.
#include <iostream>

#include "cli/commands.h"
#include "cli/tables.h"
#include "http/url.h"

namespace ghost::cli {
namespace {

std::string painted_runner_state(const std::string& state, const Style& style) {
  if (state == "ready") return style.green(state);
  return state == "lost" ? style.red(state) : style.yellow(state);
}

std::string runner_path(const std::string& runner, const char* rest = "") {
  return "/v1/runners/" + http::percent_encode(runner) + rest;
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

}  // namespace

int run_runners(Session& session) {
  return show_list(
      session, "/v1/runners",
      {"RUNNER", "STATE", "BUSY", "SLOTS", "GIVEN", "HOST", "VERSION", "SEEN", "LABELS"},
      [&](const http::Json& r) {
        return std::vector<std::string>{
            safe_member(r, "id"),
            painted_runner_state(safe_member(r, "state"), session.out_style()),
            number_member(r, "busy"),
            number_member(r, "slots"),
            number_member(r, "dispatched"),
            safe_member(r, "host"),
            safe_member(r, "version"),
            age_member(r, "lastSeenAt") + " ago",
            pairs_text(r, "labels")};
      },
      "no runners");
}

int run_drain(Session& session, const std::string& runner, bool undo, bool wait) {
  auto answer = session.call(undo ? "DELETE" : "POST", runner_path(runner, "/drain"));
  if (!answer) return session.fail(answer.error());
  if (wait && !undo) {
    session.catch_interrupts();
    while (http::get_int(*answer, "busy") > 0 && http::get_string(*answer, "state") != "lost") {
      if (!session.pause_ms(500)) return kInterrupted;
      answer = session.call("GET", runner_path(runner));
      if (!answer) return session.fail(answer.error());
    }
  }
  if (session.json()) {
    print_json_document(*answer);
    return kPassed;
  }
  print(safe_line(runner) + " " + safe_member(*answer, "state") + ", holds " +
        show_count(http::get_int(*answer, "busy"), "job") + "\n");
  return kPassed;
}

int run_slots(Session& session, const std::string& runner, uint64_t slots) {
  return send_change(session, "PATCH", runner_path(runner), http::JsonObject{{"slots", slots}},
                     safe_line(runner) + " takes " +
                         show_count(static_cast<int64_t>(slots), "job") + " at a time");
}

int run_repo_list(Session& session) {
  return show_list(
      session, "/v1/repos", {"NAME", "DEFAULT BRANCH", "CREDENTIAL", "URL"},
      [](const http::Json& r) {
        return std::vector<std::string>{
            safe_member(r, "name"), or_dash(safe_member(r, "defaultBranch")),
            or_dash(safe_member(r, "credential")), safe_member(r, "url")};
      },
      "no repositories: ghost repo add NAME URL");
}

int run_repo_add(Session& session, const RepoOptions& options) {
  http::JsonObject body{{"url", options.url}};
  if (!options.default_branch.empty()) body["defaultBranch"] = options.default_branch;
  if (!options.credential.empty()) body["credential"] = options.credential;
  if (options.allow_gitlinks) body["allowGitlinks"] = true;
  const auto list = [](const std::vector<std::string>& texts) {
    return http::JsonArray(texts.begin(), texts.end());
  };
  if (!options.prepare.empty()) body["prepare"] = list(options.prepare);
  if (!options.prepare_files.empty()) body["prepareFiles"] = list(options.prepare_files);
  if (!options.prepare_network.empty()) body["prepareNetwork"] = options.prepare_network;
  return send_change(session, "PUT", "/v1/repos/" + http::percent_encode(options.name), body,
                     safe_line(options.name) + " is " + safe_line(options.url));
}

int run_repo_remove(Session& session, const std::string& name) {
  return send_change(session, "DELETE", "/v1/repos/" + http::percent_encode(name), nullptr,
                     safe_line(name) + " removed");
}

int run_lanes_list(Session& session) {
  return show_list(
      session, "/v1/lanes", {"LANE", "QUEUED", "RUNNING", "WEIGHT", "LIMIT", "STATE"},
      [&](const http::Json& lane) {
        const int64_t limit = http::get_int(lane, "limit");
        return std::vector<std::string>{
            safe_member(lane, "name"),
            number_member(lane, "queued"),
            number_member(lane, "leased"),
            number_member(lane, "weight"),
            limit == 0 ? "-" : std::to_string(limit),
            http::get_bool(lane, "paused") ? session.out_style().yellow("paused") : "open"};
      },
      "no lanes");
}

int run_lanes_set(Session& session, const LaneOptions& options) {
  http::JsonObject body;
  std::string said;
  if (options.weight) {
    body["weight"] = *options.weight;
    said += " weight " + std::to_string(*options.weight);
  }
  if (options.limit) {
    body["limit"] = *options.limit;
    said += " limit " + std::to_string(*options.limit);
  }
  if (options.paused) {
    body["paused"] = *options.paused;
    said += *options.paused ? " paused" : " open";
  }
  if (body.empty()) {
    return session.usage_error("lanes set: expected --weight, --limit, --pause or --resume");
  }
  return send_change(session, "PATCH", "/v1/lanes/" + http::percent_encode(options.name), body,
                     safe_line(options.name) + said);
}

int run_limits(Session& session) {
  auto answer = session.call("GET", "/v1/limits");
  if (!answer) return session.fail(answer.error());
  if (session.json()) {
    print_json_document(*answer);
    return kPassed;
  }
  Table table({"PROGRAM", "LIMIT", "VALUE", ""});
  for (const char* program : {"request", "relay", "broker", "runner"}) {
    const http::Json* limits = http::find_member(*answer, program);
    if (limits == nullptr || !limits->is_object()) continue;
    for (const auto& [key, value] : limits->get_object()) {
      const std::string name(key.data(), key.size());
      const int64_t number = http::get_int(*limits, name);
      std::string shown;
      if (name.find("-bytes") != std::string::npos) shown = show_bytes(number);
      if (name.find("-ms") != std::string::npos) shown = number == 0 ? "none" : show_ms(number);
      const std::string owner = program == std::string("request") ? "" : "ghost-";
      table.add({owner + program, safe_line(name), http::print_json(value), shown});
    }
  }
  print(table.print(session.table_width(), session.out_style()));
  return kPassed;
}

int run_audit(Session& session, uint64_t limit) {
  return show_list(
      session, "/v1/audit?limit=" + std::to_string(limit), {"AT", "WHO", "DID", "ON", "DETAIL"},
      [](const http::Json& entry) {
        return std::vector<std::string>{safe_member(entry, "at"), safe_member(entry, "actor"),
                                        safe_member(entry, "action"), safe_member(entry, "subject"),
                                        safe_member(entry, "detail")};
      },
      "nothing was changed yet");
}

}  // namespace ghost::cli
