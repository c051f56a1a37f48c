// Helpers of the patch tests: apply a patch to files given in place.
#pragma once

#include <string>
#include <utility>

#include "patch/engine.h"
#include "patch/memory_store.h"

namespace ghost::patch {

struct Applied {
  ApplyOutput out;
  MemoryStore::Files files;  // of the result tree
  bool ok() const { return out.outcome == Outcome::kApplied; }
  // "code@line" of the decisive fault.
  std::string fault() const {
    if (out.report.errors.empty()) return "";
    return out.report.errors[0].code + "@" + std::to_string(out.report.errors[0].line);
  }
  std::string message() const {
    return out.report.errors.empty() ? "" : out.report.errors[0].message;
  }
};

inline Applied apply_body(const MemoryStore::Files& base, const wire::PatchBody& body,
                          wire::ApplyOptions options = {}, Policy policy = {}) {
  MemoryStore store;
  ApplyInput input;
  input.base_tree = store.make_tree(base);
  input.patch = &body;
  input.options = options;
  input.policy = policy;
  Applied applied{*apply(store, input), {}};
  applied.files = store.list_tree(applied.out.tree);
  return applied;
}

inline Applied apply_text(const MemoryStore::Files& base, std::string text,
                          wire::ApplyOptions options = {}, Policy policy = {}) {
  wire::PatchBody body;
  body.data = std::move(text);
  return apply_body(base, body, options, policy);
}

}  // namespace ghost::patch
