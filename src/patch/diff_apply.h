// Applies parsed diffs to a tree with the rules of `git apply --cached` 2.39 for which file is
// read, made, moved and removed, and in which order. One thread.
#pragma once

#include "patch/diff_parse.h"
#include "patch/draft.h"
#include "patch/job.h"
#include "patch/tree_edit.h"

namespace ghost::patch {

// Puts what `files` make of `base` into `draft`. False when there is a fault; all files are looked
// at all the same, so that every hunk is reported.
Result<bool> apply_files(Job& job, TreeView& base, std::vector<FilePatch>& files, Draft& draft);

}  // namespace ghost::patch
