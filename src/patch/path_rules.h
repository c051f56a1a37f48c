// Which paths, modes and symlink targets a patch may name. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "patch/fault.h"

namespace ghost::patch {

// Adds a refusal and gives false when `path` is empty, absolute, has an empty, "." or ".."
// component, a backslash, a control byte or NUL, or a component that some file system takes for
// ".git" (CVE-2014-9390). `line` is the patch line to name.
bool check_path(std::string_view path, uint64_t line, Faults& faults);

// True for ".gitmodules" at the root in any disguise (case, HFS+ ignorables, NTFS short name).
bool is_gitmodules(std::string_view path);
// The same for the last component, at any depth.
bool has_gitmodules_name(std::string_view path);

// 100644, 100755, 120000; 160000 when gitlinks are allowed.
bool check_mode(uint32_t mode, bool allow_gitlinks, std::string_view path, uint64_t line,
                Faults& faults);

// Refuses a symlink at `path` whose target is empty, absolute or leads out of the tree.
// `is_symlink` says whether a path of the result is a symlink: ".." behind one is refused too, as
// its meaning hangs on where that one points.
bool check_symlink_target(std::string_view path, std::string_view target, uint64_t line,
                          const std::function<bool(std::string_view)>& is_symlink, Faults& faults);

// What a file name becomes on file systems that ignore case: two names with equal folds cannot
// live side by side there. ASCII, Latin, Greek and Cyrillic letters are folded.
std::string fold_name(std::string_view name);
// fold_name(a) == fold_name(b), without allocating for ASCII names.
bool folds_equal(std::string_view a, std::string_view b);

// For messages: quotes control and non-ASCII bytes as git does ("a\tb").
std::string show_path(std::string_view path);

}  // namespace ghost::patch
