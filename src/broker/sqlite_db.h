// A thin wrapper of the SQLite calls that the store makes: one connection, prepared statements,
// errors as Status. Owner of sqlite3.h, together with sqlite_db.cc. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

namespace ghost::broker {

// A prepared statement. Bound blobs must live until the step that uses them.
class Statement {
 public:
  Statement() = default;
  ~Statement();
  Statement(Statement&& other) noexcept : raw_(other.raw_) { other.raw_ = nullptr; }
  Statement& operator=(Statement&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }

  Statement& bind(int at, uint64_t value);  // from 1
  Statement& bind(int at, std::string_view bytes);
  Statement& bind(int at, const char* bytes) { return bind(at, std::string_view(bytes)); }
  Statement& bind_text(int at, std::string_view text);  // for TEXT columns
  Statement& bind_null(int at);

  // True: a row stands in the columns, valid until the next call. False: done, and reset.
  Result<bool> step();
  // For statements without rows.
  Status run();
  void reset();

  uint64_t column_u64(int at) const;  // from 0
  std::string_view column_blob(int at) const;
  bool column_null(int at) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}
  sqlite3_stmt* raw_ = nullptr;
};

class Database {
 public:
  Database() = default;
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Opens the file, or makes it. kAlone: nobody else may have it open, and writes reach the file
  // when it is synced or closed (see gather_vfs.h).
  enum class Use { kShared, kAlone };
  Status open(const std::string& path, Use use = Use::kShared);
  // To be read only, without its log and without a lock: nobody may be at work on it.
  Status open_as_it_lies(const std::string& path);
  Status exec(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  Result<uint64_t> query_u64(const std::string& sql);  // first column of the first row

  Result<std::string> query_text(const std::string& sql);  // the same, as bytes; empty: no row
  uint64_t changes() const;                                // rows that the last statement changed

  // From now on wal_frames() tells how many frames of the WAL are not in the file yet.
  void watch_wal();
  uint64_t wal_frames() const { return wal_frames_; }
  // Writes committed pages from the WAL to the file and syncs it; the next transaction overwrites
  // the WAL from its beginning. A full disk is no error here: the frames stay for another time.
  Status checkpoint();
  // From now on the sync that ends a checkpoint goes on while the caller does; for kAlone, in WAL
  // mode. If it fails, so does the next commit, and checked_sync() from then on.
  void sync_beside();
  Status checked_sync();
  // The destructor shall not write: after a failed write nothing is known of the file any more.
  void leave_wal();

 private:
  friend class DatabaseCopy;
  sqlite3* raw_ = nullptr;
  std::string path_;
  uint64_t wal_frames_ = 0;
  bool syncs_beside_ = false;
};

// A copy of a whole database into a new file, some pages at a time. What the same connection
// commits between two steps goes into both, so that the copy is of the moment of its last step. It
// is ended before its source is closed.
class DatabaseCopy {
 public:
  DatabaseCopy() = default;
  ~DatabaseCopy();
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;

  Status begin(Database& from, const std::string& path);
  // True: the file is whole, though not synced.
  Result<bool> step(int pages);
  uint64_t pages() const;
  uint64_t pages_copied() const;

 private:
  Database to_;
  sqlite3_backup* raw_ = nullptr;
  uint64_t pages_ = 0, left_ = 0;
};

}  // namespace ghost::broker
