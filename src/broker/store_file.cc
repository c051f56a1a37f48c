#include "broker/store_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/bytes.h"
#include "broker/sqlite_db.h"
#include "broker/sqlite_schema.h"

namespace ghost::broker {
namespace {

constexpr size_t kPiece = 1 << 20;

Error io_failure(const std::string& what) {
  return {"io_error", what + ": " + std::strerror(errno), ""};
}

class File {
 public:
  File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

template <typename Take>
Status read_pieces(const std::string& path, Take take) {
  const File file(path, O_RDONLY);
  if (file.fd() < 0) return io_failure("open " + path);
  const auto piece = std::make_unique<char[]>(kPiece);
  for (;;) {
    const ssize_t size = read(file.fd(), piece.get(), kPiece);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return io_failure("read " + path);
    if (size == 0) return ok_status();
    if (Status s = take(std::string_view(piece.get(), static_cast<size_t>(size))); !s) return s;
  }
}

Result<uint64_t> meta_number(Database& db, const std::string& name) {
  Result<std::string> text = db.query_text("SELECT value FROM meta WHERE name = '" + name + "'");
  if (!text) return text.error();
  return std::strtoull(text->c_str(), nullptr, 10);
}

Result<StoreFacts> facts_of(Database& db, const std::string& path) {
  const Result<uint64_t> schema = db.query_u64("PRAGMA user_version");
  if (!schema) return schema.error();
  const Result<uint64_t> application = db.query_u64("PRAGMA application_id");
  if (!application) return application.error();
  if (*schema == 0 || *application != kApplicationId) {
    return Error{"bad_config", path + " is no store of Ghost's", ""};
  }
  if (*schema > schema_steps().size()) {
    return Error{"bad_config",
                 path + " has schema version " + std::to_string(*schema) +
                     ", this program knows up to " + std::to_string(schema_steps().size()),
                 ""};
  }
  const Result<std::string> sound = db.query_text("PRAGMA integrity_check(1)");
  if (!sound) return sound.error();
  if (*sound != "ok") return Error{"bad_config", path + " is damaged: " + *sound, ""};
  const Result<uint64_t> epoch = meta_number(db, "epoch");
  if (!epoch) return epoch.error();
  const Result<uint64_t> jobs = db.query_u64("SELECT count(*) FROM jobs");
  if (!jobs) return jobs.error();
  return StoreFacts{*schema, *epoch, *jobs};
}

}  // namespace

Result<StoreFacts> check_store_file(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) return io_failure("open " + path);
  Database db;
  if (Status s = db.open_as_it_lies(path); !s) return s.error();
  return facts_of(db, path);
}

Result<StoreFacts> finish_store_copy(const std::string& path) {
  Result<StoreFacts> facts = Error{"io_error", path, ""};
  {
    Database db;
    if (Status s = db.open(path); !s) return s.error();
    if (Status s = db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE"); !s) {
      return s.error();
    }
    facts = facts_of(db, path);
  }
  const File file(path, O_RDONLY);
  if (file.fd() < 0 || fsync(file.fd()) != 0) return io_failure("sync " + path);
  return facts;
}

uint64_t epoch_of_store_file(const std::string& path) {
  Database db;
  if (access(path.c_str(), R_OK) != 0 || !db.open_as_it_lies(path)) return 0;
  const Result<uint64_t> epoch = meta_number(db, "epoch");
  return epoch ? *epoch : 0;
}

Result<std::string> sha256_of_file(const std::string& path) {
  Sha256 hash;
  Status s = read_pieces(path, [&](std::string_view bytes) {
    hash.update(bytes);
    return ok_status();
  });
  if (!s) return s.error();
  return hash.finish_hex();
}

Status copy_file_synced(const std::string& from, const std::string& to) {
  const File out(to, O_WRONLY | O_CREAT | O_EXCL);
  if (out.fd() < 0) return io_failure("make " + to);
  Status s = read_pieces(from, [&](std::string_view bytes) -> Status {
    while (!bytes.empty()) {
      const ssize_t size = write(out.fd(), bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return io_failure("write " + to);
      bytes.remove_prefix(static_cast<size_t>(size));
    }
    return ok_status();
  });
  if (s && fsync(out.fd()) != 0) return io_failure("sync " + to);
  return s;
}

}  // namespace ghost::broker
