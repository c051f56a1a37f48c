#include "broker/sqlite_schema.h"

namespace ghost::broker {
namespace {

// What is written once and what changes stand apart, and payloads stand apart from both: recovery
// and lists never read a payload. A job's first events lie in its own row and its last ones with
// its result, so that a short job needs no row of `events`. Keys of payload rows are
// no * 4096 + chunk, those of events no * 2^24 + seq of the row's first event.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs(no INTEGER PRIMARY KEY, status BLOB NOT NULL, spec BLOB NOT NULL,
                  events BLOB NOT NULL);
CREATE TABLE results(no INTEGER PRIMARY KEY, status BLOB NOT NULL, events BLOB NOT NULL,
                     verdict BLOB);
CREATE TABLE requests(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE verdicts(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE diffs(key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE events(key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE labels(hash INTEGER NOT NULL, no INTEGER NOT NULL, PRIMARY KEY(hash, no))
  WITHOUT ROWID;
CREATE TABLE artifacts(id INTEGER PRIMARY KEY, no INTEGER NOT NULL, path BLOB NOT NULL,
                       attempt INTEGER NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL,
                       UNIQUE(no, path));
CREATE TABLE artifact_chunks(id INTEGER NOT NULL, offset INTEGER NOT NULL, bytes BLOB NOT NULL,
                             PRIMARY KEY(id, offset)) WITHOUT ROWID;
CREATE TABLE repos(name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE lanes(name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE runners(instance TEXT PRIMARY KEY, secret_sha256 BLOB NOT NULL,
                     session INTEGER NOT NULL, drain INTEGER NOT NULL, slots INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE audit(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
)sql";

constexpr std::string_view kSteps[] = {kVersion1};

}  // namespace

std::span<const std::string_view> schema_steps() {
  return kSteps;
}

Status migrate(Database& db, const std::string& path, std::span<const std::string_view> steps) {
  const Result<uint64_t> application = db.query_u64("PRAGMA application_id");
  if (!application) return application.error();
  const Result<uint64_t> found = db.query_u64("PRAGMA user_version");
  if (!found) return found.error();
  const Result<uint64_t> tables = db.query_u64("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*application != kApplicationId && (*application != 0 || *found != 0 || *tables != 0)) {
    return Error{"bad_config", path + " is a database, but not a store of Ghost's", ""};
  }
  if (*found > steps.size()) {
    return Error{"bad_config",
                 "store " + path + " has schema version " + std::to_string(*found) +
                     ", this program knows up to " + std::to_string(steps.size()) +
                     ": run the newer ghost-broker that wrote it",
                 ""};
  }
  for (uint64_t version = *found; version < steps.size(); ++version) {
    std::string step = "BEGIN IMMEDIATE;";
    step += steps[version];
    step += ";PRAGMA application_id = " + std::to_string(kApplicationId);
    step += ";PRAGMA user_version = " + std::to_string(version + 1) + ";COMMIT";
    if (Status s = db.exec(step); !s) {
      (void)db.exec("ROLLBACK");
      return Error{
          s.error().code,
          "migration to schema version " + std::to_string(version + 1) + ": " + s.error().message,
          ""};
    }
  }
  return ok_status();
}

}  // namespace ghost::broker
