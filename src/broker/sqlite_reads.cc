#include <algorithm>

#include "broker/row_codec.h"
#include "broker/sqlite_store.h"

namespace ghost::broker {
namespace {

constexpr std::string_view kArtifactPrefix = "artifact:";

Error no_job(JobNo no) {
  return {"not_found", "no job " + std::to_string(no), ""};
}

}  // namespace

Result<StoredJob> SqliteStore::job(JobNo no) {
  const Result<bool> row = select_job_.bind(1, no).step();
  if (!row) return row.error();
  if (!*row) return no_job(no);
  StoredJob job;
  job.spec.no = no;
  const bool ok = rows::decode(select_job_.column_blob(0), &job.status) &&
                  rows::decode(select_job_.column_blob(1), &job.spec);
  select_job_.reset();
  if (!ok) return damaged(no);
  const Result<bool> finished = select_result_status_.bind(1, no).step();
  if (!finished) return finished.error();
  if (*finished) {
    const bool read = rows::decode(select_result_status_.column_blob(0), &job.status);
    select_result_status_.reset();
    if (!read) return damaged(no);
  }
  return job;
}

Error SqliteStore::damaged(JobNo no) const {
  return {"io_error", "store " + path_ + ": job " + std::to_string(no) + " is damaged", ""};
}

Result<DispatchRow> SqliteStore::dispatch_row(JobNo no) {
  if (std::optional<DispatchRow> fresh = fresh_.take(no)) return std::move(*fresh);
  const Result<bool> row = select_spec_.bind(1, no).step();
  if (!row) return row.error();
  if (!*row) return no_job(no);
  auto spec = std::make_shared<JobSpec>();
  spec->no = no;
  const bool ok = rows::decode(select_spec_.column_blob(0), spec.get());
  select_spec_.reset();
  if (!ok) return damaged(no);
  Result<Blob> bytes = request(no);
  if (!bytes) return bytes.error();
  return DispatchRow{std::move(spec), std::move(*bytes)};
}

Result<Blob> SqliteStore::request(JobNo no) {
  Result<std::string> bytes = requests_.get(no);
  if (!bytes) return bytes.error();
  return make_blob(std::move(*bytes));
}

Result<Blob> SqliteStore::verdict(JobNo no) {
  const Result<bool> row = select_verdict_.bind(1, no).step();
  if (!row) return row.error();
  if (!*row) return make_blob("");
  std::string in_row(select_verdict_.column_blob(0));
  const bool elsewhere = select_verdict_.column_null(0);
  select_verdict_.reset();
  if (!elsewhere) return make_blob(std::move(in_row));
  Result<std::string> bytes = verdicts_.get(no);
  if (!bytes) return bytes.error();
  return make_blob(std::move(*bytes));
}

Result<Blob> SqliteStore::diff(JobNo no) {
  Result<std::string> bytes = diffs_.get(no);
  if (!bytes) return bytes.error();
  return make_blob(std::move(*bytes));
}

Result<JobPage> SqliteStore::list(const JobFilter& filter) {
  ListSource source;
  source.label_below = [&](const std::string& key, const std::string& value,
                           JobNo below) -> Result<JobNo> {
    select_label_.bind(1, label_hash(key, value)).bind(2, std::min<JobNo>(below, INT64_MAX));
    const Result<bool> row = select_label_.step();
    if (!row) return row.error();
    if (!*row) return JobNo{0};
    const JobNo no = select_label_.column_u64(0);
    select_label_.reset();
    return no;
  };
  source.job = [&](JobNo no) { return job(no); };
  return list_jobs(index_, filter, source);
}

Result<EventWindow> SqliteStore::events(JobNo no, uint64_t after_seq, size_t bytes_max,
                                        const std::vector<wire::Stream>& streams) {
  return events_.window(no, after_seq, bytes_max, streams);
}

Result<uint64_t> SqliteStore::event_seq(JobNo no, const std::string& event_id) {
  const Result<EventPosition> position = parse_event_id(event_id);
  if (!position) return position.error();
  return events_.find(no, *position);
}

Result<StoredBlob> SqliteStore::blob(JobNo no, const std::string& name, uint64_t offset,
                                     size_t bytes_max) {
  if (name == "diff") return diffs_.slice(no, offset, bytes_max);
  if (name == "request") return requests_.slice(no, offset, bytes_max);
  if (name.rfind(kArtifactPrefix, 0) == 0) {
    return artifact(no, name.substr(kArtifactPrefix.size()), offset, bytes_max);
  }
  return unknown_blob(name);
}

Result<StoredBlob> SqliteStore::artifact(JobNo no, const std::string& path, uint64_t offset,
                                         size_t bytes_max) {
  const Result<bool> row = select_artifact_.bind(1, no).bind(2, path).step();
  if (!row) return row.error();
  if (!*row) return unknown_artifact(path);
  StoredBlob blob;
  const uint64_t id = select_artifact_.column_u64(0);
  blob.size = select_artifact_.column_u64(1);
  blob.sha256 = select_artifact_.column_blob(2);
  select_artifact_.reset();
  if (offset >= blob.size) return blob;
  const uint64_t end = offset + std::min<uint64_t>(bytes_max, blob.size - offset);
  select_chunks_.bind(1, id).bind(2, offset).bind(3, end);
  for (;;) {
    const Result<bool> chunk = select_chunks_.step();
    if (!chunk) return chunk.error();
    if (!*chunk) return blob;
    const uint64_t at = select_chunks_.column_u64(0);
    const std::string_view bytes = select_chunks_.column_blob(1);
    const uint64_t skip = offset > at ? offset - at : 0;
    if (skip < bytes.size()) blob.bytes.append(bytes.substr(skip, end - at - skip));
  }
}

Result<std::vector<wire::AuditEntry>> SqliteStore::audit(size_t count_max) {
  std::vector<wire::AuditEntry> entries;
  select_audit_.bind(1, count_max);
  for (;;) {
    const Result<bool> row = select_audit_.step();
    if (!row) return row.error();
    if (!*row) return entries;
    Result<wire::AuditEntry> entry = wire::decode<wire::AuditEntry>(select_audit_.column_blob(0));
    if (!entry) {
      select_audit_.reset();
      return entry.error();
    }
    entries.push_back(std::move(*entry));
  }
}

}  // namespace ghost::broker
