#include "patch/mutate.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/bytes.h"
#include "patch/path_rules.h"
#include "patch/regex.h"
#include "wire/request_check.h"

namespace ghost::patch {
namespace {

using wire::Mutation;
using wire::MutationOp;

class Mutator {
 public:
  Mutator(Job& job, const wire::PatchBody& patch, WorkingSet& files)
      : job_(job), patch_(patch), files_(files) {}
  Result<bool> run();

 private:
  Result<bool> apply(const Mutation& m);
  Result<bool> write(const Mutation& m, WorkingFile& file);
  Result<bool> insert(const Mutation& m, WorkingFile& file);
  Result<bool> replace(const Mutation& m, WorkingFile& file);
  bool relative_path(const Mutation& m, std::string& path);
  bool expect(const Mutation& m, WorkingFile& file, uint64_t matches, uint64_t first_line);
  bool misfits(const WorkingFile& file, std::string code, std::string what) {
    return job_.faults.add(
        misfit(std::move(code), file.path, number_, show_path(file.path) + ": " + std::move(what)));
  }

  Job& job_;
  const wire::PatchBody& patch_;
  WorkingSet& files_;
  uint64_t number_ = 0;
  std::set<std::string> seen_;
};

bool Mutator::relative_path(const Mutation& m, std::string& path) {
  path = m.path;
  if (!path.starts_with('/') || !patch_.root) return true;  // judged by check_path
  std::string root = *patch_.root;
  while (root.ends_with('/')) root.pop_back();
  if (path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/') {
    path = path.substr(root.size() + 1);
    return true;
  }
  return job_.faults.add(
      refusal("bad_path", path, number_, show_path(path) + ": lies outside the declared root"));
}

uint32_t mode_of(const std::string& text) {
  return text == "100755" ? kModeExecutable : kModeFile;
}

bool is_regular(const WorkingFile& file) {
  return file.mode == kModeFile || file.mode == kModeExecutable;
}

Result<bool> Mutator::write(const Mutation& m, WorkingFile& file) {
  if (m.op == MutationOp::kCreate && file.exists) {
    return misfits(file, "already_exists", "exists already");
  }
  if (file.exists && !is_regular(file)) {
    return misfits(file, "wrong_type", "is a symlink or submodule");
  }
  auto contents = wire::decoded(m.contents.value_or(""), m.encoding);
  if (!contents) {
    return job_.faults.add(refusal("bad_contents", file.path, number_,
                                   show_path(file.path) + ": " + contents.error().message));
  }
  if (m.mode) file.mode = mode_of(*m.mode);
  return files_.set_text(file, std::move(*contents));
}

// Whether there are as many places as expected; reports the change when so.
bool Mutator::expect(const Mutation& m, WorkingFile& file, uint64_t matches, uint64_t first_line) {
  wire::HunkReport report;
  report.file = file.path;
  report.index = ++file.hunk_count;
  report.strategy = "exact";
  report.status = wire::ApplyStatus::kClean;
  if (matches > 0) report.matched_line = report.expected_line = first_line;
  const bool ok = matches == m.expect_matches;
  if (!ok) {
    const std::string found = matches == 0                 ? "nothing matches"
                              : matches > m.expect_matches ? "more places match"
                                                           : std::to_string(matches) + " match";
    report.error = found + ", " + std::to_string(m.expect_matches) + " expected";
    report.status =
        matches > m.expect_matches ? wire::ApplyStatus::kAmbiguous : wire::ApplyStatus::kFailed;
    misfits(file, matches > m.expect_matches ? "ambiguous" : "hunk_failed", *report.error);
  }
  job_.hunks.push_back(std::move(report));
  return ok;
}

Result<bool> Mutator::insert(const Mutation& m, WorkingFile& file) {
  auto contents = wire::decoded(*m.contents, m.encoding);
  if (!contents) return misfits(file, "bad_contents", contents.error().message);
  const bool after = m.anchor->after.has_value();
  const std::string& anchor = after ? *m.anchor->after : *m.anchor->before;
  const bool whole_lines = contents->ends_with('\n') && !contents->starts_with('\n');
  std::string out;
  const std::string& text = file.text;
  size_t copied = 0;
  uint64_t matches = 0, first_line = 0;
  for (size_t from = 0; from <= text.size();) {
    const void* hit =
        ::memmem(text.data() + from, text.size() - from, anchor.data(), anchor.size());
    if (!hit) break;
    const auto at = static_cast<size_t>(static_cast<const char*>(hit) - text.data());
    if (++matches == 1) {
      first_line = 1 + static_cast<uint64_t>(std::count(
                           text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n'));
    }
    if (matches > m.expect_matches) break;
    size_t place = after ? at + anchor.size() : at;
    bool add_newline = false;
    if (after && whole_lines && !anchor.ends_with('\n')) {
      if (place < text.size() && text[place] == '\n') {
        ++place;
      } else if (place == text.size()) {
        add_newline = true;  // the anchor is a last line without newline
      }
    }
    out.append(text, copied, place - copied);
    if (add_newline) out += '\n';
    out += *contents;
    copied = place;
    from = std::max(at + anchor.size(), place);
    if (out.size() > job_.limits.file_bytes_max) break;
  }
  if (!expect(m, file, matches, first_line)) return false;
  out.append(text, copied, text.npos);
  return files_.set_text(file, std::move(out));
}

Result<bool> Mutator::replace(const Mutation& m, WorkingFile& file) {
  auto regex = Regex::compile(*m.regex, is_utf8(file.text));
  if (!regex) {
    return job_.faults.add(refusal("bad_regex", file.path, number_,
                                   show_path(file.path) + ": " + regex.error().message));
  }
  auto replaced = regex->replace_all(file.text, *m.replacement, job_.limits.file_bytes_max,
                                     m.expect_matches, job_.budget);
  if (!replaced) {
    return job_.faults.add(refusal("too_large", file.path, number_,
                                   show_path(file.path) + ": " + replaced.error().message));
  }
  if (!expect(m, file, replaced->matches, replaced->first_line)) return false;
  return files_.set_text(file, std::move(replaced->text));
}

Result<bool> Mutator::apply(const Mutation& m) {
  std::string path;
  if (!relative_path(m, path)) return false;
  const bool edits = m.op == MutationOp::kInsert || m.op == MutationOp::kReplace;
  auto opened = edits ? files_.open_text(path, number_) : files_.open(path, number_);
  if (!opened) return opened.error();
  if (!*opened) return false;
  WorkingFile& file = **opened;
  if (!seen_.insert(path).second && job_.strict()) {
    return job_.faults.add(
        refusal("path_twice", path, number_, show_path(path) + ": is changed twice by this patch"));
  }
  if (m.if_match) {
    const std::string have = file.before ? file.before->oid.hex() : "missing";
    if (have != *m.if_match) {
      return misfits(file, "if_match", "is " + have + ", ifMatch says " + *m.if_match);
    }
  }
  switch (m.op) {
    case MutationOp::kCreate:
    case MutationOp::kUpsert:
      return write(m, file);
    case MutationOp::kDelete:
      if (!file.exists) return misfits(file, "missing_file", "does not exist");
      file.exists = false;
      return true;
    case MutationOp::kChmod:
      if (!file.exists) return misfits(file, "missing_file", "does not exist");
      if (!is_regular(file)) return misfits(file, "wrong_type", "is a symlink or submodule");
      file.mode = mode_of(*m.mode);
      return true;
    case MutationOp::kInsert:
      return insert(m, file);
    case MutationOp::kReplace:
      return replace(m, file);
  }
  return false;
}

Result<bool> Mutator::run() {
  for (const Mutation& m : patch_.items) {
    ++number_;
    auto ok = apply(m);
    if (!ok) return ok.error();
    if (job_.faults.count() > Faults::kFaultsMax) break;
  }
  return job_.faults.empty();
}

}  // namespace

Result<bool> apply_mutations(Job& job, const wire::PatchBody& patch, WorkingSet& files) {
  return Mutator(job, patch, files).run();
}

}  // namespace ghost::patch
