#include "patch/engine.h"

#include <map>
#include <utility>

#include "patch/blocks.h"
#include "patch/chars.h"
#include "patch/diff_apply.h"
#include "patch/diff_parse.h"
#include "patch/draft.h"
#include "patch/mail.h"
#include "patch/mutate.h"
#include "patch/path_rules.h"
#include "patch/working_set.h"
#include "wire/request_check.h"

namespace ghost::patch {
namespace {

class Engine {
 public:
  Engine(ObjectStore& store, const ApplyInput& input)
      : input_(input),
        job_{store,
             input.options,
             input.policy,
             input.limits,
             {input.limits.search_steps_max, input.limits.touched_bytes_max},
             {},
             {}} {}

  Result<ApplyOutput> run();

 private:
  Result<bool> dispatch(std::string_view data);
  Result<bool> mails(std::string_view data);
  Result<bool> diff(std::string_view text, const Oid& base, uint64_t first_line);
  Result<bool> blocks(std::string_view data);
  Result<bool> finish(Draft& draft);
  void merge_changes(std::vector<FileChange> changes);
  void conclude(bool ok);

  const ApplyInput& input_;
  Job job_;
  ApplyOutput out_;
};

// A series' changes add up: what a path was before the first and is after the last.
void Engine::merge_changes(std::vector<FileChange> changes) {
  if (out_.changes.empty()) {
    out_.changes = std::move(changes);
    return;
  }
  std::map<std::string, size_t> known;
  for (size_t i = 0; i < out_.changes.size(); ++i) known[out_.changes[i].path] = i;
  for (FileChange& change : changes) {
    const auto it = known.find(change.path);
    if (it == known.end()) {
      out_.changes.push_back(std::move(change));
      continue;
    }
    FileChange& kept = out_.changes[it->second];
    kept.mode = change.mode;
    kept.oid = change.oid;
    kept.deleted = change.deleted;
    if (change.old_path) kept.old_path = change.old_path;
  }
  std::erase_if(out_.changes,
                [](const FileChange& c) { return c.mode == c.old_mode && c.oid == c.old_oid; });
}

Result<bool> Engine::finish(Draft& draft) {
  auto done = draft.write();
  if (!done) return done.error();
  if (!*done) return false;
  out_.tree = (*done)->tree;
  for (auto& file : (*done)->files) out_.report.files.push_back(std::move(file));
  merge_changes(std::move((*done)->changes));
  return true;
}

Result<bool> Engine::diff(std::string_view text, const Oid& base, uint64_t first_line) {
  ParseOptions options;
  options.strip = static_cast<int>(input_.patch->strip);
  options.first_line = first_line;
  options.tolerant = !job_.strict();
  std::string closed;
  if (options.tolerant && !text.empty() && !text.ends_with('\n')) {
    closed = std::string(text) + "\n";
    text = closed;
    options.unclosed = true;
  }
  std::vector<FilePatch> files;
  if (!parse_diff(text, options, job_.limits, files, job_.faults)) return false;
  TreeView view(job_.store, base);
  Draft draft(job_, view);
  auto applied = apply_files(job_, view, files, draft);
  if (!applied || !*applied) return applied;
  return finish(draft);
}

Result<bool> Engine::mails(std::string_view data) {
  std::vector<Mail> mails;
  if (!parse_mails(data, mails, job_.faults)) {
    if (input_.patch->format) return false;
    // It only looked like a mail: some headers above a diff.
    const Faults as_mail = std::exchange(job_.faults, {});
    auto ok = diff(data, input_.base_tree, 1);
    const bool no_diff = !job_.faults.empty() && job_.faults.list().front().code == "no_patch";
    if (no_diff) job_.faults = as_mail;
    if (!no_diff) out_.format = wire::PatchFormat::kUnified;
    return ok;
  }
  for (const Mail& mail : mails) {
    auto ok = diff(mail.diff, out_.tree, mail.diff_line);
    if (!ok || !*ok) return ok;
    MailCommit commit;
    commit.tree = out_.tree;
    commit.message = mail.message;
    commit.author_name = mail.author_name;
    commit.author_email = mail.author_email;
    MailDate date;
    if (parse_mail_date(mail.date, date)) {
      commit.date_unix = date.unix_seconds;
      commit.tz_minutes = date.tz_minutes;
      commit.has_date = true;
    }
    out_.mails.push_back(std::move(commit));
  }
  return true;
}

Result<bool> Engine::blocks(std::string_view data) {
  TreeView view(job_.store, input_.base_tree);
  WorkingSet files(job_, view);
  Result<bool> ok = false;
  std::vector<SearchBlock> search;
  std::vector<EnvelopeFile> envelope;
  if (out_.format == wire::PatchFormat::kMutations) {
    if (input_.patch->items.size() > job_.limits.files_max) {
      return job_.faults.add(refusal("too_large", "", 0, "too many mutations"));
    }
    ok = apply_mutations(job_, *input_.patch, files);
  } else if (out_.format == wire::PatchFormat::kSearchReplace) {
    if (!parse_search_blocks(data, job_.limits, search, job_.faults)) return false;
    ok = apply_search_blocks(job_, search, files);
  } else {
    if (!parse_envelope(data, job_.limits, envelope, job_.faults)) return false;
    ok = apply_envelope(job_, envelope, files);
  }
  if (!ok || !*ok) return ok;
  Draft draft(job_, view);
  ok = files.finish(draft);
  if (!ok || !*ok) return ok;
  return finish(draft);
}

Result<bool> Engine::dispatch(std::string_view data) {
  if (data.size() > job_.limits.patch_bytes_max) {
    return job_.faults.add(refusal(
        "too_large", "", 0,
        "the patch has more than " + std::to_string(job_.limits.patch_bytes_max) + " bytes"));
  }
  switch (out_.format) {
    case wire::PatchFormat::kUnified:
      return diff(data, input_.base_tree, 1);
    case wire::PatchFormat::kMbox:
      return mails(data);
    case wire::PatchFormat::kNone:
      return true;
    case wire::PatchFormat::kMutations:
    case wire::PatchFormat::kSearchReplace:
    case wire::PatchFormat::kEnvelope:
      return blocks(data);
  }
  return false;
}

int severity(wire::ApplyStatus status) {
  return static_cast<int>(status);
}

void Engine::conclude(bool ok) {
  out_.report.hunks = std::move(job_.hunks);
  out_.report.status = wire::ApplyStatus::kClean;
  for (const wire::HunkReport& hunk : out_.report.hunks) {
    if (severity(hunk.status) > severity(out_.report.status)) {
      out_.report.status = hunk.status;
    }
  }
  if (ok) {
    out_.outcome = Outcome::kApplied;
    return;
  }
  GHOST_CHECK(!job_.faults.empty());
  // Reversed, already applied and ambiguous say more than failed.
  if (severity(out_.report.status) < severity(wire::ApplyStatus::kAlreadyApplied)) {
    out_.report.status = wire::ApplyStatus::kFailed;
  }
  out_.outcome = job_.faults.list().front().refused ? Outcome::kRejected : Outcome::kApplyFailed;
  for (const Fault& fault : job_.faults.list()) {
    out_.report.errors.push_back({fault.code, fault.path, fault.line, fault.message});
  }
  out_.tree = input_.base_tree;
  out_.report.files.clear();
  out_.changes.clear();
  out_.mails.clear();
}

Result<ApplyOutput> Engine::run() {
  out_.tree = input_.base_tree;
  std::string decoded;
  std::string_view data;
  if (input_.patch->data) {
    data = *input_.patch->data;
    if (input_.patch->encoding == wire::Encoding::kBase64) {
      auto bytes = wire::decoded(*input_.patch->data, input_.patch->encoding);
      if (!bytes) {
        job_.faults.add(refusal("bad_contents", "", 0, bytes.error().message));
        conclude(false);
        return std::move(out_);
      }
      decoded = std::move(*bytes);
      data = decoded;
    }
  }
  out_.format =
      input_.patch->format ? *input_.patch->format : recognise_format(*input_.patch, data);
  auto ok = dispatch(data);
  if (!ok) return ok.error();
  conclude(*ok);
  return std::move(out_);
}

bool is_mail_header(std::string_view line) {
  for (const std::string_view name :
       {"From: ", "Subject: ", "Date: ", "Message-Id: ", "Message-ID: ", "MIME-Version: ",
        "Return-Path: ", "Received: ", "To: "}) {
    if (line.starts_with(name)) return true;
  }
  return false;
}

// Whether the header that begins the text names an author.
bool has_author(std::string_view text) {
  LineCursor lines{text};
  bool begun = false;
  while (lines.next()) {
    const std::string_view line = chomp(lines.line);
    if (line.starts_with("From: ")) return true;
    if (trim(line).empty() && begun) return false;
    begun |= !trim(line).empty();
  }
  return false;
}

}  // namespace

wire::PatchFormat recognise_format(const wire::PatchBody& patch, std::string_view data) {
  if (!patch.items.empty()) return wire::PatchFormat::kMutations;
  if (!patch.data) return wire::PatchFormat::kNone;
  LineCursor lines{data};
  bool first = true;
  while (lines.next()) {
    const std::string_view line = chomp(lines.line);
    if (first && trim(line).empty()) continue;
    if (first && (line.starts_with("From ") || (is_mail_header(line) && has_author(data)))) {
      return wire::PatchFormat::kMbox;
    }
    first = false;
    if (trim(line) == "*** Begin Patch") return wire::PatchFormat::kEnvelope;
    if (line.starts_with("<<<<<") && line.ends_with(" SEARCH")) {
      return wire::PatchFormat::kSearchReplace;
    }
    if (line.starts_with("diff --git ") || line.starts_with("@@ -")) break;
  }
  return wire::PatchFormat::kUnified;
}

Result<ApplyOutput> apply(ObjectStore& store, const ApplyInput& input) {
  GHOST_CHECK(input.patch != nullptr);
  return Engine(store, input).run();
}

}  // namespace ghost::patch
