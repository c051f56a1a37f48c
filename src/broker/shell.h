// What the broker's loop does, around core and store, without sockets and clocks: server.h has
// those, and so has a simulator. A turn drains both ports (bounded), steps the core for each
// message, commits all that it wants kept in one transaction, and only then sends: answers, orders,
// reads. What arrives during the commit is the next turn's. One thread owns all of it.
#pragma once

#include <malloc.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/access.h"
#include "broker/backup.h"
#include "broker/chores.h"
#include "broker/core.h"
#include "broker/finish_watch.h"
#include "broker/histogram.h"
#include "broker/inbound.h"
#include "broker/ports.h"
#include "broker/reads.h"
#include "broker/sender.h"
#include "broker/store.h"
#include "broker/token_desk.h"
#include "broker/waiters.h"

namespace ghost::broker {

struct ShellOptions {
  int64_t lease_ms = 15'000;
  size_t turn_messages_max = 4096;  // taken in one turn
  size_t waits_max = 100'000;
  size_t notify_jobs_max = 100'000;
  std::map<std::string, uint64_t> limits;  // told in Welcome and Stats
  std::string registry_path;               // registry.json; empty: none is kept
  std::string restored_path;               // mark of a restore, gone after the first turn
  BackupOptions backups;
  wire::Instance self;          // the broker in the registry
  Access* access = nullptr;     // null: whoever is heard may say anything
  TokenDesk* tokens = nullptr;  // null: no tokens, and none can be added
  // Gives freed memory back to the system; called when much was freed and nothing is to be done.
  void (*return_free_memory)() = [] { (void)::malloc_trim(0); };
};

class Shell {
 public:
  // Ports, core, store and what the options point to outlive it.
  Shell(ShellOptions options, Ports& ports, Core& core, Store& store, Now now);

  // How long to sleep at most before the next turn, unless a message comes.
  int64_t wait_ms(MonoMs now) const;
  // After that sleep: it is `now`, and the sleep of at most `wanted_ms` began at `slept_from`.
  void woke(Now now, MonoMs slept_from, int64_t wanted_ms, bool message_waits);
  // An Error: the store has failed, and nothing that was not committed has been sent.
  Status turn();
  Status last_turn();

 private:
  struct PendingRead {
    Peer peer;
    uint64_t correlation = 0;
    ReadRequest request;
  };
  struct Change {  // of a job, in this turn
    JobNo no = 0;
    std::optional<wire::JobState> state;
    std::optional<wire::Outcome> outcome;
  };
  struct Counts {
    uint64_t turns = 0, messages = 0, payload_bytes = 0, stalls = 0, refused_full = 0;
    std::map<std::string, uint64_t> failures;  // by error code
  };

  void notice_stall(MonoMs slept_from, int64_t wanted_ms);
  bool drain();
  void take(Side side, wire::Incoming in);
  void on(Peer peer, wire::Message&& message, ClientRequest&& request);
  void on(Peer peer, wire::Message&& message, RunnerRequest&& request);
  void on(Peer peer, wire::Message&& message, wire::RetryJob&& request);
  void on(Peer peer, wire::Message&& message, ReadRequest&& request);
  void on(Peer peer, wire::Message&& message, KeyRequest&& request);
  void on(Peer peer, wire::Message&& message, BackupRequest&& request);
  void on(Peer peer, wire::Message&& message, TokenRequest&& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::ListKeys& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::PutKey& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::RevokeKey& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::CheckTokens& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::ListTokens& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::PutToken& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::RevokeToken& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::ListTenants& request);
  Result<wire::Frames> answer(uint64_t correlation, wire::PatchTenant& request);
  void follow_books();
  std::optional<wire::Address> move(Side side) const;
  void step(Event&& event);
  void fail(const Peer& peer, uint64_t correlation, const Error& error,
            uint64_t retry_after_ms = 0);
  void watch_submitted(Peer asker, uint64_t correlation);

  Status commit();
  void collect_changes();
  Status send_all();
  void send_message(send::Message& message);
  Status send_jobs(const send::Jobs& jobs);
  void send_submitted(send::Submitted& submitted);
  void answer_reads();
  void wake_waiters();
  void answer_or_wait(PendingRead&& read);
  void add_metrics(std::vector<wire::Metric>* out) const;

  ShellOptions options_;
  Core& core_;
  Store& store_;
  Ports& ports_;
  Sender sender_;
  Reads reads_;
  Waiters waiters_;
  FinishWatch watch_;
  Chores chores_;
  Backups backups_;

  Now now_;
  MonoMs turn_began_ = 0;
  bool drained_ = true;
  bool housekeeping_due_ = false;
  uint64_t registry_revision_ = 0;
  uint64_t submitted_bytes_ = 0;  // of this turn
  Actions actions_;
  std::vector<Event> next_events_;                      // found while sending: for the next turn
  std::vector<std::pair<Peer, wire::Frames>> answers_;  // the shell's own, after the commit
  std::vector<PendingRead> pending_reads_;
  std::vector<Change> changes_;
  size_t changes_since_trim_ = 0;
  Counts counts_;
  Histogram commit_seconds_, commit_rows_;
};

}  // namespace ghost::broker
