#include "runner_worker/cache_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"

namespace ghost::runner {
namespace {

constexpr uint64_t kLockPollMs = 10;
constexpr int64_t kAbandonedS = 60;
constexpr const char* kUseLock = "/use.lock";
constexpr const char* kSizeFile = "/size";

Error io_error(const std::string& what) {
  char buffer[128];
  return {"io_error", what + ": " + ::strerror_r(errno, buffer, sizeof buffer), {}};
}

std::vector<std::string> list_folder(const std::string& folder) {
  std::vector<std::string> names;
  DIR* d = ::opendir(folder.c_str());
  if (!d) return names;
  while (const dirent* e = ::readdir(d)) {
    const std::string name = e->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(d);
  return names;
}

thread_local uint64_t usage_bytes;

}  // namespace

uint64_t disk_usage(const std::string& folder) {
  usage_bytes = 0;
  ::nftw(
      folder.c_str(),
      [](const char*, const struct stat* st, int, struct FTW*) {
        // A file of several names counts for each of them: an estimate that errs to the safe side.
        usage_bytes += static_cast<uint64_t>(st->st_blocks) * 512;
        return 0;
      },
      32, FTW_PHYS);
  return usage_bytes;
}

void remove_tree(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

CacheStore::CacheStore(std::string dir, uint64_t bytes_max, std::vector<std::string> areas)
    : dir_(std::move(dir)), bytes_max_(bytes_max), areas_(std::move(areas)) {}

Result<std::unique_ptr<CacheStore>> CacheStore::open(const std::string& dir, uint64_t bytes_max,
                                                     const std::vector<std::string>& areas) {
  char* real = nullptr;
  if (Status s = make_dirs(dir); !s) return s.error();
  if (!(real = ::realpath(dir.c_str(), nullptr))) return io_error("open " + dir);
  std::unique_ptr<CacheStore> store(new CacheStore(real, bytes_max, areas));
  ::free(real);
  std::vector<std::string> folders = {"/making", "/trash", "/scratch", "/locks"};
  for (const auto& area : areas) {
    folders.push_back("/" + area);
    folders.push_back("/locks/" + area);
  }
  for (const auto& folder : folders) {
    if (Status s = make_dirs(store->dir_ + folder); !s) return s.error();
  }
  store->work_ = true;
  store->thread_ = std::thread([s = store.get()] { s->janitor(); });
  return store;
}

CacheStore::~CacheStore() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Nothing when the folder is not there (any more) or, with LOCK_NB, when somebody else holds it.
std::optional<FileLock> CacheStore::lock_use(const std::string& folder, int operation) const {
  const std::string path = folder + kUseLock;
  FileLock lock(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.held()) return std::nullopt;
  int rc;
  do {
    rc = ::flock(lock.get(), operation);
  } while (rc != 0 && errno == EINTR);
  if (rc != 0) return std::nullopt;
  // It may have left between open and flock.
  struct stat held, there;
  if (::fstat(lock.get(), &held) != 0 || ::stat(path.c_str(), &there) != 0 ||
      held.st_ino != there.st_ino || held.st_dev != there.st_dev) {
    return std::nullopt;
  }
  return lock;
}

std::optional<CacheStore::Use> CacheStore::find(const std::string& name) {
  const std::string folder = dir_ + "/" + name;
  // Exclusive locks are held only to move an entry away: who meets one finds no entry.
  auto lock = lock_use(folder, LOCK_SH | LOCK_NB);
  if (!lock) return std::nullopt;
  ::futimens(lock->get(), nullptr);
  return Use{folder, std::move(*lock)};
}

Result<FileLock> CacheStore::lock_changes(const std::string& name, const Cutoff& cutoff) {
  const std::string path = dir_ + "/locks/" + name;
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!lock.held()) return io_error("open " + path);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return io_error("lock " + path);
    if (Status s = cutoff.wait(kLockPollMs); !s) return s.error();
  }
  return lock;
}

Result<CacheStore::Use> CacheStore::find_or_make(
    const std::string& name, const Cutoff& cutoff,
    const std::function<Status(const std::string& folder)>& make) {
  if (auto use = find(name)) return std::move(*use);
  auto making = lock_changes(name, cutoff);
  if (!making) return making.error();
  if (auto use = find(name)) return std::move(*use);

  const std::string folder = dir_ + "/making/" + mint_ulid(wall_now_ms());
  if (::mkdir(folder.c_str(), 0755) != 0) return io_error("make " + folder);
  // Held from before the entry can be seen until the caller is done with it.
  FileLock lock(::open((folder + kUseLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.held() || ::flock(lock.get(), LOCK_SH) != 0) return io_error("lock " + folder);
  Status made = make(folder);
  const std::string target = dir_ + "/" + name;
  if (made && ::rename(folder.c_str(), target.c_str()) != 0) {
    // What stands there has no use.lock that works: no entry, but in the way.
    to_trash(target);
    if (::rename(folder.c_str(), target.c_str()) != 0) made = io_error("rename to " + target);
  }
  if (!made) {
    lock = {};
    to_trash(folder);
    wake();
    return made.error();
  }
  return Use{target, std::move(lock)};
}

bool CacheStore::to_trash(const std::string& folder) {
  const std::string trash = dir_ + "/trash/" + mint_ulid(wall_now_ms());
  return ::rename(folder.c_str(), trash.c_str()) == 0;
}

void CacheStore::discard(const std::string& name) {
  to_trash(dir_ + "/" + name);
  wake();
}

void CacheStore::discard(const std::string& name, const Use& use) {
  struct stat held, there;
  if (::fstat(use.lock.get(), &held) != 0) return;
  if (::stat((dir_ + "/" + name + kUseLock).c_str(), &there) == 0 &&
      (held.st_ino != there.st_ino || held.st_dev != there.st_dev)) {
    return;
  }
  discard(name);
}

void CacheStore::set_size(const std::string& name, uint64_t bytes) {
  const std::string folder = dir_ + "/" + name;
  if (bytes == 0) bytes = disk_usage(folder);
  FileLock file(
      ::open((folder + kSizeFile).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const std::string text = std::to_string(bytes);
  if (file.held() && ::write(file.get(), text.data(), text.size()) < 0) {
    log::warn("cache size not kept", {{"entry", name}});
  }
  wake();
}

uint64_t CacheStore::enforce_budget() {
  std::lock_guard one(sweep_);
  struct Entry {
    std::string folder;
    uint64_t bytes;
    timespec used;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  for (const auto& area : areas_) {
    for (const auto& name : list_folder(dir_ + "/" + area)) {
      const std::string folder = dir_ + "/" + area + "/" + name;
      struct stat st;
      if (::stat((folder + kUseLock).c_str(), &st) != 0) continue;
      auto text = read_file(folder + kSizeFile);
      const uint64_t bytes = text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
      entries.push_back({folder, bytes, st.st_mtim});
      total += bytes;
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  for (const Entry& e : entries) {
    if (total <= bytes_max_) break;
    auto lock = lock_use(e.folder, LOCK_EX | LOCK_NB);
    if (!lock) continue;  // in use
    if (!to_trash(e.folder)) continue;
    total -= e.bytes;
    log::info("cache entry evicted", {{"entry", e.folder}, {"bytes", e.bytes}});
  }
  return total;
}

void CacheStore::empty_trash() {
  std::lock_guard one(sweep_);
  for (const char* place : {"/trash", "/making", "/scratch"}) {
    const bool trash = std::string_view(place) == "/trash";
    for (const auto& name : list_folder(dir_ + place)) {
      const std::string folder = dir_ + place + "/" + name;
      struct stat st;
      const bool lockable = ::stat((folder + kUseLock).c_str(), &st) == 0;
      if (!lockable && ::lstat(folder.c_str(), &st) != 0) continue;
      // What is just being made may not be locked yet: there the age tells.
      if (!(trash && lockable) && wall_now_ms() / 1000 - st.st_mtime < kAbandonedS) continue;
      if (!lockable || lock_use(folder, LOCK_EX | LOCK_NB)) remove_tree(folder);
    }
  }
}

void CacheStore::janitor() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      // Trash in use by another process is looked at again now and then.
      changed_.wait_for(lock, std::chrono::seconds(30), [&] { return stopping_ || work_; });
      if (stopping_) break;
      work_ = false;
    }
    enforce_budget();
    empty_trash();
  }
  empty_trash();
}

void CacheStore::wake() {
  {
    std::lock_guard lock(mutex_);
    work_ = true;
  }
  changed_.notify_one();
}

Result<CacheStore::Use> CacheStore::scratch(const std::string& purpose) {
  const std::string folder = dir_ + "/scratch/" + purpose + "-" + mint_ulid(wall_now_ms());
  if (::mkdir(folder.c_str(), 0700) != 0) return io_error("make " + folder);
  FileLock lock(::open((folder + kUseLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.held() || ::flock(lock.get(), LOCK_SH) != 0) return io_error("lock " + folder);
  return Use{folder, std::move(lock)};
}

void CacheStore::remove(Use scratch) {
  to_trash(scratch.dir);
  scratch.lock = {};
  wake();
}

}  // namespace ghost::runner
