// The patch engine: applies a patch to a tree of git objects, in memory and all or nothing. Pure:
// everything it reads and writes goes through the ObjectStore. One thread a call; no state is kept
// between calls. Blobs and trees of a patch that fails half-way may be written to the store and are
// then reachable from nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "patch/fault.h"
#include "patch/object_store.h"
#include "wire/messages.gen.h"

namespace ghost::patch {

struct ApplyInput {
  Oid base_tree;
  const wire::PatchBody* patch = nullptr;  // as wire::check_request takes it
  wire::ApplyOptions options;
  Policy policy;
  Limits limits;
};

enum class Outcome {
  kApplied,
  kApplyFailed,  // it does not fit this base
  kRejected,     // it is damaged, hostile or over a limit: refused on any base
};

// One path that differs between base and result.
struct FileChange {
  std::string path;
  std::optional<std::string> old_path;  // source of a rename or copy
  bool deleted = false;
  uint32_t old_mode = 0, mode = 0;  // 0 where the path does not exist
  Oid old_oid, oid;                 // zero where the path does not exist
};

// One mail of a series, in order; each one's tree is the next one's base.
struct MailCommit {
  Oid tree;
  std::string message;  // as `git am` would commit it; ends in a newline unless empty
  std::string author_name, author_email;
  int64_t date_unix = 0;  // author date; valid when has_date
  int tz_minutes = 0;     // its zone, east of Greenwich
  bool has_date = false;
};

struct ApplyOutput {
  Outcome outcome = Outcome::kRejected;
  wire::ApplyReport report;  // report.errors is empty exactly when applied
  Oid tree;                  // the result; the base's tree unless applied
  std::vector<FileChange> changes;
  std::vector<MailCommit> mails;  // format mbox only
  wire::PatchFormat format{};     // as named or recognised
};

// An Error only when the store fails (its own codes: "io_error", "not_found" for a missing base).
// Whatever is wrong with the patch is in the output.
Result<ApplyOutput> apply(ObjectStore& store, const ApplyInput& input);

// The format of a patch that does not name it.
wire::PatchFormat recognise_format(const wire::PatchBody& patch, std::string_view data);

}  // namespace ghost::patch
