// What passes between the broker's pure core, its store and its shell: events in, actions out, and
// the rows that are kept. Values only.
//
// A turn of the shell: drain both sockets, Core::step for each event, Core::step(Tick),
// Store::commit of all `Actions::persist`, then answer the reads, then send `Actions::send`.
// Nothing leaves the broker before the commit of its turn.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/messages.gen.h"

namespace ghost::broker {

using JobNo = uint64_t;  // from 1, increasing, never used twice; 0: none

struct Now {
  MonoMs mono = 0;
  WallMs wall = 0;
};

struct Token {  // fencing token
  uint64_t epoch = 0;
  uint64_t n = 0;
  auto operator<=>(const Token&) const = default;
};

inline bool is_terminal(wire::JobState s) {
  return s != wire::JobState::kQueued && s != wire::JobState::kLeased;
}

// --- What is kept of a job
// -------------------------------------------------------------------------

// Written once, with the job.
struct JobSpec {
  JobNo no = 0;
  wire::Submission submission;
  WallMs accepted_ms = 0;
  JobNo base_job_no = 0;              // of submission.base_job
  std::vector<JobNo> depends_on_nos;  // of submission.depends_on
  std::string retry_of;               // id of the job that this one repeats
};

// Rewritten whole with every transition and with every batch of events.
struct JobStatus {
  wire::JobState state = wire::JobState::kQueued;
  uint64_t version = 1;     // grows with every rewrite that a client may see: the ETag
  uint64_t attempt = 0;     // attempts counted: those given back are not
  uint64_t dispatches = 0;  // dispatches ever: the attempt number that a runner and events use
  Token token;              // of the last dispatch; of the winner once terminal by a result, else 0
  std::string runner;       // instance of the last dispatch
  std::string base_commit;  // first resolved wins
  std::optional<wire::CancelReason> flag;  // kCancelled or kExpired asked for
  bool delivering = false;  // granted once; stays, so that no later cancel hides a delivery
  std::string delivery_commit;
  WallMs backoff_until_ms = 0;
  WallMs leased_ms = 0, started_ms = 0, completed_ms = 0;
  std::optional<wire::Outcome> outcome;
  std::string reason;
  std::string tree_oid, commit_oid;
  uint64_t next_event_seq = 1;
  std::array<uint64_t, 4> offsets{};  // next offset by wire::Stream, within `dispatches`
};

// What an operator set for a runner, and the digest of the secret that its owner shows.
struct RunnerSettings {
  std::string instance;
  std::string secret_sha256;
  uint64_t session = 0;  // greatest one that ever registered
  bool drain = false;
  uint64_t slots = 0;  // 0: the runner's own
};

// --- Changes to keep: one turn's are committed in one transaction, in order
// -------------------------

namespace persist {
struct InsertJob {
  std::shared_ptr<const JobSpec> spec;  // never null
  JobStatus status;
  Blob request;  // null: copy that of `request_from`
  JobNo request_from = 0;
};
struct UpdateJob {
  JobNo no = 0;
  JobStatus status;
};
struct AppendEvents {
  JobNo no = 0;
  std::vector<wire::Event> events;  // with seq
};
struct PutResult {  // at most one a job, with its terminal UpdateJob
  JobNo no = 0;
  Blob verdict;  // msgpack of wire::Verdict
  Blob diff;     // null: none
};
struct PutArtifactChunk {
  JobNo no = 0;
  uint64_t attempt = 0;  // a later attempt's first chunk replaces the earlier attempt's files
  std::string path;
  uint64_t offset = 0;
  Blob bytes;
  bool last = false;
  std::string sha256;
};
struct ForgetJobs {
  std::vector<JobNo> nos;
};
struct PutRepo {
  wire::Repo repo;
};
struct DeleteRepo {
  std::string name;
};
struct PutLane {
  wire::Lane lane;  // queued and leased are not kept
};
struct PutRunner {
  RunnerSettings settings;
};
struct DeleteRunner {
  std::string instance;
};
struct Audit {
  wire::AuditEntry entry;
};
}  // namespace persist
using Persist = std::variant<persist::InsertJob, persist::UpdateJob, persist::AppendEvents,
                             persist::PutResult, persist::PutArtifactChunk, persist::ForgetJobs,
                             persist::PutRepo, persist::DeleteRepo, persist::PutLane,
                             persist::PutRunner, persist::DeleteRunner, persist::Audit>;

// --- Events of the core
// ------------------------------------------------------------------------------

// Which socket a peer is on, and its route there: the routing id, which says where to answer and
// never who it is, and behind it the key that the connection proved (64 hex digits; none on the
// addresses of this host). So a routing id that another key takes over is another peer.
enum class Side { kClients, kRunners };
inline std::string_view user_of(std::string_view route) {
  constexpr size_t kKeyDigits = 64;
  return route.size() > kKeyDigits ? route.substr(route.size() - kKeyDigits) : std::string_view();
}
inline std::string_view routing_id_of(std::string_view route) {
  return route.substr(0, route.size() - user_of(route).size());
}
struct Peer {
  Side side = Side::kClients;
  std::string route;
  auto operator<=>(const Peer&) const = default;
};

// Requests that change something; reads are answered by the shell from store and core.
using ClientRequest =
    std::variant<wire::Submit, wire::CancelJob, wire::PutInstance, wire::DeleteInstance,
                 wire::NextInstance, wire::DrainRunner, wire::SetSlots, wire::PutRepo,
                 wire::DeleteRepo, wire::PatchLane>;
using RunnerRequest = std::variant<wire::Register, wire::Heartbeat, wire::BaseResolved,
                                   wire::PutEvents, wire::PutArtifact, wire::AskDelivery,
                                   wire::PutResults, wire::Release, wire::Goodbye>;

namespace event {
struct FromClient {
  Peer peer;
  uint64_t correlation = 0;
  ClientRequest request;
  std::vector<Blob> payloads;
};
// A retry of a finished job: the shell has read what it was from the store.
struct Retry {
  Peer peer;
  uint64_t correlation = 0;
  wire::RetryJob request;
  JobSpec of;
};
struct FromRunner {
  Peer peer;
  uint64_t correlation = 0;
  RunnerRequest request;
  std::vector<Blob> payloads;
};
// Jobs that could not be sent (no such peer, would block): the attempt is given back.
struct Unsent {
  Peer peer;
  std::vector<wire::LeaseRef> leases;
};
// A job whose message cannot be made: a result below it is no longer kept, or the diffs below it
// are over the limit. Trying again would not help: it ends FAILED, dependency_failed.
struct Undispatchable {
  JobNo no = 0;
  Token token;
  std::string reason;
};
// The broker's loop stood still for so long (stopped process, slow disk): no lease ran meanwhile.
struct Stalled {
  int64_t ms = 0;
};
// A key was accepted or revoked, and already is in the key book. Who holds a revoked one is gone.
struct KeyChanged {
  std::string actor;
  wire::Key key;
};
// A tenant's limits, as they are from now on. No actor: as they were found at the start.
struct TenantChanged {
  std::string actor;
  wire::Tenant tenant;
};
// A bearer token was made or revoked, and already is in the token book.
struct TokenChanged {
  std::string actor;
  wire::BearerToken token;
};
// Comes at the end of every turn. `drained`: both sockets were empty, so silence is really silence.
// Only then anything expires; dispatch happens on every tick.
struct Tick {
  bool drained = true;
};
}  // namespace event
using Event = std::variant<event::FromClient, event::Retry, event::FromRunner, event::Unsent,
                           event::Undispatchable, event::Stalled, event::KeyChanged,
                           event::TenantChanged, event::TokenChanged, event::Tick>;

// --- Actions of the core
// -----------------------------------------------------------------------------

// An answer or order that the core can say in full.
using Reply =
    std::variant<wire::Failure, wire::Done, wire::Submitted, wire::InstancePut, wire::Lanes,
                 wire::Registered, wire::HeartbeatAck, wire::Cancel, wire::BaseKept,
                 wire::EventsKept, wire::ArtifactKept, wire::Delivery, wire::ResultsKept>;

namespace send {
struct Message {
  Peer peer;
  uint64_t correlation = 0;
  Reply reply;
};
// A Submitted of which some items name a job by number alone: the shell puts in what the core does
// not keep, the job's id and, where a view was asked for, the job.
struct Submitted {
  struct Fill {
    size_t item = 0;
    JobNo no = 0;
    std::shared_ptr<const JobSpec> spec;  // of a job that is new; null: the store knows it
  };
  Peer peer;
  uint64_t correlation = 0;
  wire::Submitted reply;
  std::vector<Fill> fills;
  bool view = false;
};
// The job as it stands after the commit (answer to CancelJob and Retry).
struct JobView {
  Peer peer;
  uint64_t correlation = 0;
  JobNo no = 0;
};
// A RunJobs message: the shell reads each job's spec, request and ancestors' diffs from the store.
struct Jobs {
  struct Item {
    JobNo no = 0;
    Token token;
    uint64_t attempt = 0;  // JobStatus::dispatches
    std::string base_commit;
  };
  Peer peer;
  uint64_t seq = 0;
  bool joined = false;  // the runner takes joined payloads
  std::vector<Item> items;
};
}  // namespace send
using Send = std::variant<send::Message, send::Submitted, send::JobView, send::Jobs>;

struct Actions {
  std::vector<Persist> persist;
  std::vector<Send> send;  // in order, after the commit
  // Of the last Submit, item by item: the job that it is now and whose end is still to come; 0:
  // there is none.
  std::vector<JobNo> submitted;
  void clear() {
    persist.clear();
    send.clear();
  }
};

// --- Recovery
// ------------------------------------------------------------------------------------------

// What the store gives at start, one call an item, before the first step. Jobs come in order of
// number; finished ones too, since their ids and keys are still known.
struct RecoveredJob {
  JobSpec spec;
  JobStatus status;
};

}  // namespace ghost::broker
