// The read-only checkout of a base commit: every file byte for byte as its blob (no filter,
// attribute, line ending or submodule is looked at), links as they are, and a .git folder with
// which git works in a workspace over it: HEAD, an index that git need not refresh, and the
// mirror's objects as alternates. Blocking; any thread.
#pragma once

#include <string>

#include "runner_worker/cutoff.h"
#include "runner_worker/git_repo.h"

namespace ghost::runner {

// Makes it in `folder`, which must not exist; `objects_dir` is the mirror's. Gives the bytes it
// takes on disk, about. Several threads write. Error codes: bad_request (the commit's tree cannot
// be checked out safely), those of GitRepo (the mirror is broken), io_error, timeout, stopping.
Result<uint64_t> make_checkout(GitRepo& git, const Oid& commit, const std::string& objects_dir,
                               const std::string& folder, const Cutoff& cutoff);

// The same from the checkout `near` of another commit: what both have is hard-linked, so that the
// cost is that of the difference and one link a file. Checkouts are never written to, so a shared
// file stays what it is.
Result<uint64_t> clone_checkout(GitRepo& git, const Oid& commit, const std::string& objects_dir,
                                const std::string& near, const Oid& near_tree,
                                const std::string& folder, const Cutoff& cutoff);

// The index of `near`'s checkout with `changes` made to it, written to `index_path`: what git finds
// in a workspace over `near` to which the changes were published.
Status change_index(const std::string& near, const std::vector<TreeChange>& changes,
                    const std::string& index_path);

// The time of modification of a base's files: the commit's own, the same for every making of it,
// and long enough before the index is written and the patch published that neither git nor make
// takes a base file for a new one.
int64_t base_mtime_s(const CommitInfo& commit);

// Is every file there with the size, mode and time that the index says, nothing besides, and HEAD
// at `commit`? Error code conflict says what is not.
Status verify_checkout(const std::string& folder, const Oid& commit);

// Are the entries of `tree` at `paths` what stands in the checkout, byte for byte?
Result<bool> paths_match_tree(const std::string& folder, GitRepo& git, const Oid& tree,
                              const std::vector<std::string>& paths);

// May one component of a path be written into a checkout? Not "", ".", ".." or any case of ".git".
bool is_safe_component(std::string_view name);

}  // namespace ghost::runner
