#include "simulated_disk.h"

#include <algorithm>
#include <cstring>

#include "disk_vfs.h"

namespace ghost::disk {
namespace {

constexpr size_t kSectorBytes = 512;

double chance(std::mt19937_64& random) {
  return std::uniform_real_distribution<double>(0, 1)(random);
}

void put(std::string* bytes, uint64_t offset, const char* from, size_t size) {
  if (bytes->size() < offset + size) bytes->resize(offset + size);
  std::memcpy(bytes->data() + offset, from, size);
}

}  // namespace

Disk::Disk(std::string dir) : dir_(std::move(dir)) {
  mount(dir_, this);
}

Disk::~Disk() {
  mount(dir_, nullptr);
}

size_t Disk::moment() const {
  const std::lock_guard lock(mutex_);
  return log_.size();
}

void Disk::sync_dir() {
  const std::lock_guard lock(mutex_);
  apply({Op::kSyncDir, -1, 0, {}});
}

bool Disk::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void Disk::fail_at(uint64_t n, bool forever) {
  const std::lock_guard lock(mutex_);
  armed_ = true;
  forever_ = forever;
  failed_ = false;
  until_failure_ = n;
}

bool Disk::fails() {
  if (failed_ && forever_) return true;
  if (!armed_ || until_failure_-- > 0) return false;
  armed_ = false;
  failed_ = true;
  return true;
}

int Disk::open(const std::string& name, bool create, bool is_log) {
  const std::lock_guard lock(mutex_);
  if (const auto at = names_.find(name); at != names_.end()) return at->second;
  if (!create || fails()) return -1;
  const int file = static_cast<int>(files_.size());
  files_.push_back({"", is_log});
  names_[name] = file;
  apply({Op::kLink, file, 0, name});
  return file;
}

bool Disk::exists(const std::string& name) const {
  const auto at = names_.find(name);
  return at != names_.end() && !bytes(at->second).empty();
}

bool Disk::unlink(const std::string& name, bool sync) {
  const std::lock_guard lock(mutex_);
  if (fails()) return false;
  names_.erase(name);
  apply({Op::kUnlink, -1, 0, name});
  if (sync) apply({Op::kSyncDir, -1, 0, {}});
  return true;
}

bool Disk::write(int file, uint64_t offset, const char* bytes, size_t size) {
  const std::lock_guard lock(mutex_);
  if (fails()) return false;
  put(&files_[static_cast<size_t>(file)].bytes, offset, bytes, size);
  apply({Op::kWrite, file, offset, std::string(bytes, size)});
  return true;
}

bool Disk::truncate(int file, uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (fails()) return false;
  files_[static_cast<size_t>(file)].bytes.resize(size);
  apply({Op::kTruncate, file, size, {}});
  return true;
}

bool Disk::sync(int file) {
  const std::lock_guard lock(mutex_);
  File& f = files_[static_cast<size_t>(file)];
  if (fails()) {
    // Every page that it was to write is clean now and gone: no later sync brings it back.
    for (size_t i = log_.size(); i-- > 0;) {
      Record& record = log_[i];
      if (record.op == Op::kSync && record.file == file) break;
      if (record.op == Op::kWrite && record.file == file) record.text.clear();
    }
    return false;
  }
  apply({Op::kSync, file, 0, {}});
  if (f.syncs_dir) apply({Op::kSyncDir, -1, 0, {}});
  f.syncs_dir = false;
  return true;
}

uint64_t Disk::syncs_of(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = names_.find(name);
  const auto is_sync = [&](const Record& r) { return r.op == Op::kSync && r.file == at->second; };
  if (at == names_.end()) return 0;
  return static_cast<uint64_t>(std::count_if(log_.begin(), log_.end(), is_sync));
}

void Disk::keep(const Record& record, std::string* bytes) {
  if (record.op == Op::kWrite) {
    put(bytes, record.offset, record.text.data(), record.text.size());
  } else if (record.op == Op::kTruncate) {
    bytes->resize(record.offset);
  }
}

void Disk::keep_part(const Record& record, Loss loss, double kept, std::mt19937_64& random,
                     std::string* bytes) {
  const bool whole = loss == Loss::kNone || record.op != Op::kWrite;
  if (whole || loss == Loss::kAll || loss == Loss::kWrites) {
    if (loss == Loss::kNone || (loss != Loss::kAll && chance(random) < kept)) keep(record, bytes);
    return;
  }
  const uint64_t end = record.offset + record.text.size();
  for (uint64_t from = record.offset; from < end;) {
    const uint64_t to = std::min(end, (from / kSectorBytes + 1) * kSectorBytes);
    std::string piece = record.text.substr(from - record.offset, to - from);
    const double lot = chance(random);
    if (loss == Loss::kTorn && lot < 0.1) {
      piece.resize(random() % (piece.size() + 1));  // the rest stays what it was
    } else if (loss == Loss::kTorn && lot < 0.15) {
      for (char& c : piece) c = static_cast<char>(random());
    } else if (chance(random) >= kept) {
      piece.clear();
    }
    put(bytes, from, piece.data(), piece.size());
    from = to;
  }
}

// A directory's changes reach the disk in order, as every journalling filesystem does it: those
// that no sync covers are cut off somewhere.
std::map<std::string, int> Disk::names_at(size_t moment, Loss loss, std::mt19937_64& random) const {
  std::vector<const Record*> changes;
  size_t synced = 0;
  for (size_t i = 0; i < moment; ++i) {
    const Record& record = log_[i];
    if (record.op == Op::kLink || record.op == Op::kUnlink) changes.push_back(&record);
    if (record.op == Op::kSyncDir) synced = changes.size();
  }
  const size_t open = changes.size() - synced;
  if (loss == Loss::kAll) changes.resize(synced);
  if (loss != Loss::kAll && loss != Loss::kNone) changes.resize(synced + random() % (open + 1));
  std::map<std::string, int> names;
  for (const Record* change : changes) {
    if (change->op == Op::kLink) {
      names[change->text] = change->file;
    } else {
      names.erase(change->text);
    }
  }
  return names;
}

void Disk::crash(size_t moment, Loss loss, std::mt19937_64& random, Disk* image) const {
  const std::lock_guard lock(mutex_);
  const double likely[] = {0.02, 0.5, 0.98};
  const double kept = likely[random() % 3];
  std::vector<size_t> synced(files_.size(), 0);
  for (size_t i = 0; i < moment; ++i) {
    if (log_[i].op == Op::kSync) synced[static_cast<size_t>(log_[i].file)] = i;
  }
  for (const auto& [name, file] : names_at(moment, loss, random)) {
    std::string bytes;
    for (size_t i = 0; i < moment; ++i) {
      const Record& record = log_[i];
      if (record.file != file) continue;
      if (i < synced[static_cast<size_t>(file)]) {
        keep(record, &bytes);
      } else {
        keep_part(record, loss, kept, random, &bytes);
      }
    }
    image->names_[name] = static_cast<int>(image->files_.size());
    image->files_.push_back({bytes, false});
    // What is found after the failure is on the disk.
    const int number = image->names_[name];
    image->apply({Op::kLink, number, 0, name});
    image->apply({Op::kWrite, number, 0, std::move(bytes)});
    image->apply({Op::kSync, number, 0, {}});
  }
  image->sync_dir();
}

}  // namespace ghost::disk
