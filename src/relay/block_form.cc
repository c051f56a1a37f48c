#include "relay/block_form.h"

#include <algorithm>
#include <array>

#include "base/log.h"

namespace ghost::relay {
namespace {

using http::Json;
using http::JsonArray;
using http::JsonObject;

constexpr std::array<std::string_view, 9> kBlockKeys = {
    "blockId",   "preMutationValidation", "preCommit",
    "mutations", "postMutationBuild",     "validate",
    "final",     "target_file",           "blockCommitOnError"};

// Names that mean the same in both forms.
constexpr std::array<std::string_view, 20> kSharedKeys = {
    "schemaVersion",  "description", "labels",    "lane",        "priority",
    "idempotencyKey", "base",        "apply",     "limits",      "network",
    "protectedPaths", "artifacts",   "requires",  "dependsOn",   "maxAttempts",
    "notBefore",      "deadline",    "secretEnv", "traceparent", "gates"};

Error bad(const std::string& path, const std::string& what) {
  return {"bad_field", path + ": " + what, path};
}
Error unknown(const std::string& path) {
  return {"unknown_field", path + ": unknown field", path};
}

std::string shown_key(boost::json::string_view key) {
  return log::escape_control(std::string_view(key.data(), std::min<size_t>(key.size(), 100)));
}

class Converter {
 public:
  Converter(const JsonObject& block, Origins* origins) : block_(block), origins_(*origins) {}

  Result<Json> run() {
    for (const auto& [key, value] : block_) {
      if (Status s = take(std::string_view(key.data(), key.size()), value); !s) return s.error();
    }
    if (Status s = add_gates(); !s) return s.error();
    if (block_.contains("target_file")) {
      JsonObject entry;
      for (const char* key : {"target_file", "patch", "expectMatches", "ifMatch"}) {
        if (const Json* value = block_.if_contains(key)) entry[key] = *value;
      }
      if (Status s = add_mutation(entry, ""); !s) return s.error();
    }
    JsonObject patch;
    if (items_.empty()) {
      patch["format"] = "none";
    } else {
      patch["format"] = "mutations";
      patch["items"] = std::move(items_);
      if (const Json* root = block_.if_contains("root")) {
        patch["root"] = *root;
        origins_.emplace_back("patch.root", "root");
      }
    }
    out_["patch"] = std::move(patch);
    if (!labels_.empty()) out_["labels"] = std::move(labels_);
    return Json(std::move(out_));
  }

 private:
  Status take(std::string_view key, const Json& value) {
    if (key == "blockId") {
      out_["id"] = value;
      origins_.emplace_back("id", "blockId");
    } else if (key == "target" || key == "version") {
      return add_label(key, value);
    } else if (key == "labels") {
      if (!value.is_object()) return bad("labels", "expected an object");
      for (const auto& [name, label] : value.get_object()) labels_[name] = label;
    } else if (key == "dependencies") {
      out_["dependsOn"] = value;
      origins_.emplace_back("dependsOn", "dependencies");
    } else if (key == "mutations") {
      if (!value.is_array()) return bad("mutations", "expected a list");
      for (size_t i = 0; i < value.get_array().size(); ++i) {
        const std::string path = "mutations[" + std::to_string(i) + "]";
        const Json& entry = value.get_array()[i];
        if (!entry.is_object()) return bad(path, "expected an object");
        if (Status s = add_mutation(entry.get_object(), path); !s) return s;
      }
    } else if (key == "final") {
      return add_final(value);
    } else if (key == "onSuccess") {
      return bad("onSuccess", "a block says this under final.git");
    } else if (std::find(kSharedKeys.begin(), kSharedKeys.end(), key) != kSharedKeys.end()) {
      out_[key] = value;
    } else if (!is_known(key)) {
      return unknown(shown_key(key));
    }
    return ok_status();
  }

  // What the other steps read.
  bool is_known(std::string_view key) const {
    if (key == "root") return true;
    const bool replace = key == "patch" || key == "expectMatches" || key == "ifMatch";
    if (replace) return block_.contains("target_file");
    return std::find(kBlockKeys.begin(), kBlockKeys.end(), key) != kBlockKeys.end();
  }

  Status add_label(std::string_view key, const Json& value) {
    if (value.is_string()) {
      labels_[key] = value;
    } else if (value.is_number()) {
      labels_[key] = http::print_json(value);
    } else {
      return bad(std::string(key), "expected a string");
    }
    origins_.emplace_back("labels." + std::string(key), key);
    return ok_status();
  }

  Status add_gates() {
    bool all_allowed = false;
    if (const Json* flag = block_.if_contains("blockCommitOnError")) {
      if (!flag->is_bool()) return bad("blockCommitOnError", "expected true or false");
      all_allowed = !flag->get_bool();
    }
    constexpr std::pair<const char*, const char*> kSections[] = {
        {"preMutationValidation", "precheck"},
        {"preCommit", "precheck"},
        {"postMutationBuild", "build"},
        {"validate", "validate"}};
    JsonArray gates;
    if (const Json* own = block_.if_contains("gates")) {
      if (!own->is_array()) return bad("gates", "expected a list");
      gates = own->get_array();
    }
    for (const auto& [section, phase] : kSections) {
      const Json* value = block_.if_contains(section);
      if (value == nullptr) continue;
      if (Status s = add_section(section, phase, *value, all_allowed, &gates); !s) return s;
    }
    if (!gates.empty()) out_["gates"] = std::move(gates);
    return ok_status();
  }

  Status add_section(const std::string& section, const char* phase, const Json& value,
                     bool all_allowed, JsonArray* gates) {
    if (!value.is_object()) return bad(section, "expected an object with \"shell\"");
    bool allowed = all_allowed;
    const JsonArray* shell = nullptr;
    for (const auto& [key, member] : value.get_object()) {
      if (key == "shell") {
        if (!member.is_array()) return bad(section + ".shell", "expected a list of commands");
        shell = &member.get_array();
      } else if (key == "blockCommitOnError") {
        if (!member.is_bool()) return bad(section + "." + shown_key(key), "expected true or false");
        allowed = !member.get_bool();
      } else {
        return unknown(section + "." + shown_key(key));
      }
    }
    for (size_t i = 0; shell != nullptr && i < shell->size(); ++i) {
      const std::string path = section + ".shell[" + std::to_string(i) + "]";
      JsonObject gate;
      gate["name"] = path;
      gate["phase"] = phase;
      gate["run"] = (*shell)[i];
      if (allowed) gate["allowFailure"] = true;
      const std::string now = "gates[" + std::to_string(gates->size()) + "]";
      origins_.emplace_back(now + ".run", path);
      origins_.emplace_back(now, path);
      gates->push_back(std::move(gate));
    }
    return ok_status();
  }

  // {path, contents, op?, insertAfter?, insertBefore?} or {target_file, patch: {pattern,
  // replacement}}. `path` is where the entry stands; empty: at the top of the block.
  Status add_mutation(const JsonObject& entry, const std::string& path) {
    const std::string dot = path.empty() ? "" : path + ".";
    const std::string now = "patch.items[" + std::to_string(items_.size()) + "]";
    JsonObject item;
    const auto rename = [&](const std::string& to, const std::string& from) {
      origins_.emplace_back(now + "." + to, dot + from);
    };
    const bool replaces = entry.contains("target_file");
    for (const auto& [key, value] : entry) {
      if (key == "target_file") {
        item["path"] = value;
        rename("path", "target_file");
      } else if (key == "patch" && replaces) {
        if (Status s = add_pattern(value, dot + "patch", &item); !s) return s;
        rename("regex", "patch.pattern");
        rename("replacement", "patch.replacement");
      } else if (key == "insertAfter" || key == "insertBefore") {
        const char* side = key == "insertAfter" ? "after" : "before";
        item["anchor"].is_null() ? void(item["anchor"] = JsonObject{}) : void();
        item["anchor"].get_object()[side] = value;
        rename(std::string("anchor.") + side, std::string(key));
      } else {
        item[key] = value;
      }
    }
    if (!item.contains("op")) {
      item["op"] = replaces ? "replace" : item.contains("anchor") ? "insert" : "upsert";
    }
    if (!path.empty()) origins_.emplace_back(now, path);
    items_.push_back(std::move(item));
    return ok_status();
  }

  static Status add_pattern(const Json& value, const std::string& path, JsonObject* item) {
    if (!value.is_object()) return bad(path, "expected an object with pattern and replacement");
    for (const auto& [key, member] : value.get_object()) {
      if (key == "pattern") {
        (*item)["regex"] = member;
      } else if (key == "replacement") {
        (*item)["replacement"] = member;
      } else {
        return unknown(path + "." + shown_key(key));
      }
    }
    return ok_status();
  }

  Status add_final(const Json& value) {
    if (!value.is_object()) return bad("final", "expected an object");
    const Json* git = nullptr;
    for (const auto& [key, member] : value.get_object()) {
      if (key != "git") return unknown("final." + shown_key(key));
      git = &member;
    }
    if (git == nullptr) return ok_status();
    if (!git->is_object()) return bad("final.git", "expected an object");
    JsonObject done;
    for (const auto& [key, member] : git->get_object()) {
      const std::string name(key);
      if (name == "commit" && member.is_string()) {
        done["commit"] = JsonObject{{"message", member}};
        origins_.emplace_back("onSuccess.commit.message", "final.git.commit");
      } else if (name == "commit" || name == "tag" || name == "branch" || name == "push" ||
                 name == "onBaseMoved") {
        done[name] = member;
      } else {
        return unknown("final.git." + shown_key(key));
      }
      origins_.emplace_back("onSuccess." + name, "final.git." + name);
    }
    origins_.emplace_back("onSuccess", "final.git");
    // A block that names a tag or a branch means it to be made in the repository.
    const bool names = done.contains("tag") || done.contains("branch");
    if (names && !done.contains("push")) done["push"] = true;
    if (names && !done.contains("commit")) {
      const std::string id = http::get_string(Json(block_), "blockId", "block");
      done["commit"] = JsonObject{{"message", http::get_string(Json(block_), "description", id)}};
    }
    if (!done.empty()) out_["onSuccess"] = std::move(done);
    return ok_status();
  }

  const JsonObject& block_;
  Origins& origins_;
  JsonObject out_, labels_;
  JsonArray items_;
};

}  // namespace

bool is_block_form(const JsonObject& body) {
  return std::any_of(kBlockKeys.begin(), kBlockKeys.end(),
                     [&](std::string_view key) { return body.contains(key); });
}

Result<Json> from_block_form(const JsonObject& block, Origins* origins) {
  return Converter(block, origins).run();
}

Error in_clients_words(Error error, const Origins& origins) {
  const std::string field = error.field;
  for (const auto& [now, then] : origins) {
    if (field.rfind(now, 0) != 0) continue;
    const char next = field.size() == now.size() ? '.' : field[now.size()];
    if (next != '.' && next != '[') continue;
    error.field = then + field.substr(now.size());
    if (error.message.rfind(field, 0) == 0) {
      error.message = error.field + error.message.substr(field.size());
    }
    return error;
  }
  return error;
}

}  // namespace ghost::relay
