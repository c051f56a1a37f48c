// A disk in memory that SQLite writes to, and that remembers every write, sync and change of its
// directory in order: so what a power failure would leave behind can be made for each moment.
// It also fails the n-th operation on demand. Each disk stands for one directory; `mount` makes
// SQLite find it there. A file may be synced by another thread than the one that uses the disk.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace ghost::disk {

enum class Loss {  // what happens to writes that no sync covers
  kNone,           // all are kept, in order: the process died, the machine did not
  kAll,            // none is kept
  kSectors,        // each sector is kept or not
  kWrites,         // each write is kept or not: later ones without earlier ones
  kTorn,           // as kSectors, and a sector may be half written, or garbage where it was written
};
inline constexpr Loss kEveryLoss[] = {Loss::kNone, Loss::kAll, Loss::kSectors, Loss::kWrites,
                                      Loss::kTorn};

class Disk {
 public:
  explicit Disk(std::string dir);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Operations so far: a moment of this disk's history.
  size_t moment() const;
  // As an fsync of the directory: what was made and removed until now is found again.
  void sync_dir();
  // How often that file was synced.
  uint64_t syncs_of(const std::string& name) const;
  // Puts onto `image` (fresh, nothing written yet) what a power failure at that moment leaves.
  void crash(size_t moment, Loss loss, std::mt19937_64& random, Disk* image) const;

  // The n-th operation from now on (0: the next) that changes or syncs a file fails with EIO; with
  // `forever` all after it fail too. A sync that failed has kept nothing, and the next one
  // succeeds without having written what the failed one lost, as the kernel does.
  void fail_at(uint64_t n, bool forever);
  bool has_failed() const;

  // For the VFS; false: EIO.
  // The file's number; -1: there is none. A log's first sync is one of the directory, too.
  int open(const std::string& name, bool create, bool is_log);
  bool exists(const std::string& name) const;  // and is not empty
  bool unlink(const std::string& name, bool sync);
  bool write(int file, uint64_t offset, const char* bytes, size_t size);
  bool truncate(int file, uint64_t size);
  bool sync(int file);
  const std::string& bytes(int file) const { return files_[static_cast<size_t>(file)].bytes; }

 private:
  enum class Op { kWrite, kTruncate, kSync, kLink, kUnlink, kSyncDir };
  struct Record {
    Op op;
    int file;
    uint64_t offset;   // of a write; the size of a truncate
    std::string text;  // what was written; the name of a link
  };
  struct File {
    std::string bytes;
    bool syncs_dir = false;
  };
  static void keep(const Record& record, std::string* bytes);
  static void keep_part(const Record& record, Loss loss, double kept, std::mt19937_64& random,
                        std::string* bytes);
  void apply(Record record) { log_.push_back(std::move(record)); }
  bool fails();
  std::map<std::string, int> names_at(size_t moment, Loss loss, std::mt19937_64& random) const;

  std::string dir_;
  mutable std::mutex mutex_;
  std::map<std::string, int> names_;
  std::vector<File> files_;
  std::vector<Record> log_;
  bool armed_ = false, forever_ = false, failed_ = false;
  uint64_t until_failure_ = 0;
};

}  // namespace ghost::disk
