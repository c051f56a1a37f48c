// ghost backup, ghost restore and ghost demand: what keeps a farm.
#include <unistd.h>

#include <cstring>
#include <iostream>

#include "cli/child_process.h"
#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/tables.h"

namespace ghost::cli {
namespace {

constexpr int64_t kLookEveryMs = 200;

bool under_way(const http::Json& backup) {
  const std::string state = http::get_string(backup, "state");
  return state == "running" || state == "checking";
}

std::string progress(const http::Json& backup) {
  return show_bytes(http::get_int(backup, "copiedBytes")) + " of " +
         show_bytes(http::get_int(backup, "bytes")) + ", " + safe_member(backup, "state");
}

}  // namespace

int run_backup(Session& session) {
  session.catch_interrupts();
  auto backup = session.call("POST", "/v1/backup");
  if (!backup) return session.fail(backup.error());
  const bool show = session.err_is_terminal() && !session.json();
  while (under_way(*backup)) {
    if (show) std::cerr << "\r\x1b[K" << progress(*backup) << std::flush;
    if (!session.pause_ms(kLookEveryMs)) {
      std::cerr << "\nthe backup goes on without this program\n";
      return kFailed;
    }
    auto now = session.call("GET", "/v1/backup");
    if (!now && !passes_by_itself(now.error())) return session.fail(now.error());
    if (now) backup = std::move(now);
  }
  if (show) std::cerr << "\r\x1b[K";
  const bool done = http::get_string(*backup, "state") == "done";
  if (session.json()) {
    print_json_document(*backup);
  } else if (done) {
    print(safe_member(*backup, "path") + "\n");
  }
  if (done) return kPassed;
  // "none": the broker was started anew in between, and knows nothing of it any more.
  const std::string why = safe_member(*backup, "error");
  std::cerr << "ghost: backup failed: " << (why.empty() ? "the broker was restarted" : why) << "\n";
  return kFailed;
}

// The store is the broker's alone: its program does it.
int run_restore(const RestoreOptions& o) {
  const auto program = find_program("ghost-broker");
  if (!program) {
    std::cerr << "ghost: " << safe_block(program.error().message) << "\n";
    return kFailed;
  }
  std::vector<std::string> words{*program, "--data", o.data, "--restore", o.backup};
  if (!o.keys.empty()) words.insert(words.end(), {"--keys", o.keys});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(program->c_str(), argv.data());
  std::cerr << "ghost: run " << *program << ": " << std::strerror(errno) << "\n";
  return kFailed;
}

int run_demand(Session& session) {
  const auto demand = session.call("GET", "/v1/demand");
  if (!demand) return session.fail(demand.error());
  if (session.json()) {
    print_json_document(*demand);
    return kPassed;
  }
  Table table({"REQUIRES", "WAITING", "OLDEST", "RUNNERS", "SLOTS", "FREE"});
  for (const http::Json& item : items_of(*demand)) {
    std::string labels;
    if (const http::Json* wanted = http::find_member(item, "requires");
        wanted != nullptr && wanted->is_object()) {
      for (const auto& [key, value] : wanted->get_object()) {
        const std::string_view name(key.data(), key.size());
        labels += (labels.empty() ? "" : ",") + safe_line(name) + "=" +
                  safe_line(http::get_string(*wanted, std::string(name)));
      }
    }
    table.add({labels.empty() ? "-" : labels, number_member(item, "waiting"),
               show_ms(http::get_int(item, "oldestWaitMs")), number_member(item, "runners"),
               number_member(item, "slots"), number_member(item, "freeSlots")});
  }
  print(table.empty() ? "nothing waits for a runner\n"
                      : table.print(session.table_width(), session.out_style()));
  return kPassed;
}

}  // namespace ghost::cli
