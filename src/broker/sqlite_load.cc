// What a start reads: who this store is, and all that is in it.
#include <algorithm>
#include <cstdlib>

#include "base/ids.h"
#include "broker/crash_point.h"
#include "broker/row_codec.h"
#include "broker/sqlite_store.h"

namespace ghost::broker {

Status SqliteStore::begin_life() {
  const Result<std::string> epoch = db_.query_text("SELECT value FROM meta WHERE name = 'epoch'");
  if (!epoch) return epoch.error();
  Result<std::string> key = db_.query_text("SELECT value FROM meta WHERE name = 'hash_key'");
  if (!key) return key.error();
  const Result<std::string> next = db_.query_text("SELECT value FROM meta WHERE name = 'next_no'");
  if (!next) return next.error();
  const Result<uint64_t> newest = db_.query_u64("SELECT coalesce(max(no), 0) FROM jobs");
  if (!newest) return newest.error();
  const auto number = [](const std::string& text) -> uint64_t {
    return std::strtoull(text.c_str(), nullptr, 10);
  };
  epoch_ =
      next_epoch(std::max(number(*epoch), known_epoch(options_.dir)), wall_now_ms(), random_u64());
  remember_epoch(options_.dir, epoch_);
  hash_key_ = key->size() == 16 ? std::move(*key) : random_bytes(16);
  next_no_ = std::max<JobNo>({1, number(*next), *newest + 1});
  GHOST_CRASH_POINT("epoch.begin");
  Status s = begin_.run();
  if (s) s = put_meta_.bind_text(1, "epoch").bind(2, std::to_string(epoch_)).run();
  if (s) s = put_meta_.bind_text(1, "hash_key").bind(2, hash_key_).run();
  if (s) s = put_meta_.bind_text(1, "next_no").bind(2, std::to_string(next_no_)).run();
  GHOST_CRASH_POINT("epoch.written");
  if (s) s = commit_.run();
  GHOST_CRASH_POINT("epoch.done");
  return s;
}

Status SqliteStore::load(const Recovery& into) {
  if (Status s = load_tables(into); !s) return s;
  return load_jobs(into);
}

Status SqliteStore::load_tables(const Recovery& into) {
  const auto rows = [&](std::string_view sql, auto visit) -> Status {
    Result<Statement> statement = db_.prepare(sql);
    if (!statement) return statement.error();
    for (;;) {
      const Result<bool> row = statement->step();
      if (!row) return row.error();
      if (!*row) return ok_status();
      if (Status s = visit(*statement); !s) return s;
    }
  };
  Status s = rows("SELECT body FROM repos ORDER BY name", [&](Statement& row) -> Status {
    Result<wire::Repo> repo = wire::decode<wire::Repo>(row.column_blob(0));
    if (!repo) return repo.error();
    if (into.repo) into.repo(std::move(*repo));
    return ok_status();
  });
  if (!s) return s;
  s = rows("SELECT body FROM lanes ORDER BY name", [&](Statement& row) -> Status {
    Result<wire::Lane> lane = wire::decode<wire::Lane>(row.column_blob(0));
    if (!lane) return lane.error();
    if (into.lane) into.lane(std::move(*lane));
    return ok_status();
  });
  if (!s) return s;
  return rows(
      "SELECT instance, secret_sha256, session, drain, slots FROM runners ORDER BY instance",
      [&](Statement& row) -> Status {
        RunnerSettings settings{std::string(row.column_blob(0)), std::string(row.column_blob(1)),
                                row.column_u64(2), row.column_u64(3) != 0, row.column_u64(4)};
        if (into.runner) into.runner(std::move(settings));
        return ok_status();
      });
}

Status SqliteStore::load_jobs(const Recovery& into) {
  Result<Statement> jobs = db_.prepare("SELECT no, status, spec FROM jobs ORDER BY no");
  if (!jobs) return jobs.error();
  Result<Statement> results = db_.prepare("SELECT no, status FROM results ORDER BY no");
  if (!results) return results.error();
  Result<bool> result_row = results->step();
  for (;;) {
    const Result<bool> row = jobs->step();
    if (!row) return row.error();
    if (!*row) return ok_status();
    const JobNo no = jobs->column_u64(0);
    while (result_row && *result_row && results->column_u64(0) < no) result_row = results->step();
    if (!result_row) return result_row.error();
    const bool finished = *result_row && results->column_u64(0) == no;
    RecoveredJob job;
    job.spec.no = no;
    if (!rows::decode(jobs->column_blob(2), &job.spec) ||
        !rows::decode(finished ? results->column_blob(1) : jobs->column_blob(1), &job.status)) {
      return Error{"io_error", "store " + path_ + ": job " + std::to_string(no) + " is damaged",
                   ""};
    }
    index_.add(job.spec, job.status.state);
    if (into.job) into.job(std::move(job));
  }
}

}  // namespace ghost::broker
