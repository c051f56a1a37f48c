// The workspace of a job: opened over the base checkout, given the patched tree, left to the gates,
// and read for what they made.
#include <algorithm>

#include "base/fs.h"
#include "base/log.h"
#include "patch/path_rules.h"
#include "patch/tree_edit.h"
#include "runner_worker/artifacts.h"
#include "runner_worker/checkout.h"
#include "runner_worker/job_run.h"

namespace ghost::runner {
namespace {

constexpr size_t kPublishBytes = 64 << 20;  // held in memory at a time
constexpr size_t kFilesMax = 200'000;       // that globs may find in a workspace

bool in_git_folder(const std::string& path) {
  return path.starts_with(".git/") || path == ".git";
}

bool matches_any(const std::vector<std::string>& globs, const std::string& path) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& g) { return glob_match(g, path); });
}

uint32_t published_mode(uint32_t mode) {
  const uint32_t kind = mode & 0170000;
  if (kind == 0120000) return patch::kModeSymlink;
  return mode & 0100 ? patch::kModeExecutable : patch::kModeFile;
}

}  // namespace

bool JobRun::needs_workspace() const {
  const bool include = request_.on_success && request_.on_success->commit &&
                       !request_.on_success->commit->include.empty();
  return !request_.gates.empty() || !request_.artifacts.empty() || include;
}

JobRun::Step JobRun::find_checkout() {
  if (checkout_) return {};
  auto checkout = cache_.checkout(*repo_, base_commit_, cutoff_);
  if (!checkout) {
    const std::string& code = checkout.error().code;
    if (code == "not_found" || code == "git_error") cache_.mark_broken(*repo_);
    return end_of(checkout.error(), "make the base checkout");
  }
  checkout_ = std::move(*checkout);
  return {};
}

Result<std::unique_ptr<Sandbox>> JobRun::open_sandbox(const JobLimitValues& limits,
                                                      const std::string& layer_dir,
                                                      wire::Network network) {
  SandboxSpec spec;
  spec.base_dir = checkout_->dir;
  spec.layer_dir = layer_dir;
  spec.read_only_dirs = {repo_->objects_dir()};
  spec.limits.memory_bytes = limits.memory_bytes;
  spec.limits.pids = limits.pids;
  spec.limits.cpu_ms = limits.cpu_ms;
  spec.limits.disk_bytes = limits.disk_bytes;
  spec.limits.inodes = limits.inodes;
  spec.host_network = network == wire::Network::kHost;
  spec.die_after_ms = host_.lease_left_ms();
  if (spec.die_after_ms == 0) return Error{"io_error", "the lease is over", {}};
  return pool_.open(spec);
}

// A workspace that other jobs had before: with what was restored in it, is its tree the base's? The
// rest was not touched, as the kernel tells.
Result<bool> JobRun::is_base(Sandbox& sandbox) {
  patch::TreeEdit edit;
  bool any = false;
  for (const std::string& path : sandbox.restored()) {
    if (in_git_folder(path)) continue;
    auto there = repo_->git().find_path(checkout_->tree, path);
    if (!there) return there.error();
    if (!*there) return false;
    auto bytes = read_whole(sandbox, {path, (*there)->mode, SIZE_MAX}, SIZE_MAX);
    if (!bytes) return bytes.error();
    auto oid = repo_->git().write_blob(*bytes);
    if (!oid) return oid.error();
    edit.put(path, {(*there)->mode, *oid}, 0);
    any = true;
  }
  if (!any) return true;
  patch::TreeView view(repo_->git(), checkout_->tree);
  patch::Faults faults;
  auto tree = edit.write(repo_->git(), view, faults);
  if (!tree) return tree.error();
  return *tree == std::optional(checkout_->tree);
}

// Makes what a near commit's checkout shows into the commit: git is told, and files that the two
// have differently are put there, as old as the base's.
Status JobRun::show_base(Sandbox& sandbox) {
  if (checkout_->index_file.empty()) return ok_status();
  auto index = read_file(checkout_->index_file);
  auto info = repo_->git().read_commit(base_commit_);
  auto changes = repo_->git().changes(checkout_->tree, commit_tree_);
  if (!index) return index.error();
  if (!info) return info.error();
  if (!changes) return changes.error();
  const Status put =
      sandbox.publish({{".git/HEAD", patch::kModeFile, make_blob(base_commit_.hex() + "\n")},
                       {".git/index", patch::kModeFile, make_blob(std::move(*index))}});
  return put ? put_changes(sandbox, *changes, base_mtime_s(*info)) : put;
}

JobRun::Step JobRun::open_workspace() {
  if (sandbox_) return {};
  if (Step end = find_checkout()) return end;
  if (Step end = prepare_layer()) return end;
  auto opened =
      open_sandbox(limits_, layer_ ? PreparedLayers::dir_of(*layer_) : "", request_.network);
  if (!opened) return end_of(opened.error(), "open a sandbox");
  sandbox_ = std::move(*opened);
  auto base = is_base(*sandbox_);
  if (!base) return end_of(base.error(), "look at the workspace");
  if (!*base) {
    cache_.mark_broken(*checkout_);
    cache_broken_ = true;
    return End{wire::Outcome::kInfraError, "the workspace is not the tree of the base"};
  }
  host_.set_lease_listener([sandbox = sandbox_.get()](uint64_t ms) { sandbox->extend(ms); });
  if (Status shown = show_base(*sandbox_); !shown) {
    return end_of(shown.error(), "make the base checkout");
  }
  published_ = commit_tree_;
  if (!prepare_here_) return {};
  const Status prepared = run_prepare(*sandbox_);
  return prepared ? Step() : prepare_failure(prepared.error());
}

JobRun::Step JobRun::close_workspace() {
  if (!sandbox_) return {};
  host_.set_lease_listener(nullptr);
  const Status closed = sandbox_->close();
  sandbox_.reset();
  if (closed) return {};
  log::error("sandbox not confirmed empty",
             {{"job", dispatch_.id}, {"why", closed.error().message}});
  return End{wire::Outcome::kInfraError, "close the sandbox: " + closed.error().message};
}

JobRun::Step JobRun::publish(const Oid& tree) {
  auto changes = repo_->git().changes(published_, tree);
  if (!changes) return end_of(changes.error(), "publish the patch");
  if (Step end = publish_changes(*changes)) return end;
  published_ = tree;
  return {};
}

JobRun::Step JobRun::publish_changes(const std::vector<TreeChange>& changes) {
  const Status put = put_changes(*sandbox_, changes, 0);
  if (put) return {};
  // After gates ran, what stands in the way is of their making.
  const std::string& code = put.error().code;
  if (gates_.empty() || (code != "bad_request" && code != "too_large")) {
    return end_of(put.error(), "publish");
  }
  return End{wire::Outcome::kGateFailed,
             "the gates left a workspace that cannot be written: " + put.error().message};
}

Status JobRun::put_changes(Sandbox& sandbox, const std::vector<TreeChange>& changes,
                           int64_t mtime_s) {
  std::vector<FileChange> batch;
  size_t bytes = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    const TreeChange& change = changes[i];
    FileChange file;
    file.path = change.path;
    file.mtime_s = mtime_s;
    if (change.mode != 0 && change.mode != patch::kModeGitlink) {
      auto blob = repo_->git().read_blob(change.after, SIZE_MAX);
      if (!blob) return blob.error();
      file.mode = published_mode(change.mode);
      file.bytes = *blob;
      bytes += (*blob)->size();
    }
    // A gitlink has no files of its own.
    const uint32_t concerned = change.mode != 0 ? change.mode : change.mode_before;
    if (concerned != patch::kModeGitlink) {
      touched_.insert(change.path);
      batch.push_back(std::move(file));
    }
    if (bytes < kPublishBytes && i + 1 < changes.size()) continue;
    if (Status s = cutoff_.check(); !s) return s;
    if (Status s = batch.empty() ? ok_status() : sandbox.publish(batch); !s) return s;
    batch.clear();
    bytes = 0;
  }
  return ok_status();
}

JobRun::Step JobRun::gates(wire::GatePhase phase) {
  const bool any = std::any_of(request_.gates.begin(), request_.gates.end(),
                               [&](const wire::Gate& g) { return g.phase == phase; });
  if (!any) return {};
  if (Step end = open_workspace()) return end;
  GateContext context{*sandbox_, host_, *budget_, cutoff_, secrets_, {}, 0, {}};
  for (const auto& [name, value] : secrets_) context.secrets.push_back(value);
  context.env["GHOST_JOB"] = dispatch_.id;
  context.env["GHOST_REPO"] = dispatch_.repo.name;
  context.env["GHOST_BASE_COMMIT"] = base_commit_.hex();
  context.env["GHOST_ATTEMPT"] = std::to_string(dispatch_.attempt);
  if (request_.traceparent) context.env["TRACEPARENT"] = *request_.traceparent;
  context.flood_bytes = limits_.output_bytes * options_.flood_factor;
  gate_ran_ = true;
  Step unready;
  if (phase == wire::GatePhase::kValidate && !request_.protected_paths.empty()) {
    context.before_attempt = [&] {
      unready = restore_protected();
      return !unready;
    };
  }
  const GatesResult done = run_gates(context, request_.gates, phase, &gates_);
  switch (done.end) {
    case GatesEnd::kPassed:
      return {};
    case GatesEnd::kFailed:
      return End{wire::Outcome::kGateFailed, done.reason};
    case GatesEnd::kStopped:
      return stopped();
    case GatesEnd::kWallLimit:
      return end_of(Error{"timeout", "", {}}, "run the gates");
    case GatesEnd::kLost:
      return End{wire::Outcome::kInfraError, done.reason};
    case GatesEnd::kUnready:
      return unready;
  }
  return {};
}

// Whatever the patch and the gates before made of the protected paths, each validate gate sees the
// base's.
JobRun::Step JobRun::restore_protected() {
  const auto& globs = request_.protected_paths;
  std::map<std::string, patch::TreeEntry> base;
  Status walked = repo_->git().walk(
      base_tree_,
      [&](const std::string& path, const patch::TreeEntry& entry) {
        if (entry.mode != patch::kModeTree && matches_any(globs, path)) base[path] = entry;
        return ok_status();
      },
      [&](const std::string& folder) { return glob_may_match_below(globs, folder); });
  if (!walked) return end_of(walked.error(), "read the protected paths");
  auto differing = sandbox_->find(globs, false, kFilesMax);
  auto present = differing ? sandbox_->find(globs, true, kFilesMax) : differing;
  if (!present) {
    if (present.error().code != "too_large")
      return end_of(present.error(), "look for protected paths");
    return End{wire::Outcome::kGateFailed, "too many files lie under the protected paths"};
  }
  std::vector<TreeChange> removed, put;
  for (const WorkspaceFile& file : *differing) {
    if (in_git_folder(file.path)) continue;
    const auto it = base.find(file.path);
    if (it == base.end()) {
      removed.push_back({file.path, file.mode, 0, {}, {}});
    } else {
      put.push_back({file.path, file.mode, it->second.mode, {}, it->second.oid});
    }
  }
  std::set<std::string> there;
  for (const WorkspaceFile& file : *present) there.insert(file.path);
  for (const auto& [path, entry] : base) {
    if (there.count(path) == 0) put.push_back({path, 0, entry.mode, {}, entry.oid});
  }
  removed.insert(removed.end(), put.begin(), put.end());
  return publish_changes(removed);
}

JobRun::Step JobRun::keep_artifacts() {
  if (request_.artifacts.empty() || !sandbox_) return {};
  auto kept =
      runner::keep_artifacts(*sandbox_, host_, request_.artifacts,
                             {options_.artifacts_max, options_.artifact_bytes_max}, cutoff_);
  if (!kept) {
    if (kept.error().code == "too_large" || kept.error().code == "bad_request") {
      return End{wire::Outcome::kGateFailed, kept.error().message};
    }
    return end_of(kept.error(), "keep the artifacts");
  }
  artifacts_ = std::move(*kept);
  return {};
}

// Gate-made files become part of the result, under the same rules as files of a patch.
JobRun::Step JobRun::include_files() {
  if (!request_.on_success || !request_.on_success->commit || !sandbox_) return {};
  const auto& globs = request_.on_success->commit->include;
  if (globs.empty()) return {};
  const auto refuse = [](const std::string& why) {
    return End{wire::Outcome::kGateFailed, "onSuccess.commit.include: " + why};
  };
  auto files = sandbox_->find(globs, false, 10'000);
  if (!files) {
    if (files.error().code != "too_large")
      return end_of(files.error(), "look for files to include");
    return refuse("too many files match");
  }
  patch::TreeEdit edit;
  patch::Faults faults;
  uint64_t left = options_.include_bytes_max;
  for (const WorkspaceFile& file : *files) {
    if (in_git_folder(file.path)) continue;
    if (Status s = cutoff_.check(); !s) return end_of(s.error(), "include");
    patch::check_path(file.path, 0, faults);
    if (!dispatch_.repo.allow_gitlinks && patch::has_gitmodules_name(file.path)) {
      return refuse(file.path + " may not be changed");
    }
    auto bytes = read_whole(*sandbox_, file, left);
    if (!bytes) {
      if (bytes.error().code == "too_large") return refuse(bytes.error().message);
      return end_of(bytes.error(), "read " + file.path);
    }
    left -= bytes->size();
    const uint32_t mode = published_mode(file.mode);
    if (mode == patch::kModeSymlink) {
      // Only links whose meaning is plain: no ".." at all.
      patch::check_symlink_target(
          file.path, *bytes, 0, [](std::string_view) { return true; }, faults);
    }
    auto oid = repo_->git().write_blob(*bytes);
    if (!oid) return end_of(oid.error(), "include " + file.path);
    edit.put(file.path, {mode, *oid}, 0);
  }
  patch::TreeView view(repo_->git(), result_tree_);
  if (!faults.empty()) return refuse(faults.list().front().message);
  auto tree = edit.write(repo_->git(), view, faults);
  if (!tree) return end_of(tree.error(), "include");
  if (!*tree)
    return refuse(faults.empty() ? "they do not fit the tree" : faults.list().front().message);
  result_tree_ = **tree;
  return {};
}

}  // namespace ghost::runner
