#include "cli/request.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"

namespace ghost::cli {
namespace {

using http::Json;
using http::JsonArray;
using http::JsonObject;

constexpr size_t kGateNameBytesMax = 60;

Error bad(const std::string& what) {
  return {"bad_field", what, ""};
}

// A member that is an object or an array, made where it is missing.
JsonObject& object_at(JsonObject& parent, const char* key) {
  Json& value = parent[key];
  if (!value.is_object()) value = JsonObject{};
  return value.get_object();
}
JsonArray& array_at(JsonObject& parent, const char* key) {
  Json& value = parent[key];
  if (!value.is_array()) value = JsonArray{};
  return value.get_array();
}

std::string name_of_command(const std::string& command) {
  std::string name = safe_line(command.substr(0, command.find('\n')));
  if (name.size() > kGateNameBytesMax) {
    name.resize(kGateNameBytesMax);
    while (!is_utf8(name)) name.pop_back();
  }
  return name;
}

class Builder {
 public:
  Builder(const SubmitOptions& options, int64_t now) : o_(options), now_(now) {}

  Result<Json> build(Recognised found, const std::string& text) {
    if (found.content == Content::kRequest || found.content == Content::kBlock) {
      out_ = std::move(found.json.get_object());
      block_ = found.content == Content::kBlock;
    }
    for (const Status& done :
         {patch(std::move(found), text), conditions(), gates(), delivery(), base()}) {
      if (!done) return done.error();
    }
    return Json(std::move(out_));
  }

 private:
  Status patch(Recognised found, const std::string& text) {
    switch (found.content) {
      case Content::kEmpty:
        out_["patch"] = JsonObject{{"format", "none"}};
        return ok_status();
      case Content::kMutations:
        out_["patch"] = JsonObject{{"format", "mutations"}, {"items", std::move(found.json)}};
        break;
      case Content::kPatch: {
        JsonObject body;
        if (!o_.format.empty()) body["format"] = o_.format;
        if (is_utf8(text)) {
          body["data"] = text;
        } else {
          body["data"] = base64_encode(text);
          body["encoding"] = "base64";
        }
        out_["patch"] = std::move(body);
        break;
      }
      case Content::kRequest:
      case Content::kBlock:
        break;
    }
    if (o_.strip && !block_) object_at(out_, "patch")["strip"] = *o_.strip;
    if (!o_.mode.empty()) object_at(out_, "apply")["mode"] = o_.mode;
    if (!o_.whitespace.empty()) object_at(out_, "apply")["whitespace"] = o_.whitespace;
    if (!o_.eol.empty()) object_at(out_, "apply")["eol"] = o_.eol;
    if (o_.max_fuzz) object_at(out_, "apply")["maxFuzz"] = *o_.max_fuzz;
    if (o_.max_offset) object_at(out_, "apply")["maxOffset"] = *o_.max_offset;
    return ok_status();
  }

  Status base() {
    if (!o_.on_job.empty()) out_["base"] = JsonObject{{"job", o_.on_job}};
    if (!o_.repo.empty()) object_at(out_, "base")["repo"] = o_.repo;
    if (!o_.base.empty()) object_at(out_, "base")["ref"] = o_.base;
    const Json* base = out_.if_contains("base");
    const bool known = base != nullptr && base->is_object() &&
                       (base->get_object().contains("repo") || base->get_object().contains("job"));
    if (known || (base != nullptr && !base->is_object())) return ok_status();
    return bad("which repository? Name it with --repo NAME (`ghost repo list` shows them)");
  }

  Status conditions() {
    text("description", o_.description);
    text("lane", o_.lane);
    text("network", o_.network);
    text(block_ ? "blockId" : "id", o_.id);
    if (o_.priority) out_["priority"] = *o_.priority;
    if (o_.max_attempts) out_["maxAttempts"] = *o_.max_attempts;
    append("artifacts", o_.artifacts);
    append("protectedPaths", o_.protect);
    append("secretEnv", o_.secret_env);
    append(block_ ? "dependencies" : "dependsOn", o_.depends_on);
    if (o_.wall_ms) object_at(out_, "limits")["wallMs"] = *o_.wall_ms;
    for (const auto& [key, texts, option] : {std::tuple("labels", &o_.labels, "--label"),
                                             std::tuple("requires", &o_.requires_, "--require")}) {
      auto pairs = pairs_to_json(*texts, option);
      if (!pairs) return pairs.error();
      for (auto& [k, v] : pairs->get_object()) object_at(out_, key)[k] = v;
    }
    auto limits = pairs_to_json(o_.limits, "--limit");
    if (!limits) return limits.error();
    for (auto& [k, v] : limits->get_object()) {
      const std::string number(v.get_string());
      if (number.empty() || number.size() > 18 ||
          number.find_first_not_of("0123456789") != std::string::npos) {
        return bad("--limit " + std::string(k) + ": expected a number, got \"" + number + "\"");
      }
      object_at(out_, "limits")[k] = std::stoll(number);
    }
    for (const auto& [key, value] :
         {std::pair("deadline", &o_.deadline), std::pair("notBefore", &o_.not_before)}) {
      if (value->empty()) continue;
      auto at = parse_moment(*value, now_);
      if (!at) return bad("--" + std::string(key) + ": " + at.error().message);
      out_[key] = *at;
    }
    return ok_status();
  }

  Status gates() {
    std::set<std::string> names;
    if (const Json* given = out_.if_contains("gates"); given != nullptr && given->is_array()) {
      for (const Json& gate : given->get_array()) names.insert(http::get_string(gate, "name"));
    }
    auto env = pairs_to_json(o_.gate_env, "--env");
    if (!env) return env.error();
    for (const auto& [phase, commands] :
         {std::pair("precheck", &o_.prechecks), std::pair("build", &o_.builds),
          std::pair("validate", &o_.gates)}) {
      for (const std::string& command : *commands) {
        auto gate = one_gate(phase, command, &names);
        if (!gate) return gate.error();
        if (!env->get_object().empty()) (*gate)["env"] = *env;
        array_at(out_, "gates").push_back(std::move(*gate));
      }
    }
    return ok_status();
  }

  Result<JsonObject> one_gate(const char* phase, std::string command,
                              std::set<std::string>* names) {
    std::string name;
    if (command.starts_with('@')) {
      const size_t blank = command.find(' ');
      name = command.substr(1, blank == std::string::npos ? blank : blank - 1);
      command = blank == std::string::npos ? "" : command.substr(blank + 1);
    }
    if (command.find_first_not_of(" \t\n") == std::string::npos) {
      return bad("a gate needs a command: \"COMMAND\" or \"@NAME COMMAND\"");
    }
    if (name.empty()) name = name_of_command(command);
    const std::string stem = name;
    for (int n = 2; !names->insert(name).second; ++n) name = stem + " #" + std::to_string(n);
    JsonObject gate{{"name", name}, {"phase", phase}, {"run", command}};
    if (o_.gate_timeout_ms) gate["timeoutMs"] = *o_.gate_timeout_ms;
    if (o_.gate_retries) gate["retries"] = *o_.gate_retries;
    if (!o_.gate_cwd.empty()) gate["cwd"] = o_.gate_cwd;
    return gate;
  }

  Status delivery() {
    JsonObject commit, done;
    if (!o_.commit.empty()) commit["message"] = o_.commit;
    if (!o_.author.empty()) {
      const size_t open = o_.author.find('<');
      if (open == std::string::npos || open == 0 || !o_.author.ends_with('>')) {
        return bad("--author: expected \"Name <address>\", got \"" + o_.author + "\"");
      }
      std::string name = o_.author.substr(0, open);
      while (name.ends_with(' ')) name.pop_back();
      commit["author"] = JsonObject{
          {"name", name}, {"email", o_.author.substr(open + 1, o_.author.size() - open - 2)}};
    }
    for (const std::string& glob : o_.include) array_at(commit, "include").emplace_back(glob);
    if (!o_.branch.empty()) done["branch"] = o_.branch;
    if (!o_.tag.empty()) done["tag"] = o_.tag;
    if (!o_.on_base_moved.empty()) done["onBaseMoved"] = o_.on_base_moved;
    if (o_.push) done["push"] = true;
    if (commit.empty() && done.empty()) return ok_status();
    JsonObject& target =
        block_ ? object_at(object_at(out_, "final"), "git") : object_at(out_, "onSuccess");
    if (block_ && !commit.empty() && target["commit"].is_string()) {
      target["commit"] = JsonObject{{"message", target["commit"]}};
    }
    if (!commit.empty()) {
      JsonObject& into = object_at(target, "commit");
      for (auto& [key, value] : commit) into[key] = std::move(value);
    }
    for (auto& [key, value] : done) target[key] = std::move(value);
    return ok_status();
  }

  void text(const char* key, const std::string& value) {
    if (!value.empty()) out_[key] = value;
  }
  void append(const char* key, const std::vector<std::string>& values) {
    for (const std::string& value : values) array_at(out_, key).emplace_back(value);
  }

  const SubmitOptions& o_;
  int64_t now_;
  JsonObject out_;
  bool block_ = false;
};

bool has_any(const JsonObject& object, std::initializer_list<const char*> keys) {
  return std::any_of(keys.begin(), keys.end(), [&](const char* k) { return object.contains(k); });
}

}  // namespace

Result<Recognised> recognise(std::string_view text) {
  Recognised out;
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return out;
  out.content = Content::kPatch;
  if (text[first] != '{' && text[first] != '[') return out;
  auto json = http::parse_json(text);
  if (!json) {
    return Error{"bad_json", "it looks like JSON, but " + json.error().message, ""};
  }
  if (json->is_array()) {
    out.content = Content::kMutations;
  } else if (has_any(json->get_object(), {"blockId", "preMutationValidation", "preCommit",
                                          "mutations", "postMutationBuild", "validate", "final",
                                          "target_file", "blockCommitOnError"})) {
    out.content = Content::kBlock;
  } else {
    out.content = Content::kRequest;
    const bool body = has_any(json->get_object(), {"items", "data", "format"}) &&
                      !json->get_object().contains("patch");
    if (body) json = Json(JsonObject{{"patch", std::move(*json)}});
  }
  out.json = std::move(*json);
  return out;
}

Result<Json> build_request(const SubmitOptions& options, const std::string& text,
                           int64_t now_wall_ms) {
  Recognised found;
  if (!options.no_patch) {
    if (options.format.empty() || options.format == "mutations") {
      auto recognised = recognise(text);
      if (!recognised) return recognised.error();
      found = std::move(*recognised);
    } else if (!text.empty()) {
      found.content = Content::kPatch;
    }
    if (found.content == Content::kEmpty) {
      return bad(
          "there is nothing in it (did `git diff` find no change?); --no-patch runs gates alone");
    }
  }
  return Builder(options, now_wall_ms).build(std::move(found), text);
}

}  // namespace ghost::cli
