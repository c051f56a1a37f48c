#include "wire/request_check.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/log.h"
#include "wire/isolation.h"

namespace ghost::wire {
namespace {

Error bad(const std::string& path, const std::string& what) {
  return {"bad_field", path + ": " + what, path};
}
// The same with what stood there instead.
Error unfit(const std::string& path, const std::string& what, std::string_view got) {
  const std::string_view head = got.substr(0, 100);
  return bad(path, what + ", got \"" + log::escape_control(head) +
                       (head.size() < got.size() ? "\"..." : "\""));
}
Error missing(const std::string& path, const std::string& what) {
  return {"missing_field", path + ": " + what, path};
}

std::string at(const std::string& list, size_t index, const std::string& field = "") {
  return list + "[" + std::to_string(index) + "]" + (field.empty() ? "" : "." + field);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

// A folder or glob inside the workspace: relative, and no component that leads out of it.
bool stays_inside(std::string_view path) {
  if (path.empty() || path.front() == '/' || has_control(path)) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

Status check_base(const PatchRequest& r) {
  const Base& base = r.base;
  if (base.repo.has_value() == base.job.has_value()) {
    return bad("base", "expected exactly one of repo and job");
  }
  if (base.job && base.ref) return bad("base.ref", "a base that is a job has no ref");
  if (base.ref && !is_ref_name(*base.ref)) {
    return unfit("base.ref", "expected the name of a branch or tag, or a commit id", *base.ref);
  }
  if (r.id && base.job == r.id) return bad("base.job", "a job cannot be its own base");
  return ok_status();
}

Status check_mutation(const Mutation& m, size_t index) {
  const auto path = [&](const char* field) { return at("patch.items", index, field); };
  const bool takes_contents =
      m.op == MutationOp::kCreate || m.op == MutationOp::kUpsert || m.op == MutationOp::kInsert;
  const std::string op(to_string(m.op));
  if (takes_contents && !m.contents) return missing(path("contents"), op + " needs it");
  if (!takes_contents && m.contents) return bad(path("contents"), op + " takes none");
  if (m.contents) {
    if (auto bytes = decoded(*m.contents, m.encoding); !bytes) {
      return bad(path("contents"), bytes.error().message);
    }
  }
  if (m.mode && *m.mode != "100644" && *m.mode != "100755") {
    return unfit(path("mode"), "expected \"100644\" or \"100755\"", *m.mode);
  }
  if (m.op == MutationOp::kChmod && !m.mode) return missing(path("mode"), "chmod needs it");
  const bool takes_mode =
      m.op == MutationOp::kChmod || m.op == MutationOp::kCreate || m.op == MutationOp::kUpsert;
  if (m.mode && !takes_mode) return bad(path("mode"), op + " takes none");
  if (m.op == MutationOp::kInsert) {
    if (!m.anchor) return missing(path("anchor"), "insert needs it");
    if (m.anchor->after.has_value() == m.anchor->before.has_value()) {
      return bad(path("anchor"), "expected exactly one of after and before");
    }
    if (m.anchor->after.value_or("x").empty() || m.anchor->before.value_or("x").empty()) {
      return bad(path("anchor"), "must not be empty");
    }
  } else if (m.anchor) {
    return bad(path("anchor"), op + " takes none");
  }
  if (m.op == MutationOp::kReplace) {
    if (!m.regex || m.regex->empty()) return missing(path("regex"), "replace needs it");
    if (!m.replacement) return missing(path("replacement"), "replace needs it");
  } else if (m.regex || m.replacement) {
    return bad(path(m.regex ? "regex" : "replacement"), op + " takes none");
  }
  return ok_status();
}

Status check_patch(const PatchBody& patch) {
  const bool mutations =
      patch.format ? *patch.format == PatchFormat::kMutations : !patch.items.empty();
  const bool none = patch.format && *patch.format == PatchFormat::kNone;
  if (mutations) {
    if (patch.items.empty()) return missing("patch.items", "format mutations needs at least one");
    if (patch.data) return bad("patch.data", "format mutations takes none");
    if (patch.root && (!patch.root->starts_with('/') || has_control(*patch.root))) {
      return unfit("patch.root", "expected an absolute path", *patch.root);
    }
    for (size_t i = 0; i < patch.items.size(); ++i) {
      if (Status s = check_mutation(patch.items[i], i); !s) return s;
    }
    return ok_status();
  }
  if (!patch.items.empty()) return bad("patch.items", "only format mutations takes them");
  if (patch.root) return bad("patch.root", "only format mutations takes it");
  if (none) {
    if (patch.data) return bad("patch.data", "format none takes none");
    return ok_status();
  }
  if (!patch.data) {
    return missing("patch.data", patch.format ? "required field is missing"
                                              : "expected data, items, or format \"none\"");
  }
  if (auto bytes = decoded(*patch.data, patch.encoding); !bytes) {
    return bad("patch.data", bytes.error().message);
  }
  return ok_status();
}

Status check_gate(const Gate& gate, size_t index) {
  const auto path = [&](const char* field) { return at("gates", index, field); };
  if (has_control(gate.name)) return bad(path("name"), "must not hold control characters");
  if (gate.run.has_value() == !gate.argv.empty()) {
    return bad(at("gates", index), "expected exactly one of run and argv");
  }
  if (gate.run && gate.run->empty()) return bad(path("run"), "must not be empty");
  if (gate.run && has_nul(*gate.run)) return bad(path("run"), "must not hold NUL");
  for (size_t i = 0; i < gate.argv.size(); ++i) {
    const std::string where = at("gates[" + std::to_string(index) + "].argv", i);
    if (i == 0 && gate.argv[i].empty()) return bad(where, "must not be empty");
    if (has_nul(gate.argv[i])) return bad(where, "must not hold NUL");
  }
  if (gate.cwd && !gate.cwd->empty() && !stays_inside(*gate.cwd)) {
    return unfit(path("cwd"), "expected a relative path inside the workspace", *gate.cwd);
  }
  for (const auto& [name, value] : gate.env) {
    if (!is_env_name(name)) return bad(path("env"), "\"" + name + "\" is no variable's name");
    if (has_nul(value)) return bad(path("env") + "." + name, "must not hold NUL");
  }
  return ok_status();
}

Status check_gates(const std::vector<Gate>& gates) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < gates.size(); ++i) {
    if (Status s = check_gate(gates[i], i); !s) return s;
    if (!names.insert(gates[i].name).second) {
      return bad(at("gates", i, "name"), "another gate is named \"" + gates[i].name + "\"");
    }
  }
  return ok_status();
}

Status check_globs(const std::vector<std::string>& globs, const std::string& list) {
  for (size_t i = 0; i < globs.size(); ++i) {
    if (!stays_inside(globs[i])) {
      return unfit(at(list, i), "expected a relative path or glob inside the workspace", globs[i]);
    }
  }
  return ok_status();
}

Status check_delivery(const PatchRequest& r) {
  if (!r.on_success) return ok_status();
  const OnSuccess& done = *r.on_success;
  const bool mails = r.patch.format == PatchFormat::kMbox ||
                     (!r.patch.format && r.patch.data.value_or("").starts_with("From "));
  if (done.branch && !is_ref_name(*done.branch)) {
    return unfit("onSuccess.branch", "expected the name of a branch", *done.branch);
  }
  if (done.tag && !is_ref_name(*done.tag)) {
    return unfit("onSuccess.tag", "expected the name of a tag", *done.tag);
  }
  if (!done.push && (done.branch || done.tag)) {
    return bad(done.branch ? "onSuccess.branch" : "onSuccess.tag",
               "the repository's own branches and tags are changed only with push: true");
  }
  if (done.push && !done.branch && !done.tag) {
    return missing("onSuccess.branch", "push needs a branch or a tag");
  }
  if (done.push && !done.commit && !mails) return missing("onSuccess.commit", "push needs it");
  if (!done.commit) return ok_status();
  const CommitSpec& commit = *done.commit;
  if (commit.message.value_or("").empty() && !mails) {
    return missing("onSuccess.commit.message", "required field is missing");
  }
  if (has_nul(commit.message.value_or(""))) {
    return bad("onSuccess.commit.message", "must not hold NUL");
  }
  if (commit.author) {
    const auto has_brackets = [](const std::string& text) {
      return has_control(text) || text.find_first_of("<>") != std::string::npos;
    };
    if (has_brackets(commit.author->name)) {
      return bad("onSuccess.commit.author.name", "must not hold control characters, '<' or '>'");
    }
    if (has_brackets(commit.author->email)) {
      return bad("onSuccess.commit.author.email", "must not hold control characters, '<' or '>'");
    }
  }
  return check_globs(commit.include, "onSuccess.commit.include");
}

Status check_labels(const std::map<std::string, std::string>& labels, const std::string& field) {
  for (const auto& [key, value] : labels) {
    if (key.empty() || key.size() > 128 || has_control(key) || key.find('=') != std::string::npos) {
      return bad(field, "a label's name has 1 to 128 bytes, no control characters and no '='");
    }
    if (value.size() > 1024 || has_control(value)) {
      return bad(field + "." + key,
                 "a label's value has at most 1024 bytes, no control characters");
    }
  }
  return ok_status();
}

Status check_schedule(const PatchRequest& r) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < r.depends_on.size(); ++i) {
    if (r.id && r.depends_on[i] == *r.id) {
      return bad(at("dependsOn", i), "a job cannot depend on itself");
    }
    if (!seen.insert(r.depends_on[i]).second) return bad(at("dependsOn", i), "stands twice");
  }
  if (r.not_before && r.deadline && *r.deadline <= *r.not_before) {
    return bad("deadline", "expected a time after notBefore");
  }
  if (r.idempotency_key && has_control(*r.idempotency_key)) {
    return bad("idempotencyKey", "must not hold control characters");
  }
  for (size_t i = 0; i < r.secret_env.size(); ++i) {
    if (!is_env_name(r.secret_env[i])) {
      return unfit(at("secretEnv", i), "expected the name of an environment variable",
                   r.secret_env[i]);
    }
  }
  if (r.traceparent && has_control(*r.traceparent)) {
    return bad("traceparent", "expected a W3C trace context");
  }
  return ok_status();
}

}  // namespace

bool is_ref_name(std::string_view name) {
  if (name.empty() || name == "@" || name.front() == '-' || name.front() == '/') return false;
  if (name.back() == '/' || name.back() == '.') return false;
  if (has_control(name) || name.find_first_of(" ~^:?*[\\") != std::string_view::npos) return false;
  if (name.find("..") != std::string_view::npos || name.find("@{") != std::string_view::npos) {
    return false;
  }
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part.front() == '.' || part.ends_with(".lock")) return false;
    begin = end + 1;
  }
  return true;
}

bool is_env_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Result<std::string> decoded(const std::string& text, Encoding encoding) {
  if (encoding == Encoding::kUtf8) return text;
  return base64_decode(text);
}

Status check_request(const PatchRequest& r) {
  if (Status s = check_base(r); !s) return s;
  if (Status s = check_patch(r.patch); !s) return s;
  if (Status s = check_gates(r.gates); !s) return s;
  if (Status s = check_globs(r.protected_paths, "protectedPaths"); !s) return s;
  if (Status s = check_globs(r.artifacts, "artifacts"); !s) return s;
  if (Status s = check_delivery(r); !s) return s;
  if (Status s = check_labels(r.labels, "labels"); !s) return s;
  if (Status s = check_labels(r.requires_, "requires"); !s) return s;
  const auto level = r.requires_.find(kIsolationLabel);
  if (level != r.requires_.end() && isolation_rank(level->second) < 0) {
    return bad("requires.isolation", "expected full, plain or none");
  }
  return check_schedule(r);
}

}  // namespace ghost::wire
