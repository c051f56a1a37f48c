// PostgreSQL as a queue: SKIP LOCKED in batches, LISTEN and NOTIFY as the wake-up. A worker holds
// its jobs by the open transaction that also writes their results, so a job costs two commits.
#include <libpq-fe.h>

#include "bench/peers/peer.h"

namespace ghost::bench {
namespace {

class Database {
 public:
  explicit Database(const std::string& port)
      : raw_(PQconnectdb(("host=127.0.0.1 port=" + port + " user=bench dbname=postgres").c_str())) {
    if (PQstatus(raw_) != CONNECTION_OK) fail(PQerrorMessage(raw_));
  }
  struct Rows {
    std::unique_ptr<PGresult, void (*)(PGresult*)> raw;
    int count() const { return PQntuples(raw.get()); }
    const char* at(int row, int column) const { return PQgetvalue(raw.get(), row, column); }
  };
  Rows run(const std::string& sql) {
    Rows rows{{PQexec(raw_, sql.c_str()), PQclear}};
    const ExecStatusType status = PQresultStatus(rows.raw.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(PQerrorMessage(raw_));
    return rows;
  }
  void wait_notified() {
    drop_notified();
    pollfd item{PQsocket(raw_), POLLIN, 0};
    if (::poll(&item, 1, 100) > 0) PQconsumeInput(raw_);
    drop_notified();
  }

 private:
  void drop_notified() {
    while (PGnotify* one = PQnotifies(raw_)) PQfreemem(one);
  }
  PGconn* raw_;
};

class Postgres : public Peer {
 public:
  explicit Postgres(const std::string& port) : jobs_(port), results_(port) {
    results_.run("LISTEN done");
  }
  void put(size_t first, size_t count) override {
    std::string sql = "NOTIFY jobs; INSERT INTO jobs(id, payload) VALUES ";
    for (size_t i = first; i < first + count; ++i) {
      sql += (i == first ? "(" : ",(") + std::to_string(i) + ",'" + numbered(i, 1024) + "')";
    }
    jobs_.run(sql);
  }
  void take(const std::function<void(size_t)>& seen) override {
    const auto rows = results_.run(
        "SELECT 0, seq, id FROM results_0 WHERE seq > " + std::to_string(last_[0]) +
        " UNION ALL SELECT 1, seq, id FROM results_1 WHERE seq > " + std::to_string(last_[1]));
    for (int i = 0; i < rows.count(); ++i) {
      uint64_t& last = last_[std::atoi(rows.at(i, 0))];
      last = std::max<uint64_t>(last, number_of(rows.at(i, 1)));
      seen(number_of(rows.at(i, 2)));
    }
    if (rows.count() == 0) results_.wait_notified();
  }

 private:
  Database jobs_, results_;
  uint64_t last_[2] = {0, 0};
};

}  // namespace

void prepare(const std::string& port) {
  Database db(port);
  db.run("CREATE TABLE jobs(id bigint PRIMARY KEY, payload text NOT NULL)");
  for (const char* table : {"results_0", "results_1"}) {
    db.run(std::string("CREATE TABLE ") + table +
           "(seq bigserial PRIMARY KEY, id bigint NOT NULL, result text NOT NULL)");
  }
}

std::unique_ptr<Peer> submitter(const std::string& port) {
  return std::make_unique<Postgres>(port);
}

// NAME: 0 or 1, the table that this worker writes.
void work(const std::string& port, const std::string& name) {
  Database db(port);
  db.run("LISTEN jobs");
  while (true) {
    db.run("BEGIN");
    const auto rows = db.run(
        "WITH mine AS (SELECT id FROM jobs ORDER BY id LIMIT 256 FOR UPDATE SKIP LOCKED) "
        "DELETE FROM jobs USING mine WHERE jobs.id = mine.id RETURNING jobs.id, jobs.payload");
    if (rows.count() == 0) {
      db.run("COMMIT");
      db.wait_notified();
      continue;
    }
    std::string sql = "INSERT INTO results_" + name + "(id, result) VALUES ";
    for (int i = 0; i < rows.count(); ++i) {
      const size_t number = number_of(rows.at(i, 1));
      sql += (i == 0 ? "(" : ",(") + std::to_string(number) + ",'" + numbered(number, 64) + "')";
    }
    db.run(sql + "; NOTIFY done; COMMIT");
  }
}

}  // namespace ghost::bench

int main(int argc, char** argv) {
  return ghost::bench::peer_main(argc, argv);
}
