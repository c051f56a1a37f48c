#include "broker/sqlite_db.h"

#include <sqlite3.h>

#include <cstring>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "broker/gather_vfs.h"

namespace ghost::broker {
namespace {

Error failure(sqlite3* db, const std::string& what) {
  const int code = sqlite3_extended_errcode(db);
  const bool full = (code & 0xff) == SQLITE_FULL;
  std::string why = full ? "disk full" : sqlite3_errmsg(db);
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    why += " (SQLite code " + std::to_string(code);
    const int number = sqlite3_system_errno(db);  // not known of every call
    if (number != 0) why += std::string(": ") + std::strerror(number);
    why += ")";
  }
  return {full ? "storage_full" : "io_error", what + ": " + why, ""};
}

Error failure(sqlite3_stmt* statement) {
  sqlite3* db = sqlite3_db_handle(statement);
  const char* file = sqlite3_db_filename(db, "main");
  return failure(db, std::string("store ") + (file != nullptr ? file : "?"));
}

}  // namespace

Statement::~Statement() {
  sqlite3_finalize(raw_);
}

Statement& Statement::bind(int at, uint64_t value) {
  GHOST_CHECK(sqlite3_bind_int64(raw_, at, static_cast<int64_t>(value)) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int at, std::string_view bytes) {
  // A null pointer would bind NULL, not an empty blob.
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  GHOST_CHECK(sqlite3_bind_blob64(raw_, at, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text(int at, std::string_view text) {
  GHOST_CHECK(sqlite3_bind_text64(raw_, at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8) ==
              SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null(int at) {
  GHOST_CHECK(sqlite3_bind_null(raw_, at) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(raw_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    const Error error = failure(raw_);
    sqlite3_reset(raw_);
    return error;
  }
  sqlite3_reset(raw_);
  return false;
}

Status Statement::run() {
  Result<bool> row = step();
  if (!row) return row.error();
  GHOST_CHECK(!*row);
  return ok_status();
}

void Statement::reset() {
  sqlite3_reset(raw_);
}

uint64_t Statement::column_u64(int at) const {
  return static_cast<uint64_t>(sqlite3_column_int64(raw_, at));
}

std::string_view Statement::column_blob(int at) const {
  const void* data = sqlite3_column_blob(raw_, at);
  const int size = sqlite3_column_bytes(raw_, at);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

bool Statement::column_null(int at) const {
  return sqlite3_column_type(raw_, at) == SQLITE_NULL;
}

Database::~Database() {
  if (syncs_beside_ && ghost::broker::sync_beside(raw_, false) != SQLITE_OK) leave_wal();
  sqlite3_close(raw_);
}

Status Database::open(const std::string& path, Use use) {
  path_ = path;
  static std::once_flag configured;
  std::call_once(configured, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const char* vfs = use == Use::kAlone ? gathering_vfs() : nullptr;
  if (sqlite3_open_v2(path.c_str(), &raw_, flags, vfs) != SQLITE_OK) {
    return failure(raw_, "open store " + path);
  }
  sqlite3_limit(raw_, SQLITE_LIMIT_WORKER_THREADS, 0);
  return ok_status();
}

Status Database::open_as_it_lies(const std::string& path) {
  path_ = path;
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      uri += '%' + to_hex(std::string_view(&c, 1));
    } else {
      uri += c;
    }
  }
  const int flags =
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2((uri + "?immutable=1").c_str(), &raw_, flags, nullptr) != SQLITE_OK) {
    return failure(raw_, "open store " + path);
  }
  return ok_status();
}

Status Database::exec(const std::string& sql) {
  if (sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure(raw_, "store " + path_);
  }
  return ok_status();
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(raw_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    return failure(raw_, "store " + path_ + ": prepare " + std::string(sql));
  }
  return Statement(statement);
}

Result<uint64_t> Database::query_u64(const std::string& sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  return *row ? statement->column_u64(0) : uint64_t{0};
}

Result<std::string> Database::query_text(const std::string& sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  return *row ? std::string(statement->column_blob(0)) : std::string();
}

uint64_t Database::changes() const {
  return static_cast<uint64_t>(sqlite3_changes64(raw_));
}

void Database::watch_wal() {
  const auto hook = [](void* self, sqlite3*, const char*, int frames) {
    static_cast<Database*>(self)->wal_frames_ = static_cast<uint64_t>(frames);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(raw_, hook, this);
}

Status Database::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(raw_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code == SQLITE_OK) {
    wal_frames_ = 0;
  } else if ((code & 0xff) != SQLITE_FULL) {
    return failure(raw_, "checkpoint of store " + path_);
  }
  return ok_status();
}

void Database::sync_beside() {
  GHOST_CHECK(ghost::broker::sync_beside(raw_, true) == SQLITE_OK);
  syncs_beside_ = true;
}

Status Database::checked_sync() {
  const int code = failed_sync(raw_);
  if (code == SQLITE_OK) return ok_status();
  return Error{"io_error", "sync of store " + path_ + ": SQLite code " + std::to_string(code), ""};
}

void Database::leave_wal() {
  sqlite3_db_config(raw_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

DatabaseCopy::~DatabaseCopy() {
  sqlite3_backup_finish(raw_);
}

// Nothing of the copy is relied on before it was synced and read again, so no journal is kept.
Status DatabaseCopy::begin(Database& from, const std::string& path) {
  if (Status s = to_.open(path); !s) return s;
  if (Status s = to_.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"); !s) return s;
  raw_ = sqlite3_backup_init(to_.raw_, "main", from.raw_, "main");
  return raw_ != nullptr ? ok_status() : Status(failure(to_.raw_, "copy to " + path));
}

Result<bool> DatabaseCopy::step(int pages) {
  const int code = sqlite3_backup_step(raw_, pages);
  pages_ = static_cast<uint64_t>(sqlite3_backup_pagecount(raw_));
  left_ = static_cast<uint64_t>(sqlite3_backup_remaining(raw_));
  if (code == SQLITE_OK) return false;
  if (code == SQLITE_DONE && sqlite3_backup_finish(std::exchange(raw_, nullptr)) == SQLITE_OK) {
    return true;
  }
  return failure(to_.raw_, "copy to " + to_.path_);
}

uint64_t DatabaseCopy::pages() const {
  return pages_;
}

uint64_t DatabaseCopy::pages_copied() const {
  return pages_ - left_;
}

}  // namespace ghost::broker
