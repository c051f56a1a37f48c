// Reading and writing a tree that hostile processes have had their hands on: no path leaves it, no
// symlink is followed, nothing but regular files, symlinks and folders is ever opened. None of
// those processes may be running meanwhile. Used by a sandbox's first process, and by the runner to
// remove what a sandbox left. Blocking; one thread a tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ghost::runner {

struct TreeFile {
  std::string path;
  uint32_t mode = 0;  // 0100644, 0100755 or 0120000
  uint64_t size_bytes = 0;
};

// Relative, no empty, "." or ".." component, no NUL, shorter than PATH_MAX.
bool is_tree_path(std::string_view path);

// Puts a file or symlink (its target in `bytes`) at `path`; whatever stands in the way, there or in
// place of a parent folder, is removed. The file is always a new one, so hard links made by others
// keep their content; one that is already right is left alone. Error codes bad_request, too_large
// (no space), io_error.
// `mtime_s` other than 0 becomes its time of modification.
Status put_file(int root, const std::string& path, uint32_t mode, std::string_view bytes,
                int64_t mtime_s = 0);
// Removes `path` and the parent folders that it leaves empty; fine when there is nothing.
Status remove_file(int root, const std::string& path);

// Files and symlinks below `root` that a glob matches, sorted by path. With `upper` (the upper
// folder of the overlay that `root` is the merged view of; -1 for none) only what lies there and in
// `layer` (a lower folder above the base; -1 for none) is looked at. With `base` (-1 for none)
// those equal to the base's in type, mode and content are left out. Folders that a gate has made
// unreadable are made readable again on the way. Error codes too_large beyond `count_max`,
// io_error.
Result<std::vector<TreeFile>> find_files(int root, int upper, int layer, int base,
                                         const std::vector<std::string>& globs, size_t count_max);

// A slice of a regular file, or a symlink's target. Error codes not_found, bad_request (neither),
// io_error.
Result<std::string> read_slice(int root, const std::string& path, uint64_t offset,
                               size_t bytes_max);

// Copies all below `from`, a tree of our own, with modes and modification times. Shares blocks
// where the file system can, never inodes.
Status copy_tree(int from, int to);

// Makes what is at `path` of the tree `to` what it is in `from`, a tree of our own.
Status copy_path(int from, int to, const std::string& path);
// Is it the same file or link in both, or a folder in both?
bool same_path(int a, int b, const std::string& path);

// What a tree takes: blocks, and entries by every name. May be
// called while hostile processes work in it: what vanishes meanwhile is left out.
struct TreeUsage {
  uint64_t bytes = 0, entries = 0;
};
TreeUsage tree_usage(int root);

// Removes `name` below `parent` whatever its depth and modes; fine when there is nothing.
Status remove_tree(int parent, const std::string& name);

}  // namespace ghost::runner
