// The prepared layer of a job's base: found, or made in a sandbox of its own before any patch is
// there. Whatever goes wrong here is the base's doing or the host's, never the patch's.
#include <algorithm>

#include "base/fs.h"
#include "base/ids.h"
#include "runner_worker/job_run.h"
#include "wire/detail.h"

namespace ghost::runner {
namespace {

constexpr size_t kTailBytes = 2000;

std::string ending_of(const GateRun& run) {
  switch (run.end) {
    case GateEnd::kExited:
      return "exit code " + std::to_string(run.exit_code);
    case GateEnd::kSignalled:
      return "signal " + std::to_string(run.signal);
    default:
      return run.error;
  }
}

}  // namespace

JobRun::Step JobRun::prepare_layer() {
  const wire::Repo& repo = dispatch_.repo;
  if (repo.prepare.empty() || layer_ || prepare_here_) return {};
  auto key = prepare_key(repo_->git(), commit_tree_, repo);
  if (!key) {
    cache_.mark_broken(*repo_);
    return end_of(key.error(), "read the base");
  }
  const MonoMs began = mono_now_ms();
  bool made = false;
  for (const std::string& name : {*key, sha256_hex(*key + commit_tree_.hex()).substr(0, 40)}) {
    auto use = layers_.find_or_make(repo_->key(), name, cutoff_, began,
                                    [&](const std::string& folder) -> Status {
                                      made = true;
                                      return make_layer(folder);
                                    });
    if (!use && use.error().code == "unsupported") {
      prepare_here_ = true;
      return {};
    }
    if (!use) return prepare_failure(use.error());
    // A base that has files of its own where the layer has some gets a layer for itself.
    auto hides = hides_base(*use);
    if (!hides) return end_of(hides.error(), "prepare the base");
    if (*hides) continue;
    layer_ = std::move(*use);
    break;
  }
  if (!layer_) return End{wire::Outcome::kInfraError, "the layer of the base is not its own"};
  host_.progress(
      "prepared", "",
      wire::pack_detail(
          {{"key", *key}, {"made", made}, {"ms", static_cast<uint64_t>(mono_now_ms() - began)}}));
  return {};
}

Result<bool> JobRun::hides_base(const CacheStore::Use& layer) {
  auto made_for = read_file(PreparedLayers::tree_file_of(layer));
  if (!made_for) return made_for.error();
  auto tree = Oid::parse(*made_for);
  if (!tree) return tree.error();
  // A tree that is gone from the mirror tells nothing.
  auto hides = layer_hides(repo_->git(), PreparedLayers::dir_of(layer), *tree, commit_tree_);
  return hides.ok() ? *hides : true;
}

JobRun::End JobRun::prepare_failure(const Error& error) {
  if (error.code == kPrepareFailed && host_.stop_reason() == StopReason::kNone) {
    return {wire::Outcome::kRejected, error.message};
  }
  return end_of(error, "prepare the base");
}

// Everything in the workspace of a sandbox that has the base and nothing else.
Status JobRun::make_layer(const std::string& folder) {
  auto sandbox = open_sandbox(options_.limits, "", dispatch_.repo.prepare_network);
  if (!sandbox) return sandbox.error();
  host_.set_lease_listener([box = sandbox->get()](uint64_t ms) { box->extend(ms); });
  Status done = show_base(**sandbox);
  if (done) done = run_prepare(**sandbox);
  if (done) done = (*sandbox)->capture(folder);
  if (done) done = drop_tracked(repo_->git(), commit_tree_, folder);
  if (done) done = write_file_atomic(folder + ".tree", commit_tree_.hex());
  if (!done && done.error().code == "too_large") {
    done = Error{kPrepareFailed,
                 "the base cannot be prepared: what its commands leave is " + done.error().message,
                 {}};
  }
  host_.set_lease_listener(nullptr);
  const Status closed = (*sandbox)->close();
  return done ? closed : done;
}

Status JobRun::run_prepare(Sandbox& sandbox) {
  for (const std::string& text : dispatch_.repo.prepare) {
    if (Status s = cutoff_.check(); !s) return s;
    GateCommand command;
    command.argv = {"/bin/sh", "-c", text};
    command.env["GHOST_REPO"] = dispatch_.repo.name;
    command.env["GHOST_BASE_COMMIT"] = base_commit_.hex();
    command.timeout_ms = cutoff_.left_ms(options_.limits.wall_ms);
    std::string tail;
    const GateRun run = sandbox.run(
        command,
        [&](bool, std::string_view bytes) {
          tail += bytes.substr(bytes.size() - std::min(bytes.size(), kTailBytes));
          if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
        },
        cutoff_.stop_fd);
    if (run.end == GateEnd::kExited && run.exit_code == 0) continue;
    if (Status s = cutoff_.check(); !s) return s;
    if (run.end == GateEnd::kLost) return Error{"io_error", run.error, {}};
    return Error{kPrepareFailed,
                 "the base cannot be prepared: `" + text.substr(0, 200) + "` ended with " +
                     ending_of(run) + (tail.empty() ? "" : "; its output ended with:\n" + tail),
                 {}};
  }
  return ok_status();
}

}  // namespace ghost::runner
