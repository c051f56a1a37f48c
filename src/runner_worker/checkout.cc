#include "runner_worker/checkout.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/fs.h"
#include "runner_worker/fd.h"

namespace ghost::runner {
namespace {

constexpr size_t kBlobBytesMax = size_t{2} << 30;

Error io_error(const std::string& what) {
  char buffer[128];
  return {"io_error", what + ": " + ::strerror_r(errno, buffer, sizeof buffer), {}};
}

// Opens below `root` without leaving it and without following any link.
int open_beneath(int root, const std::string& path, uint64_t flags, uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return io_error("write " + path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return ok_status();
}

// Writes the files of one tree. Names come from a repository that anybody may have made.
class Writer {
 public:
  Writer(GitRepo& git, const std::string& folder, int64_t mtime_s, const Cutoff& cutoff)
      : git_(git), folder_(folder), mtime_s_(mtime_s), cutoff_(cutoff) {}

  Status open_root() {
    if (::mkdir(folder_.c_str(), 0755) != 0) return io_error("make " + folder_);
    root_ = Fd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!root_.held()) return io_error("open " + folder_);
    return ok_status();
  }

  Status put(const std::string& path, const patch::TreeEntry& entry);
  std::vector<IndexEntry>& index() { return index_; }
  uint64_t disk_bytes() const { return disk_bytes_; }

 private:
  Status enter(const std::string& folder);
  Status put_file(const std::string& path, const patch::TreeEntry& entry);
  Status put_link(const std::string& path, const patch::TreeEntry& entry);

  GitRepo& git_;
  const std::string folder_;
  const int64_t mtime_s_;
  const Cutoff& cutoff_;
  Fd root_, parent_;
  std::string parent_path_;
  bool in_root_ = true;
  std::vector<IndexEntry> index_;
  uint64_t disk_bytes_ = 0;
};

Error unsafe(const std::string& path, const std::string& why) {
  return {"bad_request", "the base's tree cannot be checked out: " + path + " " + why, {}};
}

Status Writer::enter(const std::string& folder) {
  if (in_root_ ? folder.empty() : folder == parent_path_) return ok_status();
  in_root_ = folder.empty();
  parent_path_ = folder;
  if (in_root_) {
    parent_ = {};
    return ok_status();
  }
  parent_ = Fd(open_beneath(root_.get(), folder, O_RDONLY | O_DIRECTORY));
  if (!parent_.held()) return unsafe(folder, "is not a folder only");
  return cutoff_.check();
}

Status Writer::put(const std::string& path, const patch::TreeEntry& entry) {
  if (!is_safe_component(entry.name)) return unsafe(path, "is a name that git does not allow");
  if (path.size() > 4000) return unsafe(path, "is too long");
  const size_t slash = path.rfind('/');
  if (Status s = enter(slash == std::string::npos ? "" : path.substr(0, slash)); !s) return s;
  const int at = in_root_ ? root_.get() : parent_.get();
  const uint32_t kind = entry.mode & S_IFMT;
  if (kind == S_IFREG) return put_file(path, entry);
  if (kind == S_IFLNK) return put_link(path, entry);
  if (kind != S_IFDIR && kind != patch::kModeGitlink) return unsafe(path, "has an unknown mode");
  if (::mkdirat(at, entry.name.c_str(), 0755) != 0) {
    return errno == EEXIST ? unsafe(path, "stands twice") : io_error("make " + path);
  }
  if (::fchmodat(at, entry.name.c_str(), 0755, 0) != 0) return io_error("make " + path);
  disk_bytes_ += 4096;
  if (kind == patch::kModeGitlink) {
    index_.push_back({path, patch::kModeGitlink, entry.oid, 0, mtime_s_});
  }
  return ok_status();
}

Status Writer::put_file(const std::string& path, const patch::TreeEntry& entry) {
  const int at = in_root_ ? root_.get() : parent_.get();
  auto blob = git_.read_blob(entry.oid, kBlobBytesMax);
  if (!blob) return blob.error();
  const mode_t mode = entry.mode & 0100 ? 0755 : 0644;
  const Fd file(
      ::openat(at, entry.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.held()) {
    return errno == EEXIST ? unsafe(path, "stands twice") : io_error("make " + path);
  }
  if (Status s = write_all(file.get(), **blob, path); !s) return s;
  const timespec times[2] = {{mtime_s_, 0}, {mtime_s_, 0}};
  if (::fchmod(file.get(), mode) != 0 || ::futimens(file.get(), times) != 0) {
    return io_error("make " + path);
  }
  disk_bytes_ += ((*blob)->size() + 4095) / 4096 * 4096 + 512;
  index_.push_back({path, mode & 0100 ? patch::kModeExecutable : patch::kModeFile, entry.oid,
                    (*blob)->size(), mtime_s_});
  return ok_status();
}

Status Writer::put_link(const std::string& path, const patch::TreeEntry& entry) {
  const int at = in_root_ ? root_.get() : parent_.get();
  auto target = git_.read_blob(entry.oid, 1 << 20);
  if (!target) return target.error();
  if ((*target)->empty() || (*target)->size() > 4095 ||
      (*target)->find('\0') != std::string::npos) {
    return unsafe(path, "is no link that can be made");
  }
  if (::symlinkat((*target)->c_str(), at, entry.name.c_str()) != 0) {
    return errno == EEXIST ? unsafe(path, "stands twice") : io_error("make " + path);
  }
  const timespec times[2] = {{mtime_s_, 0}, {mtime_s_, 0}};
  ::utimensat(at, entry.name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  disk_bytes_ += 512;
  index_.push_back({path, patch::kModeSymlink, entry.oid, (*target)->size(), mtime_s_});
  return ok_status();
}

// minimal: inode, owner and change time differ between this folder and an overlay over it, and
// would make git read every file again.
constexpr const char* kConfig = R"([core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	logallrefupdates = true
	checkStat = minimal
	trustctime = false
[gc]
	auto = 0
[maintenance]
	auto = false
)";

Status write_plain(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.held()) return io_error("make " + path);
  ::fchmod(file.get(), 0644);
  return write_all(file.get(), text, path);
}

Status make_git_folder(const std::string& folder, const Oid& commit, const std::string& objects_dir,
                       const std::vector<IndexEntry>& index) {
  const std::string git = folder + "/.git";
  for (const char* below : {"", "/objects", "/objects/info", "/objects/pack", "/refs",
                            "/refs/heads", "/refs/tags", "/info"}) {
    if (::mkdir((git + below).c_str(), 0755) != 0) return io_error("make " + git + below);
    ::chmod((git + below).c_str(), 0755);
  }
  if (Status s = write_plain(git + "/HEAD", commit.hex() + "\n"); !s) return s;
  if (Status s = write_plain(git + "/config", kConfig); !s) return s;
  if (Status s = write_plain(git + "/objects/info/alternates", objects_dir + "\n"); !s) return s;
  if (Status s = write_index(git + "/index", index); !s) return s;
  ::chmod((git + "/index").c_str(), 0644);
  return ok_status();
}

Error differs(const std::string& what) {
  return {"conflict", "the base checkout is broken: " + what, {}};
}

std::string read_link(int root, const std::string& path) {
  char target[4096];
  const ssize_t n = ::readlinkat(root, path.c_str(), target, sizeof target);
  return n < 0 ? std::string() : std::string(target, static_cast<size_t>(n));
}

// The bytes of a file or the target of a link below `root`; nothing when it is neither.
std::optional<std::string> content_at(int root, const std::string& path, uint32_t* mode) {
  const size_t slash = path.rfind('/');
  Fd parent(slash == std::string::npos
                ? ::fcntl(root, F_DUPFD_CLOEXEC, 0)
                : open_beneath(root, path.substr(0, slash), O_RDONLY | O_DIRECTORY));
  if (!parent.held()) return std::nullopt;
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  struct stat st;
  if (::fstatat(parent.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  if (S_ISLNK(st.st_mode)) {
    *mode = patch::kModeSymlink;
    return read_link(parent.get(), name);
  }
  if (!S_ISREG(st.st_mode)) return std::nullopt;
  *mode = st.st_mode & 0100 ? patch::kModeExecutable : patch::kModeFile;
  const Fd file(::openat(parent.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  std::string bytes(static_cast<size_t>(st.st_size), '\0');
  if (!file.held() || ::pread(file.get(), bytes.data(), bytes.size(), 0) != st.st_size) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace

bool is_safe_component(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  if (name.find('/') != std::string_view::npos || name.size() > 255) return false;
  return !(name.size() == 4 && name[0] == '.' && (name[1] | 0x20) == 'g' &&
           (name[2] | 0x20) == 'i' && (name[3] | 0x20) == 't');
}

Result<uint64_t> make_checkout(GitRepo& git, const Oid& commit, const std::string& objects_dir,
                               const std::string& folder, const Cutoff& cutoff) {
  auto info = git.read_commit(commit);
  if (!info) return info.error();
  // The commit's own time: the same for every making of it, and long enough before the index is
  // written and the patch published that neither git nor make takes a base file for a new one.
  const int64_t mtime_s =
      std::clamp<int64_t>(info->committer_s, 315'532'800, wall_now_ms() / 1000 - 60);
  Writer writer(git, folder, mtime_s, cutoff);
  if (Status s = writer.open_root(); !s) return s.error();
  Status s = git.walk(info->tree, [&](const std::string& path, const patch::TreeEntry& entry) {
    return writer.put(path, entry);
  });
  if (!s) return s.error();
  s = make_git_folder(folder, commit, objects_dir, writer.index());
  if (!s) return s.error();
  return writer.disk_bytes() + writer.index().size() * 100;
}

Status verify_checkout(const std::string& folder, const Oid& commit) {
  auto head = read_file(folder + "/.git/HEAD");
  if (!head || *head != commit.hex() + "\n") return differs(".git/HEAD");
  if (!read_file(folder + "/.git/objects/info/alternates")) return differs("alternates");
  if (::access((folder + "/.git/index").c_str(), R_OK) != 0) return differs(".git/index");
  auto index = read_index(folder + "/.git/index");
  if (!index) return differs(index.error().message);
  const Fd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.held()) return differs("the folder");
  size_t files = 0;
  for (const IndexEntry& e : *index) {
    struct stat st;
    if (::fstatat(root.get(), e.path.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      return differs(e.path + " is missing");
    }
    if (e.mode == patch::kModeGitlink) {
      if (!S_ISDIR(st.st_mode)) return differs(e.path);
      continue;
    }
    ++files;
    const bool same_kind = e.mode == patch::kModeSymlink
                               ? S_ISLNK(st.st_mode)
                               : S_ISREG(st.st_mode) && (st.st_mode & 0777) == (e.mode & 0777);
    if (!same_kind || static_cast<uint32_t>(st.st_size) != static_cast<uint32_t>(e.size_bytes) ||
        st.st_mtime != e.mtime_s) {
      return differs(e.path + " has changed");
    }
  }
  std::error_code failed;
  size_t found = 0;
  auto it = std::filesystem::recursive_directory_iterator(folder, failed);
  for (; !failed && it != std::filesystem::end(it); it.increment(failed)) {
    if (it.depth() == 0 && it->path().filename() == ".git") {
      it.disable_recursion_pending();
    } else if (it->is_symlink(failed) || !it->is_directory(failed)) {
      ++found;
    }
  }
  if (failed || found != files) return differs("a file too many");
  return ok_status();
}

Result<bool> paths_match_tree(const std::string& folder, GitRepo& git, const Oid& tree,
                              const std::vector<std::string>& paths) {
  const Fd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.held()) return io_error("open " + folder);
  for (const auto& path : paths) {
    auto entry = git.find_path(tree, path);
    if (!entry) return entry.error();
    uint32_t mode = 0;
    const auto content = content_at(root.get(), path, &mode);
    const bool file =
        *entry && ((*entry)->mode & S_IFMT) != S_IFDIR && (*entry)->mode != patch::kModeGitlink;
    if (file != content.has_value()) return false;
    if (!file) continue;
    const uint32_t expected = ((*entry)->mode & S_IFMT) == S_IFLNK ? patch::kModeSymlink
                              : (*entry)->mode & 0100              ? patch::kModeExecutable
                                                                   : patch::kModeFile;
    if (mode != expected || blob_oid(*content) != (*entry)->oid) return false;
  }
  return true;
}

}  // namespace ghost::runner
