#include "runner_worker/deliver.h"

#include <sys/stat.h>

#include "base/fs.h"

namespace ghost::runner {
namespace {

constexpr uint64_t kPushMsMax = 10 * 60'000;

// A repository folder that holds only the job's new objects and borrows the rest.
Status make_outgoing(const std::string& folder, BaseRepo& repo) {
  for (const char* below : {"/objects", "/objects/info", "/objects/pack", "/refs", "/refs/heads"}) {
    if (Status s = make_dirs(folder + below); !s) return s;
  }
  const std::pair<const char*, std::string> files[] = {
      {"/HEAD", "ref: refs/heads/main\n"},
      {"/config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"},
      {"/objects/info/alternates", repo.objects_dir() + "\n"}};
  for (const auto& [name, text] : files) {
    if (Status s = write_file_atomic(folder + name, text); !s) return s;
  }
  return repo.git().export_new(folder + "/objects");
}

// One line of `git push --porcelain`: "<flag>\t<from>:<to>\t<summary>".
struct PushLine {
  char flag = ' ';
  std::string to, summary;
};

std::vector<PushLine> porcelain(const std::string& out) {
  std::vector<PushLine> lines;
  for (size_t begin = 0; begin < out.size();) {
    const size_t end = std::min(out.find('\n', begin), out.size());
    const std::string line = out.substr(begin, end - begin);
    begin = end + 1;
    const size_t tab = line.find('\t', 2);
    const size_t colon = line.find(':');
    if (line.size() < 3 || line[1] != '\t' || tab == std::string::npos || colon > tab) continue;
    lines.push_back({line[0], line.substr(colon + 1, tab - colon - 1), line.substr(tab + 1)});
  }
  return lines;
}

// The remote saw another value than the one that was expected; everything else that it rejects, it
// would reject again.
bool is_race(const std::string& summary) {
  for (const char* sign :
       {"stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref",
        "incorrect old value", "reference already", "atomic"}) {
    if (summary.find(sign) != std::string::npos) return true;
  }
  return false;
}

std::string with_prefix(const std::string& prefix, const std::string& name) {
  return name.empty() || name.starts_with(prefix) ? name : prefix + name;
}

}  // namespace

Result<DeliveryTarget> delivery_target(const std::string& branch, const std::string& tag) {
  const auto foreign = [](const std::string& name, const std::string& prefix) {
    return name.starts_with("refs/") && !name.starts_with(prefix);
  };
  if (foreign(branch, "refs/heads/")) {
    return Error{"bad_field", "onSuccess.branch: " + branch + " is no branch", "onSuccess.branch"};
  }
  if (foreign(tag, "refs/tags/")) {
    return Error{"bad_field", "onSuccess.tag: " + tag + " is no tag", "onSuccess.tag"};
  }
  return DeliveryTarget{with_prefix("refs/heads/", branch), with_prefix("refs/tags/", tag)};
}

Result<RemoteState> Delivery::look(const Cutoff& cutoff) {
  std::vector<std::string> refs;
  if (!target_.branch_ref.empty()) refs.push_back(target_.branch_ref);
  if (!target_.tag_ref.empty()) refs.push_back(target_.tag_ref);
  auto found = cache_.remote_refs(repo_, refs, cutoff);
  if (!found) return found.error();
  const auto get = [&](const std::string& ref) -> std::optional<Oid> {
    const auto it = found->find(ref);
    if (it == found->end()) return std::nullopt;
    return it->second;
  };
  return RemoteState{get(target_.branch_ref), get(target_.tag_ref)};
}

Result<GitDone> Delivery::run_push(const Oid& commit, const std::optional<Oid>& expected,
                                   bool with_tag, const Cutoff& cutoff) {
  auto scratch = cache_.store().scratch("push");
  if (!scratch) return scratch.error();
  const std::string folder = scratch->dir + "/git";
  Status made = make_outgoing(folder, repo_);
  GitCall call{.args = {"push", "--porcelain", "--no-verify", "--no-follow-tags", "--quiet"},
               .git_dir = folder,
               .remote = &repo_.remote(),
               .time_ms_max = kPushMsMax};
  std::vector<std::string> refspecs;
  if (!target_.branch_ref.empty()) {
    call.args.push_back("--force-with-lease=" + target_.branch_ref + ":" +
                        (expected ? expected->hex() : ""));
    refspecs.push_back(commit.hex() + ":" + target_.branch_ref);
  }
  if (with_tag) {
    call.args.push_back("--force-with-lease=" + target_.tag_ref + ":");
    refspecs.push_back(commit.hex() + ":" + target_.tag_ref);
  }
  if (refspecs.size() > 1) call.args.push_back("--atomic");
  call.args.push_back("origin");
  call.args.insert(call.args.end(), refspecs.begin(), refspecs.end());
  Result<GitDone> done = made ? cache_.git().run(call, cutoff) : Result<GitDone>(made.error());
  cache_.store().remove(std::move(*scratch));
  return done;
}

Result<PushResult> Delivery::push(const Oid& commit, const std::optional<Oid>& expected,
                                  const Cutoff& cutoff) {
  auto before = look(cutoff);
  if (!before) return before.error();
  const bool with_tag = !target_.tag_ref.empty() && before->tag != commit;
  if (with_tag && before->tag) {
    return PushResult{PushEnd::kRefused,
                      "the tag " + target_.tag_ref + " exists, at " + before->tag->hex()};
  }
  const bool with_branch = !target_.branch_ref.empty() && before->branch != commit;
  if (!with_branch && !with_tag) return PushResult{};
  auto done = run_push(commit, with_branch ? expected : before->branch, with_tag, cutoff);
  if (!done) return done.error();
  if (done->exit_code == 0) return PushResult{};
  // Somebody else's push, an earlier attempt's, or ours whose answer was lost: the refs tell.
  auto after = look(cutoff);
  if (after && (target_.branch_ref.empty() || after->branch == commit) &&
      (target_.tag_ref.empty() || after->tag == commit)) {
    return PushResult{};
  }
  for (const PushLine& line : porcelain(done->out)) {
    if (line.flag != '!' || is_race(line.summary)) continue;
    return PushResult{PushEnd::kRefused, "the repository refused " + line.to + ": " + line.summary};
  }
  if (after && !target_.branch_ref.empty() && after->branch != expected) {
    return PushResult{PushEnd::kMoved, target_.branch_ref + " moved meanwhile"};
  }
  return Error{
      "git_error", "push to the repository " + repo_.remote().name + ": " + done->complaint(), {}};
}

}  // namespace ghost::runner
