// What passes between the session core and its shell: events in, actions out. Plain values, owned
// by whoever holds them; any thread. Times named `at` are wall clock, everything else monotonic.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "runner_worker/executor.h"
#include "wire/envelope.h"
#include "wire/messages.gen.h"

namespace ghost::runner {

using wire::LeaseRef;

struct LeaseOrder {
  bool operator()(const LeaseRef& a, const LeaseRef& b) const {
    return std::tie(a.job, a.epoch, a.n) < std::tie(b.job, b.epoch, b.n);
  }
};

// One call of JobHost::output takes its bytes and this much of the job's window, so that a gate
// that writes single bytes is held back too.
inline constexpr uint64_t kOutputCallCost = 64;
inline constexpr uint64_t kChunkBytesMax = 256 * 1024;  // of output and of artifacts

// ---------------------------------------------------------------------------------------- events

using BrokerMessage =
    std::variant<wire::Registered, wire::HeartbeatAck, wire::RunJobs, wire::Cancel, wire::BaseKept,
                 wire::EventsKept, wire::ArtifactKept, wire::Delivery, wire::ResultsKept,
                 wire::Done, wire::Failure>;

struct FromBroker {
  uint64_t correlation = 0;
  BrokerMessage body;
  wire::Frames payloads;
};
// The connection was lost and made anew: the broker does not know it.
struct ConnectionReset {};

struct SlotOutput {
  LeaseRef lease;
  wire::Stream stream{};  // kStdout or kStderr
  std::string gate;
  std::string bytes;     // at most kChunkBytesMax
  uint64_t skipped = 0;  // bytes left out behind `bytes`
  WallMs at = 0;
};
struct SlotProgress {
  LeaseRef lease;
  std::string type, gate, detail;
  WallMs at = 0;
};
// Each of the three is answered once, by the action of the same name with Answer in front.
struct SlotBase {
  LeaseRef lease;
  std::string commit;
};
struct SlotDelivery {
  LeaseRef lease;
  std::string commit_oid;
};
struct SlotArtifact {
  LeaseRef lease;
  std::string path;
  uint64_t offset = 0;
  Blob bytes;  // at most kChunkBytesMax
  bool last = false;
  std::string sha256;
};
// The executor has returned: the sandbox is empty, the slot free.
struct SlotFinished {
  wire::ResultItem item;  // its lease says which
  Blob verdict;           // msgpack
  Blob diff;              // null: none
};

// WriteOutbox is done. !durable: the disk refused, the item is held in memory only.
struct OutboxWritten {
  LeaseRef lease;
  bool durable = true;
};
// An item that an earlier process left.
struct OutboxLoaded {
  wire::ResultItem item;
  uint64_t bytes = 0;
  std::vector<wire::Event> events;  // not yet acked by the broker
};

// Finish what runs and leave; `now`: stop what runs and give it back.
struct DrainAsked {
  bool now = false;
};
// Time has passed and the broker's messages have been read: what is due happens now.
struct Tick {};

using SessionEvent =
    std::variant<FromBroker, ConnectionReset, SlotOutput, SlotProgress, SlotBase, SlotDelivery,
                 SlotArtifact, SlotFinished, OutboxWritten, OutboxLoaded, DrainAsked, Tick>;

// --------------------------------------------------------------------------------------- actions

using RunnerMessage = std::variant<wire::Register, wire::Heartbeat, wire::BaseResolved,
                                   wire::PutEvents, wire::PutArtifact, wire::AskDelivery,
                                   wire::PutResults, wire::Release, wire::Goodbye>;

// The payloads of PutResults are added by the shell: of each item its verdict and diff, from the
// outbox.
struct Send {
  uint64_t correlation = 0;
  RunnerMessage body;
  wire::Frames payloads;
};
// Drop the connection with all that is queued on it and make another.
struct Reconnect {};
struct StartJob {
  JobInput input;
  MonoMs lease_until = 0;
};
// May come twice for a job, with a graver reason.
struct StopJob {
  LeaseRef lease;
  StopReason reason{};
};
struct LeaseExtended {
  LeaseRef lease;
  MonoMs until = 0;
};
// So much of the job's output window is free again.
struct OutputKept {
  LeaseRef lease;
  uint64_t cost = 0;
};
struct AnswerBase {
  LeaseRef lease;
  Result<std::string> commit;
};
struct AnswerDelivery {
  LeaseRef lease;
  Result<DeliveryAnswer> answer;
};
struct AnswerArtifact {
  LeaseRef lease;
  Result<uint64_t> next_offset;
};
// Answered with OutboxWritten.
struct WriteOutbox {
  wire::ResultItem item;
  Blob verdict;
  Blob diff;  // null: none
  std::vector<wire::Event> events;
};
struct RemoveOutbox {
  LeaseRef lease;
};
// For the log: the core has none.
struct Notice {
  bool warn = false;
  std::string event;
  std::string detail;
};
// The session is over; an error when it could not go on. Nothing follows.
struct Stopped {
  Status status;
};

using SessionAction =
    std::variant<Send, Reconnect, StartJob, StopJob, LeaseExtended, OutputKept, AnswerBase,
                 AnswerDelivery, AnswerArtifact, WriteOutbox, RemoveOutbox, Notice, Stopped>;

}  // namespace ghost::runner
