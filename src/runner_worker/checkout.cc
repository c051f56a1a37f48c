#include "runner_worker/checkout.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/fs.h"
#include "runner_worker/owned_fd.h"

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

Error unsafe(const std::string& path, const std::string& why) {
  return {"bad_request", "the base's tree cannot be checked out: " + path + " " + why, {}};
}

// Names come from a repository that anybody may have made.
Status check_entry(const std::string& path, const patch::TreeEntry& entry) {
  if (!is_safe_component(entry.name)) return unsafe(path, "is a name that git does not allow");
  if (path.size() > 4000) return unsafe(path, "is too long");
  const uint32_t kind = entry.mode & S_IFMT;
  if (kind != S_IFDIR && kind != S_IFREG && kind != S_IFLNK && kind != patch::kModeGitlink) {
    return unsafe(path, "has an unknown mode");
  }
  return ok_status();
}

// A path of a checkout in the making, opened by its folder; the last folder stays open.
class Place {
 public:
  explicit Place(const std::string& folder)
      : root_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) {}
  // The folder that `path` lies in, -1 when it is no folder; *name is the last component.
  int parent(const std::string& path, std::string* name) {
    const size_t slash = path.rfind('/');
    *name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (slash == std::string::npos) return root_.get();
    if (path.compare(0, slash, parent_path_) != 0 || !parent_.held()) {
      parent_path_ = path.substr(0, slash);
      parent_ = OwnedFd(open_beneath(root_.get(), parent_path_, O_RDONLY | O_DIRECTORY));
    }
    return parent_.get();
  }
  int root() const { return root_.get(); }

 private:
  OwnedFd root_, parent_;
  std::string parent_path_;
};

Status make_folder(Place& place, const std::string& path) {
  std::string name;
  const int at = place.parent(path, &name);
  if (at < 0) return unsafe(path, "lies in no folder");
  if (::mkdirat(at, name.c_str(), 0755) != 0) {
    return errno == EEXIST ? unsafe(path, "stands twice") : io_error("make " + path);
  }
  if (::fchmodat(at, name.c_str(), 0755, 0) != 0) return io_error("make " + path);
  return ok_status();
}

// Writes files of one tree whose folders are there. One a thread.
class Writer {
 public:
  Writer(GitRepo& git, const std::string& folder, int64_t mtime_s)
      : git_(git), place_(folder), mtime_s_(mtime_s) {}
  // Fills in the entry's size and time.
  Status put(IndexEntry* entry) {
    std::string name;
    const int at = place_.parent(entry->path, &name);
    if (at < 0) return unsafe(entry->path, "lies in no folder");
    entry->mtime_s = mtime_s_;
    return entry->mode == patch::kModeSymlink ? put_link(at, name, entry)
                                              : put_file(at, name, entry);
  }

 private:
  Status put_file(int at, const std::string& name, IndexEntry* entry);
  Status put_link(int at, const std::string& name, IndexEntry* entry);

  GitRepo& git_;
  Place place_;
  const int64_t mtime_s_;
};

Status Writer::put_file(int at, const std::string& name, IndexEntry* entry) {
  auto blob = git_.read_blob(entry->oid, kBlobBytesMax);
  if (!blob) return blob.error();
  const mode_t mode = entry->mode & 0777;
  const OwnedFd file(
      ::openat(at, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.held()) {
    return errno == EEXIST ? unsafe(entry->path, "stands twice") : io_error("make " + entry->path);
  }
  if (Status s = write_all(file.get(), **blob, entry->path); !s) return s;
  const timespec times[2] = {{mtime_s_, 0}, {mtime_s_, 0}};
  if (::fchmod(file.get(), mode) != 0 || ::futimens(file.get(), times) != 0) {
    return io_error("make " + entry->path);
  }
  entry->size_bytes = (*blob)->size();
  return ok_status();
}

Status Writer::put_link(int at, const std::string& name, IndexEntry* entry) {
  auto target = git_.read_blob(entry->oid, 1 << 20);
  if (!target) return target.error();
  if ((*target)->empty() || (*target)->size() > 4095 ||
      (*target)->find('\0') != std::string::npos) {
    return unsafe(entry->path, "is no link that can be made");
  }
  if (::symlinkat((*target)->c_str(), at, name.c_str()) != 0) {
    return errno == EEXIST ? unsafe(entry->path, "stands twice") : io_error("make " + entry->path);
  }
  const timespec times[2] = {{mtime_s_, 0}, {mtime_s_, 0}};
  ::utimensat(at, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  entry->size_bytes = (*target)->size();
  return ok_status();
}

uint32_t index_mode(uint32_t mode) {
  const uint32_t kind = mode & S_IFMT;
  if (kind == S_IFLNK) return patch::kModeSymlink;
  if (kind == patch::kModeGitlink) return patch::kModeGitlink;
  return mode & 0100 ? patch::kModeExecutable : patch::kModeFile;
}

// Makes the folders of a tree and lists its files, in the index's order.
Status make_folders(GitRepo& git, const Oid& tree, const std::string& folder,
                    std::vector<IndexEntry>* files, uint64_t* disk_bytes) {
  if (::mkdir(folder.c_str(), 0755) != 0) return io_error("make " + folder);
  ::chmod(folder.c_str(), 0755);
  Place place(folder);
  return git.walk(tree, [&](const std::string& path, const patch::TreeEntry& entry) -> Status {
    if (Status s = check_entry(path, entry); !s) return s;
    const uint32_t mode = index_mode(entry.mode);
    if (entry.mode != patch::kModeTree) files->push_back({path, mode, entry.oid, 0, 0});
    if (entry.mode != patch::kModeTree && mode != patch::kModeGitlink) return ok_status();
    *disk_bytes += 4096;
    return make_folder(place, path);
  });
}

// Writes the files by several threads, each with a reader of its own. What a file takes beyond its
// bytes is about an inode and half a block.
Status write_files(GitRepo& git, const std::string& folder, int64_t mtime_s,
                   std::vector<IndexEntry>& files, const Cutoff& cutoff) {
  constexpr size_t kChunk = 128;
  const size_t threads = std::min<size_t>(
      {4, std::max(1u, std::thread::hardware_concurrency()), files.size() / (8 * kChunk) + 1});
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  Status failed = ok_status();
  const auto work = [&](GitRepo& reader) {
    Writer writer(reader, folder, mtime_s);
    for (size_t begin; (begin = next.fetch_add(kChunk)) < files.size();) {
      Status s = cutoff.check();
      for (size_t i = begin; s && i < std::min(begin + kChunk, files.size()); ++i) {
        if (files[i].mode != patch::kModeGitlink) s = writer.put(&files[i]);
      }
      if (s) continue;
      next = files.size();
      const std::lock_guard lock(mutex);
      if (failed) failed = s;
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < threads; ++i) {
    helpers.emplace_back([&] {
      if (auto reader = GitRepo::open(git.git_dir())) work(**reader);
    });
  }
  work(git);
  for (auto& helper : helpers) helper.join();
  return failed;
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
  const OwnedFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
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
  OwnedFd parent(slash == std::string::npos
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
  const OwnedFd file(::openat(parent.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  std::string bytes(static_cast<size_t>(st.st_size), '\0');
  if (!file.held() || ::pread(file.get(), bytes.data(), bytes.size(), 0) != st.st_size) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace

int64_t base_mtime_s(const CommitInfo& commit) {
  return std::clamp<int64_t>(commit.committer_s, 315'532'800, wall_now_ms() / 1000 - 60);
}

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
  std::vector<IndexEntry> files;
  uint64_t disk_bytes = 0;
  Status s = make_folders(git, info->tree, folder, &files, &disk_bytes);
  if (s) s = write_files(git, folder, base_mtime_s(*info), files, cutoff);
  if (s) s = make_git_folder(folder, commit, objects_dir, files);
  if (!s) return s.error();
  for (const IndexEntry& e : files) disk_bytes += (e.size_bytes + 4095) / 4096 * 4096 + 612;
  return disk_bytes;
}

Result<uint64_t> clone_checkout(GitRepo& git, const Oid& commit, const std::string& objects_dir,
                                const std::string& near, const Oid& near_tree,
                                const std::string& folder, const Cutoff& cutoff) {
  auto info = git.read_commit(commit);
  if (!info) return info.error();
  auto changes = git.changes(near_tree, info->tree);
  auto index = read_index(near + "/.git/index");
  if (!changes || !index) return changes ? index.error() : changes.error();
  std::unordered_map<std::string, const IndexEntry*> known;
  for (const IndexEntry& e : *index) known[e.path] = &e;
  for (const TreeChange& change : *changes) known.erase(change.path);

  std::vector<IndexEntry> files;
  uint64_t disk_bytes = 0;
  if (Status s = make_folders(git, info->tree, folder, &files, &disk_bytes); !s) return s.error();
  Place from(near), to(folder);
  Writer writer(git, folder, base_mtime_s(*info));
  for (IndexEntry& file : files) {
    if (file.mode == patch::kModeGitlink) continue;
    const auto it = known.find(file.path);
    std::string name;
    if (it != known.end() && it->second->mode == file.mode &&
        ::linkat(from.parent(file.path, &name), name.c_str(), to.parent(file.path, &name),
                 name.c_str(), 0) == 0) {
      file = *it->second;
      disk_bytes += 100;
      continue;
    }
    // Changed, or linked too often already (EMLINK).
    if (Status s = writer.put(&file); !s) return s.error();
    if (Status s = cutoff.check(); !s) return s.error();
    disk_bytes += (file.size_bytes + 4095) / 4096 * 4096 + 612;
  }
  if (Status s = make_git_folder(folder, commit, objects_dir, files); !s) return s.error();
  return disk_bytes;
}

Status change_index(const std::string& near, const std::vector<TreeChange>& changes,
                    const std::string& index_path) {
  auto old = read_index(near + "/.git/index");
  if (!old) return old.error();
  std::unordered_set<std::string_view> gone;
  for (const TreeChange& change : changes) gone.insert(change.path);
  std::vector<IndexEntry> fresh, index;
  for (const TreeChange& change : changes) {
    // No size and no time: git looks at the file itself.
    if (change.mode != 0)
      fresh.push_back({change.path, index_mode(change.mode), change.after, 0, 0});
  }
  std::sort(fresh.begin(), fresh.end(),
            [](const IndexEntry& a, const IndexEntry& b) { return a.path < b.path; });
  std::erase_if(*old, [&](const IndexEntry& e) { return gone.count(e.path) != 0; });
  index.reserve(old->size() + fresh.size());
  std::merge(old->begin(), old->end(), fresh.begin(), fresh.end(), std::back_inserter(index),
             [](const IndexEntry& a, const IndexEntry& b) { return a.path < b.path; });
  return write_index(index_path, index);
}

Status verify_checkout(const std::string& folder, const Oid& commit) {
  auto head = read_file(folder + "/.git/HEAD");
  if (!head || *head != commit.hex() + "\n") return differs(".git/HEAD");
  if (!read_file(folder + "/.git/objects/info/alternates")) return differs("alternates");
  if (::access((folder + "/.git/index").c_str(), R_OK) != 0) return differs(".git/index");
  auto index = read_index(folder + "/.git/index");
  if (!index) return differs(index.error().message);
  const OwnedFd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
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
  const OwnedFd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
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
