// What two trees have differently, as a list and as a diff.
#include <algorithm>

#include "runner_worker/git_repo_impl.h"

namespace ghost::runner {
namespace {

// Two trees side by side, going only into folders that differ: the cost follows the difference.
class TreeCompare {
 public:
  TreeCompare(GitRepo& git, size_t count_max) : git_(git), count_max_(count_max) {}
  Status compare(const Oid* from, const Oid* to, const std::string& prefix);
  std::vector<TreeChange> removed, put;

 private:
  Status one(const patch::TreeEntry* from, const patch::TreeEntry* to, const std::string& path);

  GitRepo& git_;
  const size_t count_max_;
};

Status TreeCompare::one(const patch::TreeEntry* from, const patch::TreeEntry* to,
                        const std::string& path) {
  const bool from_tree = from && from->mode == patch::kModeTree;
  const bool to_tree = to && to->mode == patch::kModeTree;
  if (from && to && from->mode == to->mode && from->oid == to->oid) return ok_status();
  if (from_tree || to_tree) {
    Status s = compare(from_tree ? &from->oid : nullptr, to_tree ? &to->oid : nullptr, path + "/");
    if (!s) return s;
  }
  const bool was_file = from && !from_tree, is_file = to && !to_tree;
  if (is_file) {
    put.push_back(
        {path, was_file ? from->mode : 0, to->mode, was_file ? from->oid : Oid{}, to->oid});
  } else if (was_file) {
    removed.push_back({path, from->mode, 0, from->oid, {}});
  }
  if (removed.size() + put.size() > count_max_) {
    return Error{"too_large", "the trees differ too much", {}};
  }
  return ok_status();
}

Status TreeCompare::compare(const Oid* from, const Oid* to, const std::string& prefix) {
  if (prefix.size() > 8192) return Error{"too_large", "the tree is too deep", {}};
  std::vector<patch::TreeEntry> before, after;
  for (const auto& [oid, entries] : {std::pair(from, &before), std::pair(to, &after)}) {
    if (!oid) continue;
    auto read = git_.read_tree(*oid);
    if (!read) return read.error();
    *entries = std::move(*read);
    // A tree is in order but for folders, which stand as if their names ended in a slash.
    const auto by_name = [](const auto& x, const auto& y) { return x.name < y.name; };
    if (!std::is_sorted(entries->begin(), entries->end(), by_name)) {
      std::sort(entries->begin(), entries->end(), by_name);
    }
  }
  for (size_t i = 0, j = 0; i < before.size() || j < after.size();) {
    const int order = i == before.size()  ? 1
                      : j == after.size() ? -1
                                          : before[i].name.compare(after[j].name);
    const patch::TreeEntry* a = order <= 0 ? &before[i++] : nullptr;
    const patch::TreeEntry* b = order >= 0 ? &after[j++] : nullptr;
    if (Status s = one(a, b, prefix + (a ? a : b)->name); !s) return s;
  }
  return ok_status();
}

}  // namespace

Result<std::vector<TreeChange>> GitRepo::changes(const Oid& from_tree, const Oid& to_tree,
                                                 size_t count_max) {
  TreeCompare both(*this, count_max);
  if (from_tree != to_tree) {
    if (Status s = both.compare(&from_tree, &to_tree, ""); !s) return s.error();
  }
  std::reverse(both.removed.begin(), both.removed.end());
  both.removed.insert(both.removed.end(), both.put.begin(), both.put.end());
  return std::move(both.removed);
}

namespace {
struct DiffSink {
  std::string text;
  size_t bytes_max;
};

int take_diff_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line,
                   void* payload) {
  auto* sink = static_cast<DiffSink*>(payload);
  if (sink->text.size() + line->content_len + 1 > sink->bytes_max) return GIT_EUSER;
  const bool text_line = line->origin == GIT_DIFF_LINE_CONTEXT ||
                         line->origin == GIT_DIFF_LINE_ADDITION ||
                         line->origin == GIT_DIFF_LINE_DELETION;
  if (text_line) sink->text += line->origin;
  sink->text.append(line->content, line->content_len);
  return 0;
}
}  // namespace

// The tree of these files alone. libgit2 walks both trees of a diff whole, so it is given trees of
// what differs.
Result<Oid> GitRepo::tree_of(const std::vector<std::pair<std::string, patch::TreeEntry>>& files) {
  std::vector<patch::TreeEntry> entries;
  for (size_t i = 0; i < files.size();) {
    const std::string& path = files[i].first;
    const size_t slash = path.find('/');
    if (slash == std::string::npos) {
      entries.push_back({path, files[i].second.mode, files[i].second.oid});
      ++i;
      continue;
    }
    const std::string folder = path.substr(0, slash + 1);
    std::vector<std::pair<std::string, patch::TreeEntry>> below;
    for (; i < files.size() && files[i].first.starts_with(folder); ++i) {
      below.emplace_back(files[i].first.substr(slash + 1), files[i].second);
    }
    auto tree = tree_of(below);
    if (!tree) return tree.error();
    entries.push_back({path.substr(0, slash), patch::kModeTree, *tree});
  }
  return write_tree(entries);
}

Result<Blob> GitRepo::diff(const Oid& from_tree, const Oid& to_tree, size_t bytes_max) {
  auto changed = changes(from_tree, to_tree);
  if (!changed) return changed.error();
  std::sort(changed->begin(), changed->end(),
            [](const TreeChange& x, const TreeChange& y) { return x.path < y.path; });
  std::vector<std::pair<std::string, patch::TreeEntry>> before, after;
  for (const TreeChange& c : *changed) {
    if (c.mode_before != 0)
      before.emplace_back(c.path, patch::TreeEntry{{}, c.mode_before, c.before});
    if (c.mode != 0) after.emplace_back(c.path, patch::TreeEntry{{}, c.mode, c.after});
  }
  auto small_from = tree_of(before), small_to = tree_of(after);
  if (!small_from || !small_to) return (small_from ? small_to : small_from).error();
  const git_oid from = to_git(*small_from), to = to_git(*small_to);
  TreeHandle a, b;
  if (git_tree_lookup(&a.p, impl_->repo, &from) != 0 ||
      git_tree_lookup(&b.p, impl_->repo, &to) != 0) {
    return git_failure("diff");
  }
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_SHOW_BINARY;
  options.id_abbrev = GIT_OID_HEXSZ;
  options.ignore_submodules = GIT_SUBMODULE_IGNORE_NONE;
  DiffHandle diff;
  if (git_diff_tree_to_tree(&diff.p, impl_->repo, a.p, b.p, &options) != 0) {
    return git_failure("diff");
  }
  DiffSink sink{{}, bytes_max};
  const int rc = git_diff_print(diff.p, GIT_DIFF_FORMAT_PATCH, take_diff_line, &sink);
  if (rc == GIT_EUSER) {
    return Error{
        "too_large", "the result's diff has more than " + std::to_string(bytes_max) + " bytes", {}};
  }
  if (rc != 0) return git_failure("diff");
  return make_blob(std::move(sink.text));
}

}  // namespace ghost::runner
