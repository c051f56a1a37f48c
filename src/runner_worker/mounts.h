// Folders, files and mounts of a root file system that is being built for a sandbox. Paths are
// relative to the working directory, which is that root, unless they say a place of the host. Part
// of the launcher program; single-threaded. Error code io_error throughout.
#pragma once

#include <linux/mount.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

// <sys/mount.h> and <linux/mount.h> cannot be included together in every glibc.
extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*) noexcept;
extern "C" int umount2(const char*, int) noexcept;

namespace ghost::runner {

inline constexpr unsigned long kNoSuid = 2, kNoDev = 4, kNoExec = 8, kBind = 4096, kRec = 16384,
                               kPrivate = 1ul << 18, kRemount = 32;
inline constexpr int kDetach = 2;
// Of what is the host's and is only looked at.
inline constexpr uint64_t kShown = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

Error root_error(const std::string& what);  // with the meaning of errno

bool exists(const std::string& path);
bool is_dir(const std::string& path);
// `absolute` as a path below the working directory.
std::string inside(const std::string& absolute);

// Fine where there is one already.
Status make_dir(const std::string& path);
Status make_dir_with_parents(const std::string& path);
Status make_file(const std::string& path, std::string_view content);

Status set_attributes(const std::string& path, uint64_t attributes, bool recursive);
// Shows a file or folder of the host. A recursive bind, because a namespace of lesser privilege may
// not take a mount apart.
Status show(const std::string& source, const std::string& target, uint64_t attributes = kShown);
// An empty folder over what is at `dir`, writable until it is restricted.
Status hide(const std::string& dir);
// Makes the working directory, a mount, the root; nothing of the old one can be reached then.
Status pivot();

}  // namespace ghost::runner
