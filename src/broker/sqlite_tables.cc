#include "broker/sqlite_tables.h"

#include <algorithm>

#include "broker/row_codec.h"

namespace ghost::broker {
namespace {

constexpr int kChunkBits = 12;  // 1 GiB a blob
constexpr int kSeqBits = 24;

uint64_t chunk_key(JobNo no, uint64_t chunk) {
  return no << kChunkBits | chunk;
}
uint64_t last_chunk_key(JobNo no) {
  return chunk_key(no + 1, 0) - 1;
}
uint64_t event_key(JobNo no, uint64_t seq) {
  return no << kSeqBits | std::min<uint64_t>(seq, (1u << kSeqBits) - 1);
}
uint64_t last_event_key(JobNo no) {
  return ((no + 1) << kSeqBits) - 1;
}

Error damaged(const char* what, JobNo no) {
  return {"io_error",
          std::string("store: ") + what + " of job " + std::to_string(no) + " is damaged", ""};
}

}  // namespace

Status BlobTable::prepare(Database& db, const std::string& table) {
  const auto one = [&](Statement* out, const std::string& sql) -> Status {
    Result<Statement> made = db.prepare(sql);
    if (!made) return made.error();
    *out = std::move(*made);
    return ok_status();
  };
  Status s = one(&insert_, "INSERT INTO " + table + "(key, bytes) VALUES(?1, ?2)");
  if (s) {
    s = one(&copy_, "INSERT INTO " + table + "(key, bytes) SELECT key - ?1 + ?3, bytes FROM " +
                        table + " WHERE key BETWEEN ?1 AND ?2");
  }
  if (s) s = one(&erase_, "DELETE FROM " + table + " WHERE key BETWEEN ?1 AND ?2");
  if (s) {
    s = one(&rows_,
            "SELECT key, bytes FROM " + table + " WHERE key BETWEEN ?1 AND ?2 ORDER BY key");
  }
  if (s) {
    s = one(&last_, "SELECT key, length(bytes) FROM " + table +
                        " WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC LIMIT 1");
  }
  return s;
}

Status BlobTable::put(JobNo no, std::string_view bytes) {
  uint64_t chunk = 0;
  do {
    const std::string_view part = bytes.substr(0, kRowBytes);
    bytes.remove_prefix(part.size());
    if (Status s = insert_.bind(1, chunk_key(no, chunk++)).bind(2, part).run(); !s) return s;
  } while (!bytes.empty());
  return ok_status();
}

Status BlobTable::copy(JobNo from, JobNo to) {
  return copy_.bind(1, chunk_key(from, 0))
      .bind(2, last_chunk_key(from))
      .bind(3, chunk_key(to, 0))
      .run();
}

Status BlobTable::erase(JobNo no) {
  return erase_.bind(1, chunk_key(no, 0)).bind(2, last_chunk_key(no)).run();
}

Result<std::string> BlobTable::get(JobNo no) {
  rows_.bind(1, chunk_key(no, 0)).bind(2, last_chunk_key(no));
  std::string bytes;
  for (;;) {
    const Result<bool> row = rows_.step();
    if (!row) return row.error();
    if (!*row) return bytes;
    const std::string_view part = rows_.column_blob(1);
    bytes.append(part);
    if (part.size() == kRowBytes) continue;
    rows_.reset();  // a row that is not full is the last
    return bytes;
  }
}

Result<StoredBlob> BlobTable::slice(JobNo no, uint64_t offset, size_t bytes_max) {
  StoredBlob blob;
  last_.bind(1, chunk_key(no, 0)).bind(2, last_chunk_key(no));
  const Result<bool> found = last_.step();
  if (!found) return found.error();
  if (!*found) return blob;
  blob.size = (last_.column_u64(0) - chunk_key(no, 0)) * kRowBytes + last_.column_u64(1);
  last_.reset();
  if (offset >= blob.size) return blob;
  const uint64_t end = offset + std::min<uint64_t>(bytes_max, blob.size - offset);
  uint64_t at = offset / kRowBytes * kRowBytes;
  rows_.bind(1, chunk_key(no, at / kRowBytes)).bind(2, chunk_key(no, (end - 1) / kRowBytes));
  for (;;) {
    const Result<bool> row = rows_.step();
    if (!row) return row.error();
    if (!*row) return blob;
    const std::string_view part = rows_.column_blob(1);
    const uint64_t skip = offset > at ? offset - at : 0;
    if (skip < part.size()) blob.bytes.append(part.substr(skip, end - at - skip));
    at += kRowBytes;
  }
}

Status EventTable::prepare(Database& db) {
  const auto one = [&](Statement* out, std::string_view sql) -> Status {
    Result<Statement> made = db.prepare(sql);
    if (!made) return made.error();
    *out = std::move(*made);
    return ok_status();
  };
  Status s = one(&insert_, "INSERT INTO events(key, body) VALUES(?1, ?2)");
  if (s) s = one(&erase_, "DELETE FROM events WHERE key BETWEEN ?1 AND ?2");
  if (s) s = one(&first_, "SELECT events FROM jobs WHERE no = ?1");
  // The row before the one that begins later may hold the wanted event.
  if (s) {
    s = one(&rows_,
            "SELECT body FROM events WHERE key >= coalesce((SELECT max(key) FROM events WHERE key "
            "BETWEEN ?1 AND ?2), ?2) AND key <= ?3 ORDER BY key");
  }
  if (s) s = one(&last_, "SELECT events FROM results WHERE no = ?1");
  return s;
}

Status EventTable::put(JobNo no, uint64_t first_seq, std::string_view packed) {
  return insert_.bind(1, event_key(no, first_seq)).bind(2, packed).run();
}

Status EventTable::erase(JobNo no) {
  return erase_.bind(1, event_key(no, 0)).bind(2, last_event_key(no)).run();
}

template <typename Visit>
Status EventTable::walk(JobNo no, uint64_t from_seq, Visit visit) {
  bool go_on = true;
  const auto all = [&](Statement& statement) -> Status {
    while (go_on) {
      const Result<bool> row = statement.step();
      if (!row) return row.error();
      if (!*row) return ok_status();
      const Result<bool> more = visit(statement.column_blob(0));
      if (!more) {
        statement.reset();
        return more.error();
      }
      go_on = *more;
    }
    statement.reset();
    return ok_status();
  };
  Status s = all(first_.bind(1, no));
  if (s && go_on) {
    s = all(rows_.bind(1, event_key(no, 0))
                .bind(2, event_key(no, from_seq))
                .bind(3, last_event_key(no)));
  }
  if (s && go_on) s = all(last_.bind(1, no));
  return s;
}

Result<EventWindow> EventTable::window(JobNo no, uint64_t after_seq, size_t bytes_max,
                                       const std::vector<wire::Stream>& streams) {
  EventWindowBuilder builder(after_seq, bytes_max, streams);
  const Status s = walk(no, after_seq + 1, [&](std::string_view packed) -> Result<bool> {
    while (!packed.empty()) {
      const std::string_view at = packed;
      wire::Event event;
      uint64_t data_bytes = 0;
      if (!rows::decode_next(&packed, &event, false, &data_bytes)) return damaged("an event", no);
      const EventWindowBuilder::Take take = builder.judge(event, data_bytes);
      if (take == EventWindowBuilder::Take::kFull) return false;
      if (take == EventWindowBuilder::Take::kSkip) continue;
      std::string_view again = at;
      rows::decode_next(&again, &event, true, &data_bytes);
      builder.keep(std::move(event));
    }
    return true;
  });
  if (!s) return s.error();
  return builder.finish();
}

Result<uint64_t> EventTable::find(JobNo no, const EventPosition& position) {
  uint64_t seq = 0;
  const Status s = walk(no, 0, [&](std::string_view packed) -> Result<bool> {
    while (!packed.empty()) {
      wire::Event event;
      uint64_t data_bytes = 0;
      if (!rows::decode_next(&packed, &event, false, &data_bytes)) return damaged("an event", no);
      if (covers(event, data_bytes, position)) {
        seq = event.seq;
        return false;
      }
    }
    return true;
  });
  if (!s) return s.error();
  if (seq == 0) return Error{"not_found", "no event of that id is kept", "afterId"};
  return seq;
}

}  // namespace ghost::broker
