// ghost version and ghost doctor: what runs here, and whether this machine can carry a farm.
#include "cli/doctor.h"
#include "cli/commands.h"
#include "cli/tables.h"

namespace ghost::cli {

int run_version(Session& session) {
  http::JsonObject document{{"ghost", GHOST_VERSION}};
  const auto root = session.call("GET", "/");
  if (root) {
    document["relay"] = http::get_string(*root, "version");
    http::JsonObject instances;
    if (const auto registry = session.call("GET", "/v1/registry?service=ghost-%2A")) {
      for (const http::Json& i : items_of(*registry)) {
        instances[http::get_string(i, "instance")] = http::get_string(i, "version");
      }
    }
    document["instances"] = std::move(instances);
  }
  if (session.json()) {
    print_json_document(document);
    return kPassed;
  }
  std::string text = "ghost " GHOST_VERSION "\n";
  if (root) {
    text += "relay " + safe_member(*root, "version") + " at " + safe_line(session.url()) + "\n";
    for (const auto& [name, version] : document["instances"].get_object()) {
      text +=
          safe_line(std::string_view(name.data(), name.size())) + " " +
          safe_line(std::string_view(version.get_string().data(), version.get_string().size())) +
          "\n";
    }
  } else {
    text += "relay not reached at " + safe_line(session.url()) + "\n";
  }
  print(text);
  return kPassed;
}

int run_doctor(Session& session, const std::string& data) {
  std::vector<Finding> findings{{Finding::kOk, "ghost", GHOST_VERSION}};
  for (Finding& finding : check_host(data)) findings.push_back(std::move(finding));
  for (Finding& finding : check_farm(session)) findings.push_back(std::move(finding));
  const Style& style = session.out_style();
  int code = kPassed;
  http::JsonArray items;
  Table table({"", "WHAT", "FOUND"});
  for (const Finding& f : findings) {
    if (f.level == Finding::kBad) code = kFailed;
    const char* word = f.level == Finding::kOk        ? "ok"
                       : f.level == Finding::kWarning ? "warn"
                                                      : "bad";
    items.push_back(http::JsonObject{{"level", word}, {"what", f.what}, {"detail", f.detail}});
    table.add({f.level == Finding::kOk        ? style.green(word)
               : f.level == Finding::kWarning ? style.yellow(word)
                                              : style.red(word),
               f.what, safe_line(f.detail)});
  }
  if (session.json()) {
    print_json_document(http::JsonObject{{"items", std::move(items)}});
  } else {
    print(table.print(session.table_width(), style));
  }
  return code;
}

}  // namespace ghost::cli
