#include "broker/sqlite_store.h"

#include <algorithm>

#include "base/fs.h"
#include "base/ids.h"
#include "base/log.h"
#include "broker/crash_point.h"
#include "broker/row_codec.h"
#include "broker/sqlite_schema.h"

namespace ghost::broker {
namespace {

// Measured: see docs/PERFORMANCE.md.
constexpr uint64_t kPageBytes = 8192;
// A checkpoint comes after the turn that reaches one of these: what it has to write and sync stays
// short, and jobs that come one at a time, whose commits write the same few pages again and again,
// seldom meet one. When nothing else is to be done, it comes from kNewBytesQuiet on; without the
// reserve of disk space the log is kept short.
constexpr uint64_t kWalBytesMax = 16 << 20;  // of the log, which is overwritten from then on
constexpr uint64_t kNewBytesMax = 8 << 20;   // since the last one, as written_bytes() counts
#ifdef GHOST_CRASH_POINTS
constexpr uint64_t kNewBytesQuiet = 16 << 10;  // who is killed again and again is to meet it, too
#else
constexpr uint64_t kNewBytesQuiet = 1 << 20;
#endif
constexpr uint64_t kNewBytesNoReserve = 128 << 10;
constexpr size_t kPageCacheKib = 2048;
constexpr size_t kFreshBytes = 2 << 20;
constexpr size_t kPackedBytes = 64 << 10;  // events in one row
constexpr size_t kPackedInRow = 4096;      // events in the row of a job or result
constexpr size_t kVerdictInRow = 256;
constexpr uint64_t kForgetBytes = 4 << 10;  // about what it writes to forget a job
constexpr uint64_t kAuditRows = 100'000;
constexpr int kCopyPages = 64;  // copied between two turns

uint64_t hash_of(std::string_view bytes) {
  const std::string digest = sha256(bytes);
  uint64_t hash = 0;
  for (size_t i = 0; i < 8; ++i) hash = hash << 8 | static_cast<uint8_t>(digest[i]);
  return hash;
}

std::string u64_text(uint64_t v) {
  return std::to_string(v);
}

struct JobNoOf {
  JobNo operator()(const persist::InsertJob& c) const { return c.spec->no; }
  JobNo operator()(const persist::UpdateJob& c) const { return c.no; }
  JobNo operator()(const persist::AppendEvents& c) const { return c.no; }
  JobNo operator()(const persist::PutResult& c) const { return c.no; }
  JobNo operator()(const persist::PutArtifactChunk& c) const { return c.no; }
  template <typename T>
  JobNo operator()(const T&) const {
    return 0;
  }
};

}  // namespace

SqliteStore::SqliteStore(const SqliteStoreOptions& options)
    : options_(options), path_(options.dir + "/ghost.db"), fresh_(kFreshBytes) {}

SqliteStore::~SqliteStore() {
  if (broken_) db_.leave_wal();
}

Status SqliteStore::open() {
  if (Status s = make_dirs(options_.dir, 0700); !s) return s;
  if (Status s = lock_.take(options_.dir); !s) return s;
  reserve_.open(options_.dir, options_.reserve_bytes);
  if (Status s = db_.open(path_, Database::Use::kAlone); !s) return s;
  const std::string pragmas =
      "PRAGMA page_size = " + u64_text(kPageBytes) +
      "; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      // Debian turns secure_delete on: forgetting would write every page of what is forgotten.
      "PRAGMA secure_delete = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;"
      "PRAGMA trusted_schema = OFF;"
      "PRAGMA journal_size_limit = " +
      u64_text(2 * kWalBytesMax) + "; PRAGMA cache_size = -" + u64_text(kPageCacheKib);
  if (Status s = db_.exec(pragmas); !s) return s;
  const Result<std::string> mode = db_.query_text("PRAGMA journal_mode");
  if (!mode) return mode.error();
  if (*mode != "wal") {
    return Error{"io_error", "store " + path_ + ": this filesystem cannot keep a write-ahead log",
                 ""};
  }
  db_.watch_wal();
  if (Status s = migrate(db_, path_, schema_steps()); !s) return s;
  if (Status s = prepare_statements(); !s) return s;
  if (Status s = begin_life(); !s) return s;
  if (Status s = db_.checkpoint(); !s) return s;
  db_.sync_beside();
  return sync_dir(options_.dir);
}

Status SqliteStore::prepare_statements() {
  const std::pair<Statement*, std::string_view> all[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&insert_job_, "INSERT INTO jobs(no, status, spec, events) VALUES(?1, ?2, ?3, ?4)"},
      {&update_status_, "UPDATE jobs SET status = ?2 WHERE no = ?1"},
      {&insert_result_, "INSERT INTO results(no, status, events, verdict) VALUES(?1, ?2, ?3, ?4)"},
      {&select_job_, "SELECT status, spec FROM jobs WHERE no = ?1"},
      {&select_spec_, "SELECT spec FROM jobs WHERE no = ?1"},
      {&select_result_status_, "SELECT status FROM results WHERE no = ?1"},
      {&select_verdict_, "SELECT verdict FROM results WHERE no = ?1"},
      {&delete_job_, "DELETE FROM jobs WHERE no = ?1"},
      {&delete_result_, "DELETE FROM results WHERE no = ?1"},
      {&insert_label_, "INSERT OR IGNORE INTO labels(hash, no) VALUES(?1, ?2)"},
      {&delete_label_, "DELETE FROM labels WHERE hash = ?1 AND no = ?2"},
      {&select_label_,
       "SELECT no FROM labels WHERE hash = ?1 AND no < ?2 ORDER BY no DESC LIMIT 1"},
      {&select_artifact_,
       "SELECT id, size, sha256, attempt FROM artifacts WHERE no = ?1 AND path = ?2"},
      {&put_artifact_,
       "INSERT INTO artifacts(no, path, attempt, size, sha256) VALUES(?1, ?2, ?3, ?4, ?5) "
       "ON CONFLICT(no, path) DO UPDATE SET size = max(size, ?4), sha256 = ?5"},
      {&put_chunk_, "INSERT OR REPLACE INTO artifact_chunks(id, offset, bytes) VALUES(?1, ?2, ?3)"},
      {&list_artifacts_, "SELECT id FROM artifacts WHERE no = ?1 AND attempt < ?2"},
      {&delete_artifact_, "DELETE FROM artifacts WHERE id = ?1"},
      {&delete_chunks_, "DELETE FROM artifact_chunks WHERE id = ?1"},
      {&select_chunks_,
       "SELECT offset, bytes FROM artifact_chunks WHERE id = ?1 AND offset < ?3 AND offset >= "
       "coalesce((SELECT max(offset) FROM artifact_chunks WHERE id = ?1 AND offset <= ?2), 0) "
       "ORDER BY offset"},
      {&put_repo_, "INSERT OR REPLACE INTO repos(name, body) VALUES(?1, ?2)"},
      {&delete_repo_, "DELETE FROM repos WHERE name = ?1"},
      {&put_lane_, "INSERT OR REPLACE INTO lanes(name, body) VALUES(?1, ?2)"},
      {&put_runner_,
       "INSERT OR REPLACE INTO runners(instance, secret_sha256, session, drain, slots) "
       "VALUES(?1, ?2, ?3, ?4, ?5)"},
      {&delete_runner_, "DELETE FROM runners WHERE instance = ?1"},
      {&put_audit_, "INSERT INTO audit(body) VALUES(?1)"},
      {&trim_audit_, "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1"},
      {&select_audit_, "SELECT body FROM audit ORDER BY id DESC LIMIT ?1"},
      {&put_meta_, "INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)"},
  };
  for (const auto& [statement, sql] : all) {
    Result<Statement> made = db_.prepare(sql);
    if (!made) return made.error();
    *statement = std::move(*made);
  }
  Status s = requests_.prepare(db_, "requests");
  if (s) s = verdicts_.prepare(db_, "verdicts");
  if (s) s = diffs_.prepare(db_, "diffs");
  if (s) s = events_.prepare(db_);
  return s;
}

// --- Writing
// -------------------------------------------------------------------------------------

Status SqliteStore::commit(std::vector<Persist>* changes) {
  if (broken_) return Error{"io_error", "store " + path_ + " has failed before", ""};
  if (changes->empty()) return ok_status();
  const uint64_t bytes = written_bytes(*changes);
  new_bytes_ += bytes;
  reserve_.make_room(bytes);
  GHOST_CRASH_POINT("commit.begin");
  Status s = begin_.run();
  if (s) s = write(changes);
  GHOST_CRASH_POINT("commit.written");
  if (s) s = commit_.run();
  GHOST_CRASH_POINT("commit.done");
  if (!s) broken_ = true;
  return s;
}

uint64_t SqliteStore::written_bytes(const std::vector<Persist>& changes) const {
  uint64_t bytes = changes.size() * 512;
  for (const Persist& change : changes) {
    if (const auto* insert = std::get_if<persist::InsertJob>(&change)) {
      bytes += insert->request ? insert->request->size() : 0;
    } else if (const auto* result = std::get_if<persist::PutResult>(&change)) {
      bytes += result->verdict ? result->verdict->size() : 0;
      bytes += result->diff ? result->diff->size() : 0;
    } else if (const auto* chunk = std::get_if<persist::PutArtifactChunk>(&change)) {
      bytes += chunk->bytes->size();
    } else if (const auto* forget = std::get_if<persist::ForgetJobs>(&change)) {
      bytes += forget->nos.size() * kForgetBytes;
    } else if (const auto* append = std::get_if<persist::AppendEvents>(&change)) {
      for (const wire::Event& event : append->events) bytes += event.data ? event.data->size() : 0;
    }
  }
  return bytes;
}

// Job by job in order of number: rows that lie together are written together, and what one turn
// says of a job becomes one row where it can.
Status SqliteStore::write(std::vector<Persist>* changes) {
  order_.clear();
  for (uint32_t i = 0; i < changes->size(); ++i) {
    const Persist& change = (*changes)[i];
    if (const JobNo no = std::visit(JobNoOf{}, change); no != 0) {
      order_.emplace_back(no, i);
    } else if (Status s = write_other(change); !s) {
      return s;
    } else {
      GHOST_CRASH_POINT("commit.other");
    }
  }
  if (!std::is_sorted(order_.begin(), order_.end())) std::sort(order_.begin(), order_.end());
  for (size_t from = 0; from < order_.size();) {
    size_t to = from;
    while (to < order_.size() && order_[to].first == order_[from].first) ++to;
    if (Status s = write_job(changes, from, to); !s) return s;
    GHOST_CRASH_POINT("commit.job");
    from = to;
  }
  for (const JobNo no : std::exchange(forgotten_, {})) {
    if (Status s = forget(no); !s) return s;
  }
  return ok_status();
}

Status SqliteStore::write_job(std::vector<Persist>* changes, size_t from, size_t to) {
  JobChanges job;
  job.no = order_[from].first;
  job.packed = &event_bytes_;
  event_bytes_.clear();
  for (size_t i = from; i < to; ++i) {
    Persist& change = (*changes)[order_[i].second];
    Status s = ok_status();
    if (auto* insert = std::get_if<persist::InsertJob>(&change)) {
      job.insert = insert;
      job.status = &insert->status;
    } else if (const auto* update = std::get_if<persist::UpdateJob>(&change)) {
      job.status = &update->status;
    } else if (const auto* append = std::get_if<persist::AppendEvents>(&change)) {
      s = take_events(&job, *append);
    } else if (const auto* result = std::get_if<persist::PutResult>(&change)) {
      job.result = result;
    } else if (const auto* chunk = std::get_if<persist::PutArtifactChunk>(&change)) {
      s = write_artifact(*chunk);
    }
    if (!s) return s;
  }
  const bool terminal = job.status != nullptr && is_terminal(job.status->state);
  if (job.packed->size() > kPackedInRow || (job.insert == nullptr && !terminal)) {
    if (Status s = flush_events(&job); !s) return s;
  }
  status_bytes_.clear();
  if (job.status != nullptr) rows::encode(*job.status, &status_bytes_);
  if (job.insert != nullptr) {
    if (Status s = write_insert(job); !s) return s;
  } else if (job.status != nullptr && !terminal) {
    if (Status s = update_status_.bind(1, job.no).bind(2, status_bytes_).run(); !s) return s;
    GHOST_CHECK(db_.changes() == 1);
  }
  if (terminal) {
    if (Status s = write_result(job); !s) return s;
  }
  if (job.insert != nullptr) {
    const wire::JobState state = job.status->state;
    index_.add(*job.insert->spec, state);
    if (job.insert->request && !terminal) {
      fresh_.put(job.no, {job.insert->spec, job.insert->request}, state == wire::JobState::kLeased);
    }
  } else if (job.status != nullptr) {
    index_.set_state(job.no, job.status->state);
  }
  return ok_status();
}

Status SqliteStore::take_events(JobChanges* job, const persist::AppendEvents& append) {
  for (const wire::Event& event : append.events) {
    if (job->packed->empty()) job->packed_seq = event.seq;
    rows::encode(event, job->packed);
    if (job->packed->size() > kPackedBytes) {
      if (Status s = flush_events(job); !s) return s;
    }
  }
  return ok_status();
}

Status SqliteStore::flush_events(JobChanges* job) {
  if (job->packed->empty()) return ok_status();
  Status s = events_.put(job->no, job->packed_seq, *job->packed);
  job->packed->clear();
  return s;
}

Status SqliteStore::write_insert(const JobChanges& job) {
  spec_bytes_.clear();
  rows::encode(*job.insert->spec, &spec_bytes_);
  Status s = insert_job_.bind(1, job.no)
                 .bind(2, status_bytes_)
                 .bind(3, spec_bytes_)
                 .bind(4, *job.packed)
                 .run();
  job.packed->clear();
  if (!s) return s;
  next_no_ = std::max(next_no_, job.no + 1);
  s = job.insert->request ? requests_.put(job.no, *job.insert->request)
                          : requests_.copy(job.insert->request_from, job.no);
  for (const auto& [key, value] : job.insert->spec->submission.labels) {
    if (!s) return s;
    s = insert_label_.bind(1, label_hash(key, value)).bind(2, job.no).run();
  }
  return s;
}

// The one terminal record: a second one of the same job breaks the key, and with it the commit.
Status SqliteStore::write_result(const JobChanges& job) {
  const Blob verdict = job.result != nullptr ? job.result->verdict : nullptr;
  const Blob diff = job.result != nullptr ? job.result->diff : nullptr;
  insert_result_.bind(1, job.no).bind(2, status_bytes_).bind(3, *job.packed);
  if (verdict && verdict->size() <= kVerdictInRow) {
    insert_result_.bind(4, *verdict);
  } else {
    insert_result_.bind_null(4);
  }
  Status s = insert_result_.run();
  job.packed->clear();
  if (s && verdict && verdict->size() > kVerdictInRow) s = verdicts_.put(job.no, *verdict);
  if (s && diff && !diff->empty()) s = diffs_.put(job.no, *diff);
  (void)fresh_.take(job.no);
  return s;
}

Status SqliteStore::write_artifact(const persist::PutArtifactChunk& chunk) {
  if (chunk.offset == 0) {
    if (Status s = erase_artifacts(chunk.no, chunk.attempt); !s) return s;
  }
  const uint64_t end = chunk.offset + chunk.bytes->size();
  Status s = put_artifact_.bind(1, chunk.no)
                 .bind(2, chunk.path)
                 .bind(3, chunk.attempt)
                 .bind(4, end)
                 .bind(5, chunk.last ? chunk.sha256 : std::string_view())
                 .run();
  if (!s) return s;
  select_artifact_.bind(1, chunk.no).bind(2, chunk.path);
  const Result<bool> row = select_artifact_.step();
  if (!row) return row.error();
  GHOST_CHECK(*row);
  const uint64_t id = select_artifact_.column_u64(0);
  select_artifact_.reset();
  return put_chunk_.bind(1, id).bind(2, chunk.offset).bind(3, *chunk.bytes).run();
}

Status SqliteStore::erase_artifacts(JobNo no, uint64_t below_attempt) {
  std::vector<uint64_t> ids;
  list_artifacts_.bind(1, no).bind(2, below_attempt);
  for (;;) {
    const Result<bool> row = list_artifacts_.step();
    if (!row) return row.error();
    if (!*row) break;
    ids.push_back(list_artifacts_.column_u64(0));
  }
  for (const uint64_t id : ids) {
    if (Status s = delete_chunks_.bind(1, id).run(); !s) return s;
    if (Status s = delete_artifact_.bind(1, id).run(); !s) return s;
  }
  return ok_status();
}

Status SqliteStore::write_other(const Persist& change) {
  if (const auto* forget = std::get_if<persist::ForgetJobs>(&change)) {
    forgotten_.insert(forgotten_.end(), forget->nos.begin(), forget->nos.end());
    return ok_status();
  }
  if (const auto* put = std::get_if<persist::PutRepo>(&change)) {
    const std::string body = wire::encode(put->repo);
    return put_repo_.bind_text(1, put->repo.name).bind(2, body).run();
  }
  if (const auto* drop = std::get_if<persist::DeleteRepo>(&change)) {
    return delete_repo_.bind_text(1, drop->name).run();
  }
  if (const auto* put = std::get_if<persist::PutLane>(&change)) {
    const std::string body = wire::encode(put->lane);
    return put_lane_.bind_text(1, put->lane.name).bind(2, body).run();
  }
  if (const auto* put = std::get_if<persist::PutRunner>(&change)) {
    const RunnerSettings& s = put->settings;
    return put_runner_.bind_text(1, s.instance)
        .bind(2, s.secret_sha256)
        .bind(3, s.session)
        .bind(4, uint64_t{s.drain})
        .bind(5, s.slots)
        .run();
  }
  if (const auto* drop = std::get_if<persist::DeleteRunner>(&change)) {
    return delete_runner_.bind_text(1, drop->instance).run();
  }
  if (const auto* audit = std::get_if<persist::Audit>(&change)) {
    const std::string body = wire::encode(audit->entry);
    if (Status s = put_audit_.bind(1, body).run(); !s) return s;
    return trim_audit_.bind(1, kAuditRows).run();
  }
  return ok_status();
}

Status SqliteStore::forget(JobNo no) {
  const Result<StoredJob> stored = job(no);
  if (!stored) return stored.error().code == "not_found" ? ok_status() : stored.error();
  for (const auto& [key, value] : stored->spec.submission.labels) {
    if (Status s = delete_label_.bind(1, label_hash(key, value)).bind(2, no).run(); !s) return s;
  }
  Status s = requests_.erase(no);
  if (s) s = verdicts_.erase(no);
  if (s) s = diffs_.erase(no);
  if (s) s = events_.erase(no);
  if (s) s = erase_artifacts(no, INT64_MAX);
  if (s) s = delete_result_.bind(1, no).run();
  if (s) s = delete_job_.bind(1, no).run();
  // Numbers are never used twice, also when the newest job is forgotten.
  if (s && no + 1 == next_no_) {
    s = put_meta_.bind_text(1, "next_no").bind(2, u64_text(next_no_)).run();
  }
  (void)fresh_.take(no);
  index_.remove(no);
  return s;
}

// Truncated, so different labels may share it: lists look at the labels themselves, too. Keyed, so
// that nobody can make many labels share one.
uint64_t SqliteStore::label_hash(const std::string& key, const std::string& value) const {
  return hash_of(hash_key_ + u64_text(key.size()) + "/" + key + value) >> 1;
}

// Pages of what was forgotten: they are written again before the file grows.
uint64_t SqliteStore::spare_bytes() {
  const Result<uint64_t> pages = db_.query_u64("PRAGMA freelist_count");
  return pages ? *pages * kPageBytes : 0;
}

bool SqliteStore::has_space(uint64_t bytes) {
  return !broken_ &&
         reserve_.has_room(bytes, db_.wal_frames() * kPageBytes, [this] { return spare_bytes(); });
}

Status SqliteStore::housekeep(bool quiet) {
  if (broken_) return ok_status();
  if (Status s = db_.checked_sync(); !s) {
    broken_ = true;
    return s;
  }
  if (!reserve_.held()) reserve_.refill([this] { return spare_bytes(); });
  // Without the reserve the log is kept short: it holds what the database needs room for, too.
  const uint64_t new_max = !reserve_.held() ? kNewBytesNoReserve
                           : quiet          ? kNewBytesQuiet
                                            : kNewBytesMax;
  if (new_bytes_ < new_max && db_.wal_frames() * kPageBytes < kWalBytesMax) return ok_status();
  GHOST_CRASH_POINT("checkpoint.begin");
  Status s = db_.checkpoint();
  new_bytes_ = 0;
  GHOST_CRASH_POINT("checkpoint.done");
  if (!s) broken_ = true;
  return s;
}

class SqliteCopy : public StoreCopy {
 public:
  Status begin(Database& from, const std::string& path) { return copy_.begin(from, path); }
  Result<bool> step() override { return copy_.step(kCopyPages); }
  uint64_t bytes() const override { return copy_.pages() * kPageBytes; }
  uint64_t bytes_copied() const override { return copy_.pages_copied() * kPageBytes; }

 private:
  DatabaseCopy copy_;
};

Result<std::unique_ptr<StoreCopy>> SqliteStore::copy_to(const std::string& path) {
  auto copy = std::make_unique<SqliteCopy>();
  if (Status s = copy->begin(db_, path); !s) return s.error();
  return std::unique_ptr<StoreCopy>(std::move(copy));
}

uint64_t SqliteStore::bytes() {
  const Result<uint64_t> pages = db_.query_u64("PRAGMA page_count");
  return pages ? *pages * kPageBytes : 0;
}

Result<std::unique_ptr<Store>> open_sqlite_store(const SqliteStoreOptions& options) {
  auto store = std::make_unique<SqliteStore>(options);
  if (Status s = store->open(); !s) return s.error();
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace ghost::broker
