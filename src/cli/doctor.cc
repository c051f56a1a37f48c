// ghost version and ghost doctor: what runs here, and whether this machine can carry a farm.
#include <linux/landlock.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/fs.h"
#include "cli/commands.h"
#include "cli/tables.h"

namespace ghost::cli {
namespace {

constexpr int64_t kFreeBytesMin = int64_t{1} << 30;

struct Finding {
  enum Level { kOk, kWarning, kBad } level;
  std::string what, detail;
};

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string all = path == nullptr ? "/usr/bin:/bin" : path;
  for (size_t begin = 0; begin <= all.size();) {
    const size_t end = std::min(all.find(':', begin), all.size());
    if (access((all.substr(begin, end - begin) + "/" + program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

// The services are looked for where `ghost up` looks for them: beside this program, then in PATH.
Finding find_service(const std::string& name) {
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::string beside = (self.parent_path() / name).string();
  if (access(beside.c_str(), X_OK) == 0) return {Finding::kOk, name, beside};
  if (on_path(name)) return {Finding::kOk, name, "in PATH"};
  return {Finding::kWarning, name, "not found beside ghost nor in PATH; `ghost up` needs it"};
}

Finding check_kernel() {
  utsname name{};
  uname(&name);
  const int major = std::atoi(name.release);
  const char* dot = std::strchr(name.release, '.');
  const int minor = dot == nullptr ? 0 : std::atoi(dot + 1);
  const bool good = major > 5 || (major == 5 && minor >= 13);
  return {good ? Finding::kOk : Finding::kWarning, "kernel",
          std::string(name.release) + (good ? "" : ": Landlock needs 5.13 or later")};
}

Finding check_landlock() {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi > 0) return {Finding::kOk, "Landlock", "version " + std::to_string(abi)};
  return {Finding::kWarning, "Landlock",
          errno == EOPNOTSUPP ? "switched off at boot; gates run without it"
                              : "not in this kernel; gates run without it"};
}

Finding check_namespaces() {
  if (geteuid() == 0) return {Finding::kOk, "namespaces", "as root"};
  const auto debian = read_file("/proc/sys/kernel/unprivileged_userns_clone");
  const auto most = read_file("/proc/sys/user/max_user_namespaces");
  const bool off = (debian && trimmed(*debian) == "0") || (most && trimmed(*most) == "0");
  return {off ? Finding::kWarning : Finding::kOk, "namespaces",
          off ? "unprivileged user namespaces are switched off (sysctl "
                "kernel.unprivileged_userns_clone, user.max_user_namespaces)"
              : "unprivileged user namespaces are allowed"};
}

Finding check_cgroups() {
  const bool there = access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
  return {there ? Finding::kOk : Finding::kWarning, "cgroups",
          there ? "version 2" : "no cgroup v2; memory of gates is limited by other means"};
}

Finding check_disk(const std::string& folder) {
  std::filesystem::path at = std::filesystem::absolute(folder.empty() ? "." : folder);
  std::error_code ignored;
  while (!std::filesystem::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  struct statvfs fs {};
  if (statvfs(at.c_str(), &fs) != 0) {
    return {Finding::kBad, "disk", at.string() + ": " + std::strerror(errno)};
  }
  const auto free = static_cast<int64_t>(fs.f_bavail * fs.f_frsize);
  if (access(at.c_str(), W_OK) != 0) {
    return {Finding::kBad, "disk", at.string() + ": not writable"};
  }
  return {free < kFreeBytesMin ? Finding::kWarning : Finding::kOk, "disk",
          show_bytes(free) + " free at " + at.string()};
}

// The relay, its broker, and whether anybody would take a job.
std::vector<Finding> check_farm(Session& session) {
  const auto live = session.get("/livez", 5'000);
  if (!live) {
    return {{Finding::kBad, "relay",
             session.url() + ": " + live.error().message +
                 "; `ghost up` starts a farm on this machine"}};
  }
  std::vector<Finding> out{{Finding::kOk, "relay", session.url()}};
  const auto ready = session.get("/readyz", 10'000);
  if (!ready) {
    out.push_back({Finding::kBad, "broker", ready.error().message});
    return out;
  }
  out.push_back({Finding::kOk, "broker", "answers the relay"});
  const auto runners = session.call("GET", "/v1/runners");
  if (!runners) {
    out.push_back({Finding::kBad, "runners", runners.error().message});
    return out;
  }
  int64_t count = 0, slots = 0;
  for (const http::Json& runner : items_of(*runners)) {
    if (http::get_string(runner, "state") != "ready") continue;
    ++count;
    slots += http::get_int(runner, "slots");
  }
  out.push_back({slots > 0 ? Finding::kOk : Finding::kBad, "runners",
                 show_count(count, "runner") + " ready with " + show_count(slots, "slot")});
  const auto repos = session.call("GET", "/v1/repos");
  const auto known = repos ? static_cast<int64_t>(items_of(*repos).size()) : 0;
  out.push_back(
      {known > 0 ? Finding::kOk : Finding::kWarning, "catalogue",
       known > 0 ? show_count(known, "repository") : "no repository yet: ghost repo add NAME URL"});
  return out;
}

}  // namespace

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
  std::vector<Finding> findings{
      {Finding::kOk, "ghost", GHOST_VERSION},
      on_path("git") ? Finding{Finding::kOk, "git", "in PATH"}
                     : Finding{Finding::kBad, "git", "not in PATH; runners fetch with it"}};
  for (const char* name : {"ghost-broker", "ghost-relay", "ghost-runner"}) {
    findings.push_back(find_service(name));
  }
  for (Finding& finding : std::vector{check_kernel(), check_namespaces(), check_landlock(),
                                      check_cgroups(), check_disk(data)}) {
    findings.push_back(std::move(finding));
  }
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
